//! The words that every floor speaks: texts with places in them, what is wrong with them, tables of keys, and where outputs live.

pub mod source_text;

mod excerpt;

pub mod diagnostic;

pub mod nearest;

pub mod table;

pub mod toml_table;

pub mod slug;

pub mod address;

pub mod route;

pub mod media_type;

pub mod characters;

pub mod mail;

pub mod language;
