//! From documents to a site: who belongs to it, who lives where, and what leads where.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rayon::prelude::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use crate::files::config::{CONFIG_FILE, Config};
use crate::files::source::{Content, Source, SourceFile};
use crate::graph::body;
use crate::graph::claims::{Claimant, Claims};
use crate::graph::links::{Linker, Origin};
use crate::graph::places::{Document, Places};
use crate::graph::site::{Album, Page, Photo, PlainFile, Post, Site, Tag};
use crate::graph::tags;
use crate::parsing::album::broken_picture;
use crate::parsing::keys::Keys;
use crate::parsing::layout::{Layout, layout};
use crate::parsing::{album, page, post};
use crate::words::diagnostic::{Diagnostic, sort};
use crate::words::route::Route;
use crate::words::slug::slug;
use crate::words::source_text::{Located, SourceText, Span};

/// Which posts and pages belong to the site.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// The moment that "future" and "expired" are measured from.
    pub now: DateTime<Utc>,
    /// Take drafts too.
    pub drafts: bool,
    /// Take posts dated after `now` too.
    pub future: bool,
    /// Take posts that expired before `now` too.
    pub expired: bool,
}

impl Choice {
    /// Why a post is left out, to complete "it is …".
    fn refuses(&self, post: &post::Post) -> Option<&'static str> {
        if post.keys.draft && !self.drafts {
            Some("a draft")
        } else if post.expires.is_some_and(|expires| expires <= self.now) && !self.expired {
            Some("expired")
        } else if post.date > self.now && !self.future {
            Some("dated in the future")
        } else {
            None
        }
    }
}

/// Makes the site out of its sources.
///
/// What could not be understood is left out and reported; the site may be shown, but not written, when an error is among
/// the diagnostics.
pub fn assemble(config: Config, source: &Source, choice: &Choice) -> (Site, Vec<Diagnostic>) {
    let (layout, mut diagnostics) = layout(source);
    let parsed = Parsed::new(&layout, config.timezone, &mut diagnostics);
    let mut claims = Claims::new();
    let mut members = Members::choose(parsed, choice, &config, &mut claims);
    members.add_files(&layout, source, &mut claims, &mut diagnostics);
    let tags = tags::Tags::collect(&members.posts, &mut claims);
    members.claim_aliases(&mut claims);
    let places = members.places(&tags);
    let linker = Linker { places: &places, base_path: config.base_path() };
    diagnostics.extend(navigation(&config, &places));
    let (posts, problems) = in_parallel(&members.posts, |member| post(member, linker, &config, &tags));
    diagnostics.extend(problems);
    let (pages, problems) = in_parallel(&members.pages, |page| self::page(page, linker, &config));
    diagnostics.extend(problems);
    let (albums, problems) = in_parallel(&members.albums, |album| self::album(album, linker));
    diagnostics.extend(problems);
    diagnostics.extend(claims.diagnostics);
    sort(&mut diagnostics);
    let tags: BTreeMap<String, Tag> = tags.finish();
    let files = members.files.iter().map(|file| PlainFile { route: file.route.clone(), file: file.file.file.clone(), hash: file.file.hash });
    let files = files.collect();
    let aliases = members.aliases;
    (Site { posts, pages, albums, tags, files, aliases, config }, diagnostics)
}

fn in_parallel<T: Sync, U: Send>(items: &[T], make: impl Fn(&T) -> (U, Vec<Diagnostic>) + Send + Sync) -> (Vec<U>, Vec<Diagnostic>) {
    let (made, diagnostics): (Vec<U>, Vec<Vec<Diagnostic>>) = items.par_iter().map(make).unzip();
    (made, diagnostics.into_iter().flatten().collect())
}

/// Every document that could be understood, and the paths of those that could not.
struct Parsed<'a> {
    posts: Vec<post::Post>,
    pages: Vec<page::Page>,
    albums: Vec<album::Album>,
    broken: Vec<&'a str>,
}

impl<'a> Parsed<'a> {
    fn new(layout: &'a Layout<'_>, zone: Tz, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut broken = Vec::new();
        let posts: Vec<_> = layout.posts.par_iter().map(|file| (file.text, post::parse(file, zone))).collect();
        let posts = sound(posts, &mut broken, diagnostics);
        let pages: Vec<_> = layout.pages.par_iter().map(|file| (file.text, page::parse(file, zone))).collect();
        let pages = sound(pages, &mut broken, diagnostics);
        let albums: Vec<_> = layout.albums.iter().collect();
        let albums: Vec<_> = albums.into_par_iter().map(|(folder, files)| album::parse(folder, files, zone)).collect();
        let albums = albums.into_iter().filter_map(|(album, problems)| {
            diagnostics.extend(problems);
            album
        });
        let albums = albums.collect();
        Self { posts, pages, albums, broken }
    }
}

