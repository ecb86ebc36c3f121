//! What pages load against what they may: [`check`].
//!
//! Bytes are counted as they are written, before a server makes them smaller. Of several candidates for a picture or a font the
//! largest counts, and pictures count that wait until a reader comes near.

use std::collections::{BTreeMap, BTreeSet};

use crate::files::artifact::Artifact;
use crate::files::config::{CONFIG_FILE, Kind};
use crate::files::output::{self, Phase, Planned};
use crate::graph::site::Site;
use crate::rendering::loads::{Choice, fonts, is_sheet, loads};
use crate::rendering::plan::Plan;
use crate::running::report::many;
use crate::words::diagnostic::Diagnostic;
use crate::words::route::Route;

/// Files that are named when a page loads too much.
const TOLD: usize = 3;

/// What is kept of an output.
struct Seen<'a> {
    route: &'a Route,
    is_page: bool,
    /// Bytes.
    length: u64,
    loads: Vec<Choice>,
}

/// Makes all outputs of a plan in memory, and tells of pages that load more than they may, and of what cannot be made.
#[must_use]
pub fn check(site: &Site, plan: &Plan<'_>) -> Vec<Diagnostic> {
    let base_url = &site.config.base_url;
    let (seen, mut problems) = output::examine(&plan.outputs, |planned, artifact| see(planned, artifact, base_url));
    let by_route: BTreeMap<&Route, &Seen<'_>> = seen.iter().map(|seen| (seen.route, seen)).collect();
    let sources = sources(site);
    for page in seen.iter().filter(|seen| seen.is_page) {
        let parts = parts(page, &by_route);
        let over = |(kind, budget): (&Kind, &u64)| {
            let parts = parts.get(kind)?;
            let sum = parts.iter().map(|(_, length)| length).sum();
            (sum > *budget).then(|| over_budget(page.route, *kind, (sum, *budget), parts))
        };
        let source = sources.get(page.route).map_or(CONFIG_FILE, String::as_str);
        problems.extend(site.config.budgets.iter().filter_map(over).map(|problem| problem.in_path(source)));
    }
    problems
}

fn see<'a>(planned: &'a Planned<'_>, artifact: &Artifact, base_url: &str) -> Seen<'a> {
    let (route, is_page) = (&planned.route, planned.phase == Phase::Page);
    let (is_sheet, url) = (is_sheet(route), route.url(base_url));
    // Files that nobody can read any more are told when they are made.
    let bytes = if is_page || is_sheet { artifact.clone().into_bytes().unwrap_or_default() } else { Vec::new() };
    let text = String::from_utf8_lossy(&bytes);
    let loads = if is_page { loads(&text, &url, base_url) } else { fonts(&text, &url, base_url) };
    Seen { route, is_page, length: artifact.length(), loads }
}

/// What a page loads of each kind, each file once, the largest first.
fn parts<'a>(page: &Seen<'a>, outputs: &BTreeMap<&Route, &'a Seen<'a>>) -> BTreeMap<Kind, Vec<(&'a Route, u64)>> {
    let largest = |(kind, choice): &Choice| {
        let there = choice.iter().filter_map(|route| outputs.get(route));
        Some((*kind, *there.max_by_key(|seen| seen.length)?))
    };
    let loaded: Vec<(Kind, &Seen<'_>)> = page.loads.iter().filter_map(largest).collect();
    let sheets = loaded.iter().filter(|(kind, _)| *kind == Kind::Style);
    let fonts = sheets.flat_map(|(_, sheet)| sheet.loads.iter().filter_map(largest));
    let mut files: BTreeSet<(Kind, &Route, u64)> = BTreeSet::from([(Kind::Html, page.route, page.length)]);
    files.extend(fonts.chain(loaded.iter().copied()).map(|(kind, seen)| (kind, seen.route, seen.length)));
    let mut parts: BTreeMap<Kind, Vec<(&Route, u64)>> = BTreeMap::new();
    for (kind, route, length) in files {
        parts.entry(kind).or_default().push((route, length));
    }
    parts.values_mut().for_each(|parts| parts.sort_by_key(|&(_, length)| std::cmp::Reverse(length)));
    parts
}

fn over_budget(page: &Route, kind: Kind, (sum, budget): (u64, u64), parts: &[(&Route, u64)]) -> Diagnostic {
    let what = match kind {
        Kind::Html => "of HTML",
        Kind::Script => "of scripts",
        Kind::Style => "of style sheets",
        Kind::Wasm => "of WebAssembly",
        Kind::Images => "of pictures",
        Kind::Fonts => "of fonts",
    };
    let message = format!("`{page}` loads {} bytes {what}, and may load {}", grouped(sum), grouped(budget));
    let mut told = Diagnostic::error("over-budget", message);
    // The page itself is named already.
    if kind != Kind::Html {
        for (route, length) in parts.iter().take(TOLD) {
            told = told.note(format!("`{route}` has {}", grouped(*length)));
        }
        if parts.len() > TOLD {
            told = told.note(format!("and {} more", many(parts.len() - TOLD, "file")));
        }
    }
    told.help(format!("make it load less, or raise `{}` below `[budgets]`", kind.key()))
}

/// `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The author's file behind each page that has one.
fn sources(site: &Site) -> BTreeMap<&Route, String> {
    let posts = site.posts.iter().map(|post| (&post.route, post.path.clone()));
    let pages = site.pages.iter().map(|page| (&page.route, page.path.clone()));
    let albums = site.albums.iter().map(|album| (&album.route, album.path.clone()));
    let photos = site.albums.iter().flat_map(|album| &album.photos).map(|photo| (&photo.route, photo.path.clone()));
    posts.chain(pages).chain(albums).chain(photos).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
