//! Lets a call in when its caller is known and may make it.

use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

use http::header::AUTHORIZATION;
use http::{HeaderMap, Request};
use tonic::Status;
use tonic_types::StatusExt;
use tracing::field::display;
use tracing::{debug, warn};

use super::status::{refused, too_low};
use crate::auth::{Authenticator, Credential, table};
use crate::config::{AccessOptions, HealthAccess, ReflectionAccess};
use crate::model::caller::{Access, Caller};
use crate::model::secret::Secret;
use crate::peer::Peer;
use crate::registry::AUDIT;

/// The reason of a call that shows nothing, as every scan and every wrong client makes.
const MISSING: &str = "CREDENTIAL_MISSING";

/// Whoever calls a gate that is open: one for all of their calls.
static ANONYMOUS: LazyLock<Arc<Caller>> = LazyLock::new(|| Arc::new(Caller::anonymous()));

/// Who is let in.
#[derive(Debug)]
pub struct Gate {
    /// `None`: nobody has to say who they are.
    authenticator: Option<Authenticator>,
    is_health_open: bool,
    is_reflection_open: bool,
}

/// What a call needs.
enum Need {
    Nothing,
    /// A caller, whatever their access.
    Known,
    Access(Access),
}

impl Gate {
    /// Lets everybody in, as the anonymous caller.
    #[must_use]
    pub fn open() -> Self {
        Self {
            authenticator: None,
            is_health_open: true,
            is_reflection_open: true,
        }
    }

    /// Lets those in that the authenticator knows.
    #[must_use]
    pub fn closed(authenticator: Authenticator, options: &AccessOptions) -> Self {
        Self {
            authenticator: Some(authenticator),
            is_health_open: options.health == HealthAccess::Open,
            is_reflection_open: options.reflection == ReflectionAccess::Open,
        }
    }

    fn need(&self, path: &str) -> Need {
        let service = path.trim_start_matches('/').split('/').next();
        let service = service.unwrap_or_default();
        if service.starts_with("datastore.v1.") {
            Need::Access(table::needed(path))
        } else if (self.is_health_open && service == "grpc.health.v1.Health")
            || (self.is_reflection_open && service.starts_with("grpc.reflection."))
        {
            Need::Nothing
        } else {
            Need::Known
        }
    }

    /// Puts the caller among the request's extensions, if the call may be made; nobody where nobody asks.
    pub(super) async fn admit<B>(&self, request: &mut Request<B>) -> Result<(), Status> {
        let Some(authenticator) = &self.authenticator else {
            request.extensions_mut().insert(Arc::clone(&ANONYMOUS));
            return Ok(());
        };
        let sent = credential(request);
        let path = request.uri().path();
        match self.caller(authenticator, path, &sent).await {
            Ok(caller) => {
                caller.map(|caller| request.extensions_mut().insert(Arc::new(caller)));
                Ok(())
            }
            Err(status) => {
                tell(path, request.extensions().get::<Peer>(), &status);
                Err(status)
            }
        }
    }

    /// The caller, if the call may be made; none where nobody asks.
    async fn caller(
        &self,
        authenticator: &Authenticator,
        path: &str,
        sent: &Credential,
    ) -> Result<Option<Caller>, Status> {
        let need = self.need(path);
        if matches!(need, Need::Nothing) {
            return Ok(None);
        }
        let caller = authenticator.caller(sent, SystemTime::now()).await;
        let caller = caller.map_err(refused)?;
        match need {
            Need::Access(needed) if caller.access < needed => Err(too_low(path, needed, &caller)),
            // What administrators are told speaks of every datastore.
            Need::Access(Access::Admin) if !caller.labels.is_empty() => {
                Err(too_low(path, Access::Admin, &caller))
            }
            _ => Ok(Some(caller)),
        }
    }
}

/// The line of the log that a refused call leaves: who is known and may not, or shows what is not accepted, is worth a look.
fn tell(path: &str, peer: Option<&Peer>, status: &Status) {
    let address = peer.map(|peer| display(peer.address));
    let refusal = status.message();
    if status
        .get_details_error_info()
        .is_some_and(|info| info.reason == MISSING)
    {
        debug!(target: AUDIT, method = path, address, refusal, "call refused");
    } else {
        warn!(target: AUDIT, method = path, address, refusal, "call refused");
    }
}

/// What the request shows. A token decides, if there is one, and it is taken out: nothing behind the gate has a use for it.
fn credential<B>(request: &mut Request<B>) -> Credential {
    if let Some(sent) = bearer(request.headers()) {
        request.headers_mut().remove(AUTHORIZATION);
        return sent;
    }
    let peer = request.extensions().get::<Peer>();
    match peer.and_then(|peer| peer.certificates.first()) {
        Some(leaf) => Credential::Certificate(leaf.clone()),
        None => Credential::Nothing,
    }
}

/// The bearer token of RFC 6750, section 2.1, if there is an `authorization` at all. Two of them are no token: nobody can tell which one is meant.
fn bearer(headers: &HeaderMap) -> Option<Credential> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?;
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    let token = text.and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        let token = token.trim_matches(' ');
        (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
    });
    Some(match token {
        Some(token) => Credential::Bearer(Secret::new(token.to_owned())),
        None => Credential::Malformed,
    })
}

#[cfg(test)]
mod tests;
