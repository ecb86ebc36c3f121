//! Addresses: whole where they must be, made of the characters that they may have, and `tag:` and `urn:` as their RFCs want them.

use std::ops::Range;

use crate::foreign::lint::codes::Code;
use crate::foreign::lint::findings::Findings;
use crate::foreign::lint::text::Text;
use crate::words::address::scheme;
use crate::words::nearest::nearest;

/// Schemes that stand in feeds (of IANA's list).
const SCHEMES: [&str; 34] = [
    "http", "https", "ftp", "ftps", "mailto", "tag", "urn", "data", "tel", "sms", "geo", "news", "nntp", "irc", "ircs",
    "xmpp", "magnet", "git", "ssh", "svn", "sftp", "file", "about", "blob", "cid", "mid", "doi", "info", "ipfs",
    "ipns", "gemini", "gopher", "webcal", "bitcoin",
];

/// What an address must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Any URI with a scheme.
    Uri,
    /// As above, and other letters than ASCII's are welcome (RFC 3987).
    Iri,
    /// Something that a reader can fetch.
    Web,
}

/// Looks at an address that must be whole; `true` if nothing is wrong with it. `at` is where it stands, or where it is missing.
pub(super) fn check(text: &Text, wanted: Wanted, what: &str, at: Range<usize>, findings: &mut Findings) -> bool {
    let address = text.trimmed();
    if address.is_empty() {
        findings.tell(
            Code::InvalidLink,
            what,
            at,
            || format!("{what} is empty"),
            |finding| finding.help("write the whole address"),
        );
        return false;
    }
    let at = text.place();
    let Some(scheme) = scheme(address) else {
        relative(text, what, at, findings);
        return false;
    };
    if !characters(text, wanted, what, findings) {
        return false;
    }
    match scheme.to_ascii_lowercase().as_str() {
        "tag" => tag_uri(address, what, at.clone(), findings),
        "urn" => urn(address, what, at.clone(), findings),
        "http" | "https" | "ftp" if host(address).is_none_or(str::is_empty) => {
            findings.tell(
                Code::InvalidLink,
                what,
                at.clone(),
                || format!("{what} names no host"),
                |finding| finding.help("write the whole address, such as `https://example.org/page/`"),
            );
            false
        }
        "http" | "https" => true,
        _ if wanted == Wanted::Web && scheme != "ftp" => {
            findings.tell(
                Code::InvalidLink,
                what,
                at.clone(),
                || format!("{what} cannot be fetched: `{scheme}:` is no scheme of the Web"),
                |finding| finding.help("write an address with `https://` or `http://`"),
            );
            false
        }
        other => known_scheme(text, other, what, findings),
    }
}

/// What stands between `//` and the next `/`.
fn host(address: &str) -> Option<&str> {
    let rest = address.split_once("://")?.1;
    rest.split(['/', '?', '#']).next()
}

fn relative(text: &Text, what: &str, at: Range<usize>, findings: &mut Findings) {
    findings.tell(
        Code::InvalidLink,
        what,
        at,
        || format!("{what} is no whole address"),
        |finding| {
            let finding = finding.label("no scheme");
            let address = text.trimmed();
            if address.starts_with("www.") {
                finding.help("put `https://` before it").mend(text, text.trimmed_part(), &format!("https://{address}"))
            } else if address.starts_with("//") {
                finding.help("put the scheme before it").mend(text, text.trimmed_part(), &format!("https:{address}"))
            } else {
                finding.help(
                    "write all of it, such as `https://example.org/page/`: a reader has nothing to complete it with",
                )
            }
        },
    );
}

/// Whether all characters may stand in an address.
fn characters(text: &Text, wanted: Wanted, what: &str, findings: &mut Findings) -> bool {
    let start = text.value.len() - text.value.trim_start().len();
    for (at, letter) in text.trimmed().char_indices() {
        let place = text.locate(start + at..start + at + letter.len_utf8());
        if letter.is_ascii() {
            if letter.is_ascii_control() || " <>\"{}|\\^`".contains(letter) {
                let shown = if letter == ' ' { "a space".to_owned() } else { format!("`{}`", letter.escape_debug()) };
                findings.tell(
                    Code::InvalidUriCharacter,
                    what,
                    place,
                    || format!("{what} has {shown} in it"),
                    |finding| finding.help("percent-encode it").suggest(format!("%{:02X}", u32::from(letter))),
                );
                return false;
            }
        } else if wanted != Wanted::Iri {
            findings.tell(
                Code::IriNotUri,
                what,
                place,
                || format!("{what} has `{letter}` in it"),
                |finding| finding.help("percent-encode it, or use Punycode if it stands in the host's name"),
            );
            return false;
        }
    }
    true
}

fn tag_uri(address: &str, what: &str, at: Range<usize>, findings: &mut Findings) -> bool {
    let (authority, _) = address[4..].split_once(':').unwrap_or((&address[4..], ""));
    let (name, date) = authority.rsplit_once(',').unwrap_or((authority, ""));
    let name = name.rsplit_once('@').map_or(name, |(_, host)| host);
    let is_name =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    let parts: Vec<&str> = date.split('-').collect();
    let digits = |part: &str, length: usize| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_date = digits(parts[0], 4) && parts.len() <= 3 && parts[1..].iter().all(|part| digits(part, 2));
    let sound = is_name && is_date && address[4..].contains(':');
    if !sound {
        findings.tell(
            Code::InvalidTagUri,
            what,
            at,
            || format!("{what} is no `tag:` URI"),
            |finding| {
                finding.help("write it like `tag:example.org,2026:name`, with a host and a year when it was yours")
            },
        );
    }
    sound
}

fn urn(address: &str, what: &str, at: Range<usize>, findings: &mut Findings) -> bool {
    let rest = &address[4..];
    let (space, name) = rest.split_once(':').unwrap_or((rest, ""));
    let is_space = space.len() >= 2 && space.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let groups: Vec<usize> = name.split('-').map(str::len).collect();
    let is_uuid = groups == [8, 4, 4, 4, 12] && name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let sound = is_space && !name.is_empty() && (!space.eq_ignore_ascii_case("uuid") || is_uuid);
    if !sound {
        findings.tell(
            Code::InvalidUrn,
            what,
            at,
            || format!("{what} is no `urn:`"),
            |finding| finding.help("write it like `urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a`"),
        );
    }
    sound
}

fn known_scheme(text: &Text, scheme: &str, what: &str, findings: &mut Findings) -> bool {
    if SCHEMES.contains(&scheme) || scheme.contains(['.', '+']) {
        return true;
    }
    let start = text.trimmed_part().start;
    let part = start..start + scheme.len();
    findings.tell(
        Code::UnknownScheme,
        what,
        text.locate(part.clone()),
        || format!("no reader knows the scheme `{scheme}:`"),
        // Of two that are as near, the one that is meant more often.
        |finding| match nearest(scheme, ["https", "http", "mailto"]).or_else(|| nearest(scheme, SCHEMES)) {
            Some(near) => finding.help(format!("did you mean `{near}:`?")).mend(text, part, near),
            None => finding.help("write an address with a scheme that readers know, such as `https:`"),
        },
    );
    false
}
