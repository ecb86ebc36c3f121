//! Photographs on disk: nothing is read or made twice, nothing is left behind, and what is killed goes on where it was.

mod broken;
mod killed;
mod progress;
mod seen;
mod site;
mod twice;
