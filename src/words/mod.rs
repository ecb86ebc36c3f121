//! The words that every floor speaks: texts with places in them, what is wrong with them, tables of keys, and where outputs live.

pub mod source_text;

pub(crate) mod excerpt;

pub mod diagnostic;

pub mod sarif;

pub mod nearest;

pub mod table;

pub mod toml_table;

pub mod slug;

pub mod address;

pub mod ascii_url;

pub mod route;

pub mod source_set;

pub mod media_type;

pub mod calendar;

pub mod feed_limits;

pub mod characters;

pub mod mail;

pub mod language;

pub mod phrases;

pub mod zone;

pub mod natural;
