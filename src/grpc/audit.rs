//! A call that the audit speaks of: who makes it, and that it has one event, whatever comes of it.

use std::sync::Arc;

use tokio::runtime::Handle;
use tonic::{Code, Request, Status};
use tracing::{Instrument, Span, info};

use super::status::{reason, to_status};
use crate::model::Error;
use crate::model::audit::{Actor, Attempt, CANCELLED, Deed};
use crate::model::call_id::CallId;
use crate::model::caller::Caller;
use crate::model::connection_test::TestName;
use crate::model::proof::ProofError;
use crate::peer::Peer;
use crate::registry::{AUDIT, Registry};
use crate::store::Store;

/// A call that is not answered yet. When it is dropped, its caller has gone.
pub(super) struct Call<S: Store> {
    registry: Arc<Registry<S>>,
    /// None when the call is to have no event, and once it is answered.
    attempt: Option<Arc<Attempt>>,
}

impl<S: Store> Call<S> {
    /// The call of a request, and its message, of which `deed` says what it is to do.
    pub(super) fn of<M>(
        registry: &Arc<Registry<S>>,
        request: Request<M>,
        deed: fn(&M) -> Option<Deed>,
    ) -> (Self, M) {
        let actor = actor(&request);
        let message = request.into_inner();
        let call = Self {
            registry: Arc::clone(registry),
            attempt: deed(&message).map(|deed| Arc::new(Attempt::new(actor, deed))),
        };
        (call, message)
    }

    /// Does the work, which makes the event of what it has done itself; a refusal has one that is made before it is answered. Bad fields have none.
    pub(super) async fn answer<T, F>(
        mut self,
        work: impl FnOnce(Option<Arc<Attempt>>) -> F,
    ) -> Result<T, Status>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let done = work(self.attempt.clone()).await;
        let attempt = self.attempt.take();
        match done {
            Ok(answer) => Ok(answer),
            Err(error) => {
                let test = test_of(&error).cloned();
                let status = to_status(error);
                if let Some(attempt) = attempt
                    && status.code() != Code::InvalidArgument
                {
                    let outcome = reason(&status);
                    self.registry.note(&attempt, &outcome, test.as_ref()).await;
                }
                Err(status)
            }
        }
    }
}

impl<S: Store> Drop for Call<S> {
    fn drop(&mut self) {
        let (Some(attempt), Ok(runtime)) = (self.attempt.take(), Handle::try_current()) else {
            return;
        };
        let registry = Arc::clone(&self.registry);
        let noted = async move { registry.note(&attempt, CANCELLED, None).await };
        runtime.spawn(noted.instrument(Span::current()));
    }
}

/// Says in the log that a connection test has begun; its event is made when it ends.
pub(super) fn tell_begun(attempt: Option<&Attempt>) {
    if let Some(attempt) = attempt {
        let (actor, deed) = (attempt.actor(), attempt.deed());
        info!(
            target: AUDIT,
            call_id = %actor.call_id,
            caller = actor.caller,
            address = actor.address.map(display),
            action = deed.action.as_str(),
            resource = deed.resource,
            "connection test begins"
        );
    }
}

fn actor<M>(request: &Request<M>) -> Actor {
    let extensions = request.extensions();
    let caller = extensions.get::<Arc<Caller>>();
    let peer = extensions.get::<Peer>().map(|peer| peer.address);
    Actor {
        caller: caller.map_or_else(|| Caller::anonymous().name, |caller| caller.name.clone()),
        address: peer.or_else(|| request.remote_addr()),
        call_id: extensions.get().cloned().unwrap_or_else(CallId::random),
    }
}

/// The test that a refusal rests on.
fn test_of(error: &Error) -> Option<&TestName> {
    match error {
        Error::Proof(ProofError::Failed { shown, .. } | ProofError::Inconclusive { shown, .. }) => {
            shown.test.as_ref()
        }
        Error::Proof(ProofError::NotOfThis { test, .. } | ProofError::TooOld { test, .. }) => {
            Some(test)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tonic::Request;

    use super::actor;
    use crate::model::caller::Caller;
    use crate::peer::Peer;

    #[test]
    fn who_calls_and_from_where_is_what_the_transport_has_found_out() {
        let mut request = Request::new(());
        let unknown = actor(&request);
        assert_eq!((&*unknown.caller, unknown.address), ("anonymous", None));
        let address = "192.0.2.7:4711".parse().unwrap();
        request.extensions_mut().insert(Peer {
            address,
            certificates: Vec::new(),
        });
        request.extensions_mut().insert(Arc::new(Caller {
            name: "token:ci".to_owned(),
            ..Caller::anonymous()
        }));
        let known = actor(&request);
        assert_eq!((&*known.caller, known.address), ("token:ci", Some(address)));
        assert_ne!(known.call_id, unknown.call_id);
    }
}
