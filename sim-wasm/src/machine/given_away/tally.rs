//! What is counted in a run: where cards' bytes went and came from, what became of their interrupts, and what the toolstack
//! brought about.
//!
//! Not modelled: costs; [`ways`](crate::machine::ways) has those.

/// Whose memory a card's request came to, as seen from the domain whose driver drives the card, or drove it last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Landing {
    /// That domain's.
    Own,
    /// Another guest's.
    Neighbour,
    /// dom0's.
    Dom0,
    /// Xen's, or lent by Xen.
    Xen,
    /// What firmware has reserved for the card, or for another card of the same domain.
    Reserved,
    /// A free frame, or one that firmware has reserved for another's card.
    Nobody,
    /// Another card's registers.
    Registers,
}

/// What is counted. Requests are a card's, to memory or other cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Count {
    /// Bytes that cards wrote.
    Written(Landing),
    /// Bytes that cards read.
    Read(Landing),
    /// Bytes written by a card that its domain had lost already, or that outlived it, to whomever but that domain and not to what is
    /// reserved for its cards.
    WrittenLate,
    /// Requests that the unit blocked.
    Blocked,
    /// Requests that a port of the switch blocked.
    BlockedByPort,
    /// Requests that nobody answered.
    Unanswered,
    /// Faults that the unit wrote down.
    FaultsRecorded,
    /// Times that Xen cleared a card's bus master bit for its faults.
    Silenced,
    /// Interrupts that reached the domain whose card sent them.
    Interrupts,
    /// Interrupts that reached a domain whose card did not send them.
    ForgedInterrupts,
    /// Messages that the unit blocked.
    MessagesBlocked,
    /// Messages whose vector a processor took for an exception or a program's call.
    MessagesMistaken,
    /// Messages that a processor held back, or that nobody waits for.
    MessagesIgnored,
    /// Messages that a card held back, since their entry is masked; however many they are, one leaves when the mask goes.
    MessagesHeld,
    /// Packets that a driver got whole.
    Received,
    /// Packets that a driver got with other bytes than were sent.
    Damaged,
    /// Packets that cards put on the wire.
    Sent,
    /// Packets from the wire that cards dropped.
    Dropped,
    /// Cards that became a guest's.
    Plugged,
    /// Cards that were taken from a guest.
    Unplugged,
    /// Jobs that the toolstack gave up.
    Refused,
    /// Cards that a guest runs with although Xen did not assign them.
    Unassigned,
    /// Accesses to registers that nobody let pass.
    RegistersRefused,
    /// 1 if the host stopped.
    HostStopped,
    /// 1 if a card has written into tables of Xen's.
    TablesOverwritten,
    /// Mask bits that Xen wrote into memory, where it took a card's table to be (XSA-337).
    MasksAstray,
    /// Writes of guests' behind the end of a device model's table (XSA-164).
    ModelOverruns,
    /// Lines that guests' writes have left in a device model's log (XSA-130).
    ModelLines,
}

impl Count {
    /// All there are.
    pub const ALL: [Count; 40] = [
        Count::Written(Landing::Own),
        Count::Written(Landing::Neighbour),
        Count::Written(Landing::Dom0),
        Count::Written(Landing::Xen),
        Count::Written(Landing::Nobody),
        Count::Written(Landing::Registers),
        Count::Read(Landing::Own),
        Count::Read(Landing::Neighbour),
        Count::Read(Landing::Dom0),
        Count::Read(Landing::Xen),
        Count::Read(Landing::Nobody),
        Count::Read(Landing::Registers),
        Count::WrittenLate,
        Count::Blocked,
        Count::BlockedByPort,
        Count::Unanswered,
        Count::FaultsRecorded,
        Count::Silenced,
        Count::Interrupts,
        Count::ForgedInterrupts,
        Count::MessagesBlocked,
        Count::MessagesMistaken,
        Count::MessagesIgnored,
        Count::Received,
        Count::Damaged,
        Count::Sent,
        Count::Dropped,
        Count::Plugged,
        Count::Unplugged,
        Count::Refused,
        Count::Unassigned,
        Count::RegistersRefused,
        Count::HostStopped,
        Count::TablesOverwritten,
        Count::Written(Landing::Reserved),
        Count::Read(Landing::Reserved),
        Count::MessagesHeld,
        Count::MasksAstray,
        Count::ModelOverruns,
        Count::ModelLines,
    ];

