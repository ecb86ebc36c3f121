//! The generations of the driver behind one door.

use sim_wasm::actors::epoch::Epoch;
use sim_wasm::actors::handshake::{Offer, Xmit};
use sim_wasm::actors::kernel::{Kernel, Task, Timer};
use sim_wasm::actors::netback::outcome::{ConnectError, Disconnect};
use sim_wasm::actors::netback::settings::{BackSettings, CopySkb, Repairs, VifSettings};
use sim_wasm::actors::netback::{MAX_PENDING_REQS, Netback};
use sim_wasm::actors::netback_upstream::grant_copy::GrantCopy;
use sim_wasm::actors::netback_upstream::zero_copy::ZeroCopy;
use sim_wasm::actors::skb::{SharedId, SkbId};
use sim_wasm::words::ids::{DomId, VifId};

pub(super) enum Backend {
    Classic(Box<Netback>, Repairs),
    GrantCopy(Box<GrantCopy>),
    ZeroCopy(Box<ZeroCopy>),
}

impl Backend {
    /// One of the generations, with its faults repaired or not.
    pub(super) fn new(k: &mut Kernel, choice: u8) -> Self {
        let copy_skb = [CopySkb::Never, CopySkb::Always, CopySkb::Delayed][usize::from(choice >> 1) % 3];
        let bit = |at: u8| choice & 1 << at != 0;
        let repairs = match choice >> 6 {
            0 => Repairs::NONE,
            1 => Repairs::ALL,
            _ => Repairs { shuts_down: bit(3), copies_requests: bit(4), counts_extras: bit(5), ..Repairs::ALL },
        };
        match choice % 3 {
            0 => {
                let settings = BackSettings { copy_skb, repairs, rx_flip: true, ..BackSettings::of(Epoch::Classic) };
                Self::Classic(Box::new(Netback::new(k, settings)), repairs)
            }
            1 => Self::GrantCopy(Box::new(GrantCopy::new(k, BackSettings::of(Epoch::GrantCopy)))),
            _ => Self::ZeroCopy(Box::new(ZeroCopy::new(k, BackSettings::of(Epoch::ZeroCopy)))),
        }
    }

    pub(super) fn connect(
        &mut self,
        k: &mut Kernel,
        vif: VifId,
        frontend: DomId,
        offer: &Offer,
        settings: VifSettings,
    ) -> Result<(), ConnectError> {
        match self {
            Self::Classic(back, _) => back.connect(k, vif, frontend, offer, settings),
            Self::GrantCopy(back) => back.connect(k, vif, frontend, offer, settings),
            Self::ZeroCopy(back) => back.connect(k, vif, frontend, offer, settings),
        }
    }

    pub(super) fn disconnect(&mut self, k: &mut Kernel, vif: VifId) -> Disconnect {
        match self {
            Self::Classic(back, _) => back.disconnect(k, vif),
            Self::GrantCopy(back) => back.disconnect(k, vif),
            Self::ZeroCopy(back) => back.disconnect(k, vif),
        }
    }

    pub(super) fn interrupt(&mut self, k: &mut Kernel, vif: VifId) {
        match self {
            Self::Classic(back, _) => back.interrupt(k, vif),
            Self::GrantCopy(back) => drop(back.interrupt(k, vif)),
            Self::ZeroCopy(back) => drop(back.interrupt(k, vif)),
        }
    }

    pub(super) fn run(&mut self, k: &mut Kernel, task: Task) -> bool {
        match self {
            Self::Classic(back, _) => back.run(k, task),
            Self::GrantCopy(back) => back.run(k, task),
            Self::ZeroCopy(back) => back.run(k, task),
        }
    }

    pub(super) fn timer(&mut self, k: &mut Kernel, timer: Timer) {
        match self {
            Self::Classic(back, _) => back.timer(k, timer),
            Self::GrantCopy(back) => back.timer(k, timer),
            Self::ZeroCopy(back) => back.timer(k, timer),
        }
    }

    pub(super) fn start_xmit(&mut self, k: &mut Kernel, vif: VifId, skb: SkbId) -> Xmit {
        match self {
            Self::Classic(back, _) => back.start_xmit(k, vif, skb),
            Self::GrantCopy(back) => back.start_xmit(k, vif, skb),
            Self::ZeroCopy(back) => back.start_xmit(k, vif, skb),
        }
    }

    pub(super) fn page_release(&mut self, k: &mut Kernel, data: SharedId) {
        match self {
            Self::Classic(back, _) => back.page_release(k, data),
            Self::GrantCopy(back) => back.page_release(k, data),
            Self::ZeroCopy(back) => back.page_release(k, data),
        }
    }

    pub(super) fn orphan(&mut self, k: &mut Kernel, skb: SkbId) {
        match self {
            Self::Classic(back, _) => back.orphan(k, skb),
            Self::GrantCopy(back) => back.orphan(k, skb),
            Self::ZeroCopy(back) => back.orphan(k, skb),
        }
    }

    pub(super) fn held(&self) -> u32 {
        match self {
            Self::Classic(back, _) => back.held(),
            Self::GrantCopy(back) => back.held(),
            Self::ZeroCopy(back) => back.held(),
        }
    }

    /// Whether a producer that cannot be is taken for true (XSA-39).
    pub(super) fn believes_all(&self) -> bool {
        matches!(self, Self::Classic(_, repairs) if !repairs.shuts_down)
    }

    /// One pool for all, or one for each of the two guests.
    pub(super) fn most_held(&self) -> u32 {
        match self {
            Self::Classic(..) => MAX_PENDING_REQS,
            Self::GrantCopy(_) | Self::ZeroCopy(_) => 2 * MAX_PENDING_REQS,
        }
    }

    /// Pages that the driver takes for itself when it first needs them, and does not give back: those for
    /// the heads of a batch.
    pub(super) fn may_keep(&self) -> u32 {
        match self {
            Self::Classic(..) => 20,
            Self::GrantCopy(_) | Self::ZeroCopy(_) => 64,
        }
    }
}
