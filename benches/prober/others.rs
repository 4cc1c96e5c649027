//! The calls of an enrichment test, one after another, by boto3 and by the aws command line.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use tokio::process::Command;

use crate::Error;
use crate::lab::Keys;

/// The calls by boto3; prints how long they took.
const BOTO3: &str = include_str!("boto3_calls.py");

/// Where the calls go, and as whom.
pub struct Calls<'a> {
    pub endpoint: &'a str,
    pub bucket: &'a str,
    pub prefix: &'a str,
    pub keys: &'a Keys,
}

impl Calls<'_> {
    /// By boto3, in one process: the calls alone, without its start.
    pub async fn by_boto3(&self) -> Result<Duration, Error> {
        let mut command = self.command("python3");
        command.args(["-c", BOTO3, self.endpoint, self.bucket, self.prefix]);
        let answer = command.output().await?;
        if !answer.status.success() {
            return Err(failed("boto3", &answer));
        }
        let seconds: f64 = String::from_utf8(answer.stdout)?.trim().parse()?;
        Ok(Duration::from_secs_f64(seconds))
    }

    /// By the aws command line, a process for each call.
    pub async fn by_awscli(&self) -> Result<Duration, Error> {
        let key = |name: &str| format!("{}{name}", self.prefix);
        let (canary, missing, upload_key) = (key("canary"), key("missing"), key("upload"));
        let folder = tempfile::TempDir::new()?;
        let file = folder.path().join("canary");
        std::fs::write(&file, b"canary")?;
        let (file, prefix) = (file.display().to_string(), self.prefix);

        let begun = Instant::now();
        let list = ["--prefix", prefix, "--max-keys", "1"];
        self.aws("list-objects-v2", &list).await?;
        let uploads = ["--prefix", prefix, "--max-uploads", "1"];
        self.aws("list-multipart-uploads", &uploads).await?;
        self.aws("delete-object", &["--key", &missing]).await?;
        let bogus = ["--key", &missing, "--upload-id", "bogus"];
        let refused = self.aws("abort-multipart-upload", &bogus).await;
        if !refused.is_err_and(|error| error.to_string().contains("NoSuchUpload")) {
            return Err("aws: a bogus upload was aborted, or not for NoSuchUpload refused".into());
        }
        let put = ["--key", &canary, "--body", &file];
        self.aws("put-object", &put).await?;
        let create = ["--key", &upload_key, "--query", "UploadId"];
        let id = self.aws("create-multipart-upload", &create).await?;
        let upload = ["--key", &upload_key, "--upload-id", id.trim()];
        self.aws("get-object", &["--key", &canary, &file]).await?;
        self.aws("list-parts", &upload).await?;
        self.aws("delete-object", &["--key", &canary]).await?;
        self.aws("abort-multipart-upload", &upload).await?;
        self.aws("list-multipart-uploads", &uploads).await?;
        Ok(begun.elapsed())
    }

    /// One call; returns what it printed.
    async fn aws(&self, operation: &str, arguments: &[&str]) -> Result<String, Error> {
        let mut command = self.command("aws");
        command
            .args(["--output", "text", "--endpoint-url", self.endpoint])
            .args(["s3api", operation, "--bucket", self.bucket])
            .args(arguments);
        let answer = command.output().await?;
        if !answer.status.success() {
            return Err(failed(operation, &answer));
        }
        Ok(String::from_utf8(answer.stdout)?)
    }

    /// A program of the virtual environment, with the credentials and nothing of the user's own configuration.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(installed(program));
        command
            .env("AWS_ACCESS_KEY_ID", &self.keys.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &self.keys.secret_access_key)
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_MAX_ATTEMPTS", "1")
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN")
            .kill_on_drop(true);
        command
    }
}

fn installed(program: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/target/venv/bin")).join(program)
}

fn failed(what: &str, answer: &Output) -> Error {
    format!("{what}: {}", String::from_utf8_lossy(&answer.stderr)).into()
}
