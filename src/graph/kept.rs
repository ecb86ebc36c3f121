//! What a build keeps of its site for the next one: everything but what posts say, so that one whose words were edited can be shown without
//! the rest being read.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use imaging::Nature;
use rayon::prelude::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator, ParallelSlice};
use serde::{Deserialize, Serialize};

use crate::files::config::Config;
use crate::graph::links::Leads;
use crate::graph::site::{Body, ChannelImage, Enclosure, PlainFile, Post, PostIndex, Publishing, Site, Tag, Ties};
use crate::words::media_type;
use crate::words::route::Route;

/// Posts in one piece of what is kept: pieces are read at the same time.
const PIECE: usize = 512;

/// A site without its texts; `B` is bytes, one's own to write and borrowed to read.
#[derive(Debug, Serialize, Deserialize)]
pub struct KeptSite<B> {
    /// Posts in the site's order, in pieces.
    posts: Vec<B>,
    /// Slugs, names and addresses.
    tags: Vec<(String, String, Route)>,
    files: Vec<File>,
    channel_image: Option<(Route, u32, u32)>,
    due: Option<DateTime<Utc>>,
}

/// A moment: seconds and nanoseconds.
type Seconds = (i64, u32);

#[derive(Debug, Serialize, Deserialize)]
struct KeptPost {
    route: Route,
    id: String,
    link: Option<String>,
    title: String,
    date: Seconds,
    updated: Option<Seconds>,
    tags: Vec<String>,
    authors: Vec<String>,
    series: String,
    summary: String,
    is_summarised: bool,
    language: String,
    image: Option<Route>,
    enclosure: Option<Enclosure>,
    template: String,
    /// As JSON: its values say themselves what they are.
    extra: String,
    outline: [u8; 32],
    leads: Leads,
    places: Vec<Vec<String>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct File {
    route: Route,
    path: String,
    hash: [u8; 32],
    length: u64,
    publishing: Publishing,
    tells_place: bool,
    nature: Option<Nature>,
}

/// What is to be kept of a site.
#[must_use]
pub fn keep(site: &Site) -> KeptSite<Vec<u8>> {
    let piece = |posts: &[Post]| {
        let kept: Vec<KeptPost> = posts.iter().map(KeptPost::of).collect();
        postcard::to_allocvec(&kept).expect("plain data")
    };
    let file = |file: &PlainFile| File {
        route: file.route.clone(),
        path: file.path.clone(),
        hash: file.hash.into(),
        length: file.length,
        publishing: file.publishing,
        tells_place: file.tells_place,
        nature: file.nature,
    };
    let image = site.channel_image.as_ref();
    KeptSite {
        posts: site.posts.par_chunks(PIECE).map(piece).collect(),
        tags: site.tags.iter().map(|(slug, tag)| (slug.clone(), tag.name.clone(), tag.route.clone())).collect(),
        files: site.files.iter().map(file).collect(),
        channel_image: image.map(|image| (image.route.clone(), image.width, image.height)),
        due: site.due,
    }
}

impl KeptSite<&[u8]> {
    /// The site in `root`, whose posts are written in files at these paths and say nothing. It has no pages and no albums: what posts are
    /// shown in asks for none.
    #[must_use]
    pub fn site(self, paths: &[&str], root: &Path, config: Config) -> Option<Site> {
        let zone = config.timezone;
        let read = |(piece, paths): (&&[u8], &[&str])| {
            let posts: Vec<KeptPost> = postcard::from_bytes(piece).ok()?;
            posts.into_iter().zip(paths).map(|(post, path)| post.post(path, zone)).collect::<Option<Vec<_>>>()
        };
        let pieces: Vec<Vec<Post>> =
            self.posts.par_iter().zip(paths.par_chunks(PIECE)).map(read).collect::<Option<_>>()?;
        let posts: Vec<Post> = pieces.into_iter().flatten().collect();
        if posts.len() != paths.len() {
            return None;
        }
        let with_posts = |(slug, name, route)| (slug, Tag { name, route, posts: Vec::new() });
        let mut tags: BTreeMap<String, Tag> = self.tags.into_iter().map(with_posts).collect();
        for (index, post) in posts.iter().enumerate() {
            for slug in &post.tags {
                tags.get_mut(slug)?.posts.push(PostIndex(index));
            }
        }
        let channel_image = match self.channel_image {
            Some((route, width, height)) => {
                let media_type = media_type::of(route.as_str())?;
                Some(ChannelImage { route, media_type, width, height })
            }
            None => None,
        };
        Some(Site {
            config,
            posts,
            pages: Vec::new(),
            albums: Vec::new(),
            tags,
            files: self.files.into_iter().map(|file| file.plain(root)).collect(),
            aliases: BTreeMap::new(),
            channel_image,
            claims: 0,
            elsewhere: Vec::new(),
            due: self.due,
        })
    }
}

impl KeptPost {
    fn of(post: &Post) -> Self {
        let Ties { outline, leads, places } = post.ties.clone();
        Self {
            route: post.route.clone(),
            id: post.id.clone(),
            link: post.link.clone(),
            title: post.title.clone(),
            date: seconds(post.date),
            updated: post.updated.map(seconds),
            tags: post.tags.clone(),
            authors: post.authors.clone(),
            series: post.series.clone(),
            summary: post.summary.clone(),
            is_summarised: post.is_summarised,
            language: post.language.clone(),
            image: post.image.clone(),
            enclosure: post.enclosure.clone(),
            template: post.template.clone(),
            extra: serde_json::to_string(&post.extra).expect("free data is JSON already"),
            outline: outline.into(),
            leads,
            places,
        }
    }

    fn post(self, path: &str, zone: Tz) -> Option<Post> {
        let moment =
            |(seconds, nanoseconds)| Some(DateTime::from_timestamp(seconds, nanoseconds)?.with_timezone(&zone));
        let updated = match self.updated {
            Some(updated) => Some(moment(updated)?),
            None => None,
        };
        Some(Post {
            route: self.route,
            path: path.to_owned(),
            id: self.id,
            link: self.link,
            title: self.title,
            date: moment(self.date)?,
            updated,
            tags: self.tags,
            authors: self.authors,
            series: self.series,
            summary: self.summary,
            is_summarised: self.is_summarised,
            language: self.language,
            image: self.image,
            enclosure: self.enclosure,
            template: self.template,
            extra: serde_json::from_str(&self.extra).ok()?,
            body: Body::default(),
            ties: Ties { outline: self.outline.into(), leads: self.leads, places: self.places },
        })
    }
}

impl File {
    fn plain(self, root: &Path) -> PlainFile {
        let Self { route, path, hash, length, publishing, tells_place, nature } = self;
        PlainFile { route, file: root.join(&path), path, hash: hash.into(), length, publishing, tells_place, nature }
    }
}

fn seconds(date: DateTime<Tz>) -> Seconds {
    (date.timestamp(), date.timestamp_subsec_nanos())
}
