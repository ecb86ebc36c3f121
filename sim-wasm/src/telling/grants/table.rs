//! The rows of the three tables: a page with its frame, an entry with its bytes, a window with whoever points to it.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::hypervisor::grant_entry::GTF_INVALID;
use crate::telling::drawing::{
    Anchor, Face, Fill, Key, Line, Paint, Shape, Tone, Unit, Weight, named, px, rule, words,
};
use crate::telling::grants::frame::{EntryRow, PageRow, PageState, WindowRow};
use crate::telling::narration::phrases::push_grant_flags;
use crate::words::ids::Mfn;
use crate::words::text::Text;

/// Width and height of a page's rectangle.
pub(crate) const PAGE: (Unit, Unit) = (px(88), px(40));

/// A page of memory: whose frame is seen there decides its tint, whose page it is its outline.
fn page_cell(frame: Option<Mfn>, outline: Tone) -> Vec<Shape> {
    let (width, height) = PAGE;
    let paint = match frame {
        Some(_) => Paint { fill: Fill::Tint(Tone::Domu), ..Paint::stroke(outline) },
        None => Paint::stroke(Tone::Free).line(Line::Dashed),
    };
    let mut shapes = vec![Shape::Rect { x: 0, y: 0, width, height, radius: px(3), paint }];
    let mut name = Text::new();
    let tone = match frame {
        Some(frame) => {
            name.push_str("frame 0x").push_hex(u64::from(frame.0), 2);
            Tone::Domu
        }
        None => {
            name.push_str("no frame");
            Tone::Soft
        }
    };
    shapes.push(words(width / 2, height / 2 + px(4), Anchor::Middle, Face::Mono, tone, name.as_str()));
    shapes
}

fn page_name(pfn: u32) -> Text {
    let mut name = Text::new();
    name.push_str("page ").push_u32(pfn);
    name
}

/// A page of the guest's, with its number on the left and its state to the right or below.
pub(crate) fn guest_page(row: &PageRow, (x, y): (Unit, Unit), state: (Unit, Unit)) -> Shape {
    let mut shapes = page_cell(row.frame, Tone::Domu);
    let name = page_name(row.pfn.0);
    shapes.push(words(-px(8), px(24), Anchor::End, Face::Name, Tone::Domu, name.as_str()));
    let (tone, said) = match row.state {
        PageState::Free => (Tone::Soft, "free"),
        PageState::Granted => (Tone::Domu, "lent to dom0"),
        PageState::Answered => (Tone::Dom0, "answered"),
        PageState::Deferred => (Tone::Fault, "not ended yet"),
        PageState::Lost => (Tone::Fault, "lost"),
        PageState::Returned => (Tone::Fault, "given back"),
    };
    shapes.push(words(state.0, state.1, Anchor::Start, Face::Note, tone, said));
    let group = Shape::Group { key: Key("page", row.pfn.0), x, y, shapes };
    named("page", vec![group])
}

