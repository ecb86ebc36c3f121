//! What is asked about one address, step by step: [`Errand::next`] looks at a reply and says what follows from it. It asks nobody.
//!
//! ```text
//! HEAD ──2xx──────────────────────────► there
//!  │ ├──3xx──► the same at the new address, at most 10 times
//!  │ └──4xx, 5xx──► GET ──404, 410────► gone
//!  │                 │ └──5xx, 429────► once more, later ──► not known
//!  └──no answer──────┴──────────────────^
//! ```
//!
//! A place on a page can only be looked for in the page: then GET comes first.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::files::answers::Good;
use crate::files::config::CheckConfig;
use crate::parsing::html::scan;
use crate::words::address::{absolute, percent_decode};
use crate::words::ascii_url::ascii_url;

/// Redirects that are followed.
const MOST_REDIRECTS: u32 = 10;

/// How often an address is asked for again that had no answer.
const MOST_RETRIES: u32 = 1;

/// How long a server is left alone that had no answer, if it does not say how long itself.
const LATER: Duration = Duration::from_secs(1);

/// How long a server may ask to be left alone.
const PATIENCE: Duration = Duration::from_secs(30);

/// An address that texts lead to, and the places there that they name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// As a request names it.
    pub(super) url: String,
    /// Fragments, decoded.
    pub(super) places: BTreeSet<String>,
}

/// How to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// Without the page.
    Head,
    /// With it.
    Get,
}

/// What is to be asked next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Errand {
    /// Which of all addresses it is about.
    pub(super) about: usize,
    /// Whom to ask.
    pub(super) url: String,
    /// How to ask.
    pub(super) method: Method,
    redirects: u32,
    retries: u32,
    /// Where the address has moved for good.
    moved: Option<String>,
    /// Whether all redirects so far were for good.
    for_good: bool,
}

/// What a server said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reply {
    /// Its code.
    pub(super) status: u16,
    /// The code and its name: `404 Not Found`.
    pub(super) words: String,
    /// Where it leads on to.
    pub(super) location: Option<String>,
    /// How long it wants to be left alone.
    pub(super) wait: Option<Duration>,
    /// The page, if it is one in HTML, and small.
    pub(super) page: Option<String>,
}

/// Why there is no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// There is nobody to ask, or nobody who can be trusted; why.
    Nobody(String),
    /// Nothing came; why.
    Silence(String),
}

/// What is known in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is there, without these of the places.
    There(Good, BTreeSet<String>),
    /// It is not there; why.
    Gone(String),
    /// Nobody says; why.
    Unknown(String),
}

/// What follows from a reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Ask this, after so long.
    Ask(Errand, Duration),
    /// There is nothing more to ask.
    End(Answer),
    /// The same, and nothing more is to be asked of this host: it wants to be left alone, or answers nobody.
    Leave(Answer),
}

impl Errand {
    pub(super) fn new(about: usize, wanted: &Wanted) -> Self {
        let method = if wanted.places.is_empty() { Method::Head } else { Method::Get };
        let url = wanted.url.clone();
        Self { about, url, method, redirects: 0, retries: 0, moved: None, for_good: true }
    }

    /// What follows from a reply to this errand.
    pub(super) fn next(self, reply: Result<Reply, Failure>, wanted: &Wanted, check: &CheckConfig) -> Step {
        let reply = match reply {
            Ok(reply) => reply,
            Err(Failure::Nobody(why)) => return Step::End(Answer::Gone(why)),
            // Some servers have no answer for who wants the head only.
            Err(Failure::Silence(why)) if self.retries >= MOST_RETRIES => return Step::Leave(Answer::Unknown(why)),
            Err(Failure::Silence(why)) => return Self { method: Method::Get, ..self }.later(LATER, why),
        };
        let answers = format!("the server answers {}", reply.words);
        match (reply.status, reply.location) {
            (200..=299, _) => Step::End(self.there(reply.page.as_deref(), wanted)),
            (status @ (301 | 302 | 303 | 307 | 308), Some(location)) => {
                self.led_on(matches!(status, 301 | 308), &location, check)
            }
            (429, _) => self.later(reply.wait.unwrap_or(LATER), answers),
            // Who says when to come back has more to say then.
            (500..=599, _) if let Some(wait) = reply.wait => Self { method: Method::Get, ..self }.later(wait, answers),
            // Many servers know a page that they do not know the head of.
            (400..=599, _) if self.method == Method::Head => {
                Step::Ask(Self { method: Method::Get, ..self }, Duration::ZERO)
            }
            (404 | 410, _) => Step::End(Answer::Gone(answers)),
            (500..=599, _) => self.later(reply.wait.unwrap_or(LATER), answers),
            _ => Step::End(Answer::Unknown(answers)),
        }
    }

