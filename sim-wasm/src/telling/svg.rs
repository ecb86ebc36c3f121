//! A [`Drawing`] becomes the text of an SVG picture: [`write()`].
//!
//! In a page the colours come from the style sheet by class, so that one picture serves light and dark; outside a page they
//! are written in.
//!
//! Not modelled: anything of SVG that no drawing uses.

use crate::telling::drawing::{Anchor, Drawing, Face, Fill, Line, Paint, Shape, Tone, Unit, Weight, push_unit};
use crate::words::text::Text;

/// Where the colours come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// From the page's style sheet; the text is the `class` of the whole picture.
    Classes(&'static str),
    /// Written in, for light ground.
    Light,
    /// Written in, for dark ground.
    Dark,
}

/// Writes the whole `<svg>` element.
#[must_use]
pub fn write(drawing: &Drawing, ink: Ink) -> Text {
    let mut svg = Text::new();
    svg.push_str("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ");
    push_unit(&mut svg, drawing.width);
    svg.push_char(' ');
    push_unit(&mut svg, drawing.height);
    svg.push_str("\" role=\"img\"");
    attribute(&mut svg, "width", drawing.width);
    attribute(&mut svg, "height", drawing.height);
    if let Ink::Classes(class) = ink {
        svg.push_str(" class=\"").push_str(class).push_str("\"");
    }
    svg.push_str("><title>");
    escape(&mut svg, drawing.title);
    svg.push_str("</title><desc>");
    escape(&mut svg, drawing.description.as_str());
    svg.push_str("</desc>");
    if let Some(ground) = colour(ink, Tone::Paper, Tint::No) {
        svg.push_str("<rect width=\"100%\" height=\"100%\" fill=\"").push_str(ground).push_str("\"/>");
    }
    for shape in &drawing.shapes {
        write_shape(&mut svg, shape, ink);
    }
    svg.push_str("</svg>");
    svg
}

fn write_shape(svg: &mut Text, shape: &Shape, ink: Ink) {
    match shape {
        Shape::Rect { x, y, width, height, radius, paint } => {
            svg.push_str("<rect");
            attribute(svg, "x", *x);
            attribute(svg, "y", *y);
            attribute(svg, "width", *width);
            attribute(svg, "height", *height);
            if *radius > 0 {
                attribute(svg, "rx", *radius);
            }
            write_paint(svg, *paint, ink);
            svg.push_str("/>");
        }
        Shape::Circle { x, y, radius, paint } => {
            svg.push_str("<circle");
            attribute(svg, "cx", *x);
            attribute(svg, "cy", *y);
            attribute(svg, "r", *radius);
            write_paint(svg, *paint, ink);
            svg.push_str("/>");
        }
        Shape::Path { data, paint } => {
            svg.push_str("<path d=\"").push_str(data.as_str()).push_char('"');
            write_paint(svg, *paint, ink);
            svg.push_str("/>");
        }
        Shape::Words { x, y, anchor, face, tone, words } => {
            svg.push_str("<text");
            attribute(svg, "x", *x);
            attribute(svg, "y", *y);
            write_face(svg, *face, *tone, ink);
            match anchor {
                Anchor::Start => {}
                Anchor::Middle => {
                    svg.push_str(" text-anchor=\"middle\"");
                }
                Anchor::End => {
                    svg.push_str(" text-anchor=\"end\"");
                }
            }
            svg.push_char('>');
            escape(svg, words.as_str());
            svg.push_str("</text>");
        }
        Shape::Mark { entity, goes, shapes } => {
            svg.push_str("<g");
            // A picture for itself has no page around it that could light it up.
            if let Ink::Classes(_) = ink {
                svg.push_str(" data-e=\"").push_str(entity).push_char('"');
                if let Some(goes) = goes {
                    svg.push_str(" data-n=\"").push_u32(goes.frame).push_str("\" data-l=\"");
                    escape(svg, goes.label.as_str());
                    svg.push_char('"');
                }
            }
            svg.push_char('>');
            for shape in shapes {
                write_shape(svg, shape, ink);
                if goes.is_some() {
                    // Its words are its name, and two words are not to be read as one.
                    svg.push_char(' ');
                }
            }
            svg.push_str("</g>");
        }
        Shape::Link { state, label, shapes } => {
            // A picture for itself has no page around it to lead anywhere. Of so many links none is a stop for the keyboard
            // until the page's script makes one stop of all of them: the text version tells as much.
            let page = matches!(ink, Ink::Classes(_));
            if page {
                svg.push_str("<a href=\"#");
                escape(svg, state.as_str());
                svg.push_str("\" aria-label=\"");
                escape(svg, label.as_str());
                svg.push_str("\" tabindex=\"-1\">");
            }
            for shape in shapes {
                write_shape(svg, shape, ink);
            }
            if page {
                svg.push_str("</a>");
            }
        }
        Shape::Choice { knob, value, chosen, label, shapes } => {
            svg.push_str("<g");
            if let Ink::Classes(_) = ink {
                svg.push_str(" data-turn=\"").push_u32(*knob as u32).push_str("\" data-to=\"").push_u32(*value);
                svg.push_str("\" data-l=\"");
                escape(svg, label.as_str());
                svg.push_str(if *chosen { "\" data-c=\"\"" } else { "\"" });
            }
            svg.push_char('>');
            for shape in shapes {
                write_shape(svg, shape, ink);
            }
            svg.push_str("</g>");
        }
        Shape::Group { key, x, y, shapes } => {
            svg.push_str("<g data-k=\"").push_str(key.0).push_u32(key.1).push_str("\" transform=\"translate(");
            push_unit(svg, *x);
            svg.push_char(' ');
            push_unit(svg, *y);
            svg.push_str(")\">");
            for shape in shapes {
                write_shape(svg, shape, ink);
            }
            svg.push_str("</g>");
        }
    }
}

