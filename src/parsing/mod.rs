//! Texts become documents: their keys typed, their Markdown HTML as far as it does not depend on the
//! rest of the site. No file is opened here.

mod moment;

pub(crate) mod yaml_table;

pub(crate) mod front_matter;

pub mod html;

pub mod text;

mod fence;

pub mod code;

mod math;

pub(crate) mod dot;

mod anchors;

mod written;

pub(crate) mod engine_link;

pub(crate) mod html_body;

pub(crate) mod markdown;

pub(crate) mod layout;

pub mod keys;

pub mod enclosure;

pub mod post;

pub mod page;

pub mod album;
