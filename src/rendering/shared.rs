//! Views that many pages show: hashed once, and turned into what templates take once.

use std::sync::OnceLock;

use blake3::Hash;
use serde::Serialize;
use tera::Value;

use crate::rendering::hashing::hash_json;

/// A view that several pages show.
#[derive(Debug)]
pub struct Shared<V> {
    /// The view.
    pub view: V,
    /// Its hash.
    pub hash: Hash,
    value: OnceLock<Value>,
}

impl<V: Serialize> Shared<V> {
    /// Shares a view.
    #[must_use]
    pub fn new(view: V) -> Self {
        Self { hash: hash_json(&view), view, value: OnceLock::new() }
    }

    /// The view as templates take it.
    #[must_use]
    pub fn value(&self) -> Value {
        self.value.get_or_init(|| Value::from_serializable(&self.view)).clone()
    }
}
