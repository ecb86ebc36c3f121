//! A feed as it comes becomes one model ([`read`]), and the model the documents of a site ([`posts`]).
//!
//! RSS from 0.9 to 2.0 and 1.0, Atom 0.3 and 1.0, JSON Feed 1.0 and 1.1. Readers of XML and JSON stop at the first mistake;
//! this one tells it and goes on.

mod json;

mod markup;

mod text;

mod xml;

mod attached;

mod bodies;

pub mod posts;

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use crate::foreign::encoding::decode;
use crate::foreign::moment::Written;
use crate::foreign::site::{Enclosure, Person};
use crate::foreign::told::{Remarks, Told};

/// A feed.
#[derive(Debug, Default, PartialEq)]
pub struct Feed {
    /// What it is written in.
    pub format: Format,
    /// The program that wrote it.
    pub generator: String,
    /// Plain text.
    pub title: String,
    /// Plain text.
    pub description: String,
    /// The site's own address.
    pub home: String,
    /// The feed's own address.
    pub address: String,
    /// BCP 47 tag.
    pub language: String,
    /// Plain text.
    pub copyright: String,
    /// Who writes, when items do not say.
    pub author: String,
    /// What is known of people whom it or its items name, by their names.
    pub people: BTreeMap<String, Person>,
    /// Who answers for the server, with an address for mail.
    pub webmaster: Option<Person>,
    /// What it is about as a whole.
    pub categories: Vec<String>,
    /// The address of a picture that stands for it.
    pub image: String,
    /// When it last changed.
    pub changed: Option<Written>,
    /// Minutes that a reader may keep it.
    pub ttl: Option<u32>,
    /// Hours of Greenwich, in their order.
    pub skip_hours: Vec<u8>,
    /// Days by their English names, in their order.
    pub skip_days: Vec<String>,
    /// A WebSub hub.
    pub hub: String,
    /// In their order.
    pub items: Vec<Item>,
}

/// The notation of a feed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RSS in any of its versions.
    #[default]
    Rss,
    /// Atom.
    Atom,
    /// JSON Feed.
    Json,
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Rss => "RSS",
            Self::Atom => "Atom",
            Self::Json => "JSON Feed",
        })
    }
}

/// An item of a feed.
#[derive(Debug, Default, PartialEq)]
pub struct Item {
    /// Where it begins, in bytes of the text.
    pub at: usize,
    /// Its guid.
    pub id: String,
    /// Its address.
    pub link: String,
    /// Plain text; may be empty.
    pub title: String,
    /// Plain text; may be empty.
    pub summary: String,
    /// What it says, mended.
    pub html: String,
    /// Names.
    pub authors: Vec<String>,
    /// Names.
    pub tags: Vec<String>,
    /// When it was published.
    pub published: Option<Written>,
    /// When it was changed.
    pub updated: Option<Written>,
    /// The address of a picture that stands for it.
    pub image: String,
    /// Files that go with it.
    pub enclosures: Vec<Enclosure>,
    /// BCP 47 tag.
    pub language: String,
    /// What relative addresses are relative to, if anything says so.
    pub base: String,
}

impl Item {
    /// Takes out files that are named twice, or not at all.
    fn settle_enclosures(&mut self) {
        let mut known = HashSet::new();
        self.enclosures.retain(|file| !file.url.is_empty() && known.insert(file.url.clone()));
    }
}

/// A feed that was read, with its text as it was understood.
#[derive(Debug)]
pub struct Reading {
    /// The feed.
    pub feed: Feed,
    /// Everything that was wrong with it.
    pub remarks: Remarks,
    /// The text that remarks are about.
    pub text: String,
}

impl Reading {
    /// The remarks with lines and columns, in order.
    #[must_use]
    pub fn told(self, path: &str) -> Vec<Told> {
        self.remarks.told(path, &self.text)
    }
}

/// Reads a feed; an error says why these bytes are none.
pub fn read(bytes: &[u8]) -> Result<Reading, String> {
    let mut remarks = Remarks::default();
    let text = decode(bytes, &mut remarks).into_owned();
    let mut feed = match text.trim_start().chars().next() {
        Some('{') => json::read(&text, &mut remarks)?,
        Some(_) => xml::read(&text, &mut remarks)?,
        None => return Err("the file is empty".to_owned()),
    };
    feed.items.iter_mut().for_each(Item::settle_enclosures);
    Ok(Reading { feed, remarks, text })
}

/// Whether a file looks like a feed, from its first bytes.
#[must_use]
pub fn is_feed(bytes: &[u8]) -> bool {
    let text = decode(&bytes[..bytes.len().min(4096)], &mut Remarks::default()).to_lowercase();
    ["<rss", "<feed", "<rdf:rdf", "<atom:feed", "jsonfeed.org/version", "<channel"]
        .iter()
        .any(|mark| text.contains(mark))
}
