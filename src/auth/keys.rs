//! The keys of an issuer while the server runs: read anew every ten minutes, and when a JWT names one that is not known.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::AbortOnDropHandle;
use tracing::{info, warn};

use super::jwks::{KeySet, Source};

/// How often the keys are read anew.
const READ_EVERY: Duration = Duration::from_mins(10);
/// How often after a failure.
const RETRY_EVERY: Duration = Duration::from_secs(30);
/// How often, at most, because of a key that is not known: anybody can name one.
const ASK_EVERY: Duration = Duration::from_secs(30);
/// How long a call waits for that; reading has a bound of its own, which is shorter.
const PATIENCE: Duration = Duration::from_secs(10);

/// The keys of an issuer.
#[derive(Debug)]
pub(super) struct Keys {
    state: watch::Receiver<State>,
    asked: Mutex<Asked>,
    wanted: Arc<Notify>,
    _reading: AbortOnDropHandle<()>,
}

/// What is known by now.
#[derive(Debug)]
struct State {
    /// The last keys that could be read.
    keys: Option<Arc<KeySet>>,
    /// How often reading has ended.
    round: u64,
}

/// When a key that is not known was last a reason to read, and in which round.
#[derive(Debug, Default)]
struct Asked {
    at: Option<Instant>,
    round: u64,
}

/// Why there is no key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoKey {
    /// No keys could be read so far.
    NoneRead,
    /// The issuer has no such key.
    Unknown,
}

impl Keys {
    /// Reads the keys for the first time, and from then on in a task of its own, until this is dropped.
    ///
    /// # Errors
    /// A file that cannot be used. Keys behind a URL may come later; that is a warning.
    pub(super) async fn start(issuer: &str, source: Source) -> Result<Self, String> {
        let keys = match source.read().await {
            Ok(keys) => Some(Arc::new(keys)),
            Err(problem) if matches!(source, Source::File(_)) => return Err(problem),
            Err(problem) => {
                warn!(issuer, problem, "there are no keys yet to check JWTs with");
                None
            }
        };
        let (publish, state) = watch::channel(State { keys, round: 0 });
        let wanted = Arc::new(Notify::new());
        let reading = read_again(issuer.to_owned(), source, publish, Arc::clone(&wanted));
        Ok(Self {
            state,
            asked: Mutex::default(),
            wanted,
            _reading: AbortOnDropHandle::new(tokio::spawn(reading)),
        })
    }

    /// The key of this id for this algorithm. For one that is not known the keys may be read anew first.
    pub(super) async fn find(&self, id: &str, algorithm: Algorithm) -> Result<DecodingKey, NoKey> {
        let found = self.look(id, algorithm);
        if !matches!(found, Err(NoKey::Unknown)) {
            return found;
        }
        let Some(round) = self.round_to_wait_for() else {
            return found;
        };
        let mut state = self.state.clone();
        // When it takes too long, or the server stops, what is known has to do.
        let _ = timeout(PATIENCE, state.wait_for(|state| state.round >= round)).await;
        self.look(id, algorithm)
    }

    fn look(&self, id: &str, algorithm: Algorithm) -> Result<DecodingKey, NoKey> {
        let keys = self.state.borrow().keys.clone().ok_or(NoKey::NoneRead)?;
        keys.find(id, algorithm).cloned().ok_or(NoKey::Unknown)
    }

    /// Has the keys read anew, unless that was done a short time ago; the round in which they will be.
    fn round_to_wait_for(&self) -> Option<u64> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let round = self.state.borrow().round;
        if round < asked.round {
            return Some(asked.round);
        }
        if asked.at.is_some_and(|at| at.elapsed() < ASK_EVERY) {
            return None;
        }
        *asked = Asked {
            at: Some(Instant::now()),
            round: round + 1,
        };
        self.wanted.notify_one();
        Some(round + 1)
    }
}

/// Reads the keys again and again. When that fails the last good ones stay.
async fn read_again(
    issuer: String,
    source: Source,
    publish: watch::Sender<State>,
    wanted: Arc<Notify>,
) {
    let mut pause = match publish.borrow().keys {
        Some(_) => READ_EVERY,
        None => RETRY_EVERY,
    };
    loop {
        tokio::select! {
            () = sleep(pause) => {}
            () = wanted.notified() => {}
        }
        let read = source.read().await;
        pause = match &read {
            Ok(_) => READ_EVERY,
            Err(problem) => {
                warn!(
                    issuer,
                    problem, "the keys to check JWTs with could not be read anew"
                );
                RETRY_EVERY
            }
        };
        publish.send_modify(|state| {
            state.round += 1;
            if let Ok(keys) = read {
                if state.keys.is_none() {
                    info!(issuer, "there are keys now to check JWTs with");
                }
                state.keys = Some(Arc::new(keys));
            }
        });
    }
}

#[cfg(test)]
mod tests;
