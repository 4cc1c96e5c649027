//! From domain values to response messages. A secret has no way through here.

use std::time::SystemTime;

use crate::iam::Layer;
use crate::model::audit;
use crate::model::claim::marker_key;
use crate::model::connection_test::TestName;
use crate::model::credentials::{AssumedRole, Base, Credentials};
use crate::model::datastore::{AddressingStyle, Datastore, S3Config};
use crate::model::name::{DatastoreId, DatastoreName};
use crate::model::role::Role;
use crate::pb;
use crate::prober::Event;
use crate::registry::Stored;
use crate::report::{
    Check, CheckResult, Evidence, Finding, FindingReason, KeptTest, Outcome, Report, Residue,
    SuggestedConfig, Verdict, VerdictChange,
};
use crate::store::Revision;

/// An event of the audit.
pub(super) fn audit_event(event: audit::Event) -> pb::AuditEvent {
    pb::AuditEvent {
        name: format!("auditEvents/{}", event.id),
        event_time: Some(timestamp(event.time)),
        call_id: event.call_id.to_string(),
        caller: event.caller,
        address: event.address.map_or(String::new(), |at| at.to_string()),
        action: event.action.as_str().to_owned(),
        resource: event.resource,
        enrichment_datastore: event.enrichment.unwrap_or_default(),
        changed_fields: event.changed_fields,
        request_id: event.request_id.map_or(String::new(), |id| id.to_string()),
        outcome: event.outcome,
        connection_tests: event.connection_tests,
    }
}

pub(super) fn datastore(stored: Stored) -> pb::Datastore {
    let connection = connection(&stored);
    let datastore = stored.datastore;
    pb::Datastore {
        name: DatastoreName::text(&datastore.id),
        role: role(datastore.role).into(),
        config: Some(pb::datastore::Config::S3(s3_config(&datastore.s3))),
        uid: datastore.uid.to_string(),
        create_time: Some(timestamp(datastore.create_time)),
        update_time: Some(timestamp(datastore.update_time)),
        etag: stored.revision.map_or(String::new(), etag),
        enrichment_datastore: name_of(datastore.enrichment.as_ref()),
        connection: Some(connection),
        prefix_claim: prefix_claim(&datastore),
        display_name: datastore.display_name.into_string(),
        labels: datastore.labels.into(),
    }
}

fn name_of(id: Option<&DatastoreId>) -> String {
    id.map_or(String::new(), DatastoreName::text)
}

fn connection(stored: &Stored) -> pb::Connection {
    use pb::ConnectionState as State;
    let Some(known) = &stored.connection else {
        return pb::Connection {
            state: State::Untested.into(),
            ..pb::Connection::default()
        };
    };
    let state = match known.outcome {
        Outcome::Passed => State::Passed,
        Outcome::Failed => State::Failed,
        Outcome::Inconclusive => State::Inconclusive,
    };
    let last_test = TestName {
        datastore: Some(stored.datastore.id.clone()),
        id: known.last_test,
    };
    pb::Connection {
        state: state.into(),
        since: Some(timestamp(known.since)),
        last_test: last_test.to_string(),
        last_test_time: Some(timestamp(known.last_test_time)),
        missing_actions: known.missing_actions.clone(),
    }
}

fn prefix_claim(datastore: &Datastore) -> Option<pb::PrefixClaim> {
    let claim = datastore.claim.as_ref()?;
    Some(pb::PrefixClaim {
        key: marker_key(&datastore.s3.prefix),
        claim_time: Some(timestamp(claim.time)),
        enforced: claim.enforced,
        pending: !claim.confirmed,
    })
}

/// Where the enrichment of a source goes.
pub(super) fn enrichment(stored: &Stored) -> pb::ResolveEnrichmentResponse {
    let s3 = &stored.datastore.s3;
    let style = if s3.uses_path_style() {
        AddressingStyle::Path
    } else {
        AddressingStyle::VirtualHosted
    };
    let shown = s3_config(s3);
    pb::ResolveEnrichmentResponse {
        enrichment_datastore: name_of(Some(&stored.datastore.id)),
        uri: shown.uri,
        bucket: s3.bucket.as_str().to_owned(),
        prefix: s3.prefix.as_str().to_owned(),
        region: shown.region,
        endpoint: shown.endpoint,
        addressing_style: addressing_style(Some(style)).into(),
        ca_certificate_pem: shown.ca_certificate_pem,
        connection: Some(connection(stored)),
    }
}

