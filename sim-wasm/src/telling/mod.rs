//! Runs become pictures and words: figures, drawings, narration, and the player that steps through them.
//!
//! Not modelled: what the machine does not: each figure and each scenario lists what it leaves out.

pub mod drawing;

pub mod svg;

pub mod source;

pub mod narration;

pub mod knobs;

pub mod story;

pub mod link;

pub mod player;

mod marks;

mod chart;

pub mod scenario;

#[cfg(not(target_arch = "wasm32"))]
pub mod claim;

pub mod ring;

pub mod bell;

pub mod barriers;

pub mod packet;

pub mod flow;

pub mod map;

pub mod receive;

pub mod dma;

pub mod migration;

pub mod hotplug;

pub mod ways;

pub mod sharing;

pub mod grants;

pub mod modules;

use crate::telling::modules::{FIGURES, Module};
use crate::telling::story::FigureSpec;

/// All figures.
#[must_use]
pub fn catalogue() -> &'static [&'static FigureSpec] {
    &FIGURES
}

/// The figure of that name.
#[must_use]
pub fn figure(name: &str) -> Option<&'static FigureSpec> {
    catalogue().iter().copied().find(|spec| spec.name == name)
}

/// The browser module that a figure of the [catalogue] is in.
///
/// # Panics
/// When the figure is in none.
#[must_use]
pub fn module_of(figure: &FigureSpec) -> Module {
    let holds = |module: &Module| module.figures.iter().any(|spec| spec.name == figure.name);
    modules::ALL.into_iter().find(holds).expect("the catalogue is made of the modules' figures")
}
