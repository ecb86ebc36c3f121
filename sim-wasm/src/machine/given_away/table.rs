//! Tables of messages (MSI-X): who writes a card's, and what an HVM guest has in its place.
//!
//! ```text
//!   PV guest:  pcifront asks ─► pciback has Xen map interrupts ─────────┐
//!   HVM guest: writes its own table ─ trapped ─► device model binds ────┤
//!                                                                       ▼
//!                                     Xen: address, data, mask ─► the card's table ─► what the card sends
//!                          another card below the switch, past any unit ─┘
//! ```
//!
//! The table is Xen's. Its page is kept from guests: in 3.3 a PV guest has no permission for it, today everybody may only read
//! it; an HVM guest's pages do not lead there. An entry is masked until its guest has bound it. What a card sends is what its
//! entry has at that moment, whoever wrote it. A masked entry's message waits in the card until the mask goes.
//!
//! Sources: `msix_capability_init`, `msi_set_mask_bit` in `xen/arch/x86/msi.c`; `pci_msix_writel`, `pt_msix_update_one` in
//! `tools/ioemu/hw/pt-msi.c`.
//!
//! Not modelled: more entries in use than the first, of three; reads of tables, and writes of dom0's.

use alloc::vec::Vec;

use crate::actors::hvm::Host;
use crate::actors::hvm::pass_through::mappings::table_pages;
use crate::actors::hvm::pass_through::msix::{MsixTable, TableWrite};
use crate::hypervisor::message::Message;
use crate::hypervisor::page::PAGE_SIZE;
use crate::hypervisor::pirqs::{PirqId, Pirqs};
use crate::hypervisor::vtd::structures::frame_of;
use crate::machine::given_away::GivenAway;
use crate::machine::given_away::hardware::{REGISTERS, TABLE};
use crate::machine::given_away::hvm::{Behind, HvmSide};
use crate::machine::given_away::settings::{CardId, GuestId};
use crate::machine::given_away::tally::Count;
use crate::protocols::pci::msi::Msi;
use crate::protocols::pci::msix::{self, PCI_MSIX_ENTRY_SIZE, PCI_MSIX_ENTRY_VECTOR_CTRL};
use crate::words::ids::{Bdf, DomId};

/// The table that an HVM guest writes, and what its entries are bound to.
#[derive(Clone, Debug)]
pub(super) struct GuestTable {
    table: MsixTable,
    bound: Vec<Bound>,
}

/// An entry that the device model has bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bound {
    entry: u16,
    pirq: PirqId,
    /// What the guest gets.
    message: Message,
}

impl GuestTable {
    pub(super) const fn new(table: MsixTable) -> GuestTable {
        GuestTable { table, bound: Vec::new() }
    }

    /// All that is bound, which is not any more.
    pub(super) fn unbind(&mut self) -> Vec<PirqId> {
        self.bound.drain(..).map(|bound| bound.pirq).collect()
    }
}

impl HvmSide {
    /// The card whose table lies on the page of an address that the guest touches, and how far from its registers' beginning.
    pub(super) fn trapped(&self, address: u64) -> Option<(CardId, u32)> {
        self.behind.iter().filter(|behind| behind.table.is_some()).find_map(|behind| {
            let (first, pages) = table_pages(Some(&TABLE))?;
            let offset = address.checked_sub(behind.device.mapped(REGISTERS)?)?;
            (first..first + pages).contains(&(offset / PAGE_SIZE as u64)).then_some((behind.card, offset as u32))
        })
    }
}

impl GivenAway {
    /// Four bytes among a card's registers are written, by way of the processor or of another card: its table, or what is its
    /// own logic's.
    pub(super) fn write_register(&mut self, card: CardId, at: u32, value: u32) {
        let table = self.hardware.function(card).msix.as_mut();
        if table.is_some_and(|table| table.write(REGISTERS.index(), at, value)) {
            self.send_held(card);
        } else {
            self.with_card(card, |card| card.write(at, value));
        }
    }

    /// A card sends what it held back and need not any more.
    pub(super) fn send_held(&mut self, card: CardId) {
        let function = self.hardware.function(card);
        let Some(table) = &mut function.msix else { return };
        for (_, Message { address, data }) in table.released(&function.config) {
            self.write(card, address, &data.to_le_bytes());
        }
    }

    /// Xen writes what a card is to send: into its table, where the entry is masked, if its driver has asked for that, else into
    /// its config space. Whether the entry is masked, if there is one.
    pub(super) fn program(&mut self, card: CardId, entry: u16, message: Message) -> Option<bool> {
        let function = self.hardware.function(card);
        let Some(table) = function.msix.as_mut().filter(|_| msix::is_enabled(&function.config)) else {
            Msi::program(&mut function.config, message, 0);
            return None;
        };
        table.program(entry, message);
        table.write(REGISTERS.index(), control_of(entry), 1);
        Some(true)
    }

