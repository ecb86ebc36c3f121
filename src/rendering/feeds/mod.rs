//! Feeds: which ones a site has ([`all`]), what each of them holds ([`Feed`]), and how it is written down: RSS 2.0
//! ([`rss`]), Atom 1.0 ([`atom`]) and JSON Feed 1.1 ([`json`]). [`check`] says what an author should know about them.
//!
//! ```text
//! feed.xml  atom.xml  feed.json            the newest posts of the site
//! tags/xen/feed.xml …                      the newest posts with a tag
//! gallery/walk/feed.xml …                  the pictures of an album
//! feed/de/feed.xml …                       the newest posts in a language, where there are several
//! feed/2008.xml  feed/2008-2.xml …         a whole year, by the hundred, where the site has more posts than fit (RFC 5005)
//! feeds.opml                               all of them, for a reader to take at once
//! feed/                                    for people who wonder what this is
//! ```
//!
//! The bytes depend on the site only: the time of a feed is that of what it holds, so that a feed changes when its content does.

mod archives;
pub mod asking;
pub mod atom;
pub mod check;
pub mod history;
pub mod hours;
pub mod item;
pub mod json;
pub mod opml;
pub mod page;
mod people;
pub mod pictures;
pub mod rss;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, FixedOffset};
use rayon::prelude::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

pub use self::check::{FEED_SIZE, check, check_text};
use crate::files::composition::{Composition, Part};
use crate::files::config::{Config, FeedFormat, Person};
use crate::files::output::{Phase, Planned};
use crate::graph::site::{Album, Block, EnclosureFile, Photo, Post, PostIndex};
use crate::rendering::feed_address::{Archive, FeedAddress};
use crate::rendering::feeds::archives::archives;
use crate::rendering::feeds::asking::{Asking, asking};
use crate::rendering::feeds::item::Item;
use crate::rendering::feeds::pictures::in_text;
use crate::rendering::hashing::hash_json;
use crate::rendering::renderer::Renderer;
use crate::words::route::Route;

/// Items that wait in memory to be written, where an author has asked for a feed of thousands.
const AT_A_TIME: usize = 64;

/// What an item says beside its text takes about so many bytes.
const BYTES_AROUND_A_TEXT: usize = 1_000;

/// What a feed is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The newest posts.
    Site,
    /// The newest posts with a tag, by the tag's name.
    Tag(String),
    /// The pictures of an album, by the album's title.
    Album(String),
    /// The newest posts in a language, by its BCP 47 tag.
    Language(String),
    /// Posts of a year, and the archives before and after it.
    Archive {
        /// This one.
        archive: Archive,
        /// The one with the posts before.
        before: Option<Archive>,
        /// The one with the posts after.
        after: Option<Archive>,
    },
}

/// A feed before it is written down in some format.
#[derive(Debug, Clone)]
pub struct Feed {
    /// What it is about.
    pub scope: Scope,
    /// One sentence, plain text.
    pub description: String,
    /// The page that shows the same to people.
    pub page: Route,
    content: Content,
}

/// What a feed holds.
#[derive(Debug, Clone)]
enum Content {
    /// Newest first.
    Posts(Vec<PostIndex>),
    /// The pictures of the album at this place of the site's list, in the album's order.
    Photos(usize),
}

impl Feed {
    /// What it is called, and where it lives in a format. An archive has one format only, RSS.
    #[must_use]
    pub fn address(&self, renderer: &Renderer<'_>, format: FeedFormat) -> FeedAddress {
        let config = &renderer.site.config;
        match &self.scope {
            Scope::Site => FeedAddress::of_site(config, format),
            Scope::Tag(name) | Scope::Album(name) => FeedAddress::of_part(config, name, &self.page, format),
            Scope::Language(language) => FeedAddress::of_language(config, language, format),
            Scope::Archive { archive, .. } => FeedAddress::of_archive(config, *archive),
        }
    }

    /// The address of its page, or the one that the author gives for the site in its place.
    #[must_use]
    pub fn link(&self, renderer: &Renderer<'_>) -> String {
        let link = renderer.site.config.feed.link.as_ref().filter(|_| self.scope == Scope::Site);
        link.cloned().unwrap_or_else(|| renderer.url(&self.page))
    }

