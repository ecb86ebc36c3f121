//! What a user may type, as clap reads it, and what becomes of the words.

use std::env;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::foreign::folder::Generator;
use crate::foreign::site;
use crate::graph::Choice;
use crate::running::import::Import;
use crate::running::list::Which;
use crate::running::pipeline::absolute;
use crate::running::report::Form;

/// A static blog generator whose articles run a Xen device-access engine in the page.
#[derive(Debug, Parser)]
#[command(name = "genblog", version, arg_required_else_help = true)]
pub struct Cli {
    /// The site's folder
    #[arg(short, long, global = true, default_value = ".", value_name = "DIR", env = "GENBLOG_ROOT")]
    pub(super) root: PathBuf,
    /// The configuration, when it is not `genblog.toml` in the site's folder
    #[arg(short, long, global = true, value_name = "FILE", env = "GENBLOG_CONFIG")]
    pub(super) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write the site to `public/`
    Build(BuildArguments),
    /// Show the site at an address of this machine, and follow edits
    Serve(ServeArguments),
    /// Make a site that builds: the same as `new site`
    Init {
        /// Its folder
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
    /// Make a site, post, page, album or theme
    New {
        #[command(subcommand)]
        what: NewCommand,
    },
    /// Say what is wrong with the site, and write nothing
    Check(CheckArguments),
    /// List posts, newest first: their dates, states, files and titles
    List(ListArguments),
    /// Say what a file of the site is made of, and why it would or would not be made again
    Explain(ExplainArguments),
    /// Delete what builds have written and nobody changed since
    Clean {
        /// Where the site was built [default: `public` in the site's folder]
        #[arg(short, long, value_name = "DIR", env = "GENBLOG_OUTPUT_DIR")]
        output_dir: Option<PathBuf>,
    },
    /// Lay diagrams out into `diagrams/`, from where machines without Graphviz take them
    Diagrams,
    /// Write a shell's completions of commands and options to standard output
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Take over a feed, or the folder of another generator
    #[command(long_about = IMPORT, after_long_help = IMPORT_EXAMPLES)]
    Import(ImportArguments),
    /// Check feeds, or tell a hub of them
    Feed {
        #[command(subcommand)]
        what: FeedCommand,
    },
}

/// Where the site will be.
#[derive(Debug, Args)]
pub(super) struct AddressArguments {
    /// Where the site will be served, instead of what the configuration says
    #[arg(short = 'u', long, value_name = "URL", env = "GENBLOG_BASE_URL")]
    pub(super) base_url: Option<String>,
}

/// Where the site is already.
#[derive(Debug, Args)]
pub(super) struct BuiltArguments {
    /// Where the site was built [default: `public` in the site's folder]
    #[arg(short, long, value_name = "DIR", env = "GENBLOG_OUTPUT_DIR")]
    pub(super) output_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// Which posts
    #[arg(default_value = "all")]
    pub(super) which: Which,
    #[command(flatten)]
    pub(super) address: AddressArguments,
    /// The moment that "future" and "expired" are measured from [default: SOURCE_DATE_EPOCH, or now]
    #[arg(long, value_name = "RFC3339", value_parser = moment, env = "GENBLOG_CLOCK")]
    pub(super) clock: Option<DateTime<Utc>>,
    /// Write the list as JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArguments {
    /// An address (`/posts/x/`), a file of the output folder, or a file of the site
    #[arg(required_unless_present = "if_edited", conflicts_with = "if_edited")]
    pub(super) name: Option<String>,
    /// Say what would be made again if this file of the site were edited
    #[arg(long, value_name = "FILE")]
    pub(super) if_edited: Option<String>,
    #[command(flatten)]
    pub(super) built: BuiltArguments,
    #[command(flatten)]
    pub(super) address: AddressArguments,
    #[command(flatten)]
    pub(super) choice: ChoiceArguments,
    /// Tell it as JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum FeedCommand {
    /// Say what is wrong with any RSS, Atom or JSON feed, without asking the network
    Lint(LintArguments),
    /// Tell the site's WebSub hub which feeds have changed; after the site was put online
    Publish(PublishArguments),
}

#[derive(Debug, Args)]
pub(super) struct LintArguments {
    /// The feeds; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// The moment that dates in the future are measured from [default: SOURCE_DATE_EPOCH, or now]
    #[arg(long, value_name = "RFC3339", value_parser = moment, env = "GENBLOG_CLOCK")]
    pub(super) clock: Option<DateTime<Utc>>,
    /// Tell what is wrong as JSON on standard output
    #[arg(long)]
    pub(super) json: bool,
}

const IMPORT: &str = "Take over a feed, or the folder of another generator

Posts and pages become files of a genblog site, with their dates, tags, guids, pictures and old addresses. The new site is \
tried before anything is written: what would not build is mended, or told as an error that is left. Every line of what is \
told names a place, and what became of it:

