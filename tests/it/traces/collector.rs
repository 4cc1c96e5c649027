//! A collector of traces in this process: the real protocol, over a real connection.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;
use tonic::metadata::MetadataMap;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status};

use crate::lab::eventually;

/// What has been sent to a collector.
#[derive(Clone, Debug, Default)]
struct Inbox {
    batches: Arc<Mutex<Vec<(MetadataMap, ExportTraceServiceRequest)>>>,
    refused: Arc<AtomicUsize>,
    refuses: bool,
}

/// A collector that listens.
pub struct Collector {
    pub endpoint: String,
    inbox: Inbox,
}

#[tonic::async_trait]
impl TraceService for Inbox {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        if self.refuses {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Err(Status::invalid_argument("none of these"));
        }
        let (metadata, _, batch) = request.into_parts();
        self.batches.lock().expect("a lock").push((metadata, batch));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    pub async fn start() -> Self {
        Self::serve(Server::builder(), "http", Inbox::default()).await
    }

    /// One that takes nothing in.
    pub async fn that_refuses() -> Self {
        let inbox = Inbox {
            refuses: true,
            ..Inbox::default()
        };
        Self::serve(Server::builder(), "http", inbox).await
    }

    /// One behind TLS, by the name `localhost`.
    pub async fn behind_tls(identity: Identity) -> Self {
        let tls = ServerTlsConfig::new().identity(identity);
        let server = Server::builder()
            .tls_config(tls)
            .expect("TLS can be spoken");
        let collector = Self::serve(server, "https", Inbox::default()).await;
        Self {
            endpoint: collector.endpoint.replace("127.0.0.1", "localhost"),
            ..collector
        }
    }

    async fn serve(mut server: Server, scheme: &str, inbox: Inbox) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it listens");
        let serving = server
            .add_service(TraceServiceServer::new(inbox.clone()))
            .serve_with_incoming(TcpIncoming::from(listener));
        tokio::spawn(serving);
        Self {
            endpoint: format!("{scheme}://{address}"),
            inbox,
        }
    }

    /// The spans that have come in so far.
    pub fn spans(&self) -> Vec<Span> {
        let batches = self.inbox.batches.lock().expect("a lock");
        let of_resources = batches.iter().flat_map(|(_, b)| &b.resource_spans);
        let of_scopes = of_resources.flat_map(|r| &r.scope_spans);
        of_scopes.flat_map(|s| s.spans.clone()).collect()
    }

    /// Waits for a span of that name, and for all that begins or ends within it.
    pub async fn one(&self, name: &str) -> Span {
        let found = || self.spans().into_iter().find(|span| span.name == name);
        eventually(&format!("a span {name}"), || async { found().is_some() }).await;
        found().expect("it is there")
    }

    /// What the spans of the first batch are of.
    pub fn resource(&self) -> Vec<KeyValue> {
        let batches = self.inbox.batches.lock().expect("a lock");
        let resource = batches[0].1.resource_spans[0].resource.clone();
        resource.expect("they are of something").attributes
    }

    /// What the first batch was sent with.
    pub fn metadata(&self) -> MetadataMap {
        self.inbox.batches.lock().expect("a lock")[0].0.clone()
    }

    /// All that was sent, as it was on the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let batches = self.inbox.batches.lock().expect("a lock");
        batches
            .iter()
            .flat_map(|(_, b)| b.encode_to_vec())
            .collect()
    }

    /// How many batches were not taken in.
    pub fn refused(&self) -> usize {
        self.inbox.refused.load(Ordering::SeqCst)
    }
}

/// An attribute as text; empty if it is not there.
pub fn attribute(span: &Span, name: &str) -> String {
    value(&span.attributes, name)
}

/// The same among these. None is there twice.
pub fn value(attributes: &[KeyValue], name: &str) -> String {
    let found: Vec<_> = attributes.iter().filter(|a| a.key == name).collect();
    assert!(found.len() < 2, "{found:?}");
    let value = found.first().and_then(|a| a.value.clone());
    match value.and_then(|AnyValue { value }| value) {
        None => String::new(),
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(other) => format!("{other:?}"),
    }
}
