//! A token of the server's own: made once, shown once, and known afterwards by its hash alone.

use aws_lc_rs::error::Unspecified;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::model::secret::Secret;

/// What every token begins with, so that scanners of source code find those that were lost there.
pub(super) const PREFIX: &str = "dsk_";

/// A token has 256 random bits: there is nothing to guess, so that a plain hash is enough to keep it by.
const RANDOM_BYTES: usize = 32;

/// The SHA-256 of a token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hash([u8; 32]);

/// A new token.
///
/// # Errors
/// When the system gives no random bytes.
pub(super) fn new() -> Result<Secret, Unspecified> {
    let mut bytes = [0; RANDOM_BYTES];
    aws_lc_rs::rand::fill(&mut bytes)?;
    let text = URL_SAFE_NO_PAD.encode(bytes);
    Ok(Secret::new(format!("{PREFIX}{text}")))
}

impl Hash {
    /// The hash of a token.
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// The hash that was written as `text`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// The hash in base64url, for a file.
    pub(super) fn to_text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The first bytes, to look it up by.
    pub(super) fn start(self) -> u64 {
        let first = self.0.first_chunk();
        first.map_or(0, |first| u64::from_be_bytes(*first))
    }

    /// Whether they are the same, in a time that does not depend on where they differ.
    pub(super) fn is(self, other: Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::{Hash, new};

    #[test]
    fn a_token_has_256_random_bits_behind_its_prefix() {
        let (one, other) = (new().unwrap(), new().unwrap());
        assert!(one.expose().starts_with("dsk_"));
        assert_eq!(one.expose().len(), 4 + 43);
        assert_ne!(one.expose(), other.expose());
    }

    #[test]
    fn a_hash_is_the_same_after_it_was_written_and_read() {
        let hash = Hash::of("dsk_a");
        let read = Hash::parse(&hash.to_text()).unwrap();
        assert!(hash.is(read) && hash.start() == read.start());
        assert!(!hash.is(Hash::of("dsk_b")));
        for text in ["", "x", "é", &hash.to_text()[1..]] {
            assert!(Hash::parse(text).is_none(), "{text:?}");
        }
    }
}
