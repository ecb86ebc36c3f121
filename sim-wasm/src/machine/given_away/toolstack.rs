//! The toolstack: jobs made of steps, one after the other, in the order of xend 3.3 or of today's libxl.
//!
//! A job waits for the one before it. What a step does it finds out when its turn comes, not when it is put down. A step that
//! fails ends its job. What the steps before it gave is then taken back, the last first; what they took stays taken:
//!
//! | a job that fails | what is undone | what is left |
//! |---|---|---|
//! | a guest is built with cards | they are taken back, it is destroyed, pciback lets go of those that it took for it | an HVM guest's of 3.3 are not reset |
//! | a card is made assignable | pciback lets it go | |
//! | a PV guest gets a card | it is taken back, and pciback shows it no longer | it was reset |
//! | an HVM guest, today | it is taken back, and the guest is asked to let it go | it was reset; a guest may keep it in its slot |
//! | an HVM guest, in 3.3 | nothing | what the device model does when xend waits no longer |
//! | a card is taken from a guest | nothing | it is the guest's still, or half taken: as far as the job came |
//!
//! To take a card back is to reset it, to have Xen take it, and to forbid it.
//!
//! Sources: `tools/libs/light/libxl_pci.c`, `libxl__device_pci_add`, `pci_add_dm_done`, `do_pci_remove`,
//! `pci_remove_detached`, `libxl__device_pci_assignable_add`; `tools/python/xen/xend/server/pciif.py`, `setupDevice`,
//! `setupOneDevice` and, as of 3.4, `cleanupOneDevice`.
//!
//! Cards behind a bridge cannot be told apart by the unit, and should be one guest's. When xend builds a guest, it refuses a
//! card of which another guest has a neighbour; it does not look when a card comes to a guest that runs, and libxl never
//! does: the ID that all of them share goes with the one that changed hands last.
//!
//! Not modelled: stub domains, `rdm_policy` where a guest's own memory is in the way, a toolstack that is killed half way, and
//! what a toolstack leaves when it gives up: keys in the store, and a card that Xen refuses in the slot and with the permissions
//! that libxl gave it before (`pci_add_dm_done`).

use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;

use crate::hypervisor::passthrough::options::{GuestKind, Version};
use crate::machine::given_away::settings::{CardId, GuestId};
use crate::machine::given_away::tally::Count;
use crate::machine::given_away::{GivenAway, Item};

/// One step of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// pciback takes a card from dom0's driver, if it has not.
    Seize(CardId),
    /// Xen takes a card that is dom0's into quarantine.
    Quarantine(CardId),
    /// pciback gives a card back to dom0's driver.
    LetGo(CardId),
    /// Xen is asked whether a card could be a guest's.
    Test(CardId),
    /// A card that is to go to a guest is pciback's and no guest's, or it does not go.
    CheckAssignable(CardId),
    /// Of cards behind a bridge no neighbour is another guest's, or none of them goes.
    CheckTogether(Vec<CardId>),
    /// A card that is to be taken from a guest is that guest's, or nobody touches it.
    CheckAttached(GuestId, CardId),
    /// A card is reset.
    Reset(CardId),
    /// A card that was reset is there again.
    Restore(CardId),
    /// Xen makes a card a guest's.
    Assign(GuestId, CardId),
    /// Xen takes a card from a guest.
    Deassign(GuestId, CardId),
    /// If a guest has a card, it is reset, taken from it and forbidden.
    TakeBack(GuestId, CardId),
    /// The same with all cards that count as a guest's.
    TakeAll(GuestId),
    /// A guest may touch a card's registers, and get its line.
    Permit(GuestId, CardId),
    /// It may not any more.
    Forbid(GuestId, CardId),
    /// A guest is made.
    Create(GuestId),
    /// Both halves of a guest's PCI device are told of cards.
    Announce(GuestId, Vec<CardId>),
    /// pciback lets go of cards that it was told of.
    Unexport(GuestId, Vec<CardId>),
    /// Both halves are to be done with what they were told.
    AwaitConnected(GuestId, u16),
    /// Both halves are told that a card goes.
    Withdraw(GuestId, CardId),
    /// The keys of a card that went are removed.
    Forget(GuestId, CardId),
    /// A guest's device model begins.
    StartModel(GuestId, Vec<CardId>),
    /// xend speaks with the device model of a guest that runs: a card comes, or goes.
    Handshake(GuestId, CardId, bool),
    /// xend waits until that is over.
    AwaitXend(GuestId),
    /// Today's device model is to show a guest a card, which runs already or not.
    ModelAdd(GuestId, CardId, bool),
    /// Today's device model is to have a guest let go of a card.
    ModelRemove(GuestId, CardId),
    /// It has, or the wait was long enough.
    AwaitModel(GuestId, CardId, u8),
    /// A guest's system is started.
    Start(GuestId),
    /// The guest has the card, or has it no more.
    Note(GuestId, CardId, bool),
    /// The guest is destroyed.
    Kill(GuestId),
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The next one.
    Next,
    /// The next one; if the job is given up later, these take back what this one gave.
    Undone(Vec<Step>),
    /// These first.
    First(Vec<Step>),
    /// This one instead, so many nanoseconds later.
    Later(u64, Step),
    /// The job is given up.
    Failed,
}

