//! Machines in which cards are given away, drawn: toolstack, drivers, device model, Xen's tables and cards at once.

use sim::hypervisor::passthrough::options::{GuestKind, Options, Quarantine, Switch, Version, Wanted};
use sim::hypervisor::passthrough::repairs::Repairs;
use sim::hypervisor::vtd::capabilities::{
    CAP_48_BIT, CAP_CM, CAP_POSTING, CAP_PSI, CAP_RWBF, Capabilities, ECAP_COHERENT,
};
use sim::machine::given_away::GivenAway;
use sim::machine::given_away::settings::{
    Act, AtReset, CardId, CardSettings, Delays, GuestId, GuestSettings, Messages, Payload, Reserved, Settings, Stands,
    Target,
};
use sim::words::time::Time;

use crate::drawn::Draw;
use crate::drawn::devices::DeviceRun;

/// Cards of a machine: two below a switch, and one beside it.
const CARDS: u32 = 3;

/// A drawn machine at its end.
pub(super) fn run(draw: &mut Draw) -> DeviceRun {
    let mut machine = GivenAway::new(&draw.joined()).expect("drawn settings make a machine");
    machine.run();
    DeviceRun { log: machine.log().clone(), state: machine.state() }
}

impl Draw {
    fn joined(&mut self) -> Settings {
        self.guests = 1 + self.below(3) as u16;
        let guests = (0..self.guests).map(|guest| self.guest_with_cards(guest)).collect();
        Settings {
            options: self.boot_options(),
            unit: (!self.once_in(6)).then(|| self.unit_before_cards()),
            repairs: if self.once_in(4) { Repairs { waits: false, ..Repairs::ALL } } else { Repairs::ALL },
            heeds_test: if self.once_in(4) { Switch::Off } else { Switch::On },
            access_control: if self.once_in(2) { Switch::Off } else { Switch::On },
            guests,
            cards: (0..CARDS).map(|_| self.card_settings()).collect(),
            reserved: (0..self.below(3)).map(|_| self.reserved()).collect(),
            relaxed_rdm: self.one_of(&[Switch::On, Switch::Off]),
            acts: (0..10 + self.below(30)).map(|_| self.timed_act()).collect(),
            delays: Delays { request: self.one_of(&[1_000, 1_000, 3_000_000, 40_000_000]), ..Delays::default() },
            until: Time::from_millis(20_000),
            log: Switch::On,
        }
    }

    fn card_settings(&mut self) -> CardSettings {
        CardSettings {
            at_reset: self.one_of(&[AtReset::Stops, AtReset::Finishes]),
            messages: self.one_of(&[Messages::Msi, Messages::MsiX]),
            stands: self.one_of(&[Stands::Alone, Stands::Alone, Stands::Alone, Stands::BehindBridge]),
        }
    }

    fn reserved(&mut self) -> Reserved {
        let switches = [Switch::On, Switch::Off];
        Reserved {
            pages: 1 + self.below(2) as u8,
            cards: (0..1 + self.below(2)).map(|_| self.card_id()).collect(),
            usb: self.one_of(&switches),
            in_use: self.one_of(&switches),
        }
    }

    fn boot_options(&mut self) -> Options {
        let mut options = Options::default_of(self.one_of(&[Version::Today, Version::Today, Version::Xen33]));
        options.wanted = if self.once_in(8) { Wanted::No } else { Wanted::Yes };
        if options.version == Version::Xen33 {
            options.pv = self.one_of(&[Switch::On, Switch::On, Switch::Off]);
        } else {
            options.quarantine = self.one_of(&[Quarantine::Basic, Quarantine::ScratchPage, Quarantine::No]);
            options.intpost = self.one_of(&[Switch::On, Switch::Off]);
            options.intremap = self.one_of(&[Switch::On, Switch::On, Switch::Off]);
        }
        options
    }

    fn unit_before_cards(&mut self) -> Capabilities {
        let plain = Capabilities::typical();
        self.one_of(&[
            plain,
            plain,
            plain.with_cap(CAP_POSTING),
            plain.with_cap(CAP_CM),
            plain.without_cap(CAP_PSI),
            plain.without_ecap(ECAP_COHERENT).with_cap(CAP_RWBF),
            plain.without_cap(CAP_48_BIT).with_guest_width(39),
        ])
    }

    /// Guests come with the cards of their numbers, with any other, or with none.
    fn guest_with_cards(&mut self, number: u16) -> GuestSettings {
        let mut guest = GuestSettings::new(self.one_of(&[GuestKind::Pv, GuestKind::Hvm]));
        if !self.once_in(4) {
            guest.boots_with.push(self.card_of(GuestId(number as u8)));
        }
        guest
    }

    /// Any card, and more often than others the one that has the guest's number: most of what drivers do is to their own.
    fn card_of(&mut self, guest: GuestId) -> CardId {
        if self.once_in(3) { self.card_id() } else { CardId(guest.0) }
    }

    fn timed_act(&mut self) -> (Time, Act) {
        let time = Time::from_millis(500 + u64::from(self.below(9_000)));
        (time, self.act())
    }

    fn act(&mut self) -> Act {
        let guest = self.guest_id();
        let (card, bytes) = (self.card_of(guest), self.below(5_000) as u16);
        let page = self.below(30) as u16;
        match self.below(26) {
            0 => Act::MakeAssignable(card),
            1 | 2 => Act::Plug(guest, card),
            3 | 4 => Act::Unplug(guest, card),
            5 => Act::GiveBack(card),
            6 => Act::Destroy(guest),
            7 => Act::Die(guest),
            8..=11 => Act::Arrive(card, bytes),
            12..=14 => Act::Send(guest, card, bytes),
            15 | 16 => {
                let target = self.target();
                let payload = self.one_of(&[Payload::Packet(bytes), Payload::Word(u32::from(bytes) & 0xFF)]);
                Act::Aim(guest, card, target, payload)
            }
            17 => Act::Point(guest, card, self.target()),
            18 => Act::Peek(guest, card, self.target(), bytes),
            19 | 20 => Act::GiveUpPage(guest, page),
            21 => Act::TakePage(guest, page),
            22 => Act::Retype(guest, page, self.one_of(&[Switch::On, Switch::Off])),
            23 => Act::Touch(guest, card, 0x1000 + self.below(0x40) as u16, self.one_of(&[0, 1, 0xFEE0_0000])),
            24 => Act::Move(guest, card, 762 + self.below(12)),
            _ => Act::Slow(self.below(3_000)),
        }
    }

    fn target(&mut self) -> Target {
        let number = self.below(40) as u16;
        match self.below(8) {
            0 | 1 => Target::PageOf(self.guest_id(), number),
            2 => Target::PageOfDom0(number),
            3 => Target::RegistersOf(self.card_id()),
            4 => Target::Interrupts,
            5 => Target::TableOf(self.card_id()),
            6 => Target::ReservedFor(self.card_id()),
            _ => Target::Address(u64::from(self.below(800)) << 12),
        }
    }

    fn guest_id(&mut self) -> GuestId {
        GuestId(self.below(u32::from(self.guests)) as u8)
    }

    fn card_id(&mut self) -> CardId {
        CardId(self.below(CARDS) as u8)
    }
}
