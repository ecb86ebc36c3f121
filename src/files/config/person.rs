//! People: who writes, and who keeps the site.

use crate::words::address::is_web_address;
use crate::words::mail::is_address;
use crate::words::source_text::{Located, Span};
use crate::words::table::{Reader, Table};

/// Somebody whom feeds name.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// As posts name them; never empty.
    pub name: String,
    /// An address for mail, if they want it published.
    pub email: Option<String>,
    /// Their own page on the web.
    pub url: Option<String>,
    /// A picture: an address on the web, or one of this site that starts with a slash.
    pub avatar: Option<Located<String>>,
}

/// Reads a table about somebody; `None` without a name.
pub(super) fn person(outer: &mut Reader<'_>, table: &Table) -> Option<Person> {
    let mut reader = Reader::new(table, "a person");
    let name = reader.filled_text("name");
    if name.is_none() {
        reader.missing("name", "write `{ name = \"…\" }`");
    }
    let email = reader.filled_text("email").filter(|email| {
        let sound = is_address(&email.value);
        if !sound {
            let message = format!("`{}` is not an address for mail", email.value);
            reader.bad_value(&email.span, message, "write one as in `name@example.org`; its host needs a dot");
        }
        sound
    });
    let url = reader.filled_text("url").filter(|url| is_on_the_web(&mut reader, url));
    let avatar = reader.filled_text("avatar").filter(|avatar| {
        avatar.value.starts_with('/') && !avatar.value.starts_with("//") || is_on_the_web(&mut reader, avatar)
    });
    for diagnostic in reader.finish() {
        outer.report(diagnostic);
    }
    Some(Person { name: name?.value, email: email.map(|email| email.value), url: url.map(|url| url.value), avatar })
}

/// Whether a text is an address on the web; reports one that is not.
pub(super) fn is_on_the_web(reader: &mut Reader<'_>, text: &Located<String>) -> bool {
    let sound = is_web_address(&text.value);
    if !sound {
        let span: &Span = &text.span;
        reader.bad_value(span, format!("`{}` is not an address on the web", text.value), "write a URL: `https://…`");
    }
    sound
}