    fn place(self) -> usize {
        Count::ALL.iter().position(|other| *other == self).expect("all of them are listed")
    }

    /// Its name in tables, where bytes have whose they are behind.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Count::Written(Landing::Own) => "written-own",
            Count::Written(Landing::Neighbour) => "written-neighbour",
            Count::Written(Landing::Dom0) => "written-dom0",
            Count::Written(Landing::Xen) => "written-xen",
            Count::Written(Landing::Reserved) => "written-reserved",
            Count::Written(Landing::Nobody) => "written-nobody",
            Count::Written(Landing::Registers) => "written-registers",
            Count::Read(Landing::Own) => "read-own",
            Count::Read(Landing::Neighbour) => "read-neighbour",
            Count::Read(Landing::Dom0) => "read-dom0",
            Count::Read(Landing::Xen) => "read-xen",
            Count::Read(Landing::Reserved) => "read-reserved",
            Count::Read(Landing::Nobody) => "read-nobody",
            Count::Read(Landing::Registers) => "read-registers",
            Count::WrittenLate => "written-late",
            Count::Blocked => "blocked",
            Count::BlockedByPort => "blocked-by-port",
            Count::Unanswered => "unanswered",
            Count::FaultsRecorded => "faults-recorded",
            Count::Silenced => "silenced",
            Count::Interrupts => "interrupts",
            Count::ForgedInterrupts => "forged-interrupts",
            Count::MessagesBlocked => "messages-blocked",
            Count::MessagesMistaken => "messages-mistaken",
            Count::MessagesIgnored => "messages-ignored",
            Count::Received => "received",
            Count::Damaged => "damaged",
            Count::Sent => "sent",
            Count::Dropped => "dropped",
            Count::Plugged => "plugged",
            Count::Unplugged => "unplugged",
            Count::Refused => "refused",
            Count::Unassigned => "unassigned",
            Count::RegistersRefused => "registers-refused",
            Count::HostStopped => "host-stopped",
            Count::TablesOverwritten => "tables-overwritten",
            Count::MessagesHeld => "messages-held",
            Count::MasksAstray => "masks-astray",
            Count::ModelOverruns => "model-overruns",
            Count::ModelLines => "model-lines",
        }
    }
}

/// The counts of a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tally([u64; Count::ALL.len()]);

impl Default for Tally {
    fn default() -> Tally {
        Tally::new()
    }
}

impl Tally {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Tally {
        Tally([0; Count::ALL.len()])
    }

    /// How often, or how many.
    #[must_use]
    pub fn get(&self, what: Count) -> u64 {
        self.0[what.place()]
    }

    pub(super) fn add(&mut self, what: Count, amount: u64) {
        self.0[what.place()] += amount;
    }

    pub(super) fn one(&mut self, what: Count) {
        self.add(what, 1);
    }

    pub(super) fn set(&mut self, what: Count, amount: u64) {
        self.0[what.place()] = amount;
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::{Count, Landing};

    #[test]
    fn names_are_told_apart_and_end_with_whose_the_bytes_are() {
        assert_eq!(Count::ALL.map(Count::name).into_iter().collect::<BTreeSet<_>>().len(), Count::ALL.len());
        let landings = [
            (Landing::Own, "own"),
            (Landing::Neighbour, "neighbour"),
            (Landing::Dom0, "dom0"),
            (Landing::Xen, "xen"),
            (Landing::Reserved, "reserved"),
            (Landing::Nobody, "nobody"),
            (Landing::Registers, "registers"),
        ];
        for (landing, name) in landings {
            assert_eq!(Count::Written(landing).name(), format!("written-{name}"));
            assert_eq!(Count::Read(landing).name(), format!("read-{name}"));
        }
    }
}
