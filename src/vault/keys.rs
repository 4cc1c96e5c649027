//! The keys that are in use: the first seals, all of them open.

use std::fmt;
use std::time::SystemTime;

use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};
use zeroize::Zeroizing;

use super::error::{Error, OpenError};
use super::key::{Key, KeyId};

/// The version of the sealed form: this byte, the key's id, the nonce, then the text and its tag.
const FORMAT: u8 = 1;
const NONCE_AT: usize = 1 + KeyId::LENGTH;
const TEXT_AT: usize = NONCE_AT + NONCE_LEN;

/// One key at least. Its Debug shows their ids alone.
pub struct Keys(Vec<Key>);

impl Keys {
    /// A new key alone, which no file holds: what it seals is lost with it.
    ///
    /// # Errors
    /// [`Error::NoRandomness`].
    pub fn generate() -> Result<Self, Error> {
        Ok(Self(vec![Key::generate(SystemTime::now())?]))
    }

    /// These, the first of which seals.
    pub(super) fn new(keys: Vec<Key>) -> Option<Self> {
        (!keys.is_empty()).then_some(Self(keys))
    }

    pub(super) fn into_all(self) -> Vec<Key> {
        self.0
    }

    pub(super) fn all(&self) -> &[Key] {
        &self.0
    }

    /// The key that seals.
    #[must_use]
    pub fn current(&self) -> KeyId {
        self.0[0].id
    }

    /// All keys with the time at which each was made, the one that seals first.
    pub fn ids(&self) -> impl Iterator<Item = (KeyId, SystemTime)> {
        self.0.iter().map(|key| (key.id, key.created))
    }

    /// Whether this is one of them.
    #[must_use]
    pub fn has(&self, id: KeyId) -> bool {
        self.0.iter().any(|key| key.id == id)
    }

    /// Seals a text to a place: opened under another one it is refused.
    ///
    /// # Errors
    /// [`Error::NoRandomness`].
    pub fn seal(&self, text: &[u8], place: &[u8]) -> Result<Vec<u8>, Error> {
        let key = &self.0[0];
        let mut buffer = Zeroizing::new(Vec::with_capacity(
            text.len() + key.aead.algorithm().tag_len(),
        ));
        buffer.extend_from_slice(text);
        let nonce = key
            .aead
            .seal_in_place_append_tag(Aad::from(place), &mut *buffer)
            .map_err(|_| Error::NoRandomness)?;
        Ok([&[FORMAT], &key.id.as_bytes()[..], nonce.as_ref(), &buffer].concat())
    }

    /// Opens what was sealed to a place.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(&self, sealed: &[u8], place: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let id = key_of(sealed).ok_or(OpenError::Refused)?;
        let key = self.0.iter().find(|key| key.id == id);
        let key = key.ok_or(OpenError::UnknownKey(id))?;
        let nonce = sealed.get(NONCE_AT..TEXT_AT).unwrap_or_default();
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| OpenError::Refused)?;
        let mut buffer = Zeroizing::new(sealed[TEXT_AT..].to_vec());
        let opened = key
            .aead
            .open_in_place(nonce, Aad::from(place), &mut buffer)
            .map_err(|_| OpenError::Refused)?;
        let length = opened.len();
        buffer.truncate(length);
        Ok(buffer)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|key| key.id))
            .finish()
    }
}

/// The key that something was sealed with; `None` if it is nothing sealed.
#[must_use]
pub fn key_of(sealed: &[u8]) -> Option<KeyId> {
    let (&FORMAT, rest) = sealed.split_first()? else {
        return None;
    };
    let id = rest.first_chunk()?;
    Some(KeyId::from_bytes(*id))
}

#[cfg(test)]
mod tests {
    use super::{Key, Keys, OpenError, SystemTime};

    fn two() -> (Keys, Keys) {
        let key = || Key::generate(SystemTime::now()).unwrap();
        let (old, new) = (key(), key());
        let copy = |key: &Key| Key::new(key.bytes.clone(), key.created).unwrap();
        (
            Keys::new(vec![copy(&old)]).unwrap(),
            Keys::new(vec![new, old]).unwrap(),
        )
    }

    #[test]
    fn what_is_sealed_is_opened_by_its_key_wherever_that_stands() {
        let (old, both) = two();
        let sealed = old.seal(b"secret", b"here").unwrap();
        assert_eq!(&**both.open(&sealed, b"here").unwrap(), b"secret");
        let sealed = both.seal(b"secret", b"here").unwrap();
        assert_eq!(
            old.open(&sealed, b"here"),
            Err(OpenError::UnknownKey(both.current()))
        );
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
    }

    #[test]
    fn what_was_altered_moved_or_cut_is_refused() {
        let (keys, _) = two();
        let sealed = keys.seal(b"secret", b"here").unwrap();
        assert_eq!(keys.open(&sealed, b"there"), Err(OpenError::Refused));
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(keys.open(&altered, b"here").is_err(), "byte {at}");
            assert!(keys.open(&sealed[..at], b"here").is_err(), "{at} bytes");
        }
    }

    #[test]
    fn the_same_text_is_never_sealed_alike() {
        let (keys, _) = two();
        let seal = || keys.seal(b"secret", b"here").unwrap();
        assert_ne!(seal(), seal());
    }

    #[test]
    fn debug_shows_ids_alone() {
        let (keys, _) = two();
        assert_eq!(format!("{keys:?}"), format!("[{}]", keys.current()));
    }
}
