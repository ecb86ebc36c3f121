//! What the store answers when it does not do what it is asked.
//!
//! Not modelled: errors of the daemon's own: no memory, a broken database, no connection.

/// Why a request failed. On the wire it is the name of an error number (`xsd_errors` in
/// `xen/include/public/io/xs_wire.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub enum StoreError {
    /// There is no such node, watch or transaction, `ENOENT`.
    NoEntry = -2,
    /// Too much in one message, `E2BIG`.
    TooBig = -7,
    /// Somebody else changed what the transaction looked at, `EAGAIN`.
    Again = -11,
    /// The node's permissions do not let the domain, `EACCES`.
    Denied = -13,
    /// It exists already, `EEXIST`.
    Exists = -17,
    /// That is no path, `EINVAL`.
    Invalid = -22,
    /// The domain has used up its share, `ENOSPC`.
    NoSpace = -28,
}

impl StoreError {
    /// The negative error number that a kernel makes of it.
    #[must_use]
    pub const fn errno(self) -> i16 {
        self as i16
    }
}
