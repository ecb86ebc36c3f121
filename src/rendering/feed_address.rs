//! Where feeds live and what they are called: all that pages need to know of them.

use crate::files::config::{Config, FeedFormat};
use crate::rendering::view::shared::FeedView;
use crate::words::route::Route;

/// A year of posts, or a part of one that has too many (RFC 5005's archive document).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Archive {
    /// The year.
    pub year: i32,
    /// From 1, the oldest posts.
    pub part: usize,
}

/// A feed in some format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedAddress {
    /// Plain text.
    pub title: String,
    /// The format.
    pub format: FeedFormat,
    /// Where it lives.
    pub route: Route,
}

impl FeedAddress {
    /// The site's own feed.
    #[must_use]
    pub fn of_site(config: &Config, format: FeedFormat) -> Self {
        Self { title: config.title.clone(), format, route: beside(&Route::home(), format) }
    }

    /// The feed about a part of the site, a tag or an album: `name`, whose page is `page`.
    #[must_use]
    pub fn of_part(config: &Config, name: &str, page: &Route, format: FeedFormat) -> Self {
        Self { title: format!("{}: {name}", config.title), format, route: beside(page, format) }
    }

    /// The feed of the posts in a language.
    #[must_use]
    pub fn of_language(config: &Config, language: &str, format: FeedFormat) -> Self {
        let folder = Route::new(format!("feed/{language}/")).expect("a language tag is part of a route");
        Self { title: format!("{} ({language})", config.title), format, route: beside(&folder, format) }
    }

    /// An archive, which is RSS. A year's first part has the year's name, so that it keeps it when a second one comes.
    #[must_use]
    pub fn of_archive(config: &Config, Archive { year, part }: Archive) -> Self {
        let (name, title) = match part {
            1 => (year.to_string(), format!("{}, {year}", config.title)),
            _ => (format!("{year}-{part}"), format!("{}, {year}, part {part}", config.title)),
        };
        let route = Route::new(format!("feed/{name}.xml")).expect("numbers are part of a route");
        Self { title, format: FeedFormat::Rss, route }
    }

    /// The same for templates.
    #[must_use]
    pub fn view(&self, config: &Config) -> FeedView {
        FeedView {
            title: self.title.clone(),
            format: self.format.name(),
            media_type: self.format.media_type(),
            href: self.route.href(config.base_path()),
            url: self.route.url(&config.base_url),
        }
    }
}

/// The file in a page's folder, whatever template shows the page.
fn beside(page: &Route, format: FeedFormat) -> Route {
    let file = match format {
        FeedFormat::Rss => "feed.xml",
        FeedFormat::Atom => "atom.xml",
        FeedFormat::Json => "feed.json",
    };
    page.beside(file)
}
