//! The ARN of an IAM role.

use std::fmt;

/// The ARN of an IAM role, as it was given: `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`, the path being optional.
///
/// Partition and account are not looked up: S3-compatible stores have their own, and some of them no account at all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoleArn(String);

/// Why an ARN is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoleArnError {
    /// Nothing was given.
    #[error(
        "is required: the ARN of the role to assume, for example arn:aws:iam::123456789012:role/name"
    )]
    Empty,
    /// Longer than STS takes.
    #[error("has {0} bytes; an ARN has at most {MAX_BYTES}: copy it again from the IAM console")]
    TooLong(usize),
    /// The ARN of something else, or none at all.
    #[error(
        "is not the ARN of an IAM role: write arn:aws:iam::123456789012:role/name, as the IAM console shows it"
    )]
    NotARole,
    /// A character that no account's name has.
    #[error("has no account of IAM in it: an account of AWS is 12 digits")]
    Account,
    /// A path or a name that no role has.
    #[error(
        "does not end in the name of a role: 1 to 64 letters, digits and _+=,.@- after role/, or after role/ and a path"
    )]
    Name,
}

/// The longest ARN that STS takes (`AssumeRole` in the STS API Reference).
const MAX_BYTES: usize = 2_048;
/// The longest name of a role (`CreateRole` in the IAM API Reference).
const MAX_NAME: usize = 64;
/// The longest account that is taken, in bytes. AWS's have 12; compatible stores name tenants there.
const MAX_ACCOUNT: usize = 64;

impl RoleArn {
    /// Reads the ARN of a role. White space around it is ignored, since it comes with pasting.
    ///
    /// # Errors
    /// Anything else than the ARN of an IAM role.
    pub fn parse(text: &str) -> Result<Self, RoleArnError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(RoleArnError::Empty);
        }
        if text.len() > MAX_BYTES {
            return Err(RoleArnError::TooLong(text.len()));
        }
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().unwrap_or_default();
        let (arn, partition, service) = (next(), next(), next());
        let (region, account, resource) = (next(), next(), next());
        let path_and_name = resource.strip_prefix("role/");
        let is_iam = (arn, service, region) == ("arn", "iam", "") && is_partition(partition);
        match path_and_name {
            Some(_) if is_iam && !is_account(account) => Err(RoleArnError::Account),
            Some(role) if is_iam && !is_path_and_name(role) => Err(RoleArnError::Name),
            Some(_) if is_iam => Ok(Self(text.to_owned())),
            _ => Err(RoleArnError::NotARole),
        }
    }

    /// The ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether its account is one of AWS: 12 digits.
    #[must_use]
    pub fn has_account_of_aws(&self) -> bool {
        let account = self.0.split(':').nth(4).unwrap_or_default();
        account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_partition(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !text.is_empty() && text.bytes().all(allowed)
}

fn is_account(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    text.len() <= MAX_ACCOUNT && text.bytes().all(allowed)
}

/// `CreateRole` in the IAM API Reference: a path is any visible ASCII between slashes.
fn is_path_and_name(text: &str) -> bool {
    let (path, name) = text.rsplit_once('/').unwrap_or(("", text));
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b);
    let is_name = (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(allowed);
    is_name && path.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::{RoleArn, RoleArnError};

    #[test]
    fn the_arn_of_a_role_is_taken_with_its_path() {
        for (text, is_of_aws) in [
            ("arn:aws:iam::123456789012:role/reader", true),
            (
                "arn:aws-cn:iam::123456789012:role/data/team-1/reader+=,.@-_",
                true,
            ),
            ("arn:aws-us-gov:iam::123456789012:role/a", true),
            // Ceph: no account, or the name of a tenant.
            ("arn:aws:iam:::role/reader", false),
            ("arn:aws:iam::tenant-1:role/reader", false),
        ] {
            let arn = RoleArn::parse(&format!(" {text}\n")).unwrap();
            assert_eq!(arn.as_str(), text);
            assert_eq!(arn.has_account_of_aws(), is_of_aws, "{text}");
        }
    }

    #[test]
    fn each_mistake_has_its_own_message() {
        let long = format!("arn:aws:iam::123456789012:role/{}", "a/".repeat(2_000));
        let name = format!("arn:aws:iam::123456789012:role/{}", "a".repeat(65));
        for (text, error) in [
            ("", RoleArnError::Empty),
            (" ", RoleArnError::Empty),
            (&long, RoleArnError::TooLong(long.len())),
            ("reader", RoleArnError::NotARole),
            ("arn:aws:iam::123456789012", RoleArnError::NotARole),
            ("arn:aws:iam::123456789012:role", RoleArnError::NotARole),
            ("arn:aws:iam::123456789012:user/me", RoleArnError::NotARole),
            (
                "arn:aws:sts::123456789012:assumed-role/a/b",
                RoleArnError::NotARole,
            ),
            (
                "arn:aws:iam:eu-west-1:123456789012:role/a",
                RoleArnError::NotARole,
            ),
            ("arn::iam::123456789012:role/a", RoleArnError::NotARole),
            ("aws:iam::123456789012:role/a", RoleArnError::NotARole),
            ("arn:aws:iam::1234 56789012:role/a", RoleArnError::Account),
            ("arn:aws:iam::123456789012:role/", RoleArnError::Name),
            ("arn:aws:iam::123456789012:role/a/", RoleArnError::Name),
            ("arn:aws:iam::123456789012:role/a b", RoleArnError::Name),
            ("arn:aws:iam::123456789012:role/é", RoleArnError::Name),
            ("arn:aws:iam::123456789012:role/é/a", RoleArnError::Name),
            ("arn:aws:iam::123456789012:role/a:b", RoleArnError::Name),
            (&name, RoleArnError::Name),
        ] {
            assert_eq!(RoleArn::parse(text), Err(error), "{text:?}");
        }
    }
}
