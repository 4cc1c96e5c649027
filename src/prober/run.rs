//! The executor: runs the steps of any plan, all that can run at once, and ends each check exactly once. It knows nothing of S3.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use super::event::Event;
use super::spans;
use crate::report::{Check, CheckResult, Evidence, Finding, FindingReason, Verdict};

/// One step in the plan. A check passes when all of its steps are done.
#[derive(Clone, Debug)]
pub(super) struct Node<S> {
    /// What is to be run.
    pub(super) step: S,
    /// The check that it works for.
    pub(super) check: Check,
    /// Steps that must be done. If one is not, this node's check is skipped because of that step's check.
    pub(super) needs: Vec<S>,
    /// Steps that must have ended, however they ended; in the order in which they are blamed.
    pub(super) after: Vec<S>,
}

/// How a step ended.
#[derive(Clone, Debug)]
pub(super) enum Ended {
    /// It did what it was to do. Without evidence: there was nothing for it to do.
    Done(Option<Evidence>),
    /// The permission is missing.
    Failed(Finding, Evidence),
    /// It cannot be told.
    Inconclusive(Finding, Option<Evidence>),
    /// There was nothing to try it with. The check is skipped because of the first `after` step that was not done; if all were, it is inconclusive.
    NoMeans(Finding),
    /// Nobody answered. If any step of the run is answered, it cannot be told, otherwise it is as [`Ended::Broken`].
    Lost(Finding, Option<Evidence>),
    /// It was turned away together with whoever asked. If any step of the run is carried out, it cannot be told, as `alone` says; otherwise it is
    /// as [`Ended::Broken`] with `whole`.
    TurnedAway {
        /// What it says of the connection.
        whole: Finding,
        /// What it says of this step, when another one was carried out.
        alone: Finding,
        /// The call that was turned away.
        evidence: Evidence,
    },
    /// S3 cannot be worked with at all: every check that has not begun is skipped.
    Broken(Finding),
}

/// What an executor runs.
pub(super) trait Steps: Send + Sync + 'static {
    /// Names a step.
    type Step: Copy + PartialEq + std::fmt::Debug + Send + 'static;

    /// Runs one step to its end.
    fn run(&self, step: Self::Step) -> impl Future<Output = Ended> + Send;

    /// What to say of a step that did not end within the time it has.
    fn timed_out(&self, step: Self::Step) -> Ended;

    /// What a refusal comes to that will not be tried again. It may wait for what another step comes to.
    fn believe(&self, step: Self::Step, refused: Ended) -> impl Future<Output = Ended> + Send;
}

/// The time that a run has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// For each step.
    pub(super) step: Duration,
    /// For all of them together, retries apart.
    pub(super) whole: Duration,
    /// For how long a refusal is tried again before it is believed.
    pub(super) retry_denied: Duration,
}

/// What a run found.
#[derive(Debug)]
pub(super) struct Found {
    /// Every check, ended.
    pub(super) checks: Vec<CheckResult>,
    /// How long each took, in the same order; zero for those that were never begun.
    pub(super) durations: Vec<Duration>,
    /// The first finding that broke the run.
    pub(super) connection_finding: Option<Finding>,
}

/// The pause before a refused step is run again; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause.
const LAST_PAUSE: Duration = Duration::from_secs(5);

/// The checks of a plan, in its order.
#[must_use]
pub(super) fn checks_of<S>(plan: &[Node<S>]) -> Vec<Check> {
    let mut checks = Vec::new();
    for node in plan {
        if !checks.contains(&node.check) {
            checks.push(node.check);
        }
    }
    checks
}

