//! The RPCs of `DatastoreService`, each a line or two: decode, call, encode.

use std::pin::Pin;
use std::sync::Arc;

use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use super::audit::{self, Call};
use super::decode::{PolicyTarget, TestTarget, deed};
use super::sight::Sight;
use super::status::to_status;
use super::{connection_test, decode, encode, iam_policy, page_token};
use crate::admission::Admission;
use crate::claims::Claims;
use crate::model::audit::Attempt;
use crate::model::credentials::CredentialsPolicy;
use crate::pb;
use crate::pb::datastore_service_server::DatastoreService;
use crate::prober::Prober;
use crate::registry::{Create, Delete, Link, Query, Registry, Update};
use crate::store::Store;

/// The service, on any store.
#[derive(Debug)]
pub struct Service<S> {
    registry: Arc<Registry<S>>,
    prober: Arc<Prober>,
    admission: Admission<S>,
    claims: Claims<S>,
    policy: CredentialsPolicy,
}

impl<S: Store> Service<S> {
    /// A service on the registry and the prober, whose datastores sign with what the policy allows.
    #[must_use]
    pub fn new(registry: Arc<Registry<S>>, prober: Arc<Prober>, policy: CredentialsPolicy) -> Self {
        Self {
            admission: Admission::new(Arc::clone(&registry), Arc::clone(&prober), policy),
            claims: Claims::new(Arc::clone(&registry), Arc::clone(&prober), policy),
            registry,
            prober,
            policy,
        }
    }

    fn sight<M>(&self, request: &Request<M>) -> Sight<S> {
        Sight::of(&self.registry, request)
    }
}

#[tonic::async_trait]
impl<S: Store> DatastoreService for Service<S> {
    async fn create_datastore(
        &self,
        request: Request<pb::CreateDatastoreRequest>,
    ) -> Result<Response<pb::Datastore>, Status> {
        let sight = self.sight(&request);
        let (call, request) = Call::of(&self.registry, request, deed::create);
        let work = async |audit| {
            let (create, proofs) = decode::create(request, self.policy)?;
            sight.see_new(&create, &proofs).await?;
            let create = Create { audit, ..create };
            sight
                .hide(self.admission.create(create, proofs).await)
                .await
        };
        Ok(Response::new(encode::datastore(call.answer(work).await?)))
    }

    async fn get_datastore(
        &self,
        request: Request<pb::GetDatastoreRequest>,
    ) -> Result<Response<pb::Datastore>, Status> {
        let sight = self.sight(&request);
        let id = decode::named(&request.into_inner().name).map_err(to_status)?;
        sight.see(&id).await.map_err(to_status)?;
        let stored = self.registry.get(&id).await.map_err(to_status)?;
        Ok(Response::new(encode::datastore(stored)))
    }

    async fn list_datastores(
        &self,
        request: Request<pb::ListDatastoresRequest>,
    ) -> Result<Response<pb::ListDatastoresResponse>, Status> {
        let seen_by = self.sight(&request).labels();
        let request = request.into_inner();
        let query = decode::list(&request).map_err(to_status)?;
        let query = Query { seen_by, ..query };
        let page = self.registry.list(query).await.map_err(to_status)?;
        Ok(Response::new(pb::ListDatastoresResponse {
            datastores: page.items.into_iter().map(encode::datastore).collect(),
            next_page_token: page.next.map_or(String::new(), |next| {
                page_token::encode(&[&request.filter, &request.order_by], &next)
            }),
        }))
    }

    async fn update_datastore(
        &self,
        request: Request<pb::UpdateDatastoreRequest>,
    ) -> Result<Response<pb::Datastore>, Status> {
        let sight = self.sight(&request);
        let (call, request) = Call::of(&self.registry, request, deed::update);
        let work = async |audit| {
            let (update, proof) = decode::update(request, self.policy)?;
            sight.see_proof(&proof).await?;
            if let Some(labels) = &update.change.labels {
                sight.keep("datastore.labels", labels)?;
            }
            let seen_by = sight.labels();
            let update = Update {
                seen_by,
                audit,
                ..update
            };
            sight.hide(self.admission.update(update, proof).await).await
        };
        Ok(Response::new(encode::datastore(call.answer(work).await?)))
    }

    async fn delete_datastore(
        &self,
        request: Request<pb::DeleteDatastoreRequest>,
    ) -> Result<Response<()>, Status> {
        let sight = self.sight(&request);
        let (call, request) = Call::of(&self.registry, request, deed::delete);
        let work = async |audit| {
            let delete = decode::delete(&request)?;
            let seen_by = sight.labels();
            let delete = Delete {
                seen_by,
                audit,
                ..delete
            };
            sight.hide(self.registry.delete(delete).await).await
        };
        Ok(Response::new(call.answer(work).await?))
    }

    type TestConnectionStream =
        Pin<Box<dyn Stream<Item = Result<pb::TestConnectionResponse, Status>> + Send>>;

    async fn test_connection(
        &self,
        request: Request<pb::TestConnectionRequest>,
    ) -> Result<Response<Self::TestConnectionStream>, Status> {
        let sight = self.sight(&request);
        let (call, request) = Call::of(&self.registry, request, deed::test);
        let work = async |audit: Option<Arc<Attempt>>| {
            let test = decode::test(request, self.policy)?;
            if let TestTarget::Saved(id) = &test.target {
                sight.see(id).await?;
            }
            let target = connection_test::target(&self.registry, self.policy, test, audit.clone());
            let events = self.prober.start(target.await?)?;
            audit::tell_begun(audit.as_deref());
            Ok(events)
        };
        let stream = connection_test::stream(call.answer(work).await?);
        Ok(Response::new(Box::pin(stream)))
    }

