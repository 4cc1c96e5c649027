//! The places of the tests that may run at once: so many in all, and so many for each caller.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::Error;
use crate::model::caller::Account;

/// The places.
pub(super) struct Places {
    max: usize,
    max_each: usize,
    /// How many tests of whom are running; nobody stands in it with none.
    taken: Mutex<HashMap<Account, usize>>,
}

/// A place that is taken, until it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    account: Account,
}

impl Places {
    /// All of them free.
    pub(super) fn new(max: usize, max_each: usize) -> Self {
        Self {
            max,
            max_each,
            taken: Mutex::default(),
        }
    }

    /// A place for a test of this caller's.
    pub(super) fn take(self: &Arc<Self>, account: &Account) -> Result<Place, Error> {
        let mut taken = self.lock();
        if taken.values().sum::<usize>() >= self.max {
            return Err(Error::TooManyTests { max: self.max });
        }
        let own = taken.get(account).copied().unwrap_or_default();
        if own >= self.max_each {
            return Err(Error::TooManyTestsOfCaller {
                caller: account.to_string(),
                max: self.max_each,
            });
        }
        taken.insert(account.clone(), own + 1);
        Ok(Place {
            places: Arc::clone(self),
            account: account.clone(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Account, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        match taken.get_mut(&self.account) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(taken.remove(&self.account)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Places;
    use crate::model::Error;
    use crate::model::caller::Account;

    #[test]
    fn a_caller_cannot_take_all_places_and_nothing_is_kept_of_who_has_none() {
        let places = Arc::new(Places::new(3, 2));
        let [ci, me] = ["token:ci", "token:me"].map(|name| Account::of(Some(name), None));
        let first = places.take(&ci).unwrap();
        let second = places.take(&ci).unwrap();
        let refused = places.take(&ci).err();
        assert!(
            matches!(&refused, Some(Error::TooManyTestsOfCaller { caller, max: 2 }) if caller == "token:ci")
        );
        let third = places.take(&me).unwrap();
        let refused = places.take(&me).err();
        assert!(matches!(refused, Some(Error::TooManyTests { max: 3 })));
        drop(second);
        let fourth = places.take(&ci).unwrap();
        drop((first, third, fourth));
        assert!(places.lock().is_empty());
    }
}
