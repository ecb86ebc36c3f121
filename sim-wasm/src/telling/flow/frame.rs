//! The machine at one moment: everything that a picture is drawn from, and that can be counted.
//!
//! Not modelled: what the figure's own entry lists.

use crate::actors::netfront::Netfront;
use crate::hypervisor::xen::Xen;
use crate::machine::metrics::counters::{Count, Counters};
use crate::machine::network::Network;
use crate::protocols::ring::{Index, Shared};
use crate::telling::flow::plan::Plan;
use crate::words::ids::{DomId, Pfn, VifId};
use crate::words::time::Time;

/// The guest whose packets these are.
const GUEST: VifId = VifId(0);

/// Its domain, and the page of its transmit ring.
const RING: (DomId, Pfn) = (DomId(1), Pfn(0));

/// Levels and counts after one step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frame {
    pub(crate) time: Time,
    /// Packets in the guest's own queue.
    pub(crate) queue: u32,
    /// Slots in use, as the front end counts them.
    pub(crate) outstanding: u32,
    /// Of these, answered, and the guest has not looked.
    pub(crate) answered: u32,
    /// Slots that netback holds.
    pub(crate) held: u32,
    /// Packets in dom0's queue in front of the card.
    pub(crate) waiting: u32,
    /// Descriptors in use on the card.
    pub(crate) descriptors: u32,
    pub(crate) stopped: bool,
    pub(crate) stalled: bool,
    /// Counts since the run began.
    pub(crate) counts: Counts,
    /// Mb/s over the last whole stretch: what left.
    pub(crate) goodput: u32,
    /// How often the guest's queue stopped.
    pub(crate) stops: u32,
    /// Answers that the guest read between the last stop and the queue's running again.
    pub(crate) to_restart: u32,
}

/// What happened since the run began. Counts are of packets unless the name says otherwise.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) offered: u64,
    pub(crate) accepted: u64,
    pub(crate) sent: u64,
    pub(crate) sent_bytes: u64,
    pub(crate) lost_in_guest: u64,
    pub(crate) lost_in_backlog: u64,
    pub(crate) lost_at_card: u64,
    pub(crate) filtered: u64,
    pub(crate) interrupts: u64,
    /// Mean time that a slot was in use, in nanoseconds.
    pub(crate) slot_time: u64,
}

impl Counts {
    fn of(network: &Network) -> Counts {
        let metrics = network.metrics();
        let vif = &metrics.vifs()[usize::from(GUEST.0)];
        let (guest, machine): (&Counters, &Counters) = (&vif.counters, &metrics.machine);
        Counts {
            offered: guest.get(Count::Offered),
            accepted: guest.get(Count::Accepted),
            sent: guest.get(Count::Sent),
            sent_bytes: guest.get(Count::SentBytes),
            lost_in_guest: guest.get(Count::LostInGuest),
            lost_in_backlog: machine.get(Count::LostInBacklog),
            lost_at_card: machine.get(Count::LostAtCard),
            filtered: machine.get(Count::Filtered),
            interrupts: guest.get(Count::GuestInterrupts),
            slot_time: vif.residence.mean().unwrap_or(0),
        }
    }

    /// Packets lost between netback and the card.
    pub(crate) const fn lost_in_dom0(&self) -> u64 {
        self.lost_in_backlog + self.lost_at_card
    }

    /// Packets that came to nothing.
    pub(crate) const fn lost(&self) -> u64 {
        self.lost_in_guest + self.lost_in_dom0() + self.filtered
    }

    /// Packets that netfront has put on the ring, and that have not left and are not lost.
    pub(crate) const fn in_pipe(&self) -> u64 {
        self.accepted - self.sent - self.lost_in_dom0() - self.filtered
    }
}

impl Frame {
    /// The machine as it is; rates and turns are the teller's business.
    pub(crate) fn of(network: &Network, time: Time) -> Frame {
        let levels = network.levels();
        Frame {
            time,
            queue: levels.guest_queue[usize::from(GUEST.0)],
            outstanding: levels.outstanding[usize::from(GUEST.0)],
            answered: unread(network.xen(), network.front(GUEST).map(|front| front.tx_ring().rsp_cons)),
            held: levels.held,
            waiting: levels.card_queue,
            descriptors: levels.descriptors,
            stopped: network.front(GUEST).is_some_and(Netfront::is_stopped),
            stalled: network.is_stalled(),
            counts: Counts::of(network),
            goodput: 0,
            stops: 0,
            to_restart: 0,
        }
    }

    /// A quantity, by its index among the figure's.
    pub(crate) fn value(&self, quantity: usize, plan: &Plan) -> u64 {
        let counts = &self.counts;
        let bytes = u64::from(plan.bytes);
        match quantity {
            0 => u64::from(self.outstanding),
            1 => u64::from(self.goodput),
            2 => counts.lost(),
            3 => u64::from(self.queue),
            4 => u64::from(self.answered),
            5 => u64::from(self.held),
            6 => u64::from(self.waiting),
            7 => u64::from(self.descriptors),
            8 => counts.offered,
            9 => counts.accepted,
            10 => counts.sent,
            11 => counts.lost_in_guest,
            12 => counts.lost_in_dom0(),
            13 => counts.filtered,
            14 => u64::from(self.stops),
            15 => u64::from(self.to_restart),
            16 => counts.in_pipe() * bytes,
            17 => counts.in_pipe() * bytes * 8_000 / u64::from(plan.megabits),
            18 => counts.slot_time,
            19 => megabits(counts.accepted * bytes, self.time.0),
            _ => counts.interrupts,
        }
    }
}

/// Answers in the shared page that the front end has not read.
fn unread(xen: &Xen, rsp_cons: Option<Index>) -> u32 {
    let (domain, page) = RING;
    match (xen.guest_page(domain, page), rsp_cons) {
        (Ok(page), Some(rsp_cons)) => Shared::RspProd.load(page).since(rsp_cons),
        (Ok(_) | Err(_), _) => 0,
    }
}

/// Bytes in so many nanoseconds as Mb/s; 0 in no time.
pub(crate) fn megabits(bytes: u64, nanos: u64) -> u64 {
    (bytes * 8_000).checked_div(nanos).unwrap_or(0)
}