    async fn get_connection_test(
        &self,
        request: Request<pb::GetConnectionTestRequest>,
    ) -> Result<Response<pb::ConnectionTest>, Status> {
        let sight = self.sight(&request);
        let name = decode::connection_test(&request.into_inner()).map_err(to_status)?;
        sight.see_test(&name).await.map_err(to_status)?;
        let kept = self.registry.connection_test(&name).await;
        let kept = kept.map_err(to_status)?;
        Ok(Response::new(encode::connection_test(kept)))
    }

    async fn list_connection_tests(
        &self,
        request: Request<pb::ListConnectionTestsRequest>,
    ) -> Result<Response<pb::ListConnectionTestsResponse>, Status> {
        let sight = self.sight(&request);
        let request = request.into_inner();
        let asked = decode::connection_tests(&request).map_err(to_status)?;
        sight.see(&asked.of).await.map_err(to_status)?;
        let page = self
            .registry
            .connection_tests(&asked.of, asked.after, asked.page_size);
        let page = page.await.map_err(to_status)?;
        let tests = page.items.into_iter().map(encode::connection_test);
        Ok(Response::new(pb::ListConnectionTestsResponse {
            connection_tests: tests.collect(),
            next_page_token: page.next.map_or(String::new(), |last| {
                page_token::encode(&[&request.parent], last.as_bytes())
            }),
        }))
    }

    async fn link_enrichment(
        &self,
        request: Request<pb::LinkEnrichmentRequest>,
    ) -> Result<Response<pb::Datastore>, Status> {
        let sight = self.sight(&request);
        let (call, request) = Call::of(&self.registry, request, deed::link);
        let work = async |audit| {
            let link = decode::link(&request)?;
            if let Some(enrichment) = &link.enrichment {
                sight.see(enrichment).await?;
            }
            let seen_by = sight.labels();
            let link = Link {
                seen_by,
                audit,
                ..link
            };
            let linked = self.registry.link(link).await;
            sight.hide(linked).await
        };
        Ok(Response::new(encode::datastore(call.answer(work).await?)))
    }

    async fn unlink_enrichment(
        &self,
        request: Request<pb::UnlinkEnrichmentRequest>,
    ) -> Result<Response<pb::Datastore>, Status> {
        let sight = self.sight(&request);
        let (call, request) = Call::of(&self.registry, request, deed::unlink);
        let work = async |audit| {
            let link = decode::unlink(&request)?;
            let seen_by = sight.labels();
            let link = Link {
                seen_by,
                audit,
                ..link
            };
            self.registry.link(link).await
        };
        Ok(Response::new(encode::datastore(call.answer(work).await?)))
    }

    async fn resolve_enrichment(
        &self,
        request: Request<pb::ResolveEnrichmentRequest>,
    ) -> Result<Response<pb::ResolveEnrichmentResponse>, Status> {
        let sight = self.sight(&request);
        let id = decode::named(&request.into_inner().name).map_err(to_status)?;
        sight.see(&id).await.map_err(to_status)?;
        let stored = self.registry.enrichment_of(&id).await.map_err(to_status)?;
        let seen = sight.see(&stored.datastore.id).await;
        seen.map_err(to_status)?;
        Ok(Response::new(encode::enrichment(&stored)))
    }

    async fn claim_prefix(
        &self,
        request: Request<pb::ClaimPrefixRequest>,
    ) -> Result<Response<pb::Datastore>, Status> {
        let sight = self.sight(&request);
        let (call, request) = Call::of(&self.registry, request, |asked| Some(deed::claim(asked)));
        let work = async |audit| {
            let id = decode::named(&request.name)?;
            sight.see(&id).await?;
            sight.hide(self.claims.claim(&id, audit).await).await
        };
        Ok(Response::new(encode::datastore(call.answer(work).await?)))
    }

    async fn release_prefix(
        &self,
        request: Request<pb::ReleasePrefixRequest>,
    ) -> Result<Response<pb::Datastore>, Status> {
        let sight = self.sight(&request);
        let (call, request) = Call::of(&self.registry, request, |asked| Some(deed::release(asked)));
        let work = async |audit| {
            let id = decode::named(&request.name)?;
            sight.see(&id).await?;
            sight.hide(self.claims.release(&id, audit).await).await
        };
        Ok(Response::new(encode::datastore(call.answer(work).await?)))
    }

    async fn generate_iam_policy(
        &self,
        request: Request<pb::GenerateIamPolicyRequest>,
    ) -> Result<Response<pb::GenerateIamPolicyResponse>, Status> {
        let sight = self.sight(&request);
        let asked = decode::iam_policy(&request.into_inner()).map_err(to_status)?;
        if let PolicyTarget::Saved(id, _) = &asked.target {
            sight.see(id).await.map_err(to_status)?;
        }
        let answer = iam_policy::generate(&self.registry, asked).await;
        Ok(Response::new(answer.map_err(to_status)?))
    }

    async fn list_audit_events(
        &self,
        request: Request<pb::ListAuditEventsRequest>,
    ) -> Result<Response<pb::ListAuditEventsResponse>, Status> {
        let request = request.into_inner();
        let query = decode::audit_events(&request).map_err(to_status)?;
        let page = self.registry.events(query).await.map_err(to_status)?;
        Ok(Response::new(pb::ListAuditEventsResponse {
            audit_events: page.items.into_iter().map(encode::audit_event).collect(),
            next_page_token: page.next.map_or(String::new(), |last| {
                page_token::encode(&[&request.filter], last.as_bytes())
            }),
        }))
    }
}