type Outcome<'a, T> = (&'a std::sync::Arc<SourceText>, (Option<T>, Vec<Diagnostic>));

/// What was understood; the rest goes to `broken`.
fn sound<'a, T>(outcomes: Vec<Outcome<'a, T>>, broken: &mut Vec<&'a str>, diagnostics: &mut Vec<Diagnostic>) -> Vec<T> {
    let mut sound = Vec::with_capacity(outcomes.len());
    for (text, (document, problems)) in outcomes {
        diagnostics.extend(problems);
        match document {
            Some(document) => sound.push(document),
            None => broken.push(&text.path),
        }
    }
    sound
}

/// A post of the site.
pub(crate) struct Member {
    pub(crate) post: post::Post,
    pub(crate) route: Route,
    pub(crate) id: String,
}

/// An album of the site; its photographs have addresses.
struct AlbumMember {
    album: album::Album,
    route: Route,
    /// In the order of the album's photographs; `None` for one whose address is taken.
    photos: Vec<Option<Route>>,
}

/// A file of the site that is published as it is.
struct FileMember<'a> {
    file: &'a SourceFile,
    route: Route,
}

/// What belongs to the site, in the order in which it is shown; every address is given to one thing only.
struct Members<'a> {
    posts: Vec<Member>,
    pages: Vec<page::Page>,
    albums: Vec<AlbumMember>,
    files: Vec<FileMember<'a>>,
    aliases: BTreeMap<Route, Route>,
    left_out: Vec<(String, &'static str)>,
    broken: Vec<&'a str>,
}

impl<'a> Members<'a> {
    fn choose(parsed: Parsed<'a>, choice: &Choice, config: &Config, claims: &mut Claims) -> Self {
        let mut left_out = Vec::new();
        let mut posts = Vec::new();
        for post in parsed.posts {
            match choice.refuses(&post) {
                Some(why) => left_out.push((post.source.path.clone(), why)),
                None => posts.extend(member(post, config, claims)),
            }
        }
        posts.sort_by(|a, b| b.post.date.cmp(&a.post.date).then_with(|| a.route.cmp(&b.route)));
        let mut pages = Vec::new();
        for page in parsed.pages {
            if page.keys.draft && !choice.drafts {
                left_out.push((page.source.path.clone(), "a draft"));
            } else if claims.route(&page.route, &Claimant::Text(page.keys.span.clone())) {
                pages.push(page);
            }
        }
        pages.sort_by(|a, b| a.route.cmp(&b.route));
        let mut albums: Vec<_> = parsed.albums.into_iter().filter_map(|album| album_member(album, claims)).collect();
        // Newest first; a missing date is older than any.
        albums.sort_by(|a, b| b.album.date.cmp(&a.album.date).then_with(|| a.route.cmp(&b.route)));
        Self { posts, pages, albums, files: Vec::new(), aliases: BTreeMap::new(), left_out, broken: parsed.broken }
    }

    /// Adds files beside the documents of the site, and those in `static/`.
    fn add_files(&mut self, layout: &Layout<'a>, source: &'a Source, claims: &mut Claims, diagnostics: &mut Vec<Diagnostic>) {
        let posts = self.posts.iter().map(|member| (member.post.source.path.clone(), member.route.clone()));
        let pages = self.pages.iter().map(|page| (page.source.path.clone(), page.route.clone()));
        let documents: BTreeMap<String, Route> = posts.chain(pages).collect();
        let attached = layout.attachments.iter().filter_map(|attachment| {
            let route = documents.get(&attachment.document)?;
            Some((attachment.file, format!("{}{}", route.as_str(), attachment.rest)))
        });
        let statics = source.statics.iter().map(|file| (file, file.path.strip_prefix("static/").unwrap_or(&file.path).to_owned()));
        for (file, path) in attached.chain(statics) {
            // Files in `static/` are published as they are, whatever they are.
            if let (Content::Picture(Err(error)), true) = (&file.content, file.path.starts_with("content/")) {
                diagnostics.push(broken_picture(&file.path, error));
            }
            match Route::new(path) {
                Some(route) if claims.route(&route, &Claimant::File(file.path.clone())) => self.files.push(FileMember { file, route }),
                Some(_) => {}
                None => {
                    let diagnostic = Diagnostic::error("bad-name", "this file's name cannot be an address").in_path(&file.path);
                    diagnostics.push(diagnostic.help("rename it without backslashes and control characters"));
                }
            }
        }
        self.files.sort_by(|a, b| a.route.cmp(&b.route));
    }

