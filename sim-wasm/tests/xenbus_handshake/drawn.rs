//! Commands in any order, of honest drivers and of a hostile frontend.

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::actors::epoch::{Epoch, FrontEpoch};
use sim_wasm::actors::xenbus::Xenbus;
use sim_wasm::actors::xenbus::store::Caller;
use sim_wasm::protocols::xenbus::XenbusState::{Connected, Unknown};
use sim_wasm::protocols::xenbus::key;

use crate::machine::{ADDRESS, GUEST, Machine, VIF, pairs};

/// What may happen to a device.
#[derive(Clone, Debug)]
enum Command {
    Dispatch,
    Run,
    Close,
    Restart,
    Hold,
    Free,
    RemoveBack,
    ProbeBack,
    Script(bool),
    Detach,
    Refuse(bool),
    /// A frontend writes what it likes into its own directory.
    Write(&'static str, String),
    Remove(&'static str),
}

fn honest() -> impl Strategy<Value = Command> {
    prop_oneof![
        8 => Just(Command::Dispatch),
        3 => Just(Command::Run),
        2 => Just(Command::Close),
        2 => Just(Command::Restart),
        1 => Just(Command::Hold),
        2 => Just(Command::Free),
        1 => Just(Command::RemoveBack),
        1 => Just(Command::ProbeBack),
        1 => any::<bool>().prop_map(Command::Script),
        1 => any::<bool>().prop_map(Command::Refuse),
    ]
}

fn hostile() -> impl Strategy<Value = Command> {
    let name = || {
        prop_oneof![
            6 => Just(key::STATE),
            1 => Just(key::TX_RING_REF),
            1 => Just(key::EVENT_CHANNEL),
            1 => Just(key::REQUEST_RX_COPY),
            1 => Just(key::MULTI_QUEUE_NUM_QUEUES),
            1 => Just(""),
        ]
    };
    let value = prop_oneof![4 => (0_u32..9).prop_map(|number| number.to_string()), 1 => ".{0,12}"];
    prop_oneof![
        6 => honest(),
        6 => (name(), value).prop_map(|(name, value)| Command::Write(name, value)),
        1 => name().prop_map(Command::Remove),
        1 => Just(Command::Detach),
    ]
}

impl Machine {
    fn obey(&mut self, command: Command) {
        let own = |name: &str| {
            if name.is_empty() { ADDRESS.front() } else { format!("{}/{name}", ADDRESS.front()) }
        };
        match command {
            Command::Dispatch => {
                self.bus.dispatch(self.now, &mut self.log);
            }
            Command::Run => self.run(),
            Command::Close => self.call(Xenbus::close_front),
            Command::Restart => self.call(Xenbus::restart_front),
            Command::Hold => self.references = 1,
            Command::Free => self.free(),
            Command::RemoveBack => self.call(Xenbus::remove_back),
            Command::ProbeBack => {
                if !self.registered {
                    self.probe_back();
                }
            }
            Command::Script(well) => self.bus.hotplug_ran(VIF, well),
            Command::Detach => self.bus.detach(VIF),
            Command::Refuse(refuses) => self.refuses = refuses,
            Command::Write(name, value) => {
                let _ = self.bus.store.write(Caller::of(GUEST), &own(name), value.as_bytes());
            }
            Command::Remove(name) => {
                let _ = self.bus.store.remove(Caller::of(GUEST), &own(name));
            }
        }
        self.act();
    }

    /// Lets go of everything that holds the halves up.
    fn settle(&mut self) {
        self.refuses = false;
        self.free();
        self.run();
        self.bus.hotplug_ran(VIF, true);
        self.run();
    }
}

proptest! {
    /// After any commands of honest drivers, loading them again connects the device.
    #[test]
    fn honest_halves_always_find_each_other_again(
        pair in 0_usize..6,
        commands in proptest::collection::vec(honest(), 0..60),
    ) {
        let (front, back) = pairs().nth(pair).expect("there are six");
        let mut machine = Machine::new(front, back);
        commands.into_iter().for_each(|command| machine.obey(command));
        machine.settle();
        if !machine.registered {
            machine.probe_back();
        }
        machine.settle();
        machine.call(Xenbus::close_front);
        machine.settle();
        machine.call(Xenbus::restart_front);
        machine.settle();
        prop_assert_eq!(machine.states(), (Connected, Connected));
        prop_assert!(machine.mapped.is_some() && machine.mapped == machine.rings);
    }

    /// Whatever a frontend writes, both halves come to rest, netback's calls make sense (the machine's own assertions), and
    /// when the device is taken away nothing of it is left in dom0.
    #[test]
    fn a_hostile_frontend_holds_nothing(
        pair in 0_usize..6,
        commands in proptest::collection::vec(hostile(), 0..80),
    ) {
        let (front, back) = pairs().nth(pair).expect("there are six");
        let mut machine = Machine::new(front, back);
        for command in commands {
            machine.obey(command);
            prop_assert!(machine.mapped.is_none() || machine.vif);
        }
        machine.settle();
        machine.bus.destroy(VIF);
        machine.settle();
        prop_assert_eq!((machine.mapped, machine.vif, machine.registered), (None, false, false));
        prop_assert_eq!(machine.bus.back_state(VIF), Unknown);
    }

    /// Equal commands, equal logs and equal stores.
    #[test]
    fn a_handshake_is_a_function_of_its_commands(commands in proptest::collection::vec(hostile(), 0..40)) {
        let run = || {
            let mut machine = Machine::new(FrontEpoch::Modern, Epoch::ZeroCopy);
            commands.iter().for_each(|command| machine.obey(command.clone()));
            let nodes: Vec<_> = machine.bus.store.nodes().map(|(path, value)| (path.to_owned(), value.to_vec())).collect();
            (machine.log.hash(), nodes)
        };
        prop_assert_eq!(run(), run());
    }
}
