//! The words that every floor speaks: texts with places in them, what is wrong with them, and where outputs live.

pub mod source_text;

pub mod diagnostic;

pub mod route;
