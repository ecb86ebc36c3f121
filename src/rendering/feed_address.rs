//! Where feeds live and what they are called: all that pages need to know of them.

use crate::files::config::{Config, FeedFormat};
use crate::rendering::view::shared::FeedView;
use crate::words::route::Route;

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

    /// The archive of a year, which is RSS.
    #[must_use]
    pub fn of_year(config: &Config, year: i32) -> Self {
        let route = Route::new(format!("feed/{year}.xml")).expect("a year is part of a route");
        Self { title: format!("{}, {year}", config.title), format: FeedFormat::Rss, route }
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
