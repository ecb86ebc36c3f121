//! The picture: the guest's pages on the left, its grant table guarded by Xen in the middle, dom0's windows on the right; on
//! a phone one above the other.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::log::Who;
use crate::hypervisor::grant_entry::{GTF_INVALID, GTF_READING};
use crate::telling::drawing::{
    Anchor, Drawing, Face, Fill, Line, Paint, PathData, Shape, Tone, Unit, Weight, named, px, rule, words,
};
use crate::telling::grants::frame::{EntryRow, Frame, Guest, PageState, ROWS};
use crate::telling::grants::table::{PAGE, entry, guest_page, window};
use crate::telling::story::Layout;
use crate::words::text::Text;

/// Draws one frame; `refused` is whose wish came to nothing in this step.
pub(crate) fn draw(frame: &Frame, refused: Option<Who>, layout: Layout) -> Drawing {
    let mut drawing = Drawing {
        width: px(896),
        height: px(318),
        title: "A page of the guest's, the grant table, and netback's window",
        description: description(frame),
        shapes: Vec::new(),
    };
    match layout {
        Layout::Wide => wide(&mut drawing, frame, refused),
        Layout::Narrow => {
            (drawing.width, drawing.height) = (px(328), px(596));
            narrow(&mut drawing, frame, refused);
        }
        Layout::Film => {
            (drawing.width, drawing.height) = (px(264), px(112));
            film(&mut drawing, frame, refused);
        }
    }
    drawing
}

/// The distance between two rows of the wide picture, and where the first begins.
const ROW: Unit = px(80);
const TOP: Unit = px(62);

fn heading(drawing: &mut Drawing, at: (Unit, Unit), tone: Tone, said: &str) {
    drawing.add(words(at.0, at.1, Anchor::Start, Face::Name, tone, said));
}

/// The frame around what Xen guards.
fn guard(drawing: &mut Drawing, (x, y): (Unit, Unit), (width, height): (Unit, Unit)) {
    let paint = Paint::stroke(Tone::Xen).weight(Weight::Normal);
    drawing.add(Shape::Rect { x, y, width, height, radius: px(8), paint });
}

fn wide(drawing: &mut Drawing, frame: &Frame, refused: Option<Who>) {
    heading(drawing, (px(16), px(24)), Tone::Domu, "guest: page → frame");
    heading(drawing, (px(262), px(24)), Tone::Xen, "grant table: the guest writes, Xen guards");
    heading(drawing, (px(600), px(24)), Tone::Dom0, "dom0: netback's window, 3 of 256 pages");
    guard(drawing, (px(250), px(34)), (px(308), px(266)));
    let y = |row: usize| TOP + ROW * row as Unit;
    links(drawing, frame, |row| (px(72) + PAGE.0, y(row) + px(14)), |row| (px(250), y(row) + px(14)), Link::Names);
    links(drawing, frame, |row| (px(558), y(row) + px(14)), |row| (px(658), y(row) + px(14)), Link::Maps);
    for row in 0..ROWS {
        drawing.add(guest_page(&frame.pages[row], (px(72), y(row)), (0, px(56))));
        drawing.add(entry(&frame.entries[row], (px(262), y(row)), (px(216), px(12)), row == 0));
        drawing.add(window(&frame.windows[row], (px(658), y(row)), (0, px(56)), (px(122), px(20))));
        if frame.pages[row].state == PageState::Answered {
            answer(drawing, (px(650), px(72) + PAGE.0 + px(8)), y(row) + px(54));
        }
    }
    refusal(drawing, frame, refused, [(px(16), px(306)), (px(600), px(306))]);
}

fn narrow(drawing: &mut Drawing, frame: &Frame, refused: Option<Who>) {
    heading(drawing, (px(8), px(16)), Tone::Domu, "guest: page → frame");
    heading(drawing, (px(8), px(204)), Tone::Xen, "grant table: the guest writes, Xen guards");
    heading(drawing, (px(8), px(418)), Tone::Dom0, "dom0: netback's window, 3 of 256 pages");
    guard(drawing, (px(4), px(212)), (px(320), px(184)));
    for row in 0..ROWS {
        let at = row as Unit;
        drawing.add(guest_page(&frame.pages[row], (px(72), px(26) + px(48) * at), (PAGE.0 + px(12), px(24))));
        drawing.add(entry(&frame.entries[row], (px(16), px(232) + px(54) * at), (px(220), px(12)), row == 0));
        let name = (-px(62), px(24));
        drawing.add(window(&frame.windows[row], (px(72), px(434) + px(48) * at), name, (PAGE.0 + px(36), px(20))));
    }
    refusal(drawing, frame, refused, [(px(8), px(180)), (px(8), px(590))]);
}

