//! A transaction: a view of the store as it was, with what the transaction itself wrote.
//!
//! It remembers the generation of every node that it looked at, as it found it. If they are all unchanged at its end, then
//! doing now what it did then has the same outcome, and that is done.
//!
//! Not modelled: limits on how long a transaction stays open.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::actors::xenbus::store::error::StoreError;
use crate::actors::xenbus::store::permissions::Permissions;
use crate::actors::xenbus::store::tree::{Changed, Tree, parent};
use crate::words::ids::DomId;

/// Names an open transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TransactionId(pub(super) u32);

/// A request that changes something. Paths are absolute.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    Write { path: String, value: Vec<u8> },
    Mkdir { path: String },
    Remove { path: String },
    SetPermissions { path: String, permissions: Permissions },
}

impl Operation {
    /// Does it on a tree; nothing if there was nothing to change.
    pub(super) fn apply(self, tree: &mut Tree, domain: DomId, quota: u32) -> Result<Option<Changed>, StoreError> {
        match self {
            Operation::Write { path, value } => tree.write(domain, &path, value, quota).map(Some),
            Operation::Mkdir { path } => tree.mkdir(domain, &path, quota),
            Operation::Remove { path } => tree.remove(domain, &path),
            Operation::SetPermissions { path, permissions } => {
                tree.set_permissions(domain, &path, permissions).map(Some)
            }
        }
    }

    fn path(&self) -> &str {
        match self {
            Operation::Write { path, .. }
            | Operation::Mkdir { path }
            | Operation::Remove { path }
            | Operation::SetPermissions { path, .. } => path,
        }
    }
}

/// An open transaction.
#[derive(Clone, Debug)]
pub(super) struct Transaction {
    pub(super) id: TransactionId,
    pub(super) domain: DomId,
    /// The store as it was, and what was written since.
    tree: Tree,
    /// The store's generation of each node that was looked at; nothing where there was no node.
    seen: BTreeMap<String, Option<u64>>,
    operations: Vec<Operation>,
}

impl Transaction {
    pub(super) const fn new(id: TransactionId, domain: DomId, tree: Tree) -> Transaction {
        Transaction { id, domain, tree, seen: BTreeMap::new(), operations: Vec::new() }
    }

    pub(super) const fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The transaction looks at a node, and where there is none at what is above it up to the nearest that is there.
    ///
    /// Whatever it changes it has noted before, so that a generation noted is always the store's.
    pub(super) fn note(&mut self, path: &str) {
        let nearest = self.tree.nearest(path);
        let mut path = path;
        loop {
            if !self.seen.contains_key(path) {
                self.seen.insert(path.to_owned(), self.tree.generation_of(path));
            }
            if path == nearest {
                return;
            }
            path = parent(path);
        }
    }

    /// Does an operation on the transaction's own view, and remembers it if it was allowed.
    pub(super) fn apply(&mut self, operation: Operation, quota: u32) -> Result<(), StoreError> {
        self.note(operation.path());
        self.note(parent(operation.path()));
        self.note_below(&operation);
        operation.clone().apply(&mut self.tree, self.domain, quota)?;
        self.operations.push(operation);
        Ok(())
    }

    /// Removing a node looks at all that goes with it.
    fn note_below(&mut self, operation: &Operation) {
        if let Operation::Remove { path } = operation {
            let below = self.tree.below(path);
            for path in below {
                self.note(&path);
            }
        }
    }

    /// Whether a node that was looked at has changed in the store since.
    pub(super) fn conflicts(&self, tree: &Tree) -> bool {
        self.seen.iter().any(|(path, generation)| tree.generation_of(path) != *generation)
    }

    pub(super) fn into_operations(self) -> Vec<Operation> {
        self.operations
    }
}
