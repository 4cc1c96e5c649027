//! A refusal of STS is a finding of its own, which says what to do, and S3 is not asked.

use datastored::pb::{self, FindingReason, PolicyLayer};

use super::{Stage, assert_not_assumed, base, role_mut};
use crate::connection::{assert_holds, report};
use crate::lab::proxy::{Proxy, Reply};
use crate::lab::{self, Keys, Server, policies};
use crate::server::Datastored;

/// Tests in both roles, through a proxy that sees that S3 is not asked, and returns what is found.
async fn refused(
    server: &Datastored,
    s3: &Server,
    mut config: pb::S3Config,
    reason: FindingReason,
) -> pb::Finding {
    let proxy = Proxy::start(s3.endpoint()).await;
    proxy.endpoint().clone_into(&mut config.endpoint);
    let mut found = None;
    for role in [pb::Role::Source, pb::Role::Enrichment] {
        let report = report(server, config.clone(), role).await;
        found = Some(assert_not_assumed(&report, reason));
    }
    for operation in ["ListObjectsV2", "DeleteObject", "AbortMultipartUpload"] {
        assert_eq!(proxy.calls(operation), 0, "{operation}");
    }
    found.expect("two tests have run")
}

/// Asserts what is said of a missing `sts:AssumeRole`.
#[track_caller]
fn assert_names(finding: &pb::Finding, stage: &Stage) {
    assert_eq!(finding.missing_action, "sts:AssumeRole");
    assert_eq!(finding.resource, stage.role_arn);
    assert_eq!(finding.principal, stage.user_arn);
    assert!(finding.title.contains(&stage.role_arn), "{finding:?}");
    for words in ["sts:AssumeRole", "trust policy", &stage.user_arn] {
        assert!(finding.remedy.contains(words), "{words}: {finding:?}");
    }
}

#[tokio::test]
async fn a_user_without_the_right_to_assume_the_role_is_told_so() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let mut stage = Stage::new(&s3).await;
    let name = lab::new_name();
    stage.keys = s3.named_user(&name, &policies::nothing()).await;
    stage.user_arn = format!("arn:aws:iam::123456789012:user/{name}");
    let config = stage.config("", s3.endpoint());
    let finding = refused(&server, &s3, config, FindingReason::RoleNotAssumed).await;
    assert_names(&finding, &stage);
    assert!(finding.remedy.contains("s3.assume_role.external_id"));
    assert_holds(&s3, &stage.bucket, &[]).await;
}

#[tokio::test]
async fn a_role_whose_trust_policy_names_somebody_else_is_not_assumed() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let mut stage = Stage::new(&s3).await;
    // May assume the role, as far as its own policy goes.
    let name = lab::new_name();
    let policy = policies::assuming(&stage.role_arn);
    stage.keys = s3.named_user(&name, &policy).await;
    stage.user_arn = format!("arn:aws:iam::123456789012:user/{name}");
    let config = stage.config("", s3.endpoint());
    let finding = refused(&server, &s3, config, FindingReason::RoleNotAssumed).await;
    assert_names(&finding, &stage);
}

#[tokio::test]
async fn a_wrong_external_id_is_repeated_to_be_compared_with_the_trust_policy() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let stage = Stage::with(&s3, Some("partner-42"), policies::enrichment).await;
    let mut config = stage.config("", s3.endpoint());
    "partner-24".clone_into(&mut role_mut(&mut config).external_id);
    let finding = refused(&server, &s3, config, FindingReason::RoleNotAssumed).await;
    assert_names(&finding, &stage);
    assert!(finding.remedy.contains("`partner-24`"), "{finding:?}");
}

#[tokio::test]
async fn wrong_base_keys_are_told_from_a_missing_right() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let stage = Stage::new(&s3).await;
    let wrong_secret = Keys {
        secret_access_key: format!("{}x", stage.keys.secret_access_key),
        ..stage.keys.clone()
    };
    let unknown = Keys {
        access_key_id: "AKIAIOSFODNN7UNKNOWN".to_owned(),
        ..stage.keys.clone()
    };
    for (keys, reason) in [
        (wrong_secret, FindingReason::SignatureMismatch),
        (unknown, FindingReason::UnknownAccessKey),
    ] {
        let mut config = stage.config("", s3.endpoint());
        role_mut(&mut config).base = Some(base(&keys));
        let finding = refused(&server, &s3, config, reason).await;
        assert!(finding.title.contains("base credentials"), "{finding:?}");
        assert!(finding.remedy.contains("s3.assume_role.access_key"));
        assert_eq!((&*finding.resource, &*finding.missing_action), ("", ""));
    }
}

