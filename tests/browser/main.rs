//! The figures in a real browser: every one of the catalogue in a site made for it, and this repository's own site.

#![cfg(unix)]

mod driver;
mod figures;
mod host;

mod access;
mod controls;
mod directions;
mod edits;
mod feeds;
mod grid;
mod links;
mod looks;
mod orders;
mod pictures;
mod search;
mod still;
mod themes;
mod viewer;
mod walks;

use std::path::Path;

use crate::driver::{ARTICLE, in_browser, in_browser_with};
use crate::figures::awaken;

/// A browser keeps six connections to a server; the pages of `genblog serve` must not use them all up waiting for edits.
#[test]
fn more_tabs_than_connections_can_be_open() {
    in_browser_with(Path::new(env!("CARGO_MANIFEST_DIR")), 1280, 900, async |browser| {
        for _ in 0..8 {
            browser.new_tab().await;
            browser.visit("about/").await;
        }
    });
}

#[test]
fn pages_fit_every_width_and_both_schemes() {
    in_browser(1280, 900, async |browser| {
        for width in [320, 360, 1280] {
            browser.window(width, 900).await;
            for path in
                ["", ARTICLE, "archives/", "tags/", "gallery/", "gallery/portraits-of-a-ring/", "about/", "feed/"]
            {
                browser.visit(path).await;
                let sizes = browser.run("return [document.documentElement.scrollWidth, innerWidth]", &[]).await;
                assert!(sizes[0].as_u64() <= sizes[1].as_u64(), "{path} at {width}: {sizes}");
            }
        }
        for (width, scheme) in [(1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")] {
            browser.prefers("prefers-color-scheme", scheme).await;
            for (name, path) in [("home", ""), ("article", ARTICLE), ("archives", "archives/"), ("gallery", "gallery/")]
            {
                browser.window(width, 900).await;
                browser.visit(path).await;
                if path == ARTICLE {
                    awaken(browser).await;
                }
                browser.screenshot(&format!("{name}-{width}-{scheme}")).await;
            }
        }
    });
}
