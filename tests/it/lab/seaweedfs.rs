//! `SeaweedFS`: a real object store with its own IAM.

use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::process::{self, Plan};
use super::{Backend, Keys, Kind, Server, client};

static SHARED: OnceCell<Arc<Server>> = OnceCell::const_new();

/// The `SeaweedFS` server of this process, started at first use.
///
/// Its right to put objects brings the multipart rights with it: see `policies::enrichment_without`. Each
/// user makes the next one slower, from 20 ms for the first to half a second for the hundredth.
///
/// # Panics
/// When it is not installed or does not start.
pub async fn seaweedfs() -> Arc<Server> {
    SHARED.get_or_init(start).await.clone()
}

async fn start() -> Arc<Server> {
    let (process, endpoint) =
        process::serve(plan, |endpoint| Box::pin(writes_work(endpoint))).await;
    Server::new(
        Kind::SeaweedFs,
        endpoint,
        admin(),
        Backend::Process(process),
    )
}

/// The administrator of the configuration file, known before the start.
fn admin() -> Keys {
    Keys {
        access_key_id: "LABADMINKEY000000001".into(),
        secret_access_key: "lab-admin-secret".into(),
    }
}

/// The S3 port opens before a volume server has joined: only a PUT shows that all of it is up.
async fn writes_work(endpoint: String) -> bool {
    let s3 = client(&endpoint, &admin());
    // Made by an earlier look, or refused: the PUT tells.
    let _ = s3.create_bucket().bucket("lab-is-it-up").send().await;
    s3.put_object()
        .bucket("lab-is-it-up")
        .key("key")
        .body(vec![1].into())
        .send()
        .await
        .is_ok()
}

fn plan() -> Plan {
    let directory = process::directory();
    let config = configure(&directory);
    let [
        master,
        master_grpc,
        volume,
        volume_grpc,
        filer,
        filer_grpc,
        s3,
        s3_grpc,
    ] = process::free_ports();
    let path = directory.path().display();
    let arguments = vec![
        "-logtostderr=true".into(),
        "server".into(),
        "-ip=127.0.0.1".into(),
        "-ip.bind=127.0.0.1".into(),
        format!("-dir={path}"),
        format!("-master.port={master}"),
        format!("-master.port.grpc={master_grpc}"),
        // One master and no election, which costs one second, or six when the volume server comes first.
        "-master.peers=none".into(),
        "-master.telemetry=false".into(),
        "-master.volumeSizeLimitMB=16".into(),
        format!("-volume.port={volume}"),
        format!("-volume.port.grpc={volume_grpc}"),
        // Every bucket takes volumes of its own, seven of them, and an empty one costs nothing.
        "-volume.max=10000".into(),
        "-volume.minFreeSpace=64MiB".into(),
        "-filer".into(),
        format!("-filer.port={filer}"),
        format!("-filer.port.grpc={filer_grpc}"),
        format!("-filer.localSocket={path}/filer.sock"),
        "-s3".into(),
        // Otherwise a PUT by an administrator makes the bucket.
        "-s3.autoCreateBucket=false".into(),
        // Buckets are known by `bucket.localhost` too.
        "-s3.domainName=localhost".into(),
        format!("-s3.port={s3}"),
        format!("-s3.port.grpc={s3_grpc}"),
        "-s3.port.iceberg=0".into(),
        "-s3.port.lance=0".into(),
        format!("-s3.localSocket={path}/s3.sock"),
        format!("-s3.config={config}"),
        "-s3.iam.readOnly=false".into(),
    ];
    // weed puts these there, whatever one asks for, and removes them only at its next start.
    let services = [
        ("master", master_grpc),
        ("volume", volume_grpc),
        ("filer", filer_grpc),
        ("s3", s3_grpc),
    ];
    let leftovers = services
        .map(|(name, port)| format!("/tmp/seaweedfs-{name}-grpc-{port}.sock"))
        .to_vec();
    Plan {
        program: "weed",
        arguments,
        directory,
        leftovers,
        port: s3,
    }
}

/// Writes the file that names the administrator and returns its path.
fn configure(directory: &TempDir) -> String {
    let Keys {
        access_key_id,
        secret_access_key,
    } = admin();
    let config = json!({"identities": [{
        "name": "admin",
        "credentials": [{"accessKey": access_key_id, "secretKey": secret_access_key}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }]});
    let path = directory.path().join("s3.json");
    std::fs::write(&path, config.to_string()).expect("the temporary directory can be written");
    path.display().to_string()
}
