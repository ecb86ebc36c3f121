//! What the settings have done at a time.
//!
//! Not modelled: acts of guests that are not there, which nobody does.

use alloc::vec;
use alloc::vec::Vec;

use crate::hypervisor::memory::PageType;
use crate::hypervisor::message::MSI_BASE;
use crate::hypervisor::passthrough::options::{GuestKind, Switch};
use crate::hypervisor::vtd::structures::{PAGE_SHIFT, address_of};
use crate::machine::given_away::card::LONGEST;
use crate::machine::given_away::guest::SHARED_PAGE;
use crate::machine::given_away::hardware::{registers_of, table_of};
use crate::machine::given_away::reserved::frames_of;
use crate::machine::given_away::settings::{Act, CardId, GuestId, Payload, Target};
use crate::machine::given_away::{GivenAway, XEN_HEAP};
use crate::words::ids::{Dfn, DomId, Mfn, Pfn};

/// What a hostile driver sends to itself.
const HOSTILE: u8 = 0xEE;

impl GivenAway {
    pub(super) fn act(&mut self, number: u32) {
        let Some((_, act)) = self.settings.acts.get(number as usize).copied() else { return };
        self.carry_out(act);
    }

    /// Does something now, beside what the settings have.
    pub fn carry_out(&mut self, act: Act) {
        if !self.is_possible(act) {
            return;
        }
        match act {
            Act::MakeAssignable(card) => self.make_assignable(card),
            Act::Plug(guest, card) => self.plug(guest, card),
            Act::Unplug(guest, card) => self.unplug(guest, card),
            Act::GiveBack(card) => self.give_back(card),
            Act::Destroy(guest) => self.destroy(guest),
            Act::Die(guest) => self.kill(guest),
            Act::Arrive(card, bytes) => {
                let packet = self.packet(bytes);
                self.arrives(card, packet);
            }
            Act::Send(guest, card, bytes) => drop(self.transmit(guest, card, bytes)),
            Act::Point(guest, card, target) => drop(self.point(guest, card, target)),
            Act::Aim(guest, card, target, payload) => {
                if self.point(guest, card, target) {
                    let packet = match payload {
                        Payload::Packet(bytes) => vec![HOSTILE; usize::from(bytes.clamp(1, LONGEST))],
                        Payload::Word(word) => word.to_le_bytes().to_vec(),
                    };
                    self.arrives(card, packet);
                }
            }
            Act::Peek(guest, card, target, bytes) => {
                if let Some(address) = self.resolve(guest, target) {
                    self.peek(guest, card, address, bytes);
                }
            }
            Act::Touch(guest, card, at, value) => self.set(guest, card, u32::from(at) & !3, value),
            Act::Move(guest, card, page) => self.move_registers(guest, card, u64::from(page) << PAGE_SHIFT),
            Act::GiveUpPage(guest, page) => self.give_up_page(guest, Pfn(page.into())),
            Act::TakePage(guest, page) => self.take_page(guest, Pfn(page.into())),
            Act::Retype(guest, page, to) => self.retype(guest, Pfn(page.into()), to),
            Act::Slow(polls) => {
                if self.iommus.are_enabled() {
                    self.iommus.unit_mut(0).slow = polls;
                }
            }
        }
    }

    /// Whether there are the guest and the card that an act is about, and the guest can do it.
    fn is_possible(&self, act: Act) -> bool {
        let is_card = |card: CardId| usize::from(card.0) < self.hardware.cards.len();
        match act {
            Act::MakeAssignable(card) | Act::GiveBack(card) | Act::Arrive(card, _) => is_card(card),
            Act::Plug(guest, card)
            | Act::Unplug(guest, card)
            | Act::Send(guest, card, _)
            | Act::Point(guest, card, _)
            | Act::Aim(guest, card, ..)
            | Act::Peek(guest, card, ..)
            | Act::Touch(guest, card, ..)
            | Act::Move(guest, card, _) => is_card(card) && self.is_alive(guest),
            Act::Destroy(guest) => usize::from(guest.0) < self.guests.len(),
            Act::Die(guest) | Act::GiveUpPage(guest, _) | Act::TakePage(guest, _) | Act::Retype(guest, ..) => {
                self.is_alive(guest)
            }
            Act::Slow(_) => true,
        }
    }

