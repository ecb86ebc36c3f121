//! How often things happened.
//!
//! Not modelled: costs: a count says how often, not how long.

/// What is counted. Packets unless the name says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Count {
    /// Handed to the guest's network stack by an application.
    Offered,
    /// Their bytes.
    OfferedBytes,
    /// Put on the transmit ring by netfront.
    Accepted,
    /// Lost in the guest's own queue.
    LostInGuest,
    /// Dropped by netfront: more slots than a packet may have.
    LostInFront,
    /// Answered with an error by netback.
    Refused,
    /// Lost in front of dom0's stack.
    LostInBacklog,
    /// Dropped by dom0's packet filter, or by the bridge.
    Filtered,
    /// Lost in dom0's queue in front of the card.
    LostAtCard,
    /// Lost in dom0's queue in front of an interface, or by its netback.
    LostAtVif,
    /// Spoiled on the way into a guest.
    Spoiled,
    /// Left on the wire.
    Sent,
    /// Their bytes.
    SentBytes,
    /// Handed to a guest's network stack by netfront.
    Delivered,
    /// Their bytes.
    DeliveredBytes,
    /// Transmit slots answered.
    SlotsAnswered,
    /// Upcalls in the guest.
    GuestInterrupts,
    /// Upcalls in dom0.
    Dom0Interrupts,
    /// The card's interrupts.
    CardInterrupts,
    /// Calls of the hypervisor.
    Hypercalls,
    /// Pages mapped.
    Maps,
    /// Copies by the hypervisor.
    Copies,
    /// Bytes that the hypervisor copied.
    CopiedBytes,
    /// Runs of netback's tasklets, polls and threads.
    Passes,
}

impl Count {
    /// All there are, in the order of the enum.
    pub const ALL: [Count; 24] = [
        Count::Offered,
        Count::OfferedBytes,
        Count::Accepted,
        Count::LostInGuest,
        Count::LostInFront,
        Count::Refused,
        Count::LostInBacklog,
        Count::Filtered,
        Count::LostAtCard,
        Count::LostAtVif,
        Count::Spoiled,
        Count::Sent,
        Count::SentBytes,
        Count::Delivered,
        Count::DeliveredBytes,
        Count::SlotsAnswered,
        Count::GuestInterrupts,
        Count::Dom0Interrupts,
        Count::CardInterrupts,
        Count::Hypercalls,
        Count::Maps,
        Count::Copies,
        Count::CopiedBytes,
        Count::Passes,
    ];

    /// The places where a packet can be lost.
    pub const LOSSES: [Count; 8] = [
        Count::LostInGuest,
        Count::LostInFront,
        Count::Refused,
        Count::LostInBacklog,
        Count::Filtered,
        Count::LostAtCard,
        Count::LostAtVif,
        Count::Spoiled,
    ];

    /// Its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Count::Offered => "offered",
            Count::OfferedBytes => "offered-bytes",
            Count::Accepted => "accepted",
            Count::LostInGuest => "lost-in-guest",
            Count::LostInFront => "lost-in-front",
            Count::Refused => "refused",
            Count::LostInBacklog => "lost-in-backlog",
            Count::Filtered => "filtered",
            Count::LostAtCard => "lost-at-card",
            Count::LostAtVif => "lost-at-vif",
            Count::Spoiled => "spoiled",
            Count::Sent => "sent",
            Count::SentBytes => "sent-bytes",
            Count::Delivered => "delivered",
            Count::DeliveredBytes => "delivered-bytes",
            Count::SlotsAnswered => "slots-answered",
            Count::GuestInterrupts => "guest-interrupts",
            Count::Dom0Interrupts => "dom0-interrupts",
            Count::CardInterrupts => "card-interrupts",
            Count::Hypercalls => "hypercalls",
            Count::Maps => "maps",
            Count::Copies => "copies",
            Count::CopiedBytes => "copied-bytes",
            Count::Passes => "passes",
        }
    }

    const fn index(self) -> usize {
        self as usize
    }
}

/// One number for each [`Count`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters([u64; Count::ALL.len()]);

impl Counters {
    /// It happened so often more.
    #[inline]
    pub const fn add(&mut self, what: Count, amount: u64) {
        self.0[what.index()] += amount;
    }

    /// How often it happened.
    #[must_use]
    pub const fn get(&self, what: Count) -> u64 {
        self.0[what.index()]
    }

    /// All packets lost anywhere.
    #[must_use]
    pub fn lost(&self) -> u64 {
        Count::LOSSES.iter().map(|place| self.get(*place)).sum()
    }

    /// Takes in what happened elsewhere, or later.
    pub fn merge(&mut self, other: &Counters) {
        for (number, more) in self.0.iter_mut().zip(other.0) {
            *number += more;
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_count_has_its_own_place_and_name() {
        let mut counters = Counters::default();
        for (position, what) in Count::ALL.into_iter().enumerate() {
            assert_eq!(what.index(), position);
            counters.add(what, 1 << position);
        }
        assert!(Count::ALL.into_iter().enumerate().all(|(position, what)| counters.get(what) == 1 << position));
        assert_eq!(Count::ALL.map(Count::name).into_iter().collect::<BTreeSet<_>>().len(), Count::ALL.len());
        let twice = {
            let mut sum = counters.clone();
            sum.merge(&counters);
            sum
        };
        assert_eq!(twice.get(Count::Passes), 2 * counters.get(Count::Passes));
        assert_eq!(counters.lost(), Count::LOSSES.iter().map(|what| counters.get(*what)).sum::<u64>());
    }
}
