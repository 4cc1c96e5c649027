//! From a failed S3 call to what it means: a pure table.
//!
//! Codes are those of "Error responses" in the Amazon S3 API Reference, and what compatible stores were seen to send.

pub(super) mod assume_role;

use crate::iam::{Action, Denial, Layer, bucket_arn, object_arn};
use crate::model::datastore::S3Config;
use crate::report::{Finding, FindingReason};
use crate::s3::address::Kind;
use crate::s3::{Cause, Failure, is_code};

/// What a failed call says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Diagnosis {
    /// The action is refused to these credentials.
    Denied(Finding),
    /// It says nothing about the action.
    Unclear(Finding),
    /// S3 has not answered: the whole connection's fault, unless it has answered another call.
    Lost(Finding),
    /// Nothing can be done with S3 this way.
    Broken(Finding),
}

/// The finding of a failed call that needs `action`, outside a test.
#[must_use]
pub fn finding(config: &S3Config, action: Action, failure: &Failure) -> Finding {
    match diagnose(config, action, failure) {
        Diagnosis::Denied(finding)
        | Diagnosis::Unclear(finding)
        | Diagnosis::Lost(finding)
        | Diagnosis::Broken(finding) => finding,
    }
}

/// What `failure` of a call that needs `action` means.
#[must_use]
pub(super) fn diagnose(config: &S3Config, action: Action, failure: &Failure) -> Diagnosis {
    match &failure.cause {
        Cause::Timeout => Diagnosis::Lost(timeout(config)),
        Cause::Dns => Diagnosis::Lost(no_such_host(config)),
        Cause::ConnectionRefused => Diagnosis::Lost(nothing_listens(config)),
        Cause::Tls(why) => Diagnosis::Lost(tls_failure(config, why)),
        Cause::Unreachable(why) => Diagnosis::Lost(unreachable(config, why)),
        Cause::NotS3 => Diagnosis::Lost(not_s3(config, failure)),
        Cause::TooLong => Diagnosis::Lost(too_long(config)),
        Cause::Forbidden(kind) => Diagnosis::Lost(forbidden(&place(config), *kind)),
        Cause::NoCredentials => Diagnosis::Broken(no_credentials()),
        Cause::RoleNotAssumed(why) => assume_role::diagnose(config, why),
        Cause::Refused => refused(config, action, failure),
    }
}

