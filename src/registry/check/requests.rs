//! What request ids have brought about, and the order in which that may be forgotten.

use uuid::Uuid;

use super::{Remedy, Walk, unreadable};
use crate::model::Error;
use crate::registry::{keys, ledger, unavailable};
use crate::store::{Entry, Store};

impl<S: Store> Walk<'_, S> {
    pub(super) async fn request(&mut self, entry: &Entry) -> Result<(), Error> {
        let id = entry.key.rsplit(|byte| *byte == b'/').next();
        let id = id_in(id.unwrap_or_default());
        match id.and_then(|id| Ok((id, ledger::expiry_of_whole(entry)?))) {
            Ok((id, expiry)) => {
                let key = keys::request_by_expiry(expiry, id);
                let value = id.simple().to_string();
                // Nothing would ever forget it, or something would too early.
                self.needs(entry, key, value.as_bytes(), Remedy::Restore)
                    .await
            }
            Err(error) => {
                self.wrong(entry, unreadable(&error), Remedy::Restore);
                Ok(())
            }
        }
    }

    pub(super) async fn expiry(&mut self, entry: &Entry) -> Result<(), Error> {
        let id = match id_in(&entry.value) {
            Ok(id) => id,
            Err(error) => {
                self.wrong(entry, unreadable(&error), Remedy::Restore);
                return Ok(());
            }
        };
        let request = self.store.get(&keys::request(id)).await;
        let Some(request) = request.map_err(unavailable)? else {
            let says = "points to a request id that is not remembered";
            self.wrong(entry, says, Remedy::None);
            return Ok(());
        };
        // One that cannot be read is told where it is looked at itself.
        if let Ok(expiry) = ledger::expiry_of_whole(&request)
            && keys::request_by_expiry(expiry, id) != entry.key
        {
            let says = "points to a request id that is forgotten at another time";
            self.wrong(entry, says, Remedy::Restore);
        }
        Ok(())
    }
}

fn id_in(text: &[u8]) -> Result<Uuid, Error> {
    Uuid::try_parse_ascii(text).map_err(|e| Error::Internal(Box::new(e)))
}
