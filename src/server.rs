//! The process: opens the store, serves until a signal, drains, closes the store.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tonic_web::GrpcWebLayer;
use tower::util::option_layer;
use tracing::{info, warn};

use crate::auth::{self, Authenticator};
use crate::backup;
use crate::config::{LoadOptions, ReflectionAccess, Serve};
use crate::core_dumps;
use crate::grpc::{
    Bounds, Connect, Front, Gate, MAX_HEADER_BYTES, MAX_MESSAGE_BYTES, MAX_QUESTION_BYTES,
    Metering, Origins, Service,
};
use crate::metrics::{self, Commits, Metrics};
use crate::model::credentials::CredentialsPolicy;
use crate::open_files;
use crate::pb;
use crate::pb::datastore_service_server::DatastoreServiceServer;
use crate::prober::{Limits, Prober};
use crate::registry::{self, LostKeys, NeededKeys, Registry};
use crate::reload::{Reloads, Watch};
use crate::residue_ledger::ResidueLedger;
use crate::rotation::Rotation;
use crate::s3::Guard;
use crate::shutdown::Signals;
use crate::store::{self, Backlog, Sled};
use crate::transport::{Files, Incoming, Tls};
use crate::vault::{self, KeyFile, KeyId, Keys};

/// How long a server that stops waits for files that are being read again.
const RELOAD_PATIENCE: Duration = Duration::from_secs(2);

/// What health is asked for. The empty name stands for the server as a whole, and is SERVING from birth unless it is told otherwise.
const HEALTH_NAMES: [&str; 2] = ["", "datastore.v1.DatastoreService"];

/// The methods that are counted and traced each by its own name.
const DESCRIPTORS: [&[u8]; 4] = [
    pb::DESCRIPTORS,
    tonic_health::pb::FILE_DESCRIPTOR_SET,
    tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
    tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
];

/// How many calls that their caller has cancelled at once may wait to be taken in; with more, the connection is closed (CVE-2023-44487).
const MAX_RESET_STREAMS: usize = 20;

