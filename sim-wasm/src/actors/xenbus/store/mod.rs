//! The store: a tree of keys that all domains read and write, with transactions and watches
//! (`docs/misc/xenstore.txt`, `tools/xenstore/xenstored_core.c`).
//!
//! A path names a node, and a node has a value, permissions and children. A domain's relative path begins in its own
//! directory, `/local/domain/N`.
//!
//! ```text
//!   write ─► node changes ─► every watch on it or above it gets an event ─► whoever watches reads what there is now
//! ```
//!
//! An event says that something may have changed and not what: several changes may be one event's worth of reading, and the
//! first event of a watch comes without any change.
//!
//! Not modelled: the ring over which a domain talks to the store, messages in pieces, special watches (`@releaseDomain`),
//! limits on events that wait, and live update.

mod error;

mod permissions;

mod transaction;

mod tree;

pub use crate::actors::xenbus::store::error::StoreError;
pub use crate::actors::xenbus::store::permissions::{Access, Permissions};
pub use crate::actors::xenbus::store::transaction::TransactionId;

use alloc::borrow::ToOwned;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use crate::actors::xenbus::store::permissions::Want;
use crate::actors::xenbus::store::transaction::{Operation, Transaction};
use crate::actors::xenbus::store::tree::{Changed, Tree};
use crate::words::ids::DomId;
use crate::words::text::Text;

/// Bytes of a message's payload, `XENSTORE_PAYLOAD_MAX`.
pub const PAYLOAD_MAX: u32 = 4096;

/// Bytes of an absolute path, `XENSTORE_ABS_PATH_MAX`.
pub const ABSOLUTE_PATH_MAX: u32 = 3072;

/// Bytes of a relative path, `XENSTORE_REL_PATH_MAX`.
pub const RELATIVE_PATH_MAX: u32 = 2048;

/// What one guest may use of the store; dom0 is not limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Nodes that it owns (`quota_nb_entry_per_domain`).
    pub nodes: u32,
    /// Bytes of a value (`quota_max_entry_size`).
    pub value: u32,
    /// Watches (`quota_nb_watch_per_domain`).
    pub watches: u32,
    /// Transactions at a time (`quota_max_transaction`).
    pub transactions: u32,
}

impl Default for Quotas {
    /// The defaults of `xenstored`.
    fn default() -> Quotas {
        Quotas { nodes: 1000, value: 2048, watches: 128, transactions: 10 }
    }
}

/// Who asks, and within which transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The domain.
    pub domain: DomId,
    /// Its transaction, if the request is part of one.
    pub transaction: Option<TransactionId>,
}

impl Caller {
    /// A domain outside of any transaction.
    #[must_use]
    pub const fn of(domain: DomId) -> Caller {
        Caller { domain, transaction: None }
    }

    /// The same domain within a transaction.
    #[must_use]
    pub const fn within(self, transaction: TransactionId) -> Caller {
        Caller { domain: self.domain, transaction: Some(transaction) }
    }
}

/// What a watch's owner recognises it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(pub u32);

/// Something may have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchEvent {
    /// Whose watch it is.
    pub domain: DomId,
    /// The node that changed, or the watched one, as an absolute path.
    pub path: String,
    /// The watch's token.
    pub token: Token,
}

#[derive(Clone, Debug)]
struct Watch {
    domain: DomId,
    path: String,
    token: Token,
}

/// The store.
#[derive(Clone, Debug)]
pub struct Xenstore {
    tree: Tree,
    quotas: Quotas,
    /// The open ones, oldest first.
    transactions: Vec<Transaction>,
    next_transaction: u32,
    watches: Vec<Watch>,
    events: VecDeque<WatchEvent>,
}

impl Xenstore {
    /// A store with a root that belongs to dom0 and that everybody may read.
    #[must_use]
    pub fn new(quotas: Quotas) -> Xenstore {
        Xenstore {
            tree: Tree::new(),
            quotas,
            transactions: Vec::new(),
            next_transaction: 1,
            watches: Vec::new(),
            events: VecDeque::new(),
        }
    }

    /// A node's value (`XS_READ`).
    pub fn read(&mut self, caller: Caller, path: &str) -> Result<&[u8], StoreError> {
        let path = absolute(caller.domain, path)?;
        let tree = self.tree_for(caller, &[&path])?;
        Ok(&tree.get(caller.domain, &path, Want::Read)?.value)
    }

