//! Pages that show pictures: the gallery, albums, photographs.

use crate::files::config::FeedFormat;
use crate::files::output::Planned;
use crate::graph::site::{Album, Photo};
use crate::rendering::feed_address::FeedAddress;
use crate::rendering::photos::Picture;
use crate::rendering::renderer::{Draft, Filling, Renderer};
use crate::rendering::view::page::{AlbumLine, AlbumPage, AlbumView, GalleryPage, PhotoLine, PhotoPage, PhotoView};
use crate::rendering::view::shared::{DateView, HeadView, ImageView, TitledLink};

/// The gallery, its albums and their photographs; nothing on a site without albums.
pub fn gallery<'a>(renderer: &'a Renderer<'_>) -> Vec<Planned<'a>> {
    let albums = &renderer.site.albums;
    if albums.is_empty() {
        return Vec::new();
    }
    let route = Renderer::fixed("gallery/");
    let line = |album: &Album| AlbumLine {
        title: album.title.clone(),
        href: renderer.href(&album.route),
        count: album.photos.len(),
        date: album.date.as_ref().map(DateView::new),
        description: album.summary.clone(),
        cover: small(renderer, &album.photos[album.cover]),
    };
    let mut planned = vec![renderer.page(Draft {
        view: GalleryPage {
            site: renderer.site_view(&route),
            head: renderer.head(&route, "Gallery", "All albums."),
            albums: albums.iter().map(line).collect(),
        },
        route,
        template: "gallery.html",
        content: "content/gallery",
        body: None,
    })];
    for one in albums {
        planned.push(album(renderer, one));
        planned.extend((0..one.photos.len()).map(|index| photo(renderer, one, index)));
    }
    planned
}

fn album<'a>(renderer: &'a Renderer<'_>, album: &'a Album) -> Planned<'a> {
    let cover = &album.photos[album.cover];
    let config = &renderer.site.config;
    let feed = |format: &FeedFormat| FeedAddress::of_part(config, &album.title, &album.route, *format).view(config);
    let head = HeadView {
        shell: renderer.shell(&album.body),
        feeds: config.feed.formats.iter().map(feed).collect(),
        ..with_picture(renderer, renderer.head(&album.route, &album.title, &album.summary), cover)
    };
    let line = |photo: &Photo| PhotoLine {
        href: renderer.href(&photo.route),
        title: photo.title.clone(),
        image: small(renderer, photo),
    };
    let view = AlbumView {
        title: album.title.clone(),
        html: String::new(),
        count: album.photos.len(),
        date: album.date.as_ref().map(DateView::new),
        photos: album.photos.iter().map(line).collect(),
    };
    renderer.page(Draft {
        route: album.route.clone(),
        template: "album.html",
        content: folder(&cover.path),
        view: AlbumPage { site: renderer.site_view(&album.route), head, album: view },
        body: Some(Filling { body: &album.body, place: |view| &mut view.album.html }),
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
        prev: href(&previous),
        next: href(&next),
        ..with_picture(renderer, renderer.head(&photo.route, &title, &photo.alt), photo)
    };
    let view = PhotoView {
        title: photo.title.clone(),
        caption_html: photo.caption.clone(),
        image: Picture::of_album(photo).large(renderer.site.config.base_path()),
        n: index + 1,
        count: album.photos.len(),
        previous,
        next,
        original: String::new(),
    };
    renderer.page(Draft {
        route: photo.route.clone(),
        template: "photo.html",
        content: &photo.path,
        view: PhotoPage {
            site: renderer.site_view(&photo.route),
            head,
            album: TitledLink { title: album.title.clone(), href: renderer.href(&album.route) },
            photo: view,
        },
        body: None,
    })
}

/// The head of a page that is about `photo`.
fn with_picture(renderer: &Renderer<'_>, mut head: HeadView, photo: &Photo) -> HeadView {
    if let Some(largest) = Picture::of_album(photo).derivatives().last() {
        head.image = renderer.url(&largest.route);
        head.image_alt.clone_from(&photo.alt);
    }
    head
}

fn small(renderer: &Renderer<'_>, photo: &Photo) -> ImageView {
    Picture::of_album(photo).small(renderer.site.config.base_path())
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(folder, _)| folder)
}
