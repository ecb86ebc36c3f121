//! What a player shows: pictures, sentences, the table of the whole run, the film.
//!
//! Not modelled: nothing of a machine; a run is only walked and read here.

use alloc::string::String;
use alloc::vec::Vec;

use crate::actors::log::Entry;
use crate::telling::link::{self, Place};
use crate::telling::narration::phrases::push_time;
use crate::telling::narration::{class, name, push_interface};
use crate::telling::player::{Player, Tick};
use crate::telling::source::SourceRef;
use crate::telling::story::{Layout, Run, Setup};
use crate::telling::svg::{self, Ink, escape};
use crate::words::text::Text;
use crate::words::time::Time;

impl Player {
    /// The picture of the present frame.
    #[must_use]
    pub fn svg(&self, layout: Layout, ink: Ink) -> String {
        svg::write(&self.run.draw(self.at.frame, layout), ink).into_string()
    }

    /// Width and height of the present frame's picture, in CSS pixels.
    #[must_use]
    pub fn size(&self, layout: Layout) -> (u32, u32) {
        let drawing = self.run.draw(self.at.frame, layout);
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
        if self.is_timed() {
            push_time(&mut text, self.told().last().map_or(Time::ZERO, |entry| entry.time));
        }
        text.into_string()
    }

    /// Whether time plays a part in the run.
    pub(super) fn is_timed(&self) -> bool {
        self.run.log().entries().last().is_some_and(|entry| entry.time > Time::ZERO)
    }

    /// What happened in the step that led here; at the first frame, what there is to see.
    #[must_use]
    pub fn sentence(&self) -> String {
        let mut text = Text::new();
        if self.at.frame == 0 {
            let preset = &self.spec.presets[self.setup.preset];
            let supplied = self.setup.knobs == preset.knobs && self.setup.order.is_empty();
            text.push_str(if supplied {
                preset.says
            } else {
                "The same run with your own set-up. Step to see what becomes of it."
            });
        }
        for entry in self.told() {
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
        if let Some(reference) = self.source_ref() {
            push_source(&mut text, &reference);
        }
        text.into_string()
    }

    /// The code behind the present frame, as [`SourceRef`]; nothing where no public code did it.
    #[must_use]
    pub fn source_ref(&self) -> Option<SourceRef> {
        self.told().first().and_then(|entry| self.source_of(entry))
    }

    /// The code behind every event of the run, each once, in the order in which they are first needed.
    #[must_use]
    pub fn source_refs(&self) -> Vec<SourceRef> {
        let mut references = Vec::new();
        for reference in self.run.log().entries().iter().filter_map(|entry| self.source_of(entry)) {
            if !references.contains(&reference) {
                references.push(reference);
            }
        }
        references
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

    /// The preset's film as items of an HTML list: the moments that matter, as stills, and each a link to its frame. Its
    /// captions are about the run as it was supplied, so that is what it shows, whatever the reader has set since.
    /// `address` leads to the figure: `#` and its id, perhaps after the address of another page.
    #[must_use]
    pub fn film(&self, address: &str) -> String {
        let mut items = Text::new();
        let setup = Setup::new(self.setup.preset, self.spec.presets[self.setup.preset].knobs.to_vec());
        let untouched = (self.setup != setup).then(|| (self.spec.run)(&setup));
        let run = untouched.as_ref().unwrap_or(&self.run);
        let steps = run.log().steps();
        for &(step, caption) in self.spec.presets[setup.preset].film.iter().filter(|(step, _)| *step <= steps) {
            items.push_str("<li><a href=\"");
            escape(&mut items, address);
            // The page knows the figure by another name, its id.
            let state = link::write(self.spec, &setup, Place { frame: step, event: None });
            let place = state.as_str().strip_prefix(self.spec.name).expect("a state begins with its figure's name");
            let picture = svg::write(&run.draw(step, Layout::Film), Ink::Classes("film"));
            items.push_str(place).push_str("\">").push_str(picture.as_str()).push_str("<span>");
            escape(&mut items, caption);
            items.push_str("</span></a></li>\n");
        }
        items.into_string()
    }

    /// Marks for the scrubber, in order of steps; a step may have several, but none twice.
    #[must_use]
    pub fn ticks(&self) -> Vec<(u32, Tick)> {
        ticks(&self.setup, &*self.run)
    }

    /// The same of the run that the reader left, which stays in sight until it is brought back or given up.
    #[must_use]
    pub fn left_ticks(&self) -> Vec<(u32, Tick)> {
        self.left.as_ref().map_or_else(Vec::new, |left| ticks(&left.setup, &*left.run))
    }

    /// The last frame of the run that the reader left; 0 when none was left.
    #[must_use]
    pub fn left_steps(&self) -> u32 {
        self.left.as_ref().map_or(0, |left| left.run.log().steps())
    }

    fn write_row(&self, rows: &mut Text, entry: &Entry, first_of_step: bool) {
        let who = entry.event.who();
        rows.push_str("<tr data-n=\"").push_u32(entry.step).push_str("\">");
        if first_of_step {
            rows.push_str("<th scope=\"row\">").push_u32(entry.step).push_str("</th><td>");
        } else {
            rows.push_str("<td></td><td>");
        }
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
    pub(super) fn tell(&self, out: &mut Text, entry: &Entry) {
        if self.several {
            push_interface(out, entry);
        }
        (self.spec.words.tell)(out, &entry.event, self.run.drivers(entry.vif));
    }

    pub(super) fn source_of(&self, entry: &Entry) -> Option<SourceRef> {
        (self.spec.words.source)(&entry.event, self.run.drivers(entry.vif))
    }
}

fn push_source(out: &mut Text, reference: &SourceRef) {
    out.push_str(reference.function).push_str(" · ").push_str(reference.file_name());
    out.push_str(" · ").push_str(reference.tree.name());
}

fn ticks(setup: &Setup, run: &dyn Run) -> Vec<(u32, Tick)> {
    let mut ticks = Vec::new();
    let mut inputs = setup.inputs.iter().peekable();
    for entry in run.log().entries() {
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
