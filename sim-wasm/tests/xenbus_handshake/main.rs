//! The two halves of a device find each other, and part: with every pair of drivers, with every key damaged, and in any
//! order of commands.

mod machine;

mod meeting;

mod damaged;

mod parting;

mod drawn;
