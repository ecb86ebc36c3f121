//! The command line: what a user types becomes a call of one of the commands.

use std::env;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::builder::BoolishValueParser;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::files::config::Overrides;
use crate::foreign::folder::Generator;
use crate::foreign::site;
use crate::graph::Choice;
use crate::running::build::{self, Build};
use crate::running::check::{self, Check};
use crate::running::clean;
use crate::running::environment;
use crate::running::explain::{self, Explain};
use crate::running::import::{self, Import};
use crate::running::lint;
use crate::running::list::{self, Which};
use crate::running::new::{self, Entry, New};
use crate::running::pipeline::{Inputs, absolute};
use crate::running::publish::{self, Publish};
use crate::running::report::{self, Form, Outcome};
use crate::running::serve::{self, Serve};

/// A static blog generator whose articles run a Xen device-access engine in the page.
#[derive(Debug, Parser)]
#[command(name = "genblog", version, arg_required_else_help = true)]
pub struct Cli {
    /// The site's folder
    #[arg(short, long, global = true, default_value = ".", value_name = "DIR", env = "GENBLOG_ROOT")]
    root: PathBuf,
    /// The configuration, when it is not `genblog.toml` in the site's folder
    #[arg(short, long, global = true, value_name = "FILE", env = "GENBLOG_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
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
    /// Make a site, post, page or album
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

#[derive(Debug, Args)]
struct ListArguments {
    /// Which posts
    #[arg(default_value = "all")]
    which: Which,
    /// Where the site will be served, instead of what the configuration says
    #[arg(short = 'u', long, value_name = "URL", env = "GENBLOG_BASE_URL")]
    base_url: Option<String>,
    /// The moment that "future" and "expired" are measured from [default: SOURCE_DATE_EPOCH, or now]
    #[arg(long, value_name = "RFC3339", value_parser = moment, env = "GENBLOG_CLOCK")]
    clock: Option<DateTime<Utc>>,
    /// Write the list as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct ExplainArguments {
    /// An address (`/posts/x/`), a file of the output folder, or a file of the site
    #[arg(required_unless_present = "if_edited", conflicts_with = "if_edited")]
    name: Option<String>,
    /// Say what would be made again if this file of the site were edited
    #[arg(long, value_name = "FILE")]
    if_edited: Option<String>,
    /// Where the site was built [default: `public` in the site's folder]
    #[arg(short, long, value_name = "DIR", env = "GENBLOG_OUTPUT_DIR")]
    output_dir: Option<PathBuf>,
    /// Where the site will be served, instead of what the configuration says
    #[arg(short = 'u', long, value_name = "URL", env = "GENBLOG_BASE_URL")]
    base_url: Option<String>,
    #[command(flatten)]
    choice: ChoiceArguments,
    /// Tell it as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum FeedCommand {
    /// Say what is wrong with any RSS, Atom or JSON feed, without asking the network
    Lint(LintArguments),
    /// Tell the site's WebSub hub which feeds have changed; after the site was put online
    Publish(PublishArguments),
}

#[derive(Debug, Args)]
struct LintArguments {
    /// The feeds; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The moment that dates in the future are measured from [default: SOURCE_DATE_EPOCH, or now]
    #[arg(long, value_name = "RFC3339", value_parser = moment, env = "GENBLOG_CLOCK")]
    clock: Option<DateTime<Utc>>,
    /// Tell what is wrong as JSON on standard output
    #[arg(long)]
    json: bool,
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
struct ImportArguments {
    /// A feed's file, or a generator's folder
    source: PathBuf,
    /// Where the site is to be; it may be there already [default: the site's folder, `--root`]
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// What wrote the source [default: guessed, and told]
    #[arg(long, value_name = "PROGRAM")]
    from: Option<From>,
    /// Where the pictures are that a feed names; those that are found come along
    #[arg(long, value_name = "DIR")]
    pictures: Option<PathBuf>,
    /// How posts whose text is HTML are written [default: genBlog's own if the source is of genBlog]
    #[arg(long, value_name = "FORM")]
    form: Option<HtmlForm>,
    /// Tell what would be written, and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

/// What `--from` takes.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum From {
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
enum HtmlForm {
    /// `2026-11-14T21_05_37.txt`: a title line, key lines, HTML
    Genblog,
    /// `2026-11-14-name.html`: front matter and HTML
    Html,
}

#[derive(Debug, Args)]
struct ChoiceArguments {
    /// Take drafts too
    #[arg(short = 'D', long, env = "GENBLOG_DRAFTS", value_parser = BoolishValueParser::new())]
    drafts: bool,
    /// Take posts with a date in the future too
    #[arg(short = 'F', long, env = "GENBLOG_FUTURE", value_parser = BoolishValueParser::new())]
    future: bool,
    /// Take posts that have expired too
    #[arg(short = 'E', long, env = "GENBLOG_EXPIRED", value_parser = BoolishValueParser::new())]
    expired: bool,
    /// The moment that "future" and "expired" are measured from [default: SOURCE_DATE_EPOCH, or now]
    #[arg(long, value_name = "RFC3339", value_parser = moment, env = "GENBLOG_CLOCK")]
    clock: Option<DateTime<Utc>>,
}

#[derive(Debug, Args)]
struct BuildArguments {
    /// Where to write [default: `public` in the site's folder]
    #[arg(short, long, value_name = "DIR", env = "GENBLOG_OUTPUT_DIR")]
    output_dir: Option<PathBuf>,
    /// Where the site will be served, instead of what the configuration says
    #[arg(short = 'u', long, value_name = "URL", env = "GENBLOG_BASE_URL")]
    base_url: Option<String>,
    #[command(flatten)]
    choice: ChoiceArguments,
    #[command(flatten)]
    form: FormArguments,
    /// Say nothing when all is well
    #[arg(short, long)]
    quiet: bool,
    /// Say where the time went, on standard error
    #[arg(long)]
    timings: bool,
    /// Build once more from nothing, in memory, and hold every file against it
    #[arg(long)]
    verify: bool,
}

#[derive(Debug, Args)]
struct CheckArguments {
    /// Where the site will be served, instead of what the configuration says
    #[arg(short = 'u', long, value_name = "URL", env = "GENBLOG_BASE_URL")]
    base_url: Option<String>,
    #[command(flatten)]
    choice: ChoiceArguments,
    #[command(flatten)]
    form: FormArguments,
    /// Ask for the links that leave the site too
    #[arg(long)]
    external: bool,
    /// How many seconds one request for such a link may take
    #[arg(long, default_value_t = 20, value_name = "SECONDS", requires = "external", value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
}

/// How what is wrong is told to programs.
#[derive(Debug, Args)]
struct FormArguments {
    /// Tell what is wrong as JSON on standard output
    #[arg(long)]
    json: bool,
    /// Tell it as SARIF 2.1.0 on standard output, for programs that show problems beside code
    #[arg(long, conflicts_with = "json")]
    sarif: bool,
}

#[derive(Debug, Args)]
struct ServeArguments {
    /// The port; 0 finds a free one
    #[arg(short, long, default_value_t = 1111, env = "GENBLOG_PORT")]
    port: u16,
    /// The address to listen at
    #[arg(
        short,
        long,
        default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST),
        value_name = "ADDRESS",
        env = "GENBLOG_BIND"
    )]
    bind: IpAddr,
    #[command(flatten)]
    choice: ChoiceArguments,
    /// Show the site in the browser
    #[arg(long)]
    open: bool,
}

