//! From a failed call of STS to what it means: why the role that should sign the calls of S3 cannot be assumed. S3 itself has not been asked.
//!
//! Codes are those of `AssumeRole` and "Common errors" in the STS API Reference.

use super::{Diagnosis, Finding, FindingReason, forbidden, no_credentials};
use crate::iam::{Denial, Layer};
use crate::model::credentials::{AssumedRole, Base};
use crate::model::datastore::S3Config;
use crate::s3::{Cause, Failure, is_code};

/// The action that is asked of STS.
const ACTION: &str = "sts:AssumeRole";

/// What it means that STS was asked for the role of `config` in vain.
pub(super) fn diagnose(config: &S3Config, why: &Failure) -> Diagnosis {
    let Some(role) = config.credentials.role() else {
        return Diagnosis::Broken(no_credentials());
    };
    let asked = Asked { config, role };
    match &why.cause {
        Cause::Timeout => Diagnosis::Lost(asked.timeout()),
        Cause::Dns => Diagnosis::Lost(asked.no_such_host()),
        Cause::ConnectionRefused => Diagnosis::Lost(asked.nothing_listens()),
        Cause::Tls(why) => Diagnosis::Lost(asked.tls_failure(why)),
        Cause::Unreachable(why) => Diagnosis::Lost(asked.unreachable(why)),
        Cause::NotS3 | Cause::TooLong => Diagnosis::Lost(asked.not_sts(why)),
        Cause::Forbidden(kind) => Diagnosis::Lost(forbidden(&asked.place(), *kind)),
        Cause::Refused => Diagnosis::Broken(asked.refused(why)),
        Cause::NoCredentials | Cause::RoleNotAssumed(_) => Diagnosis::Broken(no_credentials()),
    }
}

/// What to say of a call of S3 that ended while STS was still being asked for the role.
pub(in crate::prober) fn timeout(config: &S3Config, role: &AssumedRole) -> Finding {
    Asked { config, role }.timeout()
}

/// What S3 says of its keys is about those that STS has given, if a role is assumed: nobody has typed them.
pub(super) fn about_given_keys(config: &S3Config, finding: Finding) -> Finding {
    let is_about_keys = matches!(
        finding.reason,
        FindingReason::UnknownAccessKey
            | FindingReason::SignatureMismatch
            | FindingReason::InvalidToken
    );
    match config.credentials.role() {
        Some(role) if is_about_keys => Finding {
            title: format!(
                "{} does not take the credentials that {} gave for the role.",
                super::place(config),
                Asked { config, role }.place()
            ),
            remedy: "Check that s3.assume_role.sts_endpoint is the STS of the store that s3.endpoint is of.".to_owned(),
            ..finding
        },
        _ => finding,
    }
}

/// The question that STS was asked.
struct Asked<'a> {
    config: &'a S3Config,
    role: &'a AssumedRole,
}