    /// Old addresses come last: they give way to whatever lives now.
    fn claim_aliases(&mut self, claims: &mut Claims) {
        let posts = self.posts.iter().map(|member| (&member.post.keys, &member.route));
        for (keys, route) in posts.chain(self.pages.iter().map(|page| (&page.keys, &page.route))) {
            for Located { value: alias, span } in &keys.aliases {
                if claims.route(alias, &Claimant::Text(span.clone())) {
                    self.aliases.insert(alias.clone(), route.clone());
                }
            }
        }
    }

    /// What links can lead to.
    fn places<'b>(&'b self, tags: &tags::Tags) -> Places<'b> {
        let mut places = Places::new();
        for path in &self.broken {
            places.add_document(path, Document::Broken);
        }
        for (path, why) in &self.left_out {
            places.add_document(path, Document::LeftOut(why));
        }
        for Member { post, route, .. } in &self.posts {
            places.add_document(&post.source.path, published(route, &post.text.anchors));
            let date = &post.date;
            let ids = ["%Y-%m-%dT%H_%M_%S.txt", "%Y", "%Y-%m"].map(|form| date.format(form).to_string());
            places.add_to_archive(ids);
        }
        for page in &self.pages {
            places.add_document(&page.source.path, published(&page.route, &page.text.anchors));
        }
        for AlbumMember { album, route, photos } in &self.albums {
            places.add_document(&album.source.path, published(route, &album.text.anchors));
            photos.iter().flatten().for_each(|route| places.add_list(route));
        }
        for FileMember { file, route } in &self.files {
            let size = if let Content::Picture(Ok(size)) = &file.content { Some(*size) } else { None };
            places.add_file(&file.path, route.clone(), size);
        }
        tags.routes().chain(self.aliases.keys()).for_each(|route| places.add_list(route));
        places
    }
}

fn published<'a>(route: &Route, anchors: &'a crate::parsing::text::Anchors) -> Document<'a> {
    Document::Published { route: route.clone(), anchors }
}

/// A post with its address and its guid; `None` when the address is taken.
fn member(post: post::Post, config: &Config, claims: &mut Claims) -> Option<Member> {
    let route = Route::new(format!("posts/{}/", post.slug)).expect("a slug is a part of a route");
    let span = post.keys.slug.as_ref().map_or(&post.keys.span, |slug| &slug.span);
    if !claims.route(&route, &Claimant::Text(span.clone())) {
        return None;
    }
    let own = || match &post.genblog_name {
        // As genBlog made them, so that readers that know a post know it again.
        Some(name) => format!("{}archives#{name}", config.base_url),
        None => tag_uri(config, &post.date, &route),
    };
    let id = post.id.as_ref().map_or_else(own, |id| id.value.clone());
    claims.id(&id, post.id.as_ref().map_or(&post.keys.span, |id| &id.span));
    Some(Member { post, route, id })
}

/// A `tag:` URI (RFC 4151): who, since when, what; it outlives the address.
fn tag_uri(config: &Config, date: &DateTime<Tz>, route: &Route) -> String {
    let host = config.base_url.split("://").nth(1).and_then(|rest| rest.split(['/', ':']).next()).unwrap_or_default();
    format!("tag:{host},{}:{}", date.format("%Y-%m-%d"), route.href(config.base_path()))
}

fn album_member(album: album::Album, claims: &mut Claims) -> Option<AlbumMember> {
    let folder = slug(&album.folder);
    let Some(route) = Route::new(format!("gallery/{folder}/")).filter(|_| !folder.is_empty()) else {
        let message = format!("the folder `{}` has no letter or digit for an address", album.folder);
        claims.diagnostics.push(Diagnostic::error("bad-name", message).in_path(format!("content/gallery/{}", album.folder)));
        return None;
    };
    let claimant = claimant(&album.span, &album.source);
    if !claims.route(&route, &claimant) {
        return None;
    }
    let photos = album.photos.iter().map(|photo| {
        let name = photo.path.rsplit('/').next().unwrap_or_default();
        let slugged = slug(name.rsplit_once('.').map_or(name, |(stem, _)| stem));
        let part = if slugged.is_empty() { photo.hash.to_hex()[..8].to_owned() } else { slugged };
        let route = Route::new(format!("{}{part}/", route.as_str())).expect("a slug is a part of a route");
        claims.route(&route, &Claimant::File(photo.path.clone())).then_some(route)
    });
    let photos = photos.collect();
    Some(AlbumMember { album, route, photos })
}

/// A text to point into, unless it is empty.
fn claimant(span: &Span, source: &SourceText) -> Claimant {
    if source.text.is_empty() { Claimant::File(source.path.clone()) } else { Claimant::Text(span.clone()) }
}

