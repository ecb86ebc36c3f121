//! Albums find their addresses, their pictures and each other.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset};
use pulldown_cmark_escape::escape_html_body_text;
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use crate::graph::body::{self, Findings};
use crate::graph::claims::{Claimant, Claims};
use crate::graph::links::{Linker, Origin};
use crate::graph::site::{Album, AlbumIndex, Cover, Photo};
use crate::graph::summary::summary;
use crate::parsing::album::{self, Caption};
use crate::parsing::layout::album_route;
use crate::parsing::text::Anchors;
use crate::words::diagnostic::Diagnostic;
use crate::words::route::{Route, folders_above};
use crate::words::slug::slug;
use crate::words::source_text::{SourceText, Span};

/// An album of the site; its photographs have addresses.
pub(crate) struct AlbumMember {
    pub(crate) album: album::Album,
    pub(crate) route: Route,
    /// In the order of the album's photographs; `None` for one whose address is taken.
    pub(crate) photos: Vec<Option<PhotoPlace>>,
}

/// Where a photograph lives.
pub(crate) struct PhotoPlace {
    /// Its page.
    pub(crate) route: Route,
    /// The file itself, where the album gives it away.
    pub(crate) original: Option<Route>,
}

/// The albums that belong to the site; why others do not goes to `left_out`, with the paths of their texts.
pub(crate) fn choose(
    albums: Vec<album::Album>,
    drafts: bool,
    claims: &mut Claims,
    left_out: &mut Vec<(String, &'static str)>,
) -> Vec<AlbumMember> {
    let draft: BTreeSet<String> =
        albums.iter().filter(|album| album.draft && !drafts).map(|album| album.folder.clone()).collect();
    let is_draft = |folder: &str| draft.contains(folder) || folders_above(folder).any(|above| draft.contains(above));
    let (albums, unfinished): (Vec<_>, Vec<_>) = albums.into_iter().partition(|album| !is_draft(&album.folder));
    left_out.extend(unfinished.into_iter().map(|album| (album.source.path.clone(), "a draft")));
    let filled = albums.iter().filter(|album| !album.photos.is_empty());
    let filled = with_those_above(filled.map(|album| &*album.folder));
    let (albums, empty): (Vec<_>, Vec<_>) = albums.into_iter().partition(|album| filled.contains(&album.folder));
    left_out.extend(empty.into_iter().map(|album| (album.source.path.clone(), "an album without pictures")));
    let mut members: Vec<_> = albums.into_iter().filter_map(|album| member(album, claims)).collect();
    // Addresses may have been refused, which is reported; what is left without pictures by it cannot be shown.
    let shown = members.iter().filter(|member| member.photos.iter().any(Option::is_some));
    let shown = with_those_above(shown.map(|member| &*member.album.folder));
    members.retain(|member| shown.contains(&member.album.folder));
    members
}

/// Folders, and those that they lie in.
fn with_those_above<'a>(folders: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    folders.flat_map(|folder| folders_above(folder).chain([folder])).map(str::to_owned).collect()
}

fn member(album: album::Album, claims: &mut Claims) -> Option<AlbumMember> {
    let Some(route) = album_route(&album.folder) else {
        let message = format!("the folder `{}` has no letter or digit for an address", album.folder);
        let diagnostic = Diagnostic::error("bad-name", message).in_path(format!("content/gallery/{}", album.folder));
        claims.diagnostics.push(diagnostic.help("give the folder a name with a letter or a digit"));
        return None;
    };
    let claimant = claimant(&album.span, &album.source);
    if !claims.route(&route, &claimant) {
        return None;
    }
    let photos = album.photos.iter().map(|photo| place(photo, &route, album.shown.originals, claims)).collect();
    Some(AlbumMember { album, route, photos })
}

fn place(photo: &album::Photo, album: &Route, gives_original: bool, claims: &mut Claims) -> Option<PhotoPlace> {
    let name = photo.path.rsplit('/').next().unwrap_or_default();
    let slugged = slug(name.rsplit_once('.').map_or(name, |(stem, _)| stem));
    let part = if slugged.is_empty() { photo.hash.to_hex()[..8].to_owned() } else { slugged };
    let route = Route::new(format!("{}{part}/", album.as_str())).expect("a slug is a part of a route");
    let claimant = Claimant::File(photo.path.clone());
    if !claims.route(&route, &claimant) {
        return None;
    }
    let original = Route::new(format!("{}{name}", route.as_str())).filter(|_| gives_original);
    let original = original.filter(|original| claims.route(original, &claimant));
    Some(PhotoPlace { route, original })
}

/// A text to point into, unless it is empty.
fn claimant(span: &Span, source: &SourceText) -> Claimant {
    if source.text.is_empty() { Claimant::File(source.path.clone()) } else { Claimant::Text(span.clone()) }
}

/// The albums of the site, in their order, with what came to light.
pub(crate) fn assemble(members: &[AlbumMember], linker: Linker<'_>) -> (Vec<Album>, Findings) {
    let (mut albums, found): (Vec<(&AlbumMember, Album)>, Vec<Findings>) = members
        .par_iter()
        .map(|member| {
            let (album, findings) = album(member, linker);
            ((member, album), findings)
        })
        .unzip();
    let mut findings = Findings::default();
    found.into_iter().for_each(|found| findings.append(found));
    let times = times(&albums);
    for ((_, album), times) in albums.iter_mut().zip(times) {
        album.taken = times;
    }
    // Newest first; what has no date is older than anything.
    albums.sort_by(|(_, a), (_, b)| b.when().cmp(&a.when()).then_with(|| a.route.cmp(&b.route)));
    join(&mut albums);
    (albums.into_iter().map(|(_, album)| album).collect(), findings)
}

