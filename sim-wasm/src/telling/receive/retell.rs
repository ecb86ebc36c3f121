//! A call's events as the figure's steps: what one hypercall did is one event, and so are the answers to a batch.
//!
//! The driver answers and publishes packet by packet. Here the answers come first and the publications after them, those
//! without a bell in one: as many slots, bytes and bells as the driver told of.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::actors::log::receive::Receive;
use crate::actors::log::{Entry, Event, Log};
use crate::words::time::Time;

/// Sums of one call.
#[derive(Default)]
struct Batch {
    flipped: u32,
    copied: (u32, u32),
    /// First index, buffers and bytes.
    answered: Option<(u32, u32, u32)>,
    published: Vec<Receive>,
}

/// Adds what one call of a driver told to the figure's log.
pub(super) fn retell(log: &mut Log, told: &[Entry]) {
    let Some(first) = told.first() else { return };
    let now = first.time;
    let mut batch = Batch::default();
    let mut steps = 0;
    for entry in told {
        match entry.event {
            Event::Receive(Receive::PagesFlipped { count }) => batch.flipped += count,
            Event::Receive(Receive::BytesCopied { count, bytes }) => {
                batch.copied = (batch.copied.0 + count, batch.copied.1 + bytes);
            }
            Event::Receive(Receive::BuffersAnswered { index, count, bytes }) => {
                let (first, buffers, sum) = batch.answered.unwrap_or((index, 0, 0));
                batch.answered = Some((first, buffers + count, sum + bytes));
            }
            Event::Receive(event @ Receive::AnswersPublished { new, notify, .. }) => match batch.published.last_mut() {
                Some(Receive::AnswersPublished { new: last, notify: rang, .. }) if *rang == notify => *last = new,
                Some(_) | None => batch.published.push(event),
            },
            event => {
                batch.tell(log, now);
                if entry.step > steps && !matches!(event, Event::EventSent { .. }) {
                    log.step(now, event);
                } else {
                    log.also(now, event);
                }
                steps = entry.step;
            }
        }
    }
    batch.tell(log, now);
}

impl Batch {
    /// Tells the sums, and forgets them.
    fn tell(&mut self, log: &mut Log, now: Time) {
        let Batch { flipped, copied: (count, bytes), answered, published } = core::mem::take(self);
        if flipped > 0 {
            log.step(now, Event::Receive(Receive::PagesFlipped { count: flipped }));
        }
        if count > 0 {
            log.step(now, Event::Receive(Receive::BytesCopied { count, bytes }));
        }
        if let Some((index, count, bytes)) = answered {
            log.step(now, Event::Receive(Receive::BuffersAnswered { index, count, bytes }));
        }
        for (number, event) in published.into_iter().enumerate() {
            if number == 0 {
                log.step(now, Event::Receive(event));
            } else {
                log.also(now, Event::Receive(event));
            }
        }
    }
}
