//! One key, and the name it goes by.

use std::fmt;
use std::time::SystemTime;

use aws_lc_rs::aead::{AES_256_GCM, RandomizedNonceKey};
use aws_lc_rs::rand;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::error::Error;

/// The length of a key in bytes.
pub(super) const LENGTH: usize = 32;
const ID: usize = 8;

/// What a key is known by: the beginning of a digest of it, which says nothing of the key. Shown as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; ID]);

/// A key for AES-256-GCM (NIST SP 800-38D). Each sealing takes a random nonce: one key is good for 2^32 of them.
pub(super) struct Key {
    pub(super) id: KeyId,
    pub(super) created: SystemTime,
    pub(super) bytes: Zeroizing<[u8; LENGTH]>,
    pub(super) aead: RandomizedNonceKey,
}

impl Key {
    /// A new key of random bytes.
    pub(super) fn generate(now: SystemTime) -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        rand::fill(&mut *bytes).map_err(|_| Error::NoRandomness)?;
        Self::new(bytes, now).ok_or(Error::NoRandomness)
    }

    /// The key of these bytes.
    pub(super) fn new(bytes: Zeroizing<[u8; LENGTH]>, created: SystemTime) -> Option<Self> {
        Some(Self {
            id: KeyId::of(&bytes),
            created,
            aead: RandomizedNonceKey::new(&AES_256_GCM, &*bytes).ok()?,
            bytes,
        })
    }
}

impl KeyId {
    /// The length of its stored form.
    pub(super) const LENGTH: usize = ID;

    fn of(key: &[u8; LENGTH]) -> Self {
        let digest = Sha256::new()
            .chain_update(b"datastored key id\0")
            .chain_update(key)
            .finalize();
        let mut id = [0; ID];
        id.copy_from_slice(&digest[..ID]);
        Self(id)
    }

    pub(super) fn from_bytes(bytes: [u8; ID]) -> Self {
        Self(bytes)
    }

    pub(super) fn as_bytes(&self) -> &[u8; ID] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = u64::from_str_radix(&text, 16).map_err(serde::de::Error::custom)?;
        Ok(Self(number.to_be_bytes()))
    }
}
