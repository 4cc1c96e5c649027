//! The two roles a datastore can have.

use std::fmt;

/// What a datastore is used for: data is read from a source, and written to an enrichment datastore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Data is read from here.
    Source,
    /// Anomalies, copies of anomalous records and metadata are written here.
    Enrichment,
}

/// The text is not the name of a role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown role: write SOURCE or ENRICHMENT, in capitals")]
pub struct RoleError;

impl Role {
    /// Reads `SOURCE` or `ENRICHMENT`; enum values are case-sensitive (AIP-160).
    ///
    /// # Errors
    /// Any other text.
    pub fn parse(text: &str) -> Result<Self, RoleError> {
        match text {
            "SOURCE" => Ok(Self::Source),
            "ENRICHMENT" => Ok(Self::Enrichment),
            _ => Err(RoleError),
        }
    }

    /// The role as the API writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "SOURCE",
            Self::Enrichment => "ENRICHMENT",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_prints_what_it_was_parsed_from() {
        for (text, role) in [("SOURCE", Role::Source), ("ENRICHMENT", Role::Enrichment)] {
            assert_eq!(Role::parse(text), Ok(role));
            assert_eq!(role.to_string(), text);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "source", " SOURCE", "ROLE_UNSPECIFIED", "SOURCEX"] {
            assert_eq!(Role::parse(text), Err(RoleError), "{text:?}");
        }
    }
}
