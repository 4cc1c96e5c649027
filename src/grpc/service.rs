//! The RPCs of `DatastoreService`, each a line or two: decode, call, encode.

use std::pin::Pin;
use std::sync::Arc;

use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use super::status::to_status;
use super::{connection_test, decode, encode, iam_policy, page_token};
use crate::pb;
use crate::pb::datastore_service_server::DatastoreService;
use crate::prober::Prober;
use crate::registry::Registry;
use crate::store::Store;

/// The service, on any store.
#[derive(Debug)]
pub struct Service<S> {
    registry: Arc<Registry<S>>,
    prober: Arc<Prober>,
    policy: decode::Policy,
}

impl<S: Store> Service<S> {
    /// A service on the registry and the prober. Datastores may use the server's own credentials only if `allow_ambient_credentials`.
    #[must_use]
    pub fn new(
        registry: Arc<Registry<S>>,
        prober: Arc<Prober>,
        allow_ambient_credentials: bool,
    ) -> Self {
        Self {
            registry,
            prober,
            policy: decode::Policy {
                allow_ambient_credentials,
            },
        }
    }
}

#[tonic::async_trait]
impl<S: Store> DatastoreService for Service<S> {
    async fn create_datastore(
        &self,
        request: Request<pb::CreateDatastoreRequest>,
    ) -> Result<Response<pb::Datastore>, Status> {
        let create = decode::create(request.into_inner(), self.policy).map_err(to_status)?;
        let stored = self.registry.create(create).await.map_err(to_status)?;
        Ok(Response::new(encode::datastore(&stored)))
    }

    async fn get_datastore(
        &self,
        request: Request<pb::GetDatastoreRequest>,
    ) -> Result<Response<pb::Datastore>, Status> {
        let id = decode::get(&request.into_inner()).map_err(to_status)?;
        let stored = self.registry.get(&id).await.map_err(to_status)?;
        Ok(Response::new(encode::datastore(&stored)))
    }

    async fn list_datastores(
        &self,
        request: Request<pb::ListDatastoresRequest>,
    ) -> Result<Response<pb::ListDatastoresResponse>, Status> {
        let request = request.into_inner();
        let query = decode::list(&request).map_err(to_status)?;
        let page = self.registry.list(query).await.map_err(to_status)?;
        Ok(Response::new(pb::ListDatastoresResponse {
            datastores: page.items.iter().map(encode::datastore).collect(),
            next_page_token: page
                .next
                .map_or(String::new(), |next| page_token::encode(&request, &next)),
        }))
    }

    async fn update_datastore(
        &self,
        request: Request<pb::UpdateDatastoreRequest>,
    ) -> Result<Response<pb::Datastore>, Status> {
        let update = decode::update(request.into_inner(), self.policy).map_err(to_status)?;
        let stored = self.registry.update(update).await.map_err(to_status)?;
        Ok(Response::new(encode::datastore(&stored)))
    }

    async fn delete_datastore(
        &self,
        request: Request<pb::DeleteDatastoreRequest>,
    ) -> Result<Response<()>, Status> {
        let delete = decode::delete(&request.into_inner()).map_err(to_status)?;
        self.registry.delete(delete).await.map_err(to_status)?;
        Ok(Response::new(()))
    }

    type TestConnectionStream =
        Pin<Box<dyn Stream<Item = Result<pb::TestConnectionResponse, Status>> + Send>>;

    async fn test_connection(
        &self,
        request: Request<pb::TestConnectionRequest>,
    ) -> Result<Response<Self::TestConnectionStream>, Status> {
        let test = decode::test(request.into_inner(), self.policy).map_err(to_status)?;
        let target = connection_test::target(&self.registry, self.policy, test).await;
        let events = self.prober.start(target.map_err(to_status)?);
        let stream = connection_test::stream(events.map_err(to_status)?);
        Ok(Response::new(Box::pin(stream)))
    }

    async fn generate_iam_policy(
        &self,
        request: Request<pb::GenerateIamPolicyRequest>,
    ) -> Result<Response<pb::GenerateIamPolicyResponse>, Status> {
        let asked = decode::iam_policy(&request.into_inner()).map_err(to_status)?;
        let answer = iam_policy::generate(&self.registry, asked).await;
        Ok(Response::new(answer.map_err(to_status)?))
    }
}
