//! What a figure is: a question, presets, knobs, actions, and a run that can be drawn at every step.
//!
//! Not modelled: figures that share a run, and runs that go on by themselves.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::actors::epoch::Drivers;
use crate::actors::log::{Event, Log, Who};
use crate::telling::drawing::{Drawing, Tone};
use crate::telling::knobs::{Knob, Retired, Sequence};
use crate::telling::narration;
use crate::telling::source::{self, SourceRef};
use crate::words::ids::VifId;
use crate::words::text::Text;

/// Everything about a figure that does not depend on a run.
#[derive(Debug)]
pub struct FigureSpec {
    /// The name in fences and addresses.
    pub name: &'static str,
    /// A short title.
    pub title: &'static str,
    /// The one question that the figure answers.
    pub question: &'static str,
    /// Supplied examples, the best one first; at least one.
    pub presets: &'static [Preset],
    /// At most four.
    pub knobs: &'static [Knob],
    /// What a reader can do in the run.
    pub actions: &'static [ActionSpec],
    /// What of that a reader can put in order beforehand.
    pub order: Option<&'static Sequence>,
    /// Knobs and presets that links of former times name.
    pub retired: Option<&'static Retired>,
    /// What can be counted at every step: charts, the table to download and the numbers in articles come from these.
    pub quantities: &'static [Quantity],
    /// What a reader is asked to guess before the run is played.
    pub guess: Option<&'static Guess>,
    /// Simplifications, each a short phrase.
    pub not_modelled: &'static [&'static str],
    /// The words for what happens in its runs.
    pub words: &'static Words,
    /// Makes a run.
    pub run: fn(&Setup) -> Box<dyn Run>,
}

/// The words for events, and the code behind them. A figure names those that it needs, and the browser module holds no
/// others.
#[derive(Debug)]
pub struct Words {
    /// Writes an event's sentence.
    pub tell: fn(&mut Text, &Event, Drivers),
    /// Finds the code behind an event.
    pub source: fn(&Event, Drivers) -> Option<SourceRef>,
}

impl Words {
    /// For a ring, and for a packet on its way out; other events are left without words.
    pub const WAY_OUT: Words = Words { tell: narration::tell_way_out, source: source::of_way_out };

    /// For a packet on its way out through any generation of netback, and past a filter or a packet socket.
    pub const PACKET: Words = Words { tell: narration::tell_packet, source: source::of_packet };

    /// For a ring and its sums of bells; other events are left without words.
    pub const WAKEUPS: Words = Words { tell: narration::tell_wakeups, source: source::of_wakeups };

    /// For a ring's stores and loads; other events are left without words.
    pub const INTERLEAVING: Words = Words { tell: narration::tell_interleaving, source: source::of_interleaving };

    /// For one granted page, from the grant to its end.
    pub const GRANTS: Words = Words { tell: narration::tell_grants, source: source::of_grants };

    /// For everything.
    pub const ALL: Words = Words { tell: narration::tell, source: source::of };
}

impl FigureSpec {
    /// The preset of that name.
    #[must_use]
    pub fn preset(&self, name: &str) -> Option<usize> {
        self.presets.iter().position(|preset| preset.name == name)
    }

    /// The knob of that name.
    #[must_use]
    pub fn knob(&self, name: &str) -> Option<usize> {
        self.knobs.iter().position(|knob| knob.name == name)
    }

    /// The quantity of that name.
    #[must_use]
    pub fn quantity(&self, name: &str) -> Option<usize> {
        self.quantities.iter().position(|quantity| quantity.name == name)
    }
}

/// A whole number that every step of a run has.
#[derive(Debug)]
pub struct Quantity {
    /// The name in articles' claims, in tables, and for whatever lights up with it.
    pub name: &'static str,
    /// The chart's title.
    pub title: &'static str,
    /// The unit, or nothing for plain counts. Nanoseconds are `ns`, bytes `B`.
    pub unit: &'static str,
    /// Whose it is.
    pub tone: Tone,
    /// Whether it has a chart; at most four have one.
    pub charted: bool,
}

/// A question that a reader answers before the run answers it: who has committed to a guess sees the gap.
#[derive(Debug)]
pub struct Guess {
    /// The question, about the run at hand.
    pub question: &'static str,
    /// What can be answered.
    pub answers: Answers,
}

/// What can be answered.
#[derive(Debug)]
pub enum Answers {
    /// One of these.
    Choice(&'static [&'static str]),
    /// A whole number.
    Number {
        /// The largest that the field takes.
        most: u32,
        /// The unit, or nothing.
        unit: &'static str,
    },
    /// An order of these, at most nine: those first that come to least. Which of two that come to as much is first, does
    /// not matter.
    Order {
        /// What is put in order.
        items: &'static [&'static str],
        /// What each comes to a number of.
        unit: &'static str,
    },
}

impl Answers {
    /// The places of an order that is written as a number, a digit for each place: `201` puts the third item first. Nothing
    /// if it is no order of so many items.
    #[must_use]
    pub fn places(order: u32, items: usize) -> Option<Vec<usize>> {
        let mut rest = order;
        let mut places: Vec<usize> = (0..items).map(|_| (rest % 10, rest /= 10).0 as usize).collect();
        places.reverse();
        ((0..items).all(|item| places.contains(&item)) && rest == 0).then_some(places)
    }

    /// The number that an order is written as which begins with the least; among equals the first of the list is first.
    #[must_use]
    pub fn order_of(counts: &[u32]) -> u32 {
        // Put in one by one: a library's sort is more than the rest of a browser's module has room for.
        let mut places: Vec<usize> = Vec::new();
        for (item, count) in counts.iter().enumerate() {
            let before = places.iter().filter(|other| counts[**other] <= *count).count();
            places.insert(before, item);
        }
        places.into_iter().fold(0, |order, item| order * 10 + item as u32)
    }
}