/// One page's way as boxes: the page, its entry's flags, the window, and the packets.
fn film(drawing: &mut Drawing, frame: &Frame, refused: Option<Who>) {
    let row = frame.entries.iter().position(|row| row.entry.flags != GTF_INVALID || row.pins > 0).unwrap_or(0);
    let window = frame.windows.iter().find(|window| window.seen.is_some_and(|(_, gref)| gref.0 == 8 + row as u32));
    let page = &frame.pages[row];
    let (y, height) = (px(26), px(36));
    for (x, tone, said) in [(px(38), Tone::Domu, "guest"), (px(132), Tone::Xen, "entry"), (px(226), Tone::Dom0, "dom0")]
    {
        drawing.add(words(x, px(17), Anchor::Middle, Face::Note, tone, said));
    }
    let lent = page.state != PageState::Free;
    let of_page = if page.frame.is_some() { Paint::cell(Tone::Domu) } else { absent() };
    drawing.add(Shape::Rect { x: px(10), y, width: px(56), height, radius: px(3), paint: of_page });
    let entry = &frame.entries[row];
    let in_use = entry.entry.flags & GTF_READING != 0;
    let of_entry = match (entry.entry.flags, in_use) {
        (GTF_INVALID, _) => absent(),
        (_, false) => Paint::cell(Tone::Domu),
        (_, true) => Paint::cell(Tone::Xen).weight(Weight::Thick),
    };
    drawing.add(Shape::Rect { x: px(104), y, width: px(56), height, radius: px(3), paint: of_entry });
    let mut flags = Text::new();
    flags.push_str("0x").push_hex(u64::from(entry.entry.flags), 2);
    drawing.add(words(
        px(132),
        px(48),
        Anchor::Middle,
        Face::Mono,
        if in_use { Tone::Xen } else { Tone::Domu },
        flags.as_str(),
    ));
    let of_window = match window {
        Some(_) => Paint { fill: Fill::Tint(Tone::Domu), ..Paint::stroke(Tone::Dom0) },
        None => absent(),
    };
    drawing.add(Shape::Rect { x: px(198), y, width: px(56), height, radius: px(3), paint: of_window });
    drawing.add(words(px(38), px(48), Anchor::Middle, Face::Note, if lent { Tone::Domu } else { Tone::Soft }, "page"));
    if entry.entry.flags != GTF_INVALID {
        link(drawing, (px(66), px(44)), (px(104), px(44)), Tone::Domu);
    }
    if let Some(window) = window {
        drawing.add(words(px(226), px(48), Anchor::Middle, Face::Name, Tone::Dom0, "F"));
        link(drawing, (px(160), px(44)), (px(198), px(44)), Tone::Xen);
        for number in 0..window.packets {
            let x = px(210) + px(20) * number as Unit;
            drawing.add(Shape::Circle { x, y: px(82), radius: px(7), paint: Paint::cell(Tone::Dom0) });
        }
        if window.released {
            drawing.add(words(px(226), px(86), Anchor::Middle, Face::Note, Tone::Dom0, "freed"));
        }
    }
    let (tone, said) = match (frame.guest, refused, page.state) {
        (Guest::Crashed, ..) => (Tone::Fault, "guest stopped"),
        (Guest::DeviceBroken, ..) => (Tone::Fault, "device broken"),
        (_, Some(_), _) => (Tone::Fault, "refused"),
        (.., PageState::Lost) => (Tone::Fault, "lost"),
        (.., PageState::Deferred) => (Tone::Fault, "not ended yet"),
        (.., PageState::Returned) => (Tone::Fault, "given back"),
        (.., PageState::Answered) => (Tone::Dom0, "answered"),
        (.., PageState::Granted | PageState::Free) => return,
    };
    drawing.add(words(px(10), px(86), Anchor::Start, Face::Note, tone, said));
}

const fn absent() -> Paint {
    Paint::stroke(Tone::Free).line(Line::Dashed)
}

