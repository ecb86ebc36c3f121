//! `[words](sim:ring=v1.burst.n10&light=rsp_prod)`: words that set a figure to a frame and light up parts of it.
//!
//! The figure is one of the page, or the only one of its id on the site. The frame is opened and the names are looked up in its
//! pictures, so a link that is published works.

use std::collections::BTreeSet;

use sim::telling::figure;
use sim::telling::player::Player;

use crate::graph::engine::{Element, Written, open};
use crate::graph::links::{FrameLink, Linker, Origin};
use crate::parsing::engine_link::{SimLink, Word, part};
use crate::parsing::text::FigureStart;
use crate::words::diagnostic::Diagnostic;
use crate::words::route::Route;

/// The link, or what is wrong with it.
pub(super) fn element<'a>(
    written: Written<'_>,
    link: &SimLink<'a>,
    linker: Linker<'a>,
    origin: Origin<'a>,
) -> (Option<Element>, Vec<Diagnostic>) {
    let (route, start) = match find(written, link.id, linker, origin) {
        Ok(Some(found)) => found,
        Ok(None) => return (None, Vec::new()),
        Err(diagnostic) => return (None, vec![diagnostic]),
    };
    let player = match link.state.map(|state| opened(written, link.id, state, start)).transpose() {
        Ok(player) => player,
        Err(diagnostic) => return (None, vec![diagnostic]),
    };
    let problems = unknown_lights(written, link, start, player.as_ref());
    if !problems.is_empty() {
        return (None, problems);
    }
    let fragment = match link.state {
        Some(state) => format!("{}={}", link.id.text, state.text),
        None => link.id.text.to_owned(),
    };
    let here = route == origin.route;
    let page = if here { String::new() } else { route.href(linker.base_path) };
    // On another page nothing of this one's figures can light up.
    let lights: Vec<&str> = link.lights.iter().map(|light| light.text).filter(|_| here).collect();
    let attributes = [
        ("class", "sim"),
        ("href", &*format!("{page}#{fragment}")),
        ("data-light", &*lights.join(" ")),
        ("title", written.title),
    ];
    let frame = link.state.map(|_| FrameLink { route: route.clone(), fragment });
    let element = Element { open: open("a", &attributes), close: "</a>", frame, is_claim: false };
    (Some(element), problems)
}

/// The figure that a link means, and its page. Nothing when it may be one that could not be read, which is reported there.
fn find<'a>(
    written: Written<'_>,
    id: Word<'a>,
    linker: Linker<'a>,
    origin: Origin<'a>,
) -> Result<Option<(&'a Route, &'a FigureStart)>, Diagnostic> {
    if let Some(start) = origin.anchors.figures.get(id.text) {
        return Ok(Some((origin.route, start)));
    }
    let found: Vec<_> = linker.places.figures(id.text).collect();
    match &found[..] {
        [one] => Ok(Some(*one)),
        [] if !linker.places.knows_all_figures() => Ok(None),
        [] => {
            let message = format!("no page of this site has a figure `{}`", id.text);
            let own: BTreeSet<&str> = origin.anchors.figures.keys().map(String::as_str).collect();
            let all: BTreeSet<&str> = linker.places.figure_ids().collect();
            let known = if own.is_empty() { all } else { own };
            let diagnostic = Diagnostic::error("unknown-figure", message);
            Err(written.unknown(diagnostic, written.place(id), known.iter().copied()))
        }
        [(first, _), (second, _), ..] => {
            let message = format!("several pages have a figure `{}`: `{first}` and `{second}` among them", id.text);
            let diagnostic = Diagnostic::error("ambiguous-figure", message).at(written.place(id), "");
            Err(diagnostic.help(format!("name the page: `@/posts/NAME.md#{}`", id.text)))
        }
    }
}

/// The frame that a link names.
fn opened(written: Written<'_>, id: Word<'_>, state: Word<'_>, start: &FigureStart) -> Result<Player, Diagnostic> {
    // The engine knows the figure by its name, and the page by its id.
    let text = format!("{}={}", start.name, state.text);
    Player::open(&text).map_err(|error| {
        let diagnostic = Diagnostic::error("broken-state", format!("`{}` has no such frame: {error}", id.text));
        let before = text.len() - state.text.len();
        let at = error.place(&text);
        if at.start < before {
            return diagnostic
                .at(written.place(state), "")
                .help("the figure's own link button copies a state that it has");
        }
        let range = state.start + at.start - before..state.start + at.end - before;
        let span = part(written.span, written.destination, &range);
        match error.known() {
            known if known.is_empty() => {
                diagnostic.at(span, "").help("the figure's own link button copies a state that it has")
            }
            known => written.unknown(diagnostic, span, known),
        }
    })
}

/// Names of things that the figure does not have: in the frame that the link names, or in any when it names none.
fn unknown_lights(
    written: Written<'_>,
    link: &SimLink<'_>,
    start: &FigureStart,
    player: Option<&Player>,
) -> Vec<Diagnostic> {
    if link.lights.is_empty() {
        return Vec::new();
    }
    let wanted = |entities: &BTreeSet<&str>| link.lights.iter().all(|light| entities.contains(light.text));
    let (entities, whose) = match player {
        Some(player) => (player.entities(), "this frame"),
        None => (entities_of_all_frames(start.name, wanted), "the figure"),
    };
    let unknown = link.lights.iter().filter(|light| !entities.contains(light.text));
    let tell = |light: &Word<'_>| {
        let message = format!("{whose} has nothing called `{}` that could light up", light.text);
        let diagnostic = Diagnostic::error("unknown-light", message);
        written.unknown(diagnostic, written.place(*light), entities.iter().copied())
    };
    unknown.map(tell).collect()
}

/// What lights up in any frame of any preset, as far as needed to know what is `wanted`.
fn entities_of_all_frames(name: &str, wanted: impl Fn(&BTreeSet<&str>) -> bool) -> BTreeSet<&'static str> {
    let mut entities = BTreeSet::new();
    let Some(spec) = figure(name) else { return entities };
    for preset in 0..spec.presets.len() {
        let mut player = Player::new(spec, preset);
        for frame in 0..=player.steps() {
            player.seek(frame);
            entities.append(&mut player.entities());
            if wanted(&entities) {
                return entities;
            }
        }
    }
    entities
}
