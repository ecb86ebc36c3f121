//! Hashes for serde: as hexadecimal text where people may read them, and as bytes elsewhere.

use blake3::Hash;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

pub(super) fn serialize<S: Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        serializer.serialize_str(&hash.to_hex())
    } else {
        hash.as_bytes().serialize(serializer)
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
    if deserializer.is_human_readable() {
        Hash::from_hex(String::deserialize(deserializer)?).map_err(D::Error::custom)
    } else {
        <[u8; blake3::OUT_LEN]>::deserialize(deserializer).map(Hash::from)
    }
}
