//! The bindings for a page: a thin coat over [`Player`], and nothing else in the engine knows of browsers.
//!
//! Not modelled: scenarios and sweeps: a page has figures.

use alloc::string::String;
use alloc::vec::Vec;

use sim::telling::player::{Player, Tick};
use sim::telling::story::Layout;
use sim::telling::svg::Ink;
use sim::words::text::Text;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::MODULE;

const fn layout(narrow: bool) -> Layout {
    if narrow { Layout::Narrow } else { Layout::Wide }
}

fn pairs(ticks: Vec<(u32, Tick)>) -> Vec<u32> {
    let kind = |tick| match tick {
        Tick::Notification => 1,
        Tick::Failure => 2,
        Tick::Action => 3,
    };
    ticks.into_iter().flat_map(|(step, tick)| [step, kind(tick)]).collect()
}

/// A figure in a page.
#[wasm_bindgen]
pub struct Figure(Player);

#[wasm_bindgen]
impl Figure {
    /// The frame that a text names; `undefined` when the text names none.
    pub fn open(state: &str) -> Option<Figure> {
        Player::open_among(MODULE.figures, state).ok().map(Figure)
    }

    /// Why a text names no frame; empty when it names one.
    pub fn why_not(state: &str) -> String {
        let mut text = Text::new();
        if let Err(error) = Player::open_among(MODULE.figures, state) {
            error.tell(&mut text);
        }
        text.into_string()
    }

    /// The present frame as a text.
    pub fn state(&self) -> String {
        self.0.state()
    }

    /// The last frame.
    pub fn steps(&self) -> u32 {
        self.0.steps()
    }

    /// The present frame.
    pub fn at(&self) -> u32 {
        self.0.at()
    }

    /// One frame on; `false` at the end.
    pub fn step(&mut self) -> bool {
        self.0.step()
    }

    /// One frame back; `false` at the start.
    pub fn back(&mut self) -> bool {
        self.0.back()
    }

    /// To a frame.
    pub fn seek(&mut self, frame: u32) {
        self.0.seek(frame);
    }

    /// Does what the reader wants; `false` when it makes no sense now.
    pub fn act(&mut self, letter: char) -> bool {
        self.0.act(letter)
    }

    /// Whether the reader's action makes sense now.
    pub fn can(&self, letter: char) -> bool {
        self.0.can(letter)
    }

    /// Whether the reader left a run by acting in its past.
    pub fn forked(&self) -> bool {
        self.0.forked()
    }

    /// Goes back to the run that the reader left.
    pub fn undo_fork(&mut self) -> bool {
        self.0.undo_fork()
    }

    /// The preset's index.
    pub fn preset(&self) -> usize {
        self.0.preset()
    }

    /// Starts a preset afresh.
    pub fn set_preset(&mut self, index: usize) {
        self.0.set_preset(index);
    }

    /// A knob's value.
    pub fn knob(&self, index: usize) -> u32 {
        self.0.knob(index)
    }

    /// Turns a knob and starts afresh.
    pub fn set_knob(&mut self, index: usize, value: u32) {
        self.0.set_knob(index, value);
    }

    /// The order in which the steps are done that a reader may put in order: their letters.
    pub fn order(&self) -> String {
        self.0.order()
    }

    /// Puts them in another order and starts afresh.
    pub fn set_order(&mut self, letters: &str) {
        self.0.set_order(letters);
    }

    /// The picture, as the static page has it.
    pub fn svg(&self, narrow: bool) -> String {
        self.0.page_svg(layout(narrow))
    }

    /// The picture with its own colours, to be kept.
    pub fn standalone_svg(&self) -> String {
        self.0.svg(Layout::Wide, Ink::Light)
    }

    /// The charts of the present frame; empty when the figure has none.
    pub fn chart(&self, narrow: bool) -> String {
        self.0.page_chart(layout(narrow), None)
    }

    /// The charts with another run of the same figure beside this one.
    pub fn chart_beside(&self, narrow: bool, other: &Figure) -> String {
        self.0.page_chart(layout(narrow), Some(&other.0))
    }

    /// To the moment that another run of the same figure has come to.
    pub fn follow(&mut self, other: &Figure) {
        self.0.follow(&other.0);
    }

    /// Whether the figure's question fits the present set-up.
    pub fn asks(&self) -> bool {
        self.0.answer().is_some()
    }

    /// How a guess stands to what the run answers: a choice's index, a number, or an order's digits.
    pub fn gap(&self, guess: u32) -> String {
        self.0.gap(guess)
    }

    /// The whole run as comma-separated values.
    pub fn csv(&self) -> String {
        self.0.csv()
    }

    /// The time of the present frame; empty where time plays no part.
    pub fn time(&self) -> String {
        self.0.time()
    }

    /// What happened in the step that led here.
    pub fn sentence(&self) -> String {
        self.0.sentence()
    }

    /// Where the code stands that did it.
    pub fn source(&self) -> String {
        self.0.source()
    }

    /// The name of the code behind the present frame, as the page's notes on code are marked with it; may be empty.
    pub fn source_key(&self) -> String {
        let mut text = Text::new();
        if let Some(reference) = self.0.source_ref() {
            reference.push_key(&mut text);
        }
        text.into_string()
    }

    /// The whole run as rows of an HTML table.
    pub fn rows(&self) -> String {
        self.0.rows()
    }

    /// The film as items of an HTML list; `address` leads to the figure.
    pub fn film(&self, address: &str) -> String {
        self.0.film(address)
    }

    /// Marks for the scrubber: step and kind in turn; 1 a notification, 2 a failure, 3 the reader's action.
    pub fn ticks(&self) -> Vec<u32> {
        pairs(self.0.ticks())
    }

    /// The same of the run that the reader left by acting in its past.
    pub fn left_ticks(&self) -> Vec<u32> {
        pairs(self.0.left_ticks())
    }

    /// The last frame of the run that the reader left.
    pub fn left_steps(&self) -> u32 {
        self.0.left_steps()
    }

    /// Gives up the run that the reader left.
    pub fn forget_left(&mut self) {
        self.0.forget_left();
    }
}
