//! `genblog list`: the posts of a site, and which of them readers see.

use std::fmt;
use std::io;

use chrono::{DateTime, SecondsFormat};
use chrono_tz::Tz;
use clap::ValueEnum;
use serde::Serialize;

use crate::files::kept::Access;
use crate::graph::{Listed, State, list as listed};
use crate::running::pipeline::{Inputs, Surveyed, in_order, survey};
use crate::running::report::{self, Form, Outcome};
use crate::running::timings::Timings;
use crate::words::diagnostic::{Diagnostic, Severity};
use crate::words::excerpt::tame;

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

/// Lists posts, newest first. Errors in reading them are told too, and those that can be read are listed all the same; links and
/// addresses are `genblog check`'s affair.
pub fn list(inputs: &Inputs, which: Which, form: Form) -> io::Result<Outcome> {
    let surveyed = survey(inputs, Access::Read, &mut Timings::start());
    let (posts, problems) = match surveyed.map(Surveyed::read) {
        Ok((config, source, mut problems)) => {
            let (posts, found) = listed(&config, &source, inputs.choice.now);
            problems.extend(found);
            (posts, problems)
        }
        Err(problems) => (Vec::new(), problems),
    };
    let due = posts.iter().filter_map(|post| post.due).min();
    let posts: Vec<&Listed> = posts.iter().filter(|post| which.takes(post.state)).collect();
    match form {
        Form::Text => {
            report::lines(&posts.iter().map(|post| Line(post)).collect::<Vec<_>>())?;
            // Not among the lines, which are one for each post.
            report::notes(&due.map(|due| format!("next due {}", report::moment(due))).into_iter().collect::<Vec<_>>())?;
        }
        Form::Silent => {}
        // What is listed is no problem: there is no other form of it for programs.
        Form::Json | Form::Sarif => {
            let rows: Vec<Row<'_>> = posts.iter().map(|post| Row::of(post)).collect();
            report::line(&serde_json::to_string_pretty(&rows).expect("texts are always JSON"))?;
        }
    }
    let is_error = |problem: &Diagnostic| problem.severity == Severity::Error;
    let errors: Vec<Diagnostic> = in_order(problems).into_iter().filter(is_error).collect();
    if errors.is_empty() {
        return Ok(Outcome::Fine);
    }
    report::diagnostics(&errors, if form == Form::Silent { form } else { Form::Text })?;
    Ok(Outcome::Site)
}

/// A post as people read it.
struct Line<'a>(&'a Listed);

impl fmt::Display for Line<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Listed { path, title, date, state, .. } = self.0;
        let path = tame(path).replace('\n', "\u{fffd}");
        let title = tame(title).split_whitespace().collect::<Vec<_>>().join(" ");
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
    /// When its state changes by itself, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
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
            due: post.due.map(report::moment),
        }
    }
}
