//! Writes that need a proven connection: it is tested first, unless the caller names a test that has passed, or waives it.

use std::sync::Arc;
use std::time::Duration;

use crate::model::Error;
use crate::model::audit::{Actor, Attempt};
use crate::model::call_id::CallId;
use crate::model::caller::Account;
use crate::model::connection_test::TestName;
use crate::model::credentials::CredentialsPolicy;
use crate::model::datastore::S3Config;
use crate::model::proof::{Proof, ProofError};
use crate::model::role::Role;
use crate::prober::{Event, Prober, Target};
use crate::registry::{
    Create, Enrichment, New, Proven, Registry, Stored, Update, refuse_unless_passed,
};
use crate::report::{Subject, Tested};
use crate::store::Store;

/// How often a connection is tested anew because somebody else has changed the datastore in the meantime.
const MAX_TESTS: usize = 3;

/// Lets datastores in.
#[derive(Debug)]
pub struct Admission<S> {
    registry: Arc<Registry<S>>,
    prober: Arc<Prober>,
    policy: CredentialsPolicy,
}

/// How the connections of a create are to be proven.
#[derive(Clone, Debug, Default)]
pub struct Proofs {
    /// That of the datastore itself.
    pub first: Proof,
    /// That of the enrichment datastore that is created with it.
    pub enrichment: Proof,
}

/// Who has a connection tested, and within which call.
struct Asker {
    account: Account,
    call: Option<CallId>,
}

/// A field of a request that has a configuration, and the one that can name a test of it.
type Fields = (&'static str, &'static str);

const FIRST: Fields = ("datastore", "connection_test");
const ENRICHMENT: Fields = ("new_enrichment.datastore", "new_enrichment.connection_test");

impl<S: Store> Admission<S> {
    /// Writes to this registry, after tests by this prober with the credentials that the policy allows.
    #[must_use]
    pub fn new(registry: Arc<Registry<S>>, prober: Arc<Prober>, policy: CredentialsPolicy) -> Self {
        Self {
            registry,
            prober,
            policy,
        }
    }

    /// Creates datastores whose connections are proven.
    ///
    /// # Errors
    /// [`Error::Proof`], those of [`Prober::start`], and those of [`Registry::create`].
    pub async fn create(&self, mut create: Create, proofs: Proofs) -> Result<Stored, Error> {
        if proofs.first == Proof::Skip && proofs.enrichment == Proof::Skip {
            return self.registry.create(create).await;
        }
        if let Some(Some(earlier)) = self.registry.earlier(create.request).await? {
            return Ok(earlier);
        }
        // What would be refused anyway is not tested.
        let valid = self.registry.create(Create {
            validate_only: true,
            ..create.clone()
        });
        let valid = valid.await?;
        let asker = asker(create.audit.as_ref(), create.validate_only);
        let asker = asker.as_ref();
        let New { s3, role, .. } = &create.new;
        // One after the other: a server may have room for one test alone.
        create.new.tested = self.prove(s3, *role, proofs.first, FIRST, asker).await?;
        if let Enrichment::New(new) = &mut create.enrichment {
            let (s3, role, proof) = (&new.s3, new.role, proofs.enrichment);
            new.tested = self.prove(s3, role, proof, ENRICHMENT, asker).await?;
        }
        if create.validate_only {
            return Ok(valid);
        }
        self.registry.create(create).await
    }

    /// Changes a datastore; if its connection changes, only once that is proven.
    ///
    /// # Errors
    /// [`Error::Proof`], those of [`Prober::start`], and those of [`Registry::update`].
    pub async fn update(&self, mut update: Update, proof: Proof) -> Result<Stored, Error> {
        if let Some(Some(earlier)) = self.registry.earlier(update.request).await? {
            return Ok(earlier);
        }
        let mut rounds = 0;
        loop {
            update.proven = self.proven(&mut update, &proof).await?;
            rounds += 1;
            match self.registry.update(update.clone()).await {
                Err(Error::Proof(ProofError::Overtaken(_))) if rounds < MAX_TESTS => {}
                done => return done,
            }
        }
    }

    /// What proves the connection that an update leads to. From then on it is of the datastore that was looked at, and of no other of the same name.
    async fn proven(&self, update: &mut Update, proof: &Proof) -> Result<Proven, Error> {
        if *proof == Proof::Skip {
            return Ok(Proven::Waived);
        }
        let Some((uid, s3, role)) = self.registry.connection_after(update).await? else {
            return Ok(Proven::NoChange);
        };
        update.uid = Some(uid);
        // What would be refused anyway is not tested.
        let trial = Update {
            validate_only: true,
            ..update.clone()
        };
        self.registry.update(trial).await?;
        let asker = asker(update.audit.as_ref(), update.validate_only);
        let proven = self
            .prove(&s3, role, proof.clone(), FIRST, asker.as_ref())
            .await?;
        Ok(proven.map_or(Proven::Waived, Proven::By))
    }

    /// The test that proves a connection, if it is to be proven; in a trial, only if there is one already.
    async fn prove(
        &self,
        s3: &S3Config,
        role: Role,
        proof: Proof,
        fields: Fields,
        asker: Option<&Asker>,
    ) -> Result<Option<TestName>, Error> {
        self.policy.check(&s3.credentials)?;
        match proof {
            Proof::Skip => Ok(None),
            Proof::Passed(test) => {
                self.registry.proven(&test, s3, role, fields).await?;
                Ok(Some(test))
            }
            Proof::Test => match asker {
                Some(asker) => self.test(s3, role, fields.0, asker).await.map(Some),
                // A test writes to the bucket.
                None => Ok(None),
            },
        }
    }

    /// Runs a test to its end. It stops, and cleans up, when nobody waits for this any more.
    async fn test(
        &self,
        s3: &S3Config,
        role: Role,
        field: &'static str,
        asker: &Asker,
    ) -> Result<TestName, Error> {
        let mut events = self.prober.start(Target {
            tested: Tested {
                subject: Subject::Unsaved,
                s3: s3.clone(),
                role,
            },
            sample_key: None,
            retry_denied: Duration::ZERO,
            account: asker.account.clone(),
            call: asker.call.clone(),
            audit: None,
        })?;
        while let Some(event) = events.recv().await {
            if let Event::Completed { report, name } = event {
                refuse_unless_passed(&report, name.clone(), field)?;
                // Without it nothing would tell what was tested from what is stored.
                return name.ok_or(Error::Internal(
                    "the report of a connection test could not be kept".into(),
                ));
            }
        }
        Err(Error::Internal(
            "a connection test ended without a report".into(),
        ))
    }
}

/// Whose test it would be; nobody's in a trial, which tests nothing.
fn asker(attempt: Option<&Arc<Attempt>>, is_trial: bool) -> Option<Asker> {
    let actor = attempt.map(|attempt| attempt.actor());
    (!is_trial).then(|| Asker {
        account: actor.map(Actor::account).unwrap_or_default(),
        call: actor.map(|actor| actor.call_id.clone()),
    })
}
