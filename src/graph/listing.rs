//! All posts of a site, whether readers see them or not: [`list`].

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::files::config::Config;
use crate::files::source::Source;
use crate::graph::members::{Choice, Parsed, State};
use crate::parsing::layout::layout;
use crate::words::diagnostic::Diagnostic;

/// A post in a list for its author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The file, relative to the site's root.
    pub path: String,
    /// Plain text.
    pub title: String,
    /// When it was published, or will be.
    pub date: DateTime<Tz>,
    /// When it stops being part of the site.
    pub expires: Option<DateTime<Tz>>,
    /// Whether readers see it.
    pub state: State,
    /// When that will be another one, although nobody edits anything.
    pub due: Option<DateTime<Utc>>,
}

/// Lists all posts that can be read, with their states at `now`, newest first; with what is wrong with the others.
pub fn list(config: &Config, source: &Source, now: DateTime<Utc>) -> (Vec<Listed>, Vec<Diagnostic>) {
    let choice = Choice { now, drafts: false, future: false, expired: false };
    let (layout, mut diagnostics) = layout(source);
    let posts = Parsed::new(&layout, config, &mut diagnostics).posts;
    let mut listed: Vec<Listed> = posts
        .into_iter()
        .map(|post| Listed {
            state: choice.state(&post),
            due: choice.due(&post),
            path: post.source.path.clone(),
            title: post.keys.title,
            date: post.date,
            expires: post.expires,
        })
        .collect();
    listed.sort_by(|a, b| b.date.cmp(&a.date).then_with(|| a.path.cmp(&b.path)));
    (listed, diagnostics)
}
