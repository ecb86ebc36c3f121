//! Why a text names no frame.
//!
//! Not modelled: nothing of a machine; a run is only walked and read here.

use core::fmt;

use crate::actors::parts;
use crate::telling::knobs::{Knob, KnobOption, Numbers, Offers};
use crate::telling::link::{MOST_BYTES, MOST_INPUTS, VERSION};
use crate::words::text::Text;

/// Bytes of the reader's own text that a message repeats.
const QUOTED: usize = 40;

/// What is wrong with a text that should name a frame; `'a` is the text.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the line above each variant names what it holds")]
pub enum LinkError<'a> {
    /// It has more than [`MOST_BYTES`] bytes.
    TooLong { bytes: u32 },
    /// A byte, counted from 0, that is no visible ASCII character.
    ForeignCharacter { at: u32 },
    /// There is no `=`.
    NoFigure,
    /// No figure has this name.
    UnknownFigure { name: &'a str },
    /// It is of another version, or of none.
    OtherVersion { found: &'a str },
    /// It ends after the version.
    NoPreset,
    /// The figure has no preset of this name.
    UnknownPreset { figure: &'static str, name: &'a str },
    /// A part that begins with none of the known letters, or is empty.
    UnknownPart { part: &'a str },
    /// A part that lacks a piece.
    Form { part: &'a str, form: &'static str },
    /// Something in a part that should be a number and is none, or has a sign or needless zeros.
    NoNumber { part: &'a str, digits: &'a str },
    /// A number that does not fit into 32 bits.
    TooLarge { part: &'a str, digits: &'a str },
    /// The figure has only `count` knobs.
    UnknownKnob { figure: &'static str, index: u32, count: u32 },
    /// A knob of former times, and the preset is younger than that.
    NotOfPreset { preset: &'static str, index: u32, first: u32 },
    /// Something is said twice.
    Twice { what: &'static str, name: &'static str },
    /// A knob cannot be turned to this value.
    NotOffered { knob: &'static Knob, value: u32 },
    /// The figure has nothing to put in order.
    NoOrder { figure: &'static str },
    /// An order in which not every one of the letters stands once.
    Disorder { part: &'a str, letters: &'static str },
    /// The figure has no such action.
    UnknownAction { figure: &'static str, letter: char },
    /// An action for step 0.
    NoStep,
    /// Actions that stand behind later ones.
    OutOfOrder { step: u32, after: u32 },
    /// There are more than [`MOST_INPUTS`] actions.
    TooManyActions,
    /// An action for a step before which there is one without an action, in a figure whose steps are all actions.
    Gap { step: u32, empty: u32 },
    /// The run ended before an action's turn came.
    AfterEnd { letter: char, step: u32, steps: u32 },
    /// An action that was impossible when its turn came.
    Senseless { letter: char, step: u32 },
    /// A frame beyond the run's last one.
    NoFrame { frame: u32, steps: u32 },
    /// An event that the step does not have.
    NoEvent { frame: u32, event: u32, events: u32 },
}

impl LinkError<'_> {
    /// Writes what is wrong, in one sentence without capital and full stop.
    pub fn tell(&self, out: &mut Text) {
        match self {
            Self::TooLong { bytes } => {
                out.push_str("the link has ").push_u32(*bytes).push_str(" bytes, and at most ");
                out.push_u32(MOST_BYTES as u32).push_str(" are read");
            }
            Self::ForeignCharacter { at } => {
                out.push_str("byte ").push_u32(*at).push_str(" of the link is no visible ASCII character");
            }
            Self::NoFigure => {
                out.push_str("the link has no `=` between a figure's name and a state");
            }
            Self::UnknownFigure { name } => {
                out.push_str("there is no figure ");
                quote(out, name);
            }
            Self::OtherVersion { found: "" } => {
                out.push_str("the link names no version, and only `").push_str(VERSION).push_str("` is known");
            }
            Self::OtherVersion { found } => {
                out.push_str("the link is of version ");
                quote(out, found);
                out.push_str(", and only `").push_str(VERSION).push_str("` is known");
            }
            Self::NoPreset => {
                out.push_str("the link ends before it names a preset");
            }
            Self::UnknownPreset { figure, name } => {
                out.push_str("figure `").push_str(figure).push_str("` has no preset ");
                quote(out, name);
            }
            Self::UnknownPart { part: "" } => {
                out.push_str("the link has an empty part: two dots in a row, or one at its end");
            }
            Self::UnknownPart { part } => {
                out.push_str("the part ");
                quote(out, part);
                let known = if parts::ORDERS { "`k`, `o`, `i`, `n` and `e`" } else { "`k`, `i`, `n` and `e`" };
                out.push_str(" begins with none of ").push_str(known);
            }
            Self::Form { part, form } => {
                out.push_str("the part ");
                quote(out, part);
                out.push_str(" lacks a piece: its form is `").push_str(form).push_char('`');
            }
            Self::NoNumber { part, digits: "" } => {
                out.push_str("the part ");
                quote(out, part);
                out.push_str(" lacks a number");
            }
            Self::NoNumber { part, digits } => {
                quote(out, digits);
                out.push_str(" in the part ");
                quote(out, part);
                out.push_str(" is no plain decimal number");
            }
            Self::TooLarge { part, digits } => {
                quote(out, digits);
                out.push_str(" in the part ");
                quote(out, part);
                out.push_str(" leads beyond 4294967295");
            }
            Self::UnknownKnob { figure, index, count } => {
                out.push_str("figure `").push_str(figure).push_str("` has no knob ").push_u32(*index);
                match count {
                    0 => out.push_str(": it has none"),
                    1 => out.push_str(", only knob 0"),
                    _ => out.push_str(", only 0 to ").push_u32(count - 1),
                };
            }
            Self::NotOfPreset { .. } if !parts::RETIRED => parts::missing(),
            Self::NotOfPreset { preset, index, first } => {
                out.push_str("knob ").push_u32(*index).push_str(" was one when there was no preset `").push_str(preset);
                out.push_str("`, whose knobs begin with ").push_u32(*first);
            }
            Self::Twice { what, name } => {
                out.push_str("the ")
                    .push_str(what)
                    .push_str(" `")
                    .push_str(name)
                    .push_str("` stands in the link twice");
            }
            Self::NotOffered { knob, value } => {
                out.push_str("knob `")
                    .push_str(knob.name)
                    .push_str("` cannot be ")
                    .push_u32(*value)
                    .push_str(", only ");
                push_offers(out, knob);
            }
            Self::NoOrder { .. } | Self::Disorder { .. } if !parts::ORDERS => parts::missing(),
            Self::NoOrder { figure } => {
                out.push_str("figure `").push_str(figure).push_str("` has nothing to put in order");
            }
            Self::Disorder { part, letters } => {
                out.push_str("the part ");
                quote(out, part);
                out.push_str(" is no order of `").push_str(letters).push_str("`, each of them once");
            }
            Self::UnknownAction { figure, letter } => {
                out.push_str("figure `")
                    .push_str(figure)
                    .push_str("` has no action `")
                    .push_char(*letter)
                    .push_char('`');
            }
            Self::NoStep => {
                out.push_str("an action is for step 0, and the first step is 1");
            }
            Self::OutOfOrder { step, after } => {
                out.push_str("an action for step ").push_u32(*step).push_str(" stands behind one for step ");
                out.push_u32(*after);
            }
            Self::TooManyActions => {
                out.push_str("the link has more than ").push_u32(MOST_INPUTS as u32).push_str(" actions");
            }
            Self::Gap { step, empty } => {
                out.push_str("an action is for step ").push_u32(*step).push_str(", and nothing is done in step ");
                out.push_u32(*empty);
            }
            Self::AfterEnd { letter, step, steps } => {
                out.push_str("action `").push_char(*letter).push_str("` is for step ").push_u32(*step);
                out.push_str(", and the run ends with step ").push_u32(*steps);
            }
            Self::Senseless { letter, step } => {
                out.push_str("action `").push_char(*letter).push_str("` makes no sense as step ").push_u32(*step);
            }
            Self::NoFrame { frame, steps } => {
                out.push_str("there is no frame ").push_u32(*frame).push_str(": the run ends with ").push_u32(*steps);
            }
            Self::NoEvent { frame, event, events } => {
                out.push_str("there is no event ").push_u32(*event).push_str(" in step ").push_u32(*frame);
                out.push_str(": the number of its events is ").push_u32(*events);
            }
        }
    }
}

impl fmt::Display for LinkError<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Text::new();
        self.tell(&mut text);
        formatter.write_str(text.as_str())
    }
}

impl core::error::Error for LinkError<'_> {}

/// What a knob can be turned to: `4, 8 and 32`, or `0 to 31 and 1043968`.
fn push_offers(out: &mut Text, knob: &Knob) {
    let mut between = "";
    if let Offers::Number(Numbers { least, most, .. }) = knob.offers {
        out.push_u32(least).push_str(" to ").push_u32(most);
        between = ", ";
    }
    let mut named = knob.named();
    while let [KnobOption { value, .. }, rest @ ..] = named {
        let last = rest.is_empty() && !between.is_empty();
        out.push_str(if last { " and " } else { between }).push_u32(*value);
        (named, between) = (rest, ", ");
    }
}

/// Repeats some of what was read, between backticks.
fn quote(out: &mut Text, text: &str) {
    out.push_char('`');
    match text.get(..QUOTED) {
        Some(start) if start.len() < text.len() => out.push_str(start).push_str("…"),
        _ => out.push_str(text),
    };
    out.push_char('`');
}
