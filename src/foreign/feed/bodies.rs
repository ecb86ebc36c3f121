//! Bodies of items and their pictures: addresses in full, and pictures that are at hand among the site's own files.

use std::collections::{BTreeMap, BTreeSet};

use crate::files::picture::is_picture;
use crate::foreign::feed::posts::Taker;
use crate::foreign::html::short;
use crate::foreign::pictures::Found;
use crate::foreign::site::{Carried, Form, below, sound_name, sound_path};
use crate::foreign::told::Verdict;
use crate::parsing::html;
use crate::words::address::{absolute, origin, percent_decode, percent_encode};

impl Taker<'_> {
    /// The body with absolute addresses, and with pictures that are there.
    pub(super) fn body(&mut self, html: &str, page: &str, beside: &mut Vec<Carried>) -> String {
        if !html.contains('<') {
            return html.to_owned();
        }
        let mut wants = BTreeSet::new();
        let result = {
            let mut resolve = |reference: html::Reference<'_>| {
                let address = reference.address;
                // A page's policy lets it show its own pictures only, and run its own scripts.
                let before = &html[..reference.range.start];
                let tag = before.rfind('<').map_or("", |at| &before[at..]);
                let is_shown = tag.get(..4).is_some_and(|tag| tag.eq_ignore_ascii_case("<img"));
                let is_anchor =
                    tag.get(..3).is_some_and(|tag| tag.eq_ignore_ascii_case("<a\n") || tag.eq_ignore_ascii_case("<a "));
                if address.is_empty() || address.starts_with('#') {
                    return None;
                }
                let full = if page.is_empty() { address.to_owned() } else { absolute(address, page) };
                let file = full.split(['?', '#']).next().unwrap_or_default();
                let href = if is_shown || (is_anchor && self.pictures.is_some() && !file.ends_with(".html")) {
                    self.picture(&full, is_shown, beside)
                } else {
                    None
                };
                let target = href.or_else(|| (full != address).then_some(full))?;
                Some(html::Target { href: target, size: None })
            };
            html::rewrite(html, &[], &BTreeMap::new(), &mut resolve)
        };
        for (mark, what) in [
            ("<script", "a script"),
            ("<iframe", "a frame"),
            ("<style", "a style sheet"),
            (" style=", "a style of its own"),
            ("<object", "an object"),
            ("<embed", "an object"),
        ] {
            if html.to_ascii_lowercase().contains(mark) {
                wants.insert(what);
            }
        }
        for what in wants {
            self.tell(
                Verdict::Hand,
                format!("{what} is in this text, and the pages' policy keeps browsers from using it"),
            );
        }
        result.unwrap_or_else(|_| html.to_owned())
    }

    /// The new address of a picture, if it is among those at hand.
    fn picture(&mut self, address: &str, is_shown: bool, beside: &mut Vec<Carried>) -> Option<String> {
        let bare = address.split(['?', '#']).next().unwrap_or_default();
        let path = percent_decode(&bare[origin(bare).len()..]);
        let name = sound_name(path.rsplit('/').next().unwrap_or_default());
        let Some(pictures) = self.pictures else {
            if below(address, self.base).is_none() {
                self.tell(
                    Verdict::Hand,
                    format!(
                        "`{}` is elsewhere, and the pages' policy shows a site's own pictures only",
                        short(address)
                    ),
                );
            } else {
                self.left += 1;
            }
            return None;
        };
        match pictures.find(&path) {
            Found::File(file) if !name.is_empty() => Some(self.take(file, &path, &name, beside)),
            Found::Several(count) => {
                self.tell(
                    Verdict::Hand,
                    format!("`{}` could be {count} of the pictures; its address is kept", short(address)),
                );
                None
            }
            Found::File(_) | Found::Nothing => {
                if is_shown || is_picture(bare) {
                    self.tell(
                        Verdict::Hand,
                        format!("`{}` is not among the pictures; its address is kept", short(address)),
                    );
                }
                None
            }
        }
    }

    /// Takes a picture along: beside its post, or where it was for a form that has nothing beside it.
    fn take(&mut self, file: &std::path::Path, path: &str, name: &str, beside: &mut Vec<Carried>) -> String {
        if self.form != Form::GenBlog {
            let taken = |name: &str| beside.iter().find(|other| other.to == name).map(|other| other.from == file);
            let names = std::iter::once(name.to_owned()).chain((2..).map(|number| format!("{number}-{name}")));
            let to = names.into_iter().find(|name| taken(name) != Some(false)).unwrap_or_default();
            if taken(&to).is_none() {
                beside.push(Carried { from: file.to_owned(), to: to.clone(), source: String::new() });
            }
            return percent_encode(&to);
        }
        let base_path = &self.base[origin(self.base).len()..];
        let place = path.strip_prefix(base_path).unwrap_or(path);
        let to = sound_path(place).unwrap_or_else(|| name.to_owned());
        let number = (2..).map(|number| format!("pictures/{number}-{name}"));
        let mut places = std::iter::once(to).chain(number);
        let free = |to: &String| self.files.get(to).is_none_or(|other| other == file);
        let to = places.find(free).unwrap_or_default();
        self.files.insert(to.clone(), file.to_owned());
        format!("/{}", percent_encode(&to))
    }

    /// The picture that stands for an item, which must be the site's own.
    pub(super) fn image(&mut self, address: &str, beside: &mut Vec<Carried>) -> String {
        let left = self.left;
        let found = self.picture(address, true, beside);
        self.left = left;
        if found.is_none() && self.pictures.is_none() {
            self.tell(Verdict::Lost, format!("the picture that stands for this, `{}`, is not at hand", short(address)));
        }
        found.unwrap_or_default()
    }
}
