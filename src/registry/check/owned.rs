//! What stands under a uid: secrets and kept tests. Each can be read, and has an owner that there is.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Needed, Remedy, Walk, unreadable};
use crate::model::Error;
use crate::model::credentials::Credentials;
use crate::registry::sealing::Pages;
use crate::registry::{history, keys, residue};
use crate::store::{Entry, Store};
use crate::vault::key_of;

/// How many owners are held in memory at once, some 32 bytes each; in tests so few that there are several parts.
const OWNERS_AT_ONCE: u64 = if cfg!(test) { 1 } else { 1_000_000 };

/// What may stand under the uid of an owner.
#[derive(Clone, Copy)]
struct Owner {
    has_secrets: bool,
    has_tests: bool,
}

/// Whether something may stand under the uid of this owner.
type IsOwners = fn(Owner) -> bool;

/// Some of all uids: those that leave this remainder.
#[derive(Clone, Copy)]
struct Part {
    number: u64,
    of: u64,
}

impl Part {
    fn has(self, id: Uuid) -> bool {
        id.as_u128() % u128::from(self.of) == u128::from(self.number)
    }
}

impl<S: Store> Walk<'_, S> {
    /// Says with which key something is sealed that the store does not name.
    pub(super) fn secret(&mut self, entry: &Entry) {
        let Some(key) = key_of(&entry.value) else {
            let says = "is not in the form of what is sealed";
            return self.wrong(entry, says, Remedy::SendCredentials);
        };
        let is_named = match &self.needed {
            Needed::Absent => false,
            Needed::These(needed) => needed.names(key),
            Needed::Unreadable => true,
        };
        if !is_named {
            let says = format!("is sealed with key {key}, which the store does not know of");
            self.wrong(entry, says, Remedy::RestoreKey);
        }
    }

    /// A connection test that is kept.
    pub(super) fn test(&mut self, entry: &Entry) {
        match history::test_in(entry) {
            Ok(id) if entry.key.ends_with(id.simple().to_string().as_bytes()) => {}
            Ok(_) => {
                let says = "stands under another test's id";
                self.wrong(entry, says, Remedy::Restore);
            }
            Err(error) => self.wrong(entry, unreadable(&error), Remedy::Restore),
        }
    }

    /// Looks for what has no owner.
    pub(super) async fn owned(&mut self) -> Result<(), Error> {
        let of = 1 + self.owners / OWNERS_AT_ONCE;
        for number in 0..of {
            let part = Part { number, of };
            let owners = self.owners(part).await?;
            for (family, is_owners) in FAMILIES {
                let mut pages = Pages::of(family);
                while let Some(page) = pages.next(self.store).await? {
                    for entry in page {
                        self.has_owner(&entry, family, part, |id| {
                            owners.get(&id).copied().is_some_and(is_owners)
                        });
                    }
                }
            }
        }
        Ok(())
    }

    fn has_owner(
        &mut self,
        entry: &Entry,
        family: &[u8],
        part: Part,
        is_owned: impl Fn(Uuid) -> bool,
    ) {
        if entry.key == keys::FINGERPRINT_KEY || entry.key.starts_with(keys::UNSAVED_TESTS) {
            return;
        }
        let rest = entry.key.strip_prefix(family).unwrap_or_default();
        let id = rest.split(|byte| *byte == b'/').next();
        match Uuid::try_parse_ascii(id.unwrap_or_default()) {
            Ok(id) if !part.has(id) || is_owned(id) => {}
            // Told once, not for each part.
            Err(_) if part.number > 0 => {}
            _ => {
                let says = "belongs to nothing that is stored";
                self.wrong(entry, says, Remedy::None);
            }
        }
    }

    /// Who there is with a uid of this part. All records can be read.
    async fn owners(&self, part: Part) -> Result<HashMap<Uuid, Owner>, Error> {
        let mut owners = HashMap::new();
        let mut pages = Pages::of(keys::DATASTORES);
        while let Some(page) = pages.next(self.store).await? {
            for datastore in page.iter().filter_map(|entry| self.record(entry).ok()) {
                let has_secrets = matches!(datastore.s3.credentials, Credentials::Sealed(_));
                let owner = Owner {
                    has_secrets,
                    has_tests: true,
                };
                owners.extend(part.has(datastore.uid).then_some((datastore.uid, owner)));
            }
        }
        let mut pages = Pages::of(keys::LEFTOVERS);
        while let Some(page) = pages.next(self.store).await? {
            for leftover in page.iter().filter_map(|entry| residue::decode(entry).ok()) {
                let has_secrets = matches!(leftover.s3.credentials, Credentials::Sealed(_));
                let owner = Owner {
                    has_secrets,
                    has_tests: false,
                };
                owners.extend(
                    part.has(leftover.test_id)
                        .then_some((leftover.test_id, owner)),
                );
            }
        }
        Ok(owners)
    }
}

/// The families that stand under uids, and whose they may be.
const FAMILIES: [(&[u8], IsOwners); 3] = [
    (keys::SECRETS, |owner| owner.has_secrets),
    (keys::TESTS, |owner| owner.has_tests),
    (keys::TESTS_CHANGED, |owner| owner.has_tests),
];
