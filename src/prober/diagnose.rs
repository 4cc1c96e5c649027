//! From a failed S3 call to what it means: a pure table.
//!
//! Codes are those of "Error responses" in the Amazon S3 API Reference, and what compatible stores were seen to send.

use super::report::{Finding, FindingReason};
use crate::iam::{Action, bucket_arn, object_arn};
use crate::model::datastore::S3Config;
use crate::s3::{Cause, Failure, is_code};

/// What a failed call says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Diagnosis {
    /// The action is refused to these credentials.
    Denied(Finding),
    /// It says nothing about the action.
    Unclear(Finding),
    /// Nothing can be done with S3 this way.
    Broken(Finding),
}

/// What `failure` of a call that needs `action` means.
///
/// `reached` says whether S3 has answered some call of this test before: then a lost connection or a timeout is this call's alone.
#[must_use]
pub(super) fn diagnose(
    config: &S3Config,
    action: Action,
    failure: &Failure,
    reached: bool,
) -> Diagnosis {
    let broken_unless_reached = |finding| {
        if reached {
            Diagnosis::Unclear(finding)
        } else {
            Diagnosis::Broken(finding)
        }
    };
    match &failure.cause {
        Cause::Timeout => broken_unless_reached(timeout(config)),
        Cause::Unreachable(why) => broken_unless_reached(unreachable(config, why)),
        Cause::NotS3 => broken_unless_reached(not_s3(config, failure)),
        Cause::NoCredentials => Diagnosis::Broken(no_credentials()),
        Cause::Refused => refused(config, action, failure),
    }
}

fn refused(config: &S3Config, action: Action, failure: &Failure) -> Diagnosis {
    let code = failure.code.as_deref().unwrap_or_default();
    if let Some(finding) = whole_connection(config, code, failure) {
        return Diagnosis::Broken(finding);
    }
    match (code, failure.status) {
        ("AccessDenied" | "AccessDeniedException" | "Forbidden", _) | ("", Some(403)) => {
            Diagnosis::Denied(denied(config, action, failure))
        }
        ("NotImplemented" | "MethodNotAllowed", _) | (_, Some(405 | 501)) => {
            Diagnosis::Unclear(Finding::new(
                FindingReason::NotImplemented,
                format!("{} does not implement this call.", place(config)),
                "Ask the store's documentation; the permission cannot be tested here.",
            ))
        }
        ("", Some(301 | 307)) => Diagnosis::Broken(wrong_region(config, failure)),
        _ => Diagnosis::Unclear(unexpected(config, failure)),
    }
}

/// The errors that are about the credentials or the bucket, and not about one action.
fn whole_connection(config: &S3Config, code: &str, failure: &Failure) -> Option<Finding> {
    let signature_words = failure
        .message
        .as_deref()
        .is_some_and(|m| m.to_ascii_lowercase().contains("invalid signature"));
    Some(match code {
        "InvalidAccessKeyId" | "InvalidClientTokenId" | "UnrecognizedClientException" => {
            Finding::new(
                FindingReason::UnknownAccessKey,
                format!("{} does not know this access key ID.", place(config)),
                "Check the access key ID, that the key is active, and that it belongs to this store.",
            )
        }
        "SignatureDoesNotMatch" => signature_mismatch(),
        // Garage answers a wrong secret so.
        "AccessDenied" if signature_words => signature_mismatch(),
        "ExpiredToken" | "ExpiredTokenException" | "InvalidToken" | "TokenRefreshRequired" => {
            Finding::new(
                FindingReason::InvalidToken,
                "The session token has expired or is not valid.",
                "Get new temporary credentials and send all three parts of them.",
            )
        }
        "RequestTimeTooSkewed" => Finding::new(
            FindingReason::ClockSkew,
            "The clocks of this server and of S3 are too far apart.",
            "Set this server's clock; S3 takes requests that are at most 15 minutes off.",
        ),
        "NoSuchBucket" => Finding::new(
            FindingReason::NoSuchBucket,
            format!("The bucket `{}` does not exist.", config.bucket.as_str()),
            "Check the URI, or create the bucket.",
        ),
        "PermanentRedirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException" => wrong_region(config, failure),
        _ => return None,
    })
}