/// What a run answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// An index into the choices, the number, or the order as [`Answers::places`] reads it.
    pub value: u32,
    /// Why, in one line.
    pub why: &'static str,
}

/// A supplied example.
#[derive(Debug)]
pub struct Preset {
    /// The name in fences and addresses.
    pub name: &'static str,
    /// The menu's text.
    pub title: &'static str,
    /// One sentence on what to see.
    pub says: &'static str,
    /// The knobs' values, in the order of the knobs.
    pub knobs: &'static [u32],
    /// What happens unless the reader does something else: one letter of [`ActionSpec::letter`] a step. Empty for figures
    /// whose steps come from a machine's own agenda.
    pub script: &'static str,
    /// Moments worth a picture of their own: step and caption.
    pub film: &'static [(u32, &'static str)],
}

/// Something that a reader can do.
#[derive(Debug)]
pub struct ActionSpec {
    /// Its letter in scripts and addresses.
    pub letter: char,
    /// The button's text.
    pub title: &'static str,
    /// Who does it in the machine.
    pub who: Who,
    /// The kernel's name for it.
    pub hint: &'static str,
}

/// What a run is made from: nothing else decides its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// An index into [`FigureSpec::presets`].
    pub preset: usize,
    /// One value per knob.
    pub knobs: Vec<u32>,
    /// The order that the reader gave the figure's [`Sequence`]; empty while the preset's own script runs.
    pub order: Vec<char>,
    /// What the reader did, in order of steps; a preset's script ends where the first one stands.
    pub inputs: Vec<Input>,
}

/// A reader's action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    /// The step that it is: step 1 leads from the first frame to the second.
    pub step: u32,
    /// An [`ActionSpec::letter`].
    pub letter: char,
}

impl Setup {
    /// A preset's number and its knobs, with nothing done by the reader.
    #[must_use]
    pub const fn new(preset: usize, knobs: Vec<u32>) -> Setup {
        Setup { preset, knobs, order: Vec::new(), inputs: Vec::new() }
    }

    /// The actions to perform, step by step: the script up to the first input, then the inputs.
    #[must_use]
    pub fn letters(&self, script: &str) -> Vec<char> {
        let kept = self.inputs.first().map_or(usize::MAX, |input| input.step.saturating_sub(1) as usize);
        script.chars().take(kept).chain(self.inputs.iter().map(|input| input.letter)).collect()
    }

    /// The first step for which [`Setup::letters`] has no action although a later one has: in a figure whose steps are all
    /// actions there is none.
    #[must_use]
    pub fn gap(&self, script: &str) -> Option<(Input, u32)> {
        let mut next = script.len() as u32 + 1;
        self.inputs.iter().find_map(|input| {
            let gap = (input.step > next).then_some((*input, next));
            next = input.step + 1;
            gap
        })
    }
}

/// A run that is made by doing what letters say, each of which may take several steps.
pub(crate) trait Enacted {
    /// Steps told so far.
    fn steps(&self) -> u32;

    /// From this step on nothing is told until the next letter: it is that of the reader's next action.
    fn leave_room_from(&mut self, step: u32);

    /// Does what a letter says; `false` if it makes no sense.
    fn perform(&mut self, letter: char) -> bool;

    /// Does what a letter of the script says, which some runs look at more kindly than the reader's.
    fn follow(&mut self, letter: char) -> bool {
        self.perform(letter)
    }

    /// Does what a preset says until the first thing that the reader did, then what the reader did. What made no sense when
    /// its turn came, in the middle of something or after the end, ends the run.
    fn enact(&mut self, script: &str, inputs: &[Input]) {
        let begins = |place: usize| inputs.get(place).map_or(u32::MAX, |input| input.step);
        self.leave_room_from(begins(0));
        for letter in script.chars() {
            if self.steps() + 1 == begins(0) || !self.follow(letter) {
                break;
            }
        }
        for (place, input) in inputs.iter().enumerate() {
            self.leave_room_from(begins(place + 1));
            if input.step != self.steps() + 1 || !self.perform(input.letter) {
                break;
            }
        }
    }
}

/// A run from its first frame to its last.
pub trait Run {
    /// All that happened; its steps are the run's.
    fn log(&self) -> &Log;

    /// The picture after `step` steps; at most [`Log::steps`].
    fn draw(&self, step: u32, layout: Layout) -> Drawing;

    /// Whether the action makes sense after `step` steps.
    fn can(&self, step: u32, letter: char) -> bool;

    /// A quantity after `step` steps; `quantity` is an index into [`FigureSpec::quantities`].
    fn value(&self, _step: u32, _quantity: usize) -> u64 {
        0
    }

    /// What this run answers to the figure's [`Guess`]; nothing when the question does not fit the set-up.
    fn answer(&self) -> Option<Answer> {
        None
    }

    /// What each item comes to that a [`Guess`] wants in order; empty where it wants none.
    fn ranked(&self) -> Vec<u32> {
        Vec::new()
    }

    /// The order in which the figure's [`Sequence`] is done; empty where it has none.
    fn order(&self) -> Vec<char> {
        Vec::new()
    }

    /// The drivers of an interface, whose code and habits the run is told from.
    fn drivers(&self, _vif: VifId) -> Drivers {
        Drivers::default()
    }
}

/// The box that a picture is drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// An article on a desk: 896 px wide.
    Wide,
    /// A phone: 328 px wide, top to bottom, labels at full size.
    Narrow,
    /// A frame of the film strip: 264 px wide, only the state.
    Film,
}
