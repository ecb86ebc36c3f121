//! Where in a text the fault lies that a [`LinkError`] tells, and which names would have done.
//!
//! Not modelled: faults that follow from several parts together; they are the whole text's.

use alloc::format;
use alloc::vec::Vec;
use core::ops::Range;

use crate::telling::catalogue;
use crate::telling::figure;
use crate::telling::link::LinkError;

impl LinkError<'_> {
    /// The word at fault, in bytes of `text`, which is the text that was read; all of it when no single word is.
    #[must_use]
    pub fn place(&self, text: &str) -> Range<usize> {
        let word = match self {
            Self::UnknownFigure { name } | Self::UnknownPreset { name, .. } | Self::OtherVersion { found: name } => {
                within(text, name)
            }
            Self::UnknownPart { part } | Self::Form { part, .. } | Self::Disorder { part, .. } => within(text, part),
            Self::NoNumber { part, .. } | Self::TooLarge { part, .. } => within(text, part),
            Self::NoFrame { frame, .. } => part(text, |word| word == format!("n{frame}")),
            Self::NoEvent { event, .. } => part(text, |word| word == format!("e{event}")),
            Self::UnknownKnob { index, .. } | Self::NotOfPreset { index, .. } => {
                part(text, |word| word.starts_with(&format!("k{index}-")))
            }
            Self::NotOffered { value, .. } => {
                part(text, |word| word.starts_with('k') && word.ends_with(&format!("-{value}")))
            }
            Self::TooLong { .. }
            | Self::ForeignCharacter { .. }
            | Self::NoFigure
            | Self::NoPreset
            | Self::Twice { .. }
            | Self::NoOrder { .. }
            | Self::UnknownAction { .. }
            | Self::NoStep
            | Self::OutOfOrder { .. }
            | Self::TooManyActions
            | Self::Gap { .. }
            | Self::AfterEnd { .. }
            | Self::Senseless { .. } => None,
        };
        word.filter(|word| !word.is_empty()).unwrap_or(0..text.len())
    }

    /// The names that could stand there; empty where it is not about a name.
    #[must_use]
    pub fn known(&self) -> Vec<&'static str> {
        match self {
            Self::UnknownFigure { .. } => catalogue().iter().map(|spec| spec.name).collect(),
            Self::UnknownPreset { figure: name, .. } => {
                figure(name).into_iter().flat_map(|spec| spec.presets).map(|preset| preset.name).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Where a piece of `text` lies in it, which its address says; nothing for a piece of another text.
fn within(text: &str, piece: &str) -> Option<Range<usize>> {
    let start = (piece.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let range = start..start + piece.len();
    (text.get(range.clone()) == Some(piece)).then_some(range)
}

/// The part of a state that `is` it.
fn part(text: &str, is: impl Fn(&str) -> bool) -> Option<Range<usize>> {
    let mut start = 0;
    text.split('.').find_map(|word| {
        let range = start..start + word.len();
        start = range.end + 1;
        is(word).then_some(range)
    })
}

#[cfg(test)]
mod tests {
    use crate::telling::player::Player;

    #[test]
    fn the_word_at_fault_is_found() {
        for (text, word) in [
            ("rong=v1.burst.n1", "rong"),
            ("ring=v2.burst.n1", "v2"),
            ("ring=v1.birst.n1", "birst"),
            ("ring=v1.burst.q", "q"),
            ("ring=v1.burst.n", "n"),
            ("ring=v1.burst.n99", "n99"),
            ("ring=v1.burst.n1.e9", "e9"),
            ("ring=v1.burst.k7-1", "k7-1"),
            ("ring=v1.burst.k0-7.n1", "k0-7"),
            ("ring=v1.burst.k0.n1", "k0"),
            ("ring=v1.burst.i4-z", "ring=v1.burst.i4-z"),
            ("ring", "ring"),
            ("ring=v1", "ring=v1"),
        ] {
            let error = Player::open(text).expect_err(text);
            assert_eq!(&text[error.place(text)], word, "{text}");
        }
    }
}