  chosen   nothing says it, so it was decided
  changed  it is written otherwise and means the same
  lost     it was not taken along
  by hand  a person has to look

No file that is there is ever touched: if one has other bytes than the import would give it, nothing is written. To import \
the same source again changes nothing.";

const IMPORT_EXAMPLES: &str = "Examples:
  genblog import feed.xml --into blog                        a feed: RSS, Atom or JSON Feed
  genblog import feed.xml --into blog --pictures old/pics    with its pictures
  genblog import ../hugo-site --into blog --dry-run          a folder; only tell

Ends with 0 when the site is there and builds, whatever there is to do by hand; with 1 when nothing was written, or the new \
site has errors; with 2 when it was called wrongly, or a file cannot be read or written.";

#[derive(Debug, Args)]
pub(super) struct ImportArguments {
    /// A feed's file, or a generator's folder
    pub(super) source: PathBuf,
    /// Where the site is to be; it may be there already [default: the site's folder, `--root`]
    #[arg(long, value_name = "DIR")]
    pub(super) into: Option<PathBuf>,
    /// What wrote the source [default: guessed, and told]
    #[arg(long, value_name = "PROGRAM")]
    pub(super) from: Option<From>,
    /// Where the pictures are that a feed names; those that are found come along
    #[arg(long, value_name = "DIR")]
    pub(super) pictures: Option<PathBuf>,
    /// How posts whose text is HTML are written [default: genBlog's own if the source is of genBlog]
    #[arg(long, value_name = "FORM")]
    pub(super) form: Option<HtmlForm>,
    /// Tell what would be written, and write nothing
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
}

/// What `--from` takes.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum From {
    /// RSS, Atom or JSON Feed
    #[value(alias = "rss", alias = "atom", alias = "json")]
    Feed,
    /// genBlog, blosxom, pyblosxom: a `.txt` file a post
    #[value(alias = "blosxom", alias = "pyblosxom")]
    Genblog,
    Hugo,
    Zola,
    Jekyll,
    #[value(alias = "11ty")]
    Eleventy,
}

/// What `--form` takes.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum HtmlForm {
    /// `2026-11-14T21_05_37.txt`: a title line, key lines, HTML
    Genblog,
    /// `2026-11-14-name.html`: front matter and HTML
    Html,
}

#[derive(Debug, Args)]
pub(super) struct ChoiceArguments {
    /// Take drafts too
    #[arg(short = 'D', long, env = "GENBLOG_DRAFTS", value_parser = BoolishValueParser::new())]
    pub(super) drafts: bool,
    /// Take posts with a date in the future too
    #[arg(short = 'F', long, env = "GENBLOG_FUTURE", value_parser = BoolishValueParser::new())]
    pub(super) future: bool,
    /// Take posts that have expired too
    #[arg(short = 'E', long, env = "GENBLOG_EXPIRED", value_parser = BoolishValueParser::new())]
    pub(super) expired: bool,
    /// The moment that "future" and "expired" are measured from [default: SOURCE_DATE_EPOCH, or now]
    #[arg(long, value_name = "RFC3339", value_parser = moment, env = "GENBLOG_CLOCK")]
    pub(super) clock: Option<DateTime<Utc>>,
}

#[derive(Debug, Args)]
pub(super) struct BuildArguments {
    /// Where to write [default: `public` in the site's folder]
    #[arg(short, long, value_name = "DIR", env = "GENBLOG_OUTPUT_DIR")]
    pub(super) output_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(super) address: AddressArguments,
    #[command(flatten)]
    pub(super) choice: ChoiceArguments,
    #[command(flatten)]
    pub(super) form: FormArguments,
    /// Say nothing when all is well
    #[arg(short, long)]
    pub(super) quiet: bool,
    /// Say where the time went, on standard error
    #[arg(long)]
    pub(super) timings: bool,
    /// Build once more from nothing, in memory, and hold every file against it
    #[arg(long)]
    pub(super) verify: bool,
}

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    #[command(flatten)]
    pub(super) address: AddressArguments,
    #[command(flatten)]
    pub(super) choice: ChoiceArguments,
    #[command(flatten)]
    pub(super) form: FormArguments,
    /// Ask for the links that leave the site too
    #[arg(long)]
    pub(super) external: bool,
    /// How many seconds one request for such a link may take
    #[arg(long, default_value_t = 20, value_name = "SECONDS", requires = "external", value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(super) timeout: u64,
}

