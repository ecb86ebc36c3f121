//! Links that speak of the engine: what they lead to is no address but a frame, a number, a function or a knob.
//!
//! ```text
//! sim:ring=v1.burst.n10&light=rsp_prod,req_event   a frame of the figure with the id `ring`, and what lights up in it
//! claim:STOP_LINE / 2 + 1                          an expression that the number in the text must be
//! src:classic/netif_page_release                   a function of a public source tree
//! knob:flow/offered                                a knob of the figure with the id `flow`
//! ```

use std::ops::Range;

use crate::words::source_text::Span;

/// A destination that speaks of the engine, in its parts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum EngineLink<'a> {
    /// `sim:`
    Sim(SimLink<'a>),
    /// `claim:`, an expression.
    Claim(Word<'a>),
    /// `src:`, a function's name, perhaps with its tree.
    Source(Word<'a>),
    /// `knob:`, a figure's id and a knob's name.
    Knob { id: Word<'a>, knob: Word<'a> },
}

/// A frame of a figure, or the figure itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SimLink<'a> {
    /// The figure's id.
    pub(crate) id: Word<'a>,
    /// The frame, without the figure's name: `v1.burst.n10`.
    pub(crate) state: Option<Word<'a>>,
    /// What lights up.
    pub(crate) lights: Vec<Word<'a>>,
}

/// A part of a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    /// The part.
    pub(crate) text: &'a str,
    /// Bytes of the destination before it.
    pub(crate) start: usize,
}

/// What is wrong with the form of a destination, and where in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FormError {
    pub(crate) at: Range<usize>,
    pub(crate) what: &'static str,
    pub(crate) help: &'static str,
}

/// The beginnings of such links.
const SCHEMES: [&str; 4] = ["sim:", "claim:", "src:", "knob:"];

/// The scheme of a destination that speaks of the engine, with its colon.
pub(crate) fn scheme(destination: &str) -> Option<&'static str> {
    SCHEMES.into_iter().find(|scheme| destination.starts_with(scheme))
}

impl<'a> EngineLink<'a> {
    /// The parts of a destination; nothing when it does not speak of the engine.
    pub(crate) fn of(destination: &'a str) -> Option<Result<Self, FormError>> {
        let scheme = scheme(destination)?;
        let rest = Word { text: &destination[scheme.len()..], start: scheme.len() };
        Some(match scheme {
            "sim:" => SimLink::of(rest).map(Self::Sim),
            "claim:" => Ok(Self::Claim(rest)),
            "src:" => Ok(Self::Source(rest)),
            _ => match rest.split('/') {
                Some((id, knob)) => Ok(Self::Knob { id, knob }),
                None => Err(FormError {
                    at: rest.range(),
                    what: "this names no knob of a figure",
                    help: "write the figure's id and the knob's name: `knob:flow/offered`",
                }),
            },
        })
    }
}

impl<'a> SimLink<'a> {
    fn of(rest: Word<'a>) -> Result<Self, FormError> {
        let (place, options) = rest.split('&').map_or((rest, None), |(place, options)| (place, Some(options)));
        let (id, state) = place.split('=').map_or((place, None), |(id, state)| (id, Some(state)));
        let Some(options) = options else { return Ok(Self { id, state, lights: Vec::new() }) };
        let names = options.text.strip_prefix("light=").ok_or(FormError {
            at: options.range(),
            what: "behind `&` a link to a figure says what lights up, and nothing else",
            help: "write `&light=` and names with commas between them",
        })?;
        let mut start = options.start + "light=".len();
        let light = |text: &'a str| {
            let word = Word { text, start };
            start += text.len() + 1;
            word
        };
        Ok(Self { id, state, lights: names.split(',').map(light).collect() })
    }
}

impl<'a> Word<'a> {
    /// Its place in the destination, in bytes.
    pub(crate) fn range(self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

    /// The words before and after the first `character`.
    fn split(self, character: char) -> Option<(Self, Self)> {
        let (before, after) = self.text.split_once(character)?;
        let start = self.start + before.len() + character.len_utf8();
        Some((Word { text: before, start: self.start }, Word { text: after, start }))
    }
}

/// The place of a part of a destination, where the destination itself stands at `span`; `span` when it stands elsewhere.
pub(crate) fn part(span: &Span, destination: &str, range: &Range<usize>) -> Span {
    if span.text() != destination {
        return span.clone();
    }
    let start = span.range.start;
    Span::new(&span.source, start + range.start..start + range.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(destination: &'static str, text: &'static str) -> Word<'static> {
        Word { text, start: destination.find(text).expect("a part of the destination") }
    }

    #[test]
    fn destinations_are_taken_apart() {
        let all = "sim:ring=v1.burst.n10&light=rsp_prod,req_event";
        let lights = vec![word(all, "rsp_prod"), word(all, "req_event")];
        let link = SimLink { id: word(all, "ring"), state: Some(word(all, "v1.burst.n10")), lights };
        assert_eq!(EngineLink::of(all), Some(Ok(EngineLink::Sim(link))));
        let bare = "sim:ring-2";
        let link = SimLink { id: word(bare, "ring-2"), state: None, lights: Vec::new() };
        assert_eq!(EngineLink::of(bare), Some(Ok(EngineLink::Sim(link))));
        let claim = "claim:1 + 2";
        assert_eq!(EngineLink::of(claim), Some(Ok(EngineLink::Claim(word(claim, "1 + 2")))));
        let knob = "knob:flow/offered";
        let parts = EngineLink::Knob { id: word(knob, "flow"), knob: word(knob, "offered") };
        assert_eq!(EngineLink::of(knob), Some(Ok(parts)));
        assert_eq!(EngineLink::of("https://example.org/sim:"), None);
    }

    #[test]
    fn a_form_that_says_nothing_is_refused_where_it_stands() {
        for (destination, at) in [("knob:flow", "flow"), ("sim:ring&lights=a", "lights=a"), ("sim:ring&", "")] {
            let error = EngineLink::of(destination).expect("it speaks of the engine").expect_err("it is broken");
            assert_eq!(&destination[error.at], at, "{destination}");
        }
    }
}
