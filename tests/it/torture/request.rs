//! The writes that are made, each of which can be sent again.

use datastored::pb;
use tonic::{Response, Status};

use crate::api::Client;

/// A write with a request id.
#[derive(Clone, Debug)]
pub enum Request {
    Create(Box<pb::CreateDatastoreRequest>),
    Update(Box<pb::UpdateDatastoreRequest>),
    Delete(pb::DeleteDatastoreRequest),
    Link(pb::LinkEnrichmentRequest),
    Unlink(pb::UnlinkEnrichmentRequest),
}

impl Request {
    /// The datastore as the write left it; nothing after a delete.
    pub async fn send(self, client: &mut Client) -> Result<Option<pb::Datastore>, Status> {
        let answer = match self {
            Self::Create(request) => Box::pin(client.create_datastore(*request)).await,
            Self::Update(request) => Box::pin(client.update_datastore(*request)).await,
            Self::Link(request) => client.link_enrichment(request).await,
            Self::Unlink(request) => client.unlink_enrichment(request).await,
            Self::Delete(request) => {
                return client.delete_datastore(request).await.map(|_| None);
            }
        };
        answer.map(Response::into_inner).map(Some)
    }
}