/// A test that is kept.
pub(super) fn connection_test(kept: KeptTest) -> pb::ConnectionTest {
    let name = kept.name.to_string();
    pb::ConnectionTest {
        name: name.clone(),
        role: role(kept.role).into(),
        uri: kept.uri,
        report: Some(pb::ConnectionTestReport {
            name,
            ..report(kept.report)
        }),
    }
}

/// The etag of what a commit has stored.
pub(super) fn etag(revision: Revision) -> String {
    format!("{:x}", revision.get())
}

fn s3_config(s3: &S3Config) -> pb::S3Config {
    use pb::CredentialsKind as Kind;
    let (kind, access_key_id) = match s3.credentials.shown() {
        Credentials::AccessKey(key) if key.session_token.is_some() => {
            (Kind::Temporary, key.access_key_id.clone())
        }
        Credentials::AccessKey(key) => (Kind::AccessKey, key.access_key_id.clone()),
        Credentials::Anonymous => (Kind::Anonymous, String::new()),
        Credentials::Ambient => (Kind::Ambient, String::new()),
        Credentials::Sealed(_) => (Kind::Unspecified, String::new()),
        Credentials::AssumedRole(role) => (Kind::AssumedRole, base_key_id(role)),
    };
    let role = s3.credentials.role();
    let external_id = role.and_then(|role| role.external_id.as_ref());
    pb::S3Config {
        uri: s3.uri(),
        region: s3.region.as_str().to_owned(),
        endpoint: s3
            .endpoint
            .as_ref()
            .map_or(String::new(), |e| e.as_str().to_owned()),
        addressing_style: addressing_style(s3.addressing_style).into(),
        credentials: None,
        credentials_kind: kind.into(),
        access_key_id,
        ca_certificate_pem: s3
            .ca_certificates
            .as_ref()
            .map_or(String::new(), |c| c.as_pem().to_owned()),
        role_arn: role.map_or(String::new(), |r| r.role_arn.to_string()),
        external_id: external_id.map_or(String::new(), |id| id.as_str().to_owned()),
    }
}

/// The id of the key that a role is assumed with.
fn base_key_id(role: &AssumedRole) -> String {
    match &role.base {
        Base::AccessKey(key) => key.access_key_id.clone(),
        Base::Ambient => String::new(),
    }
}

pub(super) fn event(event: Event) -> pb::TestConnectionResponse {
    use pb::test_connection_response::Event as Message;
    let message = match event {
        Event::Started {
            test_id,
            role: tested,
            uri,
            checks,
        } => Message::Started(pb::ConnectionTestStarted {
            test_id: test_id.to_string(),
            role: role(tested).into(),
            uri,
            checks: checks.into_iter().map(check_result).collect(),
        }),
        Event::Check {
            result,
            done,
            total,
        } => Message::Check(pb::CheckChanged {
            check: Some(check_result(*result)),
            done: count(done),
            total: count(total),
        }),
        Event::Completed { report, name } => Message::Completed(pb::ConnectionTestReport {
            name: name.map_or(String::new(), |name| name.to_string()),
            ..self::report(*report)
        }),
    };
    pb::TestConnectionResponse {
        event: Some(message),
    }
}

fn report(report: Report) -> pb::ConnectionTestReport {
    let outcome = match report.outcome {
        Outcome::Passed => pb::Outcome::Passed,
        Outcome::Failed => pb::Outcome::Failed,
        Outcome::Inconclusive => pb::Outcome::Inconclusive,
    };
    pb::ConnectionTestReport {
        test_id: report.test_id.to_string(),
        outcome: outcome.into(),
        missing_actions: report.missing_actions(),
        checks: report.checks.into_iter().map(check_result).collect(),
        connection_finding: report.connection_finding.map(finding),
        residue: report.residue.into_iter().map(residue).collect(),
        warnings: report.warnings,
        start_time: Some(timestamp(report.start_time)),
        duration: prost_types::Duration::try_from(report.duration).ok(),
        missing_policy: report.missing_policy.unwrap_or_default(),
        name: String::new(),
        changes: report.changes.iter().map(verdict_change).collect(),
        suggested_config: report.suggested_config.map(suggested_config),
    }
}

