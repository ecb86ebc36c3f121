//! Sites on disk: nothing is read or made twice, nothing is left behind, what is killed goes on where it was, and what is remembered
//! makes no difference.

mod amended;
mod blog;
mod broken;
mod full;
mod killed;
mod progress;
mod seen;
mod site;
mod threads;
mod twice;
