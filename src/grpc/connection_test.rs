//! `TestConnection`: what a request asks to test, and the prober's events as messages.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::Status;

use super::decode::{Test, TestTarget};
use super::encode;
use crate::model::Error;
use crate::model::audit::Attempt;
use crate::model::credentials::CredentialsPolicy;
use crate::model::error::Violation;
use crate::pb;
use crate::prober::{Event, Target};
use crate::registry::Registry;
use crate::report::{Subject, Tested};
use crate::store::Store;

/// The location, credentials and role to test; a saved datastore is read with its credentials. `audit` is the call that asks for the test.
pub(super) async fn target<S: Store>(
    registry: &Registry<S>,
    policy: CredentialsPolicy,
    test: Test,
    audit: Option<Arc<Attempt>>,
) -> Result<Target, Error> {
    let tested = match test.target {
        TestTarget::Saved(id) => {
            let datastore = registry.with_credentials(&id).await?.datastore;
            policy.check(&datastore.s3.credentials)?;
            let uid = datastore.uid;
            Tested {
                subject: Subject::Saved { id, uid },
                s3: datastore.s3,
                role: test.role.unwrap_or(datastore.role),
            }
        }
        TestTarget::Unsaved(s3, role) => Tested {
            subject: Subject::Unsaved,
            s3: *s3,
            role,
        },
    };
    if let Some(key) = &test.sample_key
        && !key.starts_with(tested.s3.prefix.as_str())
    {
        let place = tested.s3.uri();
        return Err(Error::InvalidFields(vec![Violation {
            field: "sample_key".to_owned(),
            description: format!("is not under {place}: name the whole key"),
        }]));
    }
    Ok(Target {
        tested,
        sample_key: test.sample_key,
        retry_denied: test.retry_denied,
        account: audit
            .as_ref()
            .map(|a| a.actor().account())
            .unwrap_or_default(),
        call: audit.as_ref().map(|a| a.actor().call_id.clone()),
        audit,
    })
}

/// The events as response messages. Dropping the stream tells the test that nobody watches any more.
pub(super) fn stream(
    events: mpsc::Receiver<Event>,
) -> impl Stream<Item = Result<pb::TestConnectionResponse, Status>> {
    ReceiverStream::new(events).map(|event| Ok(encode::event(event)))
}
