//! Pages that show pictures: the gallery, albums, photographs.

use crate::files::config::FeedFormat;
use crate::files::output::Planned;
use crate::graph::site::{Album, Photo};
use crate::rendering::dates;
use crate::rendering::draft::{Draft, Filling};
use crate::rendering::exposure;
use crate::rendering::feed_address::FeedAddress;
use crate::rendering::hashing::hash_body;
use crate::rendering::photos::Picture;
use crate::rendering::renderer::{Renderer, holds_code};
use crate::rendering::view::page::{
    AlbumLine, AlbumPage, AlbumView, DownloadView, GalleryPage, PhotoLine, PhotoPage, PhotoView,
};
use crate::rendering::view::shared::{DateView, HeadView, ImageView, TitledLink};

/// The gallery, its albums and their photographs; nothing on a site without albums.
pub fn gallery<'a>(renderer: &'a Renderer<'_>) -> Vec<Planned<'a>> {
    let albums = &renderer.site.albums;
    if albums.is_empty() {
        return Vec::new();
    }
    let route = Renderer::fixed("gallery/");
    let mut planned = vec![renderer.page(Draft {
        view: GalleryPage {
            head: renderer.head_saying(&route, "gallery", "gallery_about"),
            albums: renderer.site.top_albums().map(|album| line(renderer, album)).collect(),
        },
        route,
        template: "gallery.html",
        content: "content/gallery",
        listed: None,
        language: None,
        body: None,
    })];
    for one in albums {
        planned.push(album(renderer, one));
        planned.extend((0..one.photos.len()).map(|index| photo(renderer, one, index)));
    }
    planned
}

/// An album in a list.
fn line(renderer: &Renderer<'_>, album: &Album) -> AlbumLine {
    AlbumLine {
        title: album.title.clone(),
        href: renderer.href(&album.route),
        count: renderer.site.photos_in(album).len(),
        dates: dates::of_album(album, renderer.phrases()),
        description: album.summary.clone(),
        cover: Picture::of_album(renderer.site.cover(album)).small(renderer.site.config.base_path()),
    }
}

fn album<'a>(renderer: &'a Renderer<'_>, album: &'a Album) -> Planned<'a> {
    let cover = renderer.site.cover(album);
    let config = &renderer.site.config;
    let feed = |format: &FeedFormat| FeedAddress::of_part(config, &album.title, &album.route, *format).view(config);
    let head = HeadView {
        shell: renderer.shell(&album.body),
        code: Renderer::has_code(&album.body),
        feeds: config.feed.formats.iter().map(feed).collect(),
        ..with_picture(renderer, renderer.head(&album.route, &album.title, &album.summary), cover)
    };
    let tile = |photo: &Photo| PhotoLine {
        href: renderer.href(&photo.route),
        title: photo.title.clone(),
        image: tile(renderer, photo),
        shape: shape(photo),
    };
    let view = AlbumView {
        title: album.title.clone(),
        html: String::new(),
        count: renderer.site.photos_in(album).len(),
        dates: dates::of_album(album, renderer.phrases()),
        within: within(renderer, album),
        albums: album.albums.iter().map(|index| line(renderer, &renderer.site.albums[index.0])).collect(),
        photos: album.photos.iter().map(tile).collect(),
    };
    renderer.page(Draft {
        route: album.route.clone(),
        template: "album.html",
        content: &album.path,
        view: AlbumPage { head, album: view },
        listed: None,
        language: None,
        body: Some(Filling { body: &album.body, hash: hash_body(&album.body), place: |view| &mut view.album.html }),
    })
}

