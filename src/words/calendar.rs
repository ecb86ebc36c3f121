//! Days of the week, as RSS and people name them.

/// Their English names, from Monday on.
pub const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
