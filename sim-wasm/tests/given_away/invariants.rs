//! What holds after every step of a machine, whatever its guests and its administrator do.
//!
//! The sixteen rules of devices that are given away, as far as a machine can break them. Those about a unit by itself are in
//! `tests/vtd` and `tests/vtd_xen`, the ring of requests of an HVM guest in `tests/ioreq.rs`, lines in `tests/hvm_interrupts.rs`.

use std::collections::BTreeSet;

use sim_wasm::actors::log::dma::Dma;
use sim_wasm::actors::log::pciif::Pciif;
use sim_wasm::actors::log::vtd::Vtd;
use sim_wasm::actors::log::{Entry, Event};
use sim_wasm::hypervisor::io_permissions::MmioAccess;
use sim_wasm::hypervisor::memory::{Owner, PageType};
use sim_wasm::hypervisor::passthrough::dids::Holder;
use sim_wasm::hypervisor::passthrough::options::{GuestKind, Quarantine, Version};
use sim_wasm::hypervisor::passthrough::step::Step;
use sim_wasm::hypervisor::vtd::registers as reg;
use sim_wasm::hypervisor::vtd::structures::{Pte, address_of};
use sim_wasm::hypervisor::vtd::walk::{Direction, Request, translate};
use sim_wasm::machine::given_away::card::Card;
use sim_wasm::machine::given_away::hardware::{registers_of, table_of};
use sim_wasm::machine::given_away::reserved::frames_of;
use sim_wasm::machine::given_away::settings::{CardId, GuestId, Settings, Stands};
use sim_wasm::machine::given_away::tally::{Count, Landing};
use sim_wasm::machine::given_away::{FRAMES, GivenAway, XEN_HEAP};
use sim_wasm::protocols::pci::bar::regions;
use sim_wasm::protocols::pci::msix::is_enabled;
use sim_wasm::words::ids::{Bdf, Dfn, DomId, Mfn, Pfn};

/// What is remembered from one step to the next.
pub(crate) struct Watch {
    owners: Vec<DomId>,
    told: usize,
    /// Whether each guest's pcifront waits for an answer.
    asking: Vec<bool>,
}

impl Watch {
    pub(crate) fn new(settings: &Settings) -> Watch {
        Watch { owners: vec![DomId::DOM0; settings.cards.len()], told: 0, asking: vec![false; settings.guests.len()] }
    }

    /// Looks at what a step has changed.
    pub(crate) fn check(&mut self, machine: &GivenAway, settings: &Settings) {
        let new: Vec<Entry> = machine.log().entries()[self.told..].to_vec();
        self.told += new.len();
        self.owners_change_as_they_may(machine, settings);
        self.one_request_is_under_way(machine, &new);
        let is_about_memory = |entry: &Entry| matches!(entry.event, Event::Vtd(_) | Event::Dma(_));
        if new.iter().any(is_about_memory) && machine.iommus().are_enabled() && !machine.is_stopped() {
            requests_land_where_they_may(machine, settings, &new);
            reserved_memory_is_there(machine, settings, &new);
            tables_say_what_units_remember(machine, settings);
            faults_are_served(machine);
        }
        registers_stay_where_they_are(machine);
        one_guest_may_touch_a_card(machine, settings);
        tables_of_messages_are_xen_s(machine, settings);
        let dropped = machine.hardware().cards.iter().map(Card::dropped).sum::<u64>();
        assert_eq!(machine.tally().get(Count::Dropped), dropped);
    }

    /// Rules 8 and 16: from dom0 or nobody to a guest, and back, never from guest to guest; where there is quarantine, a card
    /// that is taken from a guest is nobody's first. Everybody has it the same.
    fn owners_change_as_they_may(&mut self, machine: &GivenAway, settings: &Settings) {
        let quarantines = settings.options.version == Version::Today && settings.options.quarantine != Quarantine::No;
        for (number, before) in (0..).zip(&mut self.owners) {
            let card = CardId(number);
            let now = machine.owner(card);
            assert_eq!(
                machine.owners().of(machine.hardware().place(card)),
                Some(now),
                "pciback and Xen have the same owner"
            );
            if now != *before {
                let free = |owner: DomId| owner == DomId::DOM0 || owner == DomId::IO;
                assert!(free(*before) || free(now), "{before:?} to {now:?}");
                assert!(!quarantines || free(*before) || now == DomId::IO, "{before:?} to {now:?} past quarantine");
            }
            *before = now;
        }
    }