/// A job, and what is undone if it fails.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Job {
    steps: VecDeque<Step>,
    /// Of each step that gave something what takes it back.
    undo: Vec<Vec<Step>>,
    /// Whether it is being undone.
    given_up: bool,
}

/// All jobs, the one at work first.
#[derive(Clone, Debug, Default)]
pub(super) struct Jobs(VecDeque<Job>);

impl Jobs {
    pub(super) const fn new() -> Jobs {
        Jobs(VecDeque::new())
    }
}

impl GivenAway {
    /// A guest is to be built with cards.
    pub(super) fn build(&mut self, guest: GuestId, cards: &[CardId]) {
        let kind = self.guest(guest).kind;
        let cards: Vec<CardId> =
            cards.iter().copied().filter(|card| usize::from(card.0) < self.hardware.cards.len()).collect();
        let mut steps: Vec<Step> = cards.iter().flat_map(|card| self.seize(*card)).collect();
        steps.extend(cards.iter().map(|card| Step::CheckAssignable(*card)));
        if kind == GuestKind::Hvm {
            steps.extend(cards.iter().map(|card| Step::Test(*card)));
        }
        steps.push(Step::Create(guest));
        let has_neighbours = |card: &CardId| self.hardware.together(*card).len() > 1;
        if self.is_old() && cards.iter().any(has_neighbours) {
            steps.push(Step::CheckTogether(cards.clone()));
        }
        match (kind, self.settings.options.version) {
            (GuestKind::Pv, _) => {
                steps.extend(cards.iter().flat_map(|card| self.give(guest, *card)));
                if !cards.is_empty() {
                    steps.extend([Step::Announce(guest, cards.clone()), Step::AwaitConnected(guest, 0)]);
                }
            }
            (GuestKind::Hvm, Version::Xen33) => {
                steps.extend([Step::StartModel(guest, cards.clone()), Step::AwaitXend(guest)]);
                steps.extend(cards.iter().map(|card| Step::Permit(guest, *card)));
            }
            (GuestKind::Hvm, Version::Today) => {
                steps.push(Step::StartModel(guest, Vec::new()));
                steps.extend(cards.iter().flat_map(|card| self.give(guest, *card)));
            }
        }
        steps.push(Step::Start(guest));
        steps.extend(cards.iter().map(|card| Step::Note(guest, *card, true)));
        self.queue(steps);
    }

    /// A card is to become assignable.
    pub(super) fn make_assignable(&mut self, card: CardId) {
        let steps = self.seize(card);
        self.queue(steps);
    }

    /// A card is to go back to dom0's driver.
    pub(super) fn give_back(&mut self, card: CardId) {
        self.queue(vec![Step::LetGo(card)]);
    }

    /// A guest that runs is to get a card.
    pub(super) fn plug(&mut self, guest: GuestId, card: CardId) {
        let kind = self.guest(guest).kind;
        let mut steps = Vec::new();
        match (kind, self.settings.options.version) {
            (GuestKind::Pv, _) => {
                steps.extend([Step::AwaitConnected(guest, 0), Step::CheckAssignable(card)]);
                steps.extend(self.give(guest, card));
                steps.extend([Step::Announce(guest, vec![card]), Step::AwaitConnected(guest, 0)]);
            }
            (GuestKind::Hvm, Version::Xen33) => {
                steps.extend([Step::CheckAssignable(card), Step::Handshake(guest, card, true)]);
                steps.extend([Step::AwaitXend(guest), Step::Permit(guest, card)]);
            }
            (GuestKind::Hvm, Version::Today) => {
                steps.extend([Step::Test(card), Step::CheckAssignable(card)]);
                steps.extend(self.give(guest, card));
            }
        }
        steps.push(Step::Note(guest, card, true));
        self.queue(steps);
    }

    /// A card is to be taken from a guest that runs.
    pub(super) fn unplug(&mut self, guest: GuestId, card: CardId) {
        let kind = self.guest(guest).kind;
        let (reset, take, forbid) = (Step::Reset(card), Step::Deassign(guest, card), Step::Forbid(guest, card));
        let (withdraw, forget) = (Step::Withdraw(guest, card), Step::Forget(guest, card));
        let (note, wait) = (Step::Note(guest, card, false), Step::AwaitConnected(guest, 0));
        let steps = match (kind, self.settings.options.version) {
            (GuestKind::Pv, Version::Xen33) => {
                vec![wait.clone(), withdraw, wait, reset, take, forbid, forget, note]
            }
            (GuestKind::Pv, Version::Today) => {
                vec![wait.clone(), forbid, reset, take, withdraw, wait, forget, note]
            }
            (GuestKind::Hvm, Version::Xen33) => {
                vec![Step::Handshake(guest, card, false), Step::AwaitXend(guest), reset, forbid, note]
            }
            (GuestKind::Hvm, Version::Today) => {
                let gone = [Step::ModelRemove(guest, card), Step::AwaitModel(guest, card, 0)];
                gone.into_iter().chain([reset, take, forbid, note]).collect()
            }
        };
        let check = Step::CheckAttached(guest, card);
        self.queue([check].into_iter().chain(steps).collect());
    }

