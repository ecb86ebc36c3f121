//! Moving a running guest that owns a card to another host: a bond of the card and of a split interface, and six steps that
//! somebody may do in any order.
//!
//! ```text
//!   bond0 ┬ eth1  the card itself       host A │ host B
//!         └ eth0  netfront
//!
//!   fail over ─► unplug ─► copy in rounds ─► switch ─► plug ─► fail back
//! ```
//!
//! A card's state cannot be copied, and what it writes by DMA is seen by nobody, so Xen refuses to log dirty pages for a
//! domain that has a device: `-EINVAL`, and neither rounds nor switch begin. Nor is a device assigned while pages are logged:
//! `-EXDEV`, from the first round up to the switch. (Both checks are younger than Xen 3.3.) A guest whose card goes while its packets go
//! through it loses them until the bond notices. Zhai, Cummings and Dong described the recipe (Ottawa Linux Symposium 2008).
//!
//! The rounds are `xc_domain_save`'s: all pages first, then whatever was written meanwhile, until fewer than 50 pages went in a
//! round, or 29 rounds or three times the memory are over; then the guest is stopped for the rest. A guest writes so many
//! pages a second, but never more different ones than its working set. All of it is whole numbers.
//!
//! Not modelled: memory. This is a model of orders and times: pages are a number, and neither their contents nor the log of
//! those that were written exists. Nor do the toolstack, the store and the device model take part, whose plugging and
//! unplugging is in [`hotplug`](crate::actors::hotplug). Nor pages of zeros, compression, post-copy, packets that queues hold
//! instead of losing, and how long the peer of a connection is patient.

use crate::actors::log::migration::{Interface, Migration, Refusal, Step};
use crate::actors::log::{Event, Log};
use crate::words::time::Time;

/// Rounds at most, `DEF_MAX_ITERS` (`tools/libxc/xc_domain_save.c`).
pub const MAX_ROUNDS: u32 = 29;
/// How many times the memory goes over at most, `DEF_MAX_FACTOR`.
pub const MAX_FACTOR: u64 = 3;
/// A round with fewer pages than this is the last but one.
pub const FEW_PAGES: u64 = 50;
/// How often a bond looks whether its card is there, in nanoseconds (`miimon`, for which the bonding driver's documentation
/// suggests 100 ms to begin with).
pub const MIIMON: u64 = 100_000_000;

const SECOND: u64 = 1_000_000_000;

/// What a migration is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MigrationSettings {
    /// Pages of the guest.
    pub pages: u64,
    /// Pages that go over in a second.
    pub pages_per_second: u64,
    /// Pages that the guest writes in a second.
    pub dirty_per_second: u64,
    /// Different pages that it writes at most.
    pub working_set: u64,
    /// Packets in a second, each way together.
    pub packets_per_second: u64,
    /// How long a bond's link stays silent when it is told to change, in nanoseconds: an assumption.
    pub change: u64,
    /// How often a bond looks whether its card is there (`miimon`), in nanoseconds.
    pub miimon: u64,
    /// How long it takes to plug or unplug a card, in nanoseconds: an assumption.
    pub plug: u64,
    /// From the last page's arrival to the guest's running again, in nanoseconds: an assumption.
    pub resume: u64,
}

impl Default for MigrationSettings {
    /// A guest of 1 GiB over a link of 1 Gb/s.
    fn default() -> MigrationSettings {
        MigrationSettings {
            pages: 262_144,
            pages_per_second: 30_000,
            dirty_per_second: 3_000,
            working_set: 8_192,
            packets_per_second: 10_000,
            change: 2_000_000,
            miimon: MIIMON,
            plug: 300_000_000,
            resume: 50_000_000,
        }
    }
}

/// On which host the guest runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Where it began.
    Source,
    /// Where it is to go.
    Target,
}

/// A guest on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrating {
    settings: MigrationSettings,
    place: Place,
    active: Interface,
    has_card: bool,
    /// Pages that the target lacks, once the rounds have begun.
    missing: Option<u64>,
    rounds: u32,
    now: Time,
    lost: u64,
    silent: u64,
    longest: u64,
    refused: u32,
}

impl Migrating {
    /// A guest at home, with its packets going through its card.
    #[must_use]
    pub const fn new(settings: MigrationSettings) -> Migrating {
        Migrating {
            settings,
            place: Place::Source,
            active: Interface::Card,
            has_card: true,
            missing: None,
            rounds: 0,
            now: Time::ZERO,
            lost: 0,
            silent: 0,
            longest: 0,
            refused: 0,
        }
    }

    /// Does a step, if it can be done.
    ///
    /// # Errors
    ///
    /// Why it cannot; then nothing has changed.
    pub fn step(&mut self, log: &mut Log, step: Step) -> Result<(), Refusal> {
        if let Some(why) = self.refusal(step) {
            self.refused += 1;
            log.step(self.now, Event::Migration(Migration::Refused { step, why }));
            return Err(why);
        }
        match step {
            Step::FailOver => self.change(log, Interface::Split),
            Step::Unplug => self.unplug(log),
            Step::Copy => self.copy(log),
            Step::Switch => self.switch(log),
            Step::Plug => {
                self.has_card = true;
                log.step(self.now, Event::Migration(Migration::Plugged { target: self.place == Place::Target }));
                self.pass(self.settings.plug);
            }
            Step::FailBack => self.change(log, Interface::Card),
        }
        Ok(())
    }