fn suggested_config(suggested: SuggestedConfig) -> pb::SuggestedConfig {
    pb::SuggestedConfig {
        region: suggested.region.map_or(String::new(), |r| r.to_string()),
        addressing_style: addressing_style(suggested.addressing_style).into(),
    }
}

fn addressing_style(style: Option<AddressingStyle>) -> pb::AddressingStyle {
    match style {
        None => pb::AddressingStyle::Unspecified,
        Some(AddressingStyle::Path) => pb::AddressingStyle::Path,
        Some(AddressingStyle::VirtualHosted) => pb::AddressingStyle::VirtualHosted,
    }
}

fn verdict(verdict: Verdict) -> pb::Verdict {
    match verdict {
        Verdict::Pending => pb::Verdict::Pending,
        Verdict::Running => pb::Verdict::Running,
        Verdict::Passed => pb::Verdict::Passed,
        Verdict::Failed => pb::Verdict::Failed,
        Verdict::Skipped => pb::Verdict::Skipped,
        Verdict::Inconclusive => pb::Verdict::Inconclusive,
        Verdict::Retrying => pb::Verdict::Retrying,
    }
}

fn verdict_change(change: &VerdictChange) -> pb::VerdictChange {
    let action = change.check.action().as_str();
    let since = timestamp(change.since);
    let (before, after) = (verdict(change.before), verdict(change.after));
    let summary = match (change.before, change.after) {
        (Verdict::Passed, Verdict::Failed) => format!("lost {action} since {since}"),
        (Verdict::Failed, Verdict::Passed) => format!("gained {action} since {since}"),
        _ => {
            let word = |verdict: pb::Verdict| verdict.as_str_name().trim_start_matches("VERDICT_");
            let (before, after) = (word(before), word(after));
            format!("{action} was {before} at {since} and is {after}")
        }
    };
    pb::VerdictChange {
        check: check(change.check).into(),
        action: action.to_owned(),
        before: before.into(),
        after: after.into(),
        since: Some(since),
        summary,
    }
}

fn check_result(result: CheckResult) -> pb::CheckResult {
    let cause = result
        .skipped_because_of
        .map_or(pb::Check::Unspecified, check);
    pb::CheckResult {
        check: check(result.check).into(),
        action: result.check.action().as_str().to_owned(),
        verdict: verdict(result.verdict).into(),
        finding: result.finding.map(finding),
        skipped_because_of: cause.into(),
        evidence: result.evidence.map(evidence),
    }
}

fn check(check: Check) -> pb::Check {
    match check {
        Check::ListObjects => pb::Check::ListObjects,
        Check::ListMultipartUploads => pb::Check::ListMultipartUploads,
        Check::GetObject => pb::Check::GetObject,
        Check::PutObject => pb::Check::PutObject,
        Check::DeleteObject => pb::Check::DeleteObject,
        Check::AbortMultipartUpload => pb::Check::AbortMultipartUpload,
        Check::ListParts => pb::Check::ListParts,
    }
}

fn finding(finding: Finding) -> pb::Finding {
    pb::Finding {
        reason: finding_reason(finding.reason).into(),
        title: finding.title,
        remedy: finding.remedy,
        resource: finding.resource.unwrap_or_default(),
        missing_action: finding.missing_action.unwrap_or_default(),
        principal: finding.principal.unwrap_or_default(),
        denied_by: policy_layer(finding.denied_by).into(),
    }
}