    /// Rule 12: each pcifront has one request under way, and takes its answer once. In a step one pcifront acts at most; it asks
    /// and takes in turn, from whether it waited before to whether it waits now.
    fn one_request_is_under_way(&mut self, machine: &GivenAway, new: &[Entry]) {
        let before = core::mem::take(&mut self.asking);
        self.asking = (0..before.len() as u8).map(|guest| machine.is_asking(GuestId(guest))).collect();
        let asks = new.iter().filter_map(|entry| match entry.event {
            Event::Pciif(Pciif::RequestPosted { .. }) => Some(true),
            Event::Pciif(Pciif::AnswerTaken { .. } | Pciif::GaveUp { .. }) => Some(false),
            _ => None,
        });
        let asks: Vec<bool> = asks.collect();
        assert!(asks.windows(2).all(|pair| pair[0] != pair[1]), "{asks:?}");
        let all = before.iter().zip(&self.asking);
        let turned = all.clone().filter(|(before, now)| before != now).count();
        match (asks.first(), asks.last()) {
            (Some(first), Some(last)) => {
                assert!(all.clone().any(|(before, now)| before != first && now == last), "{asks:?}");
                assert_eq!(turned, asks.len() % 2, "{asks:?}");
            }
            _ => assert_eq!(turned, 0),
        }
    }
}

/// Rule 1: a request that the unit let pass landed in what is its card's owner's at that moment.
fn requests_land_where_they_may(machine: &GivenAway, settings: &Settings, new: &[Entry]) {
    let mut passed: Option<Bdf> = None;
    for entry in new {
        match entry.event {
            Event::Vtd(Vtd::Passed { source, .. }) => passed = Some(source),
            Event::Dma(Dma::FrameReached { frame, .. }) => {
                let source = passed.take().expect("what reaches a frame was let pass");
                let owner = machine.owners().of(source).expect("it is a card's");
                assert!(may_reach(machine, settings, (source, owner), frame), "{owner:?} {frame:?}");
            }
            _ => {}
        }
    }
}

/// Whether a card of an owner's may reach a frame: a guest's its own and what is reserved for one of its cards, nobody's the
/// page for that and what is reserved for itself, dom0's all but Xen's heap.
fn may_reach(machine: &GivenAway, settings: &Settings, (source, owner): (Bdf, DomId), frame: Mfn) -> bool {
    let is_for = |card: CardId| frames_of(&settings.reserved, card).any(|reserved| reserved == frame);
    let mut cards = (0..settings.cards.len() as u8).map(CardId);
    match owner {
        DomId::DOM0 => frame.0 >= XEN_HEAP,
        DomId::IO => {
            let scratch = machine.iommus().scratch_page() == Some(frame);
            scratch || cards.any(|card| may_have_sent(machine, card, source) && is_for(card))
        }
        guest => {
            let own = machine.xen().memory.owner(frame) == Ok(Owner::Domain(guest));
            own || cards.any(|card| machine.owner(card) == guest && is_for(card))
        }
    }
}

/// Whether a request with an ID may be a card's.
fn may_have_sent(machine: &GivenAway, card: CardId, source: Bdf) -> bool {
    [machine.hardware().place(card), machine.hardware().requester(card)].contains(&source)
}

/// Whether several cards cannot be told apart by the unit.
pub(crate) fn are_neighbours(settings: &Settings) -> bool {
    settings.cards.iter().filter(|card| card.stands == Stands::BehindBridge).count() > 1
}

/// Memory that is reserved for a card is there for it, whoever has the card, at every moment; in 3.3 only for those who have it
/// for long enough, and not for USB controllers. Cards that cannot be told apart have what the last of them was given.
fn reserved_memory_is_there(machine: &GivenAway, settings: &Settings, new: &[Entry]) {
    if settings.options.version == Version::Xen33 || are_neighbours(settings) {
        return;
    }
    let cut_off = |entry: &Entry| matches!(entry.event, Event::Vtd(Vtd::Xen(Step::InFlightBlocked { .. })));
    assert!(!new.iter().any(cut_off));
    let unit = &machine.iommus().unit(0).unit;
    for card in (0..settings.cards.len() as u8).map(CardId) {
        for frame in frames_of(&settings.reserved, card) {
            let request = Request::write(machine.hardware().requester(card), u64::from(frame.0) << 12);
            let found = translate(&machine.xen().memory, unit.capabilities(), unit.root(), request);
            assert_eq!(found.map(|found| found.address), Ok(request.address), "{card:?} {frame:?}");
        }
    }
}

