//! s3s: an S3 server inside this process, over TCP, with signatures verified and policies enforced.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use ::s3s::access::{S3Access, S3AccessContext};
use ::s3s::auth::{Credentials, S3Auth, SecretKey};
use ::s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CreateBucketInput, CreateBucketOutput,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteObjectInput, DeleteObjectOutput,
    GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput,
    HeadObjectOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectsV2Input,
    ListObjectsV2Output, ListPartsInput, ListPartsOutput, MultipartUpload, PutObjectInput,
    PutObjectOutput, UploadPartInput, UploadPartOutput,
};
use ::s3s::path::S3Path;
use ::s3s::service::{S3Service, S3ServiceBuilder};
use ::s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use hyper_util::rt::TokioIo;
use s3s_fs::FileSystem;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;
use tonic::async_trait;
use url::form_urlencoded;
use uuid::Uuid;

use super::policies::{self, Decision};
use super::{Backend, Keys, Kind, Server, process};

/// A new S3 server in this process, which ends with the runtime or with the last handle on it.
///
/// It denies as AWS does, with AWS's long messages, and says whether a missing object exists only to those
/// who may list. It knows no versions, and no policies but those of users.
pub async fn s3s() -> Arc<Server> {
    let directory = process::directory();
    let users = Arc::new(Users::default());
    let admin = users.create(policies::EVERYTHING);
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .expect("a loopback port is free");
    let endpoint = format!(
        "http://{}",
        listener
            .local_addr()
            .expect("a bound listener has an address")
    );
    let serving =
        AbortOnDropHandle::new(tokio::spawn(serve(listener, service(&directory, &users))));
    let backend = Backend::InProcess(InProcess {
        users,
        serving,
        directory,
    });
    Server::new(Kind::S3s, endpoint, admin, backend)
}

/// What lives as long as the server.
#[derive(Debug)]
pub struct InProcess {
    /// Who may do what.
    pub users: Arc<Users>,
    serving: AbortOnDropHandle<()>,
    directory: TempDir,
}

fn service(directory: &TempDir, users: &Arc<Users>) -> S3Service {
    let root = directory.path().to_owned();
    let files = FileSystem::new(&root).expect("the temporary directory can be read");
    let store = Store {
        files,
        root,
        uploads: Mutex::default(),
        users: Arc::clone(users),
    };
    let mut builder = S3ServiceBuilder::new(store);
    builder.set_auth(Door(Arc::clone(users)));
    builder.set_access(Door(Arc::clone(users)));
    builder.build()
}

async fn serve(listener: TcpListener, service: S3Service) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let http = hyper::server::conn::http1::Builder::new();
        connections.spawn(http.serve_connection(TokioIo::new(stream), service.clone()));
        // Those that ended need not be kept.
        while connections.try_join_next().is_some() {}
    }
}

/// How AWS names the caller in a refusal; here all have one name.
const WHO: &str = "arn:aws:iam::123456789012:user/lab";

/// The users and their policies.
#[derive(Debug, Default)]
pub struct Users(Mutex<HashMap<String, User>>);

#[derive(Debug)]
struct User {
    secret: String,
    policy: Value,
}

impl Users {
    /// A new user with that policy.
    ///
    /// # Panics
    /// When the policy is not JSON.
    pub fn create(&self, policy: &str) -> Keys {
        let policy = serde_json::from_str(policy).expect("a policy is JSON");
        let random = || Uuid::new_v4().simple().to_string();
        let keys = Keys {
            access_key_id: format!("LAB{}", random().to_uppercase()),
            secret_access_key: random(),
        };
        let user = User {
            secret: keys.secret_access_key.clone(),
            policy,
        };
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(keys.access_key_id.clone(), user);
        keys
    }

