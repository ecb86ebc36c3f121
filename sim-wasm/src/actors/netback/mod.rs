//! The classic netback, and what all generations of the driver are told and tell.

pub mod settings;

pub mod outcome;
