//! What holds of every site that was taken over.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::DateTime;
use chrono_tz::Tz;
use genblog::files::config::{self, CONFIG_FILE, Overrides};
use genblog::files::source::{self, Source};
use genblog::foreign::site::Site;
use genblog::foreign::writing::{Content, Planned, configuration, write};
use genblog::graph::{Choice, assemble};
use genblog::words::source_text::SourceText;

/// Writes the site in memory and assembles it as a build would: no file lies outside the new site or in another's place, and
/// what is told stays on its lines. The files.
pub fn check(site: &Site) -> Vec<Planned> {
    let zone = site.facts.timezone.unwrap_or(Tz::UTC);
    let (text, _) = configuration(&site.facts, zone, "source");
    let writing = write(site, zone);
    for told in site.told.iter().chain(&writing.told).map(ToString::to_string) {
        assert!(!told.contains(char::is_control), "{told:?}");
    }
    let mut paths = BTreeSet::new();
    for Planned { path, .. } in &writing.files {
        assert!(path.starts_with("content/") || path.starts_with("static/"), "{path:?}");
        assert!(
            path.split('/').all(|part| !part.is_empty() && part != "." && part != ".." && part.len() < 200),
            "{path:?}"
        );
        assert!(paths.insert(path.to_lowercase()), "{path:?} twice");
    }
    for path in &paths {
        let above = path.match_indices('/').map(|(end, _)| &path[..end]).find(|above| paths.contains(*above));
        assert_eq!(above, None, "{path:?} lies below a file");
    }
    let config: Arc<SourceText> = SourceText::new(CONFIG_FILE, text);
    let (config, problems) = config::parse(&config, &Overrides::default());
    match config {
        Some(config) => {
            let choice = Choice { now: DateTime::UNIX_EPOCH, drafts: true, future: true, expired: true };
            assemble(config, &snapshot(&writing.files), &choice);
        }
        // A source may not say what a site needs; then its author is asked.
        None => assert!(!problems.is_empty()),
    }
    writing.files
}

/// The files as a build would find them.
fn snapshot(files: &[Planned]) -> Source {
    let mut source = Source::default();
    for Planned { path, content } in files {
        let bytes = match content {
            Content::Text(text) => text.clone().into_bytes(),
            // What is in it is not looked at before it is shown.
            Content::Copy(_) => Vec::new(),
        };
        let (file, _) = source::planned(path.clone(), PathBuf::new(), bytes);
        if path.starts_with("content/") { source.content.push(file) } else { source.statics.push(file) }
    }
    source.content.sort_by(|a, b| a.path.cmp(&b.path));
    source.statics.sort_by(|a, b| a.path.cmp(&b.path));
    source
}
