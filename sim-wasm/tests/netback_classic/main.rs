//! The classic netback, driven by guests that write plain bytes.

mod world;

mod transmit;

mod refused;

mod garbage;

mod waiting;

mod receive;

mod connection;

mod run;

mod properties;