/// How what is wrong is told to programs.
#[derive(Debug, Args)]
pub(super) struct FormArguments {
    /// Tell what is wrong as JSON on standard output
    #[arg(long)]
    pub(super) json: bool,
    /// Tell it as SARIF 2.1.0 on standard output, for programs that show problems beside code
    #[arg(long, conflicts_with = "json")]
    pub(super) sarif: bool,
}

#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    /// The port; 0 finds a free one
    #[arg(short, long, default_value_t = 1111, env = "GENBLOG_PORT")]
    pub(super) port: u16,
    /// The address to listen at
    #[arg(
        short,
        long,
        default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST),
        value_name = "ADDRESS",
        env = "GENBLOG_BIND"
    )]
    pub(super) bind: IpAddr,
    #[command(flatten)]
    pub(super) choice: ChoiceArguments,
    /// Show the site in the browser
    #[arg(long)]
    pub(super) open: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum NewCommand {
    /// Make a site that builds
    Site {
        /// Its folder
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
    /// Start a post
    Post {
        /// Its title
        title: String,
    },
    /// Start a page
    Page {
        /// Its title
        title: String,
    },
    /// Start an album
    Album {
        /// Its title
        title: String,
    },
    /// Start a theme of the site's own
    Theme {
        /// Its name: small letters, digits and `-`
        name: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct PublishArguments {
    #[command(flatten)]
    pub(super) built: BuiltArguments,
    /// Where the site is served, instead of what the configuration says
    #[arg(short = 'u', long, value_name = "URL", env = "GENBLOG_BASE_URL")]
    pub(super) base_url: Option<String>,
    /// Tell of feeds that have not changed too
    #[arg(long)]
    pub(super) all: bool,
    /// Only say what would be told
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
    /// How many seconds the hub may take for an answer
    #[arg(long, default_value_t = 20, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(super) timeout: u64,
}

impl ImportArguments {
    pub(super) fn import(self, root: &Path) -> Import {
        Import {
            name: self.source.display().to_string(),
            source: absolute(&self.source),
            root: self.into.map_or_else(|| root.to_path_buf(), |folder| absolute(&folder)),
            from: self.from.map(|from| match from {
                From::Feed => Generator::Feed,
                From::Genblog => Generator::GenBlog,
                From::Hugo => Generator::Hugo,
                From::Zola => Generator::Zola,
                From::Jekyll => Generator::Jekyll,
                From::Eleventy => Generator::Eleventy,
            }),
            pictures: self.pictures.as_deref().map(absolute),
            form: self.form.map(|form| match form {
                HtmlForm::Genblog => site::Form::GenBlog,
                HtmlForm::Html => site::Form::Html,
            }),
            dry_run: self.dry_run,
            now: now(),
        }
    }
}

impl std::convert::From<FormArguments> for Form {
    fn from(FormArguments { json, sarif }: FormArguments) -> Self {
        match (json, sarif) {
            (_, true) => Self::Sarif,
            (true, false) => Self::Json,
            (false, false) => Self::Text,
        }
    }
}

impl std::convert::From<ChoiceArguments> for Choice {
    fn from(arguments: ChoiceArguments) -> Self {
        Self {
            now: arguments.clock.unwrap_or_else(now),
            drafts: arguments.drafts,
            future: arguments.future,
            expired: arguments.expired,
        }
    }
}

/// `SOURCE_DATE_EPOCH` (<https://reproducible-builds.org/specs/source-date-epoch/>), or the clock: the one place that looks at it.
pub(super) fn now() -> DateTime<Utc> {
    epoch().unwrap_or_else(|| std::time::SystemTime::now().into())
}

fn epoch() -> Option<DateTime<Utc>> {
    let seconds = env::var("SOURCE_DATE_EPOCH").ok()?.parse().ok()?;
    DateTime::from_timestamp(seconds, 0)
}

/// Whether time goes on: nobody has said which moment it is.
pub(super) fn goes(clock: Option<DateTime<Utc>>) -> bool {
    clock.is_none() && epoch().is_none()
}

fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    let parsed = DateTime::parse_from_rfc3339(text);
    parsed.map(|date| date.to_utc()).map_err(|error| format!("{error}; write it as `2026-11-20T09:30:00Z`"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_clock_is_a_moment_with_an_offset() {
        let expect = DateTime::from_timestamp(1_795_167_000, 0).expect("in range");
        assert_eq!(moment("2026-11-20T18:30:00+09:00"), Ok(expect));
        assert!(moment("2026-11-20").is_err());
    }
}
