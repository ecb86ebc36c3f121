//! Pictures in feeds: the one that an item is or that stands for it, and those that its text shows.

use lol_html::{RewriteStrSettings, element, rewrite_str};

use crate::graph::site::{Photo, Post};
use crate::rendering::headers::media_type;
use crate::rendering::photos::Picture;
use crate::rendering::pictures::may_have_image;
use crate::rendering::portable::{absolute, decode};
use crate::rendering::renderer::Renderer;
use crate::words::route::Route;

/// Pixels that a thumbnail has from left to right, unless the picture has fewer.
const THUMBNAIL: u32 = 480;

/// A picture in a feed.
#[derive(Debug, Clone)]
pub struct Image {
    /// Absolute URL.
    pub url: String,
    /// Its media type, for example `image/png`.
    pub media_type: &'static str,
    /// Width and height in pixels, where the file tells.
    pub size: Option<(u32, u32)>,
    /// Absolute URL of the same picture, smaller where there is a smaller one.
    pub thumbnail: String,
}

/// The picture that stands for a post.
pub(super) fn of_post(renderer: &Renderer<'_>, post: &Post) -> Option<Image> {
    let route = post.image.as_ref()?;
    let picture = renderer.picture(post);
    let enough = picture.and_then(|picture| picture.derivatives().into_iter().find(|one| one.width >= THUMBNAIL));
    Some(Image {
        url: renderer.url(route),
        media_type: media_type(route),
        size: picture.map(Picture::size),
        thumbnail: renderer.url(enough.as_ref().map_or(route, |enough| &enough.route)),
    })
}

/// A photograph in the largest size that the site publishes: originals stay at home.
pub(super) fn of_photo(renderer: &Renderer<'_>, photo: &Photo) -> Option<Image> {
    let derivatives = Picture::of_album(photo).derivatives();
    let (smallest, largest) = (derivatives.first()?, derivatives.last()?);
    Some(Image {
        url: renderer.url(&largest.route),
        media_type: media_type(&largest.route),
        size: Some((largest.width, largest.height)),
        thumbnail: renderer.url(&smallest.route),
    })
}

/// The author's own pictures that a text of the page at `page_url` shows, each once, in their order: files of this site. Pictures that
/// genblog drew of figures mean little without the words around them.
pub(super) fn in_text(renderer: &Renderer<'_>, html: &str, page_url: &str) -> Vec<Image> {
    let mut images: Vec<Image> = Vec::new();
    if !may_have_image(html) {
        return images;
    }
    let each = element!("img[src]", |element| {
        let url = element.get_attribute("src").map(|src| absolute(&decode(&src), page_url)).unwrap_or_default();
        let pixels = |name| element.get_attribute(name).and_then(|pixels| pixels.parse().ok());
        if let Some(media_type) = own_picture(renderer, &url)
            && images.iter().all(|image| image.url != url)
        {
            let size = pixels("width").zip(pixels("height"));
            images.push(Image { thumbnail: url.clone(), url, media_type, size });
        }
        Ok(())
    });
    rewrite_str(html, RewriteStrSettings::new().append_element_content_handler(each).with_strict(false))
        .expect("no handler fails and memory is not limited");
    images
}

/// What a picture is, if it is a file of this site.
fn own_picture(renderer: &Renderer<'_>, url: &str) -> Option<&'static str> {
    let route = Route::of_url(url, &renderer.site.config.base_url)?;
    renderer.site.file(&route)?;
    Some(media_type(&route)).filter(|known| known.starts_with("image/"))
}
