//! `genblog new`: a site to start from, or a post, page or album of a site. Nothing that exists is ever touched.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::files::config::{self, Overrides};
use crate::files::output::Failure;
use crate::running::report::{self, Form, Outcome};
use crate::words::diagnostic::Diagnostic;
use crate::words::slug::slug;

const CONFIG: &str = include_str!("new/genblog.toml");
const FIRST_POST: &str = include_str!("new/first-post.md");
const ABOUT: &str = include_str!("new/about.md");

/// What to make.
#[derive(Debug, Clone)]
pub enum New {
    /// A site in this folder, which may exist but holds no site.
    Site(PathBuf),
    /// A part of a site, with its title.
    Entry(Entry, String),
}

/// A part of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A post, dated.
    Post,
    /// A page outside the stream of posts.
    Page,
    /// A folder for pictures, dated.
    Album,
}

/// A file to be made, relative to the site's root.
struct Draft {
    path: String,
    text: String,
}

/// Makes what is wanted in the site at `root`, dated `now`, and says where it is.
pub fn new(what: &New, root: &Path, config: Option<&Path>, now: DateTime<Utc>) -> io::Result<Outcome> {
    let (root, drafts) = match what {
        New::Site(folder) => (folder.as_path(), site(now)),
        New::Entry(entry, title) => {
            let draft = zone(root, config).and_then(|zone| entry.draft(title, now.with_timezone(&zone)));
            match draft {
                Ok(draft) => (root, vec![draft]),
                Err(problems) => return report::failure(&Failure::Site(problems), Form::Text),
            }
        }
    };
    for draft in &drafts {
        if let Err(problem) = write(root, draft) {
            return report::failure(&Failure::Machine(problem), Form::Text);
        }
        report::line(&root.join(&draft.path).display().to_string())?;
    }
    if let New::Site(folder) = what {
        report::line(&format!("next: `genblog serve` in `{}` shows the site and follows edits", folder.display()))?;
    }
    Ok(Outcome::Fine)
}

fn site(now: DateTime<Utc>) -> Vec<Draft> {
    let date = now.format("%Y-%m-%d").to_string();
    let draft = |path: String, text: &str| Draft { path, text: text.replace("{date}", &date) };
    vec![
        // First, so that a folder that holds a site is left alone altogether.
        draft("genblog.toml".to_owned(), CONFIG),
        draft(".gitignore".to_owned(), "/.genblog\n/public\n"),
        draft(format!("content/posts/{date}-first-post.md"), FIRST_POST),
        draft("content/pages/about.md".to_owned(), ABOUT),
    ]
}

/// The zone in which the site's dates are written.
fn zone(root: &Path, config: Option<&Path>) -> Result<Tz, Vec<Diagnostic>> {
    let (config, problems) = config::read(root, config, &Overrides::default());
    config.filter(|_| problems.is_empty()).map(|config| config.timezone).ok_or(problems)
}

impl Entry {
    fn draft(self, title: &str, now: DateTime<Tz>) -> Result<Draft, Vec<Diagnostic>> {
        let slug = slug(title);
        if slug.is_empty() {
            let message = format!("`{title}` has no letter or digit to make a name from");
            return Err(vec![Diagnostic::error("bad-title", message).help("give it a title with words")]);
        }
        // A TOML string, quoted and escaped.
        let title = toml::Value::from(title);
        let (day, moment) = (now.format("%Y-%m-%d"), now.format("%Y-%m-%dT%H:%M:%S"));
        let (path, keys) = match self {
            Self::Post => (format!("posts/{day}-{slug}.md"), format!("date = {moment}\ntags = []\n")),
            Self::Page => (format!("pages/{slug}.md"), String::new()),
            Self::Album => (format!("gallery/{slug}/index.md"), format!("date = {moment}\n")),
        };
        Ok(Draft { path: format!("content/{path}"), text: format!("+++\ntitle = {title}\n{keys}+++\n\n") })
    }
}

fn write(root: &Path, draft: &Draft) -> Result<(), Box<Diagnostic>> {
    let file = root.join(&draft.path);
    let written = file
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| OpenOptions::new().write(true).create_new(true).open(&file)?.write_all(draft.text.as_bytes()));
    written.map_err(|error| {
        let (message, help) = match error.kind() {
            io::ErrorKind::AlreadyExists => {
                (format!("`{}` is there already", draft.path), "choose another title or folder; nothing was changed")
            }
            _ => (format!("`{}` cannot be written: {error}", draft.path), "nothing that exists was changed"),
        };
        Box::new(Diagnostic::error("not-made", message).in_path(file.display().to_string()).help(help))
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[track_caller]
    fn check(entry: Entry, title: &str, path: &str, text: &str) {
        let now = Tz::Asia__Tokyo.with_ymd_and_hms(2026, 11, 20, 9, 30, 0).single().expect("not ambiguous");
        let draft = entry.draft(title, now).unwrap_or_else(|_| panic!("{title}"));
        assert_eq!((draft.path.as_str(), draft.text.as_str()), (path, text));
    }

    #[test]
    fn entries_have_names_from_their_titles_and_local_dates() {
        check(
            Entry::Post,
            "A \"small\" ring",
            "content/posts/2026-11-20-a-small-ring.md",
            "+++\ntitle = 'A \"small\" ring'\ndate = 2026-11-20T09:30:00\ntags = []\n+++\n\n",
        );
        check(Entry::Page, "Über uns", "content/pages/über-uns.md", "+++\ntitle = \"Über uns\"\n+++\n\n");
        check(
            Entry::Album,
            "Walk",
            "content/gallery/walk/index.md",
            "+++\ntitle = \"Walk\"\ndate = 2026-11-20T09:30:00\n+++\n\n",
        );
    }

    #[test]
    fn a_title_needs_a_letter() {
        let now = Tz::UTC.with_ymd_and_hms(2026, 11, 20, 9, 30, 0).single().expect("not ambiguous");
        assert!(Entry::Post.draft("?!", now).is_err());
    }
}