fn denied(config: &S3Config, action: Action, failure: &Failure) -> Finding {
    if let Some(kms) = failure.message.as_deref().and_then(kms_action) {
        return Finding {
            reason: FindingReason::KmsAccessDenied,
            title: format!("KMS refused {kms} on the key that the bucket encrypts with."),
            remedy: format!("Grant {kms} on that KMS key, in the key's policy or in IAM."),
            resource: None,
            missing_action: Some(kms.to_owned()),
        };
    }
    let partition = config.partition();
    let resource = if action.is_on_bucket() {
        bucket_arn(partition, &config.bucket)
    } else {
        object_arn(partition, &config.bucket, &config.prefix)
    };
    Finding {
        reason: FindingReason::AccessDenied,
        title: format!(
            "{} refused {} to these credentials.",
            place(config),
            action.as_str()
        ),
        remedy: format!("Grant {} on {resource}.", action.as_str()),
        resource: Some(resource),
        missing_action: Some(action.as_str().to_owned()),
    }
}

/// The `kms:` action that AWS's long message names.
fn kms_action(message: &str) -> Option<&str> {
    let start = message.find("kms:")?;
    let rest = &message[start..];
    let end = rest[4..].find(|c: char| !c.is_ascii_alphanumeric());
    let action = &rest[..end.map_or(rest.len(), |end| end + 4)];
    (action.len() > 4).then_some(action)
}

fn signature_mismatch() -> Finding {
    Finding::new(
        FindingReason::SignatureMismatch,
        "The secret access key does not belong to the access key ID.",
        "Enter the secret access key again; look for a missing or an added character.",
    )
}

fn wrong_region(config: &S3Config, failure: &Failure) -> Finding {
    let (title, remedy) = match &failure.bucket_region {
        Some(region)
            if region
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-') =>
        {
            (
                format!(
                    "The bucket is in {region}, not in {}.",
                    config.region.as_str()
                ),
                format!("Set s3.region to `{region}`."),
            )
        }
        _ => (
            format!("The bucket is not in {}.", config.region.as_str()),
            "Set s3.region to the bucket's region.".to_owned(),
        ),
    };
    Finding::new(FindingReason::WrongRegion, title, remedy)
}

pub(super) fn timeout(config: &S3Config) -> Finding {
    Finding::new(
        FindingReason::Timeout,
        format!("{} did not answer in time.", place(config)),
        "Check the endpoint and the network between; raise --check-timeout if the store is slow.",
    )
}

fn unreachable(config: &S3Config, why: &str) -> Finding {
    Finding::new(
        FindingReason::EndpointUnreachable,
        format!("{} cannot be reached: {why}.", place(config)),
        "Check the endpoint's host, port and scheme, and that this server may connect to it.",
    )
}

fn not_s3(config: &S3Config, failure: &Failure) -> Finding {
    let status = failure
        .status
        .map_or(String::new(), |s| format!(" (HTTP {s})"));
    Finding::new(
        FindingReason::NotS3,
        format!(
            "What answers at {} does not speak S3{status}.",
            place(config)
        ),
        "Check that the endpoint is the store's S3 address, and that no proxy answers instead.",
    )
}

fn no_credentials() -> Finding {
    Finding::new(
        FindingReason::NoCredentials,
        "This server has no credentials of its own to sign with.",
        "Give the server credentials (environment, profile, web identity or instance role), or store an access key.",
    )
}

fn unexpected(config: &S3Config, failure: &Failure) -> Finding {
    let status = failure
        .status
        .map_or("no status".to_owned(), |s| format!("HTTP {s}"));
    let code = failure.code.as_deref().filter(|c| is_code(c));
    let code = code.map_or(String::new(), |c| format!(" {c}"));
    Finding::new(
        FindingReason::S3Error,
        format!(
            "{} answered {status}{code}, which says nothing about the permission.",
            place(config)
        ),
        "Test again; if it stays so, look the code up in the store's documentation.",
    )
}