/// What an arrow says.
#[derive(Clone, Copy)]
enum Link {
    /// A page's frame is named by an entry.
    Names,
    /// An entry is mapped at a window.
    Maps,
}

/// Arrows between the rows of two tables: `from` and `to` tell where a row's arrows begin and end.
fn links(
    drawing: &mut Drawing,
    frame: &Frame,
    from: impl Fn(usize) -> (Unit, Unit),
    to: impl Fn(usize) -> (Unit, Unit),
    which: Link,
) {
    for (number, row) in frame.entries.iter().enumerate() {
        match which {
            Link::Names => {
                let page = frame.pages.iter().position(|page| names(row, page.frame.map(|frame| frame.0)));
                if let Some(page) = page {
                    link(drawing, from(page), to(number), Tone::Domu);
                }
            }
            Link::Maps => {
                let seen = |gref: u32| move |seen: (_, crate::words::ids::GrantRef)| seen.1.0 == gref;
                let window = frame.windows.iter().position(|window| window.seen.is_some_and(seen(row.gref.0)));
                if let Some(window) = window {
                    link(drawing, from(number), to(window), Tone::Xen);
                }
            }
        }
    }
}

fn names(row: &EntryRow, frame: Option<u32>) -> bool {
    row.entry.flags != GTF_INVALID && frame == Some(row.entry.frame.0)
}

/// A line with a head at its end.
fn link(drawing: &mut Drawing, from: (Unit, Unit), to: (Unit, Unit), tone: Tone) {
    let head = if to.0 > from.0 { px(7) } else { -px(7) };
    let data = PathData::from(from.0, from.1)
        .to(to.0, to.1)
        .jump(to.0 - head, to.1 - px(4))
        .to(to.0, to.1)
        .to(to.0 - head, to.1 + px(4));
    drawing.add(Shape::Path { data, paint: Paint::stroke(tone) });
}

/// What comes back, dashed and underneath.
fn answer(drawing: &mut Drawing, (from, to): (Unit, Unit), y: Unit) {
    let line = Paint::stroke(Tone::Dom0).line(Line::Dashed);
    let head = PathData::from(to + px(7), y - px(4)).to(to, y).to(to + px(7), y + px(4));
    let shapes = vec![
        rule((from, y), (to, y), line),
        Shape::Path { data: head, paint: Paint::stroke(Tone::Dom0) },
        words(px(604), y - px(6), Anchor::Middle, Face::Note, Tone::Dom0, "answer"),
    ];
    drawing.add(named("answer", shapes));
}

/// A cross and what was refused, on the side of whoever wanted it: the guest's, or dom0's.
fn refusal(drawing: &mut Drawing, frame: &Frame, refused: Option<Who>, [guest, dom0]: [(Unit, Unit); 2]) {
    let ((x, y), said) = match (frame.guest, refused) {
        (Guest::Crashed, _) => (guest, "the guest has stopped: BUG()"),
        (Guest::DeviceBroken, _) => (guest, "netfront gave the device up"),
        (Guest::Runs, Some(Who::Guest)) => (guest, "refused: dom0 uses it"),
        (Guest::Runs, Some(_)) => (dom0, "refused by Xen: not granted so"),
        (Guest::Runs, None) => return,
    };
    let paint = Paint::stroke(Tone::Fault).weight(Weight::Thick);
    let shapes = vec![
        rule((x, y - px(10)), (x + px(10), y), paint),
        rule((x, y), (x + px(10), y - px(10)), paint),
        words(x + px(16), y, Anchor::Start, Face::Name, Tone::Fault, said),
    ];
    drawing.add(named("refusals", shapes));
}

fn description(frame: &Frame) -> Text {
    let mut text = Text::new();
    for row in &frame.entries {
        if row.entry.flags == GTF_INVALID && row.pins == 0 {
            continue;
        }
        text.push_str("Entry ").push_u32(row.gref.0).push_str(" has flags 0x");
        text.push_hex(u64::from(row.entry.flags), 4).push_str(" and names frame 0x");
        text.push_hex(u64::from(row.entry.frame.0), 2).push_str("; Xen has it pinned ");
        text.push_u32(u32::from(row.pins)).push_str(if row.pins == 1 { " time. " } else { " times. " });
    }
    text.push_str("Pages mapped in dom0: ").push_u64(frame.mapped());
    text.push_str("; packets that point to them: ").push_u64(frame.packets()).push_char('.');
    text
}