fn photo<'a>(renderer: &'a Renderer<'_>, album: &'a Album, index: usize) -> Planned<'a> {
    let photo = &album.photos[index];
    let link = |photo: &Photo| TitledLink { title: photo.title.clone(), href: renderer.href(&photo.route) };
    let previous = index.checked_sub(1).map(|previous| link(&album.photos[previous]));
    let next = album.photos.get(index + 1).map(link);
    let href = |link: &Option<TitledLink>| link.as_ref().map_or_else(String::new, |link| link.href.clone());
    let title = format!("{} · {}", photo.title, album.title);
    let head = HeadView {
        code: holds_code(&photo.caption),
        prev: href(&previous),
        next: href(&next),
        ..with_picture(renderer, renderer.head(&photo.route, &title, &photo.alt), photo)
    };
    let camera = photo.camera.as_deref();
    let view = PhotoView {
        title: photo.title.clone(),
        caption_html: photo.caption.clone(),
        taken: photo.taken.as_ref().map(|taken| DateView::new(taken, renderer.phrases())),
        camera: camera.map(exposure::line).unwrap_or_default(),
        credits: camera.map(exposure::credits).unwrap_or_default(),
        image: Picture::of_album(photo).large(renderer.site.config.base_path()),
        n: index + 1,
        count: album.photos.len(),
        previous,
        next,
        downloads: downloads(renderer, photo),
    };
    renderer.page(Draft {
        route: photo.route.clone(),
        template: "photo.html",
        content: &photo.path,
        view: PhotoPage {
            head,
            within: within(renderer, album).into_iter().chain([album_link(renderer, album)]).collect(),
            photo: view,
        },
        listed: None,
        language: None,
        body: None,
    })
}

/// The albums that one lies in, the outermost first.
fn within(renderer: &Renderer<'_>, album: &Album) -> Vec<TitledLink> {
    let Some(parent) = album.parent else { return Vec::new() };
    let parent = &renderer.site.albums[parent.0];
    let mut within = within(renderer, parent);
    within.push(album_link(renderer, parent));
    within
}

fn album_link(renderer: &Renderer<'_>, album: &Album) -> TitledLink {
    TitledLink { title: album.title.clone(), href: renderer.href(&album.route) }
}

/// The files of a photograph that a reader may save.
fn downloads(renderer: &Renderer<'_>, photo: &Photo) -> Vec<DownloadView> {
    let file = photo.path.rsplit('/').next().unwrap_or_default();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let derivative = Picture::of_album(photo).derivatives().into_iter().map(|one| {
        let ending = one.name().rsplit_once('.').map_or("jpg", |(_, ending)| ending);
        DownloadView {
            href: renderer.href(&one.route),
            name: format!("{stem}-{}.{ending}", one.width),
            width: one.width,
            height: one.height,
            original: false,
        }
    });
    let original = photo.original.as_ref().map(|route| DownloadView {
        href: renderer.href(route),
        name: file.to_owned(),
        width: photo.width,
        height: photo.height,
        original: true,
    });
    derivative.chain(original).collect()
}

/// The head of a page that is about `photo`.
fn with_picture(renderer: &Renderer<'_>, mut head: HeadView, photo: &Photo) -> HeadView {
    if let Some(largest) = Picture::of_album(photo).derivatives().last() {
        head.image = renderer.url(&largest.route);
        head.image_alt.clone_from(&photo.alt);
    }
    head
}

/// The flattest and the highest shape that a row takes as it is; beyond them a picture is cut.
const SHAPES: (u32, u32) = (4, 40);

fn shape(photo: &Photo) -> u32 {
    tenths(photo.width, photo.height).clamp(SHAPES.0, SHAPES.1)
}

/// Tenths of a width where the height is one, to the nearest.
fn tenths(width: u32, height: u32) -> u32 {
    let halves = u64::from(width) * 20 / u64::from(height.max(1));
    u32::try_from(halves.div_ceil(2)).unwrap_or(u32::MAX)
}

/// A photograph in its album's rows.
fn tile(renderer: &Renderer<'_>, photo: &Photo) -> ImageView {
    // Rows are some 14 rem high, and 7.5 where the page is narrow (css/5-gallery.css).
    let width = |height: u32| format!("{}rem", shape(photo) * height / 20);
    let sizes = format!("(max-width: 36rem) {}, {}", width(15), width(28));
    Picture::of_album(photo).tile(renderer.site.config.base_path(), &sizes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_tenths() {
        let table = [(3000, 2000, 15), (2000, 3000, 7), (1, 1, 10), (4032, 3024, 13), (1920, 1080, 18), (5, 1000, 0)];
        for (width, height, expected) in table {
            assert_eq!(tenths(width, height), expected, "{width} × {height}");
        }
        assert_eq!(tenths(u32::MAX, 0), u32::MAX);
    }
}