/// Rules 5, 7, 8, 9 and 10: what a unit remembers is what the tables say, for reading and for writing; a card's entry names its
/// owner's number and tables; what they lead to is its owner's, and no page table.
fn tables_say_what_units_remember(machine: &GivenAway, settings: &Settings) {
    let memory = &machine.xen().memory;
    let mut iommus = machine.iommus().clone();
    let (root, capabilities) = (iommus.unit(0).unit.root(), iommus.unit(0).unit.capabilities());
    for cached in iommus.unit(0).unit.contexts().entries() {
        let Ok(entry) = cached.found else { continue };
        let Some(Holder::Domain(id)) = iommus.unit(0).dids.holder(entry.did()) else { continue };
        let Some(table) = iommus.domain(id).and_then(|domain| domain.table.as_ref()) else { continue };
        let uppermost = memory.xen_page(table.root());
        let given = if entry.levels() == 4 { address_of(table.root()) } else { Pte::read(uppermost, 0).address() };
        assert_eq!(entry.table(), given, "a number of one domain with another's tables");
    }
    let cards = (0..settings.cards.len() as u8).map(CardId);
    let sources: BTreeSet<Bdf> =
        cards.clone().flat_map(|card| [machine.hardware().place(card), machine.hardware().requester(card)]).collect();
    for source in sources {
        let owner = machine.owners().of(source).expect("it is a card's");
        let entry = iommus.context(memory, 0, source);
        let knows = match iommus.unit(0).dids.holder(entry.did()) {
            Some(Holder::Quarantined(one)) => {
                let is_one = |card| machine.hardware().place(card) == one && may_have_sent(machine, card, source);
                owner == DomId::IO && cards.clone().any(is_one)
            }
            Some(Holder::Domain(holder)) => holder == owner,
            None => false,
        };
        assert!(knows, "one owner, and the unit knows");
        let registers = cards.clone().map(|card| registers_of(card) as u32 >> 12);
        let pages = (0..FRAMES).step_by(3).chain(40..120).chain(FRAMES..FRAMES + 8).chain(registers);
        for page in pages {
            for direction in [Direction::Read, Direction::Write] {
                let request = Request { direction, ..Request::read(source, u64::from(page) << 12) };
                let plain = translate(memory, capabilities, root, request).map(|found| found.address);
                let cached = iommus.unit_mut(0).unit.translate(memory, request).map(|found| found.address);
                assert_eq!(cached, plain, "{source:?} {page:x}");
                let Ok(address) = plain else { continue };
                let frame = Mfn((address >> 12) as u32);
                if frame.0 < memory.size() {
                    assert!(may_reach(machine, settings, (source, owner), frame), "{owner:?} {frame:?}");
                }
            }
        }
    }
    for (guest, made) in (0..).map(GuestId).zip(&settings.guests) {
        let id = GivenAway::domain_of(guest);
        let Some(domain) = machine.xen().domain(id).filter(|_| made.kind == GuestKind::Pv) else { continue };
        for frame in (0..domain.pages()).filter_map(|page| domain.mfn(Pfn(page))) {
            if memory.page_type(frame).is_ok_and(|(page_type, _)| page_type == PageType::PageTable) {
                assert_eq!(iommus.look_up(memory, id, Dfn(frame.0)), None, "a page table is not a card's to write");
            }
        }
    }
}

/// Rules 3 and 4: Xen has looked at every fault before anything else happens.
fn faults_are_served(machine: &GivenAway) {
    let unit = &machine.iommus().unit(0).unit;
    assert_eq!(unit.read_u32(reg::FSTS) & (reg::FSTS_PPF | reg::FSTS_PFO), 0);
    let counts = unit.counts();
    assert!(counts.recorded + counts.collapsed + counts.lost <= counts.blocked, "at most one for each");
}

