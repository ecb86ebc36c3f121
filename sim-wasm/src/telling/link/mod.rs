//! The text that names one frame of one run, as it stands in addresses.
//!
//! ```text
//! ring = v1 . burst . k0-32 . i4-pu . n5 . e1
//!   │    │     │       │       │      │    └ the event within the frame's step, when only one is told
//!   │    │     │       │       │      └ the frame
//!   │    │     │       │       └ what the reader did: steps 4 and 5
//!   │    │     │       └ knob 0 was turned to 32
//!   │    │     └ the preset
//!   │    └ the version of this form
//!   └ the figure
//! migration = v1 . in-order . oucfspb . n9
//!                               └ the order that the reader laid the steps in
//! ```
//!
//! Numbers of knobs begin with those that the figure has no more ([`Retired`]): what a link of former times says of them is
//! carried over to the present knobs, and the text is written anew with these.
//!
//! A text from outside is not to be trusted: every way to get it wrong has a [`LinkError`] that says what and why, and what is
//! read stays small, whatever is written.
//!
//! Not modelled: a run's seed or settings beyond the figure's knobs.

mod error;

#[cfg(not(target_arch = "wasm32"))]
mod pointing;

pub use crate::telling::link::error::LinkError;

use alloc::vec::Vec;

use crate::actors::parts;
use crate::telling::knobs::{Knob, Retired};
use crate::telling::story::{FigureSpec, Input, Setup};
use crate::words::text::Text;

/// The version that is written and read.
pub const VERSION: &str = "v1";

/// Bytes that are read: more than [`MOST_INPUTS`] actions need, even if each stands in a part of its own.
pub const MOST_BYTES: usize = 8192;

/// Actions that a text may hold: enough for any reader, little enough for any address.
pub const MOST_INPUTS: usize = 512;

/// What a text names, as far as the figure's own entry can tell: whether the run gets as far, the run itself decides.
#[derive(Debug)]
pub struct Link {
    /// The figure.
    pub spec: &'static FigureSpec,
    /// What the run is made from.
    pub setup: Setup,
    /// Where in the run.
    pub place: Place,
}

/// A place in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The frame: so many steps are done.
    pub frame: u32,
    /// Which event of the step that led here is told, from 1; nothing for all of them.
    pub event: Option<u32>,
}

/// Reads a text that names one of the figures.
pub fn read<'a>(figures: &[&'static FigureSpec], text: &'a str) -> Result<Link, LinkError<'a>> {
    if text.len() > MOST_BYTES {
        return Err(LinkError::TooLong { bytes: text.len() as u32 });
    }
    if let Some(at) = text.bytes().position(|byte| !byte.is_ascii_graphic()) {
        return Err(LinkError::ForeignCharacter { at: at as u32 });
    }
    let (name, rest) = text.split_once('=').ok_or(LinkError::NoFigure)?;
    let spec = figures.iter().copied().find(|spec| spec.name == name).ok_or(LinkError::UnknownFigure { name })?;
    let mut parts = rest.split('.');
    let version = parts.next().unwrap_or_default();
    if version != VERSION {
        return Err(LinkError::OtherVersion { found: version });
    }
    let name = parts.next().ok_or(LinkError::NoPreset)?;
    let old = retired_of(spec).and_then(|retired| retired.presets.iter().find(|preset| preset.name == name));
    let now = old.map_or(name, |old| old.now);
    let preset = spec.preset(now).ok_or(LinkError::UnknownPreset { figure: spec.name, name })?;
    let setup = Setup::new(preset, spec.presets[preset].knobs.to_vec());
    let mut reader = Reader {
        link: Link { spec, setup, place: Place::default() },
        retired: old.map(|old| old.knobs.to_vec()).unwrap_or_default(),
        turned: old.is_some_and(|old| old.now != old.name),
        said: 0,
        frame_read: false,
    };
    for part in parts {
        reader.read_part(part)?;
    }
    Ok(reader.finish())
}

/// What links of former times name, in a build that reads them.
fn retired_of(spec: &FigureSpec) -> Option<&'static Retired> {
    spec.retired.filter(|_| parts::RETIRED)
}

/// The number in links of a figure's first present knob.
fn first_number(spec: &FigureSpec) -> u32 {
    retired_of(spec).map_or(0, |retired| retired.knobs.len() as u32)
}

/// Writes the text that names a place.
#[must_use]
pub fn write(spec: &FigureSpec, setup: &Setup, place: Place) -> Text {
    let mut text = Text::new();
    let preset = &spec.presets[setup.preset];
    text.push_str(spec.name).push_char('=').push_str(VERSION).push_char('.').push_str(preset.name);
    for (index, (&value, &supplied)) in setup.knobs.iter().zip(preset.knobs).enumerate() {
        if value != supplied {
            text.push_str(".k").push_u32(first_number(spec) + index as u32).push_char('-').push_u32(value);
        }
    }
    if parts::ORDERS && !setup.order.is_empty() {
        text.push_str(".o");
        for letter in &setup.order {
            text.push_char(*letter);
        }
    }
    let mut next_step = None;
    for input in &setup.inputs {
        if next_step != Some(input.step) {
            text.push_str(".i").push_u32(input.step).push_char('-');
        }
        text.push_char(input.letter);
        next_step = Some(input.step + 1);
    }
    text.push_str(".n").push_u32(place.frame);
    if let Some(event) = place.event {
        text.push_str(".e").push_u32(event);
    }
    text
}

/// A text half read.
struct Reader {
    link: Link,
    /// The values of knobs that the figure has no more, as the preset had them and the text turned them.
    retired: Vec<u32>,
    /// Whether they are to be carried over.
    turned: bool,
    /// A bit for each knob of which something was said.
    said: u32,
    frame_read: bool,
}

