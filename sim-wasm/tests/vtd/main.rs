//! The remapping unit by itself: the order of faults, what is remembered and forgotten, the queue, the records, interrupts.

mod caches;
mod commands;
mod history;
mod interrupts;
mod records;
mod reuse;
mod walk;
mod world;
