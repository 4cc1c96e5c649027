//! Refuses a call past a limit, at once: of the whole server, before anybody asks who calls, or of the caller, once that is known.

use std::sync::Arc;
use std::time::Duration;

use http::Extensions;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tonic::Status;

use super::Kind;
use super::accounts::{self, Accounts, Seat};
use crate::config::LoadOptions;
use crate::grpc::status::{Limit, too_many};
use crate::metrics::Limits;
use crate::model::caller::{Account, Caller};
use crate::peer::Peer;

/// When to try again while the whole server has as much as it takes.
const RETRY_SERVER: Duration = Duration::from_secs(1);

/// The limits of the server, and of each caller.
#[derive(Debug)]
pub struct Bounds {
    calls: Places,
    streams: Places,
    callers: Arc<Accounts>,
    limits: Limits,
}

/// So many at once.
#[derive(Debug)]
struct Places {
    limit: Limit,
    free: Arc<Semaphore>,
}

/// One of the calls or streams of the server, until this is dropped.
#[derive(Debug)]
pub(in crate::grpc) struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Places {
    fn new(option: &'static str, what: &'static str, max: u32) -> Self {
        let max = max as usize;
        Self {
            limit: Limit {
                option,
                what,
                max,
                retry: RETRY_SERVER,
            },
            free: Arc::new(Semaphore::new(max)),
        }
    }

    fn take(&self) -> Result<Place, Limit> {
        match Arc::clone(&self.free).try_acquire_owned() {
            Ok(permit) => Ok(Place { _permit: permit }),
            Err(_) => Err(self.limit),
        }
    }
}

impl Bounds {
    /// The limits that the options set, which count there how often they are met.
    #[must_use]
    pub fn new(options: &LoadOptions, limits: Limits) -> Self {
        Self {
            calls: Places::new("max-calls", "calls in flight", options.max_calls),
            streams: Places::new("max-streams", "open streams", options.max_streams),
            callers: Arc::new(Accounts::new(accounts::Limits {
                in_flight: options.caller_calls as usize,
                rate: options.caller_rate,
                burst: options.caller_burst,
            })),
            limits,
        }
    }

    /// What the call holds of the server while it is in flight; nothing if it is not limited. Before anybody asks who calls, so that strangers are
    /// bounded, too.
    pub(in crate::grpc) fn of_the_server(&self, kind: Kind) -> Result<Option<Place>, Status> {
        let place = match kind {
            Kind::Health => return Ok(None),
            Kind::Call => self.calls.take(),
            Kind::Stream => self.streams.take(),
        };
        place.map(Some).map_err(|limit| self.refusal(limit, None))
    }

    /// What the call holds of its caller's while it is in flight; nothing if it is not limited.
    pub(in crate::grpc) fn of_the_caller(
        &self,
        kind: Kind,
        extensions: &Extensions,
    ) -> Result<Option<Seat>, Status> {
        if kind == Kind::Health {
            return Ok(None);
        }
        let caller = extensions.get::<Arc<Caller>>();
        let peer = extensions.get::<Peer>();
        let account = Account::of(
            caller.map(|caller| &*caller.name),
            peer.map(|peer| peer.address),
        );
        match self.callers.enter(account.clone(), Instant::now()) {
            Ok(seat) => Ok(Some(seat)),
            Err(limit) => Err(self.refusal(limit, Some(&account))),
        }
    }

    fn refusal(&self, limit: Limit, of: Option<&Account>) -> Status {
        self.limits.hit(limit.option);
        too_many(limit, of)
    }
}
