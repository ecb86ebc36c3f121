//! Which figures go into one browser module: a page loads the modules that its figures need, and no others.
//!
//! A figure is added in its module's list here, and is then in the [catalogue](crate::telling::catalogue) too. What of the
//! machine a module has beside its figures, `sim-wasm/browser/Cargo.toml` says.
//!
//! Not modelled: figures that stand in two modules.

use crate::telling::story::FigureSpec;
use crate::telling::{
    barriers, bell, dma, flow, grants, hotplug, map, migration, packet, receive, ring, sharing, ways,
};

/// Figures that are built together.
#[derive(Debug)]
pub struct Module {
    /// The name, which is also that of the feature with which the module is built.
    pub name: &'static str,
    /// The figures.
    pub figures: &'static [&'static FigureSpec],
}

/// Two parties and a ring; no machine.
pub const RING: Module = Module { name: "ring", figures: &[&ring::FIGURE, &bell::FIGURE, &barriers::FIGURE] };

/// The way of a packet and of its pages, with every generation of netback.
pub const PATH: Module = Module { name: "path", figures: &[&packet::FIGURE, &grants::FIGURE] };

/// Flow control: many packets of one guest, and hundreds of runs at once.
pub const FLOW: Module = Module { name: "flow", figures: &[&flow::FIGURE, &map::FIGURE] };

/// Several guests behind one netback.
pub const SHARING: Module = Module { name: "sharing", figures: &[&sharing::FIGURE] };

/// The way of packets to a guest.
pub const RECEIVE: Module = Module { name: "receive", figures: &[&receive::FIGURE] };

/// What a guest's own card reaches.
pub const ACCESS: Module = Module { name: "access", figures: &[&dma::FIGURE] };

/// Ways to a card, counted.
pub const WAYS: Module = Module { name: "ways", figures: &[&ways::FIGURE] };

/// A guest that moves, and its card does not.
pub const MOVING: Module = Module { name: "moving", figures: &[&migration::FIGURE] };

/// The tools in dom0, and how they agree with each other.
pub const TOOLSTACK: Module = Module { name: "toolstack", figures: &[&hotplug::FIGURE] };

/// All modules.
pub const ALL: [Module; 9] = [RING, PATH, FLOW, SHARING, RECEIVE, ACCESS, WAYS, MOVING, TOOLSTACK];

/// Figures of all modules.
const COUNT: usize = {
    let (mut count, mut module) = (0, 0);
    while module < ALL.len() {
        count += ALL[module].figures.len();
        module += 1;
    }
    count
};

/// The figures of all modules, one after the other.
pub(super) static FIGURES: [&FigureSpec; COUNT] = {
    let mut figures = [RING.figures[0]; COUNT];
    let (mut place, mut module) = (0, 0);
    while module < ALL.len() {
        let mut figure = 0;
        while figure < ALL[module].figures.len() {
            figures[place] = ALL[module].figures[figure];
            place += 1;
            figure += 1;
        }
        module += 1;
    }
    figures
};
