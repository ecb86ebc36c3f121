//! The steps as cards, in the order in which somebody wants them, each with a tick or a cross once its turn has come; and the
//! rounds of copying.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::actors::log::migration::{Refusal, Step};
use crate::telling::drawing::{Anchor, Drawing, Face, Fill, Line, Paint, Shape, Tone, Unit, Weight, named, px, words};
use crate::telling::marks::{cross, tick};
use crate::telling::migration::frame::{Frame, Round, Taken};
use crate::words::text::Text;

/// Cards at most; of more steps the last ones are drawn.
const CARDS: usize = 9;

/// A step's name.
const fn name(step: Step) -> &'static str {
    match step {
        Step::FailOver => "fail over",
        Step::Unplug => "unplug",
        Step::Copy => "copy",
        Step::Switch => "switch",
        Step::Plug => "plug",
        Step::FailBack => "fail back",
    }
}

/// Where the cards stand.
pub(super) struct Cards {
    pub(super) at: (Unit, Unit),
    pub(super) size: (Unit, Unit),
    /// From one card to the next, across and down.
    pub(super) apart: (Unit, Unit),
    /// Cards beside each other.
    pub(super) columns: usize,
}

/// Draws the steps taken up to a frame, and faintly those that are to come.
pub(super) fn cards(drawing: &mut Drawing, taken: &[Taken], frame: &Frame, cards: &Cards) {
    let first = frame.taken.saturating_sub(CARDS);
    let mut shapes = Vec::new();
    for place in 0..CARDS {
        let x = cards.at.0 + cards.apart.0 * (place % cards.columns) as Unit;
        let y = cards.at.1 + cards.apart.1 * (place / cards.columns) as Unit;
        let number = first + place;
        if number < frame.taken {
            let now = number + 1 == frame.taken;
            card(&mut shapes, &taken[number], now, now && !frame.rests, (x, y), cards.size);
        } else {
            let (width, height) = cards.size;
            let coming = taken.get(number);
            let line = if coming.is_some() { Line::Dashed } else { Line::Dotted };
            let paint = Paint::stroke(Tone::Free).weight(Weight::Thin).line(line);
            shapes.push(Shape::Rect { x, y, width, height, radius: px(4), paint });
            if let Some(coming) = coming {
                let (x, y) = (x + px(8), y + px(18));
                shapes.push(words(x, y, Anchor::Start, Face::Note, Tone::Soft, name(coming.step)));
            }
        }
    }
    drawing.add(named("steps", shapes));
}

fn card(
    shapes: &mut Vec<Shape>,
    taken: &Taken,
    now: bool,
    under_way: bool,
    (x, y): (Unit, Unit),
    (width, height): (Unit, Unit),
) {
    let (tone, said) = became(taken, under_way);
    let title = match taken.refused {
        None => whose(taken.step),
        Some(_) if taken.is_refused() => Tone::Fault,
        Some(_) => Tone::Soft,
    };
    let paint = if taken.refused.is_some() { Paint::stroke(title) } else { Paint::cell(title) };
    let paint = if now { paint.weight(Weight::Thick) } else { paint };
    shapes.push(Shape::Rect { x, y, width, height, radius: px(4), paint });
    shapes.push(words(x + px(8), y + px(18), Anchor::Start, Face::Name, title, name(taken.step)));
    shapes.push(words(x + px(8), y + height - px(9), Anchor::Start, Face::Note, tone, said.as_str()));
    let (mark_x, mark_y) = (x + width - px(13), y + height - px(13));
    if taken.is_refused() {
        shapes.push(cross(mark_x, mark_y, px(4)));
    } else if !under_way && taken.refused.is_none() {
        shapes.push(tick(mark_x, mark_y, title));
    }
}

const fn whose(step: Step) -> Tone {
    match step {
        Step::FailOver | Step::FailBack => Tone::Domu,
        Step::Unplug | Step::Plug => Tone::Hardware,
        Step::Copy | Step::Switch => Tone::Dom0,
    }
}

/// What a step came to, in a word or two.
fn became(taken: &Taken, under_way: bool) -> (Tone, Text) {
    let mut said = Text::new();
    let tone = match taken.refused {
        Some(why) => {
            said.push_str(match why {
                Refusal::DevicePresent => "-EINVAL",
                Refusal::PagesLogged => "-EXDEV",
                Refusal::NothingCopied => "not copied",
                Refusal::NoCard => "no card",
                Refusal::AlreadyThere => "not needed",
            });
            if taken.is_refused() { Tone::Fault } else { Tone::Soft }
        }
        None if under_way => {
            said.push_str("under way");
            Tone::Ink
        }
        None if taken.rounds > 0 => {
            said.push_u32(taken.rounds).push_str(if taken.rounds == 1 { " round" } else { " rounds" });
            Tone::Ink
        }
        None => {
            // A card has room for five digits.
            let (number, thousands) =
                if taken.lost < 100_000 { (taken.lost, " lost") } else { (taken.lost / 1000, "k lost") };
            said.push_u64(number).push_str(thousands);
            if taken.lost > 0 { Tone::Fault } else { Tone::Ink }
        }
    };
    (tone, said)
}

/// The last step taken, for a small picture.
pub(super) fn last(taken: &[Taken], frame: &Frame) -> (Tone, Text) {
    let mut text = Text::new();
    let Some(last) = frame.taken.checked_sub(1).map(|place| &taken[place]) else {
        text.push_str("nothing done yet");
        return (Tone::Soft, text);
    };
    let (tone, said) = became(last, !frame.rests);
    text.push_str(name(last.step)).push_str(": ").push_str(said.as_str());
    (tone, text)
}

/// Draws the last rounds before a frame, a line each.
pub(super) fn rounds(
    drawing: &mut Drawing,
    rounds: &[Round],
    pages: u64,
    (x, y): (Unit, Unit),
    width: Unit,
    lines: usize,
) {
    let shown = &rounds[rounds.len().saturating_sub(lines)..];
    let (left, row) = (px(62), px(20));
    let most = width - left - px(66);
    let mut shapes = Vec::new();
    if shown.is_empty() {
        shapes.push(words(x, y + px(12), Anchor::Start, Face::Note, Tone::Soft, "nothing was sent yet"));
    }
    for (place, round) in shown.iter().enumerate() {
        let top = y + row * place as Unit;
        let mut said = Text::new();
        said.push_str("round ").push_u32(round.number);
        shapes.push(words(x, top + px(12), Anchor::Start, Face::Note, Tone::Dom0, said.as_str()));
        let long = (u64::from(round.sent) * most as u64).div_ceil(pages.max(1)) as Unit;
        let paint = Paint::fill(Fill::Solid(Tone::Dom0));
        shapes.push(Shape::Rect {
            x: x + left,
            y: top + px(2),
            width: long.clamp(px(1), most),
            height: px(12),
            radius: 0,
            paint,
        });
        let mut said = Text::new();
        push_grouped(&mut said, round.sent.into());
        shapes.push(words(x + width, top + px(12), Anchor::End, Face::Mono, Tone::Ink, said.as_str()));
    }
    drawing.add(named("rounds", shapes));
}

/// Writes a number with its thousands set apart.
pub(super) fn push_grouped(out: &mut Text, number: u64) {
    if number >= 1000 {
        push_grouped(out, number / 1000);
        out.push_char(',').push_padded(number % 1000, 3);
    } else {
        out.push_u64(number);
    }
}