fn place(config: &S3Config) -> String {
    match &config.endpoint {
        Some(endpoint) => endpoint.as_str().to_owned(),
        None => format!("Amazon S3 ({})", config.region.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Diagnosis, diagnose, kms_action};
    use crate::iam::Action;
    use crate::prober::report::{Finding, FindingReason};
    use crate::prober::testing::config;
    use crate::s3::{Cause, Failure};

    fn refused(status: u16, code: &str, message: &str) -> Failure {
        Failure {
            status: Some(status),
            code: (!code.is_empty()).then(|| code.to_owned()),
            message: (!message.is_empty()).then(|| message.to_owned()),
            ..Failure::new(Cause::Refused)
        }
    }

    fn of(failure: &Failure, reached: bool) -> (&'static str, Finding) {
        let config = config("s3://logs/tests");
        match diagnose(&config, Action::PutObject, failure, reached) {
            Diagnosis::Denied(finding) => ("denied", finding),
            Diagnosis::Unclear(finding) => ("unclear", finding),
            Diagnosis::Broken(finding) => ("broken", finding),
        }
    }

    #[test]
    fn each_answer_of_s3_has_its_meaning() {
        use FindingReason as Reason;
        for (status, code, message, kind, reason) in [
            (
                403,
                "AccessDenied",
                "Access Denied",
                "denied",
                Reason::AccessDenied,
            ),
            (403, "", "", "denied", Reason::AccessDenied),
            (
                403,
                "AccessDenied",
                "Forbidden: Invalid signature",
                "broken",
                Reason::SignatureMismatch,
            ),
            (
                403,
                "SignatureDoesNotMatch",
                "",
                "broken",
                Reason::SignatureMismatch,
            ),
            (
                403,
                "InvalidAccessKeyId",
                "",
                "broken",
                Reason::UnknownAccessKey,
            ),
            (403, "RequestTimeTooSkewed", "", "broken", Reason::ClockSkew),
            (400, "ExpiredToken", "", "broken", Reason::InvalidToken),
            (400, "InvalidToken", "", "broken", Reason::InvalidToken),
            (404, "NoSuchBucket", "", "broken", Reason::NoSuchBucket),
            (301, "PermanentRedirect", "", "broken", Reason::WrongRegion),
            (301, "", "", "broken", Reason::WrongRegion),
            (
                400,
                "AuthorizationHeaderMalformed",
                "",
                "broken",
                Reason::WrongRegion,
            ),
            (501, "NotImplemented", "", "unclear", Reason::NotImplemented),
            (405, "", "", "unclear", Reason::NotImplemented),
            (503, "SlowDown", "", "unclear", Reason::S3Error),
            (500, "InternalError", "", "unclear", Reason::S3Error),
            (404, "NoSuchKey", "", "unclear", Reason::S3Error),
        ] {
            let (found_kind, finding) = of(&refused(status, code, message), true);
            assert_eq!(
                (found_kind, finding.reason),
                (kind, reason),
                "{status} {code}"
            );
        }
    }

    #[test]
    fn a_denial_names_the_action_and_the_objects_below_the_prefix() {
        let (_, finding) = of(&refused(403, "AccessDenied", ""), true);
        assert_eq!(finding.missing_action.as_deref(), Some("s3:PutObject"));
        assert_eq!(
            finding.resource.as_deref(),
            Some("arn:aws:s3:::logs/tests/*")
        );
        assert_eq!(
            finding.remedy,
            "Grant s3:PutObject on arn:aws:s3:::logs/tests/*."
        );
    }

    #[test]
    fn a_denial_by_kms_is_blamed_on_kms() {
        let message = "User: arn:aws:iam::111122223333:user/x is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:eu-west-1:111122223333:key/k because no identity-based policy allows the kms:GenerateDataKey action";
        let (kind, finding) = of(&refused(403, "AccessDenied", message), true);
        assert_eq!(
            (kind, finding.reason),
            ("denied", FindingReason::KmsAccessDenied)
        );
        assert_eq!(
            finding.missing_action.as_deref(),
            Some("kms:GenerateDataKey")
        );
        assert_eq!(kms_action("no such thing as kms: here"), None);
    }

    #[test]
    fn a_lost_connection_is_the_whole_tests_only_before_s3_has_answered() {
        for cause in [
            Cause::Timeout,
            Cause::Unreachable("refused".to_owned()),
            Cause::NotS3,
        ] {
            let failure = Failure::new(cause);
            assert_eq!(of(&failure, false).0, "broken");
            assert_eq!(of(&failure, true).0, "unclear");
        }
    }

    #[test]
    fn the_region_that_s3_names_is_the_one_to_set() {
        let mut failure = refused(301, "PermanentRedirect", "");
        failure.bucket_region = Some("eu-west-3".to_owned());
        assert_eq!(of(&failure, true).1.remedy, "Set s3.region to `eu-west-3`.");
        failure.bucket_region = Some("<script>".to_owned());
        assert_eq!(
            of(&failure, true).1.remedy,
            "Set s3.region to the bucket's region."
        );
    }

    #[test]
    fn what_an_endpoint_writes_is_not_repeated() {
        let (_, finding) = of(&refused(418, "<b>evil</b>", "evil"), true);
        assert!(!format!("{finding:?}").contains("evil"));
    }
}
