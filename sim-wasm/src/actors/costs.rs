//! What it takes to reach a device, in counts: exits, hypercalls, domain switches, events, interrupts and copies.
//!
//! Five techniques lead from a guest to a card (split drivers, pass-through for a paravirtual guest, emulation, emulation
//! with paravirtual drivers, pass-through by the device model), and this is what they are compared by. An actor counts what
//! it does; nothing here is a duration. Whoever wants cycles multiplies with weights of their own.
//!
//! Not modelled: traps of a paravirtual guest that are no hypercalls (privileged instructions, `IN` and `OUT`), which none of
//! the five ways takes; what each count costs, caches and TLBs, and the processors that the domains run on. A switch is counted
//! where one domain waits for another, which is none if each has a processor of its own.

use crate::hypervisor::vm_exits::Exits;

/// A way from a guest to a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// A paravirtual guest, a front end, and a back end in dom0.
    Split,
    /// A paravirtual guest with a card of its own.
    PvOwn,
    /// An HVM guest with an emulated card.
    Emulated,
    /// An HVM guest with a front end.
    HvmSplit,
    /// An HVM guest with a card of its own.
    HvmOwn,
}

impl Way {
    /// All five.
    pub const ALL: [Way; 5] = [Way::Split, Way::PvOwn, Way::Emulated, Way::HvmSplit, Way::HvmOwn];
}

/// What was done, in counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Costs {
    /// VM exits of an HVM guest, by reason.
    pub exits: Exits,
    /// Exits that went on to the device model and blocked the vCPU.
    pub requests: u64,
    /// Exits whose write was buffered for the device model.
    pub buffered: u64,
    /// Hypercalls, whoever made them; a batch is one.
    pub hypercalls: u64,
    /// Times that one domain waited until another had run, each way.
    pub switches: u64,
    /// Notifications sent over event channels.
    pub events: u64,
    /// Interrupts and upcalls taken by guests.
    pub guest_interrupts: u64,
    /// Interrupts and upcalls taken by dom0.
    pub dom0_interrupts: u64,
    /// The card's interrupts, wherever they went.
    pub card_interrupts: u64,
    /// Pages mapped.
    pub maps: u64,
    /// Copies of packet data by processors: by guest, dom0, device model or hypervisor.
    pub copies: u64,
    /// Their bytes.
    pub copied_bytes: u64,
}

impl Costs {
    /// One more copy, of so many bytes.
    pub const fn copy(&mut self, bytes: u32) {
        self.copies += 1;
        self.copied_bytes += bytes as u64;
    }

    /// What came on top of an earlier count.
    ///
    /// # Panics
    /// If the other is not an earlier one of the same run.
    #[must_use]
    pub fn since(&self, earlier: &Costs) -> Costs {
        let less = |now: u64, before: u64| now.checked_sub(before).expect("counts only grow");
        Costs {
            exits: self.exits.since(&earlier.exits),
            requests: less(self.requests, earlier.requests),
            buffered: less(self.buffered, earlier.buffered),
            hypercalls: less(self.hypercalls, earlier.hypercalls),
            switches: less(self.switches, earlier.switches),
            events: less(self.events, earlier.events),
            guest_interrupts: less(self.guest_interrupts, earlier.guest_interrupts),
            dom0_interrupts: less(self.dom0_interrupts, earlier.dom0_interrupts),
            card_interrupts: less(self.card_interrupts, earlier.card_interrupts),
            maps: less(self.maps, earlier.maps),
            copies: less(self.copies, earlier.copies),
            copied_bytes: less(self.copied_bytes, earlier.copied_bytes),
        }
    }

    /// The counts with their names, in the order of a table.
    #[must_use]
    pub fn rows(&self) -> [(&'static str, u64); 12] {
        [
            ("exits", self.exits.total()),
            ("requests", self.requests),
            ("buffered", self.buffered),
            ("hypercalls", self.hypercalls),
            ("switches", self.switches),
            ("events", self.events),
            ("guest-interrupts", self.guest_interrupts),
            ("dom0-interrupts", self.dom0_interrupts),
            ("card-interrupts", self.card_interrupts),
            ("maps", self.maps),
            ("copies", self.copies),
            ("copied-bytes", self.copied_bytes),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::Costs;
    use crate::hypervisor::vm_exits::ExitReason;

    #[test]
    fn what_came_later_is_a_difference() {
        let mut costs = Costs { hypercalls: 3, maps: 2, ..Costs::default() };
        let before = costs;
        costs.exits.count(ExitReason::Hlt);
        costs.hypercalls += 4;
        costs.copy(60);
        let rest = costs.since(&before);
        assert_eq!((rest.exits.total(), rest.hypercalls, rest.maps, rest.copies, rest.copied_bytes), (1, 4, 0, 1, 60));
        assert_eq!(costs.since(&costs), Costs::default());
        assert_eq!(rest.rows().map(|(_, count)| count).iter().sum::<u64>(), 1 + 4 + 1 + 60);
    }
}
