//! The name of a connection test that is kept.

use std::fmt;

use uuid::Uuid;

use super::name::{DatastoreId, DatastoreIdError};

/// `datastores/{datastore}/connectionTests/{id}`, or `connectionTests/{id}` for a test of a datastore that is not saved (AIP-122).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TestName {
    /// Whose test it is.
    pub datastore: Option<DatastoreId>,
    /// The test's own id.
    pub id: Uuid,
}

/// Why the name of a test is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TestNameError {
    /// It has not the form of one.
    #[error(
        "a connection test's name is datastores/{{datastore}}/connectionTests/ or connectionTests/ and its UUID: send the name that its report has"
    )]
    Form,
    /// What stands for the datastore is not an id.
    #[error(transparent)]
    Datastore(#[from] DatastoreIdError),
}

impl TestName {
    /// Reads either form.
    ///
    /// # Errors
    /// A text of another form, with something else than an id for the datastore, or than a UUID for the test.
    pub fn parse(text: &str) -> Result<Self, TestNameError> {
        let (datastore, rest) = match text.strip_prefix("datastores/") {
            Some(rest) => {
                let (id, rest) = rest.split_once('/').ok_or(TestNameError::Form)?;
                (Some(DatastoreId::parse(id)?), rest)
            }
            None => (None, text),
        };
        let id = rest.strip_prefix("connectionTests/");
        let id = id.and_then(|id| Uuid::try_parse(id).ok().filter(|u| u.to_string() == id));
        Ok(Self {
            datastore,
            id: id.ok_or(TestNameError::Form)?,
        })
    }
}

impl fmt::Display for TestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(datastore) = &self.datastore {
            write!(f, "datastores/{datastore}/")?;
        }
        write!(f, "connectionTests/{}", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::{TestName, TestNameError};

    #[test]
    fn both_forms_are_read_and_printed() {
        for text in [
            "connectionTests/7d9f0f7e-3f3c-4a5b-9a52-0d4d2f6f2a11",
            "datastores/orders/connectionTests/7d9f0f7e-3f3c-4a5b-9a52-0d4d2f6f2a11",
        ] {
            assert_eq!(TestName::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "connectionTests/",
            "connectionTests/7D9F0F7E-3f3c-4a5b-9a52-0d4d2f6f2a11",
            "connectionTests/7d9f0f7e3f3c4a5b9a520d4d2f6f2a11",
            "datastores/orders",
            "datastores/orders/7d9f0f7e-3f3c-4a5b-9a52-0d4d2f6f2a11",
            "7d9f0f7e-3f3c-4a5b-9a52-0d4d2f6f2a11",
        ] {
            assert_eq!(TestName::parse(text), Err(TestNameError::Form), "{text}");
        }
        let bad = "datastores/-/connectionTests/7d9f0f7e-3f3c-4a5b-9a52-0d4d2f6f2a11";
        assert!(matches!(
            TestName::parse(bad),
            Err(TestNameError::Datastore(_))
        ));
    }
}