/// Rule 11: a guest moves no registers of the machine's; only a reset takes them away for a while.
fn registers_stay_where_they_are(machine: &GivenAway) {
    for (card, function) in (0..).map(CardId).zip(&machine.hardware().functions) {
        let base = regions(&function.config).next().expect("a card has registers").base;
        assert!(base == registers_of(card) || base == 0, "{base:x}");
    }
}

/// A card's registers are permitted to one guest at a time, whatever the toolstack refuses or gives up.
fn one_guest_may_touch_a_card(machine: &GivenAway, settings: &Settings) {
    for card in (0..settings.cards.len() as u8).map(CardId) {
        let registers = Mfn((registers_of(card) >> 12) as u32);
        let domains = (0..settings.guests.len() as u8).map(|guest| GivenAway::domain_of(GuestId(guest)));
        let may = domains.filter(|domain| machine.permissions().frame(*domain, registers) != MmioAccess::None);
        assert!(may.count() <= 1, "{card:?}");
    }
}

/// No guest may write the page with a card's table of messages, nor do an HVM guest's pages lead there. As long as no other card
/// has written to it, what a card may send is what Xen gave it; in 3.3 an entry stays as it is when its card's registers are
/// switched off before Xen masks it.
fn tables_of_messages_are_xen_s(machine: &GivenAway, settings: &Settings) {
    let count = |what| machine.tally().get(what);
    assert_eq!(count(Count::MasksAstray), 0);
    for (card, function) in (0..).map(CardId).zip(&machine.hardware().functions) {
        let Some(table) = &function.msix else { continue };
        let frame = Mfn((table_of(card) >> 12) as u32);
        for guest in (0..settings.guests.len() as u8).map(GuestId) {
            let domain = GivenAway::domain_of(guest);
            assert_ne!(machine.permissions().frame(domain, frame), MmioAccess::ReadWrite, "{card:?} {guest:?}");
            // Where registers are shown at first, and wherever histories move them.
            let first = (0..8 * 4).map(|page| 0xF_3000 + page / 4 * 0x100 + page % 4);
            for page in first.chain(0xF_3000..0xF_3024).chain(762..780).map(Dfn) {
                let leads = machine.iommus().look_up(&machine.xen().memory, domain, page);
                assert_ne!(leads.map(|(frame, _)| frame), Some(frame), "{card:?} {guest:?}");
            }
        }
        let untouched = settings.options.version == Version::Today && count(Count::Written(Landing::Registers)) == 0;
        for entry in (0..3).filter(|entry| untouched && is_enabled(&function.config) && !table.is_masked(*entry)) {
            assert_eq!(machine.message_of(card, entry), Some(table.message(entry)), "{card:?}");
        }
    }
}

/// Rules 2 and 15, and what is left when all guests are gone.
pub(crate) fn check_end(machine: &GivenAway, settings: &Settings) {
    let count = |what| machine.tally().get(what);
    if settings.options.version == Version::Today {
        assert_eq!((count(Count::ModelOverruns), count(Count::ModelLines)), (0, 0));
    }
    let quarantines = settings.options.version == Version::Today && settings.options.quarantine != Quarantine::No;
    if !quarantines {
        return;
    }
    if settings.guests.iter().enumerate().all(|(number, _)| !machine.is_alive(GuestId(number as u8))) {
        assert_eq!(machine.xen().domains().len(), 1, "nobody has anything of a guest's");
    }
    if are_neighbours(settings) {
        return;
    }
    for landing in [Landing::Neighbour, Landing::Dom0, Landing::Nobody] {
        assert_eq!((count(Count::Written(landing)), count(Count::Read(landing))), (0, 0), "{landing:?}");
    }
    if !machine.iommus().untrusted_msi.is_on() {
        assert_eq!(count(Count::ForgedInterrupts) + count(Count::MessagesMistaken), 0);
    }
    // dom0 writes nothing here, and what was blocked had no effect.
    let dom0 = machine.xen().domain(DomId::DOM0).expect("dom0 is there");
    for frame in (0..dom0.pages()).filter_map(|page| dom0.mfn(Pfn(page))) {
        assert!(machine.xen().memory.xen_page(frame).bytes().iter().all(|byte| *byte == 0), "{frame:?}");
    }
}
