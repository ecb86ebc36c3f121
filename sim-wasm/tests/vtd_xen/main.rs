//! Xen's use of remapping units: what a device reaches in every mode, and what a hostile one reaches while things change.

mod assignment;
mod drawn;
mod faults;
mod forgetting;
mod interrupts;
mod numbers;
mod options;
mod reach;
mod taking;
mod world;
