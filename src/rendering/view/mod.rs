//! What templates see: plain data, with every link ready to use.
//!
//! `href`s and `src`s may stand in a page of this site as they are; `url`s are absolute. Fields named `html` or `…_html` are safe
//! and need the `safe` filter; everything else is plain text. An absent link is the empty string, an absent thing is null.
//!
//! [`shared`] is what several templates see, [`page`] what each page adds, [`figure`] what a figure shows.

pub mod shared;

pub mod page;

pub mod figure;