    fn point(&mut self, guest: GuestId, card: CardId, target: Target) -> bool {
        self.resolve(guest, target).is_some_and(|address| self.aim(guest, card, address))
    }

    fn arrives(&mut self, card: CardId, packet: Vec<u8>) {
        self.with_card(card, |card| card.arrive(packet));
        self.poke(card);
    }

    /// The address that a guest's driver writes for a target.
    fn resolve(&self, by: GuestId, target: Target) -> Option<u64> {
        let page = |domain: DomId, page: u16| self.xen.domain(domain)?.mfn(Pfn(page.into())).map(address_of);
        match target {
            Target::Address(address) => Some(address),
            Target::PageOf(guest, number) if guest == by => self.address(guest, Pfn(number.into())),
            Target::PageOf(guest, number) => page(GivenAway::domain_of(guest), number),
            Target::PageOfDom0(number) => page(DomId::DOM0, number),
            Target::XenHeap(number) => Some(address_of(Mfn(u32::from(number) % XEN_HEAP))),
            Target::RegistersOf(card) => Some(registers_of(card)),
            Target::TableOf(card) => Some(table_of(card)),
            Target::ReservedFor(card) => frames_of(&self.settings.reserved, card).next().map(address_of),
            Target::Interrupts => Some(MSI_BASE),
        }
    }

    /// A guest gives a page back; what its cards know of it goes first.
    fn give_up_page(&mut self, guest: GuestId, page: Pfn) {
        let (domain, kind) = (GivenAway::domain_of(guest), self.guest(guest).kind);
        let frame = self.xen.domain(domain).and_then(|domain| domain.mfn(page)).filter(|_| page != SHARED_PAGE);
        let Some(frame) = frame else { return };
        let memory = &mut self.xen.memory;
        let forgotten = match kind {
            GuestKind::Pv => self.iommus.frame_given_up(memory, domain, frame),
            GuestKind::Hvm => self.iommus.p2m_changed(memory, domain, Dfn(page.0), None, 0),
        };
        self.tell_xen();
        if forgotten.is_ok() {
            self.xen.decrease_reservation(domain, page).expect("the guest has the page");
        }
    }

    /// A guest fills a hole.
    fn take_page(&mut self, guest: GuestId, page: Pfn) {
        let (domain, kind) = (GivenAway::domain_of(guest), self.guest(guest).kind);
        let Ok(frame) = self.xen.populate(domain, page) else { return };
        let memory = &mut self.xen.memory;
        // Where memory for tables is short, cards do not get there.
        let _ = match kind {
            GuestKind::Pv => self.iommus.frame_gained(memory, domain, frame),
            GuestKind::Hvm => self.iommus.p2m_changed(memory, domain, Dfn(page.0), Some(frame), 0),
        };
        self.tell_xen();
    }

    /// A PV guest makes a page a page table, or an ordinary one.
    fn retype(&mut self, guest: GuestId, page: Pfn, to: Switch) {
        let domain = GivenAway::domain_of(guest);
        let frame = self.xen.domain(domain).and_then(|domain| domain.mfn(page)).filter(|_| page != SHARED_PAGE);
        let Some(frame) = frame.filter(|_| self.guest(guest).kind == GuestKind::Pv) else { return };
        let page_type = if to.is_on() { PageType::PageTable } else { PageType::Writable };
        if self.iommus.get_page_type(&mut self.xen.memory, domain, frame, page_type) == Ok(true) {
            self.xen.memory.put_page_type(frame);
        }
        self.tell_xen();
    }
}