/// From when to when the pictures of each album were taken, and those of the albums in it.
fn times(albums: &[(&AlbumMember, Album)]) -> Vec<Option<(DateTime<FixedOffset>, DateTime<FixedOffset>)>> {
    let mut spans: BTreeMap<&str, (DateTime<FixedOffset>, DateTime<FixedOffset>)> = BTreeMap::new();
    for (member, album) in albums {
        let folder = member.album.folder.as_str();
        for taken in album.photos.iter().filter_map(|photo| photo.taken) {
            for folder in folders_above(folder).chain([folder]) {
                let span = spans.entry(folder).or_insert((taken, taken));
                *span = (span.0.min(taken), span.1.max(taken));
            }
        }
    }
    albums.iter().map(|(member, _)| spans.get(member.album.folder.as_str()).copied()).collect()
}

/// Tells each album which one it lies in, which lie in it, and which picture stands for it.
fn join(albums: &mut [(&AlbumMember, Album)]) {
    let by_folder: BTreeMap<&str, usize> =
        albums.iter().enumerate().map(|(index, (member, _))| (member.album.folder.as_str(), index)).collect();
    let parents: Vec<Option<usize>> = albums
        .iter()
        .map(|(member, _)| {
            folders_above(&member.album.folder).filter_map(|folder| by_folder.get(folder)).last().copied()
        })
        .collect();
    for (index, parent) in parents.iter().enumerate() {
        albums[index].1.parent = parent.map(AlbumIndex);
        if let Some(parent) = *parent {
            albums[parent].1.albums.push(AlbumIndex(index));
        }
    }
    let by_path: BTreeMap<String, Cover> = albums
        .iter()
        .enumerate()
        .flat_map(|(album, (_, of))| of.photos.iter().enumerate().map(move |(photo, of)| (album, photo, of)))
        .map(|(album, photo, of)| (of.path.clone(), Cover { album: AlbumIndex(album), photo }))
        .collect();
    let covers: Vec<Cover> = (0..albums.len()).map(|index| cover(albums, index, &by_path)).collect();
    for ((_, album), cover) in albums.iter_mut().zip(covers) {
        album.cover = cover;
    }
}

/// The picture that an album names, or its first, or that which stands for the first album in it.
fn cover(albums: &[(&AlbumMember, Album)], index: usize, by_path: &BTreeMap<String, Cover>) -> Cover {
    let (member, album) = &albums[index];
    let named = member.album.cover.as_ref().and_then(|path| by_path.get(path));
    match (named, album.photos.is_empty(), album.albums.first()) {
        (Some(cover), ..) => *cover,
        (None, true, Some(first)) => cover(albums, first.0, by_path),
        (None, ..) => Cover { album: AlbumIndex(index), photo: 0 },
    }
}

fn album(member: &AlbumMember, linker: Linker<'_>) -> (Album, Findings) {
    let AlbumMember { album, route, photos } = member;
    let origin = Origin { path: &album.source.path, route, anchors: &album.text.anchors };
    let (body, mut findings) = body::write(&album.text, &album.text.said, linker, origin);
    let mut shown = Vec::with_capacity(photos.len());
    // Captions stand on pages of their own, which have no places to lead to.
    let (beside, none) = (format!("content/gallery/{}/index.md", album.folder), Anchors::default());
    for (photo, place) in album.photos.iter().zip(photos) {
        let Some(PhotoPlace { route, original }) = place else { continue };
        let (caption, found) = caption(&photo.caption, linker, Origin { path: &beside, route, anchors: &none });
        findings.append(found);
        shown.push(Photo {
            route: route.clone(),
            file: photo.file.clone(),
            path: photo.path.clone(),
            hash: photo.hash,
            width: photo.size.width,
            height: photo.size.height,
            title: photo.title.clone(),
            caption,
            alt: photo.alt.clone(),
            taken: photo.taken,
            camera: photo.camera.clone().filter(|_| album.shown.camera),
            original: original.clone(),
        });
    }
    let summary = summary(album.summary.as_deref(), &album.text.opening);
    let album = Album {
        route: route.clone(),
        path: format!("content/gallery/{}", album.folder),
        title: album.title.clone(),
        summary,
        date: album.date,
        taken: None,
        body,
        photos: shown,
        parent: None,
        albums: Vec::new(),
        cover: Cover { album: AlbumIndex(0), photo: 0 },
    };
    (album, findings)
}

/// Paragraphs.
fn caption(caption: &Caption, linker: Linker<'_>, origin: Origin<'_>) -> (String, Findings) {
    match caption {
        Caption::Line(pieces) if pieces.is_empty() => (String::new(), Findings::default()),
        Caption::Line(pieces) => {
            let (html, findings) = body::inline(pieces, linker, origin);
            (format!("<p>{html}</p>"), findings)
        }
        Caption::Text(pieces) => {
            let (html, findings) = body::inline(pieces, linker, origin);
            (html.trim_end().to_owned(), findings)
        }
        Caption::Plain(text) => {
            let mut html = String::new();
            for paragraph in text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()) {
                html.push_str("<p>");
                escape_html_body_text(&mut html, paragraph).expect("a string takes everything");
                html.push_str("</p>");
            }
            (html, Findings::default())
        }
    }
}