    /// Xen masks or unmasks an entry, where it takes the table to be.
    pub(super) fn write_mask(&mut self, bdf: Bdf, entry: u16, masked: bool) {
        let Some(card) = self.hardware.card_at(bdf) else { return };
        let config = &self.hardware.functions[usize::from(card.0)].config;
        let base = self.hardware.tables[usize::from(card.0)];
        let Some(address) = base.and_then(|base| base.control(config, entry)) else { return };
        if let Some((card, register)) = self.hardware.answers(self.now, address) {
            return self.write_register(card, register, masked.into());
        }
        // Nothing is there while the card is reset, unless Xen believes its BAR.
        if let Some(page) = frame_of(address).and_then(|frame| self.xen.memory.bus_page_mut(frame)) {
            page.write_u32(address as usize % PAGE_SIZE, masked.into());
            self.tally.one(Count::MasksAstray);
        }
    }

    /// Whether a guest waits for a message: it has bound the number of it, and an HVM guest has not masked its own entry.
    pub(super) fn is_heard(&self, domain: DomId, bdf: Bdf, entry: u16) -> bool {
        let Some(guest) = self.guests.iter().find(|guest| guest.alive && guest.domain == domain) else { return false };
        let pirq = pirq_of(&self.pirqs, domain, bdf, entry);
        let Some(hvm) = guest.hvm_ref() else {
            return pirq.is_some_and(|pirq| self.xen.port_of_pirq(domain, pirq).is_some());
        };
        let is_unmasked = |behind: &Behind| {
            let table = behind.table.as_ref().filter(|_| self.hardware.place(behind.card) == bdf);
            table.is_some_and(|table| table.table.wanted(entry).is_some())
        };
        pirq.is_some_and(|pirq| hvm.messages.kind(pirq.0).is_some()) && hvm.behind.iter().any(is_unmasked)
    }

    /// An HVM guest writes four bytes of the page where it takes a card's table to be; false if nobody heeds it.
    pub(super) fn write_table(&mut self, guest: GuestId, card: CardId, offset: u32, value: u32) -> bool {
        let behind = self.guest(guest).hvm().and_then(|hvm| hvm.behind.iter_mut().find(|behind| behind.card == card));
        let Some(table) = behind.and_then(|behind| behind.table.as_mut()) else { return false };
        let before = table.table.lines();
        let outcome = table.table.write(offset, value);
        let lines = table.table.lines() - before;
        self.tally.add(Count::ModelLines, lines);
        match outcome {
            TableWrite::Kept { .. } | TableWrite::Bound { .. } => self.bind_entries(guest, card),
            TableWrite::Refused { .. } => {
                self.tally.one(Count::RegistersRefused);
                return false;
            }
            TableWrite::Overrun { .. } => self.tally.one(Count::ModelOverruns),
        }
        true
    }

    /// The device model follows what an HVM guest wants to get by its entries (`pt_msix_update`).
    pub(super) fn bind_entries(&mut self, guest: GuestId, card: CardId) {
        let (domain, place) = (GivenAway::domain_of(guest), self.hardware.place(card));
        let owner = self.owners.of(place);
        let GivenAway { guests, hardware, xen, costs, now, log, pirqs, .. } = self;
        let is_on = msix::is_enabled(&hardware.function(card).config);
        let Some(hvm) = guests[usize::from(guest.0)].hvm() else { return };
        let behind = hvm.behind.iter_mut().find(|behind| behind.card == card);
        let Some(GuestTable { table, bound }) = behind.and_then(|behind| behind.table.as_mut()) else { return };
        let mut host = Host { xen, costs, now: *now, log };
        for entry in 0..TABLE.entries {
            let known = bound.iter().position(|bound| bound.entry == entry);
            match (table.wanted(entry).filter(|_| is_on), known) {
                (Some(message), Some(known)) if bound[known].message != message => {
                    bound[known].message = message;
                    hvm.messages.bind(&mut host, &mut hvm.lines, bound[known].pirq.0, message);
                }
                (Some(message), None) => {
                    // Where Xen maps nothing, the guest's driver waits in vain.
                    let Ok(pirq) = pirqs.map_message(domain, owner, place, entry) else { continue };
                    hvm.messages.bind(&mut host, &mut hvm.lines, pirq.0, message);
                    bound.push(Bound { entry, pirq, message });
                }
                (None, Some(known)) if !is_on => {
                    let pirq = bound.remove(known).pirq;
                    hvm.messages.unbind(&mut hvm.lines, pirq.0);
                    // It may be unmapped already.
                    let _ = pirqs.unmap(domain, pirq);
                }
                (Some(_), Some(_)) | (None, _) => {}
            }
        }
        self.program_messages();
        self.send_held(card);
    }
}

/// A domain's number of a message.
pub(super) fn pirq_of(pirqs: &Pirqs, domain: DomId, bdf: Bdf, entry: u16) -> Option<PirqId> {
    let mut messages = pirqs.messages();
    messages.find(|&(id, _, of, at)| (id, of, at) == (domain, bdf, entry)).map(|(_, pirq, ..)| pirq)
}

/// Where an entry's control is among the registers.
const fn control_of(entry: u16) -> u32 {
    TABLE.table.offset + entry as u32 * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL as u32
}
