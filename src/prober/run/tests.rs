//! The executor on fake steps, under paused time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const LIMITS: Limits = Limits {
    step: Duration::from_secs(10),
    whole: Duration::from_mins(1),
    retry_denied: Duration::ZERO,
};

/// Ends each step after a time, in a way that a function chooses.
struct Fake<F> {
    takes: Duration,
    end: F,
    begun: Mutex<Vec<usize>>,
    ended_one: AtomicBool,
}

impl<F: Fn(usize) -> Ended + Send + Sync + 'static> Steps for Fake<F> {
    type Step = usize;

    async fn run(&self, step: usize) -> Ended {
        self.begun.lock().unwrap().push(step);
        tokio::time::sleep(self.takes).await;
        self.ended_one.store(true, Ordering::SeqCst);
        (self.end)(step)
    }

    fn timed_out(&self, _: usize) -> Ended {
        Ended::Lost(finding(FindingReason::Timeout), None)
    }
}

fn fake<F>(takes: Duration, end: F) -> Arc<Fake<F>> {
    Arc::new(Fake {
        takes,
        end,
        begun: Mutex::default(),
        ended_one: AtomicBool::new(false),
    })
}

fn finding(reason: FindingReason) -> Finding {
    Finding::new(reason, "title", "remedy")
}

fn failed() -> Ended {
    Ended::Failed(finding(FindingReason::AccessDenied), Evidence::default())
}

fn done() -> Ended {
    Ended::Done(Some(Evidence::default()))
}

fn node(step: usize, check: Check, needs: &[usize], after: &[usize]) -> Node<usize> {
    Node {
        step,
        check,
        needs: needs.to_vec(),
        after: after.to_vec(),
    }
}

/// Runs a plan and returns what it found and the changes that it announced.
async fn run_all<T: Steps<Step = usize>>(
    plan: Vec<Node<usize>>,
    steps: &Arc<T>,
    limits: Limits,
    cancel: &CancellationToken,
) -> (Found, Vec<CheckResult>) {
    let (sender, mut receiver) = mpsc::channel(64);
    let total = checks_of(&plan).len();
    let found = run(plan, Arc::clone(steps), limits, cancel, &sender).await;
    drop(sender);
    let mut changes: Vec<CheckResult> = Vec::new();
    while let Some(Event::Check {
        result,
        done,
        total: of,
    }) = receiver.recv().await
    {
        changes.push(*result);
        let ended = changes.iter().filter(|c| c.verdict.is_final()).count();
        assert_eq!((done, of), (ended, total));
    }
    (found, changes)
}

fn verdict(found: &Found, check: Check) -> (Verdict, Option<Check>) {
    let result = found.checks.iter().find(|c| c.check == check).unwrap();
    (result.verdict, result.skipped_because_of)
}

#[tokio::test(start_paused = true)]
async fn independent_steps_run_at_once_and_dependent_ones_in_turn() {
    let plan = vec![
        node(0, Check::ListObjects, &[], &[]),
        node(1, Check::PutObject, &[], &[]),
        node(2, Check::GetObject, &[1], &[0]),
    ];
    let start = Instant::now();
    let steps = fake(SECOND, |_| done());
    let (found, changes) = run_all(plan, &steps, LIMITS, &CancellationToken::new()).await;
    assert_eq!(start.elapsed(), 2 * SECOND);
    assert!(found.checks.iter().all(|c| c.verdict == Verdict::Passed));
    assert_eq!(changes.len(), 6, "each check is announced twice");
}

