//! Hashes for serde: as hexadecimal text where people may read them, and as bytes elsewhere.

use blake3::Hash;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

pub(super) fn serialize<S: Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        serializer.serialize_str(&hash.to_hex())
    } else {
        serializer.serialize_bytes(hash.as_bytes())
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
    if deserializer.is_human_readable() {
        Hash::from_hex(String::deserialize(deserializer)?).map_err(D::Error::custom)
    } else {
        let bytes = <&[u8]>::deserialize(deserializer)?;
        bytes.try_into().map(Hash::from_bytes).map_err(D::Error::custom)
    }
}