/// Runs a plan to its end and sends a [`Event::Check`] for each change. When `cancel` fires or time is up, the checks that have not ended are inconclusive.
///
/// No step is still running when this returns.
pub(super) async fn run<T: Steps>(
    plan: Vec<Node<T::Step>>,
    steps: Arc<T>,
    limits: Limits,
    cancel: &CancellationToken,
    events: &mpsc::Sender<Event>,
) -> Found {
    let mut run = Run::new(plan, events);
    let mut running: JoinSet<(usize, Ended)> = JoinSet::new();
    let (refused, mut refusals) = mpsc::unbounded_channel();
    let patience = Patience {
        step: limits.step,
        until: Instant::now() + limits.retry_denied,
        stop: cancel.child_token(),
    };
    let end = Instant::now() + limits.whole + limits.retry_denied;
    let deadline = tokio::time::sleep_until(end);
    tokio::pin!(deadline);
    loop {
        for index in run.advance() {
            let (steps, step) = (Arc::clone(&steps), run.plan[index].step);
            let (patience, refused) = (patience.clone(), refused.clone());
            let work = async move {
                let tell = |finding| {
                    // Nobody listens once the run is over.
                    let _ = refused.send((index, finding));
                };
                (index, patience.run(&*steps, step, tell).await)
            };
            running.spawn(work.in_current_span().instrument(run.span(index)));
        }
        let stopped = tokio::select! {
            biased;
            () = cancel.cancelled() => cancelled(),
            () = &mut deadline => out_of_time(limits.whole),
            Some((index, finding)) = refusals.recv() => {
                run.retry(index, finding);
                continue;
            }
            ended = running.join_next() => match ended {
                Some(Ok((index, ended))) => {
                    run.end_step(index, ended);
                    continue;
                }
                Some(Err(panic)) => fault(&panic),
                None => break,
            },
        };
        patience.stop.cancel();
        run.stop(&stopped);
        break;
    }
    // A write that is under way is waited for: cut off, it could still land after the cleaning up.
    while running.join_next().await.is_some() {}
    Found {
        checks: run.checks,
        durations: run.durations,
        connection_finding: run.connection_finding,
    }
}

/// How long a step may take, and for how long a refusal of it is not believed.
#[derive(Clone)]
struct Patience {
    step: Duration,
    until: Instant,
    stop: CancellationToken,
}

impl Patience {
    /// Runs a step, again and again while it is refused and there is time, and tells of each refusal that is not believed.
    async fn run<T: Steps>(&self, steps: &T, step: T::Step, tell: impl Fn(Finding)) -> Ended {
        let mut pause = FIRST_PAUSE;
        loop {
            let ended = timeout(self.step, steps.run(step)).await;
            let ended = ended.unwrap_or_else(|_| steps.timed_out(step));
            let Some(finding) = refusal(&ended) else {
                return ended;
            };
            if Instant::now() + pause > self.until {
                return self.believed(steps, step, ended).await;
            }
            tell(finding.clone());
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.stop.cancelled() => return ended,
            }
            pause = (2 * pause).min(LAST_PAUSE);
        }
    }

    async fn believed<T: Steps>(&self, steps: &T, step: T::Step, refused: Ended) -> Ended {
        let believed = timeout(self.step, steps.believe(step, refused.clone()));
        tokio::select! {
            ended = believed => ended.unwrap_or(refused),
            () = self.stop.cancelled() => refused,
        }
    }
}

/// A refusal that may be due to a key or a policy that is too new for S3 to know it.
pub(super) fn refusal(ended: &Ended) -> Option<&Finding> {
    match ended {
        Ended::Failed(finding, _) => Some(finding),
        Ended::Broken(finding) | Ended::TurnedAway { whole: finding, .. }
            if may_be_too_new(finding) =>
        {
            Some(finding)
        }
        Ended::Done(_)
        | Ended::Inconclusive(..)
        | Ended::NoMeans(_)
        | Ended::Lost(..)
        | Ended::TurnedAway { .. }
        | Ended::Broken(_) => None,
    }
}

/// Whether a key is unknown, or a role refused for want of a permission: waiting may mend both.
fn may_be_too_new(finding: &Finding) -> bool {
    match finding.reason {
        FindingReason::UnknownAccessKey => true,
        FindingReason::RoleNotAssumed => finding.missing_action.is_some(),
        _ => false,
    }
}

/// Whether a step was answered by the one it asked.
fn is_answer(ended: &Ended) -> bool {
    match ended {
        Ended::Done(evidence) | Ended::Inconclusive(_, evidence) => evidence.is_some(),
        Ended::Failed(..) | Ended::TurnedAway { .. } | Ended::Broken(_) => true,
        Ended::NoMeans(_) | Ended::Lost(..) => false,
    }
}

/// Whether a step was carried out.
fn is_success(ended: &Ended) -> bool {
    let Ended::Done(Some(evidence)) = ended else {
        return false;
    };
    evidence
        .http_status
        .is_some_and(|s| (200..300).contains(&s))
}

