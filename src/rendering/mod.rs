//! The site becomes outputs: views, templates, figures, photographs, the feed and what hosts and crawlers read.
//!
//! The entry point is [`plan::plan`].

pub mod view;

pub mod portable;

pub mod template_error;

pub mod script;

mod closure;

pub mod built_in;

pub mod shelf;

pub mod theme;

pub mod raster;

pub mod figure;

pub mod drawing;

pub mod diagram;

mod boxes;

pub mod code;

pub mod metadata;

pub mod published;

pub mod formats;

pub mod photos;

pub mod making;
pub mod pictures;

pub mod feed_address;

pub mod hashing;

pub mod shared;

pub mod listed;

mod filters;

mod spoken;

mod aside;

pub mod renderer;

pub mod draft;

pub mod card;

pub mod mark;

pub mod icons;

pub mod linked_data;

pub mod pages;

pub mod alone;

pub mod lists;

pub mod search;

pub mod dates;

pub mod exposure;

pub mod gallery;

pub mod xml;

pub mod feeds;

pub mod crawlers;

pub mod headers;

pub mod plan;

pub mod loads;
