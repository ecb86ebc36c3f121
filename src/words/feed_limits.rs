//! Where a feed begins to be a trouble, for those that are built and for those that are checked.

/// More bytes than this some services do not take.
pub const MOST_BYTES: usize = 512 << 10;

/// As many of the newest items are looked at for the hours in which they came out.
pub const NEWEST: usize = 10;

/// How many of those, when they lie in skipped hours, are worth a warning: one may be chance.
pub const IN_SKIPPED_HOURS: usize = 2;
