//! Documents become one site: identities, order, tags, archives, and links that are resolved and checked.

pub mod site;

use chrono::{DateTime, Utc};

use crate::files::config::Config;
use crate::files::source::Source;
use crate::graph::site::Site;
use crate::words::diagnostic::Diagnostic;

/// Which posts belong to the site.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// The moment that "future" and "expired" are measured from.
    pub now: DateTime<Utc>,
    /// Take drafts too.
    pub drafts: bool,
    /// Take posts dated after `now` too.
    pub future: bool,
    /// Take posts that expired before `now` too.
    pub expired: bool,
}

/// Makes the site out of its sources.
///
/// What could not be understood is left out and reported; the site may be shown, but not written, when an error is among
/// the diagnostics.
pub fn assemble(config: Config, source: &Source, choice: &Choice) -> (Site, Vec<Diagnostic>) {
    let _ = (config, source, choice);
    unimplemented!()
}
