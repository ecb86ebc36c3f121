//! Documents become one site: identities, order, tags, archives, and links that are resolved and checked.

pub mod site;

mod claims;

mod places;

mod links;

mod image;

mod engine;

mod attached;

mod link_spans;

pub mod diagram;

mod body;

mod summary;

mod albums;

mod members;

mod tags;

mod assembly;

mod outline;

mod amend;

pub mod kept;

mod listing;

pub mod related;

pub use crate::graph::amend::{Amended, amend, post_at, read_again};
pub use crate::graph::assembly::{assemble, assemble_to_mend};
pub use crate::graph::engine::source_link;
pub use crate::graph::listing::{Listed, list};
pub use crate::graph::members::{Choice, State, tag_uri};
