//! A `datastored serve` process for a test: its own port, its own data folder, ended by its pid.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use datastored::pb;
use datastored::pb::datastore_service_client::DatastoreServiceClient;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tonic::transport::Channel;

/// How long the server may take to say that it serves.
const START: Duration = Duration::from_secs(30);

/// A running server. Dropping it kills it and removes its folder.
pub struct Datastored {
    child: Child,
    address: String,
    log: PathBuf,
    follower: Option<JoinHandle<()>>,
    folder: Folder,
}

/// A data folder: its own, or one that outlives the server.
enum Folder {
    Own(TempDir),
    Given(PathBuf),
}

impl Datastored {
    /// A server with an empty store.
    pub fn start(options: &[&str]) -> Self {
        Self::start_with(options, &[])
    }

    /// A server with an empty store, and variables in its environment.
    pub fn start_with(options: &[&str], variables: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let mut command = command(folder.path(), options);
        command.envs(variables.iter().copied());
        Self::launch(Folder::Own(folder), command).expect("the server starts")
    }

    /// A server on a folder that outlives it.
    pub fn start_in(folder: &Path, options: &[&str]) -> Self {
        Self::start_command(command(folder, options), folder)
    }

    /// A server by a command, on a folder that outlives it.
    pub fn start_command(command: Command, folder: &Path) -> Self {
        Self::launch(Folder::Given(folder.to_owned()), command).expect("the server starts")
    }

    fn launch(folder: Folder, mut command: Command) -> Result<Self, String> {
        let log = std::env::temp_dir().join(format!("datastored-{}.log", uuid::Uuid::new_v4()));
        let mut child = command
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| e.to_string())?;
        let stderr = child.stderr.take().expect("stderr is piped");
        let (found, address) = mpsc::channel();
        let copy = log.clone();
        // Reads to the end, so that the server never waits for a full pipe.
        let follower = std::thread::spawn(move || follow_log(stderr, &copy, &found));
        let Ok(address) = address.recv_timeout(START) else {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
            return Err(std::fs::read_to_string(&log).unwrap_or_default());
        };
        Ok(Self {
            child,
            address,
            log,
            follower: Some(follower),
            folder,
        })
    }

    /// `127.0.0.1:PORT`
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        match &self.folder {
            Folder::Own(folder) => folder.path(),
            Folder::Given(path) => path,
        }
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the server has logged so far: one JSON object a line.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// A connection.
    pub async fn channel(&self) -> Channel {
        let endpoint = Channel::from_shared(format!("http://{}", self.address));
        let endpoint = endpoint.expect("an address makes a URI");
        endpoint
            .connect()
            .await
            .expect("the server takes connections")
    }

    /// A client on a connection of its own.
    pub async fn client(&self) -> DatastoreServiceClient<Channel> {
        DatastoreServiceClient::new(self.channel().await)
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a child has a pid"), signal).expect("a child can be signalled");
    }

    /// Waits for the end of the process, off the async threads.
    pub async fn ended(self) -> ExitStatus {
        self.ended_with_log().await.0
    }

    /// As [`ended`](Self::ended), with all that was logged.
    pub async fn ended_with_log(mut self) -> (ExitStatus, String) {
        let ended = tokio::task::spawn_blocking(move || {
            let status = self.child.wait().expect("a child can be waited for");
            if let Some(follower) = self.follower.take() {
                follower.join().expect("the log can be followed");
            }
            (status, self.log())
        });
        ended.await.expect("waiting does not panic")
    }
}

impl Drop for Datastored {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.log);
    }
}

/// The command that serves in a folder on a free port, with a JSON log.
pub fn command(folder: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(program());
    command
        .arg("serve")
        .args(options)
        // As variables, so that options may say otherwise.
        .env("DATASTORED_LISTEN", "127.0.0.1:0")
        .env("DATASTORED_LOG_FORMAT", "json")
        .env("DATASTORED_DATA_DIR", folder)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

/// The program: cargo names it to tests; the demo finds it in the folder above its own.
pub fn program() -> PathBuf {
    if let Some(named) = option_env!("CARGO_BIN_EXE_datastored") {
        return PathBuf::from(named);
    }
    let own = std::env::current_exe().expect("a program knows where it is");
    let target = own.parent().and_then(Path::parent);
    target
        .expect("an example is in a folder of its own")
        .join("datastored")
}

/// Copies the log to a file and tells the address once the server serves.
fn follow_log(stderr: impl std::io::Read, copy: &Path, found: &mpsc::Sender<String>) {
    use std::io::Write;
    let mut file = std::fs::File::create(copy).expect("the log can be copied");
    for line in BufReader::new(stderr).lines() {
        let Ok(line) = line else { return };
        // The file may be gone when the test is over.
        let _ = writeln!(file, "{line}");
        if let Some(address) = serving_at(&line) {
            // Nobody waits any more when it took too long.
            let _ = found.send(address);
        }
    }
}

/// The address in the line of the log that says that the server serves.
fn serving_at(line: &str) -> Option<String> {
    let address = match serde_json::from_str::<serde_json::Value>(line) {
        Ok(event) if event["message"] == "serving" => event["address"].as_str()?.to_owned(),
        Ok(_) => return None,
        Err(_) => {
            let text = line.split_once("serving address=")?.1;
            text.split_whitespace().next()?.to_owned()
        }
    };
    Some(address)
}

/// A whole S3 configuration of an access key, for a bucket of a test server.
pub fn s3_config(uri: &str, endpoint: &str, id: &str, secret: &str) -> pb::S3Config {
    pb::S3Config {
        uri: uri.to_owned(),
        endpoint: endpoint.to_owned(),
        credentials: Some(pb::s3_config::Credentials::AccessKey(pb::AccessKey {
            access_key_id: id.to_owned(),
            secret_access_key: secret.to_owned(),
            session_token: String::new(),
        })),
        ..pb::S3Config::default()
    }
}

/// A datastore that can be created.
pub fn datastore(display_name: &str, role: pb::Role, s3: pb::S3Config) -> pb::Datastore {
    pb::Datastore {
        display_name: display_name.to_owned(),
        role: role.into(),
        config: Some(pb::datastore::Config::S3(s3)),
        ..pb::Datastore::default()
    }
}
