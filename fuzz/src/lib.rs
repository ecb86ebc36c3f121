//! Bytes that a fuzzer makes up, played against what reads them.
//!
//! - [`authored`]: any text as a configuration, as front matter, and as Markdown.
//! - [`engine`]: guests, back ends and devices that keep to no rule, and any text as the address of a frame.
//! - [`foreign`]: any bytes as a feed, for the lint and for the importer, and as another generator's folder.
//!
//! A broken rule is a panic, which is what a fuzzer looks for. The same modules are part of the tests, of the engine's and of
//! the generator's, which play the seeds and drawn bytes: a find becomes a test by being put into `seeds/`.

pub mod authored;

pub mod engine;

pub mod foreign;
