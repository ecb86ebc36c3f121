//! Who belongs to the site, and who lives where.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rayon::prelude::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use crate::files::config::Config;
use crate::files::source::{Content, Source, SourceFile};
use crate::graph::albums::{self, AlbumMember};
use crate::graph::claims::{Claimant, Claims};
use crate::graph::places::{Document, Places};
use crate::parsing::album::broken_picture;
use crate::parsing::layout::{Layout, usual_route};
use crate::parsing::text::Anchors;
use crate::parsing::{album, page, post};
use crate::words::diagnostic::Diagnostic;
use crate::words::route::Route;
use crate::words::source_text::{Located, SourceText};

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
    /// Whether a post is taken, as published; or what else it is.
    pub(crate) fn state(&self, post: &post::Post) -> State {
        if post.keys.draft && !self.drafts {
            State::Draft
        } else if post.expires.is_some_and(|expires| expires <= self.now) && !self.expired {
            State::Expired
        } else if post.date > self.now && !self.future {
            State::Future
        } else {
            State::Published
        }
    }

    /// When the choice of a post will be another one, although nobody edits anything.
    pub(crate) fn due(&self, post: &post::Post) -> Option<DateTime<Utc>> {
        if post.keys.draft && !self.drafts {
            return None;
        }
        let comes = Some(post.date).filter(|&date| date > self.now && !self.future);
        let goes = post.expires.filter(|&expires| expires > self.now && !self.expired);
        let never = comes.zip(goes).is_some_and(|(comes, goes)| goes <= comes);
        comes.or(goes).filter(|_| !never).map(|moment| moment.to_utc())
    }
}

/// Whether readers see a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// They do.
    Published,
    /// Its author has not finished it.
    Draft,
    /// Its date is to come.
    Future,
    /// It has expired.
    Expired,
}

impl State {
    /// The state in a word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Draft => "draft",
            Self::Future => "future",
            Self::Expired => "expired",
        }
    }

    /// Why a post is left out, to complete "it is …".
    fn why(self) -> Option<&'static str> {
        match self {
            Self::Published => None,
            Self::Draft => Some("a draft"),
            Self::Future => Some("dated in the future"),
            Self::Expired => Some("expired"),
        }
    }
}

/// Every document that could be understood, and the paths of the others.
pub(crate) struct Parsed<'a> {
    pub(crate) posts: Vec<post::Post>,
    pages: Vec<page::Page>,
    albums: Vec<album::Album>,
    /// Texts with errors.
    broken: Vec<&'a str>,
}

impl<'a> Parsed<'a> {
    pub(crate) fn new(layout: &'a Layout<'_>, config: &Config, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let (zone, photos) = (config.timezone, config.photos);
        let mut broken = layout.unread.clone();
        let posts: Vec<_> = layout.posts.par_iter().map(|file| (file.text, post::parse(file, zone))).collect();
        let posts = sound(posts, &mut broken, diagnostics);
        let pages: Vec<_> = layout.pages.par_iter().map(|file| (file.text, page::parse(file, zone))).collect();
        let pages = sound(pages, &mut broken, diagnostics);
        let albums: Vec<_> = layout.albums.iter().collect();
        let albums: Vec<_> =
            albums.into_par_iter().map(|(folder, files)| album::parse(folder, files, zone, photos)).collect();
        let indexes = layout.albums.values().map(|files| files.index);
        let mut sound_albums = Vec::with_capacity(albums.len());
        for (index, (album, problems)) in indexes.zip(albums) {
            match (album, index) {
                (Some(album), _) => sound_albums.push(album),
                (None, Some(index)) => broken.push(&index.path),
                (None, None) => {}
            }
            diagnostics.extend(problems);
        }
        let albums = sound_albums;
        Self { posts, pages, albums, broken }
    }
}

type Outcome<'a, T> = (&'a Arc<SourceText>, (Option<T>, Vec<Diagnostic>));

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

/// A file of the site that is published as it is.
pub(crate) struct FileMember<'a> {
    pub(crate) file: &'a SourceFile,
    pub(crate) route: Route,
}

/// What belongs to the site, in the order in which it is shown; every address is given to one thing only.
pub(crate) struct Members<'a> {
    pub(crate) posts: Vec<Member>,
    pub(crate) pages: Vec<page::Page>,
    pub(crate) albums: Vec<AlbumMember>,
    pub(crate) files: Vec<FileMember<'a>>,
    pub(crate) aliases: BTreeMap<Route, Route>,
    pub(crate) left_out: Vec<(String, &'static str)>,
    pub(crate) broken: Vec<&'a str>,
    /// When the next post comes or goes.
    pub(crate) due: Option<DateTime<Utc>>,
}

