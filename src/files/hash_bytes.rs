//! Hashes for serde, as bytes: what remembers them is read by programs alone.

use blake3::Hash;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

pub(super) fn serialize<S: Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(hash.as_bytes())
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
    let bytes = <&[u8]>::deserialize(deserializer)?;
    bytes.try_into().map(Hash::from_bytes).map_err(D::Error::custom)
}
