//! Runs become pictures and words: figures, drawings, narration, and the player that steps through them.
//!
//! Not modelled: what the machine does not: each figure and each scenario lists what it leaves out.

pub mod drawing;

pub mod svg;

pub mod source;

pub mod narration;

pub mod story;

pub mod link;

pub mod player;

mod marks;

mod chart;

pub mod scenario;

pub mod ring;

pub mod packet;

pub mod receive;

use crate::telling::story::FigureSpec;

/// All figures.
#[must_use]
pub fn catalogue() -> &'static [&'static FigureSpec] {
    static FIGURES: [&FigureSpec; 3] = [&ring::FIGURE, &packet::FIGURE, &receive::FIGURE];
    &FIGURES
}

/// The figure of that name.
#[must_use]
pub fn figure(name: &str) -> Option<&'static FigureSpec> {
    catalogue().iter().copied().find(|spec| spec.name == name)
}
