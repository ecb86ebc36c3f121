//! Bytes of other programs played against what reads them.
//!
//! - [`feeds`]: any bytes as a feed, for the lint and for the importer.
//! - [`folders`]: any bytes as the texts of another generator's folder.
//! - [`imported`]: what holds of every site that the importer makes.

pub mod feeds;

pub mod folders;

pub mod imported;

#[path = "../told.rs"]
pub mod told;
