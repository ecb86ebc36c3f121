//! The guest's driver against a backend that is scripted here on the rings' plain bytes: an honest one, and hostile ones.

mod bench;
mod flip;
mod hostile;
mod receive;
mod reconnect;
mod transmit;
