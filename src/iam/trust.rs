//! The trust policy of a role: who may assume it, and with which external ID.

use serde_json::json;

use super::Principal;
use super::document::document;

/// What whoever assumes a role has to say, so that a service cannot be led to use it for somebody else ("The confused deputy problem" in the
/// IAM User Guide).
///
/// 2 to 1,224 characters of `a-z`, `A-Z`, `0-9` and `_+=,.@:/-` ("`AssumeRole`" in the STS API Reference). None of them means anything else in a
/// policy, so that a condition compares them as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalId(String);

/// Why an external ID is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExternalIdError {
    /// Fewer than 2 or more than 1,224 characters.
    #[error("an external ID has {MIN} to 1,224 characters: send another one, or leave it out")]
    Length,
    /// A character that STS does not take.
    #[error(
        "an external ID is made of letters, digits and _+=,.@:/- without spaces: send another one"
    )]
    Character,
}

const MIN: usize = 2;
const MAX: usize = 1_224;

impl ExternalId {
    /// Reads an external ID. White space is not trimmed.
    ///
    /// # Errors
    /// A text that STS would not take.
    pub fn parse(text: &str) -> Result<Self, ExternalIdError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&b);
        if !text.bytes().all(allowed) {
            Err(ExternalIdError::Character)
        } else if !(MIN..=MAX).contains(&text.len()) {
            Err(ExternalIdError::Length)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The external ID.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The document that lets the principal assume a role, if there is an external ID only with it.
#[must_use]
pub fn trust_policy(principal: &Principal, external_id: Option<&ExternalId>) -> String {
    let mut statement = json!({
        "Effect": "Allow",
        "Principal": {"AWS": principal.as_str()},
        "Action": "sts:AssumeRole",
    });
    if let Some(id) = external_id {
        statement["Condition"] = json!({"StringEquals": {"sts:ExternalId": id.as_str()}});
    }
    document(&[statement])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{ExternalId, ExternalIdError, trust_policy};
    use crate::iam::Principal;

    #[test]
    fn a_trust_policy_names_who_may_assume_the_role_and_with_which_external_id() {
        let principal = Principal::parse("arn:aws:iam::111122223333:role/datastored").unwrap();
        let id = ExternalId::parse("team-7:x/y").unwrap();
        let mut expected = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::111122223333:role/datastored"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "team-7:x/y"}},
            }],
        });
        let policy: Value = serde_json::from_str(&trust_policy(&principal, Some(&id))).unwrap();
        assert_eq!(policy, expected);
        let open: Value = serde_json::from_str(&trust_policy(&principal, None)).unwrap();
        let statement = expected["Statement"][0].as_object_mut().unwrap();
        statement.remove("Condition");
        assert_eq!(open, expected);
    }

    #[test]
    fn an_external_id_is_what_sts_takes() {
        let longest = "a".repeat(1_224);
        for id in ["ab", "A1_+=,.@:/-", longest.as_str()] {
            assert_eq!(ExternalId::parse(id).unwrap().as_str(), id);
        }
        for id in ["", "a", &"a".repeat(1_225)] {
            assert_eq!(ExternalId::parse(id), Err(ExternalIdError::Length), "{id}");
        }
        for id in ["a b", "ab\n", "été", "a*", "${aws:username}", "a\"b"] {
            let refused = Err(ExternalIdError::Character);
            assert_eq!(ExternalId::parse(id), refused, "{id:?}");
        }
    }
}