    /// What a user's policy says of an action, or nothing when there is no such user.
    fn with<T>(&self, access_key_id: &str, look: impl FnOnce(&User) -> T) -> Option<T> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(access_key_id)
            .map(look)
    }

    /// Refuses what the policy of the caller does not allow, in the words of AWS.
    fn check(
        &self,
        caller: Option<&Credentials>,
        action: &str,
        arn: &str,
        prefix: &str,
    ) -> S3Result<()> {
        let Some(caller) = caller else {
            return Err(s3_error!(AccessDenied, "Access Denied"));
        };
        let decide = |user: &User| policies::decide(&user.policy, action, arn, prefix);
        let because = match self.with(&caller.access_key, decide) {
            Some(Decision::Allowed) => return Ok(()),
            Some(Decision::Denied) => {
                "with an explicit deny in an identity-based policy".to_owned()
            }
            Some(Decision::NotAllowed) | None => {
                format!("because no identity-based policy allows the {action} action")
            }
        };
        Err(s3_error!(
            AccessDenied,
            "User: {WHO} is not authorized to perform: {action} on resource: \"{arn}\" {because}"
        ))
    }
}

/// Asks the users at the door of the service.
struct Door(Arc<Users>);

#[async_trait]
impl S3Auth for Door {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let secret = self
            .0
            .with(access_key, |user| SecretKey::from(user.secret.clone()));
        secret.ok_or_else(|| {
            s3_error!(
                InvalidAccessKeyId,
                "The AWS Access Key Id you provided does not exist in our records."
            )
        })
    }
}

#[async_trait]
impl S3Access for Door {
    async fn check(&self, request: &mut S3AccessContext<'_>) -> S3Result<()> {
        let query = request.uri().query().unwrap_or_default();
        let prefix = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "prefix");
        let prefix = prefix.map(|(_, value)| value).unwrap_or_default();
        let action = action(request.s3_op().name());
        self.0.check(
            request.credentials(),
            &action,
            &arn(request.s3_path()),
            &prefix,
        )
    }
}

/// The IAM action that an operation needs.
fn action(operation: &str) -> String {
    let action = match operation {
        "HeadBucket" | "ListObjects" | "ListObjectsV2" => "ListBucket",
        "ListMultipartUploads" => "ListBucketMultipartUploads",
        "HeadObject" => "GetObject",
        "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload" => "PutObject",
        "ListParts" => "ListMultipartUploadParts",
        "ListBuckets" => "ListAllMyBuckets",
        "GetObjectLockConfiguration" => "GetBucketObjectLockConfiguration",
        other => other,
    };
    format!("s3:{action}")
}

fn arn(path: &S3Path) -> String {
    match path {
        S3Path::Root => "*".to_owned(),
        S3Path::Bucket { bucket } => format!("arn:aws:s3:::{bucket}"),
        S3Path::Object { bucket, key } => format!("arn:aws:s3:::{bucket}/{key}"),
    }
}

/// s3s-fs with what it lacks: it keeps no record of multipart uploads, and does not look whether a
/// bucket exists.
struct Store {
    files: FileSystem,
    root: PathBuf,
    /// Upload id to bucket and key, of every upload neither completed nor aborted.
    uploads: Mutex<BTreeMap<String, (String, String)>>,
    users: Arc<Users>,
}

impl Store {
    fn need_bucket(&self, bucket: &str) -> S3Result<()> {
        if self.root.join(bucket).is_dir() {
            return Ok(());
        }
        Err(s3_error!(
            NoSuchBucket,
            "The specified bucket does not exist"
        ))
    }

    /// Whether an object exists is told to those who may list.
    fn need_object(&self, caller: Option<&Credentials>, bucket: &str, key: &str) -> S3Result<()> {
        self.need_bucket(bucket)?;
        if self.root.join(bucket).join(key).is_file() {
            return Ok(());
        }
        self.users.check(
            caller,
            "s3:ListBucket",
            &format!("arn:aws:s3:::{bucket}"),
            key,
        )?;
        Err(s3_error!(NoSuchKey, "The specified key does not exist."))
    }