    fn led_on(self, for_good: bool, location: &str, check: &CheckConfig) -> Step {
        let location = absolute(location, &self.url);
        let Some(url) = ascii_url(&location) else {
            return Step::End(Answer::Unknown(format!("the server leads on to `{location}`")));
        };
        let for_good = for_good && self.for_good;
        let moved = if for_good { Some(location.clone()) } else { self.moved };
        if check.skips(&location) {
            return Step::End(Answer::There(Good { moved, places: BTreeSet::new() }, BTreeSet::new()));
        }
        let redirects = self.redirects + 1;
        if redirects > MOST_REDIRECTS {
            return Step::End(Answer::Gone(format!("servers lead on more than {MOST_REDIRECTS} times")));
        }
        Step::Ask(Self { url, redirects, moved, for_good, ..self }, Duration::ZERO)
    }

    /// Once more, unless that was it.
    fn later(self, wait: Duration, why: String) -> Step {
        if wait > PATIENCE {
            return Step::Leave(Answer::Unknown(why));
        }
        if self.retries >= MOST_RETRIES {
            return Step::End(Answer::Unknown(why));
        }
        Step::Ask(Self { retries: self.retries + 1, ..self }, wait)
    }

    fn there(self, page: Option<&str>, wanted: &Wanted) -> Answer {
        // What cannot be read may hold every place.
        let ids: Option<BTreeSet<String>> =
            page.and_then(|page| Some(scan(page).ok()?.ids.into_iter().map(|(id, _)| id).collect()));
        let is_there = |place: &&String| ids.as_ref().is_none_or(|ids| has_place(ids, place));
        let (places, lost) = wanted.places.iter().partition::<Vec<_>, _>(is_there);
        let moved = self.moved.filter(|moved| moved.split('#').next() != Some(&wanted.url));
        let places = places.into_iter().cloned().collect();
        Answer::There(Good { moved, places }, lost.into_iter().cloned().collect())
    }
}

/// The place that an address names, if a page can be asked for it: scripts make the lines of code viewers and the states of
/// programs, and browsers look for text themselves (`:~:`, <https://wicg.github.io/scroll-to-text-fragment/>).
pub(super) fn place(fragment: &str) -> Option<String> {
    let place = percent_decode(fragment.split(":~:").next().unwrap_or_default());
    let is_line = place.strip_prefix('L').is_some_and(|line| line.starts_with(|c: char| c.is_ascii_digit()));
    let is_state = place.starts_with(['/', '!', '?']) || place.contains('=');
    (!place.is_empty() && place != "top" && !is_line && !is_state).then_some(place)
}

