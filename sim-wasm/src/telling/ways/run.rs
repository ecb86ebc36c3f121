//! A run of the figure: one packet on each way, a hop of every way at a time; or the sums of a burst, a way at a time.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::actors::costs::Way;
use crate::actors::epoch::Epoch;
use crate::actors::log::ways::Ways;
use crate::actors::log::{Event, Log};
use crate::actors::netback::settings::BackSettings;
use crate::machine::own_card::Signal;
use crate::telling::drawing::Drawing;
use crate::telling::story::{Answer, Answers, Layout, Run, Setup};
use crate::telling::ways::SIZES;
use crate::telling::ways::picture;
use crate::telling::ways::route::{BURST, Counts, Leg, Load, route, sum};
use crate::telling::ways::weights::Weights;
use crate::words::time::Time;

const LOAD: usize = 0;
const EXIT: usize = 1;
const HYPERCALL: usize = 2;
const SWITCH: usize = 3;

/// The longest packet of the figure; more bytes are several.
const LONGEST: u32 = 1514;

/// One way of the run.
pub(crate) struct Track {
    pub(crate) way: Way,
    pub(crate) legs: Vec<Leg>,
    /// What the whole load takes.
    pub(crate) sum: Counts,
}

/// All ways, and what the load is.
pub(crate) struct WaysRun {
    load: Load,
    tracks: [Track; 5],
    log: Log,
}

impl WaysRun {
    pub(crate) fn new(setup: &Setup) -> Self {
        let load = setup.knobs[LOAD];
        let bytes = SIZES[(load / 2 % 4) as usize];
        let burst = bytes > LONGEST;
        let each = if burst { bytes / BURST } else { bytes };
        let load = Load {
            sends: load.is_multiple_of(2),
            short: each <= u32::from(BackSettings::of(Epoch::Classic).header),
            burst,
            signal: match load / 8 {
                0 => Signal::Line,
                1 => Signal::Message,
                _ => Signal::Posted,
            },
            weights: Weights {
                exit: setup.knobs[EXIT],
                hypercall: setup.knobs[HYPERCALL],
                switch: setup.knobs[SWITCH],
            },
        };
        let tracks = Way::ALL.map(|way| Track { way, legs: route(way, &load), sum: sum(way, &load) });
        let log = if load.burst { sums(&tracks) } else { hops(&tracks) };
        Self { load, tracks, log }
    }
}

/// A step for each hop that any way has.
fn hops(tracks: &[Track; 5]) -> Log {
    let mut log = Log::new();
    let longest = tracks.iter().map(|track| track.legs.len()).max().unwrap_or(0);
    for at in 0..longest {
        let mut first = true;
        for track in tracks {
            let Some(leg) = track.legs.get(at) else { continue };
            let event = Event::Ways(Ways::Hopped { way: track.way, hop: leg.hop });
            if first {
                log.step(Time::ZERO, event);
            } else {
                log.also(Time::ZERO, event);
            }
            first = false;
        }
    }
    log
}

/// A step for each way.
fn sums(tracks: &[Track; 5]) -> Log {
    let mut log = Log::new();
    for Track { way, sum, .. } in tracks {
        let Counts { exits, hypercalls, .. } = *sum;
        log.step(Time::ZERO, Event::Ways(Ways::Summed { way: *way, packets: BURST, exits, hypercalls }));
    }
    log
}

/// What a way has taken after so many steps; nothing if it has not been told yet.
pub(crate) fn taken(track: &Track, number: usize, load: &Load, step: u32) -> Option<Counts> {
    let step = step as usize;
    if load.burst {
        return (number < step).then_some(track.sum);
    }
    let legs = track.legs.iter().take(step);
    Some(legs.fold(Counts::default(), |sum, leg| sum + leg.counts))
}

impl Run for WaysRun {
    fn log(&self) -> &Log {
        &self.log
    }

    fn draw(&self, step: u32, layout: Layout) -> Drawing {
        picture::draw(&self.load, &self.tracks, step, layout)
    }

    fn can(&self, _step: u32, _letter: char) -> bool {
        false
    }

    /// Counts by way, then what they weigh.
    fn value(&self, step: u32, quantity: usize) -> u64 {
        let ways = self.tracks.len();
        let (number, column) = match quantity.checked_sub(ways * COLUMNS) {
            Some(number) => (number, COLUMNS),
            None => (quantity / COLUMNS, quantity % COLUMNS),
        };
        let counts = taken(&self.tracks[number], number, &self.load, step).unwrap_or_default();
        let cycles = self.load.weighs(&counts).unwrap_or(0);
        counts.columns().into_iter().chain([counts.look_ups, cycles]).nth(column).unwrap_or(0).into()
    }

    fn answer(&self) -> Option<Answer> {
        let why = "Only an HVM guest exits: for a register of an emulated card, for a hypercall, for an interrupt and its end.";
        Some(Answer { value: Answers::order_of(&self.ranked()), why })
    }

    /// By exits.
    fn ranked(&self) -> Vec<u32> {
        self.tracks.iter().map(|track| track.sum.exits).collect()
    }
}

/// Quantities of each way.
const COLUMNS: usize = 7;