    /// The language of the feed as a whole.
    #[must_use]
    pub fn language<'a>(&'a self, renderer: &'a Renderer<'_>) -> &'a str {
        if let Scope::Language(language) = &self.scope { language } else { &renderer.site.config.language }
    }

    /// Its posts, newest first; none in an album's feed.
    #[must_use]
    pub fn posts<'a>(&self, renderer: &Renderer<'a>) -> Vec<&'a Post> {
        self.indices().iter().map(|index| &renderer.site.posts[index.0]).collect()
    }

    fn indices(&self) -> &[PostIndex] {
        match &self.content {
            Content::Posts(posts) => posts,
            Content::Photos(_) => &[],
        }
    }

    /// Its items, in order, so many at a time.
    fn items<'i>(&'i self, renderer: &'i Renderer<'_>, items: &'i Items) -> impl Iterator<Item = Cow<'i, Item>> {
        let at_a_time =
            |posts: &[PostIndex]| -> Vec<_> { posts.par_iter().map(|post| items.of_post(renderer, *post)).collect() };
        let photos = self.photos(renderer).into_iter();
        let photos = photos.map(|(album, photo)| Cow::Owned(Item::of_photo(renderer, album, photo)));
        self.indices().chunks(AT_A_TIME).flat_map(at_a_time).chain(photos)
    }

    /// Its photographs with their albums, in order; none in a feed of posts.
    fn photos<'a>(&self, renderer: &'a Renderer<'_>) -> Vec<(&'a Album, &'a Photo)> {
        match &self.content {
            Content::Posts(_) => Vec::new(),
            Content::Photos(album) => renderer.site.photos_in(&renderer.site.albums[*album]),
        }
    }

    /// About how many bytes it has: too many, maybe, to make room for twice over.
    fn bytes(&self, renderer: &Renderer<'_>) -> usize {
        let posts = self.indices().iter().map(|index| &renderer.site.posts[index.0]);
        posts.map(|post| BYTES_AROUND_A_TEXT + post.body.bytes()).sum()
    }

    /// When the newest of its items came out or changed; `None` where nobody knows.
    fn changed(&self, renderer: &Renderer<'_>) -> Option<DateTime<FixedOffset>> {
        let posts = self.indices().iter().map(|index| Some(item::changed_in_minutes(&renderer.site.posts[index.0])));
        let photos = self.photos(renderer).into_iter().map(|(album, photo)| item::taken_in_minutes(album, photo));
        posts.chain(photos).flatten().max()
    }

    fn plan<'a>(self, renderer: &'a Renderer<'_>, format: FeedFormat, channel: &Channel) -> Planned<'a> {
        let address = self.address(renderer, format);
        let about = (&address.title, &self.description, self.page.as_str(), format!("{:?}", self.scope), format.name());
        let mut parts = vec![(Part::Site, channel.hash), (Part::View, hash_json(&about))];
        if self.scope == Scope::Site {
            // An older post changes no item, yet there may be an archive now.
            let archive = archives(renderer).first().map(|feed| format!("{:?}", feed.scope));
            parts.push((Part::View, hash_json(&archive)));
        }
        for index in self.indices() {
            parts.push((Part::Items, channel.item(renderer, index.0)));
            if format == FeedFormat::Rss {
                parts.push((Part::Pictures, channel.pictures(renderer, index.0)));
            }
        }
        parts.extend(self.photos(renderer).into_iter().map(|(album, photo)| {
            let item = hash_json(&(
                (photo.route.as_str(), &photo.title, &photo.caption, &photo.alt),
                (photo.hash.to_hex().as_str(), album.date.map(|date| date.to_rfc3339())),
                photo.taken.map(|taken| taken.to_rfc3339()),
            ));
            (Part::Items, item)
        }));
        let made_of = Composition { posts: self.indices().len(), ..Composition::new("feed", &parts) };
        let (asking, items) = (Arc::clone(&channel.asking), Arc::clone(&channel.items));
        let write =
            move || self.write_with(renderer, format, &asking, &items).expect("writing to memory does not fail");
        Planned {
            route: address.route,
            phase: Phase::Feed,
            fingerprint: renderer.fingerprint(&made_of),
            made_of,
            make: Box::new(move || Ok(write())),
        }
    }

    /// Writes it down.
    pub fn write(&self, renderer: &Renderer<'_>, format: FeedFormat, asking: &Asking) -> io::Result<Vec<u8>> {
        self.write_with(renderer, format, asking, &Items::of(renderer, &[]))
    }

    fn write_with(
        &self,
        renderer: &Renderer<'_>,
        format: FeedFormat,
        asking: &Asking,
        items: &Items,
    ) -> io::Result<Vec<u8>> {
        match format {
            FeedFormat::Rss => rss::write(renderer, self, self.items(renderer, items), asking),
            FeedFormat::Atom => atom::write(renderer, self, &self.items(renderer, items).collect::<Vec<_>>()),
            FeedFormat::Json => Ok(json::write(renderer, self, &self.items(renderer, items).collect::<Vec<_>>())),
        }
    }
}

