//! The site's configuration: `genblog.toml` becomes a [`Config`].

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono_tz::Tz;

use crate::words::diagnostic::Diagnostic;
use crate::words::source_text::SourceText;

/// What `genblog.toml` says, checked and with every default filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where the site will be served, with scheme and a slash at the end.
    pub base_url: String,
    /// The site's name.
    pub title: String,
    /// One sentence about the site; the feed's channel needs it, so it falls back to the title.
    pub description: String,
    /// BCP 47 tag, for example `en`.
    pub language: String,
    /// The zone that local times in sources are in.
    pub timezone: Tz,
    /// Who writes, when posts do not say; may be empty.
    pub author: String,
    /// A line for the footer and the feed; may be empty.
    pub copyright: String,
    /// Posts on a page of the home list; at least 1.
    pub page_size: usize,
    /// Links in the header: name and where they go (a path on the site or a URL).
    pub navigation: Vec<(String, String)>,
    /// The feed.
    pub feed: FeedConfig,
    /// Free data, for templates.
    pub extra: BTreeMap<String, serde_json::Value>,
}

/// The `[feed]` table.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedConfig {
    /// Items at most; at least 1.
    pub limit: usize,
    /// Minutes that a reader may keep the feed; at least 1. `None` leaves the element out.
    pub ttl: Option<u32>,
    /// Hours in which readers need not ask.
    pub skip_hours: Option<SkipHours>,
}

/// Hours of the day in some zone, in the author's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkipHours {
    /// The zone that the hours are in.
    pub timezone: Tz,
    /// Distinct hours, 0 to 23, in the order given.
    pub hours: Vec<u8>,
}

impl Config {
    /// The path of the base URL, with slashes at both ends: `/` or `/blog/`.
    #[must_use]
    pub fn base_path(&self) -> &str {
        let after_scheme = self.base_url.find("://").map_or(0, |at| at + 3);
        let path = self.base_url[after_scheme..].find('/').map_or(self.base_url.len() - 1, |at| after_scheme + at);
        &self.base_url[path..]
    }
}

/// What the command line says over the file.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Where the site will be served instead.
    pub base_url: Option<String>,
}

/// Reads the configuration of the site in `root`: `config_file`, or `genblog.toml` there.
pub fn read(root: &Path, config_file: Option<&Path>, overrides: &Overrides) -> Result<Config, Vec<Diagnostic>> {
    let file = config_file.map_or_else(|| root.join("genblog.toml"), Path::to_path_buf);
    let _ = (file, overrides);
    unimplemented!()
}

/// Understands a configuration.
pub fn parse(source: &Arc<SourceText>, overrides: &Overrides) -> Result<Config, Vec<Diagnostic>> {
    let _ = (source, overrides);
    unimplemented!()
}
