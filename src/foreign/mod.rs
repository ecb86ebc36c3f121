//! What other programs wrote: feeds as they come, and the folders of other generators. Whatever is wrong with them is
//! told with its place and taken as it was meant.

pub mod lint;
