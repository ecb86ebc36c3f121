//! Bodies of items and their pictures: addresses in full, and pictures that are at hand among the site's own files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::files::picture::is_picture;
use crate::foreign::feed::posts::Taker;
use crate::foreign::html::short;
use crate::foreign::pictures::Found;
use crate::foreign::site::{Carried, Form, below, sound_name, sound_path, static_place};
use crate::foreign::told::Verdict;
use crate::parsing::html;
use crate::words::address::{absolute, origin, percent_decode, percent_encode};

impl<'a> Taker<'a> {
    /// The body with absolute addresses, and with pictures that are there.
    pub(super) fn body(&mut self, html: &str, page: &str, beside: &mut Vec<Carried>) -> String {
        if !html.contains('<') {
            return html.to_owned();
        }
        let mut wants = BTreeSet::new();
        let result = {
            let mut resolve = |reference: html::Reference<'_>| {
                let html::Reference { address, tag, .. } = reference;
                // A page's policy lets it show its own pictures only, and run its own scripts.
                let (is_shown, is_anchor) = (tag == "img", tag == "a");
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
        let lower = html.to_ascii_lowercase();
        for (mark, what) in [
            ("<script", "a script"),
            ("<iframe", "a frame"),
            ("<style", "a style sheet"),
            (" style=", "a style of its own"),
            ("<object", "an object"),
            ("<embed", "an object"),
        ] {
            if lower.contains(mark) {
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
        if self.pictures.is_none() {
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
        }
        let (path, name, found) = self.at_hand(address);
        match found {
            Found::File(file) => Some(self.take(file, &path, &name, beside)),
            Found::Several(count) => {
                self.tell(
                    Verdict::Hand,
                    format!("`{}` could be {count} of the pictures; its address is kept", short(address)),
                );
                None
            }
            Found::Nothing => {
                if is_shown || is_picture(&path) {
                    self.tell(
                        Verdict::Hand,
                        format!("`{}` is not among the pictures; its address is kept", short(address)),
                    );
                }
                None
            }
        }
    }

    /// The file for an address among those at hand, with the path of the address and a name for it.
    pub(super) fn at_hand(&self, address: &str) -> (String, String, Found<'a>) {
        let bare = address.split(['?', '#']).next().unwrap_or_default();
        let path = percent_decode(&bare[origin(bare).len()..]);
        let name = sound_name(path.rsplit('/').next().unwrap_or_default());
        let found = self.pictures.filter(|_| !name.is_empty()).map_or(Found::Nothing, |pictures| pictures.find(&path));
        (path, name, found)
    }

    /// Takes a file along: beside its post, or where it was for a form that has nothing beside it.
    pub(super) fn take(&mut self, file: &Path, path: &str, name: &str, beside: &mut Vec<Carried>) -> String {
        if self.form != Form::GenBlog {
            let taken = |name: &str| beside.iter().find(|other| other.to == name).map(|other| other.from == file);
            let names = std::iter::once(name.to_owned()).chain((2..).map(|number| format!("{number}-{name}")));
            let to = names.into_iter().find(|name| taken(name) != Some(false)).unwrap_or_default();
            if taken(&to).is_none() {
                beside.push(Carried { from: file.to_owned(), to: to.clone(), source: String::new() });
            }
            return percent_encode(&to);
        }
        self.take_to_static(file, path, name)
    }

    /// Takes a file along to `static/`, where its path is that of its address, unless another file has that; its new address, from the
    /// site's root.
    pub(super) fn take_to_static(&mut self, file: &Path, path: &str, name: &str) -> String {
        let base_path = &self.base[origin(self.base).len()..];
        let place = path.strip_prefix(base_path).unwrap_or(path);
        let to = sound_path(place).unwrap_or_else(|| name.to_owned());
        let number = (2..).map(|number| format!("pictures/{number}-{name}"));
        let mut places = std::iter::once(to).chain(number);
        let free = |to: &String| self.files.get(to).is_none_or(|other| other == file);
        let to = places.find(free).unwrap_or_default();
        let address = format!("/{}", percent_encode(&static_place(&to)));
        self.files.insert(to, file.to_owned());
        address
    }
}
