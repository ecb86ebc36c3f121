//! The cells of a map: which runs there are, what held packets back in each, and what Little's law says.
//!
//! A page cannot make hundreds of runs, so what they came to is written down here, one letter for a run and one line for a
//! delay. `tests/figure_map.rs` makes every run again and compares.
//!
//! Not modelled: what the figure's own entry lists.

use crate::actors::log::summary::Limiter;

/// Bytes in a packet, column by column.
pub const SIZES: [u32; 24] = [
    60, 64, 66, 96, 128, 192, 256, 384, 512, 640, 768, 1024, 1280, 1514, 2048, 2560, 3072, 4096, 6144, 9014, 16384,
    24576, 32768, 65226,
];

/// Microseconds from a packet's end to the card's report, row by row.
pub const DELAYS: [u32; 18] = [0, 5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 400, 500, 600, 700, 800, 900, 1000];

/// Nanoseconds in which the guests together make a packet.
const PACE: u64 = 2_000;

/// The longest packet that is sent as it is; a longer one has an extra info on the ring.
const ETHERNET: u32 = 1514;

/// Bytes of each packet that netback copies beside its pages: the classic one, and the one that copies all.
const HEADERS: [u32; 2] = [64, 138];

/// Slots of one ring that are in use when its queue stops.
const STOP_LINE: u32 = 236;

/// Slots that netback holds at most before it takes another packet (`MAX_PENDING_REQS` less `MAX_SKB_FRAGS`).
const POOL: u32 = 238;

/// From the card's report to the next request in netback's hands, in nanoseconds: two events and some softirqs.
const TURN_ROUND: u64 = 12_000;

/// One set of runs.
#[derive(Debug)]
pub struct Map {
    /// A line for each delay, a letter for each size.
    pub letters: &'static str,
    /// Knobs of the scenario `limits` that differ from its defaults.
    pub knobs: &'static [(&'static str, u32)],
}

/// The maps, in the order of the figure's presets.
pub static MAPS: [Map; 4] = [
    Map { letters: include_str!("classic.txt"), knobs: &[] },
    Map { letters: include_str!("four-guests.txt"), knobs: &[("guests", 4)] },
    Map { letters: include_str!("few-descriptors.txt"), knobs: &[("descriptors", 256)] },
    Map { letters: include_str!("copies.txt"), knobs: &[("netback", 1)] },
];

/// The letter that stands for a limiter.
#[must_use]
pub const fn letter(limiter: Limiter) -> char {
    match limiter {
        Limiter::Guest => 'g',
        Limiter::Ring => 'r',
        Limiter::Pool => 'p',
        Limiter::Descriptors => 'd',
        Limiter::Wire => 'w',
    }
}

impl Map {
    /// What held packets back in the run of a cell.
    #[must_use]
    pub fn at(&self, row: usize, column: usize) -> Limiter {
        match self.letters.as_bytes().get(row * (SIZES.len() + 1) + column) {
            Some(b'g') => Limiter::Guest,
            Some(b'r') => Limiter::Ring,
            Some(b'p') => Limiter::Pool,
            Some(b'd') => Limiter::Descriptors,
            Some(_) | None => Limiter::Wire,
        }
    }

    /// A knob of the runs, by its name; the scenario's default where the map says nothing of it.
    fn knob(&self, name: &str, default: u32) -> u32 {
        self.knobs.iter().find(|(known, _)| *known == name).map_or(default, |(_, value)| *value)
    }

    /// Nanoseconds that one packet costs at each place, by Little's law: so many can be on their way at a time, and each is as
    /// long under way as the card's report takes.
    #[must_use]
    pub fn costs(&self, row: usize, column: usize) -> [(Limiter, u64); 5] {
        let size = SIZES[column];
        let guests = u64::from(self.knob("guests", 1));
        let data = size.div_ceil(4096);
        let slots = data + u32::from(size > ETHERNET);
        let small = size <= HEADERS[usize::from(self.copies())];
        let descriptors = if small { 1 } else { data + 1 };
        let away = u64::from(DELAYS[row]) * 1_000 + TURN_ROUND;
        // A packet that is copied whole keeps no slot.
        let held = if small || self.copies() { TURN_ROUND } else { away };
        let per = |time: u64, packets: u32| time / u64::from(packets.max(1));
        [
            (Limiter::Guest, PACE),
            (Limiter::Ring, per(held, STOP_LINE.div_ceil(slots)) / guests),
            (Limiter::Pool, per(held, POOL / data)),
            (Limiter::Descriptors, per(away, self.knob("descriptors", 4_096) / descriptors)),
            (Limiter::Wire, u64::from(size) * 8_000 / u64::from(self.knob("card", 10_000))),
        ]
    }

    /// Whether netback copies all.
    pub(crate) fn copies(&self) -> bool {
        self.knob("netback", 0) == 1
    }

    /// What Little's law takes for the limit.
    #[must_use]
    pub fn predicted(&self, row: usize, column: usize) -> Limiter {
        let costs = self.costs(row, column);
        costs.iter().fold(costs[0], |most, cost| if cost.1 > most.1 { *cost } else { most }).0
    }

    /// How often a letter stands in the map.
    #[must_use]
    pub fn count(&self, limiter: Limiter) -> u32 {
        self.cells(|row, column| self.at(row, column) == limiter)
    }

    /// In how many cells the run agrees with Little's law.
    #[must_use]
    pub fn as_predicted(&self) -> u32 {
        self.cells(|row, column| self.at(row, column) == self.predicted(row, column))
    }

    fn cells(&self, counts: impl Fn(usize, usize) -> bool) -> u32 {
        let row = |row| (0..SIZES.len()).filter(|column| counts(row, *column)).count() as u32;
        (0..DELAYS.len()).map(row).sum()
    }
}