impl Asked<'_> {
    fn refused(&self, why: &Failure) -> Finding {
        let message = why.message.as_deref().unwrap_or_default();
        let says = |words: &str| message.contains(words);
        match (why.code.as_deref().unwrap_or_default(), why.status) {
            ("AccessDenied" | "AccessDeniedException" | "Forbidden", _) | ("", Some(403)) => {
                self.denied(message)
            }
            ("RequestExpired" | "RequestTimeTooSkewed", _) => clock_skew(why.clock_ahead),
            // STS says so of a clock, too.
            (_, Some(400 | 403))
                if says("Signature expired") || says("Signature not yet current") =>
            {
                clock_skew(why.clock_ahead)
            }
            (_, Some(400 | 403)) if says("scoped to a valid region") => self.other_region(),
            ("InvalidClientTokenId" | "InvalidAccessKeyId" | "UnrecognizedClientException", _) => {
                self.unknown_key()
            }
            ("SignatureDoesNotMatch" | "InvalidSignatureException", _) => self.wrong_secret(),
            ("ExpiredToken" | "ExpiredTokenException" | "InvalidToken", _) => self.wrong_token(),
            ("ValidationError" | "InvalidParameterValue", _) if says("DurationSeconds") => {
                self.too_long()
            }
            ("RegionDisabledException", _) => self.region_disabled(),
            ("Throttling" | "ThrottlingException" | "SlowDown" | "TooManyRequests", _)
            | ("", Some(429 | 503)) => self.throttled(),
            _ => self.unexpected(why),
        }
    }

    /// Either policy can be in the way, and STS seldom says which: the one of who asks, or the trust policy of the role.
    fn denied(&self, message: &str) -> Finding {
        let role = &self.role.role_arn;
        let denial = Denial::parse(message).filter(|denial| denial.action == ACTION);
        let principal = denial.as_ref().map(|denial| denial.principal.clone());
        let layer = denial.as_ref().and_then(|denial| denial.layer);
        let remedy = match &denial {
            Some(denial) if denial.is_explicit => format!(
                "A {} denies {ACTION} explicitly: take the denial away. Granting alone does not help.",
                layer.map_or("policy", Layer::as_str)
            ),
            _ => self.both_policies(principal.as_deref()),
        };
        Finding {
            resource: Some(role.to_string()),
            missing_action: Some(ACTION.to_owned()),
            principal,
            denied_by: layer,
            ..Finding::new(
                FindingReason::RoleNotAssumed,
                format!(
                    "The role {role} cannot be assumed: {} refused {ACTION}.",
                    self.place()
                ),
                remedy,
            )
        }
    }

    fn both_policies(&self, principal: Option<&str>) -> String {
        let who = principal.unwrap_or("the owner of the base credentials");
        let external_id = match &self.role.external_id {
            Some(id) => format!(
                "if that policy asks for an external ID, it must be `{}`.",
                id.as_str()
            ),
            None => {
                "if that policy asks for an external ID, set s3.assume_role.external_id.".to_owned()
            }
        };
        format!(
            "Grant {ACTION} on {} to {who}, and name {who} in the trust policy of the role; {external_id}",
            self.role.role_arn
        )
    }

    fn unknown_key(&self) -> Finding {
        Finding::new(
            FindingReason::UnknownAccessKey,
            format!(
                "{} does not know the access key ID of the base credentials, which are to assume the role.",
                self.place()
            ),
            format!(
                "Check the access key ID of {}, that the key is active, and that it belongs to where the role is assumed.",
                self.base()
            ),
        )
    }

    fn wrong_secret(&self) -> Finding {
        Finding::new(
            FindingReason::SignatureMismatch,
            "The secret access key of the base credentials, which are to assume the role, does not belong to their access key ID.",
            format!(
                "Enter the secret access key of {} again; look for a missing or an added character.",
                self.base()
            ),
        )
    }

    fn wrong_token(&self) -> Finding {
        Finding::new(
            FindingReason::InvalidToken,
            "The session token of the base credentials, which are to assume the role, has expired or is not valid.",
            format!(
                "Get new temporary credentials for {} and send all three parts of them.",
                self.base()
            ),
        )
    }

    fn too_long(&self) -> Finding {
        let seconds = self.role.duration.as_secs();
        Finding::new(
            FindingReason::RoleNotAssumed,
            format!(
                "The role {} cannot be assumed for {seconds} s.",
                self.role.role_arn
            ),
            "Shorten s3.assume_role.duration, or raise the role's maximum session duration; with the credentials of another role it is one hour at the most.",
        )
    }

    fn region_disabled(&self) -> Finding {
        Finding::new(
            FindingReason::RoleNotAssumed,
            format!(
                "The role {} cannot be assumed: STS is not activated in {} for its account.",
                self.role.role_arn, self.config.region
            ),
            "Activate STS in that region, in the account settings of the IAM console.",
        )
    }

    fn other_region(&self) -> Finding {
        Finding::new(
            FindingReason::RoleNotAssumed,
            format!(
                "The role {} cannot be assumed: {} is the STS of another region than {}.",
                self.role.role_arn,
                self.place(),
                self.config.region
            ),
            "Name the STS of the region in s3.region, or leave s3.assume_role.sts_endpoint out for Amazon S3.",
        )
    }

    fn throttled(&self) -> Finding {
        Finding::new(
            FindingReason::Throttled,
            format!("{} asked to slow down, again and again.", self.place()),
            "Test again later.",
        )
    }

    fn unexpected(&self, why: &Failure) -> Finding {
        let code = why.code.as_deref().filter(|code| is_code(code));
        let code = code.map_or(String::new(), |code| format!(" {code}"));
        let status = why
            .status
            .map_or("no status".to_owned(), |s| format!("HTTP {s}"));
        Finding::new(
            FindingReason::RoleNotAssumed,
            format!(
                "The role {} cannot be assumed: {} answered {status}{code}.",
                self.role.role_arn,
                self.place()
            ),
            "Test again; if it stays so, look the code up in the documentation of STS.",
        )
    }

    fn not_sts(&self, why: &Failure) -> Finding {
        let status = why.status.map_or(String::new(), |s| format!(" (HTTP {s})"));
        Finding::new(
            FindingReason::RoleNotAssumed,
            format!(
                "The role {} cannot be assumed: what answers as {} does not speak STS{status}.",
                self.role.role_arn,
                self.place()
            ),
            "Check that s3.assume_role.sts_endpoint is the address of an STS, and that no proxy answers instead.",
        )
    }

    fn timeout(&self) -> Finding {
        self.unreached(
            FindingReason::Timeout,
            &format!("{} did not answer in time", self.place()),
            "Check the address and the network between; raise --check-timeout if STS is slow.",
        )
    }

    fn no_such_host(&self) -> Finding {
        self.unreached(
            FindingReason::DnsFailure,
            &format!("the host name of {} has no address", self.place()),
            "Check the host name, and that this server's DNS knows it.",
        )
    }

    fn nothing_listens(&self) -> Finding {
        self.unreached(
            FindingReason::ConnectionRefused,
            &format!("nothing listens at the address of {}", self.place()),
            "Check the host and port, and that STS is running.",
        )
    }

    fn tls_failure(&self, why: &str) -> Finding {
        self.unreached(
            FindingReason::TlsFailure,
            &format!("TLS with {} failed: {why}", self.place()),
            "If a private authority has signed the certificate of STS, set s3.ca_certificate_pem to the authority's, by which STS and the store are both trusted; check also that the port speaks TLS.",
        )
    }

    fn unreachable(&self, why: &str) -> Finding {
        self.unreached(
            FindingReason::EndpointUnreachable,
            &format!("{} cannot be reached: {why}", self.place()),
            "Check the host, port and scheme, and that this server may connect to it.",
        )
    }

    /// STS could not be asked at all. `check` is what to do about the address, wherever that comes from.
    fn unreached(&self, reason: FindingReason, what: &str, check: &str) -> Finding {
        let setting = match &self.role.sts_endpoint {
            Some(_) => "s3.assume_role.sts_endpoint",
            None => "s3.region, which AWS's STS is chosen by",
        };
        Finding::new(
            reason,
            format!("The role cannot be assumed: {what}."),
            format!("See to {setting}. {check}"),
        )
    }

    /// The STS that was asked.
    fn place(&self) -> String {
        match &self.role.sts_endpoint {
            Some(endpoint) => format!("STS at {endpoint}"),
            None => format!("AWS STS ({})", self.config.region),
        }
    }

    /// Where the base credentials come from.
    fn base(&self) -> &'static str {
        match self.role.base {
            Base::AccessKey(_) => "s3.assume_role.access_key",
            Base::Ambient => "the credentials that this server runs with",
        }
    }
}