/// Why a check cannot be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blame {
    Check(Check),
    Connection,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    /// It is the connection's fault, unless another step will show that it is not.
    Doubted,
    Done,
    NotDone(Blame),
}

/// A step that is the connection's fault, unless another one refutes that.
struct Doubt {
    index: usize,
    refuted_by: Proof,
    /// What it says of the connection.
    whole: Finding,
    /// What it says of the step alone, when it is refuted.
    alone: Finding,
    evidence: Option<Evidence>,
}

/// What a step of a run can show about the connection.
#[derive(Clone, Copy)]
enum Proof {
    /// It was answered.
    Answer,
    /// It was carried out.
    Success,
}

struct Run<'a, S> {
    plan: Vec<Node<S>>,
    states: Vec<State>,
    /// What each node that is done has shown.
    shown: Vec<Option<Evidence>>,
    checks: Vec<CheckResult>,
    /// When each check was begun.
    begun: Vec<Option<Instant>>,
    /// How long each check took that has ended.
    durations: Vec<Duration>,
    /// The span of each check that has begun and not ended.
    spans: Vec<Span>,
    connection_finding: Option<Finding>,
    /// Whether any step was answered.
    is_answered: bool,
    /// Whether any step was carried out.
    has_succeeded: bool,
    /// What is not settled yet.
    doubts: Vec<Doubt>,
    events: &'a mpsc::Sender<Event>,
}

impl<'a, S: Copy + PartialEq> Run<'a, S> {
    fn new(plan: Vec<Node<S>>, events: &'a mpsc::Sender<Event>) -> Self {
        let checks = checks_of(&plan);
        Self {
            begun: vec![None; checks.len()],
            durations: vec![Duration::ZERO; checks.len()],
            spans: vec![Span::none(); checks.len()],
            states: vec![State::Waiting; plan.len()],
            shown: vec![None; plan.len()],
            checks: checks.into_iter().map(CheckResult::pending).collect(),
            plan,
            connection_finding: None,
            is_answered: false,
            has_succeeded: false,
            doubts: Vec::new(),
            events,
        }
    }

    /// Settles what can be settled without running anything, and returns the nodes that can start now.
    fn advance(&mut self) -> Vec<usize> {
        let mut start = Vec::new();
        let mut index = 0;
        while index < self.plan.len() {
            let settled = self.states[index] == State::Waiting && self.settle(index, &mut start);
            // A node that was given up can decide about nodes before it.
            index = if settled { 0 } else { index + 1 };
        }
        let may_be_refuted = !start.is_empty() || self.states.contains(&State::Running);
        if !self.doubts.is_empty() && !may_be_refuted {
            self.confirm_doubts();
        }
        start
    }

    /// Starts a waiting node, or gives it up; returns whether it was given up.
    fn settle(&mut self, index: usize, start: &mut Vec<usize>) -> bool {
        let node = self.plan[index].clone();
        let ended_check = self.check(node.check).verdict.is_final();
        let blame = node.needs.iter().find_map(|s| self.blame(*s));
        if ended_check || blame.is_some() {
            let blame = blame.unwrap_or_else(|| self.root_cause(node.check));
            self.states[index] = State::NotDone(blame);
            self.skip(node.check, blame);
            return true;
        }
        let needed = node.needs.iter().all(|s| self.state(*s) == State::Done);
        let waited = node.after.iter().all(|s| self.has_ended(*s));
        if needed && waited {
            self.states[index] = State::Running;
            self.begin(node.check);
            start.push(index);
        }
        false
    }

    fn end_step(&mut self, index: usize, ended: Ended) {
        let check = self.plan[index].check;
        self.is_answered |= is_answer(&ended);
        self.has_succeeded |= is_success(&ended);
        self.states[index] = match ended {
            Ended::Done(evidence) => {
                self.shown[index] = evidence;
                State::Done
            }
            Ended::Failed(finding, evidence) => {
                self.conclude(check, Verdict::Failed, finding, Some(evidence));
                State::NotDone(Blame::Check(check))
            }
            Ended::Inconclusive(finding, evidence) => {
                self.conclude(check, Verdict::Inconclusive, finding, evidence);
                State::NotDone(Blame::Check(check))
            }
            Ended::NoMeans(finding) => self.no_means(index, finding),
            Ended::Lost(finding, evidence) => {
                self.doubts.push(Doubt {
                    index,
                    refuted_by: Proof::Answer,
                    whole: finding.clone(),
                    alone: finding,
                    evidence,
                });
                State::Doubted
            }
            Ended::TurnedAway {
                whole,
                alone,
                evidence,
            } => {
                self.doubts.push(Doubt {
                    index,
                    refuted_by: Proof::Success,
                    whole,
                    alone,
                    evidence: Some(evidence),
                });
                State::Doubted
            }
            Ended::Broken(finding) => {
                self.connection_finding.get_or_insert(finding);
                State::NotDone(Blame::Connection)
            }
        };
        self.judge_doubts();
        if self.connection_finding.is_some() {
            self.give_up_what_waits();
        }
        self.close(check);
    }

