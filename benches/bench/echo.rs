//! The bare tonic echo, in a process of its own: this program, started anew with the argument [`ROLE`].

use std::io::{BufRead, BufReader, Read};
use std::pin::Pin;
use std::process::{Child, Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use datastored::pb;
use datastored::pb::datastore_service_server::{DatastoreService, DatastoreServiceServer};
use prost::Message;
use tokio_stream::Stream;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use super::Error;

/// The argument that makes this program the echo; the next one is what it answers to gets, in base64.
pub const ROLE: &str = "echo";

/// A running echo. It ends when this is dropped, and when this process ends: then the pipe to its stdin closes.
pub struct Echo {
    child: Child,
    address: String,
}

impl Echo {
    /// An echo that answers each get with `datastore`.
    pub fn start(datastore: &pb::Datastore) -> Result<Self, Error> {
        let child = Command::new(std::env::current_exe()?)
            .args([ROLE, &STANDARD.encode(datastore.encode_to_vec())])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut echo = Self {
            child,
            address: String::new(),
        };
        let stdout = echo.child.stdout.take().ok_or("stdout is piped")?;
        BufReader::new(stdout).read_line(&mut echo.address)?;
        echo.address.truncate(echo.address.trim_end().len());
        Ok(echo)
    }

    /// `127.0.0.1:PORT`
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves until stdin closes.
pub async fn serve(datastore: &str) -> Result<(), Error> {
    let datastore = pb::Datastore::decode(STANDARD.decode(datastore)?.as_slice())?;
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse()?)?.with_nodelay(Some(true));
    println!("{}", incoming.local_addr()?);
    std::thread::spawn(|| {
        // An error closes it as well.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    Server::builder()
        .add_service(DatastoreServiceServer::new(Service { datastore }))
        .serve_with_incoming(incoming)
        .await?;
    Ok(())
}

/// What gRPC costs when there is nothing to do.
struct Service {
    datastore: pb::Datastore,
}

#[tonic::async_trait]
impl DatastoreService for Service {
    async fn create_datastore(
        &self,
        request: Request<pb::CreateDatastoreRequest>,
    ) -> Result<Response<pb::Datastore>, Status> {
        let datastore = request.into_inner().datastore;
        Ok(Response::new(datastore.unwrap_or_default()))
    }

    async fn get_datastore(
        &self,
        _: Request<pb::GetDatastoreRequest>,
    ) -> Result<Response<pb::Datastore>, Status> {
        Ok(Response::new(self.datastore.clone()))
    }

    async fn list_datastores(
        &self,
        _: Request<pb::ListDatastoresRequest>,
    ) -> Result<Response<pb::ListDatastoresResponse>, Status> {
        Err(not_loaded())
    }

    async fn update_datastore(
        &self,
        _: Request<pb::UpdateDatastoreRequest>,
    ) -> Result<Response<pb::Datastore>, Status> {
        Err(not_loaded())
    }

    async fn delete_datastore(
        &self,
        _: Request<pb::DeleteDatastoreRequest>,
    ) -> Result<Response<()>, Status> {
        Err(not_loaded())
    }

    type TestConnectionStream =
        Pin<Box<dyn Stream<Item = Result<pb::TestConnectionResponse, Status>> + Send>>;

    async fn test_connection(
        &self,
        _: Request<pb::TestConnectionRequest>,
    ) -> Result<Response<Self::TestConnectionStream>, Status> {
        Err(not_loaded())
    }

    async fn get_connection_test(
        &self,
        _: Request<pb::GetConnectionTestRequest>,
    ) -> Result<Response<pb::ConnectionTest>, Status> {
        Err(not_loaded())
    }

    async fn list_connection_tests(
        &self,
        _: Request<pb::ListConnectionTestsRequest>,
    ) -> Result<Response<pb::ListConnectionTestsResponse>, Status> {
        Err(not_loaded())
    }

    async fn link_enrichment(
        &self,
        _: Request<pb::LinkEnrichmentRequest>,
    ) -> Result<Response<pb::Datastore>, Status> {
        Err(not_loaded())
    }

    async fn unlink_enrichment(
        &self,
        _: Request<pb::UnlinkEnrichmentRequest>,
    ) -> Result<Response<pb::Datastore>, Status> {
        Err(not_loaded())
    }

    async fn resolve_enrichment(
        &self,
        _: Request<pb::ResolveEnrichmentRequest>,
    ) -> Result<Response<pb::ResolveEnrichmentResponse>, Status> {
        Err(not_loaded())
    }

    async fn claim_prefix(
        &self,
        _: Request<pb::ClaimPrefixRequest>,
    ) -> Result<Response<pb::Datastore>, Status> {
        Err(not_loaded())
    }

    async fn release_prefix(
        &self,
        _: Request<pb::ReleasePrefixRequest>,
    ) -> Result<Response<pb::Datastore>, Status> {
        Err(not_loaded())
    }

    async fn generate_iam_policy(
        &self,
        _: Request<pb::GenerateIamPolicyRequest>,
    ) -> Result<Response<pb::GenerateIamPolicyResponse>, Status> {
        Err(not_loaded())
    }

    async fn list_audit_events(
        &self,
        _: Request<pb::ListAuditEventsRequest>,
    ) -> Result<Response<pb::ListAuditEventsResponse>, Status> {
        Err(not_loaded())
    }
}

fn not_loaded() -> Status {
    Status::unimplemented("the benchmark does not load this")
}