/// Why the server did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An option cannot be used.
    #[error("{0}")]
    Config(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; choose another with {option}")]
    Listen {
        /// The option that names it.
        option: &'static str,
        /// The address.
        address: SocketAddr,
        /// The system's words.
        source: io::Error,
    },
    /// What says who may call cannot be used.
    #[error("{0}")]
    Access(#[from] auth::Error),
    /// The store cannot be opened or closed.
    #[error("{0}")]
    Store(#[from] store::Error),
    /// The registry cannot be opened.
    #[error("{0}")]
    Registry(#[from] registry::OpenError),
    /// The keys cannot be used.
    #[error("{0}")]
    Keys(#[from] vault::Error),
    /// The key file is gone.
    #[error(
        "there is no key file {}, and the store's secrets are sealed with key {key} that it held; restore it from your copy, or name the right file with \
         --key-file; nothing was changed", .path.display()
    )]
    KeyFileLost {
        /// Where it should be.
        path: PathBuf,
        /// The key that seals.
        key: KeyId,
    },
    /// What earlier tests left cannot be read.
    #[error("the residue ledger cannot be read: {0}")]
    Residue(#[source] crate::model::Error),
    /// Core dumps cannot be forbidden.
    #[error("core dumps cannot be forbidden, and one would hold credentials: {0}")]
    CoreDumps(#[source] io::Error),
    /// Signals cannot be received.
    #[error("cannot receive signals: {0}")]
    Signals(#[source] io::Error),
    /// The gRPC server failed.
    #[error("the gRPC server failed: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The descriptors cannot be served.
    #[error("the API's descriptors cannot be served: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// A task of the server panicked.
    #[error("a task of the server failed: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl Error {
    /// The exit status of the process: 2 when an option or a file that it names cannot be used, 3 when the data folder is another server's, 4 when the
    /// store cannot be used as it is, 1 otherwise.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Store(store::Error::AlreadyOpen { .. }) => 3,
            Self::Store(_) | Self::Registry(_) | Self::Keys(_) | Self::KeyFileLost { .. } => 4,
            Self::Config(_) | Self::Access(_) => 2,
            _ => 1,
        }
    }
}

/// Serves until SIGTERM or SIGINT.
///
/// Health says `SERVING` when the store is open and `NOT_SERVING` from the signal on.
///
/// # Errors
/// When the server cannot start, or fails while it runs.
pub async fn run(options: Serve) -> Result<(), Error> {
    options.check().map_err(Error::Config)?;
    let (data_dir, key_file) = options.place.files().map_err(Error::Config)?;
    core_dumps::forbid().map_err(Error::CoreDumps)?;
    // From now on it does not end the process: who reloads a server that has just been started means no harm.
    let _hangup = signal(SignalKind::hangup()).map_err(Error::Signals)?;
    open_files::raise_limit();
    let metrics = Metrics::default();
    let reloads = Reloads::new(metrics.reloads.clone());
    let tls = match options.tls.files() {
        Some(files) => Some(tls(files, &reloads).await?),
        None => None,
    };
    let listen = |source| Error::Listen {
        option: "--listen",
        address: options.listen,
        source,
    };
    let listener = TcpListener::bind(options.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let metrics_listener = metrics_listener(&options).await?;
    let (health, health_service) = tonic_health::server::health_reporter();
    set_serving(&health, ServingStatus::NotServing).await;

    // Caught before anybody can see the server: whoever starts it may stop it at once, and the store is to be closed then too.
    let signals = Signals::catch().map_err(Error::Signals)?;
    let gate = gate(&options, &reloads).await?;
    let store = Arc::new(open(data_dir.clone(), metrics.commits.clone()).await?);
    let (registry, watch) = registry(&store, &key_file, &options, &metrics).await?;
    let prober = prober(&registry, &options, &metrics).await?;
    let backups = backups(&data_dir, &store);
    let cancel = CancellationToken::new();
    let rotation = Rotation {
        registry: Arc::clone(&registry),
        key_file,
        data_dir: data_dir.clone(),
    };
    let rotating = rotation.start(watch, &reloads, cancel.clone()).await;
    let policy = CredentialsPolicy {
        allow_ambient: options.allow_ambient_credentials,
    };
    let service = Service::new(registry, Arc::clone(&prober), policy);
    let is_reflected = options.access.reflection != ReflectionAccess::Off;
    let origins = Origins::new(options.web.cors_origins.clone());
    let router = bounded(&options.load)
        .accept_http1(true) // as browsers without TLS, and curl, speak gRPC-Web and Connect
        .layer(option_layer(origins.cors()))
        .layer(Connect::new(&DESCRIPTORS))
        .layer(GrpcWebLayer::new())
        .layer(front(
            gate,
            origins,
            &metrics,
            store.backlog(),
            metrics_listener.is_some(),
            &options,
        ))
        .add_service(health_service.max_decoding_message_size(MAX_QUESTION_BYTES))
        .add_optional_service(
            is_reflected
                .then(|| reflection().build_v1())
                .transpose()?
                .map(|v1| v1.max_decoding_message_size(MAX_QUESTION_BYTES)),
        )
        .add_optional_service(
            is_reflected
                .then(|| reflection().build_v1alpha())
                .transpose()?
                .map(|v1alpha| v1alpha.max_decoding_message_size(MAX_QUESTION_BYTES)),
        )
        .add_service(
            DatastoreServiceServer::new(service).max_decoding_message_size(MAX_MESSAGE_BYTES),
        );
    let incoming = incoming(listener, tls.clone(), &options.load, &metrics);
    let metrics_page = metrics_listener.map(|listener| listener.serve(metrics));
    set_serving(&health, ServingStatus::Serving).await;
    tell_serving(address, &data_dir, &options);

    let (drain, drained) = oneshot::channel::<()>();
    let serving = tokio::spawn(router.serve_with_incoming_shutdown(incoming, async {
        let _ = drained.await;
    }));
    until_signal(serving, drain, signals, health, &prober, &options).await?;
    if timeout(RELOAD_PATIENCE, reloads.stop()).await.is_err() {
        warn!("a file that is being read again does not come to its end; it is not waited for");
    }
    cancel.cancel();
    rotating.await?;
    if let Some(page) = metrics_page {
        page.stop().await;
    }
    if let Some(backups) = backups {
        backups.close().await;
    }
    store.close().await?;
    info!("stopped");
    Ok(())
}

fn tell_serving(address: SocketAddr, data_dir: &Path, options: &Serve) {
    info!(
        %address,
        tls = options.tls.tls_cert.is_some(),
        client_certificates = options.tls.client_certificates(),
        data_dir = %data_dir.display(),
        version = env!("CARGO_PKG_VERSION"),
        "serving"
    );
}

/// Waits for the signal, then lets running calls and tests end.
async fn until_signal(
    mut serving: JoinHandle<Result<(), tonic::transport::Error>>,
    drain: oneshot::Sender<()>,
    mut signals: Signals,
    mut health: HealthReporter,
    prober: &Prober,
    options: &Serve,
) -> Result<(), Error> {
    tokio::select! {
        signal = signals.received() => {
            info!(signal, grace = ?options.shutdown_grace, "stopping");
        }
        ended = &mut serving => return Ok(ended??),
    }
    set_serving(&health, ServingStatus::NotServing).await;
    let _ = drain.send(());
    stop(prober, &mut health, serving, options).await;
    Ok(())
}

/// The connections as they come in.
fn incoming(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    load: &LoadOptions,
    metrics: &Metrics,
) -> Incoming {
    let (most, keepalive) = (load.connections(), load.keepalive());
    Incoming::new(listener, tls, most, keepalive, metrics)
}

/// What every call passes. Calls are counted when somebody can ask for the metrics.
fn front(
    gate: Gate,
    origins: Origins,
    metrics: &Metrics,
    backlog: Backlog,
    is_counted: bool,
    options: &Serve,
) -> Front {
    let counted = is_counted.then(|| metrics.calls.clone());
    Front::new(
        gate,
        Bounds::new(&options.load, backlog, metrics.limits.clone()),
        Metering::new(counted, &DESCRIPTORS),
        origins,
        options.load.call_timeout,
    )
}

/// The prober, which begins to remove what the tests of an earlier process have left.
async fn prober(
    registry: &Arc<Registry<Sled>>,
    options: &Serve,
    metrics: &Metrics,
) -> Result<Arc<Prober>, Error> {
    let ledger = Arc::new(ResidueLedger::new(registry, &metrics.residue));
    let guard = Guard::new(options.allows_private_endpoints());
    let prober = Prober::new(limits(options), guard, ledger, metrics.clone());
    prober.sweep().await.map_err(Error::Residue)?;
    Ok(Arc::new(prober))
}

/// TLS by these files, which are read again when they change.
async fn tls(files: Files, reloads: &Reloads) -> Result<Arc<Tls>, Error> {
    let read = tokio::task::spawn_blocking(move || {
        let watch = Watch::begin(files.paths()).map_err(Error::Signals)?;
        let tls = Arc::new(Tls::load(files).map_err(Error::Config)?);
        Ok::<_, Error>((watch, tls))
    });
    let (watch, tls) = read.await??;
    let current = Arc::clone(&tls);
    reloads.add("the files of TLS", watch, move || current.reload());
    Ok(tls)
}

/// Lets running tests and calls end, for as long as the grace lasts; tests are cut off in time to clean up within it.
async fn stop(
    prober: &Prober,
    health: &mut HealthReporter,
    serving: JoinHandle<Result<(), tonic::transport::Error>>,
    options: &Serve,
) {
    let end = Instant::now() + options.shutdown_grace;
    let patience = options.shutdown_grace.saturating_sub(reserve(options));
    prober.close();
    if timeout(patience, prober.wait()).await.is_err() {
        warn!("connection tests are still running; they are cut off and clean up");
        prober.cancel();
        if timeout_at(end, prober.wait()).await.is_err() {
            warn!("connection tests could not clean up within the grace");
        }
    }
    // Who watches health has been told by now; their streams would hold the server for the whole grace.
    for name in HEALTH_NAMES {
        health.clear_service_status(name).await;
    }
    if timeout_at(end, serving).await.is_err() {
        warn!("calls are still open after the grace; they are dropped");
    }
}

/// What a test that is cut off may still need: the step that is under way, and cleaning up.
fn reserve(options: &Serve) -> Duration {
    options.check_timeout + options.cleanup_timeout
}

/// The registry of a store, with its keys. And who sees that the key file changes.
async fn registry(
    store: &Arc<Sled>,
    key_file: &KeyFile,
    options: &Serve,
    metrics: &Metrics,
) -> Result<(Arc<Registry<Sled>>, Watch), Error> {
    let lost = lost_keys(options);
    let (keys, watch) = keys(store, key_file, lost).await?;
    let registry = Registry::open(
        Arc::clone(store),
        (keys, lost),
        SystemTime::now,
        options.test_history,
    );
    let registry = registry.await?;
    let audit_events = metrics.audit_events.clone();
    let registry = registry.auditing(options.audit_events, audit_events).await;
    let registry = registry.map_err(registry::OpenError::from)?;
    Ok((Arc::new(registry), watch))
}

/// The keys of a store: those in the key file, which is made for a store that has nothing sealed. And who sees that it changes.
async fn keys(store: &Sled, file: &KeyFile, lost: LostKeys) -> Result<(Keys, Watch), Error> {
    let watch = || Watch::begin(vec![file.path().to_owned()]).map_err(Error::Signals);
    let before = watch()?;
    let needed = NeededKeys::of(store).await;
    let needed = needed.map_err(registry::OpenError::from)?;
    match (file.read(), needed) {
        (Err(vault::Error::Missing(path)), Some(needed)) if lost == LostKeys::Refuse => {
            let key = needed.current;
            Err(Error::KeyFileLost { path, key })
        }
        (Err(vault::Error::Missing(path)), _) => {
            let keys = file.generate()?;
            info!(key_file = %path.display(), "a key file was made; keep a copy of it, apart from the data");
            Ok((keys, watch()?))
        }
        (read, _) => Ok((read?, before)),
    }
}

fn lost_keys(options: &Serve) -> LostKeys {
    if options.accept_lost_keys {
        LostKeys::Accept
    } else {
        LostKeys::Refuse
    }
}

/// Who is let in. Says so when that is nobody, or everybody though there are tokens.
async fn gate(options: &Serve, reloads: &Reloads) -> Result<Gate, Error> {
    let tokens = options.tokens_file().map_err(Error::Config)?;
    if !options.requires_authentication() {
        if tokens.exists() {
            warn!(
                "there are tokens, but nobody has to send one; --require-authentication asks for them"
            );
        }
        return Ok(Gate::open());
    }
    let authenticator = Authenticator::open(
        &tokens,
        options.access.access_file.clone(),
        options.tls.tls_client_ca.is_some(),
        reloads,
    )
    .await?;
    if authenticator.accepts_nobody(SystemTime::now()) {
        warn!(tokens_file = %tokens.display(), "nobody can call: make a token with `datastored tokens create`, or name an --access-file");
    }
    Ok(Gate::closed(authenticator, &options.access))
}

/// Where backups are read. A server without can do everything else.
fn backups(data_dir: &Path, store: &Arc<Sled>) -> Option<backup::Socket> {
    let opened = backup::Socket::open(data_dir, store);
    opened
        .inspect_err(|error| warn!(%error, "`datastored backup` cannot reach this server: its data folder takes no socket"))
        .ok()
}

/// The port of the metrics, if there is to be one.
async fn metrics_listener(options: &Serve) -> Result<Option<metrics::Listener>, Error> {
    let Some(address) = options.metrics_listen else {
        return Ok(None);
    };
    let listener = metrics::Listener::bind(address).await;
    listener.map(Some).map_err(|source| Error::Listen {
        option: "--metrics-listen",
        address,
        source,
    })
}

async fn open(data_dir: PathBuf, commits: Commits) -> Result<Sled, Error> {
    let open = move || Sled::open_counting(&data_dir, commits);
    Ok(tokio::task::spawn_blocking(open).await??)
}

async fn set_serving(health: &HealthReporter, status: ServingStatus) {
    for name in HEALTH_NAMES {
        health.set_service_status(name, status).await;
    }
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(pb::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

/// A server whose connections are bounded.
fn bounded(options: &LoadOptions) -> Server {
    Server::builder()
        .max_concurrent_streams(options.max_connection_streams)
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .http2_max_pending_accept_reset_streams(Some(MAX_RESET_STREAMS))
        .http2_keepalive_interval(Some(options.keepalive_interval))
        .http2_keepalive_timeout(Some(options.keepalive_timeout))
        .max_connection_age(options.max_connection_age)
}

fn limits(options: &Serve) -> Limits {
    Limits {
        check: options.check_timeout,
        test: options.test_timeout,
        cleanup: options.cleanup_timeout,
        concurrent: options.max_concurrent_tests,
        concurrent_each: options.tests_of_a_caller(),
    }
}