    /// Settles each doubt that another step has refuted.
    fn judge_doubts(&mut self) {
        for doubt in std::mem::take(&mut self.doubts) {
            let is_refuted = match doubt.refuted_by {
                Proof::Answer => self.is_answered,
                Proof::Success => self.has_succeeded,
            };
            if !is_refuted {
                self.doubts.push(doubt);
                continue;
            }
            let check = self.plan[doubt.index].check;
            self.states[doubt.index] = State::NotDone(Blame::Check(check));
            self.conclude(check, Verdict::Inconclusive, doubt.alone, doubt.evidence);
        }
    }

    /// Blames the connection for what no step has refuted.
    fn confirm_doubts(&mut self) {
        for doubt in std::mem::take(&mut self.doubts) {
            self.states[doubt.index] = State::NotDone(Blame::Connection);
            self.connection_finding.get_or_insert(doubt.whole);
        }
        self.give_up_what_waits();
    }

    /// Ends a check none of whose steps is left: passed if all of them are done, by the evidence of the last in the plan, otherwise skipped.
    fn close(&mut self, check: Check) {
        let (mut blame, mut evidence) = (None, None);
        for index in (0..self.plan.len()).filter(|i| self.plan[*i].check == check) {
            match self.states[index] {
                State::Waiting | State::Running | State::Doubted => return,
                State::NotDone(cause) => blame = blame.or(Some(cause)),
                State::Done => evidence = self.shown[index].clone().or(evidence),
            }
        }
        if let Some(blame) = blame {
            self.skip(check, blame);
            return;
        }
        let result = self.check_mut(check);
        if !result.verdict.is_final() {
            result.verdict = Verdict::Passed;
            result.finding = None;
            result.evidence = evidence;
            self.announce(check);
        }
    }

    fn no_means(&mut self, index: usize, finding: Finding) -> State {
        let node = self.plan[index].clone();
        if let Some(blame) = node.after.iter().find_map(|s| self.blame(*s)) {
            self.skip(node.check, blame);
            return State::NotDone(blame);
        }
        self.conclude(node.check, Verdict::Inconclusive, finding, None);
        State::NotDone(Blame::Check(node.check))
    }

    /// Ends every check that has not ended, for a reason that lies outside the plan.
    fn stop(&mut self, finding: &Finding) {
        for check in checks_of(&self.plan) {
            self.conclude(check, Verdict::Inconclusive, finding.clone(), None);
        }
    }

    /// Gives up every step that has not begun, and ends the checks that have no other step left.
    fn give_up_what_waits(&mut self) {
        for index in 0..self.plan.len() {
            if self.states[index] == State::Waiting {
                self.states[index] = State::NotDone(Blame::Connection);
            }
        }
        for check in checks_of(&self.plan) {
            self.close(check);
        }
    }

    fn skip(&mut self, check: Check, blame: Blame) {
        let finding = dependency(blame);
        let result = self.check_mut(check);
        if !result.verdict.is_final() {
            result.skipped_because_of = match blame {
                Blame::Check(cause) => Some(cause),
                Blame::Connection => None,
            };
        }
        self.conclude(check, Verdict::Skipped, finding, None);
    }

    /// Ends a check, unless it has ended.
    fn conclude(
        &mut self,
        check: Check,
        verdict: Verdict,
        finding: Finding,
        evidence: Option<Evidence>,
    ) {
        let result = self.check_mut(check);
        if result.verdict.is_final() {
            return;
        }
        result.verdict = verdict;
        result.finding = Some(finding);
        result.evidence = evidence;
        self.announce(check);
    }

