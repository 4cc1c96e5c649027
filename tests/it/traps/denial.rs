//! AWS's long 403: KMS is blamed for what KMS refused, an explicit denial is told from a missing right, and who was refused by what is said.

use datastored::pb::{self, Check, FindingReason, PolicyLayer, Verdict};

use super::{assert_broken, check, finding, report_with};
use crate::connection::watch::verdicts;
use crate::connection::{assert_holds, behind_a_proxy, put, report};
use crate::lab;
use crate::lab::proxy::{EVERY, Reply};
use crate::lab::rule::{Rule, When};
use crate::server::Datastored;

const USER: &str = "arn:aws:iam::111122223333:user/probe";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234";

fn long(action: &str, resource: &str, why: &str) -> Reply {
    let message = format!(
        "User: {USER} is not authorized to perform: {action} on resource: \"{resource}\" {why}"
    );
    Reply::error(403, "AccessDenied", &message)
}

#[tokio::test]
async fn what_kms_refuses_is_blamed_on_the_kms_action() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    let (failed, untold) = (Verdict::Failed, Verdict::Inconclusive);
    for (operation, action, of, verdict) in [
        ("PutObject", "kms:GenerateDataKey", Check::PutObject, failed),
        // Objects were written all the same; what needs an upload could not be tried.
        (
            "CreateMultipartUpload",
            "kms:Decrypt",
            Check::ListParts,
            untold,
        ),
        ("GetObject", "kms:Decrypt", Check::GetObject, failed),
    ] {
        let (proxy, bucket, config) = behind_a_proxy(&s3).await;
        let why = format!("because no identity-based policy allows the {action} action");
        proxy.answer(operation, long(action, KEY, &why));
        let report = report(&server, config, pb::Role::Enrichment).await;
        assert_eq!(check(&report, of).verdict(), verdict, "{operation}");
        let finding = finding(&report, of);
        assert_eq!(finding.reason(), FindingReason::KmsAccessDenied);
        assert_eq!(finding.missing_action, action);
        assert_eq!(finding.resource, KEY);
        assert_eq!(finding.principal, USER);
        assert_eq!(report.missing_actions, [action]);
        // S3 itself lacks nothing.
        assert_eq!(report.missing_policy, "");
        assert_holds(&s3, &bucket, &[]).await;
    }
}

#[tokio::test]
async fn the_layer_that_refuses_is_named_and_an_explicit_denial_is_to_be_taken_away() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    for (why, layer, explicit) in [
        (
            "because no identity-based policy allows the s3:ListBucket action",
            PolicyLayer::IdentityBased,
            false,
        ),
        (
            "because no session policy allows the s3:ListBucket action",
            PolicyLayer::Session,
            false,
        ),
        (
            "with an explicit deny in an identity-based policy",
            PolicyLayer::IdentityBased,
            true,
        ),
        (
            "with an explicit deny in a resource-based policy",
            PolicyLayer::ResourceBased,
            true,
        ),
        (
            "with an explicit deny in a service control policy",
            PolicyLayer::ServiceControl,
            true,
        ),
        (
            "with an explicit deny in a resource control policy",
            PolicyLayer::ResourceControl,
            true,
        ),
        (
            "with an explicit deny in a permissions boundary",
            PolicyLayer::PermissionsBoundary,
            true,
        ),
        (
            "with an explicit deny in a session policy",
            PolicyLayer::Session,
            true,
        ),
        (
            "with an explicit deny in a VPC endpoint policy",
            PolicyLayer::VpcEndpoint,
            true,
        ),
    ] {
        let (proxy, bucket, config) = behind_a_proxy(&s3).await;
        let resource = format!("arn:aws:s3:::{bucket}");
        proxy.answer("ListObjectsV2", long("s3:ListBucket", &resource, why));
        let report = report(&server, config, pb::Role::Enrichment).await;
        let finding = finding(&report, Check::ListObjects);
        assert_eq!(finding.reason(), FindingReason::AccessDenied);
        assert_eq!(finding.denied_by(), layer, "{why}");
        assert_eq!(finding.principal, USER);
        let takes_away = finding.remedy.contains("explicitly");
        assert_eq!(takes_away, explicit, "{why}: {}", finding.remedy);
        // What another layer refuses, no policy of the user grants.
        let is_grantable = layer == PolicyLayer::IdentityBased;
        assert_eq!(!report.missing_policy.is_empty(), is_grantable, "{why}");
        assert_eq!(report.missing_actions, ["s3:ListBucket"], "{why}");
    }
}