/// GitHub, and forges like it, write a prefix before the ids of what people wrote, and its scripts take it off.
fn has_place(ids: &BTreeSet<String>, place: &str) -> bool {
    ids.contains(place) || ids.contains(&format!("user-content-{place}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://a.example/b";

    fn wanted(places: &[&str]) -> Wanted {
        Wanted { url: URL.to_owned(), places: places.iter().map(|place| (*place).to_owned()).collect() }
    }

    fn reply(status: u16, location: &str) -> Result<Reply, Failure> {
        let location = (!location.is_empty()).then(|| location.to_owned());
        Ok(Reply { status, words: status.to_string(), location, ..Reply::default() })
    }

    /// What is asked on the way of these replies, and what is known in the end.
    fn told(wanted: &Wanted, replies: &[Result<Reply, Failure>]) -> (Vec<String>, Option<Answer>) {
        let check = CheckConfig { skip: vec!["https://skip.example/".to_owned()] };
        let mut errand = Errand::new(0, wanted);
        let mut asked = Vec::new();
        for reply in replies {
            asked.push(format!("{:?} {}", errand.method, errand.url));
            match errand.next(reply.clone(), wanted, &check) {
                Step::Ask(next, _) => errand = next,
                Step::End(answer) | Step::Leave(answer) => return (asked, Some(answer)),
            }
        }
        (asked, None)
    }

    fn moved(to: &str) -> Answer {
        Answer::There(Good { moved: Some(to.to_owned()), ..Good::default() }, BTreeSet::new())
    }

    #[test]
    fn a_way_ends_with_what_is_known() {
        let there = Answer::There(Good::default(), BTreeSet::new());
        let gone = |why: &str| Answer::Gone(why.to_owned());
        let unknown = |why: &str| Answer::Unknown(why.to_owned());
        let silence = || Err(Failure::Silence("silence".to_owned()));
        for (replies, expected) in [
            (vec![reply(200, "")], there.clone()),
            (vec![reply(405, ""), reply(200, "")], there.clone()),
            (vec![reply(404, ""), reply(200, "")], there.clone()),
            (vec![reply(404, ""), reply(404, "")], gone("the server answers 404")),
            (vec![reply(403, ""), reply(403, "")], unknown("the server answers 403")),
            (vec![reply(503, ""), reply(503, ""), reply(200, "")], there.clone()),
            (vec![reply(500, ""), reply(500, ""), reply(500, "")], unknown("the server answers 500")),
            (vec![reply(429, ""), reply(429, "")], unknown("the server answers 429")),
            (vec![reply(304, "")], unknown("the server answers 304")),
            (vec![silence(), reply(200, "")], there.clone()),
            (vec![silence(), silence()], unknown("silence")),
            (vec![Err(Failure::Nobody("nobody".to_owned()))], gone("nobody")),
            (vec![reply(301, "/c"), reply(200, "")], moved("https://a.example/c")),
            (vec![reply(301, "/c"), reply(308, "/d"), reply(302, "/e"), reply(200, "")], moved("https://a.example/d")),
            (vec![reply(302, "/c"), reply(301, "/d"), reply(200, "")], there.clone()),
            (vec![reply(301, "/c"), reply(301, "/b"), reply(200, "")], there),
            (vec![reply(301, "/c"), reply(404, ""), reply(404, "")], gone("the server answers 404")),
            (vec![reply(301, "https://skip.example/x")], moved("https://skip.example/x")),
            (vec![reply(302, "mailto:a@b.c")], unknown("the server leads on to `mailto:a@b.c`")),
            (vec![reply(302, "/c"); 11], gone("servers lead on more than 10 times")),
        ] {
            let (asked, answer) = told(&wanted(&[]), &replies);
            assert_eq!((asked.len(), answer), (replies.len(), Some(expected)), "{replies:?}");
        }
    }

    #[test]
    fn the_head_is_enough_unless_a_place_is_wanted() {
        let page = |text: &str| Ok(Reply { page: Some(text.to_owned()), ..reply(200, "").expect("a reply") });
        assert_eq!(told(&wanted(&[]), &[reply(200, "")]).0, ["Head https://a.example/b"]);
        let html = "<h2 id='one &amp; all'>x</h2><a name=two></a><p id=user-content-three>";
        let (asked, answer) = told(&wanted(&["one & all", "two", "three", "four"]), &[page(html)]);
        assert_eq!(asked, ["Get https://a.example/b"]);
        let Some(Answer::There(good, lost)) = answer else { panic!("{answer:?}") };
        assert_eq!(good.places, wanted(&["one & all", "two", "three"]).places);
        assert_eq!(lost, wanted(&["four"]).places);
        // A page that is too large, or none, may have every place.
        let (_, answer) = told(&wanted(&["four"]), &[reply(200, "")]);
        assert!(matches!(answer, Some(Answer::There(_, lost)) if lost.is_empty()));
    }

    #[test]
    fn a_server_is_left_alone_as_long_as_it_asks_for_within_reason() {
        let (wanted, check) = (wanted(&[]), CheckConfig::default());
        let waits = |seconds| {
            let wait = Some(Duration::from_secs(seconds));
            let reply = Reply { wait, ..reply(429, "").expect("a reply") };
            match Errand::new(0, &wanted).next(Ok(reply), &wanted, &check) {
                Step::Ask(_, wait) => Some(wait.as_secs()),
                Step::Leave(_) => None,
                Step::End(answer) => panic!("{answer:?}"),
            }
        };
        assert_eq!([waits(0), waits(30), waits(31)], [Some(0), Some(30), None]);
    }

    #[test]
    fn places_are_what_a_page_can_be_asked_for() {
        for (fragment, expected) in [
            ("a%20b", Some("a b")),
            ("a:~:text=b", Some("a")),
            (":~:text=b", None),
            ("L10-L20", None),
            ("Lines", Some("Lines")),
            ("/route", None),
            ("page=2", None),
            ("top", None),
            ("", None),
        ] {
            assert_eq!(place(fragment).as_deref(), expected, "{fragment}");
        }
    }
}