fn attribute(svg: &mut Text, name: &str, value: Unit) {
    svg.push_char(' ').push_str(name).push_str("=\"");
    push_unit(svg, value);
    svg.push_char('"');
}

fn write_paint(svg: &mut Text, paint: Paint, ink: Ink) {
    match ink {
        Ink::Classes(_) => {
            svg.push_str(" class=\"");
            match paint.fill {
                Fill::None => {
                    svg.push_str("f-none");
                }
                Fill::Solid(tone) => {
                    svg.push_str("f-").push_str(name(tone));
                }
                Fill::Tint(tone) => {
                    svg.push_str("f-").push_str(name(tone)).push_str("-t");
                }
            }
            if let Some(tone) = paint.stroke {
                svg.push_str(" s-").push_str(name(tone));
                svg.push_str(match paint.weight {
                    Weight::Thin => " thin",
                    Weight::Normal => "",
                    Weight::Thick => " thick",
                });
                svg.push_str(match paint.line {
                    Line::Solid => "",
                    Line::Dashed => " d",
                    Line::Dotted => " dot",
                });
            }
            if paint.dim {
                svg.push_str(" dim");
            }
            svg.push_char('"');
        }
        Ink::Light | Ink::Dark => {
            let fill = match paint.fill {
                Fill::None => None,
                Fill::Solid(tone) => colour(ink, tone, Tint::No),
                Fill::Tint(tone) => colour(ink, tone, Tint::Yes),
            };
            svg.push_str(" fill=\"").push_str(fill.unwrap_or("none")).push_char('"');
            if let Some(stroke) = paint.stroke.and_then(|tone| colour(ink, tone, Tint::No)) {
                svg.push_str(" stroke=\"").push_str(stroke).push_str("\" stroke-width=\"").push_str(
                    match paint.weight {
                        Weight::Thin => "1",
                        Weight::Normal => "1.5",
                        Weight::Thick => "2.5",
                    },
                );
                svg.push_str(match paint.line {
                    Line::Solid => "\"",
                    Line::Dashed => "\" stroke-dasharray=\"4 3\"",
                    Line::Dotted => "\" stroke-dasharray=\"0.1 4\" stroke-linecap=\"round\"",
                });
            }
            if paint.dim {
                svg.push_str(" opacity=\"0.35\"");
            }
        }
    }
}

fn write_face(svg: &mut Text, face: Face, tone: Tone, ink: Ink) {
    match ink {
        Ink::Classes(_) => {
            svg.push_str(" class=\"").push_str(match face {
                Face::Name => "t",
                Face::Note => "n",
                Face::Overlay => "o",
                Face::Mono => "m",
                Face::Big => "b",
            });
            svg.push_str(" f-").push_str(name(tone)).push_char('"');
        }
        Ink::Light | Ink::Dark => {
            svg.push_str(match face {
                Face::Name => " font-family=\"Inter, system-ui, sans-serif\" font-size=\"12\" font-weight=\"600\"",
                Face::Note => " font-family=\"Inter, system-ui, sans-serif\" font-size=\"11\" font-weight=\"500\"",
                Face::Overlay => " font-family=\"Inter, system-ui, sans-serif\" font-size=\"11\" font-weight=\"500\"",
                Face::Mono => " font-family=\"DejaVu Sans Mono, monospace\" font-size=\"11\"",
                Face::Big => " font-family=\"Inter, system-ui, sans-serif\" font-size=\"20\" font-weight=\"600\"",
            });
            if let (Face::Overlay, Some(ground)) = (face, colour(ink, Tone::Paper, Tint::No)) {
                svg.push_str(" stroke=\"").push_str(ground);
                svg.push_str("\" stroke-width=\"4\" stroke-linejoin=\"round\" paint-order=\"stroke\"");
            }
            if let Some(fill) = colour(ink, tone, Tint::No) {
                svg.push_str(" fill=\"").push_str(fill).push_char('"');
            }
        }
    }
}

