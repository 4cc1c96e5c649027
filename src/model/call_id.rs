//! The id of a call, by which its answer, its lines of the log and its event of the audit are found.

use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

/// How long one may be, in characters.
const MAX: usize = 64;

/// The id of a call: the caller's own, or one that the server has made. A caller may use one again, so it proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(String);

impl CallId {
    /// A new one, in the form of a `UUIDv4`. The system is asked for random bytes once; from there on it is counted, which costs no call of the system.
    #[must_use]
    pub fn random() -> Self {
        static FIRST: LazyLock<u128> = LazyLock::new(|| Uuid::new_v4().as_u128());
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = u128::from(NUMBER.fetch_add(1, Ordering::Relaxed));
        let bytes = FIRST.wrapping_add(number).to_be_bytes();
        Self(Builder::from_random_bytes(bytes).into_uuid().to_string())
    }

    /// That of a caller, if it has 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let is_id = (1..=MAX).contains(&text.len()) && text.bytes().all(plain);
        is_id.then(|| Self(text.to_owned()))
    }

    /// As text: visible ASCII.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::CallId;

    #[test]
    fn an_id_has_1_to_64_plain_characters() {
        let longest = "a".repeat(64);
        for good in ["a", "A.b_c-9", &longest, CallId::random().as_str()] {
            assert_eq!(CallId::parse(good).unwrap().as_str(), good);
        }
        let too_long = "a".repeat(65);
        for bad in ["", "a b", "a/b", "a\n", "ä", "{a}", &too_long] {
            assert_eq!(CallId::parse(bad), None, "{bad:?}");
        }
    }
}
