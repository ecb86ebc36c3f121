//! A static blog generator whose articles run a Xen device-access engine in the page.
//!
//! A build is one way through the floors, and a file uses lower floors only:
//!
//! 0. [`words`]: diagnostics, source texts with spans, routes.
//! 1. [`files`]: configuration, sources, cache, output.
//! 2. [`parsing`]: front matter, Markdown, fences, genBlog's text form, albums.
//! 3. [`foreign`]: other programs' feeds and folders, read as they were meant.
//! 4. [`graph`]: the site, with every link resolved and checked.
//! 5. [`rendering`]: views, templates, feed, figures, photographs.
//! 6. [`running`]: the commands.

pub mod words;

pub mod files;

pub mod parsing;

pub mod foreign;

pub mod graph;

#[cfg(feature = "site")]
pub mod rendering;

#[cfg(feature = "site")]
pub mod running;
