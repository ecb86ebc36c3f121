//! People in feeds: RSS knows them by an address for mail, which is published only where the author gives one.

use crate::files::config::{Config, Person};

/// `mail (Name)`, as RSS wants the two who answer for a channel; `None` without an address for mail.
pub(super) fn mail_and_name(person: &Person) -> Option<String> {
    let email = person.email.as_ref()?;
    // Parentheses within parentheses would be a part of mail's grammar that readers do not know.
    let name = person.name.replace(['(', ')'], "");
    Some(format!("{email} ({})", name.trim()))
}

/// The site's author, who stands for the feed as a whole.
pub(super) fn editor(config: &Config) -> Option<String> {
    config.person(&config.author).and_then(mail_and_name)
}