    /// A guest is to be destroyed: the cards that it has then are reset and taken from it first, whether it lets them go or not.
    pub(super) fn destroy(&mut self, guest: GuestId) {
        self.queue(vec![Step::TakeAll(guest), Step::Kill(guest)]);
    }

    /// pciback takes a card; today it goes into quarantine.
    fn seize(&self, card: CardId) -> Vec<Step> {
        match self.settings.options.version {
            Version::Xen33 => vec![Step::Seize(card)],
            Version::Today => vec![Step::Seize(card), Step::Quarantine(card)],
        }
    }

    /// The toolstack's part in giving a guest a card.
    fn give(&mut self, guest: GuestId, card: CardId) -> Vec<Step> {
        let (assign, permit) = (Step::Assign(guest, card), Step::Permit(guest, card));
        let running = self.guest(guest).alive;
        match (self.guest(guest).kind, self.settings.options.version) {
            (_, Version::Xen33) => vec![assign, permit],
            (GuestKind::Pv, Version::Today) => vec![Step::Reset(card), permit, assign],
            (GuestKind::Hvm, Version::Today) => {
                vec![Step::Reset(card), Step::ModelAdd(guest, card, running), permit, assign]
            }
        }
    }

    fn queue(&mut self, steps: Vec<Step>) {
        let idle = self.jobs.0.is_empty();
        self.jobs.0.push_back(Job { steps: steps.into(), undo: Vec::new(), given_up: false });
        if idle {
            let delay = self.settings.delays.step;
            self.after(delay, Item::Toolstack);
        }
    }

    /// The toolstack takes its next step.
    pub(super) fn run_toolstack(&mut self) {
        let mut delay = self.settings.delays.step;
        let next = self.jobs.0.front_mut().and_then(|job| job.steps.pop_front());
        if let Some(step) = next {
            let outcome = self.take_step(step);
            let gives_up = match (outcome, self.jobs.0.front_mut()) {
                (Outcome::Next, _) | (_, None) => false,
                (Outcome::Undone(steps), Some(job)) => {
                    job.undo.push(steps);
                    false
                }
                (Outcome::First(steps), Some(job)) => {
                    steps.into_iter().rev().for_each(|step| job.steps.push_front(step));
                    false
                }
                (Outcome::Later(nanos, step), Some(job)) => {
                    delay = nanos;
                    job.steps.push_front(step);
                    false
                }
                // What cannot be undone stays.
                (Outcome::Failed, Some(job)) => !job.given_up,
            };
            if gives_up {
                self.give_up();
            }
        }
        if self.jobs.0.front().is_some_and(|job| job.steps.is_empty()) {
            self.jobs.0.pop_front();
        }
        if !self.jobs.0.is_empty() {
            self.after(delay, Item::Toolstack);
        }
    }

    fn give_up(&mut self) {
        self.tally.one(Count::Refused);
        if let Some(job) = self.jobs.0.front_mut() {
            job.steps = core::mem::take(&mut job.undo).into_iter().rev().flatten().collect();
            job.given_up = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::log::Event;
    use crate::actors::log::hotplug::Hotplug;
    use crate::hypervisor::passthrough::options::Options;
    use crate::machine::given_away::settings::{Act, GuestSettings, Settings};

    /// Xen refuses the card when the guest sees it already. The next guest that is to get it waits for the first to let it go.
    #[test]
    fn a_card_that_xen_refuses_leaves_its_slot_before_another_gets_it() {
        let (guest, other, card) = (GuestId(0), GuestId(1), CardId(0));
        let guests = vec![GuestSettings::new(GuestKind::Hvm); 2];
        let mut settings = Settings::new(Options::default_of(Version::Today), guests);
        // Longer than it takes to give the other guest the card.
        settings.delays.system = 1_000_000_000;
        let mut machine = GivenAway::new(&settings).expect("it boots");
        machine.run();
        machine.carry_out(Act::MakeAssignable(card));
        machine.run();
        machine.iommus.refuses = Some(machine.hardware.place(card));
        machine.carry_out(Act::Plug(guest, card));
        machine.carry_out(Act::Plug(other, card));
        while machine.tally.get(Count::Refused) == 0 {
            assert!(machine.step(), "the job comes to where Xen refuses");
        }
        machine.iommus.refuses = None;
        machine.run();
        let slots = machine.log.entries().iter().filter_map(|entry| match entry.event {
            Event::Hotplug(Hotplug::SlotFilled { .. }) => Some("filled"),
            Event::Hotplug(Hotplug::SlotEjected { .. }) => Some("ejected"),
            _ => None,
        });
        assert_eq!(slots.collect::<Vec<_>>(), ["filled", "ejected", "filled"]);
        assert!(!machine.is_shown(guest, card) && machine.is_shown(other, card) && machine.drives(other, card));
        assert_eq!(machine.tally.get(Count::Refused), 1);
    }
}