fn clock_skew(ahead: Option<i32>) -> Finding {
    let finding = super::clock_skew("STS", ahead);
    let remedy = "Set this server's clock; STS takes requests that are at most 5 minutes off.";
    Finding {
        remedy: remedy.to_owned(),
        ..finding
    }
}

#[cfg(test)]
mod tests {
    use super::{FindingReason, about_given_keys, diagnose, timeout};
    use crate::model::credentials::{
        AssumedRole, Base, Credentials, RoleArn, SessionDuration, SessionName,
    };
    use crate::model::datastore::S3Config;
    use crate::model::endpoint::Endpoint;
    use crate::prober::diagnose::Diagnosis;
    use crate::prober::testing::config;
    use crate::report::Finding;
    use crate::s3::{Cause, Failure};

    const ARN: &str = "arn:aws:iam::123456789012:role/reader";

    /// A role that this server's own credentials assume.
    fn with_role(sts_endpoint: Option<&str>) -> S3Config {
        let mut config = config("s3://logs");
        config.credentials = Credentials::AssumedRole(Box::new(AssumedRole {
            role_arn: RoleArn::parse(ARN).unwrap(),
            external_id: None,
            session_name: SessionName::default(),
            duration: SessionDuration::default(),
            sts_endpoint: sts_endpoint.map(|e| Endpoint::parse(e).unwrap()),
            base: Base::Ambient,
        }));
        config
    }

