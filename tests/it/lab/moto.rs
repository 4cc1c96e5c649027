//! moto: Python's AWS simulation, with IAM enforced.

use std::sync::Arc;

use http::Request;
use tokio::sync::OnceCell;

use super::process::{self, Plan};
use super::{Backend, Keys, Kind, Server, iam, policies};

static SHARED: OnceCell<Arc<Server>> = OnceCell::const_new();

/// Starts moto with a bug of 5.2.5 mended: the roots of two answers are not those of S3, and the AWS SDK
/// for Rust, unlike others, looks at them.
const MENDED: &str = r#"
from moto.core.serialize import S3Serializer
from moto.server import main
roots = {"ListPartsResponse": "ListPartsResult", "GetBucketVersioningResponse": "VersioningConfiguration"}
serialize_body = S3Serializer._serialize_body
def mended(self, body):
    return serialize_body(self, {roots.get(root, root): content for root, content in body.items()})
S3Serializer._serialize_body = mended
main()
"#;

/// The moto server of this process, started at first use.
///
/// What it does otherwise than AWS: it ignores `s3:prefix` conditions and session policies, wants
/// `s3:HeadBucket` for `HeadBucket`, leaves no marker when a missing key of a versioned bucket is deleted,
/// and does not look at the clock.
///
/// # Panics
/// When it is not installed or does not start.
pub async fn moto() -> Arc<Server> {
    SHARED.get_or_init(start).await.clone()
}

async fn start() -> Arc<Server> {
    let (process, endpoint) = process::serve(plan, |endpoint| async move {
        post(&endpoint, "reset", "").await
    })
    .await;
    let admin = administrator(&endpoint).await;
    Server::new(Kind::Moto, endpoint, admin, Backend::Process(process))
}

fn plan() -> Plan {
    let [port] = process::free_ports();
    let arguments = ["-c", MENDED, "-H", "127.0.0.1", "-p", &port.to_string()]
        .map(str::to_owned)
        .to_vec();
    Plan {
        program: "python3",
        arguments,
        directory: process::directory(),
        leftovers: Vec::new(),
        port,
    }
}

/// Makes a user that may do everything, then switches authorization on.
async fn administrator(endpoint: &str) -> Keys {
    // Nobody looks at the signature yet, but its scope says that the call is one of IAM.
    let anyone = Keys {
        access_key_id: "anyone".into(),
        secret_access_key: "anything".into(),
    };
    let admin = iam::create_user(endpoint, &anyone, "admin", policies::EVERYTHING).await;
    assert!(
        post(endpoint, "reset-auth", "0").await,
        "moto did not switch authorization on"
    );
    admin
}

/// Posts to moto's own API and says whether that went well.
async fn post(endpoint: &str, path: &str, body: &str) -> bool {
    let request = Request::post(format!("{endpoint}/moto-api/{path}"))
        .header("content-type", "text/plain")
        .body(body.to_owned())
        .expect("a call of moto's own API is a valid request");
    iam::send(request)
        .await
        .is_ok_and(|(status, _)| status.is_success())
}