/// An entry: its number, its eight bytes field by field, what its flags mean, and what Xen counts for itself. `xen` is where
/// that stands, from the entry's corner.
pub(crate) fn entry(row: &EntryRow, (x, y): (Unit, Unit), xen: (Unit, Unit), titles: bool) -> Shape {
    let used = row.entry.flags != GTF_INVALID;
    let tone = if used { Tone::Domu } else { Tone::Soft };
    let mut number = Text::new();
    number.push_u32(row.gref.0);
    let mut shapes = vec![words(0, px(18), Anchor::Start, Face::Name, tone, number.as_str())];
    let [f0, f1] = row.entry.flags.to_le_bytes();
    let [d0, d1] = row.entry.domain.0.to_le_bytes();
    let [m0, m1, m2, m3] = row.entry.frame.0.to_le_bytes();
    let fields: [(&str, Unit, &[u8]); 3] =
        [("flags", px(44), &[f0, f1]), ("domid", px(44), &[d0, d1]), ("frame", px(84), &[m0, m1, m2, m3])];
    let mut at = px(22);
    for (title, width, bytes) in fields {
        let in_use = title == "flags" && row.pins > 0;
        let paint = match (used, in_use) {
            (true, false) => Paint::cell(Tone::Domu),
            (true, true) => Paint::cell(Tone::Xen).weight(Weight::Thick),
            (false, _) => Paint::stroke(Tone::Free).weight(Weight::Thin),
        };
        shapes.push(Shape::Rect { x: at, y: px(2), width, height: px(24), radius: px(3), paint });
        let mut written = Text::new();
        for (place, byte) in bytes.iter().enumerate() {
            if place > 0 {
                written.push_char(' ');
            }
            written.push_hex(u64::from(*byte), 2);
        }
        let ink = if in_use { Tone::Xen } else { tone };
        shapes.push(words(at + width / 2, px(18), Anchor::Middle, Face::Mono, ink, written.as_str()));
        if titles {
            shapes.push(words(at + width / 2, -px(4), Anchor::Middle, Face::Note, Tone::Soft, title));
        }
        at += width + px(4);
    }
    let mut meaning = Text::new();
    push_grant_flags(&mut meaning, row.entry.flags);
    let names = meaning.as_str().split_once("= ").map_or("", |(_, names)| names);
    shapes.push(words(px(22), px(42), Anchor::Start, Face::Mono, tone, names));
    let grant = named("grant", vec![named("grants-given", shapes)]);
    let mut marks = vec![grant];
    if row.pins > 0 || row.references.is_some() {
        let mut pins = Text::new();
        pins.push_str("pins ").push_u32(u32::from(row.pins));
        let pins = words(xen.0, xen.1, Anchor::Start, Face::Note, Tone::Xen, pins.as_str());
        let mut count = Text::new();
        count.push_str("references ").push_u32(row.references.unwrap_or(0));
        let references = words(xen.0, xen.1 + px(16), Anchor::Start, Face::Note, Tone::Xen, count.as_str());
        marks.push(named("pins", vec![pins]));
        marks.push(named("references", vec![references]));
    }
    Shape::Group { key: Key("entry", row.gref.0), x, y, shapes: marks }
}

/// A window of netback's, the packets that point to it, and the place on the dealloc ring. `name` is where its number stands
/// and `packets` where the packets do, from the window's corner.
pub(crate) fn window(row: &WindowRow, (x, y): (Unit, Unit), name: (Unit, Unit), packets: (Unit, Unit)) -> Shape {
    let mut shapes = page_cell(row.seen.map(|(frame, _)| frame), Tone::Dom0);
    let number = page_name(row.pfn.0);
    shapes.push(words(name.0, name.1, Anchor::Start, Face::Name, Tone::Dom0, number.as_str()));
    if row.seen.is_some() {
        let (width, _) = PAGE;
        let paint = Paint { fill: Fill::Solid(Tone::Dom0), ..Paint::stroke(Tone::Dom0) };
        shapes.push(Shape::Circle { x: width, y: 0, radius: px(9), paint });
        shapes.push(words(width, px(4), Anchor::Middle, Face::Name, Tone::Paper, "F"));
    }
    let mut marks = vec![named("mapping", vec![named("pages-mapped", shapes)])];
    if row.packets > 0 {
        marks.push(named("skb", vec![named("packets-in-dom0", skbs(row.packets, packets))]));
    }
    if row.released {
        let paint = Paint::cell(Tone::Dom0);
        let (x, y) = (packets.0 - px(10), packets.1 - px(11));
        let cell = Shape::Rect { x, y, width: px(84), height: px(22), radius: px(4), paint };
        let said = words(x + px(42), y + px(15), Anchor::Middle, Face::Note, Tone::Dom0, "dealloc ring");
        marks.push(named("dealloc-ring", vec![cell, said]));
    }
    Shape::Group { key: Key("window", row.pfn.0), x, y, shapes: marks }
}

/// Packets as discs, which point to a window.
fn skbs(count: u32, (x, y): (Unit, Unit)) -> Vec<Shape> {
    let mut shapes = Vec::new();
    for number in 0..count {
        let at = x + px(26) * number as Unit;
        shapes.push(Shape::Circle { x: at, y, radius: px(10), paint: Paint::cell(Tone::Dom0) });
        let mut name = Text::new();
        name.push_u32(number + 1);
        shapes.push(words(at, y + px(4), Anchor::Middle, Face::Note, Tone::Dom0, name.as_str()));
    }
    let (width, height) = PAGE;
    if x > width {
        let line = Paint::stroke(Tone::Dom0).weight(Weight::Thin);
        shapes.push(rule((width + px(3), height / 2), (x - px(12), y), line));
    }
    shapes
}