#[tokio::test(start_paused = true)]
async fn a_pass_is_shown_by_the_last_step_in_the_plan_that_did_something() {
    for (silent, expected) in [(9, "1"), (1, "0")] {
        let plan = vec![
            node(0, Check::PutObject, &[], &[1]),
            node(1, Check::PutObject, &[], &[]),
        ];
        let steps = fake(SECOND, move |step| {
            let shown = |operation: &'static str| Evidence {
                operation: operation.into(),
                ..Evidence::default()
            };
            Ended::Done((step != silent).then(|| shown(["0", "1"][step])))
        });
        let (found, _) = run_all(plan, &steps, LIMITS, &CancellationToken::new()).await;
        let evidence = found.checks[0].evidence.as_ref().unwrap();
        assert_eq!(evidence.operation, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_skip_names_the_check_at_the_root_of_it() {
    let plan = vec![
        node(0, Check::PutObject, &[], &[]),
        node(1, Check::DeleteObject, &[0], &[]),
        node(2, Check::GetObject, &[1], &[]),
    ];
    let steps = fake(SECOND, |_| failed());
    let (found, _) = run_all(plan, &steps, LIMITS, &CancellationToken::new()).await;
    let skipped = (Verdict::Skipped, Some(Check::PutObject));
    assert_eq!(verdict(&found, Check::PutObject), (Verdict::Failed, None));
    assert_eq!(verdict(&found, Check::DeleteObject), skipped);
    assert_eq!(verdict(&found, Check::GetObject), skipped);
    assert_eq!(*steps.begun.lock().unwrap(), [0]);
}

#[tokio::test(start_paused = true)]
async fn a_step_without_means_blames_the_first_step_that_kept_them_from_it() {
    let plan = vec![
        node(0, Check::ListObjects, &[], &[]),
        node(1, Check::PutObject, &[], &[]),
        node(2, Check::DeleteObject, &[], &[]),
        node(3, Check::GetObject, &[], &[0, 2, 1]),
    ];
    let end = |step| match step {
        0 => done(),
        3 => Ended::NoMeans(finding(FindingReason::NoObjectToRead)),
        _ => failed(),
    };
    let steps = fake(SECOND, end);
    let (found, _) = run_all(plan, &steps, LIMITS, &CancellationToken::new()).await;
    let skipped = (Verdict::Skipped, Some(Check::DeleteObject));
    assert_eq!(verdict(&found, Check::GetObject), skipped);
}

#[tokio::test(start_paused = true)]
async fn a_step_without_means_is_inconclusive_when_nothing_is_to_blame() {
    let plan = vec![
        node(0, Check::ListObjects, &[], &[]),
        node(1, Check::GetObject, &[], &[0]),
    ];
    let end = |step| match step {
        0 => done(),
        _ => Ended::NoMeans(finding(FindingReason::NoObjectToRead)),
    };
    let steps = fake(SECOND, end);
    let (found, _) = run_all(plan, &steps, LIMITS, &CancellationToken::new()).await;
    let get = found.checks.last().unwrap();
    assert_eq!(get.verdict, Verdict::Inconclusive);
    assert_eq!(
        get.finding.as_ref().unwrap().reason,
        FindingReason::NoObjectToRead
    );
}

#[tokio::test(start_paused = true)]
async fn a_check_passes_when_all_of_its_steps_are_done_and_fails_with_the_first() {
    let plan = vec![
        node(0, Check::PutObject, &[], &[]),
        node(1, Check::PutObject, &[], &[0]),
        node(2, Check::DeleteObject, &[], &[]),
        node(3, Check::DeleteObject, &[], &[2]),
    ];
    let end = |step| if step == 2 { failed() } else { done() };
    let steps = fake(SECOND, end);
    let (found, changes) = run_all(plan, &steps, LIMITS, &CancellationToken::new()).await;
    assert_eq!(verdict(&found, Check::PutObject), (Verdict::Passed, None));
    assert_eq!(
        verdict(&found, Check::DeleteObject),
        (Verdict::Failed, None)
    );
    assert_eq!(changes.len(), 4);
    assert!(!steps.begun.lock().unwrap().contains(&3));
}

#[tokio::test(start_paused = true)]
async fn what_breaks_the_connection_skips_what_has_not_begun() {
    let plan = vec![
        node(0, Check::ListObjects, &[], &[]),
        node(1, Check::ListMultipartUploads, &[], &[]),
        node(2, Check::DeleteObject, &[], &[]),
        node(3, Check::DeleteObject, &[2], &[0]),
        node(4, Check::GetObject, &[0], &[]),
    ];
    let end = |step| match step {
        0 => Ended::Broken(finding(FindingReason::SignatureMismatch)),
        _ => done(),
    };
    let steps = fake(SECOND, end);
    let (found, _) = run_all(plan, &steps, LIMITS, &CancellationToken::new()).await;
    let reason = found.connection_finding.as_ref().unwrap().reason;
    assert_eq!(reason, FindingReason::SignatureMismatch);
    assert_eq!(
        verdict(&found, Check::ListMultipartUploads),
        (Verdict::Passed, None)
    );
    for skipped in [Check::ListObjects, Check::DeleteObject, Check::GetObject] {
        assert_eq!(verdict(&found, skipped), (Verdict::Skipped, None));
    }
    assert_eq!(steps.begun.lock().unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_answers_is_the_connections_fault() {
    let plan = vec![
        node(0, Check::ListObjects, &[], &[]),
        node(1, Check::PutObject, &[], &[]),
        node(2, Check::GetObject, &[], &[0]),
    ];
    let steps = fake(11 * SECOND, |_| done());
    let start = Instant::now();
    let (found, _) = run_all(plan, &steps, LIMITS, &CancellationToken::new()).await;
    assert!(start.elapsed() < 11 * SECOND, "each step has ten seconds");
    let reason = found.connection_finding.map(|f| f.reason);
    assert_eq!(reason, Some(FindingReason::Timeout));
    assert!(found.checks.iter().all(|c| c.verdict == Verdict::Skipped));
    assert_eq!(steps.begun.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_answered_beside_what_is_says_nothing_of_the_connection() {
    for answered_first in [false, true] {
        let plan = vec![
            node(0, Check::ListObjects, &[], &[]),
            node(1, Check::PutObject, &[], &[]),
            node(2, Check::GetObject, &[0], &[]),
        ];
        let end = move |step| match step {
            0 => Ended::Lost(finding(FindingReason::NotS3), None),
            _ => done(),
        };
        let steps = Staggered {
            first: usize::from(answered_first),
            fake: fake(SECOND, end),
        };
        let steps = Arc::new(steps);
        let (found, _) = run_all(plan, &steps, LIMITS, &CancellationToken::new()).await;
        assert_eq!(found.connection_finding, None);
        assert_eq!(found.checks[0].verdict, Verdict::Inconclusive);
        assert_eq!(verdict(&found, Check::PutObject), (Verdict::Passed, None));
        let skipped = (Verdict::Skipped, Some(Check::ListObjects));
        assert_eq!(verdict(&found, Check::GetObject), skipped);
    }
}

/// Lets one step end before the others.
struct Staggered<F> {
    first: usize,
    fake: Arc<Fake<F>>,
}

impl<F: Fn(usize) -> Ended + Send + Sync + 'static> Steps for Staggered<F> {
    type Step = usize;

    async fn run(&self, step: usize) -> Ended {
        if step != self.first {
            tokio::time::sleep(SECOND).await;
        }
        self.fake.run(step).await
    }

    fn timed_out(&self, step: usize) -> Ended {
        self.fake.timed_out(step)
    }
}

#[tokio::test(start_paused = true)]
async fn when_the_whole_time_is_up_the_rest_is_inconclusive_and_nothing_more_begins() {
    let limits = Limits {
        whole: Duration::from_millis(1_500),
        ..LIMITS
    };
    let plan = vec![
        node(0, Check::ListObjects, &[], &[]),
        node(1, Check::PutObject, &[0], &[]),
        node(2, Check::GetObject, &[1], &[]),
    ];
    let steps = fake(SECOND, |_| done());
    let (found, _) = run_all(plan, &steps, limits, &CancellationToken::new()).await;
    assert_eq!(verdict(&found, Check::ListObjects), (Verdict::Passed, None));
    for late in &found.checks[1..] {
        assert_eq!(late.verdict, Verdict::Inconclusive);
        let reason = late.finding.as_ref().unwrap().reason;
        assert_eq!(reason, FindingReason::Timeout);
    }
    assert_eq!(*steps.begun.lock().unwrap(), [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_ends_every_check_and_waits_for_the_step_under_way() {
    let plan = vec![
        node(0, Check::PutObject, &[], &[]),
        node(1, Check::GetObject, &[0], &[]),
    ];
    let steps = fake(SECOND, |_| done());
    let cancel = CancellationToken::new();
    let stopper = {
        let (cancel, steps) = (cancel.clone(), Arc::clone(&steps));
        tokio::spawn(async move {
            tokio::time::sleep(SECOND / 2).await;
            assert!(!steps.ended_one.load(Ordering::SeqCst));
            cancel.cancel();
        })
    };
    let (found, _) = run_all(plan, &steps, LIMITS, &cancel).await;
    stopper.await.unwrap();
    assert!(steps.ended_one.load(Ordering::SeqCst));
    assert_eq!(*steps.begun.lock().unwrap(), [0]);
    for result in found.checks {
        assert_eq!(result.verdict, Verdict::Inconclusive);
        assert_eq!(result.finding.unwrap().reason, FindingReason::Cancelled);
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_that_panics_ends_the_run_and_every_check() {
    let plan = vec![
        node(0, Check::PutObject, &[], &[]),
        node(1, Check::GetObject, &[0], &[]),
    ];
    let steps = fake(SECOND, |_| -> Ended { panic!("on purpose") });
    let (found, _) = run_all(plan, &steps, LIMITS, &CancellationToken::new()).await;
    assert!(
        found
            .checks
            .iter()
            .all(|c| c.verdict == Verdict::Inconclusive)
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_not_believed_before_its_time_and_is_shown_once() {
    let limits = Limits {
        retry_denied: 10 * SECOND,
        ..LIMITS
    };
    let plan = vec![
        node(0, Check::PutObject, &[], &[]),
        node(1, Check::GetObject, &[0], &[]),
    ];
    let tries = Arc::new(AtomicUsize::new(0));
    let end = {
        let tries = Arc::clone(&tries);
        move |step| match step {
            0 if tries.fetch_add(1, Ordering::SeqCst) < 3 => failed(),
            _ => done(),
        }
    };
    let steps = fake(Duration::ZERO, end);
    let (found, changes) = run_all(plan, &steps, limits, &CancellationToken::new()).await;
    assert_eq!(verdict(&found, Check::PutObject), (Verdict::Passed, None));
    assert_eq!(verdict(&found, Check::GetObject), (Verdict::Passed, None));
    assert_eq!(found.checks[0].finding, None);
    let shown: Vec<Verdict> = changes.iter().map(|c| c.verdict).collect();
    let retrying = shown.iter().filter(|v| **v == Verdict::Retrying).count();
    assert_eq!((retrying, shown.len()), (1, 5));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_stays_is_believed_when_its_time_is_up() {
    let limits = Limits {
        retry_denied: 10 * SECOND,
        ..LIMITS
    };
    let plan = vec![node(0, Check::PutObject, &[], &[])];
    let steps = fake(Duration::ZERO, |_| failed());
    let start = Instant::now();
    let (found, _) = run_all(plan, &steps, limits, &CancellationToken::new()).await;
    assert_eq!(verdict(&found, Check::PutObject), (Verdict::Failed, None));
    assert!(start.elapsed() <= 10 * SECOND);
    assert!(steps.begun.lock().unwrap().len() > 3);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_does_not_wait_for_the_next_try() {
    let limits = Limits {
        retry_denied: 100 * SECOND,
        ..LIMITS
    };
    let cancel = CancellationToken::new();
    let stopper = {
        let cancel = cancel.clone();
        tokio::spawn(async move {
            tokio::time::sleep(20 * SECOND).await;
            cancel.cancel();
        })
    };
    let steps = fake(Duration::ZERO, |_| failed());
    let plan = vec![node(0, Check::PutObject, &[], &[])];
    let start = Instant::now();
    let (found, _) = run_all(plan, &steps, limits, &cancel).await;
    stopper.await.unwrap();
    assert!(start.elapsed() < 21 * SECOND);
    assert_eq!(found.checks[0].verdict, Verdict::Inconclusive);
}

const CHECKS: [Check; 4] = [
    Check::ListObjects,
    Check::PutObject,
    Check::GetObject,
    Check::DeleteObject,
];

/// A plan of up to eight steps whose edges lead to earlier ones, and how each step ends.
fn any_plan() -> impl Strategy<Value = (Vec<Node<usize>>, Vec<u8>)> {
    let step = (0..CHECKS.len(), any::<u8>(), any::<u8>(), 0..6_u8);
    proptest::collection::vec(step, 1..8).prop_map(|steps| {
        let edges = |mask: u8, before: usize| (0..before).filter(move |i| mask >> i & 1 == 1);
        let node = |(step, (check, needs, after, _)): (usize, &(usize, u8, u8, u8))| Node {
            step,
            check: CHECKS[*check],
            needs: edges(*needs & 0b1001_0010, step).collect(),
            after: edges(*after, step).collect(),
        };
        let plan = steps.iter().enumerate().map(node).collect();
        (plan, steps.iter().map(|s| s.3).collect())
    })
}

fn ending(kind: u8) -> Ended {
    match kind {
        0 | 1 => done(),
        2 => failed(),
        3 => Ended::NoMeans(finding(FindingReason::NoObjectToRead)),
        4 => Ended::Lost(finding(FindingReason::Timeout), None),
        _ => Ended::Broken(finding(FindingReason::SignatureMismatch)),
    }
}

proptest! {
    #[test]
    fn whatever_the_plan_each_check_ends_exactly_once((plan, ends) in any_plan()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let steps = fake(SECOND, move |step: usize| ending(ends[step]));
        let checks = checks_of(&plan);
        let (found, changes) =
            runtime.block_on(run_all(plan, &steps, LIMITS, &CancellationToken::new()));
        for check in checks {
            let of_check = changes.iter().filter(|c| c.check == check);
            let ended: Vec<_> = of_check.filter(|c| c.verdict.is_final()).collect();
            prop_assert_eq!(ended.len(), 1, "{:?}", check);
            let last = found.checks.iter().find(|c| c.check == check).unwrap();
            prop_assert_eq!(ended[0], last);
            prop_assert!(last.finding.as_ref().is_none_or(|f| f.reason != FindingReason::Cancelled));
        }
    }
}
