//! A [`Player`] shows a run: step, back, seek, act, and all of it as one short text.
//!
//! There is no history to keep: a run is a function of its setup, so acting in the past makes another run, and the text of
//! [`Player::state`] is enough to bring any frame back.

use crate::actors::log::Entry;
use crate::telling::figure;
use crate::telling::narration::phrases::push_time;
use crate::telling::narration::{class, name, push_interface, tell};
use crate::telling::source::{self, SourceRef};
use crate::telling::story::{FigureSpec, Input, Layout, Run, Setup};
use crate::telling::svg::{self, Ink, escape};
use crate::words::text::Text;
use crate::words::time::Time;

/// Inputs that a state may hold: enough for any reader, little enough for any address.
const MOST_INPUTS: usize = 512;

/// A mark on the scrubber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tick {
    /// An event channel rang.
    Notification,
    /// Something was refused, dropped or attacked.
    Failure,
    /// The reader did it.
    Action,
}

/// A figure at one frame of one run.
pub struct Player {
    spec: &'static FigureSpec,
    setup: Setup,
    run: Box<dyn Run>,
    at: u32,
    /// What the reader left by acting in its past: the setup and the frame.
    left: Option<(Setup, u32)>,
}

impl Player {
    /// The first frame of a preset.
    ///
    /// # Panics
    /// When the figure has no such preset.
    #[must_use]
    pub fn new(spec: &'static FigureSpec, preset: usize) -> Self {
        let setup = Setup { preset, knobs: spec.presets[preset].knobs.to_vec(), inputs: Vec::new() };
        Self { spec, run: (spec.run)(&setup), setup, at: 0, left: None }
    }

    /// The frame that a text names, as [`Player::state`] wrote it; `None` when the text names none.
    #[must_use]
    pub fn open(state: &str) -> Option<Self> {
        let (figure_name, rest) = state.split_once('=')?;
        let spec = figure(figure_name)?;
        let mut parts = rest.strip_prefix("v1.")?.split('.');
        let mut player = Self::new(spec, spec.preset(parts.next()?)?);
        let mut at = 0;
        for part in parts {
            let letter = part.chars().next()?;
            let value = &part[letter.len_utf8()..];
            match letter {
                'k' => {
                    let (knob, value) = value.split_once('-')?;
                    player.choose(number(knob)? as usize, number(value)?)?;
                }
                'i' => {
                    let (step, letters) = value.split_once('-')?;
                    player.read_inputs(number(step)?, letters)?;
                }
                'n' => at = number(value)?,
                _ => return None,
            }
        }
        player.run = (spec.run)(&player.setup);
        // A letter that made no sense when its turn came ended the run before the inputs did.
        let promised = player.setup.inputs.last().map_or(0, |input| input.step);
        (promised <= player.steps() && at <= player.steps()).then(|| {
            player.at = at;
            player
        })
    }

    /// The present frame as a text: figure, version, preset, knobs that were turned, what the reader did, frame.
    #[must_use]
    pub fn state(&self) -> String {
        let mut text = Text::new();
        let preset = &self.spec.presets[self.setup.preset];
        text.push_str(self.spec.name).push_str("=v1.").push_str(preset.name);
        for (index, (&value, &supplied)) in self.setup.knobs.iter().zip(preset.knobs).enumerate() {
            if value != supplied {
                text.push_str(".k").push_u32(index as u32).push_char('-').push_u32(value);
            }
        }
        let mut next_step = None;
        for input in &self.setup.inputs {
            if next_step != Some(input.step) {
                text.push_str(".i").push_u32(input.step).push_char('-');
            }
            text.push_char(input.letter);
            next_step = Some(input.step + 1);
        }
        text.push_str(".n").push_u32(self.at);
        text.into_string()
    }

