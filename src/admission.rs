//! Writes that need a proven connection: it is tested first, unless the caller names a test that has passed, or waives it.

use std::sync::Arc;
use std::time::Duration;

use crate::model::Error;
use crate::model::connection_test::TestName;
use crate::model::datastore::S3Config;
use crate::model::proof::{Proof, ProofError};
use crate::model::role::Role;
use crate::prober::{Event, Prober, Target};
use crate::registry::{Create, Enrichment, Registry, Stored, Update, refuse_unless_passed};
use crate::report::{Subject, Tested};
use crate::store::Store;

/// How often a connection is tested anew because somebody else has changed the datastore in the meantime.
const MAX_TESTS: usize = 3;

/// Lets datastores in.
#[derive(Debug)]
pub struct Admission<S> {
    registry: Arc<Registry<S>>,
    prober: Arc<Prober>,
}

/// How the connections of a create are to be proven.
#[derive(Clone, Debug, Default)]
pub struct Proofs {
    /// That of the datastore itself.
    pub first: Proof,
    /// That of the enrichment datastore that is created with it.
    pub enrichment: Proof,
}

/// A field of a request that has a configuration, and the one that can name a test of it.
type Fields = (&'static str, &'static str);

const FIRST: Fields = ("datastore", "connection_test");
const ENRICHMENT: Fields = ("new_enrichment.datastore", "new_enrichment.connection_test");

impl<S: Store> Admission<S> {
    /// Writes to this registry, after tests by this prober.
    #[must_use]
    pub fn new(registry: Arc<Registry<S>>, prober: Arc<Prober>) -> Self {
        Self { registry, prober }
    }

    /// Creates datastores whose connections are proven.
    ///
    /// # Errors
    /// [`Error::Proof`], those of [`Prober::start`], and those of [`Registry::create`].
    pub async fn create(&self, mut create: Create, proofs: Proofs) -> Result<Stored, Error> {
        let needs_none = proofs.first == Proof::Skip && proofs.enrichment == Proof::Skip;
        if !create.validate_only && !needs_none {
            if let Some(Some(earlier)) = self.registry.earlier(create.request).await? {
                return Ok(earlier);
            }
            // What would be refused anyway is not tested.
            let validate_only = true;
            let trial = Create {
                validate_only,
                ..create.clone()
            };
            self.registry.create(trial).await?;
            let first = self.prove(&create.new.s3, create.new.role, proofs.first, FIRST);
            let enrichment = async {
                match &create.enrichment {
                    Enrichment::New(new) => {
                        let proof = proofs.enrichment;
                        self.prove(&new.s3, new.role, proof, ENRICHMENT).await
                    }
                    Enrichment::None | Enrichment::Existing(_) => Ok(None),
                }
            };
            let (first, enrichment) = tokio::join!(first, enrichment);
            create.new.tested = first?;
            if let Enrichment::New(new) = &mut create.enrichment {
                new.tested = enrichment?;
            }
        }
        self.registry.create(create).await
    }

    /// Changes a datastore; if its connection changes, only once that is proven.
    ///
    /// # Errors
    /// [`Error::Proof`], those of [`Prober::start`], and those of [`Registry::update`].
    pub async fn update(&self, mut update: Update, proof: Proof) -> Result<Stored, Error> {
        if update.validate_only || proof == Proof::Skip || !update.change.is_of_connection() {
            return self.registry.update(update).await;
        }
        if let Some(Some(earlier)) = self.registry.earlier(update.request).await? {
            return Ok(earlier);
        }
        let mut tests = 0;
        loop {
            let validate_only = true;
            let trial = Update {
                validate_only,
                ..update.clone()
            };
            self.registry.update(trial).await?;
            if let Some((s3, role)) = self.registry.connection_after(&update).await? {
                update.tested = self.prove(&s3, role, proof.clone(), FIRST).await?;
            }
            tests += 1;
            match self.registry.update(update.clone()).await {
                // Somebody has changed the datastore, so that what was tested is not what it would become.
                Err(Error::Proof(ProofError::NotOfThis { .. }))
                    if proof == Proof::Test && tests < MAX_TESTS => {}
                done => return done,
            }
        }
    }

    /// The test that proves a connection, if it is to be proven.
    async fn prove(
        &self,
        s3: &S3Config,
        role: Role,
        proof: Proof,
        fields: Fields,
    ) -> Result<Option<TestName>, Error> {
        match proof {
            Proof::Skip => Ok(None),
            Proof::Passed(test) => {
                self.registry.proven(&test, s3, role, fields).await?;
                Ok(Some(test))
            }
            Proof::Test => self.test(s3, role, fields.0).await,
        }
    }

    /// Runs a test to its end. It stops, and cleans up, when nobody waits for this any more.
    async fn test(
        &self,
        s3: &S3Config,
        role: Role,
        field: &'static str,
    ) -> Result<Option<TestName>, Error> {
        let mut events = self.prober.start(Target {
            tested: Tested {
                subject: Subject::Unsaved,
                s3: s3.clone(),
                role,
            },
            sample_key: None,
            retry_denied: Duration::ZERO,
        })?;
        while let Some(event) = events.recv().await {
            if let Event::Completed { report, name } = event {
                refuse_unless_passed(&report, name.clone(), field)?;
                return Ok(name);
            }
        }
        Err(Error::Internal(
            "a connection test ended without a report".into(),
        ))
    }
}
