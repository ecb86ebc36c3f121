//! The drivers as the rig wants them.

use sim_wasm::actors::epoch::Epoch;
use sim_wasm::actors::handshake::{Offer, Xmit};
use sim_wasm::actors::kernel::{Kernel, Task, Timer};
use sim_wasm::actors::netback::outcome::{ConnectError, Disconnect};
use sim_wasm::actors::netback::settings::{BackSettings, VifSettings};
use sim_wasm::actors::netback_upstream::grant_copy::GrantCopy;
use sim_wasm::actors::netback_upstream::zero_copy::ZeroCopy;
use sim_wasm::actors::skb::{SharedId, SkbId};
use sim_wasm::words::ids::{DomId, VifId};

use crate::rig::{Back, Rig, Wish};

macro_rules! back {
    ($driver:ty) => {
        impl Back for $driver {
            fn connect(
                &mut self,
                k: &mut Kernel,
                vif: VifId,
                guest: DomId,
                offer: &Offer,
                settings: VifSettings,
            ) -> Result<(), ConnectError> {
                <$driver>::connect(self, k, vif, guest, offer, settings)
            }

            fn disconnect(&mut self, k: &mut Kernel, vif: VifId) -> Disconnect {
                <$driver>::disconnect(self, k, vif)
            }

            fn interrupt(&mut self, k: &mut Kernel, vif: VifId) -> bool {
                <$driver>::interrupt(self, k, vif)
            }

            fn run(&mut self, k: &mut Kernel, task: Task) -> bool {
                <$driver>::run(self, k, task)
            }

            fn timer(&mut self, k: &mut Kernel, timer: Timer) {
                <$driver>::timer(self, k, timer);
            }

            fn start_xmit(&mut self, k: &mut Kernel, vif: VifId, skb: SkbId) -> Xmit {
                <$driver>::start_xmit(self, k, vif, skb)
            }

            fn page_release(&mut self, k: &mut Kernel, data: SharedId) {
                <$driver>::page_release(self, k, data);
            }

            fn orphan(&mut self, k: &mut Kernel, skb: SkbId) {
                <$driver>::orphan(self, k, skb);
            }
        }
    };
}

back!(GrantCopy);
back!(ZeroCopy);

/// A machine with the current driver.
pub(crate) fn zero_copy(wish: Wish) -> Rig<ZeroCopy> {
    Rig::new(wish, |k| ZeroCopy::new(k, BackSettings::of(Epoch::ZeroCopy)))
}

/// A machine with the driver of Linux 3.4.
pub(crate) fn grant_copy(wish: Wish) -> Rig<GrantCopy> {
    Rig::new(wish, |k| GrantCopy::new(k, BackSettings::of(Epoch::GrantCopy)))
}
