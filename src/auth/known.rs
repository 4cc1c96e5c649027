//! The tokens that the server knows, found by their hash.

use std::collections::HashMap;
use std::time::SystemTime;

use super::credential::Refusal;
use super::record::Record;
use super::token::Hash;
use crate::model::caller::Caller;

/// All tokens of a file.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// By the first bytes of their hashes. The rest is compared in constant time.
    records: HashMap<u64, Vec<Record>>,
}

impl Known {
    pub(super) fn new(records: Vec<Record>) -> Self {
        let mut known = Self::default();
        for record in records {
            let same_start = known.records.entry(record.hash.start()).or_default();
            same_start.push(record);
        }
        known
    }

    /// How many can still be used.
    pub(super) fn usable(&self, now: SystemTime) -> usize {
        let records = self.records.values().flatten();
        records.filter(|record| !record.has_expired(now)).count()
    }

    /// Whose token it is.
    ///
    /// # Errors
    /// A token that is not known, or has expired.
    pub(super) fn caller(&self, token: &str, now: SystemTime) -> Result<Caller, Refusal> {
        let hash = Hash::of(token);
        let found = self.records.get(&hash.start());
        let found = found.and_then(|found| found.iter().find(|record| record.hash.is(hash)));
        let record = found.ok_or(Refusal::NotAccepted("no such token"))?;
        let name = format!("token:{}", record.name);
        match record.expires {
            Some(at) if record.has_expired(now) => Err(Refusal::Expired { name, at }),
            _ => Ok(Caller {
                name,
                access: record.access,
                labels: record.labels.clone(),
            }),
        }
    }
}
