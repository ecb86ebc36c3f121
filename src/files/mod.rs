//! Everything that touches the disk: the configuration, the sources, the cache and the output folder.

pub mod config;

pub mod picture;

mod hash_bytes;

mod hash_of;

pub mod cache;

pub mod receipt;

pub mod stamp;

pub mod seen;

pub mod source;

pub mod artifact;

pub mod kept;

pub mod graphviz;

mod place;

mod lock;

mod present;

mod conflict;

pub mod composition;

mod planned;

pub mod output;

pub mod inspected;

pub mod published;

pub mod answers;
