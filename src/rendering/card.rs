//! The card that stands for a post elsewhere: its title above its first figure, 1200 by 630 pixels, as previews want it. Where a site
//! asks for it (`social_cards = true`), a post without a figure has one too: its title, the site's, and the day.
//!
//! The figure is shown at the middle of its film, where most is to be seen, and drawn by the same engine as in the page.

use pulldown_cmark_escape::escape_html;
use sim::telling::figure;
use sim::telling::player::Player;
use sim::telling::story::Layout;
use sim::telling::svg::Ink;

use crate::files::config::Config;
use crate::graph::site::{FigureUse, Post};
use crate::rendering::hashing::hash_json;
use crate::rendering::raster::{draws, rasterise_at};
use crate::rendering::renderer::figures;
use crate::rendering::view::shared::DateView;
use crate::rendering::xml::without_illegal;
use crate::words::diagnostic::Diagnostic;
use crate::words::phrases::Phrases;
use crate::words::route::{Route, composed};

/// Width in pixels.
pub const WIDTH: u32 = 1200;
/// Height in pixels.
pub const HEIGHT: u32 = 630;

/// Pixels around everything.
const MARGIN: u32 = 56;

/// Sizes of the title, the largest first, each with the lines that it may take. The first that fits is used.
const TITLE: [(u32, usize); 3] = [(60, 1), (52, 2), (42, 3)];

/// The same where the title stands alone.
const ALONE: [(u32, usize); 3] = [(84, 2), (68, 3), (54, 4)];

/// The built-in theme's colour of links, by day.
const ACCENT: &str = "#0a5c8f";

/// Widths of Inter's semibold letters in hundredths of their size, rounded up: on average, and of the wide ones.
const LETTER: u32 = 56;
const WIDE_LETTER: u32 = 92;

/// A post's card.
#[derive(Debug)]
pub struct Card<'a> {
    post: &'a Post,
    site: &'a str,
    /// The day in words.
    day: String,
    /// The figure below the title, if there is one.
    wanted: Option<&'a FigureUse>,
}

impl<'a> Card<'a> {
    /// The card of a post of a site; nothing when the post has a picture of its own, or neither a figure nor a title that can be drawn
    /// where the site wants one. A title with letters that our fonts lack has none: boxes say nothing, and less than no picture.
    #[must_use]
    pub fn of(post: &'a Post, config: &'a Config, phrases: &Phrases) -> Option<Self> {
        let wanted = figures(&post.body).next();
        let is_title = || config.social_cards && !drawable(&post.title).trim().is_empty() && has_letters(post, config);
        let has_card = post.image.is_none() && (wanted.is_some() || is_title());
        has_card.then(|| Self { post, site: &config.title, day: DateView::new(&post.date, phrases).day, wanted })
    }