/// The header's links must lead somewhere too.
fn navigation(config: &Config, places: &Places<'_>) -> Vec<Diagnostic> {
    let broken = |(_, link): &&(String, String)| match link.strip_prefix('/') {
        Some(path) => places.route(path.split(['?', '#']).next().unwrap_or(path)).is_none(),
        None => !link.contains(':'),
    };
    let report = |(name, link): &(String, String)| {
        let message = format!("the navigation entry `{name}` leads to `{link}`, and nothing is there");
        let diagnostic = Diagnostic::error("broken-link", message).in_path(CONFIG_FILE);
        diagnostic.help("write an address of this site that starts with a slash, or a URL")
    };
    config.navigation.iter().filter(broken).map(report).collect()
}

fn post(member: &Member, linker: Linker<'_>, config: &Config, tags: &tags::Tags) -> (Post, Vec<Diagnostic>) {
    let Member { post, route, id } = member;
    let keys = &post.keys;
    let origin = Origin { path: &post.source.path, route, anchors: &post.text.anchors };
    let (body, mut diagnostics) = body::write(&post.text, linker, origin);
    let image = post.image.as_ref().and_then(|image| match linker.resolve(origin, &image.value, &image.span) {
        Ok(resolved) => resolved.route,
        Err(diagnostic) => {
            diagnostics.push(*diagnostic);
            None
        }
    });
    let site_author = || (!config.author.is_empty()).then(|| config.author.clone()).into_iter().collect();
    let post = Post {
        route: route.clone(),
        source: post.source.clone(),
        id: id.clone(),
        title: keys.title.clone(),
        date: post.date,
        updated: keys.updated,
        tags: tags.of(post),
        authors: if post.authors.is_empty() { site_author() } else { post.authors.clone() },
        summary: summary(keys.summary.as_deref(), &post.text.opening),
        language: language(keys, config),
        image,
        template: keys.template.clone().unwrap_or_else(|| "post.html".to_owned()),
        extra: keys.extra.clone(),
        body,
    };
    (post, diagnostics)
}

fn page(page: &page::Page, linker: Linker<'_>, config: &Config) -> (Page, Vec<Diagnostic>) {
    let keys = &page.keys;
    let origin = Origin { path: &page.source.path, route: &page.route, anchors: &page.text.anchors };
    let (body, diagnostics) = body::write(&page.text, linker, origin);
    let page = Page {
        route: page.route.clone(),
        source: page.source.clone(),
        title: keys.title.clone(),
        summary: summary(keys.summary.as_deref(), &page.text.opening),
        updated: keys.updated,
        language: language(keys, config),
        template: keys.template.clone().unwrap_or_else(|| "page.html".to_owned()),
        extra: keys.extra.clone(),
        body,
    };
    (page, diagnostics)
}

fn album(member: &AlbumMember, linker: Linker<'_>) -> (Album, Vec<Diagnostic>) {
    let AlbumMember { album, route, photos } = member;
    let origin = Origin { path: &album.source.path, route, anchors: &album.text.anchors };
    let (body, mut diagnostics) = body::write(&album.text, linker, origin);
    let mut shown = Vec::with_capacity(photos.len());
    let mut cover = 0;
    for (index, (photo, route)) in album.photos.iter().zip(photos).enumerate() {
        let Some(route) = route else { continue };
        let (caption, problems) = body::inline(&photo.caption, linker, origin);
        diagnostics.extend(problems);
        if index == album.cover {
            cover = shown.len();
        }
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
        });
    }
    let summary = summary(album.summary.as_deref(), &album.text.opening);
    let title = album.title.clone();
    (Album { route: route.clone(), title, summary, date: album.date, body, photos: shown, cover }, diagnostics)
}

fn language(keys: &Keys, config: &Config) -> String {
    keys.language.clone().unwrap_or_else(|| config.language.clone())
}

/// Letters of an opening that stands for a summary.
const SUMMARY: usize = 200;

/// The author's summary, or the opening cut between two words.
fn summary(written: Option<&str>, opening: &str) -> String {
    if let Some(written) = written {
        return written.to_owned();
    }
    let opening = opening.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((end, _)) = opening.char_indices().nth(SUMMARY) else { return opening };
    let cut = opening[..end].rfind(' ').unwrap_or(end);
    format!("{}…", opening[..cut].trim_end_matches([',', ';', ':', '.', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_is_cut_between_words() {
        assert_eq!(summary(None, "One  two\nthree."), "One two three.");
        assert_eq!(summary(Some("Mine"), "theirs"), "Mine");
        let long = summary(None, &"größer, ".repeat(40));
        assert!(long.ends_with("größer…") && long.chars().count() <= SUMMARY + 1, "{long}");
    }
}
