//! Who may assume a role: an account, a user or a role.

use super::arn::Parts;
use crate::model::region::Partition;

/// The ARN of an account's root, a user or a role: `arn:aws:iam::111122223333:role/service/datastored`.
///
/// A trust policy takes each of them, and no wildcard in them ("AWS JSON policy elements: Principal" in the IAM User Guide). Names and paths are
/// those of "IAM and AWS STS quotas".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    text: String,
    partition: Partition,
}

/// Why a text is no principal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrincipalError {
    /// The session of a role that was assumed.
    #[error(
        "this is the ARN of one session of a role, which ends: write the ARN of the role itself, arn:aws:iam::ACCOUNT:role/NAME"
    )]
    Session,
    /// Anything else.
    #[error(
        "this is not the ARN of an account, a user or a role: write arn:aws:iam::ACCOUNT:root, arn:aws:iam::ACCOUNT:user/NAME or \
         arn:aws:iam::ACCOUNT:role/NAME, with the path before the name if there is one, and without wildcards"
    )]
    Other,
}

const MAX_NAME: usize = 64;
const MAX_PATH: usize = 512;

impl Principal {
    /// Reads the ARN of an account's root, a user or a role. White space is not trimmed.
    ///
    /// # Errors
    /// The ARN of a session, or any other text.
    pub fn parse(text: &str) -> Result<Self, PrincipalError> {
        let parts = Parts::of(text).ok_or(PrincipalError::Other)?;
        if parts.service == "sts" && parts.resource.starts_with("assumed-role/") {
            return Err(PrincipalError::Session);
        }
        let is_iam = parts.service == "iam" && parts.region.is_empty() && parts.has_account();
        if !is_iam || !can_assume(parts.resource) {
            return Err(PrincipalError::Other);
        }
        Ok(Self {
            text: text.to_owned(),
            partition: parts.partition,
        })
    }

    /// The ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The partition its account is in.
    #[must_use]
    pub fn partition(&self) -> Partition {
        self.partition
    }
}

/// Whether it is `root`, or a user or a role with a valid path and name.
fn can_assume(resource: &str) -> bool {
    let named = resource.strip_prefix("user/");
    match named.or_else(|| resource.strip_prefix("role/")) {
        Some(named) => {
            let (path, name) = named.rsplit_once('/').unwrap_or(("", named));
            is_path(path) && is_name(name)
        }
        None => resource == "root",
    }
}

fn is_path(path: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_graphic() && b != b'*' && b != b'?';
    path.len() <= MAX_PATH && path.bytes().all(allowed)
}

fn is_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b);
    !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::{Principal, PrincipalError};

    #[test]
    fn accounts_users_and_roles_are_taken_with_their_partition() {
        for (arn, partition) in [
            ("arn:aws:iam::111122223333:root", "aws"),
            ("arn:aws:iam::111122223333:user/data/qa/ann@example", "aws"),
            ("arn:aws-cn:iam::111122223333:role/datastored", "aws-cn"),
            (
                "arn:aws-us-gov:iam::111122223333:role/a!b/x+=,.@_-",
                "aws-us-gov",
            ),
        ] {
            let principal = Principal::parse(arn).unwrap();
            assert_eq!(principal.as_str(), arn);
            assert_eq!(principal.partition().as_str(), partition);
        }
    }

    #[test]
    fn the_session_of_a_role_is_refused_with_its_own_reason() {
        let session = "arn:aws:sts::111122223333:assumed-role/datastored/session";
        assert_eq!(Principal::parse(session), Err(PrincipalError::Session));
    }

    #[test]
    fn everyone_and_what_is_nobody_are_refused() {
        let long = format!("arn:aws:iam::111122223333:role/{}", "a".repeat(65));
        for text in [
            "",
            "*",
            "111122223333",
            "AIDAIOSFODNN7EXAMPLE",
            "ec2.amazonaws.com",
            "arn:aws:iam::*:root",
            "arn:aws:iam::111122223333:*",
            "arn:aws:iam::111122223333:rooted",
            "arn:aws:iam::111122223333:root/x",
            "arn:aws:iam::111122223333:role",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:role/*",
            "arn:aws:iam::111122223333:role/a*/b",
            "arn:aws:iam::111122223333:role/a b",
            "arn:aws:iam::111122223333:role/\"}",
            "arn:aws:iam::111122223333:group/admins",
            "arn:aws:iam::11112222333:root",
            "arn:aws:iam:eu-west-1:111122223333:root",
            "arn:aws:s3::111122223333:root",
            "arn:aws-x:iam::111122223333:root",
            " arn:aws:iam::111122223333:root",
            &long,
        ] {
            let refused = Err(PrincipalError::Other);
            assert_eq!(Principal::parse(text), refused, "{text:?}");
        }
    }
}
