//! The command line: what a user types becomes a call of one of the commands.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::{CommandFactory, FromArgMatches};

use crate::files::config::Overrides;
pub use crate::running::arguments::Cli;
use crate::running::arguments::{ChoiceArguments, Command, FeedCommand, ListArguments, NewCommand, goes, now};
use crate::running::build::{self, Build};
use crate::running::check::{self, Check};
use crate::running::clean;
use crate::running::diagrams;
use crate::running::environment;
use crate::running::explain::{self, Explain};
use crate::running::import;
use crate::running::lint;
use crate::running::list;
use crate::running::new::{self, Entry, New};
use crate::running::pipeline::{Inputs, absolute};
use crate::running::publish::{self, Publish};
use crate::running::report::{self, Form, Outcome};
use crate::running::serve::{self, Serve};

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
                inputs: inputs(arguments.address.base_url, arguments.choice),
                form: arguments.form.into(),
                quiet: arguments.quiet,
                timings: arguments.timings,
                verify: arguments.verify,
            }),
            Command::Check(arguments) => check::check(&Check {
                inputs: inputs(arguments.address.base_url, arguments.choice),
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
                output: output_folder(arguments.built.output_dir),
                all: arguments.all,
                dry_run: arguments.dry_run,
                timeout: Duration::from_secs(arguments.timeout),
                root,
                config,
            }),
            Command::Import(arguments) => import::import(&arguments.import(&root)),
            Command::List(ListArguments { which, address, clock, json }) => {
                let choice = ChoiceArguments { drafts: false, future: false, expired: false, clock };
                list::list(&inputs(address.base_url, choice), which, form(json))
            }
            Command::Explain(arguments) => {
                let (name, if_edited) = (arguments.name, arguments.if_edited);
                let explain = |name| Explain {
                    inputs: inputs(arguments.address.base_url, arguments.choice),
                    output: output_folder(arguments.built.output_dir),
                    name,
                    form: form(arguments.json),
                };
                match if_edited {
                    Some(file) => explain::if_edited(&explain(file)),
                    None => explain::explain(&explain(name.unwrap_or_default())),
                }
            }
            Command::Clean { output_dir } => clean::clean(&root, config.as_deref(), &output_folder(output_dir)),
            Command::Diagrams => {
                let choice = ChoiceArguments { drafts: true, future: true, expired: true, clock: None };
                diagrams::diagrams(&inputs(None, choice))
            }
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
                    NewCommand::Theme { name } => New::Theme(name),
                };
                new::new(&what, &root, config.as_deref(), now())
            }
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