    /// The figure that is shown, if it is one.
    #[must_use]
    pub fn figure(&self) -> Option<&'a FigureUse> {
        self.wanted
    }

    /// Stands for the words on it.
    #[must_use]
    pub fn words(&self) -> blake3::Hash {
        hash_json(&(&self.post.title, self.site, self.wanted.is_none().then_some(&self.day)))
    }

    /// Where it lives: beside the page, under a name that stays the same.
    #[must_use]
    pub fn route(&self) -> Route {
        self.post.route.beside("card.png")
    }

    /// What it shows.
    #[must_use]
    pub fn alternative(&self) -> String {
        let Some(player) = self.player() else { return self.post.title.clone() };
        format!("{}: {}", player.spec().title, player.sentence())
    }

    /// The figure at the middle of its film.
    fn player(&self) -> Option<Player> {
        let wanted = self.wanted?;
        let spec = figure(&wanted.figure).expect("the figure is in the catalogue");
        let preset = spec.preset(&wanted.preset).expect("the figure has the preset");
        let mut player = Player::new(spec, preset);
        for (name, value) in &wanted.knobs {
            player.set_knob(spec.knob(name).expect("the figure has the knob"), *value);
        }
        let film = spec.presets[preset].film;
        let frame = film.get(film.len() / 2).map_or(0, |(frame, _)| *frame);
        player.seek(frame.min(player.steps()));
        Some(player)
    }

    /// The card's bytes.
    pub fn png(&self) -> Result<Vec<u8>, Vec<Diagnostic>> {
        rasterise_at(&self.svg(), 1).map_err(|reason| {
            let message = format!("the card of this post cannot be drawn: {reason}");
            vec![Diagnostic::error("figure-picture", message).in_path(&self.post.path)]
        })
    }

    fn svg(&self) -> String {
        let room = WIDTH - 2 * MARGIN;
        let player = self.player();
        let (title, site, sizes) = match player {
            Some(_) => (self.post.title.clone(), self.site.to_owned(), &TITLE[..]),
            None => (drawable(&self.post.title), drawable(self.site), &ALONE[..]),
        };
        let (size, lines) = set(&title, room, sizes);
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
        words(MARGIN + 22, 24, 500, "#5d6266", &site);
        let mut y = MARGIN + 36;
        if player.is_none() {
            let high = u32::try_from(lines.len()).unwrap_or(1) * size * 6 / 5;
            y = (HEIGHT - high) / 2 - size / 6;
            words(HEIGHT - MARGIN, 24, 500, "#5d6266", &drawable(&self.day));
        }
        for line in &lines {
            y += size * 6 / 5;
            words(y, size, 600, "#1b1f22", line);
        }
        let Some(player) = player else {
            svg.push_str(&format!("<rect width=\"16\" height=\"{HEIGHT}\" fill=\"{ACCENT}\"/></svg>"));
            return svg;
        };
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

/// A title without the pictures among its letters, which our fonts lack.
fn drawable(title: &str) -> String {
    let letters: String = composed(title).chars().filter(|c| !is_picture(*c)).collect();
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether all that the words on a card of its title alone say can be drawn.
fn has_letters(post: &Post, config: &Config) -> bool {
    [&post.title, &config.title].iter().all(|title| draws(&drawable(title)))
}

/// Whether a character is an emoji, or joins or colours some: what is lost with it is no word.
fn is_picture(c: char) -> bool {
    matches!(
        c,
        '\u{200d}' | '\u{20e3}' | '\u{fe00}'..='\u{fe0f}' | '\u{2600}'..='\u{266c}' | '\u{2670}'..='\u{27bf}' | '\u{1f000}'..='\u{1faff}'
            | '\u{e0020}'..='\u{e007f}'
    )
}

/// The title's size and its lines; what does not fit is left out.
fn set(title: &str, room: u32, sizes: &[(u32, usize)]) -> (u32, Vec<String>) {
    for &(size, most) in sizes {
        let lines = wrapped(title, room * 100 / size);
        if lines.len() <= most {
            return (size, lines);
        }
    }
    let (size, most) = sizes[sizes.len() - 1];
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
    for word in text.split_whitespace().flat_map(|word| pieces(word, room)) {
        let word = word.as_str();
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

/// A word in parts that are no wider than a line.
fn pieces(word: &str, room: u32) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for letter in word.chars() {
        let last = pieces.last_mut().expect("there is one");
        if !last.is_empty() && width(last) + width(letter.encode_utf8(&mut [0; 4])) > room {
            pieces.push(letter.to_string());
        } else {
            last.push(letter);
        }
    }
    pieces
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
        assert_eq!(set("The ring", room, &TITLE), (60, vec!["The ring".to_owned()]));
        let (size, lines) = set("How a Xen guest learns to slow down, and why nobody tells it to", room, &TITLE);
        assert_eq!((size, lines.len()), (52, 2));
        let (size, lines) = set(&"a word and another ".repeat(20), room, &TITLE);
        assert_eq!((size, lines.len()), (42, 3));
        assert!(lines[2].ends_with('…'));
        assert_eq!(set("", room, &TITLE).1, Vec::<String>::new());
    }
}