    /// The names of a node's children, in order (`XS_DIRECTORY`).
    pub fn directory(&mut self, caller: Caller, path: &str) -> Result<Vec<String>, StoreError> {
        let path = absolute(caller.domain, path)?;
        let tree = self.tree_for(caller, &[&path])?;
        tree.get(caller.domain, &path, Want::Read)?;
        Ok(tree.children(&path).map(str::to_owned).collect())
    }

    /// Who may do what with a node (`XS_GET_PERMS`).
    pub fn permissions(&mut self, caller: Caller, path: &str) -> Result<Permissions, StoreError> {
        let path = absolute(caller.domain, path)?;
        let tree = self.tree_for(caller, &[&path])?;
        Ok(tree.get(caller.domain, &path, Want::Read)?.permissions.clone())
    }

    /// Changes a node's value, or makes the node and whatever is missing above it (`XS_WRITE`).
    pub fn write(&mut self, caller: Caller, path: &str, value: &[u8]) -> Result<(), StoreError> {
        if value.len() as u32 > PAYLOAD_MAX {
            return Err(StoreError::TooBig);
        }
        if caller.domain != DomId::DOM0 && value.len() as u32 > self.quotas.value {
            return Err(StoreError::NoSpace);
        }
        let path = absolute(caller.domain, path)?;
        self.change(caller, Operation::Write { path, value: value.to_vec() })
    }

    /// Makes a node with no value, unless it is there (`XS_MKDIR`).
    pub fn mkdir(&mut self, caller: Caller, path: &str) -> Result<(), StoreError> {
        let path = absolute(caller.domain, path)?;
        self.change(caller, Operation::Mkdir { path })
    }

    /// Removes a node and all below it; one that is not there is removed already, if its parent is there (`XS_RM`).
    pub fn remove(&mut self, caller: Caller, path: &str) -> Result<(), StoreError> {
        let path = absolute(caller.domain, path)?;
        self.change(caller, Operation::Remove { path })
    }

    /// Changes who may do what with a node (`XS_SET_PERMS`). Only its owner may, and no guest gives a node away.
    pub fn set_permissions(&mut self, caller: Caller, path: &str, permissions: Permissions) -> Result<(), StoreError> {
        let path = absolute(caller.domain, path)?;
        self.change(caller, Operation::SetPermissions { path, permissions })
    }

    /// Begins a transaction: it reads the store as it is now, whatever others write meanwhile (`XS_TRANSACTION_START`).
    pub fn transaction_start(&mut self, domain: DomId) -> Result<TransactionId, StoreError> {
        let open = self.transactions.iter().filter(|transaction| transaction.domain == domain).count();
        if domain != DomId::DOM0 && open as u32 >= self.quotas.transactions {
            return Err(StoreError::NoSpace);
        }
        let id = TransactionId(self.next_transaction);
        self.next_transaction += 1;
        self.transactions.push(Transaction::new(id, domain, self.tree.clone()));
        Ok(id)
    }

    /// Ends a transaction: all that it wrote is written at once, unless a node that it looked at was changed by somebody
    /// else (`XS_TRANSACTION_END`). Then nothing is, and it is to be done [again](StoreError::Again).
    ///
    /// Before Xen 4.9 any change by anybody meant as much.
    pub fn transaction_end(&mut self, domain: DomId, id: TransactionId) -> Result<(), StoreError> {
        let transaction = self.take_transaction(domain, id)?;
        if transaction.conflicts(&self.tree) {
            return Err(StoreError::Again);
        }
        // On equal nodes all is allowed that was allowed before, but the domain may have used up its share meanwhile.
        let mut tree = self.tree.clone();
        let mut changes = Vec::new();
        for operation in transaction.into_operations() {
            changes.extend(operation.apply(&mut tree, domain, self.quotas.nodes)?);
        }
        self.tree = tree;
        changes.iter().for_each(|changed| self.fire(changed));
        Ok(())
    }

    /// Ends a transaction and forgets what it wrote.
    pub fn transaction_abort(&mut self, domain: DomId, id: TransactionId) -> Result<(), StoreError> {
        self.take_transaction(domain, id).map(|_| ())
    }

    /// Watches a node and all below it (`XS_WATCH`). The first event comes at once.
    pub fn watch(&mut self, domain: DomId, path: &str, token: Token) -> Result<(), StoreError> {
        let path = absolute(domain, path)?;
        let own = self.watches.iter().filter(|watch| watch.domain == domain);
        if domain != DomId::DOM0 && own.clone().count() as u32 >= self.quotas.watches {
            return Err(StoreError::NoSpace);
        }
        if own.clone().any(|watch| watch.path == path && watch.token == token) {
            return Err(StoreError::Exists);
        }
        self.events.push_back(WatchEvent { domain, path: path.clone(), token });
        self.watches.push(Watch { domain, path, token });
        Ok(())
    }

