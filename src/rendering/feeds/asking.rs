//! When readers may ask, and when they need not: what the author says, or what the history of posts says.

use crate::files::config::{CONFIG_FILE, Day, FeedFormat, Rule, SkipHours};
use crate::rendering::feeds::history::{History, TooFew};
use crate::rendering::renderer::Renderer;
use crate::words::diagnostic::Diagnostic;

/// What an RSS channel says about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asking {
    /// Minutes between two questions.
    pub ttl: Option<u32>,
    /// Hours without an answer.
    pub hours: Option<SkipHours>,
    /// Days of Greenwich's week without an answer.
    pub days: Vec<Day>,
}

/// What the site's feeds say, and which keys ask for a history that is too short. Only RSS says any of it.
#[must_use]
pub fn asking(renderer: &Renderer<'_>) -> (Asking, Vec<Diagnostic>) {
    let config = &renderer.site.config;
    if !config.feed.formats.contains(&FeedFormat::Rss) {
        return (Asking::default(), Vec::new());
    }
    let history = History::new(renderer.site.posts.iter().map(|post| post.date));
    let mut problems = Vec::new();
    let mut tell = |key: &str, kind: &str, TooFew { found, wanted }: TooFew| {
        let message =
            format!("`{key}` is to be computed from {wanted} {kind} of the last five years, and there are {found}");
        let help = format!("the feed says nothing until then; you can give `{key}` yourself");
        problems.push(Diagnostic::warning("feed-history", message).in_path(CONFIG_FILE).help(help));
    };
    let ttl = settle(config.feed.ttl.as_ref(), || history.minutes(), |few| tell("ttl", "posts", few));
    let hours = settle(
        config.feed.skip_hours.as_ref(),
        || history.quiet_hours(config.timezone),
        |few| tell("skip_hours", "posts with a time of day", few),
    );
    let days = settle(config.feed.skip_days.as_ref(), || history.quiet_days(), |few| tell("skip_days", "posts", few));
    (Asking { ttl, hours: hours.filter(|skip| !skip.hours.is_empty()), days: days.unwrap_or_default() }, problems)
}

fn settle<T: Clone>(
    rule: Option<&Rule<T>>,
    compute: impl FnOnce() -> Result<T, TooFew>,
    too_few: impl FnOnce(TooFew),
) -> Option<T> {
    match rule? {
        Rule::Given(given) => Some(given.clone()),
        Rule::Computed => compute().map_err(too_few).ok(),
    }
}
