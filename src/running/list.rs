//! `genblog list`: the posts of a site, and which of them readers see.

use std::fmt;
use std::io;

use chrono::{DateTime, SecondsFormat};
use chrono_tz::Tz;
use clap::ValueEnum;
use serde::Serialize;

use crate::files::output::Failure;
use crate::files::{config, source};
use crate::graph::{Listed, State, list as listed};
use crate::running::pipeline::{Inputs, in_order};
use crate::running::report::{self, Form, Outcome};
use crate::words::diagnostic::has_error;

/// Which posts to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// Every post
    All,
    /// What readers see
    Published,
    /// What its author has not finished
    Drafts,
    /// What is dated in the future
    Future,
    /// What readers do not see any more
    Expired,
}

impl Which {
    fn takes(self, state: State) -> bool {
        match self {
            Self::All => true,
            Self::Published => state == State::Published,
            Self::Drafts => state == State::Draft,
            Self::Future => state == State::Future,
            Self::Expired => state == State::Expired,
        }
    }
}

/// Lists posts, newest first; what is wrong with the site is told too, and those posts that can be read are listed all the same.
pub fn list(inputs: &Inputs, which: Which, form: Form) -> io::Result<Outcome> {
    let (config, mut problems) = config::read(&inputs.root, inputs.config.as_deref(), &inputs.overrides);
    let Some(config) = config else { return report::failure(&Failure::Site(problems), form) };
    let (source, found) = source::read(&inputs.root);
    problems.extend(found);
    let (posts, found) = listed(&config, &source, &inputs.choice);
    problems.extend(found);
    let posts: Vec<&Listed> = posts.iter().filter(|post| which.takes(post.state)).collect();
    match form {
        Form::Text => report::lines(&posts.iter().map(|post| Line(post)).collect::<Vec<_>>())?,
        Form::Silent => {}
        Form::Json => {
            let rows: Vec<Row<'_>> = posts.iter().map(|post| Row::of(post)).collect();
            report::line(&serde_json::to_string_pretty(&rows).expect("texts are always JSON"))?;
        }
    }
    let problems: Vec<_> =
        in_order(problems).into_iter().filter(|problem| has_error(std::slice::from_ref(problem))).collect();
    if problems.is_empty() {
        return Ok(Outcome::Fine);
    }
    report::diagnostics(&problems, Form::Text)?;
    Ok(Outcome::Site)
}

/// A post as people read it.
struct Line<'a>(&'a Listed);

impl fmt::Display for Line<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Listed { path, title, date, state, .. } = self.0;
        write!(formatter, "{}  {:9}  {path}  {title}", date.format("%Y-%m-%d %H:%M"), state.name())
    }
}

/// A post as programs read it.
#[derive(Serialize)]
struct Row<'a> {
    path: &'a str,
    title: &'a str,
    state: &'static str,
    /// RFC 3339.
    date: String,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
}

impl<'a> Row<'a> {
    fn of(post: &'a Listed) -> Self {
        let moment = |moment: &DateTime<Tz>| moment.to_rfc3339_opts(SecondsFormat::Secs, false);
        Self {
            path: &post.path,
            title: &post.title,
            state: post.state.name(),
            date: moment(&post.date),
            expires: post.expires.as_ref().map(moment),
        }
    }
}