#[derive(Debug, Subcommand)]
enum NewCommand {
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
}

#[derive(Debug, Args)]
struct PublishArguments {
    /// Where the site was built [default: `public` in the site's folder]
    #[arg(short, long, value_name = "DIR", env = "GENBLOG_OUTPUT_DIR")]
    output_dir: Option<PathBuf>,
    /// Where the site is served, instead of what the configuration says
    #[arg(short = 'u', long, value_name = "URL", env = "GENBLOG_BASE_URL")]
    base_url: Option<String>,
    /// Tell of feeds that have not changed too
    #[arg(long)]
    all: bool,
    /// Only say what would be told
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// How many seconds the hub may take for an answer
    #[arg(long, default_value_t = 20, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
}

impl Cli {
    /// What the user typed, and what the environment adds to it. The process ends here when that is no command, or one for help.
    #[must_use]
    pub fn of_command_line() -> Self {
        let matches = environment::matches(&Self::command());
        let parsed = matches.and_then(|matches| Self::from_arg_matches(&matches));
        parsed.unwrap_or_else(|error| error.exit())
    }

    /// Does what the user typed.
    pub fn run(self) -> io::Result<Outcome> {
        let root = absolute(&self.root);
        let config = self.config.as_deref().map(absolute);
        let inputs = |base_url: Option<String>, choice: ChoiceArguments| Inputs {
            root: root.clone(),
            config: config.clone(),
            overrides: Overrides { base_url },
            choice: choice.into(),
        };
        match self.command {
            Command::Build(arguments) => build::build(&Build {
                output: output_folder(arguments.output_dir),
                inputs: inputs(arguments.base_url, arguments.choice),
                form: arguments.form.into(),
                quiet: arguments.quiet,
                timings: arguments.timings,
                verify: arguments.verify,
            }),
            Command::Check(arguments) => check::check(&Check {
                inputs: inputs(arguments.base_url, arguments.choice),
                form: arguments.form.into(),
                external: arguments.external.then_some(Duration::from_secs(arguments.timeout)),
            }),
            Command::Serve(arguments) => {
                let clock = goes(arguments.choice.clock).then_some(now as fn() -> DateTime<Utc>);
                let inputs = inputs(None, arguments.choice);
                serve::serve(&Serve {
                    inputs: Inputs { root: serve::canonical(&inputs.root), ..inputs },
                    bind: arguments.bind,
                    port: arguments.port,
                    open: arguments.open,
                    clock,
                })
            }
            Command::Feed { what: FeedCommand::Lint(arguments) } => {
                lint::lint(&arguments.files, form(arguments.json), arguments.clock.unwrap_or_else(now))
            }
            Command::Feed { what: FeedCommand::Publish(arguments) } => publish::publish(&Publish {
                overrides: Overrides { base_url: arguments.base_url },
                output: output_folder(arguments.output_dir),
                all: arguments.all,
                dry_run: arguments.dry_run,
                timeout: Duration::from_secs(arguments.timeout),
                root,
                config,
            }),
            Command::Import(arguments) => import::import(&arguments.import(&root)),
            Command::List(ListArguments { which, base_url, clock, json }) => {
                let choice = ChoiceArguments { drafts: false, future: false, expired: false, clock };
                list::list(&inputs(base_url, choice), which, form(json))
            }
            Command::Explain(arguments) => {
                let (name, if_edited) = (arguments.name, arguments.if_edited);
                let explain = |name| Explain {
                    inputs: inputs(arguments.base_url, arguments.choice),
                    output: output_folder(arguments.output_dir),
                    name,
                    form: form(arguments.json),
                };
                match if_edited {
                    Some(file) => explain::if_edited(&explain(file)),
                    None => explain::explain(&explain(name.unwrap_or_default())),
                }
            }
            Command::Clean { output_dir } => clean::clean(&root, config.as_deref(), &output_folder(output_dir)),
            Command::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut Self::command(), "genblog", &mut script);
                report::text(&script).map(|()| Outcome::Fine)
            }
            Command::Init { folder } => new::new(&New::Site(root.join(folder)), &root, config.as_deref(), now()),
            Command::New { what } => {
                let what = match what {
                    NewCommand::Site { folder } => New::Site(root.join(folder)),
                    NewCommand::Post { title } => New::Entry(Entry::Post, title),
                    NewCommand::Page { title } => New::Entry(Entry::Page, title),
                    NewCommand::Album { title } => New::Entry(Entry::Album, title),
                };
                new::new(&what, &root, config.as_deref(), now())
            }
        }
    }
}