    /// Shows that a step was refused and is tried again; once for each check, however often it happens.
    fn retry(&mut self, index: usize, finding: Finding) {
        let check = self.plan[index].check;
        let result = self.check_mut(check);
        if result.verdict == Verdict::Running {
            result.verdict = Verdict::Retrying;
            result.finding = Some(finding);
            self.announce(check);
        }
    }

    fn begin(&mut self, check: Check) {
        let index = self.index_of(check);
        let result = &mut self.checks[index];
        if result.verdict == Verdict::Pending {
            result.verdict = Verdict::Running;
            self.begun[index] = Some(Instant::now());
            self.spans[index] = spans::check(check);
            self.announce(check);
        }
    }

    fn announce(&mut self, check: Check) {
        let index = self.index_of(check);
        self.durations[index] = self.begun[index].map_or(Duration::ZERO, |begun| begun.elapsed());
        let done = self.checks.iter().filter(|c| c.verdict.is_final()).count();
        let event = Event::Check {
            result: Box::new(self.check(check).clone()),
            done,
            total: self.checks.len(),
        };
        // The channel holds every event of a test; it refuses only when nobody listens any more.
        let _ = self.events.try_send(event);
        self.trace(index);
    }

    /// The span of the check that a node works for.
    fn span(&self, node: usize) -> Span {
        self.spans[self.index_of(self.plan[node].check)].clone()
    }

    /// Ends the span of a check that has ended; what was never begun has one, too.
    fn trace(&mut self, index: usize) {
        let result = &self.checks[index];
        if result.verdict.is_final() {
            if self.begun[index].is_none() {
                self.spans[index] = spans::check(result.check);
            }
            let span = std::mem::replace(&mut self.spans[index], Span::none());
            spans::checked(&span, result);
        }
    }

    fn root_cause(&self, check: Check) -> Blame {
        let result = self.check(check);
        match (result.verdict, result.skipped_because_of) {
            (Verdict::Skipped, Some(cause)) => Blame::Check(cause),
            (Verdict::Skipped, None) => Blame::Connection,
            _ => Blame::Check(check),
        }
    }

    fn blame(&self, step: S) -> Option<Blame> {
        match self.state(step) {
            State::NotDone(blame) => Some(blame),
            State::Waiting | State::Running | State::Doubted | State::Done => None,
        }
    }

    fn has_ended(&self, step: S) -> bool {
        matches!(self.state(step), State::Done | State::NotDone(_))
    }

    /// A step that is not in the plan counts as done: there is nothing to wait for.
    fn state(&self, step: S) -> State {
        let index = self.plan.iter().position(|n| n.step == step);
        index.map_or(State::Done, |index| self.states[index])
    }

    fn check(&self, check: Check) -> &CheckResult {
        &self.checks[self.index_of(check)]
    }

    fn check_mut(&mut self, check: Check) -> &mut CheckResult {
        let index = self.index_of(check);
        &mut self.checks[index]
    }

    fn index_of(&self, check: Check) -> usize {
        let found = self.checks.iter().position(|c| c.check == check);
        found.expect("a check of the plan")
    }
}

fn dependency(blame: Blame) -> Finding {
    let (title, remedy) = match blame {
        Blame::Check(cause) => (
            format!(
                "Not tried: it depends on `{}`, which did not pass.",
                cause.title()
            ),
            format!("Mend `{}` first, then test again.", cause.title()),
        ),
        Blame::Connection => (
            "Not tried: S3 could not be worked with at all.".to_owned(),
            "Mend what the connection finding names, then test again.".to_owned(),
        ),
    };
    Finding::new(FindingReason::Dependency, title, remedy)
}

fn cancelled() -> Finding {
    Finding::new(
        FindingReason::Cancelled,
        "The test was stopped before this check could end.",
        "Test again.",
    )
}

fn out_of_time(whole: Duration) -> Finding {
    Finding::new(
        FindingReason::Timeout,
        format!(
            "The test as a whole has {} s, and they were up.",
            whole.as_secs()
        ),
        "Find out why the endpoint is slow, or raise --test-timeout.",
    )
}

fn fault(panic: &tokio::task::JoinError) -> Finding {
    tracing::error!(%panic, "a step of a connection test panicked");
    Finding::new(
        FindingReason::Cancelled,
        "A fault of datastored ended the test.",
        "Report it, with the server's log of this test.",
    )
}

#[cfg(test)]
mod tests;
