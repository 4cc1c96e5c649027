//! Reads the events of a connection test and holds every stream to the invariants that all streams keep.

use datastored::pb;
use datastored::pb::test_connection_request::Target;
use datastored::pb::test_connection_response::Event;
use datastored::pb::{Verdict, s3_config};
use prost::Message;
use tonic::{Status, Streaming};

use crate::server::{Datastored, datastore};

/// A test that is being watched: what its events have said so far.
pub struct Watched {
    stream: Streaming<pb::TestConnectionResponse>,
    /// Each check as the last event about it left it.
    checks: Vec<pb::CheckResult>,
    test_id: String,
    done: i32,
    secrets: Vec<String>,
    pub uri: String,
}

/// Starts a test of an unsaved datastore and takes its first event.
pub async fn watch(server: &Datastored, s3: pb::S3Config, role: pb::Role) -> Watched {
    let secrets = secrets_of(&s3);
    let target = Target::Datastore(datastore("", role, s3));
    let started = start(server, target, pb::Role::Unspecified).await;
    let mut watched = Watched::new(started.expect("the test starts"), secrets);
    watched.take_started(role).await;
    watched
}

/// The same with options that are in the request already; its target is filled in.
pub async fn watch_with(
    server: &Datastored,
    s3: pb::S3Config,
    role: pb::Role,
    options: pb::TestConnectionRequest,
) -> Result<Watched, Status> {
    let secrets = secrets_of(&s3);
    let request = pb::TestConnectionRequest {
        target: Some(Target::Datastore(datastore("", role, s3))),
        ..options
    };
    let started = server.client().await.test_connection(request).await?;
    let mut watched = Watched::new(started.into_inner(), secrets);
    watched.take_started(role).await;
    Ok(watched)
}

/// Asks for a test.
pub async fn start(
    server: &Datastored,
    target: Target,
    role: pb::Role,
) -> Result<Streaming<pb::TestConnectionResponse>, Status> {
    let request = pb::TestConnectionRequest {
        target: Some(target),
        role: role.into(),
        ..pb::TestConnectionRequest::default()
    };
    let mut client = server.client().await;
    Ok(client.test_connection(request).await?.into_inner())
}

impl Watched {
    /// A stream of which nothing has been read, and what must not be in it.
    pub fn new(stream: Streaming<pb::TestConnectionResponse>, secrets: Vec<String>) -> Self {
        Self {
            stream,
            checks: Vec::new(),
            test_id: String::new(),
            done: 0,
            secrets,
            uri: String::new(),
        }
    }

    /// Takes the first event: the whole plan, every check pending.
    pub async fn take_started(&mut self, role: pb::Role) {
        let Some(Event::Started(started)) = self.next().await else {
            panic!("the first event is the plan");
        };
        assert_eq!(started.role(), role);
        assert!(uuid::Uuid::parse_str(&started.test_id).is_ok(), "test id");
        let number = if role == pb::Role::Source { 3 } else { 7 };
        assert_eq!(started.checks.len(), number, "{:?}", started.checks);
        for check in &started.checks {
            let pending = pb::CheckResult {
                check: check.check,
                action: check.action.clone(),
                verdict: Verdict::Pending.into(),
                ..pb::CheckResult::default()
            };
            assert_eq!(*check, pending);
        }
        self.test_id = started.test_id;
        self.uri = started.uri;
        self.checks = started.checks;
    }

    /// Reads until the check has ended, and returns how.
    pub async fn until_ended(&mut self, check: pb::Check) -> Verdict {
        loop {
            let known = self.checks.iter().find(|c| c.check() == check);
            let verdict = known.expect("a check of the plan").verdict();
            if is_final(verdict) {
                return verdict;
            }
            match self.next().await {
                Some(Event::Check(changed)) => self.take_change(changed),
                other => panic!("{check:?} did not end: {other:?}"),
            }
        }
    }

    /// Reads to the end and returns the report, which is the last event and agrees with all before it.
    pub async fn ended(mut self) -> pb::ConnectionTestReport {
        loop {
            match self.next().await {
                Some(Event::Check(changed)) => self.take_change(changed),
                Some(Event::Completed(report)) => {
                    assert_eq!(report.checks, self.checks, "the report agrees");
                    assert_eq!(report.test_id, self.test_id);
                    assert!(self.next().await.is_none(), "the report is last");
                    assert_outcome(&report);
                    return report;
                }
                other => panic!("neither a change nor the report: {other:?}"),
            }
        }
    }

    async fn next(&mut self) -> Option<Event> {
        let message = self.stream.message().await.expect("the stream ends well")?;
        let bytes = message.encode_to_vec();
        for secret in &self.secrets {
            let mut windows = bytes.windows(secret.len());
            assert!(!windows.any(|w| w == secret.as_bytes()), "a secret is out");
        }
        Some(message.event.expect("a response has an event"))
    }