fn refused(config: &S3Config, action: Action, failure: &Failure) -> Diagnosis {
    let code = failure.code.as_deref().unwrap_or_default();
    if let Some(finding) = whole_connection(config, code, failure) {
        return Diagnosis::Broken(assume_role::about_given_keys(config, finding));
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
        ("SlowDown" | "ServiceUnavailable" | "RequestLimitExceeded" | "TooManyRequests", _)
        | ("", Some(429 | 503)) => Diagnosis::Unclear(Finding::new(
            FindingReason::Throttled,
            format!("{} asked to slow down, again and again.", place(config)),
            "Test again later, or ask the store's operator for a higher limit.",
        )),
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
        "RequestTimeTooSkewed" => clock_skew("S3", failure.clock_ahead),
        "AccountProblem" | "AllAccessDisabled" | "NotSignedUp" | "UserSuspended" => Finding::new(
            FindingReason::AccountProblem,
            "The account behind these credentials, or behind the bucket, is suspended or not signed up for S3.",
            "See to the account with AWS, or with the store's operator.",
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
    let denial = failure.message.as_deref().and_then(Denial::parse);
    let mut finding = match &denial {
        Some(denial) if denial.action.starts_with("kms:") => denied_by_kms(denial),
        _ => denied_by_s3(config, action),
    };
    if let Some(denial) = denial {
        if let Some(remedy) = remedy_beyond_granting(&denial) {
            finding.remedy = remedy;
        }
        finding.principal = Some(denial.principal);
        finding.denied_by = denial.layer;
    }
    finding
}

/// What to do where a policy of the user or the role that grants the action does not help.
fn remedy_beyond_granting(denial: &Denial) -> Option<String> {
    let action = &denial.action;
    match denial.layer {
        layer if denial.is_explicit => {
            let layer = layer.map_or("policy", Layer::as_str);
            Some(format!(
                "A {layer} denies {action} explicitly: take the denial away. Granting alone does not help."
            ))
        }
        None | Some(Layer::IdentityBased) => None,
        Some(layer) => Some(format!(
            "The {} does not allow {action}: allow it there. Granting it elsewhere does not help.",
            layer.as_str()
        )),
    }
}

fn denied_by_s3(config: &S3Config, action: Action) -> Finding {
    let partition = config.partition();
    let resource = if action.is_on_bucket() {
        bucket_arn(partition, &config.bucket)
    } else {
        object_arn(partition, &config.bucket, &config.prefix)
    };
    let (place, action) = (place(config), action.as_str());
    Finding {
        remedy: format!("Grant {action} on {resource}."),
        resource: Some(resource),
        missing_action: Some(action.to_owned()),
        ..Finding::new(
            FindingReason::AccessDenied,
            format!("{place} refused {action} to these credentials."),
            "",
        )
    }
}

/// The bucket encrypts with a KMS key that the credentials may not use.
fn denied_by_kms(denial: &Denial) -> Finding {
    let action = &denial.action;
    let key = denial.resource.as_deref().unwrap_or("that KMS key");
    Finding {
        resource: denial.resource.clone(),
        missing_action: Some(action.clone()),
        ..Finding::new(
            FindingReason::KmsAccessDenied,
            format!("KMS refused {action} on the key that the bucket encrypts with."),
            format!("Grant {action} on {key}, in the key's policy or in IAM."),
        )
    }
}

/// The clock of `them` is `ahead` of ours, in seconds, by the date of their answer.
fn clock_skew(them: &str, ahead: Option<i32>) -> Finding {
    let by = match ahead {
        Some(ahead) if ahead > 0 => format!("{ahead} s behind {them}'s"),
        Some(ahead) if ahead < 0 => format!("{} s ahead of {them}'s", -ahead),
        _ => format!("too far from {them}'s"),
    };
    Finding::new(
        FindingReason::ClockSkew,
        format!("This server's clock is {by}."),
        "Set this server's clock; S3 takes requests that are at most 15 minutes off.",
    )
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

fn no_such_host(config: &S3Config) -> Finding {
    Finding::new(
        FindingReason::DnsFailure,
        format!("The host name of {} has no address.", place(config)),
        "Check the endpoint's host name, and that this server's DNS knows it.",
    )
}

fn nothing_listens(config: &S3Config) -> Finding {
    Finding::new(
        FindingReason::ConnectionRefused,
        format!("Nothing listens at {}.", place(config)),
        "Check the endpoint's host and port, and that the store is running.",
    )
}

fn tls_failure(config: &S3Config, why: &str) -> Finding {
    Finding::new(
        FindingReason::TlsFailure,
        format!("TLS with {} failed: {why}.", place(config)),
        "If a private authority has signed the store's certificate, set s3.ca_certificate_pem to the authority's; check also that the port speaks TLS.",
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

fn too_long(config: &S3Config) -> Finding {
    Finding::new(
        FindingReason::NotS3,
        format!(
            "What answers at {} does not speak S3: its answer is longer than any of S3's would be.",
            place(config)
        ),
        "Check that the endpoint is the store's S3 address, and that no proxy answers instead.",
    )
}

/// Names the kind of the address and not the address: what a name stands for inside a network is not for everybody to know.
fn forbidden(place: &str, kind: Kind) -> Finding {
    const ASK: &str = "Use a public address of the store, or ask the operator of this server to start it with --private-endpoints allow.";
    let (what, remedy) = match kind {
        Kind::Private => ("a private address", ASK),
        Kind::Loopback => ("a loopback address", ASK),
        Kind::Never => (
            "a link-local address, a cloud's metadata address, or one that no store can have",
            "Use the store's own address: no option makes the server connect to such a one.",
        ),
    };
    Finding::new(
        FindingReason::EndpointForbidden,
        format!("This server does not connect to {place}: it is {what}."),
        remedy,
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
    use super::{Diagnosis, diagnose};
    use crate::iam::Action;
    use crate::prober::testing::config;
    use crate::report::{Finding, FindingReason};
    use crate::s3::address::Kind;
    use crate::s3::{Cause, Failure};

    fn refused(status: u16, code: &str, message: &str) -> Failure {
        let mut failure = Failure::new(Cause::Refused);
        failure.status = Some(status);
        failure.code = (!code.is_empty()).then(|| code.to_owned());
        failure.message = (!message.is_empty()).then(|| message.to_owned());
        failure
    }

    fn of(failure: &Failure) -> (&'static str, Finding) {
        let config = config("s3://logs/tests");
        match diagnose(&config, Action::PutObject, failure) {
            Diagnosis::Denied(finding) => ("denied", finding),
            Diagnosis::Unclear(finding) => ("unclear", finding),
            Diagnosis::Lost(finding) => ("lost", finding),
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
            (503, "SlowDown", "", "unclear", Reason::Throttled),
            (500, "InternalError", "", "unclear", Reason::S3Error),
            (404, "NoSuchKey", "", "unclear", Reason::S3Error),
        ] {
            let (found_kind, finding) = of(&refused(status, code, message));
            assert_eq!(
                (found_kind, finding.reason),
                (kind, reason),
                "{status} {code}"
            );
        }
    }

    #[test]
    fn a_denial_names_the_action_and_the_objects_below_the_prefix() {
        let (_, finding) = of(&refused(403, "AccessDenied", ""));
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
        let (kind, finding) = of(&refused(403, "AccessDenied", message));
        assert_eq!(
            (kind, finding.reason),
            ("denied", FindingReason::KmsAccessDenied)
        );
        assert_eq!(
            finding.missing_action.as_deref(),
            Some("kms:GenerateDataKey")
        );
    }

    #[test]
    fn without_an_answer_of_s3_nothing_is_known_of_the_action() {
        for (cause, reason) in [
            (Cause::Timeout, FindingReason::Timeout),
            (Cause::Dns, FindingReason::DnsFailure),
            (Cause::ConnectionRefused, FindingReason::ConnectionRefused),
            (
                Cause::Tls("unknown issuer".to_owned()),
                FindingReason::TlsFailure,
            ),
            (
                Cause::Unreachable("reset".to_owned()),
                FindingReason::EndpointUnreachable,
            ),
            (Cause::NotS3, FindingReason::NotS3),
            (Cause::TooLong, FindingReason::NotS3),
            (
                Cause::Forbidden(Kind::Never),
                FindingReason::EndpointForbidden,
            ),
        ] {
            let (kind, finding) = of(&Failure::new(cause));
            assert_eq!((kind, finding.reason), ("lost", reason));
        }
    }

    #[test]
    fn the_option_is_named_where_it_helps_and_the_address_nowhere() {
        for (kind, word, helps) in [
            (Kind::Private, "private", true),
            (Kind::Loopback, "loopback", true),
            (Kind::Never, "metadata", false),
        ] {
            let (_, finding) = of(&Failure::new(Cause::Forbidden(kind)));
            assert!(finding.title.contains(word), "{finding:?}");
            assert_eq!(finding.remedy.contains("--private-endpoints"), helps);
        }
    }

    #[test]
    fn the_region_that_s3_names_is_the_one_to_set() {
        let mut failure = refused(301, "PermanentRedirect", "");
        failure.bucket_region = Some("eu-west-3".to_owned());
        assert_eq!(of(&failure).1.remedy, "Set s3.region to `eu-west-3`.");
        failure.bucket_region = Some("<script>".to_owned());
        assert_eq!(
            of(&failure).1.remedy,
            "Set s3.region to the bucket's region."
        );
    }

    #[test]
    fn what_an_endpoint_writes_is_not_repeated() {
        let (_, finding) = of(&refused(418, "<b>evil</b>", "evil"));
        assert!(!format!("{finding:?}").contains("evil"));
    }
}