/// moto's STS says none of this; a proxy in front of it does.
#[tokio::test]
async fn the_errors_of_sts_are_told_apart_by_their_code_and_its_words_are_not_repeated() {
    use FindingReason as Reason;
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let stage = Stage::new(&s3).await;
    for (status, code, message, reason, words) in [
        (
            403,
            "AccessDenied",
            "Access denied",
            Reason::RoleNotAssumed,
            "refused sts:AssumeRole",
        ),
        (
            403,
            "ExpiredToken",
            "The security token is expired",
            Reason::InvalidToken,
            "session token of the base",
        ),
        (
            403,
            "InvalidClientTokenId",
            "It is invalid.",
            Reason::UnknownAccessKey,
            "base credentials",
        ),
        (
            403,
            "SignatureDoesNotMatch",
            "It does not match.",
            Reason::SignatureMismatch,
            "base credentials",
        ),
        (
            403,
            "SignatureDoesNotMatch",
            "Signature expired: 20260101T000000Z is now earlier than",
            Reason::ClockSkew,
            "STS's",
        ),
        (
            403,
            "SignatureDoesNotMatch",
            "Credential should be scoped to a valid region.",
            Reason::RoleNotAssumed,
            "another region",
        ),
        (
            400,
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            Reason::RoleNotAssumed,
            "3600 s",
        ),
        (
            403,
            "RegionDisabledException",
            "STS is not activated in this region",
            Reason::RoleNotAssumed,
            "not activated in us-east-1",
        ),
        (
            400,
            "Throttling",
            "Rate exceeded",
            Reason::Throttled,
            "slow down",
        ),
        (
            400,
            "ValidationError",
            "1 validation error detected",
            Reason::RoleNotAssumed,
            "HTTP 400 ValidationError",
        ),
        (
            500,
            "InternalFailure",
            "It failed.",
            Reason::RoleNotAssumed,
            "HTTP 500 InternalFailure",
        ),
    ] {
        let proxy = Proxy::start(s3.endpoint()).await;
        let message = format!("{message} secret words of STS");
        proxy.answer("AssumeRole", Reply::sts_error(status, code, &message));
        let config = stage.config("", proxy.endpoint());
        let finding = refused(&server, &s3, config, reason).await;
        assert!(finding.title.contains(words), "{code}: {finding:?}");
        assert!(!format!("{finding:?}").contains("secret words"), "{code}");
        let is_denial = code == "AccessDenied";
        assert_eq!(finding.missing_action.is_empty(), !is_denial, "{finding:?}");
    }
    assert!(!server.log().contains("secret words"));
}

/// AWS names the layer that refuses; moto does not, so a proxy in front of it does.
#[tokio::test]
async fn an_explicit_denial_is_to_be_taken_away() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let stage = Stage::new(&s3).await;
    let message = format!(
        "User: {} is not authorized to perform: sts:AssumeRole on resource: {} with an explicit deny in a service control policy",
        stage.user_arn, stage.role_arn
    );
    let proxy = Proxy::start(s3.endpoint()).await;
    proxy.answer(
        "AssumeRole",
        Reply::sts_error(403, "AccessDenied", &message),
    );
    let config = stage.config("", proxy.endpoint());
    let finding = refused(&server, &s3, config, FindingReason::RoleNotAssumed).await;
    assert_eq!(finding.principal, stage.user_arn);
    assert_eq!(finding.denied_by(), PolicyLayer::ServiceControl);
    assert!(finding.remedy.contains("explicitly"), "{finding:?}");
}

/// The keys that STS gives are nobody's typing error: where the store does not know them, the STS is that of another one.
#[tokio::test]
async fn keys_of_another_stores_sts_are_blamed_on_the_sts_endpoint() {
    let server = Datastored::start(&[]);
    let (s3, other) = (lab::moto().await, lab::seaweedfs().await);
    let stage = Stage::new(&s3).await;
    let config = stage.config(other.endpoint(), s3.endpoint());
    let report = report(&server, config, pb::Role::Source).await;
    let finding = assert_not_assumed(&report, FindingReason::UnknownAccessKey);
    for words in [s3.endpoint(), other.endpoint(), "for the role"] {
        assert!(finding.title.contains(words), "{finding:?}");
    }
    assert!(finding.remedy.contains("s3.assume_role.sts_endpoint"));
}
