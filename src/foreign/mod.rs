//! What other programs wrote: feeds as they come, and the folders of other generators. Whatever is wrong with them is
//! told with its place and taken as it was meant.
//!
//! ```text
//! bytes of a feed ─► feed ───┐
//!                            ├─► site::Site ─► writing ─► files of a genblog site, not yet written
//! another folder ─► folder ──┘
//! ```
//!
//! No file is written here; `genblog import` does that, after it has tried the new site.

pub mod told;

pub mod encoding;

pub mod offset;

pub mod moment;

pub mod zone;

pub mod quotes;

pub mod html;

pub mod site;

mod people;

pub mod links;

pub mod pictures;

pub mod feed;

pub mod folder;

pub mod writing;

pub mod lint;
