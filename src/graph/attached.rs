//! Files that go with feeds and posts: the channel's picture, pictures of people, enclosures. Each must be there, and fit.

use crate::files::config::{Config, IMAGE_TYPES, LARGEST_IMAGE};
use crate::graph::links::{Linker, Origin};
use crate::graph::places::Kind;
use crate::graph::site::{ChannelImage, Enclosure, EnclosureFile};
use crate::parsing::enclosure;
use crate::parsing::text::Anchors;
use crate::words::address::is_web_address;
use crate::words::diagnostic::Diagnostic;
use crate::words::media_type;
use crate::words::route::Route;
use crate::words::source_text::Span;

/// The picture that stands for the site's feeds.
pub(crate) fn channel_image(config: &Config, linker: Linker<'_>) -> Result<Option<ChannelImage>, Box<Diagnostic>> {
    let Some(image) = &config.feed.image else { return Ok(None) };
    let (written, span) = (&image.value, &image.span);
    let (anchors, home) = (Anchors::default(), Route::home());
    // As if the home page named it.
    let resolved = linker.resolve(Origin { path: "content", route: &home, anchors: &anchors }, written, span)?;
    let Some(route) = resolved.route else {
        let message = format!("`{written}` is not on this site, so nobody knows how large it is");
        return Err(refused(span, message, "put the picture into `static/`, and write `image = \"/name.png\"`"));
    };
    let known = media_type::of(route.as_str()).filter(|known| IMAGE_TYPES.contains(known));
    let (Some(size), Some(media_type)) = (resolved.size, known) else {
        return Err(refused(span, format!("`{written}` is not a PNG, JPEG or GIF picture"), "readers show no other"));
    };
    if size.width > LARGEST_IMAGE.0 || size.height > LARGEST_IMAGE.1 {
        let message = format!("the feed's picture is {} by {} pixels", size.width, size.height);
        let help = format!("make it smaller: {} wide and {} high at most", LARGEST_IMAGE.0, LARGEST_IMAGE.1);
        return Err(refused(span, message, &help));
    }
    Ok(Some(ChannelImage { route, media_type, width: size.width, height: size.height }))
}

/// Pictures of people that should be on this site and are not.
pub(crate) fn avatars(config: &Config, linker: Linker<'_>) -> Vec<Diagnostic> {
    let (anchors, home) = (Anchors::default(), Route::home());
    let origin = Origin { path: "content", route: &home, anchors: &anchors };
    let avatars = config.people.iter().filter_map(|person| person.avatar.as_ref());
    let missing = avatars.filter(|avatar| avatar.value.starts_with('/'));
    missing.filter_map(|avatar| linker.resolve(origin, &avatar.value, &avatar.span).err()).map(|error| *error).collect()
}

/// A post's enclosure with all that feeds must say of it.
pub(crate) fn enclosure(
    wanted: &enclosure::Enclosure,
    linker: Linker<'_>,
    origin: Origin<'_>,
) -> Result<Enclosure, Box<Diagnostic>> {
    let (written, span) = (&wanted.url.value, &wanted.url.span);
    let named = media_type::of(written.split(['?', '#']).next().unwrap_or_default());
    let media_type = wanted.media_type.as_ref().map(|given| given.value.as_str()).or(named);
    let untold = || {
        let help = format!("write `enclosure = {{ url = \"{written}\", type = \"…/…\" }}`");
        refused(span, format!("the name of `{written}` does not say what it is"), &help)
    };
    if is_web_address(written) {
        let Some(length) = &wanted.length else {
            let help = format!("write `enclosure = {{ url = \"{written}\", length = …, type = \"…/…\" }}`");
            return Err(refused(span, format!("`{written}` is elsewhere, and its length is missing"), &help));
        };
        let file = EnclosureFile::Elsewhere { url: written.clone(), length: length.value };
        return Ok(Enclosure { file, media_type: media_type.ok_or_else(untold)?.to_owned() });
    }
    let resolved = linker.resolve(origin, written, span)?;
    let is_file = |route: &Route| matches!(linker.places.route(route.as_str()), Some((_, Kind::File(_))));
    let Some(route) = resolved.route.filter(is_file) else {
        return Err(refused(span, format!("`{written}` is not a file"), "name a file beside the post or in `static/`"));
    };
    if let Some(length) = &wanted.length {
        let message = "the length of a file of this site is known";
        return Err(refused(&length.span, message.to_owned(), "take `length` out"));
    }
    Ok(Enclosure { file: EnclosureFile::OfSite(route), media_type: media_type.ok_or_else(untold)?.to_owned() })
}

fn refused(span: &Span, message: String, help: &str) -> Box<Diagnostic> {
    Box::new(Diagnostic::error("bad-value", message).at(span.clone(), "").help(help))
}
