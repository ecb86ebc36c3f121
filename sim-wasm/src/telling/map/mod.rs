//! Figure "map": hundreds of runs at once: what holds packets back, for each size of packet and each delay of the card.
//!
//! Not modelled: more than two things that vary at a time. The whole list is `FIGURE`'s own.

pub mod cells;

mod picture;

use alloc::boxed::Box;

use crate::actors::epoch::{Drivers, Epoch};
use crate::actors::log::summary::{Limiter, Summary};
use crate::actors::log::{Event, Log};
use crate::telling::drawing::{Drawing, Tone};
use crate::telling::map::cells::{DELAYS, MAPS, Map, SIZES};
use crate::telling::narration;
use crate::telling::source::{self, SourceRef};
use crate::telling::story::{Answer, Answers, FigureSpec, Guess, Layout, Preset, Quantity, Run, Setup, Words};
use crate::words::ids::VifId;
use crate::words::text::Text;
use crate::words::time::Time;

/// The figure's entry in the catalogue.
pub static FIGURE: FigureSpec = FigureSpec {
    name: "map",
    title: "What limits throughput",
    question: "Across packet size and the card's delay: what limits throughput?",
    presets: &[
        Preset {
            name: "classic",
            title: "One guest, classic netback",
            says: "Each cell is a run of its own: a guest with packets of one size, and a card of 10 Gb/s that reports so late. Dashed is where Little's law puts the borders. Step to read the rows.",
            knobs: &[],
            script: "",
            film: &[
                (1, "Prompt reports: small packets are as fast as made."),
                (10, "At 200 µs the ring has slots to spare."),
                (12, "At 400 µs small packets wait for slots."),
                (18, "At 1 ms all but the tiniest wait, and the wire idles."),
            ],
        },
        Preset {
            name: "four-guests",
            title: "Four guests, classic netback",
            says: "The same load from four guests. They have four rings, but the classic netback has one pool of 256 slots for all.",
            knobs: &[],
            script: "",
            film: &[
                (1, "Prompt reports: the number of guests plays no part."),
                (11, "At 300 µs four rings have slots enough."),
                (12, "From 400 µs on the pool they share is the limit."),
                (18, "At 1 ms four rings do no better than one."),
            ],
        },
        Preset {
            name: "few-descriptors",
            title: "A card with 256 descriptors",
            says: "The same single guest with the e1000's own 256 descriptors, two for each packet: they run out before the ring does.",
            knobs: &[],
            script: "",
            film: &[
                (10, "As before, while reports are prompt."),
                (12, "128 packets fill the card's ring before 236 slots."),
                (18, "At 1 ms even tiny packets wait for descriptors."),
            ],
        },
        Preset {
            name: "copies",
            title: "A netback that copies (Linux 3.4)",
            says: "Slots come back as soon as they are copied, so neither ring nor pool holds anything back, and the delay plays no part.",
            knobs: &[],
            script: "",
            film: &[
                (1, "Guest or wire: whichever is slower."),
                (10, "The delay changes nothing."),
                (18, "Not even at 1 ms."),
            ],
        },
    ],
    knobs: &[],
    actions: &[],
    quantities: &[
        quantity("cells", "runs", Tone::Soft),
        quantity("guest-cells", "limited by guests", Tone::Domu),
        quantity("ring-cells", "limited by the ring", Tone::Xen),
        quantity("pool-cells", "limited by the pool", Tone::Dom0),
        quantity("descriptor-cells", "limited by descriptors", Tone::Hardware),
        quantity("wire-cells", "limited by the wire", Tone::Hardware),
        quantity("as-predicted", "as Little's law says", Tone::Soft),
    ],
    guess: Some(&Guess {
        question: "In how many of the 432 runs would a faster wire change nothing?",
        answers: Answers::Number { most: 432, unit: "" },
    }),
    order: None,
    retired: None,
    not_modelled: &[
        "guests whose packets differ in size",
        "TCP, which would slow down when packets are lost",
        "the time that code takes (assumed: 2 µs for guests to make a packet, 4 µs for an event, 1 µs for a softirq)",
        "preamble, padding, checksum and gap on the wire",
        "a card that loses speed with many descriptors (4096, or 256 in the third map)",
    ],
    words: &Words { tell, source },
    run: |setup| Box::new(MapRun::new(setup)),
};

const fn quantity(name: &'static str, title: &'static str, tone: Tone) -> Quantity {
    Quantity { name, title, unit: "", tone, charted: false }
}

fn tell(out: &mut Text, event: &Event, _drivers: Drivers) {
    if let Event::Summary(event) = event {
        narration::summary::tell(out, event);
    }
}

fn source(event: &Event, drivers: Drivers) -> Option<SourceRef> {
    match event {
        Event::Summary(event) => source::summary::of(event, drivers),
        _ => None,
    }
}

/// A map whose rows are read one after the other.
struct MapRun {
    preset: usize,
    log: Log,
}

impl MapRun {
    fn new(setup: &Setup) -> Self {
        let map = &MAPS[setup.preset];
        let mut log = Log::new();
        for (row, &delay) in DELAYS.iter().enumerate() {
            log.step(Time::ZERO, Event::Summary(Summary::Reported { delay }));
            let mut first = 0;
            for (column, &to) in SIZES.iter().enumerate() {
                let by = map.at(row, column);
                if SIZES.len() > column + 1 && map.at(row, column + 1) == by {
                    continue;
                }
                let limited = Summary::Limited { from: SIZES[first], to, by };
                log.also(Time::ZERO, Event::Summary(limited));
                first = column + 1;
            }
        }
        Self { preset: setup.preset, log }
    }

    fn map(&self) -> &'static Map {
        &MAPS[self.preset]
    }
}

impl Run for MapRun {
    fn log(&self) -> &Log {
        &self.log
    }

    fn draw(&self, step: u32, layout: Layout) -> Drawing {
        picture::draw(self.map(), step as usize, layout)
    }

    fn can(&self, _step: u32, _letter: char) -> bool {
        false
    }

    fn value(&self, _step: u32, quantity: usize) -> u64 {
        let map = self.map();
        u64::from(match quantity {
            0 => (SIZES.len() * DELAYS.len()) as u32,
            1 => map.count(Limiter::Guest),
            2 => map.count(Limiter::Ring),
            3 => map.count(Limiter::Pool),
            4 => map.count(Limiter::Descriptors),
            5 => map.count(Limiter::Wire),
            _ => map.as_predicted(),
        })
    }

    fn answer(&self) -> Option<Answer> {
        let value = (SIZES.len() * DELAYS.len()) as u32 - self.map().count(Limiter::Wire);
        Some(Answer {
            value,
            why: "Where guests, ring, pool or descriptors are the limit, the wire is idle at times already.",
        })
    }

    fn drivers(&self, _vif: VifId) -> Drivers {
        let back = if self.map().copies() { Epoch::GrantCopy } else { Epoch::Classic };
        Drivers { back, ..Drivers::default() }
    }
}