    /// The figure.
    #[must_use]
    pub fn spec(&self) -> &'static FigureSpec {
        self.spec
    }

    /// The preset's index.
    #[must_use]
    pub fn preset(&self) -> usize {
        self.setup.preset
    }

    /// A knob's value; 0 when there is no such knob.
    #[must_use]
    pub fn knob(&self, index: usize) -> u32 {
        self.setup.knobs.get(index).copied().unwrap_or(0)
    }

    /// The frame, from 0.
    #[must_use]
    pub fn at(&self) -> u32 {
        self.at
    }

    /// The last frame.
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.run.log().steps()
    }

    /// One frame on; `false` at the end.
    pub fn step(&mut self) -> bool {
        let more = self.at < self.steps();
        self.at += u32::from(more);
        more
    }

    /// One frame back; `false` at the start.
    pub fn back(&mut self) -> bool {
        let more = self.at > 0;
        self.at -= u32::from(more);
        more
    }

    /// To a frame, or to the last one when there are fewer.
    pub fn seek(&mut self, frame: u32) {
        self.at = frame.min(self.steps());
    }

    /// Whether the reader's action makes sense now.
    #[must_use]
    pub fn can(&self, letter: char) -> bool {
        let kept = self.setup.inputs.partition_point(|input| input.step <= self.at);
        kept < MOST_INPUTS && self.run.can(self.at, letter)
    }

    /// Does what the reader wants, as the next step. What stood after the present frame is left behind, until
    /// [`Player::undo_fork`]. `false`, and nothing changes, when the action makes no sense now.
    pub fn act(&mut self, letter: char) -> bool {
        if !self.can(letter) {
            return false;
        }
        let before = (self.setup.clone(), self.at);
        let cuts = self.at < self.steps();
        let step = self.at + 1;
        self.setup.inputs.retain(|input| input.step < step);
        // The script up to here becomes part of the run by standing before the first input.
        self.setup.inputs.push(Input { step, letter });
        self.run = (self.spec.run)(&self.setup);
        self.at = step.min(self.steps());
        if cuts {
            self.left = Some(before);
        }
        true
    }

    /// Whether there is a run that the reader left by acting in its past.
    #[must_use]
    pub fn forked(&self) -> bool {
        self.left.is_some()
    }

    /// Goes back to the run that the reader left; `false` when there is none.
    pub fn undo_fork(&mut self) -> bool {
        let Some((setup, at)) = self.left.take() else { return false };
        self.run = (self.spec.run)(&setup);
        self.setup = setup;
        self.seek(at);
        true
    }

    /// Starts a preset afresh; nothing happens when there is no such preset.
    pub fn set_preset(&mut self, preset: usize) {
        if preset < self.spec.presets.len() {
            *self = Self::new(self.spec, preset);
        }
    }

    /// Turns a knob and starts the preset afresh; nothing happens when the knob has no such position.
    pub fn set_knob(&mut self, index: usize, value: u32) {
        if self.choose(index, value).is_some() {
            self.setup.inputs.clear();
            self.run = (self.spec.run)(&self.setup);
            self.at = 0;
            self.left = None;
        }
    }

    /// The picture of the present frame.
    #[must_use]
    pub fn svg(&self, layout: Layout, ink: Ink) -> String {
        svg::write(&self.run.draw(self.at, layout), ink).into_string()
    }

    /// Width and height of the present frame's picture, in CSS pixels.
    #[must_use]
    pub fn size(&self, layout: Layout) -> (u32, u32) {
        let drawing = self.run.draw(self.at, layout);
        (drawing.width.unsigned_abs() / 10, drawing.height.unsigned_abs() / 10)
    }

    /// The picture of the present frame for a page, coloured by the page's style sheet.
    #[must_use]
    pub fn page_svg(&self, layout: Layout) -> String {
        let class = match layout {
            Layout::Wide => "wide",
            Layout::Narrow => "narrow",
            Layout::Film => "film",
        };
        self.svg(layout, Ink::Classes(class))
    }

    /// The time of the present frame; empty where time plays no part.
    #[must_use]
    pub fn time(&self) -> String {
        let mut text = Text::new();
        if self.run.log().entries().iter().any(|entry| entry.time > Time::ZERO) {
            push_time(&mut text, self.run.log().of_step(self.at).last().map_or(Time::ZERO, |entry| entry.time));
        }
        text.into_string()
    }

    /// What happened in the step that led here; at the first frame, what there is to see.
    #[must_use]
    pub fn sentence(&self) -> String {
        let mut text = Text::new();
        if self.at == 0 {
            let preset = &self.spec.presets[self.setup.preset];
            let supplied = self.setup.knobs == preset.knobs;
            text.push_str(if supplied {
                preset.says
            } else {
                "The same run with your own set-up. Step to see what becomes of it."
            });
        }
        for entry in self.run.log().of_step(self.at) {
            if !text.is_empty() {
                text.push_char(' ');
            }
            self.tell(&mut text, entry);
        }
        text.into_string()
    }

    /// Where the code stands that did it: function, file and tree; empty where no public code did.
    #[must_use]
    pub fn source(&self) -> String {
        let mut text = Text::new();
        let first = self.run.log().of_step(self.at).first();
        if let Some(reference) = first.and_then(|entry| self.source_of(entry)) {
            push_source(&mut text, &reference);
        }
        text.into_string()
    }

    /// The whole run as rows of an HTML table: step, time, who, what happened, where in the code.
    #[must_use]
    pub fn rows(&self) -> String {
        let mut rows = Text::new();
        let mut step = 0;
        for entry in self.run.log().entries() {
            self.write_row(&mut rows, entry, entry.step != step);
            step = entry.step;
        }
        rows.into_string()
    }

    /// The preset's film as items of an HTML list: the moments that matter, as stills, and each a link to its frame.
    /// `address` leads to the figure: `#` and its id, perhaps after the address of another page.
    #[must_use]
    pub fn film(&self, address: &str) -> String {
        let mut items = Text::new();
        let setup = Setup { inputs: Vec::new(), ..self.setup.clone() };
        let run = (self.spec.run)(&setup);
        let mut player = Self { spec: self.spec, run, setup, at: 0, left: None };
        let steps = player.steps();
        for (step, caption) in self.spec.presets[self.setup.preset].film.iter().filter(|(step, _)| *step <= steps) {
            player.at = *step;
            items.push_str("<li><a href=\"");
            escape(&mut items, address);
            let state = player.state();
            items.push_str(&state[self.spec.name.len()..]).push_str("\">").push_str(&player.page_svg(Layout::Film));
            items.push_str("<span>");
            escape(&mut items, caption);
            items.push_str("</span></a></li>\n");
        }
        items.into_string()
    }

    /// Marks for the scrubber, in order of steps; a step may have several, but none twice.
    #[must_use]
    pub fn ticks(&self) -> Vec<(u32, Tick)> {
        let mut ticks = Vec::new();
        let mut inputs = self.setup.inputs.iter().peekable();
        for entry in self.run.log().entries() {
            if let Some(input) = inputs.next_if(|input| input.step <= entry.step) {
                ticks.push((input.step, Tick::Action));
            }
            if entry.event.fails() {
                ticks.push((entry.step, Tick::Failure));
            } else if entry.event.rings() {
                ticks.push((entry.step, Tick::Notification));
            }
        }
        // Publishing with a bell and the event that follows are one notification.
        ticks.dedup();
        ticks
    }

    /// A fingerprint of everything that happens in the run.
    #[must_use]
    pub fn log_hash(&self) -> u64 {
        self.run.log().hash()
    }

    /// Everything that happens in the run.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        self.run.log().entries()
    }

    fn write_row(&self, rows: &mut Text, entry: &Entry, first_of_step: bool) {
        let who = entry.event.who();
        rows.push_str("<tr data-n=\"").push_u32(entry.step).push_str("\"><th scope=\"row\">");
        if first_of_step {
            rows.push_u32(entry.step);
        }
        rows.push_str("</th><td>");
        if entry.time > Time::ZERO {
            push_time(rows, entry.time);
        }
        rows.push_str("</td><td><span class=\"").push_str(class(who)).push_str("\">").push_str(name(who));
        rows.push_str("</span></td><td>");
        let mut sentence = Text::new();
        self.tell(&mut sentence, entry);
        escape(rows, sentence.as_str());
        rows.push_str("</td><td><code>");
        if let Some(reference) = self.source_of(entry) {
            push_source(rows, &reference);
        }
        rows.push_str("</code></td></tr>\n");
    }

    /// Writes an entry's sentence, and in a run with several interfaces which one it is about.
    fn tell(&self, out: &mut Text, entry: &Entry) {
        if self.run.log().entries().iter().any(|other| other.vif != entry.vif) {
            push_interface(out, entry);
        }
        tell(out, &entry.event, self.run.drivers(entry.vif));
    }

    fn source_of(&self, entry: &Entry) -> Option<SourceRef> {
        source::of(&entry.event, self.run.drivers(entry.vif))
    }

    fn choose(&mut self, index: usize, value: u32) -> Option<()> {
        let knob = self.spec.knobs.get(index)?;
        knob.options.iter().find(|option| option.value == value)?;
        self.setup.knobs[index] = value;
        Some(())
    }

    /// Takes in consecutive actions; they must come after all earlier ones.
    fn read_inputs(&mut self, first: u32, letters: &str) -> Option<()> {
        let mut step = first;
        for letter in letters.chars() {
            let after = self.setup.inputs.last().map_or(0, |input| input.step);
            let known = self.spec.actions.iter().any(|action| action.letter == letter);
            if step <= after || !known || self.setup.inputs.len() == MOST_INPUTS {
                return None;
            }
            self.setup.inputs.push(Input { step, letter });
            step = step.checked_add(1)?;
        }
        Some(())
    }
}

fn push_source(out: &mut Text, reference: &SourceRef) {
    out.push_str(reference.function).push_str(" · ").push_str(reference.file_name());
    out.push_str(" · ").push_str(reference.tree.name());
}

/// A decimal number without sign, spaces or needless zeros.
fn number(text: &str) -> Option<u32> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let needless_zero = text.len() > 1 && text.starts_with('0');
    if plain && !needless_zero { text.parse().ok() } else { None }
}
