//! Files that go with a feed and its items: the picture that stands for one, the enclosure, the channel's own picture.

use std::path::Path;

use crate::files::config::{IMAGE_TYPES, LARGEST_IMAGE};
use crate::files::picture::measure;
use crate::foreign::feed::Item;
use crate::foreign::feed::posts::Taker;
use crate::foreign::html::short;
use crate::foreign::pictures::Found;
use crate::foreign::site::{Document, Enclosure, below};
use crate::foreign::told::Verdict;
use crate::parsing::enclosure::is_media_type;
use crate::words::address::{absolute, is_web_address};
use crate::words::media_type;

impl Enclosure {
    fn is_picture(&self) -> bool {
        let named = || media_type::of(self.url.split(['?', '#']).next().unwrap_or_default());
        let kind = if self.media_type.is_empty() { named().unwrap_or_default() } else { &self.media_type };
        kind.starts_with("image/")
    }
}

impl Taker<'_> {
    /// Gives a document the picture that stands for it, and its enclosure; addresses are relative to `page`.
    pub(super) fn attach(&mut self, item: &Item, page: &str, document: &mut Document) {
        let mut enclosures: Vec<&Enclosure> = item.enclosures.iter().collect();
        // A picture that goes with an item stands for it, unless another one does.
        let pictured = enclosures
            .iter()
            .position(|enclosure| enclosure.is_picture() && (item.image.is_empty() || item.image == enclosure.url));
        let image = pictured.map_or(&item.image, |at| &enclosures[at].url);
        if !image.is_empty() {
            let address = absolute(image, page);
            let found = self.image(&address, document);
            let stays = pictured.filter(|at| found.is_err() && enclosures[*at].length > 0);
            match found {
                Ok(found) => document.image = found,
                Err(_) if stays.is_some() => {}
                Err(why) => {
                    let said = format!("the picture that stands for this, `{}`, {why}", short(&address));
                    self.tell(Verdict::Lost, said);
                }
            }
            if let Some(at) = pictured.filter(|_| stays.is_none()) {
                enclosures.remove(at);
            }
        }
        for enclosure in enclosures {
            if document.enclosure.is_none() {
                document.enclosure = self.enclosure(enclosure, page, document);
            } else {
                let said = format!(
                    "a post has one enclosure, and `{}` is another: link to it in the text",
                    short(&enclosure.url)
                );
                self.tell(Verdict::Hand, said);
            }
        }
    }

    /// The picture that stands for an item, which must be the site's own; or why it is not there.
    fn image(&mut self, address: &str, document: &mut Document) -> Result<String, &'static str> {
        let (path, name, found) = self.at_hand(address);
        match found {
            Found::File(file) => Ok(self.take(file, &path, &name, &mut document.beside)),
            Found::Several(_) => Err("could be several of the pictures"),
            Found::Nothing if self.pictures.is_some() => Err("is not among the pictures"),
            Found::Nothing => Err("is not at hand"),
        }
    }

    /// An enclosure as a site can have it: its file, if that is at hand, or its address with all that feeds have to say.
    fn enclosure(&mut self, enclosure: &Enclosure, page: &str, document: &mut Document) -> Option<Enclosure> {
        let url = if page.is_empty() { enclosure.url.clone() } else { absolute(&enclosure.url, page) };
        let given = enclosure.media_type.split(';').next().unwrap_or_default().trim();
        let named = media_type::of(url.split(['?', '#']).next().unwrap_or_default());
        let media_type = if is_media_type(given) && named != Some(given) { given } else { "" };
        if media_type.is_empty() && named.is_none() {
            let said = format!("nothing says what the enclosure `{}` is: it was left out", short(&url));
            self.tell(Verdict::Hand, said);
            return None;
        }
        let (path, name, found) = self.at_hand(&url);
        match found {
            Found::File(file) => {
                let url = self.take(file, &path, &name, &mut document.beside);
                return Some(Enclosure { url, media_type: media_type.to_owned(), length: 0 });
            }
            Found::Several(count) => {
                let said = format!("`{}` could be {count} of the files; its address is kept", short(&url));
                self.tell(Verdict::Hand, said);
            }
            Found::Nothing => {}
        }
        if !is_web_address(&url) {
            self.tell(Verdict::Hand, format!("the enclosure `{}` has no address on the web", short(&url)));
            return None;
        }
        if enclosure.length == 0 {
            let said = format!(
                "the enclosure `{0}` has no length: write `enclosure = {{ url = \"{0}\", length = …, type = \"…/…\" }}`",
                short(&url)
            );
            self.tell(Verdict::Hand, said);
            return None;
        }
        if below(&url, self.base).is_some() {
            let said = format!(
                "the enclosure `{}` stays at its address: name a folder that has it with `--pictures`",
                short(&url)
            );
            self.tell(Verdict::Hand, said);
        }
        // As feeds are to say it, whatever the name says.
        let media_type = if is_media_type(given) { given.to_owned() } else { String::new() };
        Some(Enclosure { url, media_type, length: enclosure.length })
    }

    /// The channel's picture, as a path of the site.
    pub(super) fn channel_image(&mut self, address: &str, home: &str) -> String {
        if address.is_empty() {
            return String::new();
        }
        let url = absolute(address, home);
        let (path, name, found) = self.at_hand(&url);
        let refused = match found {
            Found::File(file) => match unfit(file, &name) {
                None => return self.take_to_static(file, &path, &name),
                Some(reason) => reason,
            },
            Found::Several(_) | Found::Nothing => "is not at hand".to_owned(),
        };
        let said = format!(
            "the channel's picture, `{}`, {refused}: put it into `static/`, and write `image = \"/…\"` under `[feed]`",
            short(&url)
        );
        self.tell_of_feed(Verdict::Hand, said);
        String::new()
    }
}

/// Why a file cannot stand for a feed, to complete "the picture …".
fn unfit(file: &Path, name: &str) -> Option<String> {
    let kind = media_type::of(name).unwrap_or_default();
    let size = std::fs::read(file).map_err(|error| error.to_string()).and_then(|bytes| measure(name, &bytes));
    match size {
        Err(error) => Some(format!("cannot be read ({error})")),
        Ok(Some(size)) if IMAGE_TYPES.contains(&kind) => {
            let (width, height) = LARGEST_IMAGE;
            (size.width > width || size.height > height)
                .then(|| format!("is {} by {} pixels, and {width} by {height} are the most", size.width, size.height))
        }
        Ok(_) => Some("is not a PNG, JPEG or GIF picture".to_owned()),
    }
}
