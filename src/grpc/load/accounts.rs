//! What each caller has in flight and how fast they call: a token bucket and a count for each, in bounded memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::grpc::status::Limit;
use crate::model::caller::Account;

/// How many callers are remembered. With more at a time, those who come later share one account.
const MAX_ACCOUNTS: usize = 10_000;

/// How often those are looked for who need not be remembered any more, when there are too many.
const SWEEP: Duration = Duration::from_secs(1);

/// When to try again while as many calls are in flight as may be: a call seldom takes longer.
const RETRY_CALL: Duration = Duration::from_secs(1);

/// What a caller may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Calls and streams in flight.
    pub(super) in_flight: usize,
    /// Calls a second, in the long run.
    pub(super) rate: u32,
    /// Calls at once after a pause.
    pub(super) burst: u32,
}

/// The callers who are remembered.
#[derive(Debug)]
pub(super) struct Accounts {
    limits: Limits,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    states: HashMap<Account, State>,
    swept: Option<Instant>,
}

/// One caller. A caller whose bucket is full, with nothing in flight, is as good as one who never called.
#[derive(Debug)]
struct State {
    tokens: f64,
    filled: Instant,
    in_flight: usize,
}

/// A call that is in flight, until this is dropped.
#[derive(Debug)]
pub(in crate::grpc) struct Seat {
    accounts: Arc<Accounts>,
    account: Account,
}

impl Limits {
    /// The state of a caller at a time, its bucket filled up to then.
    fn fill(self, state: &mut State, now: Instant) {
        let passed = now.saturating_duration_since(state.filled).as_secs_f64();
        let burst = f64::from(self.burst);
        state.tokens = (state.tokens + passed * f64::from(self.rate)).min(burst);
        state.filled = now;
    }

    fn new_state(self, now: Instant) -> State {
        State {
            tokens: f64::from(self.burst),
            filled: now,
            in_flight: 0,
        }
    }

    /// Lets one more call in.
    fn take(self, state: &mut State, now: Instant) -> Result<(), Limit> {
        self.fill(state, now);
        if state.in_flight >= self.in_flight {
            return Err(Limit {
                option: "caller-calls",
                what: "calls in flight",
                max: self.in_flight,
                retry: RETRY_CALL,
            });
        }
        if state.tokens < 1.0 {
            return Err(Limit {
                option: "caller-rate",
                what: "calls a second",
                max: self.rate as usize,
                retry: Duration::from_secs_f64((1.0 - state.tokens) / f64::from(self.rate)),
            });
        }
        state.tokens -= 1.0;
        state.in_flight += 1;
        Ok(())
    }
}

impl Known {
    /// Whom a caller is remembered as. Forgets those who need not be remembered when there is no room.
    fn remembered_as(&mut self, account: Account, limits: Limits, now: Instant) -> Account {
        if self.states.len() < MAX_ACCOUNTS || self.states.contains_key(&account) {
            return account;
        }
        if self.swept.is_none_or(|swept| swept + SWEEP <= now) {
            self.swept = Some(now);
            self.states.retain(|_, state| {
                limits.fill(state, now);
                state.in_flight > 0 || state.tokens < f64::from(limits.burst)
            });
        }
        if self.states.len() < MAX_ACCOUNTS {
            account
        } else {
            Account::default()
        }
    }
}

impl Accounts {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            known: Mutex::new(Known {
                states: HashMap::new(),
                swept: None,
            }),
        }
    }

    /// Lets a call in, unless it is one too many.
    pub(super) fn enter(self: &Arc<Self>, account: Account, now: Instant) -> Result<Seat, Limit> {
        let limits = self.limits;
        let mut known = self.lock();
        let account = known.remembered_as(account, limits, now);
        let state = known.states.entry(account.clone());
        let state = state.or_insert_with(|| limits.new_state(now));
        limits.take(state, now)?;
        Ok(Seat {
            accounts: Arc::clone(self),
            account,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(state) = self.accounts.lock().states.get_mut(&self.account) {
            state.in_flight -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Accounts, Limits, MAX_ACCOUNTS, SWEEP, Seat};
    use crate::grpc::status::Limit;
    use crate::model::caller::Account;

    fn accounts(in_flight: usize, rate: u32, burst: u32) -> Arc<Accounts> {
        Arc::new(Accounts::new(Limits {
            in_flight,
            rate,
            burst,
        }))
    }

    fn named(number: usize) -> Account {
        Account::of(Some(&format!("token:{number}")), None)
    }

    #[track_caller]
    fn refused(entered: Result<Seat, Limit>, option: &str) -> Duration {
        let limit = entered.expect_err("it is one too many");
        assert_eq!(limit.option, option);
        limit.retry
    }

    #[test]
    fn a_caller_who_calls_too_fast_is_told_when_and_another_is_let_in() {
        let accounts = accounts(100, 10, 3);
        let now = Instant::now();
        for _ in 0..3 {
            drop(accounts.enter(named(1), now).unwrap());
        }
        let retry = refused(accounts.enter(named(1), now), "caller-rate");
        assert_eq!(retry, Duration::from_millis(100));
        accounts.enter(named(2), now).unwrap();
        let later = now + retry;
        accounts.enter(named(1), later).unwrap();
        refused(accounts.enter(named(1), later), "caller-rate");
        // However long the pause, there is no more than the burst.
        let much_later = later + Duration::from_hours(1);
        for _ in 0..3 {
            drop(accounts.enter(named(1), much_later).unwrap());
        }
        refused(accounts.enter(named(1), much_later), "caller-rate");
    }

    #[test]
    fn a_caller_has_so_many_calls_in_flight_and_one_that_has_ended_makes_room() {
        let accounts = accounts(2, 100, 100);
        let now = Instant::now();
        let held = [(); 2].map(|()| accounts.enter(named(1), now).unwrap());
        refused(accounts.enter(named(1), now), "caller-calls");
        let other = accounts.enter(named(2), now).unwrap();
        drop(held);
        accounts.enter(named(1), now).unwrap();
        drop(other);
    }

    #[test]
    fn no_more_callers_are_remembered_than_may_be_and_the_rest_share_one_account() {
        let accounts = accounts(1, 1, 1);
        let now = Instant::now();
        for number in 0..MAX_ACCOUNTS {
            drop(accounts.enter(named(number), now).unwrap());
        }
        drop(accounts.enter(named(MAX_ACCOUNTS), now).unwrap());
        refused(accounts.enter(named(MAX_ACCOUNTS + 1), now), "caller-rate");
        assert_eq!(accounts.lock().states.len(), MAX_ACCOUNTS + 1);
        // Those whose buckets are full again are forgotten.
        let later = now + SWEEP;
        let seat = accounts.enter(named(MAX_ACCOUNTS + 1), later).unwrap();
        assert_eq!(accounts.lock().states.len(), 1);
        drop(seat);
    }
}