    /// Ends a watch (`XS_UNWATCH`). Events of it that were not taken are gone too, as `unregister_xenbus_watch` cancels
    /// them.
    pub fn unwatch(&mut self, domain: DomId, path: &str, token: Token) -> Result<(), StoreError> {
        let path = absolute(domain, path)?;
        let is_it = |watch: &Watch| watch.domain == domain && watch.path == path && watch.token == token;
        let place = self.watches.iter().position(is_it).ok_or(StoreError::NoEntry)?;
        self.watches.remove(place);
        self.events.retain(|event| event.domain != domain || event.token != token || !is_below(&event.path, &path));
        Ok(())
    }

    /// The oldest event that nobody has taken.
    pub fn next_event(&mut self) -> Option<WatchEvent> {
        self.events.pop_front()
    }

    /// Whether an event waits to be taken.
    #[must_use]
    pub fn has_event(&self) -> bool {
        !self.events.is_empty()
    }

    /// A domain is gone: so are its watches, its events and its transactions. Its nodes stay until somebody removes them.
    pub fn release(&mut self, domain: DomId) {
        self.watches.retain(|watch| watch.domain != domain);
        self.events.retain(|event| event.domain != domain);
        self.transactions.retain(|transaction| transaction.domain != domain);
    }

    /// Every node in order: path and value.
    pub fn nodes(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.tree.iter()
    }

    /// The tree that a request is about; a transaction notes that it looked at these paths.
    fn tree_for(&mut self, caller: Caller, paths: &[&str]) -> Result<&Tree, StoreError> {
        let Some(id) = caller.transaction else { return Ok(&self.tree) };
        let transaction = self.transaction(caller.domain, id)?;
        for path in paths {
            transaction.note(path);
        }
        Ok(transaction.tree())
    }

    fn change(&mut self, caller: Caller, operation: Operation) -> Result<(), StoreError> {
        let quota = self.quotas.nodes;
        if let Some(id) = caller.transaction {
            return self.transaction(caller.domain, id)?.apply(operation, quota);
        }
        if let Some(changed) = operation.apply(&mut self.tree, caller.domain, quota)? {
            self.fire(&changed);
        }
        Ok(())
    }

    /// Queues the events of a change (`fire_watches`): for watches on the node and above it, and for those below it when it
    /// is removed.
    fn fire(&mut self, changed: &Changed) {
        for watch in &self.watches {
            let path = if is_below(&changed.path, &watch.path) {
                &changed.path
            } else if changed.removed && is_below(&watch.path, &changed.path) {
                &watch.path
            } else {
                continue;
            };
            if changed.readers.allows(watch.domain, Want::Read) {
                self.events.push_back(WatchEvent { domain: watch.domain, path: path.clone(), token: watch.token });
            }
        }
    }

    fn transaction(&mut self, domain: DomId, id: TransactionId) -> Result<&mut Transaction, StoreError> {
        let mut open = self.transactions.iter_mut();
        open.find(|transaction| transaction.id == id && transaction.domain == domain).ok_or(StoreError::NoEntry)
    }

    fn take_transaction(&mut self, domain: DomId, id: TransactionId) -> Result<Transaction, StoreError> {
        let is_it = |transaction: &Transaction| transaction.id == id && transaction.domain == domain;
        let place = self.transactions.iter().position(is_it).ok_or(StoreError::NoEntry)?;
        Ok(self.transactions.remove(place))
    }
}

/// The absolute form of a path, if it is a path at all (`is_valid_nodename`).
fn absolute(domain: DomId, path: &str) -> Result<String, StoreError> {
    let limit = if path.starts_with('/') { ABSOLUTE_PATH_MAX } else { RELATIVE_PATH_MAX };
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-/_@".contains(&byte);
    let sound = !path.is_empty()
        && path.len() as u32 <= limit
        && path.bytes().all(known)
        && !path.contains("//")
        && (path == "/" || !path.ends_with('/'));
    if !sound {
        return Err(StoreError::Invalid);
    }
    if path.starts_with('/') {
        return Ok(path.to_owned());
    }
    let mut absolute = Text::new();
    absolute.push_str("/local/domain/").push_u32(u32::from(domain.0)).push_char('/').push_str(path);
    Ok(absolute.into_string())
}

/// Whether a node is another one or lies below it.
fn is_below(path: &str, above: &str) -> bool {
    above == "/" || path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
