//! What a run has come to, in numbers: below the picture, side by side or in two columns.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;

use crate::telling::drawing::{Anchor, Drawing, Face, Tone, Unit, named, px, words};
use crate::telling::receive::tally::Tally;
use crate::words::text::Text;

/// One count: what pages call it, its label, its number, and whose it is.
type Total = (&'static str, &'static str, u64, Tone);

/// What the numbers of cells are.
const KEY: &str = "In a cell: its frame. On its edge: the packet in it.";

fn all(now: &Tally) -> [Total; 8] {
    let calls = now.calls;
    [
        ("returned", "given back", calls.returned, Tone::Domu),
        ("transfers", "pages transferred", calls.transfers, Tone::Xen),
        ("fresh", "fresh frames", calls.fresh, Tone::Dom0),
        ("mapped", "frames mapped", calls.placed, Tone::Domu),
        ("flushes", "TLB flushes", calls.flushes, Tone::Hardware),
        ("copied-by-xen", "bytes by Xen", calls.copied_bytes, Tone::Xen),
        ("copied-in-dom0", "bytes in dom0", now.copied_first, Tone::Dom0),
        ("hypercalls", "hypercalls", calls.hypercalls, Tone::Xen),
    ]
}

/// Eight numbers in a row, their labels below.
pub(super) fn in_a_row(drawing: &mut Drawing, now: &Tally, x: Unit, y: Unit) {
    for (position, (entity, label, value, tone)) in all(now).into_iter().enumerate() {
        let at = x + px(108) * position as Unit;
        let tone = if value == 0 { Tone::Soft } else { tone };
        let mut text = Text::new();
        text.push_u64(value);
        let marks = vec![
            words(at, y, Anchor::Start, Face::Big, tone, text.as_str()),
            words(at, y + px(18), Anchor::Start, Face::Note, Tone::Soft, label),
        ];
        drawing.add(named(entity, marks));
    }
    drawing.add(words(x, y + px(48), Anchor::Start, Face::Note, Tone::Ink, per_packet(now, true).as_str()));
    drawing.add(words(px(876), y + px(48), Anchor::End, Face::Note, Tone::Soft, KEY));
}

/// The same in two columns, label and number on one line.
pub(super) fn in_columns(drawing: &mut Drawing, now: &Tally, y: Unit) {
    for (position, (entity, label, value, tone)) in all(now).into_iter().enumerate() {
        let position = position as Unit;
        let (x, y) = (px(8) + px(164) * (position / 4), y + px(22) * (position % 4));
        let tone = if value == 0 { Tone::Soft } else { tone };
        let mut text = Text::new();
        text.push_u64(value);
        let marks = vec![
            words(x, y, Anchor::Start, Face::Note, Tone::Soft, label),
            words(x + px(148), y, Anchor::End, Face::Name, tone, text.as_str()),
        ];
        drawing.add(named(entity, marks));
    }
    drawing.add(words(px(8), y + px(98), Anchor::Start, Face::Note, Tone::Ink, per_packet(now, false).as_str()));
    drawing.add(words(px(8), y + px(120), Anchor::Start, Face::Note, Tone::Soft, KEY));
}

/// What each packet that Xen has moved or copied has come to so far.
fn per_packet(now: &Tally, long: bool) -> Text {
    let mut text = Text::new();
    let packets = now.moved();
    if packets == 0 {
        text.push_str("Nothing has been delivered yet.");
        return text;
    }
    text.push_str(if long { "For each packet so far: " } else { "Each packet: " });
    push_share(&mut text, now.operations(), packets);
    text.push_str(" page operations, ");
    push_share(&mut text, now.copied(), packets);
    text.push_str(if long { " bytes copied, " } else { " bytes, " });
    push_share(&mut text, now.calls.hypercalls, packets);
    text.push_str(if long { " hypercalls." } else { " calls." });
    text
}

/// A quotient with one decimal place, rounded down, unless it is whole.
fn push_share(text: &mut Text, amount: u64, among: u64) {
    text.push_u64(amount / among);
    let tenths = amount % among * 10 / among;
    if tenths > 0 {
        text.push_char('.').push_u64(tenths);
    }
}
