//! A run of the figure: a burst, or four single packets, through both drivers.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::actors::log::Log;
use crate::telling::drawing::Drawing;
use crate::telling::receive::picture;
use crate::telling::receive::tally::{Tally, Way};
use crate::telling::receive::world::{Lies, Moment, Plan, World};
use crate::telling::receive::{BATCH, BYTES, SQUEEZE, WAY};
use crate::telling::story::{Answer, Layout, Run, Setup};

/// The run, and what it came to after each step.
pub(crate) struct ReceiveRun {
    pub(crate) log: Log,
    pub(crate) tallies: Vec<Tally>,
    pub(crate) ways: Vec<Way>,
    pub(crate) plan: Plan,
    /// The step in which a reader's listener began; 0 for none.
    pub(crate) listens_from: u32,
    moments: Vec<Option<Moment>>,
}

impl ReceiveRun {
    pub(crate) fn new(setup: &Setup) -> Self {
        let (flips, gives_own_pages, lies) = match setup.knobs[WAY] {
            0 => (false, false, Lies::Alone),
            1 => (true, true, Lies::Alone),
            2 => (true, true, Lies::Shared),
            3 => (true, true, Lies::AmongOthers),
            _ => (true, false, Lies::Alone),
        };
        let batch = setup.knobs[BATCH];
        // The second burst shows that others wait too.
        let bursts = if setup.knobs[SQUEEZE] > 0 { 2 } else { 1 };
        let plan = Plan {
            bytes: setup.knobs[BYTES] as u16,
            flips,
            gives_own_pages,
            lies,
            batch,
            bursts: if batch == 1 { 4 } else { bursts },
            squeezed: match setup.knobs[SQUEEZE] {
                0 => 0,
                1 => 500_000_000,
                _ => 1_500_000_000,
            },
        };
        let mut world = World::new(plan);
        world.run(&setup.inputs);
        let World { log, recorder, moments, listens_from, .. } = world;
        Self { log, tallies: recorder.tallies, ways: recorder.ways, plan, listens_from, moments }
    }

    pub(crate) fn tally(&self, step: u32) -> Tally {
        self.tallies[(step as usize).min(self.tallies.len() - 1)]
    }
}

impl Run for ReceiveRun {
    fn log(&self) -> &Log {
        &self.log
    }

    fn draw(&self, step: u32, layout: Layout) -> Drawing {
        picture::draw(self, step, layout)
    }

    fn can(&self, step: u32, letter: char) -> bool {
        self.moments.get(step as usize).copied().flatten().is_some_and(|moment| moment.allows(letter))
    }

    fn value(&self, step: u32, quantity: usize) -> u64 {
        let now = self.tally(step);
        match quantity {
            0 => now.operations(),
            1 => now.copied(),
            2 => now.calls.hypercalls,
            3 => u64::from(now.waiting),
            4 => u64::from(now.packets),
            5 => now.calls.returned,
            6 => now.calls.transfers,
            7 => now.calls.fresh,
            8 => now.calls.placed,
            9 => now.calls.flushes,
            10 => now.calls.copied_bytes,
            11 => now.copied_first,
            12 => now.changes(),
            13 => u64::from(now.guest),
            14 => u64::from(now.free),
            _ => u64::from(now.dom0),
        }
    }

    fn answer(&self) -> Option<Answer> {
        let end = self.tally(self.log.steps());
        let changes = end.changes().checked_div(u64::from(end.packets))?;
        let why = if changes == 0 {
            "Only bytes move: every frame stays whose it was, and the guest finds its own page filled."
        } else {
            "One frame goes from the guest to Xen, one from dom0 to the guest, one from Xen to dom0; then everybody owns as many as before."
        };
        Some(Answer { value: changes as u32, why })
    }
}

#[cfg(test)]
mod tests {
    use crate::telling::receive::FIGURE;
    use crate::telling::receive::run::ReceiveRun;
    use crate::telling::receive::world::World;
    use crate::telling::story::Setup;

    /// Every setting of the figure.
    fn setups() -> Vec<Setup> {
        let mut setups = vec![Vec::new()];
        for knob in FIGURE.knobs {
            setups = setups
                .iter()
                .flat_map(|values: &Vec<u32>| {
                    knob.named().iter().map(|option| [values.as_slice(), &[option.value]].concat())
                })
                .collect();
        }
        setups.into_iter().map(|knobs| Setup::new(0, knobs)).collect()
    }

    /// The steps' counts come to what the hypervisor counted, and every packet arrives by the page that its row shows.
    #[test]
    fn the_last_step_has_all_that_was_counted() {
        for setup in setups() {
            let run = ReceiveRun::new(&setup);
            let mut world = World::new(run.plan);
            world.run(&[]);
            let end = run.tally(run.log.steps());
            assert_eq!(end.calls, world.xen.calls, "{setup:?}");
            assert_eq!(run.tallies.len() as u32, run.log.steps() + 1);
            assert_eq!(end.packets, run.plan.batch * run.plan.bursts, "{setup:?}");
            assert!(run.tallies.is_sorted_by_key(|tally| (tally.calls.hypercalls, tally.operations(), tally.copied())));
            for way in &run.ways {
                assert!(0 < way.accepted && way.accepted < way.delivered, "{setup:?}");
                assert!(way.delivered < way.taken && way.taken < way.handed && way.handed < way.posted, "{setup:?}");
                assert_eq!(way.fresh.is_some(), run.plan.flips);
                assert!(way.given().is_some(), "{setup:?}");
            }
        }
    }

    /// Frames are neither made nor lost, whoever has them.
    #[test]
    fn frames_change_hands_and_stay_as_many() {
        for setup in setups().into_iter().filter(|setup| setup.knobs[super::SQUEEZE] == 0) {
            let run = ReceiveRun::new(&setup);
            let all = |step| {
                let now = run.tally(step);
                now.guest + now.dom0 + now.free
            };
            assert!((0..=run.log.steps()).all(|step| all(step) == all(0)), "{setup:?}");
            let (start, end) = (run.tally(0), run.tally(run.log.steps()));
            assert_eq!((start.guest, start.dom0, start.free), (end.guest, end.dom0, end.free), "{setup:?}");
        }
    }
}
