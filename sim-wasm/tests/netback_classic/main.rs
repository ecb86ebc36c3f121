//! The classic netback, driven by guests that write plain bytes.

mod world;

mod transmit;

mod receive;

mod connection;

mod properties;
