//! The picture of the shared ring: the array as a circle, the same array unrolled with its six indexes, and the registers.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::actors::log::Entry;
use crate::telling::drawing::{Anchor, Drawing, px};
use crate::telling::narration::phrases::push_index;
use crate::telling::ring::circle::Circle;
use crate::telling::ring::frame::Frame;
use crate::telling::ring::registers::RegistersPicture;
use crate::telling::ring::tape::Tape;
use crate::telling::story::Layout;
use crate::words::text::Text;

/// Draws one frame. `before` is the frame one step earlier, and `entries_of_step` what happened in between.
pub(crate) fn draw(frame: &Frame, before: &Frame, entries_of_step: &[Entry], layout: Layout) -> Drawing {
    let registers = RegistersPicture { frame, before };
    let mut drawing = Drawing {
        width: 0,
        height: 0,
        title: "A shared ring: its slots, its indexes and the page that holds them",
        description: description(frame),
        shapes: Vec::new(),
    };
    match layout {
        Layout::Wide => {
            (drawing.width, drawing.height) = (px(896), px(426));
            Circle { centre: (px(150), px(150)), outer: px(104), inner: px(56), numbers: true }
                .draw(&mut drawing, frame);
            Tape { x: px(306), y: px(124), width: px(476), height: px(48), row: px(26), labels: true }
                .draw(&mut drawing, frame);
            Tape::wrap_note(&mut drawing, frame, (px(872), px(32)), Anchor::End);
            registers.in_a_row(&mut drawing, entries_of_step);
        }
        Layout::Narrow => {
            (drawing.width, drawing.height) = (px(328), px(772));
            Circle { centre: (px(164), px(122)), outer: px(96), inner: px(50), numbers: true }
                .draw(&mut drawing, frame);
            Tape { x: px(12), y: px(334), width: px(188), height: px(40), row: px(24), labels: true }
                .draw(&mut drawing, frame);
            Tape::wrap_note(&mut drawing, frame, (px(12), px(464)), Anchor::Start);
            registers.in_a_column(&mut drawing, entries_of_step);
        }
        Layout::Film => {
            (drawing.width, drawing.height) = (px(264), px(112));
            Circle { centre: (px(58), px(56)), outer: px(46), inner: px(26), numbers: false }.draw(&mut drawing, frame);
            Tape { x: px(122), y: px(42), width: px(130), height: px(26), row: 0, labels: false }
                .draw(&mut drawing, frame);
        }
    }
    drawing
}

/// The indexes, in the order in which they stand on the ring.
fn description(frame: &Frame) -> Text {
    let now = &frame.registers;
    let mut text = Text::new();
    text.push_u32(frame.outstanding()).push_str(" of ").push_u32(frame.entries).push_str(" slots in use");
    for (name, index) in [
        ("rsp_cons", now.rsp_cons),
        ("rsp_prod", now.rsp_prod),
        ("rsp_prod_pvt", now.rsp_prod_pvt),
        ("req_cons", now.req_cons),
        ("req_prod", now.req_prod),
        ("req_prod_pvt", now.req_prod_pvt),
        ("req_event", now.req_event),
        ("rsp_event", now.rsp_event),
    ] {
        text.push_str(", ").push_str(name).push_char(' ');
        push_index(&mut text, index.0);
    }
    text
}