    /// Reads until the check is in that state.
    pub async fn until(&mut self, check: pb::Check, verdict: Verdict) {
        while !self
            .checks
            .iter()
            .any(|c| c.check() == check && c.verdict() == verdict)
        {
            match self.next().await {
                Some(Event::Check(changed)) => self.take_change(changed),
                other => panic!("{check:?} was never {verdict:?}: {other:?}"),
            }
        }
    }

    /// A check runs at most once and ends exactly once; the counts are those of the ended.
    fn take_change(&mut self, changed: pb::CheckChanged) {
        let now = changed.check.expect("a change is of a check");
        let known = self.checks.iter_mut().find(|c| c.check() == now.check());
        let known = known.expect("a check of the plan");
        let steps = (known.verdict(), now.verdict());
        let begun = steps == (Verdict::Pending, Verdict::Running);
        let ended = !is_final(known.verdict()) && is_final(now.verdict());
        let refused = steps == (Verdict::Running, Verdict::Retrying);
        assert!(begun || ended || refused, "{:?}: {steps:?}", now.check());
        assert_eq!(now.action, known.action);
        assert_explained(&now);
        *known = now;
        self.done += i32::from(ended);
        let total = i32::try_from(self.checks.len()).expect("seven checks at the most");
        assert_eq!((changed.done, changed.total), (self.done, total));
    }
}

/// Every verdict says why, and only a skip names a check that caused it.
fn assert_explained(check: &pb::CheckResult) {
    let happy = [Verdict::Running, Verdict::Passed].contains(&check.verdict());
    assert_eq!(check.finding.is_none(), happy, "{check:?}");
    let is_skip = check.verdict() == Verdict::Skipped;
    let names_a_cause = check.skipped_because_of() != pb::Check::Unspecified;
    assert!(is_skip || !names_a_cause, "{check:?}");
    let proven = [Verdict::Passed, Verdict::Failed].contains(&check.verdict());
    assert!(!proven || check.evidence.is_some(), "no proof: {check:?}");
    assert!(!is_skip || check.evidence.is_none(), "{check:?}");
}

fn assert_outcome(report: &pb::ConnectionTestReport) {
    let any = |verdict| report.checks.iter().any(|c| c.verdict() == verdict);
    let expected = if report.connection_finding.is_some() || any(Verdict::Failed) {
        pb::Outcome::Failed
    } else if report.checks.iter().all(|c| c.verdict() == Verdict::Passed) {
        pb::Outcome::Passed
    } else {
        pb::Outcome::Inconclusive
    };
    assert_eq!(report.outcome(), expected, "{report:?}");
}

fn is_final(verdict: Verdict) -> bool {
    use Verdict::{Pending, Retrying, Running};
    !matches!(verdict, Pending | Running | Retrying)
}

/// What of a configuration must never come back.
pub fn secrets_of(s3: &pb::S3Config) -> Vec<String> {
    use pb::assume_role::Base;
    let key = match &s3.credentials {
        Some(s3_config::Credentials::AccessKey(key)) => key,
        Some(s3_config::Credentials::AssumeRole(role)) => match &role.base {
            Some(Base::AccessKey(key)) => key,
            Some(Base::Ambient(_)) | None => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    let secrets = [&key.secret_access_key, &key.session_token];
    let secrets = secrets.into_iter().filter(|s| !s.is_empty());
    secrets.cloned().collect()
}

/// The verdicts of a report, a line for each check, in its order.
///
/// For example `LIST_OBJECTS FAILED ACCESS_DENIED`, `GET_OBJECT SKIPPED by LIST_OBJECTS` or `PUT_OBJECT PASSED`.
pub fn verdicts(report: &pb::ConnectionTestReport) -> Vec<String> {
    report.checks.iter().map(line).collect()
}

fn line(check: &pb::CheckResult) -> String {
    let name = |text: &str, prefix| text.trim_start_matches(prefix).to_owned();
    let because = match (check.verdict(), &check.finding) {
        (Verdict::Skipped, _) => {
            format!(
                " by {}",
                name(check.skipped_because_of().as_str_name(), "CHECK_")
            )
        }
        (_, Some(finding)) => {
            let reason = finding.reason().as_str_name();
            format!(" {}", name(reason, "FINDING_REASON_"))
        }
        (_, None) => String::new(),
    };
    let verdict = name(check.verdict().as_str_name(), "VERDICT_");
    let check = name(check.check().as_str_name(), "CHECK_");
    format!("{check} {verdict}{because}")
}
