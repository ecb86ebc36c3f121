//! `genblog new`: a site to start from, or a post, page, album or theme of a site. Nothing that exists is ever touched.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::files::config::{self, CONFIG_FILE, Config, Overrides};
use crate::files::output::Failure;
use crate::graph::tag_uri;
use crate::rendering::shelf::{shown_name, unfit};
use crate::running::report::{self, Form, Outcome};
use crate::words::diagnostic::Diagnostic;
use crate::words::route::Route;
use crate::words::slug::slug;

const CONFIG: &str = include_str!("new/genblog.toml");
const FIRST_POST: &str = include_str!("new/first-post.md");
const ABOUT: &str = include_str!("new/about.md");

/// The files of a theme to start from; the style is called as the theme.
const THEME: &str = include_str!("new/theme/theme.toml");
const THEME_STYLE: &str = include_str!("new/theme/css/92-theme.css");
const THEME_MISSING: &str = include_str!("new/theme/404.html");

/// What to make.
#[derive(Debug, Clone)]
pub enum New {
    /// A site in this folder, which may exist but holds no site.
    Site(PathBuf),
    /// A part of a site, with its title.
    Entry(Entry, String),
    /// A theme of a site, by its name.
    Theme(String),
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
        New::Site(folder) => (folder.as_path(), Ok(site(now))),
        New::Entry(entry, title) => {
            let draft = settings(root, config).and_then(|config| entry.draft(title, now, &config));
            (root, draft.map(|draft| vec![draft]))
        }
        New::Theme(name) => (root, settings(root, config).and_then(|_| theme(name))),
    };
    let drafts = match drafts {
        Ok(drafts) => drafts,
        Err(problems) => return report::failure(&Failure::Site(problems), Form::Text),
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
    if let New::Theme(name) = what {
        report::line(&format!(
            "next: write `theme = \"{name}\"` into `{CONFIG_FILE}`, above its tables, and `genblog serve` follows edits"
        ))?;
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

/// The files of a theme, the first of which keeps a folder that is there from being touched.
fn theme(name: &str) -> Result<Vec<Draft>, Vec<Diagnostic>> {
    if let Some(problem) = unfit(name) {
        return Err(vec![problem]);
    }
    let draft = |file: &str, text: &str| Draft {
        path: format!("themes/{name}/{file}"),
        text: text.replace("{title}", &shown_name(name)),
    };
    Ok(vec![
        draft("theme.toml", THEME),
        draft(&format!("css/92-{name}.css"), THEME_STYLE),
        draft("404.html", THEME_MISSING),
    ])
}

/// The site's configuration.
fn settings(root: &Path, config: Option<&Path>) -> Result<Config, Vec<Diagnostic>> {
    let (config, problems) = config::read(root, config, &Overrides::default());
    config.filter(|_| problems.is_empty()).ok_or(problems)
}

/// Whether a host is nobody's but an example's (RFC 2606, RFC 6761), or this very machine: then the site has no name yet that an id
/// could keep.
fn is_placeholder(host: &str) -> bool {
    let parts: Vec<&str> = host.rsplit('.').collect();
    match parts[..] {
        ["example" | "test" | "invalid" | "localhost", ..] | ["org" | "com" | "net", "example", ..] => true,
        _ => host.parse::<IpAddr>().is_ok() || host.starts_with('['),
    }
}

impl Entry {
    fn draft(self, title: &str, now: DateTime<Utc>, config: &Config) -> Result<Draft, Vec<Diagnostic>> {
        let now = now.with_timezone(&config.timezone);
        let slug = slug(title);
        if slug.is_empty() {
            let message = format!("`{title}` has no letter or digit to make a name from");
            return Err(vec![Diagnostic::error("bad-title", message).help("give it a title with words")]);
        }
        // A TOML string, quoted and escaped.
        let title = toml::Value::from(title);
        let (day, moment) = (now.format("%Y-%m-%d"), now.format("%Y-%m-%dT%H:%M:%S"));
        let (path, keys) = match self {
            Self::Post => {
                // Written down, it stays whatever becomes of the address: readers know the post by it.
                let route = Route::new(format!("posts/{slug}/")).expect("a slug is a part of a route");
                let id = toml::Value::from(tag_uri(config, &now, &route));
                let id = if is_placeholder(config.host()) { String::new() } else { format!("id = {id}\n") };
                (format!("posts/{day}-{slug}.md"), format!("date = {moment}\n{id}tags = []\n"))
            }
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
    use crate::words::source_text::SourceText;

    fn config(base_url: &str) -> Config {
        let text = format!("base_url = '{base_url}'\ntitle = 'x'\ntimezone = 'Asia/Tokyo'");
        config::parse(&SourceText::new("genblog.toml", text), &Overrides::default()).0.expect("sound")
    }

    fn now() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 11, 20, 0, 30, 0).single().expect("not ambiguous")
    }

    #[track_caller]
    fn check(entry: Entry, title: &str, path: &str, text: &str) {
        let draft = entry.draft(title, now(), &config("https://example.org/")).unwrap_or_else(|_| panic!("{title}"));
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
        assert!(Entry::Post.draft("?!", now(), &config("https://example.org/")).is_err());
    }

    #[test]
    fn a_post_has_an_id_from_its_first_day() {
        let text = |base_url: &str| Entry::Post.draft("Größe", now(), &config(base_url)).expect("a title").text;
        let expected = "id = \"tag:pages.example.com.au,2026-11-20:/blog/posts/gr%C3%B6%C3%9Fe/\"\n";
        assert!(
            text("https://pages.example.com.au/blog/").contains(expected),
            "{}",
            text("https://pages.example.com.au/blog/")
        );
        for host in ["example.org", "www.example.com", "blog.example", "localhost:1111", "127.0.0.1:1111", "[::1]:80"] {
            assert!(!text(&format!("http://{host}/")).contains("id ="), "{host}");
        }
    }
}