    fn refused(code: &str, message: &str) -> Failure {
        let mut failure = Failure::new(Cause::Refused);
        failure.status = Some(403);
        failure.code = (!code.is_empty()).then(|| code.to_owned());
        failure.message = Some(message.to_owned());
        failure
    }

    fn of(config: &S3Config, failure: &Failure) -> (&'static str, Finding) {
        match diagnose(config, failure) {
            Diagnosis::Lost(finding) => ("lost", finding),
            Diagnosis::Broken(finding) => ("broken", finding),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_an_answer_of_sts_the_one_that_was_asked_is_named() {
        for (sts, named, setting) in [
            (None, "AWS STS (us-east-1)", "s3.region"),
            (
                Some("http://sts:1"),
                "STS at http://sts:1",
                "s3.assume_role.sts_endpoint",
            ),
        ] {
            let config = with_role(sts);
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
            ] {
                let (kind, finding) = of(&config, &Failure::new(cause));
                assert_eq!((kind, finding.reason), ("lost", reason));
                assert!(finding.title.contains(named), "{finding:?}");
                assert!(finding.remedy.contains(setting), "{finding:?}");
            }
            let role = config.credentials.role().unwrap();
            assert!(timeout(&config, role).title.contains(named));
        }
    }

    #[test]
    fn a_refusal_without_words_is_one_of_the_role() {
        for failure in [refused("", ""), refused("AccessDenied", "Access denied")] {
            let (kind, finding) = of(&with_role(None), &failure);
            assert_eq!(
                (kind, finding.reason),
                ("broken", FindingReason::RoleNotAssumed)
            );
            assert_eq!(finding.missing_action.as_deref(), Some("sts:AssumeRole"));
            assert_eq!(finding.resource.as_deref(), Some(ARN));
            assert_eq!(finding.principal, None);
        }
    }

    /// Whoever writes it: the principal of a denial of something else is nobody's here.
    #[test]
    fn a_denial_of_another_action_names_no_principal() {
        let message = "User: arn:aws:iam::111122223333:user/x is not authorized to perform: sts:TagSession on resource: arn:aws:iam::123456789012:role/reader";
        let (_, finding) = of(&with_role(None), &refused("AccessDenied", message));
        assert_eq!(finding.principal, None);
    }

    #[test]
    fn the_servers_own_credentials_are_named_as_the_base_when_they_are_it() {
        for code in [
            "InvalidClientTokenId",
            "SignatureDoesNotMatch",
            "ExpiredToken",
        ] {
            let (_, finding) = of(&with_role(None), &refused(code, ""));
            assert!(
                finding.remedy.contains("this server runs with"),
                "{finding:?}"
            );
        }
        let none = Failure::new(Cause::NoCredentials);
        let (kind, finding) = of(&with_role(None), &none);
        assert_eq!(
            (kind, finding.reason),
            ("broken", FindingReason::NoCredentials)
        );
    }

    #[test]
    fn what_sts_writes_is_not_repeated() {
        let mut failure = refused("Evil", "evil words");
        failure.code = Some("<b>evil</b>".to_owned());
        let (_, finding) = of(&with_role(None), &failure);
        assert!(!format!("{finding:?} {failure:?}").contains("evil words"));
        assert!(!format!("{finding:?}").contains("<b>"));
    }

    #[test]
    fn only_what_s3_says_of_keys_is_about_those_that_sts_gave() {
        let about = |reason| Finding::new(reason, "t", "r");
        let config = with_role(Some("http://sts:1"));
        for reason in [
            FindingReason::UnknownAccessKey,
            FindingReason::SignatureMismatch,
            FindingReason::InvalidToken,
        ] {
            let finding = about_given_keys(&config, about(reason));
            assert!(finding.title.contains("STS at http://sts:1"), "{finding:?}");
            assert_eq!(finding.reason, reason);
        }
        let other = about(FindingReason::NoSuchBucket);
        assert_eq!(about_given_keys(&config, other.clone()), other);
        let typed = about(FindingReason::UnknownAccessKey);
        let anonymous = crate::prober::testing::config("s3://logs");
        assert_eq!(about_given_keys(&anonymous, typed.clone()), typed);
    }
}
