//! `TestConnection`: what a request asks to test, and the prober's events as messages.

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::Status;

use super::decode::{Policy, Test, TestTarget};
use super::encode;
use crate::model::Error;
use crate::pb;
use crate::prober::{Event, Target};
use crate::registry::Registry;
use crate::store::Store;

/// The location, credentials and role to test; a saved datastore is read with its credentials.
pub(super) async fn target<S: Store>(
    registry: &Registry<S>,
    policy: Policy,
    test: Test,
) -> Result<Target, Error> {
    match test.target {
        TestTarget::Saved(id) => {
            let datastore = registry.get(&id).await?.datastore;
            policy.check(&datastore.s3.credentials)?;
            Ok(Target {
                s3: datastore.s3,
                role: test.role.unwrap_or(datastore.role),
            })
        }
        TestTarget::Unsaved(s3, role) => Ok(Target { s3: *s3, role }),
    }
}

/// The events as response messages. Dropping the stream tells the test that nobody watches any more.
pub(super) fn stream(
    events: mpsc::Receiver<Event>,
) -> impl Stream<Item = Result<pb::TestConnectionResponse, Status>> {
    ReceiverStream::new(events).map(|event| Ok(encode::event(event)))
}
