//! Finds the caller that a credential stands for, and keeps what it looks them up in up to date.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use tokio_util::task::AbortOnDropHandle;

use super::access_file::{self, AccessFile};
use super::credential::{Credential, Refusal};
use super::error::Error;
use super::jwt::{self, Issuer};
use super::known::Known;
use super::{certificate, token, tokens_file};
use crate::model::caller::Caller;
use crate::reload::{Reloads, Watch};

/// Knows who may call. The tokens are read again when their file changes; the access file is read once.
#[derive(Debug)]
pub struct Authenticator {
    tokens: Arc<RwLock<Arc<Known>>>,
    certificates: Vec<certificate::Rule>,
    issuers: Vec<Issuer>,
}

impl Authenticator {
    /// Reads the tokens file, which may not be there yet, and the access file, if there is one. Rules for certificates need callers who can show theirs.
    ///
    /// # Errors
    /// A file that cannot be used.
    pub async fn open(
        tokens: &Path,
        access: Option<PathBuf>,
        shows_certificates: bool,
        reloads: &Reloads,
    ) -> Result<Self, Error> {
        let mut issuers = Vec::new();
        let mut said = AccessFile::default();
        if let Some(path) = access {
            said = read_access(path.clone()).await?;
            if !said.certificates.is_empty() && !shows_certificates {
                let problem = "it has rules for client certificates, and no caller can show one: give --tls-client-ca, or take them out";
                return Err(Error::content(&path, problem));
            }
            // All at once: one that does not answer holds up no other.
            let starting = std::mem::take(&mut said.issuers)
                .into_iter()
                .map(|trust| AbortOnDropHandle::new(tokio::spawn(Issuer::start(trust))));
            for issuer in starting.collect::<Vec<_>>() {
                let issuer = issuer.await.map_err(|e| Error::read(&path, e.into()))?;
                issuers.push(issuer.map_err(|problem| Error::content(&path, problem))?);
            }
        }
        let watch = Watch::begin(vec![tokens.to_owned()]).map_err(Error::Signals)?;
        let known = read_tokens(tokens.to_owned()).await?;
        let known = Arc::new(RwLock::new(Arc::new(known)));
        let (path, current) = (tokens.to_owned(), Arc::clone(&known));
        reloads.add("the tokens file", watch, move || {
            let read = tokens_file::read(&path).map_err(|e| e.to_string())?;
            let mut current = current.write().unwrap_or_else(PoisonError::into_inner);
            *current = Arc::new(Known::new(read));
            Ok(())
        });
        Ok(Self {
            tokens: known,
            certificates: said.certificates,
            issuers,
        })
    }

    fn tokens(&self) -> Arc<Known> {
        Arc::clone(&self.tokens.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether nothing that a caller could send would be accepted at present.
    #[must_use]
    pub fn accepts_nobody(&self, now: SystemTime) -> bool {
        self.certificates.is_empty() && self.issuers.is_empty() && self.tokens().usable(now) == 0
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
                self.tokens().caller(sent.expose(), now)
            }
            Credential::Bearer(sent) => jwt::caller(&self.issuers, sent.expose()).await,
            Credential::Certificate(_) if self.certificates.is_empty() => Err(Refusal::Missing),
            Credential::Certificate(leaf) => certificate::caller(&self.certificates, leaf, now),
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
