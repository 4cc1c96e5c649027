//! Sealing of secrets at rest, and the file that holds the keys. Knows nothing of what is sealed, nor of where it is kept.

mod error;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod key;
mod key_file;
mod keys;
mod status;

pub use error::{Error, OpenError};
pub use key::KeyId;
pub use key_file::KeyFile;
pub use keys::{Keys, key_of};
pub use status::Status;