impl<'a> Members<'a> {
    pub(crate) fn choose(parsed: Parsed<'a>, choice: &Choice, config: &Config, claims: &mut Claims) -> Self {
        let mut left_out: Vec<_> = Vec::new();
        let mut posts = Vec::new();
        let due = parsed.posts.iter().filter_map(|post| choice.due(post)).min();
        for post in parsed.posts {
            match choice.state(&post).why() {
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
        let albums = albums::choose(parsed.albums, choice.drafts, claims, &mut left_out);
        let (files, aliases, broken) = (Vec::new(), BTreeMap::new(), parsed.broken);
        Self { posts, pages, albums, files, aliases, left_out, broken, due }
    }

    /// Adds files beside the documents of the site, and those in `static/`.
    pub(crate) fn add_files(
        &mut self,
        layout: &Layout<'a>,
        source: &'a Source,
        claims: &mut Claims,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let posts = self.posts.iter().map(|member| (member.post.source.path.clone(), member.route.clone()));
        let pages = self.pages.iter().map(|page| (page.source.path.clone(), page.route.clone()));
        let documents: BTreeMap<String, Route> = posts.chain(pages).collect();
        let attached = layout.attachments.iter().filter_map(|attachment| {
            let route = documents.get(&attachment.document)?;
            Some((attachment.file, format!("{}{}", route.as_str(), attachment.rest)))
        });
        let statics = source
            .statics
            .iter()
            .filter(|file| !matches!(file.content, Content::Unread))
            .map(|file| (file, file.path.strip_prefix("static/").unwrap_or(&file.path).to_owned()));
        for (file, path) in attached.chain(statics) {
            // Files in `static/` are published as they are, whatever they are.
            if let (Content::Picture(Err(error)), true) = (&file.content, file.path.starts_with("content/")) {
                diagnostics.push(broken_picture(&file.path, error));
            }
            match Route::new(path) {
                Some(route) if claims.route(&route, &Claimant::File(file.path.clone())) => {
                    self.files.push(FileMember { file, route });
                }
                Some(_) => {}
                None => {
                    let diagnostic =
                        Diagnostic::error("bad-name", "this file's name cannot be an address").in_path(&file.path);
                    diagnostics.push(diagnostic.help("rename it without backslashes and control characters"));
                }
            }
        }
        self.files.extend(originals(&self.albums, source));
        self.files.sort_by(|a, b| a.route.cmp(&b.route));
    }

    /// Old addresses come last: they give way to whatever lives now.
    pub(crate) fn claim_aliases(&mut self, claims: &mut Claims) {
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
    pub(crate) fn places<'b>(&'b self, lists: impl Iterator<Item = &'b Route>) -> Places<'b> {
        let mut places = Places::new();
        for path in &self.broken {
            places.add_document(path, Document::Broken);
            // An address that would be there is none that the author got wrong.
            usual_route(path).iter().for_each(|route| places.add_list(route));
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
            photos.iter().flatten().for_each(|photo| places.add_list(&photo.route));
        }
        for FileMember { file, route } in &self.files {
            let size = if let Content::Picture(Ok(facts)) = &file.content { Some(facts.size) } else { None };
            places.add_file(&file.path, route.clone(), size);
        }
        lists.chain(self.aliases.keys()).for_each(|route| places.add_list(route));
        places
    }
}

/// The files of photographs that their albums give away.
fn originals<'a>(albums: &[AlbumMember], source: &'a Source) -> impl Iterator<Item = FileMember<'a>> {
    let placed = albums.iter().flat_map(|member| member.album.photos.iter().zip(&member.photos));
    placed.filter_map(|(photo, place)| {
        let route = place.as_ref()?.original.clone()?;
        let at = source.content.binary_search_by(|file| file.path.cmp(&photo.path)).ok()?;
        Some(FileMember { file: &source.content[at], route })
    })
}

fn published<'a>(route: &Route, anchors: &'a Anchors) -> Document<'a> {
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
#[must_use]
pub fn tag_uri(config: &Config, date: &DateTime<Tz>, route: &Route) -> String {
    let host = config.host();
    format!("tag:{host},{}:{}", date.format("%Y-%m-%d"), route.href(config.base_path()))
}