/// Hash of what a feed says of the post at `index`, but for pictures in its text.
fn hash_item(renderer: &Renderer<'_>, index: usize) -> blake3::Hash {
    let post = &renderer.site.posts[index];
    // Size and thumbnail follow the picture's bytes, and an enclosure has a length.
    let with_hash = |route: &Route| {
        let file = renderer.site.file(route);
        (route.as_str().to_owned(), file.map(|file| file.hash.to_hex().to_string()))
    };
    let image = post.image.as_ref().map(with_hash);
    let enclosed = post.enclosure.as_ref().map(|enclosure| match &enclosure.file {
        EnclosureFile::OfSite(route) => with_hash(route),
        EnclosureFile::Elsewhere { url, length } => (format!("{url} {length}"), None),
    });
    let enclosed = enclosed.zip(post.enclosure.as_ref().map(|enclosure| enclosure.media_type.as_str()));
    hash_json(&(
        (&post.id, post.route.as_str(), &post.title, &post.summary, &post.authors, image, &post.language),
        enclosed,
        (post.date.to_rfc3339(), post.updated.map(|date| date.to_rfc3339()), &post.link),
        renderer.tags(post).iter().map(|tag| tag.name.clone()).collect::<Vec<_>>(),
        renderer.post_body(index).to_hex().as_str(),
    ))
}

/// Addresses of the pictures of this site that a post shows. A picture may come or go while the text stays as it is: whoever writes
/// an address with the site's own host is not asked whether something is there.
fn own_pictures(renderer: &Renderer<'_>, post: &Post) -> Vec<String> {
    let page = renderer.url(&post.route);
    let html = post.body.blocks.iter().filter_map(|block| match block {
        Block::Html(html) => Some(html),
        Block::Figure(_) | Block::Code(_) | Block::Diagram(_) => None,
    });
    html.flat_map(|html| in_text(renderer, html, &page)).map(|image| image.url).collect()
}

/// The site's own feed.
#[must_use]
pub fn of_site(renderer: &Renderer<'_>) -> Feed {
    let config = &renderer.site.config;
    Feed {
        scope: Scope::Site,
        description: config.description.clone(),
        page: Route::home(),
        content: Content::Posts((0..renderer.site.posts.len().min(config.feed.limit)).map(PostIndex).collect()),
    }
}

/// The feed of a tag.
#[must_use]
pub fn of_tag(renderer: &Renderer<'_>, slug: &str) -> Option<Feed> {
    let config = &renderer.site.config;
    let tag = renderer.site.tags.get(slug)?;
    Some(Feed {
        scope: Scope::Tag(tag.name.clone()),
        description: format!("Posts about {}.", tag.name),
        page: tag.route.clone(),
        content: Content::Posts(tag.posts.iter().copied().take(config.feed.limit).collect()),
    })
}

/// The feed of the album at `index` of the site's list.
#[must_use]
pub fn of_album(renderer: &Renderer<'_>, index: usize) -> Feed {
    let album = &renderer.site.albums[index];
    let description = if album.summary.is_empty() { &album.title } else { &album.summary };
    Feed {
        scope: Scope::Album(album.title.clone()),
        description: description.clone(),
        page: album.route.clone(),
        content: Content::Photos(index),
    }
}

/// A feed for each language that posts are written in, if there are several.
#[must_use]
pub fn of_languages(renderer: &Renderer<'_>) -> Vec<Feed> {
    let (config, posts) = (&renderer.site.config, &renderer.site.posts);
    let of_language = |language: &str| {
        let all = (0..posts.len()).filter(|&index| posts[index].language == language);
        all.take(config.feed.limit).map(PostIndex).collect()
    };
    let feed = |language: &str| Feed {
        scope: Scope::Language(language.to_owned()),
        description: config.description.clone(),
        page: Renderer::fixed("archives/"),
        content: Content::Posts(of_language(language)),
    };
    renderer.languages.iter().copied().map(feed).collect()
}

/// Feeds that a reader may subscribe to: the site's, then those of languages, of tags and of albums.
#[must_use]
pub fn all(renderer: &Renderer<'_>) -> Vec<Feed> {
    let tags = renderer.site.tags.keys().filter_map(|slug| of_tag(renderer, slug));
    let albums = (0..renderer.site.albums.len()).map(|index| of_album(renderer, index));
    [of_site(renderer)].into_iter().chain(of_languages(renderer)).chain(tags).chain(albums).collect()
}

/// The items of posts that stand in several feeds, or in several formats: each is made once.
struct Items(Vec<Option<OnceLock<Item>>>);

impl Items {
    /// Those of these feeds.
    fn of(renderer: &Renderer<'_>, feeds: &[(Feed, FeedFormat)]) -> Self {
        let mut times = vec![0_usize; renderer.site.posts.len()];
        feeds.iter().flat_map(|(feed, _)| feed.indices()).for_each(|post| times[post.0] += 1);
        // One that is asked for once need not be kept.
        Self(times.into_iter().map(|times| (times > 1).then(OnceLock::new)).collect())
    }

