//! The part of a bucket that a datastore owns: the beginning of its keys.

use std::fmt;

/// A directory within a bucket: empty (the whole bucket), or ending in `/`. Never a name that happens to begin alike:
/// `logs/` does not hold `logs-old/a`.
///
/// A key is up to 1,024 bytes of UTF-8 ("Naming Amazon S3 objects",
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>); a prefix is up to 900, so that
/// a key under it fits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Prefix(String);

/// Why a prefix is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrefixError {
    /// More than 900 bytes, the closing `/` included.
    #[error("a prefix has at most {MAX_BYTES} bytes of UTF-8: use a shorter one")]
    TooLong,
    /// A control character.
    #[error("the prefix has a control character (U+{:04X}) in it: remove it", u32::from(*.0))]
    Control(char),
    /// A `.` or `..` between two slashes. S3 allows them; HTTP clients and stores resolve them, each its own way.
    #[error(
        "the prefix has a `.` or `..` between slashes, which clients resolve as in a file path: write the path \
         without it"
    )]
    DotSegment,
}

const MAX_BYTES: usize = 900;

impl Prefix {
    /// Reads a prefix, adding the `/` at its end if there is none. Everything else is taken literally: a leading
    /// `/` and a `//` are parts of the keys' names.
    ///
    /// # Errors
    /// A prefix that is too long, or that some client or store would not carry unchanged.
    pub fn parse(text: &str) -> Result<Self, PrefixError> {
        let mut prefix = text.to_owned();
        if !prefix.is_empty() && !prefix.ends_with('/') {
            prefix.push('/');
        }
        if let Some(control) = prefix.chars().find(|c| c.is_control()) {
            Err(PrefixError::Control(control))
        } else if prefix
            .split('/')
            .any(|segment| segment == "." || segment == "..")
        {
            Err(PrefixError::DotSegment)
        } else if prefix.len() > MAX_BYTES {
            Err(PrefixError::TooLong)
        } else {
            Ok(Self(prefix))
        }
    }

    /// The prefix as S3 takes it: empty, or ending in `/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the whole bucket.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_prefix_ends_in_exactly_the_slash_it_needs() {
        for (text, prefix) in [
            ("", ""),
            ("a", "a/"),
            ("a/", "a/"),
            ("a//", "a//"),
            ("/", "/"),
            ("/a//b", "/a//b/"),
            ("été 2024/?#%41+", "été 2024/?#%41+/"),
            ("...", ".../"),
            ("a..b/.c", "a..b/.c/"),
        ] {
            let parsed = Prefix::parse(text).unwrap();
            assert_eq!(parsed.as_str(), prefix);
            assert_eq!(parsed.is_root(), prefix.is_empty());
        }
        assert!(Prefix::default().is_root());
    }

    #[test]
    fn what_clients_do_not_carry_unchanged_is_refused() {
        for (text, error) in [
            ("a\0b", PrefixError::Control('\0')),
            ("a\nb", PrefixError::Control('\n')),
            ("a\u{7f}", PrefixError::Control('\u{7f}')),
            ("a\u{85}", PrefixError::Control('\u{85}')),
            (".", PrefixError::DotSegment),
            ("a/../b", PrefixError::DotSegment),
            ("a/./b", PrefixError::DotSegment),
            ("a/..", PrefixError::DotSegment),
        ] {
            assert_eq!(Prefix::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn the_limit_counts_bytes_and_the_closing_slash() {
        assert!(Prefix::parse(&"a".repeat(899)).is_ok());
        assert_eq!(Prefix::parse(&"a".repeat(900)), Err(PrefixError::TooLong));
        assert_eq!(Prefix::parse(&"é".repeat(450)), Err(PrefixError::TooLong));
        assert!(Prefix::parse(&("a".repeat(899) + "/")).is_ok());
    }

    #[test]
    fn a_control_character_is_named_and_not_repeated() {
        assert!(
            PrefixError::Control('\u{7f}')
                .to_string()
                .contains("U+007F")
        );
    }

    proptest! {
        #[test]
        fn a_parsed_prefix_parses_to_itself(text in any::<String>()) {
            if let Ok(prefix) = Prefix::parse(&text) {
                prop_assert_eq!(Prefix::parse(prefix.as_str()), Ok(prefix));
            }
        }
    }
}
