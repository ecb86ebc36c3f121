//! The drawn runs, to be asked from outside when compiled for wasm32; natively there is nobody to ask.

fn main() {}

#[cfg(target_arch = "wasm32")]
mod asked {
    use benches::drawn;
    use benches::drawn::devices;
    use benches::drawn::marks::Marks;
    use sim::actors::log::Log;
    use sim::machine::network::Network;
    use wasm_bindgen::prelude::wasm_bindgen;

    /// A run at its end.
    #[wasm_bindgen]
    pub struct Run(Network);

    #[wasm_bindgen]
    impl Run {
        /// The run that a seed names.
        pub fn of(seed: u64) -> Run {
            Run(drawn::run(seed))
        }

        /// What it is compared by: log, last state and measures.
        pub fn marks(&self) -> Vec<u64> {
            let Marks { log, fingerprint, measures } = Marks::of(&self.0);
            vec![log, fingerprint, measures]
        }

        /// The lines of its log.
        pub fn length(&self) -> u32 {
            self.0.log().entries().len() as u32
        }

        /// A line of its log; empty behind the last.
        pub fn line(&self, at: u32) -> String {
            line(self.0.log(), at)
        }
    }

    /// A run of devices that are given away, at its end.
    #[wasm_bindgen]
    pub struct DeviceRun(devices::DeviceRun);

    #[wasm_bindgen]
    impl DeviceRun {
        /// The run that a seed names.
        pub fn of(seed: u64) -> DeviceRun {
            DeviceRun(devices::run(seed))
        }

        /// What it is compared by: log and last state.
        pub fn marks(&self) -> Vec<u64> {
            vec![self.0.log.hash(), self.0.state]
        }

        /// The lines of its log.
        pub fn length(&self) -> u32 {
            self.0.log.entries().len() as u32
        }

        /// A line of its log; empty behind the last.
        pub fn line(&self, at: u32) -> String {
            line(&self.0.log, at)
        }
    }

    fn line(log: &Log, at: u32) -> String {
        log.entries().get(at as usize).map(|entry| format!("{entry:?}")).unwrap_or_default()
    }
}
