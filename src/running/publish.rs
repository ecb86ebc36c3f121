//! `genblog feed publish`: tells the site's WebSub hub which feeds have changed since it was last told.
//!
//! A hub asks for a feed when it hears that there is news, and hands it on to everybody who subscribed there. So the site must be
//! online before: this command tells of the bytes in the output folder, and trusts that they were put where readers find them. How
//! a publisher speaks to a hub is what hubs agree on (`hub.mode=publish`); the recommendation leaves it to them
//! (<https://www.w3.org/TR/websub/>, section 6).

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use ureq::Agent;

use crate::files::config::{self, CONFIG_FILE, Config, Overrides};
use crate::files::output::Failure;
use crate::files::published::Published;
use crate::rendering::feed_address::FeedAddress;
use crate::rendering::renderer::GENERATOR;
use crate::running::report::{self, Form, Outcome, many};
use crate::words::diagnostic::{Diagnostic, has_error};

/// Bytes of a hub's answer that are looked at.
const MOST_OF_ANSWER: u64 = 64 << 10;

/// Letters of it that are told.
const TOLD_OF_ANSWER: usize = 200;

/// What `feed publish` takes.
#[derive(Debug, Clone)]
pub struct Publish {
    /// The site's folder.
    pub root: PathBuf,
    /// The configuration, when it is not the one in `root`.
    pub config: Option<PathBuf>,
    /// What the caller says over the configuration.
    pub overrides: Overrides,
    /// Where the site was built.
    pub output: PathBuf,
    /// Tell of feeds that have not changed too.
    pub all: bool,
    /// Only say what would be told.
    pub dry_run: bool,
    /// How long the hub may take for one answer.
    pub timeout: Duration,
}

/// A feed of the site as it was built.
struct Built {
    url: String,
    bytes: Vec<u8>,
}

/// Tells the hub. What it refuses is told to the caller and is not tried again; the next call does.
pub fn publish(publish: &Publish) -> io::Result<Outcome> {
    let (config, problems) = config::read(&publish.root, publish.config.as_deref(), &publish.overrides);
    let Some(config) = config.filter(|_| !has_error(&problems)) else {
        return report::failure(&Failure::Site(problems), Form::Text);
    };
    let Some(hub) = &config.feed.hub else {
        let problem = Diagnostic::error("no-hub", "this site's feeds name no hub").in_path(CONFIG_FILE);
        let problem = problem.help("write `hub = \"https://…\"` below `[feed]`, build the site, and put it online");
        return report::failure(&Failure::Site(vec![problem]), Form::Text);
    };
    let feeds = match feeds(&config, publish) {
        Ok(feeds) => feeds,
        Err(problem) => return report::failure(&Failure::Machine(problem), Form::Text),
    };
    let mut published = Published::read(&publish.root, hub);
    let news: Vec<&Built> =
        feeds.iter().filter(|feed| publish.all || !published.knows(&feed.url, &feed.bytes)).collect();
    if news.is_empty() {
        report::line(&format!("{hub} knows of {} already", many(feeds.len(), "feed")))?;
        return Ok(Outcome::Fine);
    }
    let agent = agent(publish.timeout);
    let mut problems = Vec::new();
    for feed in news {
        if publish.dry_run {
            report::line(&format!("would tell {hub} of {}", feed.url))?;
            continue;
        }
        match tell(&agent, hub, &feed.url) {
            Ok(()) => {
                published.remember(&feed.url, &feed.bytes)?;
                report::line(&format!("told {hub} of {}", feed.url))?;
            }
            Err(problem) => problems.push(*problem),
        }
    }
    if problems.is_empty() {
        return Ok(Outcome::Fine);
    }
    report::diagnostics(&problems, Form::Text)?;
    Ok(Outcome::Machine)
}

/// The feeds that name the hub: the site's, in each of its formats.
fn feeds(config: &Config, publish: &Publish) -> Result<Vec<Built>, Box<Diagnostic>> {
    let folder = publish.root.join(&publish.output);
    let built = |format| {
        let route = FeedAddress::of_site(config, format).route;
        let file = folder.join(route.file());
        let bytes = fs::read(&file).map_err(|error| {
            let problem = Diagnostic::error("not-built", format!("the feed cannot be read: {error}"));
            Box::new(problem.in_path(file.display().to_string()).help("build the site, and put it online, first"))
        })?;
        Ok(Built { url: route.url(&config.base_url), bytes })
    };
    config.feed.formats.iter().copied().map(built).collect()
}

fn agent(timeout: Duration) -> Agent {
    let config = Agent::config_builder()
        .user_agent(GENERATOR)
        .timeout_global(Some(timeout))
        // A hub that moved must be written down anew: what was posted is not to end up anywhere else.
        .max_redirects(0)
        .http_status_as_error(false);
    config.build().into()
}

/// Posts one piece of news.
fn tell(agent: &Agent, hub: &str, url: &str) -> Result<(), Box<Diagnostic>> {
    let failed = |message: String, help: &str| {
        Box::new(Diagnostic::error("hub", message).note(format!("it was to hear of {url}")).help(help))
    };
    let mut answer = agent.post(hub).send_form([("hub.mode", "publish"), ("hub.url", url)]).map_err(|error| {
        failed(format!("the hub `{hub}` cannot be reached: {error}"), "nothing was told; try again later")
    })?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    if let Some(place) = answer.headers().get("location").filter(|_| status.is_redirection()) {
        let place = printable(&String::from_utf8_lossy(place.as_bytes()));
        let message = format!("the hub `{hub}` answers {status}, and says that it is at `{place}`");
        return Err(failed(message, "if that is so, write the new address into `hub` below `[feed]`"));
    }
    let text = answer.body_mut().with_config().limit(MOST_OF_ANSWER).lossy_utf8(true).read_to_string();
    let said = printable(text.unwrap_or_default().lines().find(|line| !line.trim().is_empty()).unwrap_or_default());
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    Err(failed(
        format!("the hub `{hub}` answers {status}{said}"),
        "the hub knows why it refuses; the next call tries again",
    ))
}

/// The start of a text from elsewhere, without anything that a terminal would obey.
fn printable(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(TOLD_OF_ANSWER).collect()
}