impl Reader {
    fn read_part<'a>(&mut self, part: &'a str) -> Result<(), LinkError<'a>> {
        let mut rest = part.chars();
        match rest.next() {
            Some('k') => self.read_knob(part, rest.as_str()),
            Some('o') if parts::ORDERS => self.read_order(part, rest.as_str()),
            Some('i') => self.read_inputs(part, rest.as_str()),
            Some('n') => self.read_frame(part, rest.as_str()),
            Some('e') => self.read_event(part, rest.as_str()),
            _ => Err(LinkError::UnknownPart { part }),
        }
    }

    fn read_knob<'a>(&mut self, part: &'a str, rest: &'a str) -> Result<(), LinkError<'a>> {
        let (index, value) = split(part, rest, "kKNOB-VALUE")?;
        let (index, value) = (number(part, index)?, number(part, value)?);
        let spec = self.link.spec;
        let Some(knob) = knob_of(spec, index) else {
            let count = first_number(spec) + spec.knobs.len() as u32;
            return Err(LinkError::UnknownKnob { figure: spec.name, index, count });
        };
        let bit = 1_u32 << index;
        if self.said & bit != 0 {
            return Err(LinkError::Twice { what: "knob", name: knob.name });
        }
        if !knob.offers(value) {
            return Err(LinkError::NotOffered { knob, value });
        }
        self.said |= bit;
        let first = first_number(spec);
        if index >= first {
            self.link.setup.knobs[(index - first) as usize] = value;
            return Ok(());
        }
        let preset = spec.presets[self.link.setup.preset].name;
        let old = self.retired.get_mut(index as usize).ok_or(LinkError::NotOfPreset { preset, index, first })?;
        (*old, self.turned) = (value, true);
        Ok(())
    }

    fn read_order<'a>(&mut self, part: &'a str, letters: &'a str) -> Result<(), LinkError<'a>> {
        let Link { spec, setup, .. } = &mut self.link;
        let sequence = spec.order.ok_or(LinkError::NoOrder { figure: spec.name })?;
        if !setup.order.is_empty() {
            return Err(LinkError::Twice { what: "part", name: "o" });
        }
        let order: Vec<char> = letters.chars().collect();
        if !sequence.is_order(&order) {
            return Err(LinkError::Disorder { part, letters: sequence.letters });
        }
        setup.order = order;
        Ok(())
    }

    /// Carries over what was said of knobs of former times; what was said of the present ones goes before.
    fn finish(mut self) -> Link {
        let Link { spec, setup, .. } = &mut self.link;
        if let Some(Retired { turn, .. }) = retired_of(spec).filter(|_| self.turned) {
            let said = self.said >> first_number(spec);
            for (index, (knob, carried)) in setup.knobs.iter_mut().zip(turn(&self.retired)).enumerate() {
                if said & (1 << index) == 0 {
                    *knob = carried;
                }
            }
        }
        self.link
    }

    /// Takes in consecutive actions; they must come after all earlier ones.
    fn read_inputs<'a>(&mut self, part: &'a str, rest: &'a str) -> Result<(), LinkError<'a>> {
        let (first, letters) = split(part, rest, "iSTEP-ACTIONS")?;
        let mut step = number(part, first)?;
        let Link { spec, setup, .. } = &mut self.link;
        if step == 0 {
            return Err(LinkError::NoStep);
        }
        if letters.is_empty() {
            return Err(LinkError::Form { part, form: "iSTEP-ACTIONS" });
        }
        for letter in letters.chars() {
            let after = setup.inputs.last().map_or(0, |input| input.step);
            if spec.actions.iter().all(|action| action.letter != letter) {
                return Err(LinkError::UnknownAction { figure: spec.name, letter });
            }
            if step <= after {
                return Err(LinkError::OutOfOrder { step, after });
            }
            if setup.inputs.len() == MOST_INPUTS {
                return Err(LinkError::TooManyActions);
            }
            setup.inputs.push(Input { step, letter });
            step = step.checked_add(1).ok_or(too_large(part, first))?;
        }
        Ok(())
    }

    fn read_frame<'a>(&mut self, part: &'a str, rest: &'a str) -> Result<(), LinkError<'a>> {
        if self.frame_read {
            return Err(LinkError::Twice { what: "part", name: "n" });
        }
        self.frame_read = true;
        self.link.place.frame = number(part, rest)?;
        Ok(())
    }

    fn read_event<'a>(&mut self, part: &'a str, rest: &'a str) -> Result<(), LinkError<'a>> {
        if self.link.place.event.is_some() {
            return Err(LinkError::Twice { what: "part", name: "e" });
        }
        self.link.place.event = Some(number(part, rest)?);
        Ok(())
    }
}

/// The knob of a number in links.
fn knob_of(spec: &'static FigureSpec, index: u32) -> Option<&'static Knob> {
    let retired = retired_of(spec).map_or(&[][..], |retired| retired.knobs);
    retired.iter().chain(spec.knobs).nth(index as usize)
}

/// The two halves of a part, such as `0-32` of `k0-32`.
fn split<'a>(part: &'a str, rest: &'a str, form: &'static str) -> Result<(&'a str, &'a str), LinkError<'a>> {
    rest.split_once('-').ok_or(LinkError::Form { part, form })
}

/// A decimal number without sign, spaces or needless zeros.
fn number<'a>(part: &'a str, digits: &'a str) -> Result<u32, LinkError<'a>> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !plain || digits.len() > 1 && digits.starts_with('0') {
        return Err(LinkError::NoNumber { part, digits });
    }
    digits.parse().map_err(|_| too_large(part, digits))
}

const fn too_large<'a>(part: &'a str, digits: &'a str) -> LinkError<'a> {
    LinkError::TooLarge { part, digits }
}
