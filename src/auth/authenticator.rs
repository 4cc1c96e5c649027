//! Finds the caller that a credential stands for, and keeps what it looks them up in up to date.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use tracing::{info, warn};

use super::access_file::{self, AccessFile};
use super::changes::Changes;
use super::credential::{Credential, Refusal};
use super::error::Error;
use super::jwt::{self, Issuer};
use super::known::Known;
use super::{certificate, token, tokens_file};
use crate::model::caller::Caller;

/// Knows who may call. The tokens follow their file while this lives; the access file is read once.
#[derive(Debug)]
pub struct Authenticator {
    tokens: watch::Receiver<Arc<Known>>,
    certificates: Vec<certificate::Rule>,
    issuers: Vec<Issuer>,
    _following: AbortOnDropHandle<()>,
}

impl Authenticator {
    /// Reads the tokens file, which may not be there yet, and the access file, if there is one.
    ///
    /// # Errors
    /// A file that cannot be used.
    pub async fn open(tokens: &Path, access: Option<PathBuf>) -> Result<Self, Error> {
        let mut issuers = Vec::new();
        let mut said = AccessFile::default();
        if let Some(path) = access {
            said = read_access(path.clone()).await?;
            for trust in std::mem::take(&mut said.issuers) {
                let issuer = Issuer::start(trust).await;
                issuers.push(issuer.map_err(|problem| Error::content(&path, problem))?);
            }
        }
        let changes = Changes::of(tokens).map_err(Error::Signals)?;
        let known = Arc::new(read_tokens(tokens.to_owned()).await?);
        let (publish, known) = watch::channel(known);
        let following = tokio::spawn(follow(tokens.to_owned(), changes, publish));
        Ok(Self {
            tokens: known,
            certificates: said.certificates,
            issuers,
            _following: AbortOnDropHandle::new(following),
        })
    }

    /// Whether nothing that a caller could send would be accepted at present.
    #[must_use]
    pub fn accepts_nobody(&self, now: SystemTime) -> bool {
        self.certificates.is_empty()
            && self.issuers.is_empty()
            && self.tokens.borrow().usable(now) == 0
    }

    /// The caller that a credential stands for.
    ///
    /// # Errors
    /// Why it stands for nobody.
    pub async fn caller(
        &self,
        credential: &Credential,
        now: SystemTime,
    ) -> Result<Caller, Refusal> {
        match credential {
            Credential::Nothing => Err(Refusal::Missing),
            Credential::Malformed => Err(Refusal::NotAccepted("no bearer token")),
            Credential::Bearer(sent) if sent.expose().starts_with(token::PREFIX) => {
                let known = Arc::clone(&self.tokens.borrow());
                known.caller(sent.expose(), now)
            }
            Credential::Bearer(sent) => jwt::caller(&self.issuers, sent.expose()).await,
            Credential::Certificate(_) if self.certificates.is_empty() => Err(Refusal::Missing),
            Credential::Certificate(leaf) => certificate::caller(&self.certificates, leaf, now),
        }
    }
}

/// Reads the tokens again whenever their file has changed. When it cannot be used, those that are known stay.
async fn follow(path: PathBuf, mut changes: Changes, publish: watch::Sender<Arc<Known>>) {
    loop {
        changes.next().await;
        match read_tokens(path.clone()).await {
            Ok(known) => {
                info!(
                    tokens = known.usable(SystemTime::now()),
                    "the tokens file was read again"
                );
                publish.send_replace(Arc::new(known));
            }
            Err(error) => warn!(%error, "the tokens of before stay in force"),
        }
    }
}

async fn read_tokens(path: PathBuf) -> Result<Known, Error> {
    let of = path.clone();
    let read = tokio::task::spawn_blocking(move || tokens_file::read(&path)).await;
    let records = read.map_err(|e| Error::read(&of, e.into()))??;
    Ok(Known::new(records))
}

async fn read_access(path: PathBuf) -> Result<AccessFile, Error> {
    let of = path.clone();
    let read = tokio::task::spawn_blocking(move || access_file::read(&path)).await;
    read.map_err(|e| Error::read(&of, e.into()))?
}