impl ImportArguments {
    fn import(self, root: &Path) -> Import {
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

/// The folder that was named, or the usual one of the site.
fn output_folder(named: Option<PathBuf>) -> PathBuf {
    named.map_or_else(|| PathBuf::from("public"), |folder| absolute(&folder))
}

fn form(json: bool) -> Form {
    if json { Form::Json } else { Form::Text }
}

/// `SOURCE_DATE_EPOCH` (<https://reproducible-builds.org/specs/source-date-epoch/>), or the clock: the one place that looks at it.
fn now() -> DateTime<Utc> {
    epoch().unwrap_or_else(|| std::time::SystemTime::now().into())
}

fn epoch() -> Option<DateTime<Utc>> {
    let seconds = env::var("SOURCE_DATE_EPOCH").ok()?.parse().ok()?;
    DateTime::from_timestamp(seconds, 0)
}

/// Whether time goes on: nobody has said which moment it is.
fn goes(clock: Option<DateTime<Utc>>) -> bool {
    clock.is_none() && epoch().is_none()
}

fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    let parsed = DateTime::parse_from_rfc3339(text);
    parsed.map(|date| date.to_utc()).map_err(|error| format!("{error}; write it as `2026-11-20T09:30:00Z`"))
}

#[cfg(test)]
mod tests {
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
