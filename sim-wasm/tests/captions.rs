//! Numbers in titles, introductions and films of the figures about cards are those of the run at that step.

use sim_wasm::telling::claim::Claims;
use sim_wasm::telling::claim::written::Written;
use sim_wasm::telling::figure;
use sim_wasm::telling::player::Player;
use sim_wasm::telling::story::Preset;

const FIGURES: [&str; 4] = ["ways", "dma", "hotplug", "migration"];

/// Where words stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Title,
    Says,
    /// The film's caption of that step.
    Film(u32),
}

use Place::{Film, Says, Title};

/// What words with a number are held against.
#[derive(Clone, Copy, Debug)]
enum Against {
    /// The number that they say, and a claim of it: `@` is the caption's own frame, `#17` the frame of step 17.
    Claim(u64, &'static str),
    /// The sentence that a step has, which says this.
    Sentence(u32, &'static str),
}

use Against::{Claim, Sentence};

/// Figure, preset, place, the words, and what they are held against.
type Row = (&'static str, &'static str, Place, &'static str, Against);

const ROWS: &[Row] = &[
    ("ways", "send", Film(15), "6 exits", Claim(6, "@/exits-emulated")),
    ("ways", "receive", Says, "once", Claim(1, "#29/copies-split")),
    ("ways", "receive", Says, "once", Claim(1, "#29/copies-hvm-split")),
    ("ways", "receive", Says, "not", Claim(0, "#29/copies-pv-own + #29/copies-hvm-own")),
    ("ways", "receive", Says, "twelve times", Claim(12, "#29/switches-emulated / 2")),
    ("ways", "receive", Says, "five times before", Claim(5, "#14/exits-emulated")),
    ("ways", "receive", Says, "seven times after", Claim(7, "#29/switches-emulated / 2 - #14/exits-emulated")),
    ("ways", "receive", Film(29), "13 exits", Claim(13, "@/exits-emulated")),
    ("ways", "burst", Title, "32 packets", Claim(32, "#5/interrupts-pv-own")),
    ("ways", "burst", Says, "Thirty-two packets", Claim(32, "#5/copies-emulated / ways=v1.send.n15/copies-emulated")),
    ("ways", "burst", Says, "Thirty-two packets", Claim(32, "#5/exits-emulated / ways=v1.send.n15/exits-emulated")),
    ("ways", "burst", Film(1), "32 packets", Sentence(1, "32 packets")),
    ("ways", "posted", Says, "Nothing", Claim(0, "#5/exits-hvm-own + #5/hypercalls-hvm-own")),
    ("ways", "posted", Film(5), "No exit", Claim(0, "@/exits-hvm-own")),
    ("ways", "posted", Film(5), "no hypercall", Claim(0, "@/hypercalls-hvm-own")),
    ("ways", "posted", Film(5), "no copy", Claim(0, "@/copies-hvm-own")),
    ("ways", "weighed", Film(3), "nothing", Claim(0, "@/cycles-pv-own + @/cycles-hvm-own")),
    ("ways", "weighed", Film(8), "two switches", Claim(2, "@/switches-split")),
    ("ways", "weighed", Film(15), "ten switches", Claim(10, "@/switches-emulated")),
    ("dma", "nothing-between", Film(3), "a frame", Claim(1, "@/foreign")),
    ("dma", "blocked", Film(8), "Level 1", Sentence(8, "Level 1: entry 27 is empty")),
    ("dma", "without-pv", Film(4), "number 0", Sentence(4, "domain number 0")),
    ("dma", "without-pv", Film(9), "A neighbour's frame", Claim(1, "@/foreign")),
    ("dma", "stale", Film(9), "the guest's own frame", Claim(1, "@/own")),
    ("dma", "teardown", Film(9), "the guest's own frame", Claim(1, "@/own")),
    ("dma", "teardown", Film(18), "number 0", Sentence(18, "domain number 0")),
    ("dma", "teardown", Film(23), "dom0's frame 12", Sentence(23, "frame 12. It is not the guest's")),
    ("hotplug", "no-answer", Film(11), "ten seconds", Claim(10, "@/waited / 1000")),
    ("hotplug", "no-answer", Film(11), "An error", Claim(1, "@/errors")),
    ("hotplug", "boots-without", Film(5), "20 looks", Claim(20, "@/looks")),
    ("hotplug", "boots-without", Film(6), "One line", Claim(1, "@/xend-lines")),
    ("hotplug", "booted", Film(9), "its card", Claim(1, "@/cards")),
    ("hotplug", "no-iommu", Film(5), "at once", Claim(0, "@/waited")),
    ("migration", "in-order", Film(3), "8192 pages", Claim(8192, "@/missing")),
    ("migration", "in-order", Film(7), "fifth round", Claim(5, "@/rounds")),
    ("migration", "in-order", Film(7), "8 pages", Claim(8, "@/sent - #6/sent")),
    ("migration", "unplug-first", Film(1), "100 ms", Claim(100, "@/longest / 1000000")),
    ("migration", "unplug-first", Film(6), "Five rounds", Claim(5, "@/rounds")),
    ("migration", "with-its-card", Film(2), "-EINVAL", Sentence(2, "-EINVAL")),
    ("migration", "with-its-card", Film(3), "Nothing", Claim(0, "@/lost - #1/lost")),
    ("migration", "plugged-too-early", Film(7), "Five rounds", Claim(5, "@/rounds")),
    ("migration", "plugged-too-early", Film(7), "nothing", Claim(0, "@/missing")),
    ("migration", "plugged-too-early", Film(8), "-EXDEV", Sentence(8, "-EXDEV")),
    ("migration", "busy-guest", Film(3), "once", Claim(1, "@/sent / #0/missing")),
    ("migration", "busy-guest", Film(4), "second round", Claim(2, "@/rounds")),
    ("migration", "busy-guest", Film(4), "as many pages", Claim(0, "@/missing - #3/missing")),
    ("migration", "busy-guest", Film(16), "fourteenth", Claim(14, "@/rounds")),
    ("migration", "busy-guest", Film(16), "as", Claim(0, "@/missing - #4/missing")),
    ("migration", "busy-guest", Film(31), "29th", Claim(29, "@/rounds")),
    ("migration", "busy-guest", Film(31), "the last one", Claim(0, "#32/rounds - @/rounds")),
];

/// Numbers that belong to a name, and that of what the figure draws.
const NAMES: [&str; 4] = ["domU 2", "Xen 3.3", "five ways", "XSA-302"];

/// Numbers in words that articles have no use for in claims.
const WORDS: [(&str, u64); 4] = [("second", 2), ("fifth", 5), ("fourteenth", 14), ("thirty-two", 32)];

/// The number that a word is: digits, with the ending of an ordinal or in hexadecimal, or a word for one from two on. *One*
/// and *first* are as often no numbers.
fn numeral(word: &str) -> Option<u64> {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase();
    if let Some(digits) = word.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).ok();
    }
    if let Some((_, number)) = WORDS.iter().find(|(known, _)| *known == word) {
        return Some(*number);
    }
    let digits =
        word.strip_suffix("th").filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit())).unwrap_or(&word);
    let written = Written::read(digits)?;
    (2..=1_000_000).find(|number| written.says((*number).into()))
}

