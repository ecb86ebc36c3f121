//! Everything that touches the disk: the configuration, the sources, the cache and the output folder.

pub mod config;

pub mod picture;

pub mod source;

pub mod cache;

mod place;

pub mod output;

pub mod kept;

pub mod published;