fn policy_layer(layer: Option<Layer>) -> pb::PolicyLayer {
    match layer {
        None => pb::PolicyLayer::Unspecified,
        Some(Layer::IdentityBased) => pb::PolicyLayer::IdentityBased,
        Some(Layer::ResourceBased) => pb::PolicyLayer::ResourceBased,
        Some(Layer::ServiceControl) => pb::PolicyLayer::ServiceControl,
        Some(Layer::ResourceControl) => pb::PolicyLayer::ResourceControl,
        Some(Layer::PermissionsBoundary) => pb::PolicyLayer::PermissionsBoundary,
        Some(Layer::Session) => pb::PolicyLayer::Session,
        Some(Layer::VpcEndpoint) => pb::PolicyLayer::VpcEndpoint,
    }
}

fn finding_reason(reason: FindingReason) -> pb::FindingReason {
    match reason {
        FindingReason::AccessDenied => pb::FindingReason::AccessDenied,
        FindingReason::Dependency => pb::FindingReason::Dependency,
        FindingReason::NoObjectToRead => pb::FindingReason::NoObjectToRead,
        FindingReason::ContentMismatch => pb::FindingReason::ContentMismatch,
        FindingReason::NotImplemented => pb::FindingReason::NotImplemented,
        FindingReason::Timeout => pb::FindingReason::Timeout,
        FindingReason::S3Error => pb::FindingReason::S3Error,
        FindingReason::Cancelled => pb::FindingReason::Cancelled,
        FindingReason::Unremovable => pb::FindingReason::Unremovable,
        FindingReason::KmsAccessDenied => pb::FindingReason::KmsAccessDenied,
        FindingReason::NotRemoved => pb::FindingReason::NotRemoved,
        FindingReason::EndpointUnreachable => pb::FindingReason::EndpointUnreachable,
        FindingReason::NotS3 => pb::FindingReason::NotS3,
        FindingReason::NoSuchBucket => pb::FindingReason::NoSuchBucket,
        FindingReason::WrongRegion => pb::FindingReason::WrongRegion,
        FindingReason::UnknownAccessKey => pb::FindingReason::UnknownAccessKey,
        FindingReason::SignatureMismatch => pb::FindingReason::SignatureMismatch,
        FindingReason::InvalidToken => pb::FindingReason::InvalidToken,
        FindingReason::ClockSkew => pb::FindingReason::ClockSkew,
        FindingReason::NoCredentials => pb::FindingReason::NoCredentials,
        FindingReason::DnsFailure => pb::FindingReason::DnsFailure,
        FindingReason::ConnectionRefused => pb::FindingReason::ConnectionRefused,
        FindingReason::TlsFailure => pb::FindingReason::TlsFailure,
        FindingReason::AccountProblem => pb::FindingReason::AccountProblem,
        FindingReason::Throttled => pb::FindingReason::Throttled,
        FindingReason::RoleNotAssumed => pb::FindingReason::RoleNotAssumed,
        FindingReason::EndpointForbidden => pb::FindingReason::EndpointForbidden,
    }
}

fn evidence(evidence: Evidence) -> pb::Evidence {
    pb::Evidence {
        operation: evidence.operation.into_owned(),
        http_status: evidence.http_status.map_or(0, i32::from),
        s3_error_code: evidence.s3_error_code.unwrap_or_default(),
        request_id: evidence.request_id.unwrap_or_default(),
        duration: prost_types::Duration::try_from(evidence.duration).ok(),
        attempts: i32::try_from(evidence.attempts).unwrap_or(i32::MAX),
        extended_request_id: evidence.extended_request_id.unwrap_or_default(),
    }
}

fn residue(residue: Residue) -> pb::Residue {
    pb::Residue {
        bucket: residue.bucket,
        key: residue.key,
        upload_id: residue.upload_id.unwrap_or_default(),
        version_id: residue.version_id.unwrap_or_default(),
        cause: residue.cause,
        remedy: residue.remedy,
    }
}

fn role(role: Role) -> pb::Role {
    match role {
        Role::Source => pb::Role::Source,
        Role::Enrichment => pb::Role::Enrichment,
    }
}

fn timestamp(time: SystemTime) -> prost_types::Timestamp {
    prost_types::Timestamp::from(time)
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