/// The tone's name in class names.
const fn name(tone: Tone) -> &'static str {
    match tone {
        Tone::Domu => "domu",
        Tone::Dom0 => "dom0",
        Tone::Xen => "xen",
        Tone::Hardware => "hw",
        Tone::Fault => "fault",
        Tone::Free => "free",
        Tone::Paper => "paper",
        Tone::Ink => "ink",
        Tone::Soft => "soft",
        Tone::Hair => "hair",
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tint {
    No,
    Yes,
}

/// The colour to write in; the same values as in `templates/`, where a test holds them together.
const fn colour(ink: Ink, tone: Tone, tint: Tint) -> Option<&'static str> {
    let (light, dark) = match (tone, tint) {
        (Tone::Domu, Tint::No) => ("#0072b2", "#6fbdf0"),
        (Tone::Domu, Tint::Yes) => ("#dcecf7", "#14303f"),
        (Tone::Dom0, Tint::No) => ("#00805c", "#5fd0a5"),
        (Tone::Dom0, Tint::Yes) => ("#d9efe6", "#12352b"),
        (Tone::Xen, Tint::No) => ("#8a4f9e", "#cfa0e0"),
        (Tone::Xen, Tint::Yes) => ("#eee0f3", "#33233b"),
        (Tone::Hardware, Tint::No) => ("#a86400", "#eeb45a"),
        (Tone::Hardware, Tint::Yes) => ("#f6e8cf", "#3a2b12"),
        (Tone::Fault, Tint::No) => ("#c2410c", "#ff8f5e"),
        (Tone::Fault, Tint::Yes) => ("#fbe0d3", "#42200f"),
        (Tone::Free, Tint::No) => ("#b9b6ad", "#59626a"),
        (Tone::Paper, _) => ("#fbfaf7", "#14181b"),
        (Tone::Ink, _) => ("#1d2327", "#e4e2dc"),
        (Tone::Soft, _) => ("#5a6570", "#98a2ab"),
        (Tone::Hair, _) => ("#d9d6cd", "#2e353b"),
        (Tone::Free, Tint::Yes) => ("#f1efe8", "#1b2125"),
    };
    match ink {
        Ink::Classes(_) => None,
        Ink::Light => Some(light),
        Ink::Dark => Some(dark),
    }
}

/// Writes words as XML text.
pub fn escape(out: &mut Text, words: &str) {
    for character in words.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push_char(character),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telling::drawing::{Key, px, words};

    fn drawing() -> Drawing {
        let shapes = vec![Shape::Group {
            key: Key("slot", 3),
            x: px(10),
            y: 5,
            shapes: vec![
                Shape::Rect { x: 0, y: 0, width: px(4), height: px(4), radius: px(1), paint: Paint::cell(Tone::Domu) },
                words(0, 0, Anchor::Middle, Face::Mono, Tone::Soft, "a<b"),
            ],
        }];
        let mut description = Text::new();
        description.push_str("R&D");
        Drawing { width: px(20), height: px(10), title: "T", description, shapes }
    }

    #[test]
    fn a_page_colours_by_class() {
        assert_eq!(
            write(&drawing(), Ink::Classes("wide")).as_str(),
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 20 10\" role=\"img\" width=\"20\" height=\"10\" class=\"wide\">\
             <title>T</title><desc>R&amp;D</desc><g data-k=\"slot3\" transform=\"translate(10 0.5)\">\
             <rect x=\"0\" y=\"0\" width=\"4\" height=\"4\" rx=\"1\" class=\"f-domu-t s-domu\"/>\
             <text x=\"0\" y=\"0\" class=\"m f-soft\" text-anchor=\"middle\">a&lt;b</text></g></svg>"
        );
    }

    #[test]
    fn a_picture_for_itself_carries_its_colours() {
        let svg = write(&drawing(), Ink::Dark);
        assert!(svg.as_str().contains("fill=\"#14303f\" stroke=\"#6fbdf0\" stroke-width=\"1.5\""));
        assert!(svg.as_str().contains("<rect width=\"100%\" height=\"100%\" fill=\"#14181b\"/>"));
    }
}
