//! How old Xen and the guest's device model are.
//!
//! Not modelled: the releases between. What changed in steps is old until the last of them.

/// A release of Xen with the device model of its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Release {
    /// 3.3.1 of January 2009, with the device model of `tools/ioemu`.
    #[default]
    Xen33,
    /// Today's, with QEMU 4.1 or later.
    Today,
}

impl Release {
    /// Both, older first.
    pub const ALL: [Release; 2] = [Release::Xen33, Release::Today];
}
