//! Everything that touches the disk: the configuration, the sources, the cache and the output folder.

pub mod config;

pub mod source;

pub mod cache;

pub mod output;