#[tokio::test]
async fn what_another_layer_does_not_allow_is_to_be_allowed_there() {
    let server = Datastored::start(&[]);
    let s3 = lab::s3s().await;
    for layer in [
        "service control policy",
        "resource control policy",
        "permissions boundary",
        "session policy",
        "VPC endpoint policy",
        "resource-based policy",
    ] {
        let (proxy, bucket, config) = behind_a_proxy(&s3).await;
        let resource = format!("arn:aws:s3:::{bucket}");
        let why = format!("because no {layer} allows the s3:ListBucket action");
        proxy.answer("ListObjectsV2", long("s3:ListBucket", &resource, &why));
        let report = report(&server, config, pb::Role::Source).await;
        let finding = finding(&report, Check::ListObjects);
        let remedy = format!(
            "The {layer} does not allow s3:ListBucket: allow it there. Granting it elsewhere does not help."
        );
        assert_eq!(finding.remedy, remedy);
        assert_eq!(finding.missing_action, "s3:ListBucket");
        assert_eq!(report.missing_actions, ["s3:ListBucket"]);
        assert_eq!(report.missing_policy, "", "{layer}");
    }
}

/// Some stores send a 403 without a message, some without a body at all.
#[tokio::test]
async fn a_403_without_words_is_a_denial() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    for body in [
        "",
        "<Error><Code>AccessDenied</Code></Error>",
        "<Error><Code>AccessDenied</Code><Message></Message></Error>",
    ] {
        let (proxy, bucket, config) = behind_a_proxy(&s3).await;
        let (content_type, body) = ("application/xml", body.to_owned());
        let reply = Reply {
            status: 403,
            content_type,
            body,
        };
        proxy.rule(
            "DeleteObject",
            Rule::reply(When::Always, reply).with("x-amz-id-2", "second/id+="),
        );
        let report = report(&server, config, pb::Role::Enrichment).await;
        let expected = [
            "LIST_OBJECTS PASSED",
            "LIST_MULTIPART_UPLOADS PASSED",
            "GET_OBJECT SKIPPED by DELETE_OBJECT",
            "PUT_OBJECT PASSED",
            "DELETE_OBJECT FAILED ACCESS_DENIED",
            "ABORT_MULTIPART_UPLOAD PASSED",
            "LIST_PARTS PASSED",
        ];
        assert_eq!(verdicts(&report), expected);
        assert_eq!(report.missing_actions, ["s3:DeleteObject"]);
        let evidence = check(&report, Check::DeleteObject).evidence.expect("proof");
        assert_eq!(evidence.extended_request_id, "second/id+=");
        assert_holds(&s3, &bucket, &[]).await;
    }
}

/// Who is told that it is archived may read it.
#[tokio::test]
async fn an_archived_object_passes_with_a_warning() {
    let server = Datastored::start(&[]);
    for s3 in [lab::moto().await, lab::seaweedfs().await] {
        let (proxy, bucket, config) = behind_a_proxy(&s3).await;
        put(&s3, &bucket, "cold.csv", b"a").await;
        let archived = Reply::error(
            403,
            "InvalidObjectState",
            "The operation is not valid for the object's storage class",
        );
        proxy.answer("GetObject", archived);
        for sample_key in [String::new(), "cold.csv".to_owned()] {
            let options = pb::TestConnectionRequest {
                sample_key,
                ..pb::TestConnectionRequest::default()
            };
            let report = report_with(&server, config.clone(), pb::Role::Source, options).await;
            super::assert_passed(&report);
            assert_eq!(report.warnings.len(), 1, "{:?}", report.warnings);
            assert!(report.warnings[0].contains("cold.csv"));
        }
    }
}

#[tokio::test]
async fn a_suspended_account_is_a_cause_of_its_own() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    for (code, reason) in [
        ("AccountProblem", FindingReason::AccountProblem),
        ("AllAccessDisabled", FindingReason::AccountProblem),
        ("NotSignedUp", FindingReason::AccountProblem),
        ("InvalidClientTokenId", FindingReason::UnknownAccessKey),
        ("InvalidAccessKeyId", FindingReason::UnknownAccessKey),
        ("SignatureDoesNotMatch", FindingReason::SignatureMismatch),
        ("ExpiredToken", FindingReason::InvalidToken),
        ("InvalidToken", FindingReason::InvalidToken),
    ] {
        let (proxy, _, config) = behind_a_proxy(&s3).await;
        proxy.answer(EVERY, Reply::error(403, code, "secret words of the store"));
        for role in [pb::Role::Source, pb::Role::Enrichment] {
            let report = report(&server, config.clone(), role).await;
            assert_broken(&report, reason);
            assert!(!format!("{report:?}").contains("secret words"), "{code}");
        }
    }
}
