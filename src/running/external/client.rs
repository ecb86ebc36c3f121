//! One request to somebody else's server: [`ask`].

use std::io;
use std::time::Duration;

use chrono::DateTime;
use ureq::http::HeaderMap;
use ureq::http::header::{CONTENT_TYPE, DATE, HeaderName, LOCATION, RETRY_AFTER};
use ureq::{Agent, Error};

use crate::running::external::errand::{Failure, Method, Reply};

/// Who asks. A server that wants no such visits can say so.
const USER_AGENT: &str = concat!("genblog/", env!("CARGO_PKG_VERSION"), " (checks the links of a site)");

/// Bytes of a page that are looked at. A larger one may have every place.
const MOST_OF_PAGE: u64 = 1 << 20;

/// Letters that are told of what a server says.
const TOLD: usize = 2000;

/// What asks; a request may take as long as `timeout` with everything that belongs to it.
pub(super) fn agent(timeout: Duration) -> Agent {
    let config = Agent::config_builder()
        .user_agent(USER_AGENT)
        .timeout_global(Some(timeout))
        // Each redirect is told, and waits for its host's turn.
        .max_redirects(0)
        .http_status_as_error(false);
    config.build().into()
}

/// Asks once. What is behind a redirect is not asked for.
pub(super) fn ask(agent: &Agent, url: &str, method: Method, wants_page: bool) -> Result<Reply, Failure> {
    let answer = match method {
        Method::Head => agent.head(url).call(),
        Method::Get => agent.get(url).call(),
    };
    let mut answer = answer.map_err(|error| failure(&error, url))?;
    let status = answer.status();
    let headers = answer.headers();
    let is_html = text(headers, &CONTENT_TYPE).is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        ["text/html", "application/xhtml+xml"].iter().any(|html| kind.eq_ignore_ascii_case(html))
    });
    let (location, wait) = (text(headers, &LOCATION), wait(headers));
    let page = (wants_page && is_html && status.is_success() && method == Method::Get)
        .then(|| answer.body_mut().with_config().limit(MOST_OF_PAGE).lossy_utf8(true).read_to_string().ok())
        .flatten();
    Ok(Reply { status: status.as_u16(), words: status.to_string(), location, wait, page })
}

/// A header, without anything that a terminal would obey.
fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let text = String::from_utf8_lossy(headers.get(name)?.as_bytes()).into_owned();
    Some(text.chars().filter(|c| !c.is_control()).take(TOLD).collect())
}

/// How long a server wants to be left alone (RFC 9110, section 10.2.3): seconds, or a moment, which its own clock tells the time to.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| text(headers, name).map(|text| text.trim().to_owned());
    let after = text(&RETRY_AFTER)?;
    if let Ok(seconds) = after.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let moment = |text: &str| DateTime::parse_from_rfc2822(text).ok();
    (moment(&after)? - moment(&text(&DATE)?)?).to_std().ok()
}

/// Why there is no answer: a name that nobody has and a certificate that browsers refuse stay as they are, anything else may pass.
fn failure(error: &Error, url: &str) -> Failure {
    let host = || url.split('/').nth(2).unwrap_or(url).to_owned();
    let words = error.to_string();
    let words = words.strip_prefix("io: ").unwrap_or(&words);
    match error {
        Error::HostNotFound => Failure::Nobody(format!("there is no host `{}`", host())),
        Error::Io(error) if is_unknown_host(error) => Failure::Nobody(format!("there is no host `{}`", host())),
        Error::Protocol(_) => Failure::Silence("the server does not speak HTTP as it should".to_owned()),
        Error::Timeout(_) => Failure::Silence("the server took too long to answer".to_owned()),
        _ => match words.split_once("invalid peer certificate: ") {
            // Browsers find the certificates between one and its root themselves, when the server forgets to send them.
            Some((_, why)) if why.contains("UnknownIssuer") => Failure::Silence(words.to_owned()),
            Some((_, why)) => Failure::Nobody(format!("browsers refuse the certificate of `{}`: {why}", host())),
            None => Failure::Silence(words.to_owned()),
        },
    }
}

/// Whether a name was looked up and is nobody's. The standard library says so in words only; a resolver that cannot be asked is
/// another matter (`EAI_AGAIN` of getaddrinfo).
fn is_unknown_host(error: &io::Error) -> bool {
    let words = error.to_string();
    let is_passing = ["Temporary failure", "Try again"].iter().any(|passing| words.contains(passing));
    words.starts_with("failed to lookup address information") && !is_passing
}

#[cfg(test)]
mod tests {
    use ureq::http::HeaderValue;

    use super::*;

    #[test]
    fn a_server_says_how_long_it_wants_to_be_left_alone() {
        let date = "Tue, 01 Dec 2026 00:00:00 GMT";
        for (after, date, expected) in [
            ("5", "", Some(5)),
            ("Tue, 01 Dec 2026 00:00:07 GMT", date, Some(7)),
            ("Tue, 01 Dec 2026 00:00:07 GMT", "", None),
            ("Mon, 30 Nov 2026 00:00:00 GMT", date, None),
            ("soon", date, None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(after));
            headers.insert(DATE, HeaderValue::from_static(date));
            assert_eq!(wait(&headers).map(|wait| wait.as_secs()), expected, "{after}");
        }
    }

    #[test]
    fn what_passes_is_told_from_what_stays() {
        let nobody = |words: &str| {
            let error = Error::Io(io::Error::other(words.to_owned()));
            matches!(failure(&error, "https://a.example/b"), Failure::Nobody(_))
        };
        for (words, expected) in [
            ("failed to lookup address information: Name or service not known", true),
            ("failed to lookup address information: No address associated with hostname", true),
            ("failed to lookup address information: Temporary failure in name resolution", false),
            ("failed to lookup address information: Try again", false),
            ("invalid peer certificate: Expired", true),
            ("invalid peer certificate: UnknownIssuer", false),
            ("Connection refused (os error 111)", false),
        ] {
            assert_eq!(nobody(words), expected, "{words}");
        }
    }
}
