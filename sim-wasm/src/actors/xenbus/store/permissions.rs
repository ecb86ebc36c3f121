//! Who may do what with a node.
//!
//! Not modelled: permissions of special watches (`@releaseDomain`).

use alloc::vec;
use alloc::vec::Vec;

use crate::words::ids::DomId;

/// What a domain is allowed (`XS_PERM_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    None,
    /// To read.
    Read,
    /// To write.
    Write,
    /// Both.
    Both,
}

/// What a request needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    Read,
    Write,
}

/// A node's permissions: its owner may do everything and so may dom0, some domains what stands beside them, and all others
/// what the owner's own entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// The owner.
    pub owner: DomId,
    /// What domains may do that are not listed.
    pub others: Access,
    /// What listed domains may do.
    pub listed: Vec<(DomId, Access)>,
}

impl Permissions {
    /// The owner's alone.
    #[must_use]
    pub const fn private(owner: DomId) -> Permissions {
        Permissions { owner, others: Access::None, listed: Vec::new() }
    }

    /// The owner's, and one other domain may read it.
    #[must_use]
    pub fn shown_to(owner: DomId, reader: DomId) -> Permissions {
        Permissions { owner, others: Access::None, listed: vec![(reader, Access::Read)] }
    }

    /// Whether a domain may (`perm_for_conn`).
    pub(super) fn allows(&self, domain: DomId, want: Want) -> bool {
        if domain == DomId::DOM0 || domain == self.owner {
            return true;
        }
        let listed = self.listed.iter().find(|(other, _)| *other == domain);
        match (listed.map_or(self.others, |(_, access)| *access), want) {
            (Access::Both, _) | (Access::Read, Want::Read) | (Access::Write, Want::Write) => true,
            (Access::None, _) | (Access::Read, Want::Write) | (Access::Write, Want::Read) => false,
        }
    }
}