    /// Why a step cannot be done now.
    #[must_use]
    pub const fn refusal(&self, step: Step) -> Option<Refusal> {
        match step {
            Step::FailOver if matches!(self.active, Interface::Split) => Some(Refusal::AlreadyThere),
            Step::FailBack if matches!(self.active, Interface::Card) => Some(Refusal::AlreadyThere),
            Step::FailBack if !self.has_card => Some(Refusal::NoCard),
            Step::Unplug if !self.has_card => Some(Refusal::NoCard),
            Step::Plug if self.has_card => Some(Refusal::AlreadyThere),
            Step::Plug if self.missing.is_some() => Some(Refusal::PagesLogged),
            Step::Copy | Step::Switch if matches!(self.place, Place::Target) => Some(Refusal::AlreadyThere),
            Step::Copy | Step::Switch if self.has_card => Some(Refusal::DevicePresent),
            Step::Switch if self.missing.is_none() => Some(Refusal::NothingCopied),
            Step::FailOver | Step::FailBack | Step::Unplug | Step::Plug | Step::Copy | Step::Switch => None,
        }
    }

    /// Where it runs.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }

    /// Which interface its packets take.
    #[must_use]
    pub const fn active(&self) -> Interface {
        self.active
    }

    /// Whether it has a card.
    #[must_use]
    pub const fn has_card(&self) -> bool {
        self.has_card
    }

    /// Packets lost so far.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// How long it was silent at a time at most, and in all, in nanoseconds.
    #[must_use]
    pub const fn silence(&self) -> (u64, u64) {
        (self.longest, self.silent)
    }

    /// Rounds of copying so far.
    #[must_use]
    pub const fn rounds(&self) -> u32 {
        self.rounds
    }

    /// Pages that the target lacks: all of them before the rounds begin, none once the guest runs there.
    #[must_use]
    pub const fn missing(&self) -> u64 {
        match (self.place, self.missing) {
            (Place::Target, _) => 0,
            (Place::Source, Some(missing)) => missing,
            (Place::Source, None) => self.settings.pages,
        }
    }

    /// Steps that were refused so far.
    #[must_use]
    pub const fn refused(&self) -> u32 {
        self.refused
    }

    /// How long it took so far.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.now
    }

    /// Whether it has arrived and is as it was before.
    #[must_use]
    pub const fn is_home(&self) -> bool {
        matches!(self.place, Place::Target) && matches!(self.active, Interface::Card) && self.has_card
    }

    fn change(&mut self, log: &mut Log, to: Interface) {
        self.active = to;
        log.step(self.now, Event::Migration(Migration::Changed { to, noticed: false }));
        self.fall_silent(log, self.settings.change);
    }

    fn unplug(&mut self, log: &mut Log) {
        self.has_card = false;
        let in_use = self.active == Interface::Card;
        log.step(self.now, Event::Migration(Migration::Unplugged { in_use }));
        self.pass(self.settings.plug);
        if in_use {
            self.fall_silent(log, self.settings.miimon);
            self.active = Interface::Split;
            log.also(self.now, Event::Migration(Migration::Changed { to: Interface::Split, noticed: true }));
        }
    }

    fn copy(&mut self, log: &mut Log) {
        let MigrationSettings { pages, .. } = self.settings;
        let (mut to_send, mut total, mut round) = (self.missing(), 0, 0);
        loop {
            round += 1;
            total += to_send;
            let nanos = self.nanos_for(to_send);
            self.now += nanos;
            let dirty = self.dirtied(nanos);
            self.rounds += 1;
            let event = Migration::RoundCopied { round, sent: to_send as u32, dirty: dirty as u32 };
            log.step(self.now, Event::Migration(event));
            let over = to_send < FEW_PAGES || round >= MAX_ROUNDS || total > MAX_FACTOR * pages;
            to_send = dirty;
            if over {
                break;
            }
        }
        self.missing = Some(to_send);
    }

    fn switch(&mut self, log: &mut Log) {
        let rest = self.missing.take().expect("nothing is switched before it was copied");
        log.step(self.now, Event::Migration(Migration::Suspended { pages: rest as u32 }));
        let nanos = self.nanos_for(rest) + self.settings.resume;
        self.fall_silent(log, nanos);
        self.place = Place::Target;
        log.also(self.now, Event::Migration(Migration::Resumed { nanos }));
    }

    /// Time in which packets go through. None passes so while pages are logged, but in rounds.
    fn pass(&mut self, nanos: u64) {
        debug_assert!(self.missing.is_none(), "between copy and switch only copying takes time");
        self.now += nanos;
    }

    /// Time in which none goes through.
    fn fall_silent(&mut self, log: &mut Log, nanos: u64) {
        self.pass(nanos);
        let packets = per(self.settings.packets_per_second, nanos);
        self.lost += packets;
        self.silent += nanos;
        self.longest = self.longest.max(nanos);
        log.also(self.now, Event::Migration(Migration::Lost { packets: packets as u32, nanos }));
    }

    const fn nanos_for(&self, pages: u64) -> u64 {
        pages * SECOND / self.settings.pages_per_second
    }

    fn dirtied(&self, nanos: u64) -> u64 {
        per(self.settings.dirty_per_second, nanos).min(self.settings.working_set).min(self.settings.pages)
    }
}

/// How much of a rate falls into a time.
fn per(per_second: u64, nanos: u64) -> u64 {
    (u128::from(per_second) * u128::from(nanos) / u128::from(SECOND)) as u64
}
