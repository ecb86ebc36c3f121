//! A run of the figure: the machine, and what is read off it after each action.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::epoch::Drivers;
use crate::actors::log::backend::Backend;
use crate::actors::log::{Event, Log, Who};
use crate::hypervisor::grant_entry::GTF_READING;
use crate::telling::drawing::Drawing;
use crate::telling::grants::FIGURE;
use crate::telling::grants::frame::Frame;
use crate::telling::grants::picture;
use crate::telling::grants::world::World;
use crate::telling::story::{Answer, Layout, Run, Setup};
use crate::words::ids::VifId;

/// A machine and all frames so far.
pub(crate) struct GrantsRun {
    world: World,
    frames: Vec<Frame>,
}

impl GrantsRun {
    pub(crate) fn new(setup: &Setup) -> Self {
        let mut world = World::new(setup);
        let mut frames = vec![world.frame()];
        for letter in setup.letters(FIGURE.presets[setup.preset].script) {
            if !world.act(letter) {
                break;
            }
            frames.push(world.frame());
        }
        Self { world, frames }
    }
}

impl Run for GrantsRun {
    fn log(&self) -> &Log {
        &self.world.log
    }

    fn draw(&self, step: u32, layout: Layout) -> Drawing {
        let refused =
            self.world.log.of_step(step).iter().map(|entry| entry.event).find(refuses).map(|event| match event {
                Event::Backend(_) => Who::Dom0,
                _ => Who::Guest,
            });
        picture::draw(&self.frames[step as usize], refused, layout)
    }

    fn can(&self, step: u32, letter: char) -> bool {
        let number = FIGURE.actions.iter().position(|action| action.letter == letter);
        number.is_some_and(|number| self.frames[step as usize].possible >> number & 1 == 1)
    }

    fn value(&self, step: u32, quantity: usize) -> u64 {
        let frame = &self.frames[step as usize];
        let [first, ..] = &frame.entries;
        match quantity {
            0 => frame.granted(),
            1 => frame.mapped(),
            2 => frame.packets(),
            3 => u64::from(first.references.unwrap_or(0)),
            4 => u64::from(first.entry.flags),
            5 => u64::from(first.pins),
            6 => frame.released(),
            7 => u64::from(frame.refusals),
            _ => frame.lost(),
        }
    }

    /// What made the entry free for the guest to end, if it was ever in use: the first step after which no bit of use was
    /// set any more.
    fn answer(&self) -> Option<Answer> {
        let in_use = |frame: &Frame| frame.entries[0].entry.flags & GTF_READING != 0;
        let first = self.frames.iter().position(in_use)?;
        let after = first + self.frames[first..].iter().position(|frame| !in_use(frame))?;
        match self.world.log.of_step(after as u32).first()?.event {
            Event::GrantsUnmapped { .. } => Some(Answer {
                value: 2,
                why: "Xen set the reading bit when dom0 mapped the page, and clears it when the last mapping goes.",
            }),
            _ => None,
        }
    }

    fn drivers(&self, _vif: VifId) -> Drivers {
        Drivers { front: self.world.front, ..Drivers::default() }
    }
}

/// Whether Xen or an entry in use said no.
const fn refuses(event: &Event) -> bool {
    matches!(event, Event::Backend(Backend::MapRefused { .. }) | Event::Trouble(_))
}
