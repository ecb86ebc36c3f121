//! The nodes, and the rules of a single request.
//!
//! Not modelled: the database on disk, and quotas in bytes of memory beyond a value's.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::actors::xenbus::store::error::StoreError;
use crate::actors::xenbus::store::is_below;
use crate::actors::xenbus::store::permissions::{Access, Permissions, Want};
use crate::words::ids::DomId;

/// A node.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Vec<u8>,
    pub(super) permissions: Permissions,
    /// When it was changed last: its value, its permissions or the list of its children.
    pub(super) generation: u64,
}

/// What a request changed.
#[derive(Clone, Debug)]
pub(super) struct Changed {
    pub(super) path: String,
    pub(super) removed: bool,
    /// Who may know: those who may read the node, or could before it was removed (XSA-115).
    pub(super) readers: Permissions,
}

/// All nodes by absolute path. A node's parent is always there.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    nodes: BTreeMap<String, Node>,
    generation: u64,
}

/// The path of the node above; the root's is itself.
pub(super) fn parent(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(place) => &path[..place],
    }
}

impl Tree {
    pub(super) fn new() -> Tree {
        let permissions = Permissions { owner: DomId::DOM0, others: Access::Read, listed: Vec::new() };
        let root = Node { value: Vec::new(), permissions, generation: 0 };
        Tree { nodes: BTreeMap::from([("/".to_owned(), root)]), generation: 0 }
    }

    /// A node, if the domain may. That a node is missing is only for those to know who may look at the nearest node above
    /// it (`errno_from_parents`).
    pub(super) fn get(&self, domain: DomId, path: &str, want: Want) -> Result<&Node, StoreError> {
        if let Some(node) = self.nodes.get(path) {
            return if node.permissions.allows(domain, want) { Ok(node) } else { Err(StoreError::Denied) };
        }
        let above = &self.nodes[self.nearest(path)];
        Err(if above.permissions.allows(domain, want) { StoreError::NoEntry } else { StoreError::Denied })
    }

    pub(super) fn generation_of(&self, path: &str) -> Option<u64> {
        self.nodes.get(path).map(|node| node.generation)
    }

    /// The nearest node that is there, at a path or above it.
    pub(super) fn nearest<'path>(&self, path: &'path str) -> &'path str {
        let mut above = path;
        while !self.nodes.contains_key(above) {
            above = parent(above);
        }
        above
    }

    pub(super) fn children<'tree>(&'tree self, path: &str) -> impl Iterator<Item = &'tree str> {
        let mut prefix = path.to_owned();
        if path != "/" {
            prefix.push('/');
        }
        let below = self.nodes.range(prefix.clone()..);
        below
            .map_while(move |(path, _)| path.strip_prefix(prefix.as_str()))
            .filter(|name| !name.is_empty() && !name.contains('/'))
    }

    /// The paths of all nodes at a path and below.
    pub(super) fn below(&self, path: &str) -> Vec<String> {
        self.nodes.keys().filter(|other| is_below(other, path)).cloned().collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.nodes.iter().map(|(path, node)| (path.as_str(), node.value.as_slice()))
    }

    /// Sets a value; makes the node, and all that is missing above it, with the permissions of what is there. A guest owns
    /// what it makes.
    pub(super) fn write(
        &mut self,
        domain: DomId,
        path: &str,
        value: Vec<u8>,
        quota: u32,
    ) -> Result<Changed, StoreError> {
        match self.get(domain, path, Want::Write) {
            Ok(_) | Err(StoreError::NoEntry) => {}
            Err(other) => return Err(other),
        }
        self.create(domain, path, quota)?;
        let generation = self.next_generation();
        let node = self.nodes.get_mut(path).expect("it is there or was just made");
        (node.value, node.generation) = (value, generation);
        Ok(Changed { path: path.to_owned(), removed: false, readers: node.permissions.clone() })
    }

    pub(super) fn mkdir(&mut self, domain: DomId, path: &str, quota: u32) -> Result<Option<Changed>, StoreError> {
        match self.get(domain, path, Want::Write) {
            Ok(_) => Ok(None),
            Err(StoreError::NoEntry) => self.write(domain, path, Vec::new(), quota).map(Some),
            Err(other) => Err(other),
        }
    }

    pub(super) fn remove(&mut self, domain: DomId, path: &str) -> Result<Option<Changed>, StoreError> {
        if path == "/" {
            return Err(StoreError::Invalid);
        }
        match self.get(domain, path, Want::Write) {
            Ok(node) => {
                let readers = node.permissions.clone();
                self.nodes.retain(|other, _| !is_below(other, path));
                self.touch(parent(path));
                Ok(Some(Changed { path: path.to_owned(), removed: true, readers }))
            }
            Err(StoreError::NoEntry) if self.nodes.contains_key(parent(path)) => Ok(None),
            Err(other) => Err(other),
        }
    }

    pub(super) fn set_permissions(
        &mut self,
        domain: DomId,
        path: &str,
        permissions: Permissions,
    ) -> Result<Changed, StoreError> {
        let node = self.get(domain, path, Want::Write)?;
        let owns = node.permissions.owner == domain && permissions.owner == domain;
        if domain != DomId::DOM0 && !owns {
            return Err(StoreError::Denied);
        }
        let generation = self.next_generation();
        let node = self.nodes.get_mut(path).expect("it was there a moment ago");
        (node.permissions, node.generation) = (permissions.clone(), generation);
        Ok(Changed { path: path.to_owned(), removed: false, readers: permissions })
    }

    /// Makes what is missing of a path.
    fn create(&mut self, domain: DomId, path: &str, quota: u32) -> Result<(), StoreError> {
        let nearest = self.nearest(path);
        if nearest == path {
            return Ok(());
        }
        let missing = path[nearest.trim_end_matches('/').len()..].matches('/').count();
        let mut permissions = self.nodes[nearest].permissions.clone();
        if domain != DomId::DOM0 {
            permissions.owner = domain;
            let owned = self.nodes.values().filter(|node| node.permissions.owner == domain).count();
            if (owned + missing) as u32 > quota {
                return Err(StoreError::NoSpace);
            }
        }
        self.touch(nearest);
        let mut made = path;
        while !self.nodes.contains_key(made) {
            let node = Node { value: Vec::new(), permissions: permissions.clone(), generation: self.next_generation() };
            self.nodes.insert(made.to_owned(), node);
            made = parent(made);
        }
        Ok(())
    }

    /// A node's list of children changed.
    fn touch(&mut self, path: &str) {
        let generation = self.next_generation();
        if let Some(node) = self.nodes.get_mut(path) {
            node.generation = generation;
        }
    }

    fn next_generation(&mut self) -> u64 {
        self.generation += 1;
        self.generation
    }
}
