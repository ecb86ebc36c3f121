//! A post: its keys typed, its body in pieces.

use std::sync::Arc;

use chrono::DateTime;
use chrono_tz::Tz;

use crate::parsing::enclosure::{Enclosure, enclosure};
use crate::parsing::front_matter::{split, split_genblog};
use crate::parsing::html_body;
use crate::parsing::keys::{Keys, keys, moment_key};
use crate::parsing::layout::{Form, PostFile};
use crate::parsing::markdown;
use crate::parsing::moment::{in_zone, moment_in};
use crate::parsing::text::Text;
use crate::words::address::is_web_address;
use crate::words::diagnostic::{Diagnostic, has_error};
use crate::words::slug::slug;
use crate::words::source_text::{Located, SourceText};
use crate::words::table::Reader;

/// A post that is not yet part of a site.
#[derive(Debug)]
pub struct Post {
    /// The file that it was written in.
    pub source: Arc<SourceText>,
    /// What it shares with pages.
    pub keys: Keys,
    /// When it was published.
    pub date: DateTime<Tz>,
    /// Its part of the address, never empty.
    pub slug: String,
    /// The author's own guid.
    pub id: Option<Located<String>>,
    /// The address that feeds give in place of the post's own.
    pub link: Option<String>,
    /// The name of its file when that is in genBlog's form, which made the guid from it.
    pub genblog_name: Option<String>,
    /// Tags as written.
    pub tags: Vec<Located<String>>,
    /// Names.
    pub authors: Vec<String>,
    /// What it is a part of, by its name.
    pub series: Option<String>,
    /// When it stops being part of the site.
    pub expires: Option<DateTime<Tz>>,
    /// The address of a picture that stands for it.
    pub image: Option<Located<String>>,
    /// The file that goes with it.
    pub enclosure: Option<Enclosure>,
    /// What it says.
    pub text: Text,
}

/// Parses a post; `None` when it has no title, no date or no address.
pub(crate) fn parse(file: &PostFile<'_>, zone: Tz) -> (Option<Post>, Vec<Diagnostic>) {
    let source = file.text;
    let (parts, mut diagnostics) = match file.form {
        Form::Markdown | Form::Html => split(source),
        Form::GenBlog => (split_genblog(source), Vec::new()),
    };
    let (text, problems) = match file.form {
        Form::Markdown => markdown::parse(source, parts.body),
        Form::Html | Form::GenBlog => html_body::parse(source, parts.body),
    };
    let mut reader = Reader::new(&parts.table, "a post");
    let keys = keys(&mut reader, zone);
    let date = date(&mut reader, file, zone);
    let (tags, nameless): (Vec<_>, Vec<_>) =
        reader.texts("tags").into_iter().partition(|tag| !slug(&tag.value).is_empty());
    for tag in nameless {
        reader.bad_value(&tag.span, format!("the tag `{}` has no letter and no digit", tag.value), "name it by a word");
    }
    let address = own_slug(&mut reader, &keys, file);
    let id = reader.filled_text("id");
    let link = link(&mut reader);
    let authors = reader.texts("authors").into_iter().map(|author| author.value).collect();
    let series = reader.filled_text("series").map(|series| series.value);
    let expires = moment_key(&mut reader, "expires", zone);
    let image = reader.filled_text("image");
    let enclosure = enclosure(&mut reader);
    // A front matter that cannot be read at all lacks every key; one diagnostic says so.
    if !has_error(&diagnostics) {
        diagnostics.extend(reader.finish());
    }
    diagnostics.extend(problems);
    let name = source.path.rsplit('/').next().unwrap_or_default();
    let genblog_name = (file.form == Form::GenBlog).then(|| name.to_owned());
    let complete = date.zip(address).filter(|_| !keys.title.is_empty());
    let post = complete.map(|(date, address)| Post {
        source: Arc::clone(source),
        keys,
        date,
        slug: address,
        id,
        link,
        genblog_name,
        tags,
        authors,
        series,
        expires,
        image,
        enclosure,
        text,
    });
    (post, diagnostics)
}

/// The key `date`, else the date in the file's name.
fn date(reader: &mut Reader<'_>, file: &PostFile<'_>, zone: Tz) -> Option<DateTime<Tz>> {
    let written = reader.moment("date").is_some();
    if written {
        // A date that cannot be read has been reported, so nothing will be written: any other date lets the rest of the
        // post be checked in the same run.
        let any = || moment_in(file.name.date.unwrap_or_default(), zone).0;
        return moment_key(reader, "date", zone).or_else(|| Some(any()));
    }
    let Some(local) = file.name.date else {
        reader.missing(
            "date",
            "write `date = 2026-11-20T09:30:00`, or begin the file's name with a date: `2026-11-20-name.md`",
        );
        return None;
    };
    let (date, warning) = in_zone(local, zone, reader.span());
    warning.into_iter().for_each(|warning| reader.report(warning));
    Some(date)
}

/// The key `link`: an address on the web.
fn link(reader: &mut Reader<'_>) -> Option<String> {
    let Located { value, span } = reader.filled_text("link")?;
    let sound = is_web_address(&value);
    if !sound {
        let help = "write the address that feeds are to give for this post, for example `https://example.org/a`";
        reader.bad_value(&span, format!("`{value}` is not an address on the web"), help);
    }
    Some(value).filter(|_| sound)
}

/// The key `slug`, else the file's name, else the title.
fn own_slug(reader: &mut Reader<'_>, keys: &Keys, file: &PostFile<'_>) -> Option<String> {
    let named = || [file.name.rest, &keys.title].into_iter().map(slug).find(|slug| !slug.is_empty());
    let slug = keys.slug.as_ref().map(|slug| slug.value.clone()).or_else(named);
    if slug.is_none() && !keys.title.is_empty() {
        let message = "neither the file's name nor the title has a letter or digit for an address";
        reader.report(Diagnostic::error("missing-key", message).at(keys.span.clone(), "").help("write `slug = \"…\"`"));
    }
    slug
}
