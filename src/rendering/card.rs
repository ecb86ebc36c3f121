//! The card that stands for a post elsewhere: its title above its first figure, 1200 by 630 pixels, as previews want it.
//!
//! The figure is shown at the middle of its film, where most is to be seen, and drawn by the same engine as in the page.

use pulldown_cmark_escape::escape_html;
use sim::telling::figure;
use sim::telling::player::Player;
use sim::telling::story::Layout;
use sim::telling::svg::Ink;

use crate::graph::site::{FigureUse, Post};
use crate::rendering::raster::rasterise_at;
use crate::rendering::renderer::figures;
use crate::rendering::xml::without_illegal;
use crate::words::diagnostic::Diagnostic;
use crate::words::route::Route;

/// Width in pixels.
pub const WIDTH: u32 = 1200;
/// Height in pixels.
pub const HEIGHT: u32 = 630;

/// Pixels around everything.
const MARGIN: u32 = 56;

/// Sizes of the title, the largest first, each with the lines that it may take. The first that fits is used.
const TITLE: [(u32, usize); 3] = [(60, 1), (52, 2), (42, 3)];

/// Widths of Inter's semibold letters in hundredths of their size, rounded up: on average, and of the wide ones.
const LETTER: u32 = 56;
const WIDE_LETTER: u32 = 92;

/// A post's card.
#[derive(Debug)]
pub struct Card<'a> {
    post: &'a Post,
    site: &'a str,
    wanted: &'a FigureUse,
}

impl<'a> Card<'a> {
    /// The card of a post on the site of that name; nothing when the post has a picture of its own, or no figure.
    #[must_use]
    pub fn of(post: &'a Post, site: &'a str) -> Option<Self> {
        let wanted = figures(&post.body).next().filter(|_| post.image.is_none())?;
        Some(Self { post, site, wanted })
    }

    /// The figure that is shown.
    #[must_use]
    pub fn figure(&self) -> &'a FigureUse {
        self.wanted
    }

    /// Where it lives: beside the page, under a name that stays the same.
    #[must_use]
    pub fn route(&self) -> Route {
        self.post.route.beside("card.png")
    }

    /// What it shows.
    #[must_use]
    pub fn alternative(&self) -> String {
        let player = self.player();
        format!("{}: {}", player.spec().title, player.sentence())
    }

    /// The figure at the middle of its film.
    fn player(&self) -> Player {
        let spec = figure(&self.wanted.figure).expect("the figure is in the catalogue");
        let preset = spec.preset(&self.wanted.preset).expect("the figure has the preset");
        let mut player = Player::new(spec, preset);
        for (name, value) in &self.wanted.knobs {
            player.set_knob(spec.knob(name).expect("the figure has the knob"), *value);
        }
        let film = spec.presets[preset].film;
        let frame = film.get(film.len() / 2).map_or(0, |(frame, _)| *frame);
        player.seek(frame.min(player.steps()));
        player
    }

    /// The card's bytes.
    pub fn png(&self) -> Result<Vec<u8>, Vec<Diagnostic>> {
        rasterise_at(&self.svg(), 1).map_err(|reason| {
            let message = format!("the card of this post cannot be drawn: {reason}");
            vec![Diagnostic::error("figure-picture", message).at(self.wanted.span.clone(), "")]
        })
    }

    fn svg(&self) -> String {
        let room = WIDTH - 2 * MARGIN;
        let (size, lines) = set(&self.post.title, room);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\">\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fbfaf7\"/>"
        );
        let mut words = |y: u32, size: u32, weight: u32, colour: &str, text: &str| {
            svg.push_str(&format!(
                "<text x=\"{MARGIN}\" y=\"{y}\" font-family=\"Inter\" font-size=\"{size}\" font-weight=\"{weight}\" fill=\"{colour}\">"
            ));
            escape_html(&mut svg, &without_illegal(text)).expect("a string takes everything");
            svg.push_str("</text>");
        };
        words(MARGIN + 22, 24, 500, "#5d6266", self.site);
        let mut y = MARGIN + 36;
        for line in &lines {
            y += size * 6 / 5;
            words(y, size, 600, "#1b1f22", line);
        }
        let player = self.player();
        let (width, height) = player.size(Layout::Wide);
        let (top, room_below) = (y + 32, HEIGHT - MARGIN - y - 32);
        // In thousandths, so that the same card has the same bytes everywhere.
        let scale = (room * 1000 / width.max(1)).min(room_below * 1000 / height.max(1));
        let left = (WIDTH - width * scale / 1000) / 2;
        let middle = top + (room_below - height * scale / 1000) / 2;
        let picture = player.svg(Layout::Wide, Ink::Light);
        svg.push_str(&format!(
            "<g transform=\"translate({left} {middle}) scale({}.{:03})\">",
            scale / 1000,
            scale % 1000
        ));
        svg.push_str(&picture);
        svg.push_str("</g></svg>");
        svg
    }
}

/// The title's size and its lines; what does not fit is left out.
fn set(title: &str, room: u32) -> (u32, Vec<String>) {
    for (size, most) in TITLE {
        let lines = wrapped(title, room * 100 / size);
        if lines.len() <= most {
            return (size, lines);
        }
    }
    let (size, most) = TITLE[TITLE.len() - 1];
    let mut lines = wrapped(title, room * 100 / size);
    lines.truncate(most);
    if let Some(last) = lines.last_mut() {
        last.push('…');
    }
    (size, lines)
}

/// Words in lines that are no longer than `room`, in hundredths of the letters' size.
fn wrapped(text: &str, room: u32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + LETTER + width(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// About how wide a text is, in hundredths of its letters' size.
fn width(text: &str) -> u32 {
    let letter = |letter: char| match letter {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | '.' | ',' | ':' | ';' | '’' | '\'' | ' ' | '!' | '|' => 34,
        'm' | 'w' | 'M' | 'W' | '—' => WIDE_LETTER,
        letter if letter.is_ascii_uppercase() => 70,
        letter if letter.is_ascii() => LETTER + 5,
        letter if letter.is_alphabetic() && letter < '\u{2000}' => LETTER + 8,
        _ => 100,
    };
    text.chars().map(letter).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_set_as_large_as_it_fits() {
        let room = WIDTH - 2 * MARGIN;
        assert_eq!(set("The ring", room), (60, vec!["The ring".to_owned()]));
        let (size, lines) = set("How a Xen guest learns to slow down, and why nobody tells it to", room);
        assert_eq!((size, lines.len()), (52, 2));
        let (size, lines) = set(&"a word and another ".repeat(20), room);
        assert_eq!((size, lines.len()), (42, 3));
        assert!(lines[2].ends_with('…'));
        assert_eq!(set("", room).1, Vec::<String>::new());
    }
}
