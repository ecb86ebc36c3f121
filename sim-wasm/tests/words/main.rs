//! Every event has its words: a sentence in every case, and the code that does it unless no code does.

#[path = "../golden/mod.rs"]
mod golden;

mod complete;
mod devices;
mod network;
mod sentences;
mod sources;
mod tried;