    fn uploads(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (String, String)>> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn need_upload(&self, bucket: &str, key: &str, id: &str) -> S3Result<()> {
        self.need_bucket(bucket)?;
        if self
            .uploads()
            .get(id)
            .is_some_and(|upload| upload.0 == bucket && upload.1 == key)
        {
            return Ok(());
        }
        Err(s3_error!(
            NoSuchUpload,
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
        ))
    }
}

/// s3s-fs lets only its initiator touch an upload; without a name, everyone is the initiator.
fn nameless<T>(request: S3Request<T>) -> S3Request<T> {
    S3Request {
        credentials: None,
        ..request
    }
}

#[async_trait]
impl S3 for Store {
    async fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        self.files.create_bucket(request).await
    }

    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.files.head_bucket(request).await
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        self.need_bucket(&request.input.bucket)?;
        self.files.list_objects_v2(request).await
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let GetObjectInput { bucket, key, .. } = &request.input;
        self.need_object(request.credentials.as_ref(), bucket, key)?;
        self.files.get_object(request).await
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let HeadObjectInput { bucket, key, .. } = &request.input;
        self.need_object(request.credentials.as_ref(), bucket, key)?;
        self.files.head_object(request).await
    }

    async fn put_object(
        &self,
        mut request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        // As stores do that do not know the condition; moto and SeaweedFS honour it.
        request.input.if_none_match = None;
        self.need_bucket(&request.input.bucket)?;
        self.files.put_object(request).await
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.need_bucket(&request.input.bucket)?;
        self.files.delete_object(request).await
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let upload = (request.input.bucket.clone(), request.input.key.clone());
        self.need_bucket(&upload.0)?;
        let answer = self
            .files
            .create_multipart_upload(nameless(request))
            .await?;
        let id = answer
            .output
            .upload_id
            .clone()
            .expect("a new upload has an id");
        self.uploads().insert(id, upload);
        Ok(answer)
    }

    async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let UploadPartInput {
            bucket,
            key,
            upload_id,
            ..
        } = &request.input;
        self.need_upload(bucket, key, upload_id)?;
        self.files.upload_part(nameless(request)).await
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let CompleteMultipartUploadInput {
            bucket,
            key,
            upload_id,
            ..
        } = &request.input;
        self.need_upload(bucket, key, upload_id)?;
        let id = upload_id.clone();
        let answer = self
            .files
            .complete_multipart_upload(nameless(request))
            .await?;
        self.uploads().remove(&id);
        Ok(answer)
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let AbortMultipartUploadInput {
            bucket,
            key,
            upload_id,
            ..
        } = &request.input;
        self.need_upload(bucket, key, upload_id)?;
        let id = upload_id.clone();
        let answer = self.files.abort_multipart_upload(nameless(request)).await?;
        self.uploads().remove(&id);
        Ok(answer)
    }

    async fn list_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        let ListPartsInput {
            bucket,
            key,
            upload_id,
            ..
        } = &request.input;
        self.need_upload(bucket, key, upload_id)?;
        self.files.list_parts(request).await
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let ListMultipartUploadsInput { bucket, prefix, .. } = request.input;
        self.need_bucket(&bucket)?;
        let wanted = prefix.clone().unwrap_or_default();
        let uploads = self.uploads();
        let here = uploads
            .iter()
            .filter(|(_, upload)| upload.0 == bucket && upload.1.starts_with(&wanted));
        let here = here.map(|(id, (_, key))| MultipartUpload {
            key: Some(key.clone()),
            upload_id: Some(id.clone()),
            ..MultipartUpload::default()
        });
        let output = ListMultipartUploadsOutput {
            uploads: Some(here.collect()),
            is_truncated: Some(false),
            bucket: Some(bucket),
            prefix,
            ..ListMultipartUploadsOutput::default()
        };
        Ok(S3Response::new(output))
    }
}