    fn of_post(&self, renderer: &Renderer<'_>, PostIndex(index): PostIndex) -> Cow<'_, Item> {
        let item = || Item::of_post(renderer, &renderer.site.posts[index]);
        self.0[index].as_ref().map_or_else(|| Cow::Owned(item()), |kept| Cow::Borrowed(kept.get_or_init(item)))
    }
}

/// What all feeds of the site share.
struct Channel {
    /// Of what they say alike.
    hash: blake3::Hash,
    asking: Arc<Asking>,
    items: Arc<Items>,
    /// Hashes of what is said of each post, of those that were asked for.
    hashes: Vec<OnceLock<blake3::Hash>>,
    /// Hashes of the pictures in each post's text, of those that were asked for.
    pictures: Vec<OnceLock<blake3::Hash>>,
}

impl Channel {
    fn new(renderer: &Renderer<'_>, feeds: &[(Feed, FeedFormat)]) -> Self {
        let (asking, _) = asking(renderer);
        let none = || vec![OnceLock::new(); renderer.site.posts.len()];
        let items = Arc::new(Items::of(renderer, feeds));
        let hash = hash_channel(renderer, &asking);
        Self { hash, asking: Arc::new(asking), items, hashes: none(), pictures: none() }
    }

    fn item(&self, renderer: &Renderer<'_>, index: usize) -> blake3::Hash {
        *self.hashes[index].get_or_init(|| hash_item(renderer, index))
    }

    fn pictures(&self, renderer: &Renderer<'_>, index: usize) -> blake3::Hash {
        let pictures = || hash_json(&own_pictures(renderer, &renderer.site.posts[index]));
        *self.pictures[index].get_or_init(pictures)
    }
}

/// Plans all feeds, and the list of them.
pub fn plan<'a>(renderer: &'a Renderer<'_>) -> Vec<Planned<'a>> {
    let feeds = in_formats(renderer);
    let channel = Channel::new(renderer, &feeds);
    let of_rss = renderer.site.config.feed.formats.contains(&FeedFormat::Rss);
    // Every post is in some feed; one by one their hashes would be made one after the other.
    (0..renderer.site.posts.len()).into_par_iter().for_each(|index| {
        channel.item(renderer, index);
        if of_rss {
            channel.pictures(renderer, index);
        }
    });
    let mut planned: Vec<_> = feeds.into_iter().map(|(feed, format)| feed.plan(renderer, format, &channel)).collect();
    planned.push(opml::list(renderer));
    planned
}

/// Plans the feeds that hold the post at `index` of the site's list.
pub fn plan_with<'a>(renderer: &'a Renderer<'_>, index: usize) -> Vec<Planned<'a>> {
    let mut feeds = in_formats(renderer);
    feeds.retain(|(feed, _)| feed.indices().contains(&PostIndex(index)));
    let channel = Channel::new(renderer, &feeds);
    feeds.into_iter().map(|(feed, format)| feed.plan(renderer, format, &channel)).collect()
}

/// The posts of all feeds that hold the post at `index` of the site's list.
#[must_use]
pub fn posts_with(renderer: &Renderer<'_>, index: usize) -> BTreeSet<PostIndex> {
    let feeds = in_formats(renderer).into_iter().map(|(feed, _)| feed);
    let holds = feeds.filter(|feed| feed.indices().contains(&PostIndex(index)));
    holds.flat_map(|feed| feed.indices().to_vec()).collect()
}

/// All feeds, each in its formats.
fn in_formats(renderer: &Renderer<'_>) -> Vec<(Feed, FeedFormat)> {
    let formats = &renderer.site.config.feed.formats;
    let feeds = all(renderer).into_iter();
    let archives = if formats.contains(&FeedFormat::Rss) { archives(renderer) } else { Vec::new() };
    feeds
        .flat_map(|feed| formats.iter().map(move |format| (feed.clone(), *format)))
        .chain(archives.into_iter().map(|feed| (feed, FeedFormat::Rss)))
        .collect()
}

fn hash_channel(renderer: &Renderer<'_>, asking: &Asking) -> blake3::Hash {
    let site = renderer.site;
    let Config { base_url, title, author, language, copyright, feed, .. } = &site.config;
    let person = |person: &Person| {
        let avatar = person.avatar.as_ref().map(|avatar| avatar.value.clone());
        (person.name.clone(), person.email.clone(), person.url.clone(), avatar)
    };
    let people: Vec<_> = site.config.people.iter().map(person).collect();
    hash_json(&(
        (base_url, title, author, language, copyright),
        (feed.summaries, &feed.link, &feed.hub, &feed.categories, feed.webmaster.as_ref().map(person), people),
        (format!("{asking:?}"), format!("{:?}", site.channel_image)),
    ))
}