fn text(preset: &Preset, place: Place) -> &'static str {
    match place {
        Title => preset.title,
        Says => preset.says,
        Film(step) => preset.film.iter().find(|(at, _)| *at == step).map_or("", |(_, caption)| caption),
    }
}

fn player(figure_name: &str, preset: &str) -> Player {
    let spec = figure(figure_name).expect("the catalogue has it");
    Player::new(spec, spec.preset(preset).expect("the figure has it"))
}

/// A claim with its frames written out.
fn expression(figure: &str, preset: &str, place: Place, claim: &str) -> String {
    let frame = |step: &str| format!("{figure}=v1.{preset}.n{step}");
    let own = if let Film(step) = place { step.to_string() } else { String::new() };
    let terms = claim.split(' ').map(|term| match (term.split_once('/'), term.strip_prefix('#')) {
        (Some(("@", quantity)), _) => format!("{}/{quantity}", frame(&own)),
        (Some((step, quantity)), Some(_)) => format!("{}/{quantity}", frame(&step[1..])),
        _ => term.to_owned(),
    });
    terms.collect::<Vec<_>>().join(" ")
}

#[test]
fn what_they_say_is_what_the_run_has_at_that_step() {
    let claims = Claims::default();
    for (figure, preset, place, words, against) in ROWS {
        let mut player = player(figure, preset);
        let at = format!("{figure}, {preset}, {place:?}: {words}");
        let said = text(&player.spec().presets[player.preset()], *place);
        assert!(said.contains(words), "{at}: it says `{said}`");
        match against {
            Claim(number, claim) => {
                let numerals = words.split(' ').filter_map(numeral);
                assert!(numerals.clone().count() <= 1 && numerals.clone().all(|said| said == *number), "{at}");
                let expression = expression(figure, preset, *place, claim);
                let value = claims.value(&expression).unwrap_or_else(|error| panic!("{at}: {}", error.what)).value;
                // As in an article, rounded to the digits that are written.
                assert_eq!(value.rounded(0), Some((*number).into()), "{at}: {expression}");
            }
            Sentence(step, sentence) => {
                player.seek(*step);
                assert!(player.sentence().contains(sentence), "{at}: `{}`", player.sentence());
            }
        }
    }
}

#[test]
fn no_number_is_left_out() {
    let mut left_out = Vec::new();
    for figure_name in FIGURES {
        for preset in figure(figure_name).expect("the catalogue has it").presets {
            let films = preset.film.iter().map(|(step, _)| Film(*step));
            for place in [Title, Says].into_iter().chain(films) {
                let mut rest = NAMES.iter().fold(text(preset, place).to_owned(), |text, name| text.replace(name, ""));
                let rows = ROWS.iter().filter(|row| (row.0, row.1, row.2) == (figure_name, preset.name, place));
                for (.., words, _) in rows {
                    rest = rest.replace(words, "");
                }
                let left = rest.split(' ').filter(|word| numeral(word).is_some());
                left_out.extend(left.map(|word| format!("{figure_name}, {}, {place:?}: {word}", preset.name)));
            }
        }
    }
    assert_eq!(left_out, [""; 0]);
}
