//! How many files and connections the process may have open: as many as the system lets it.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

/// Raises the soft limit (`RLIMIT_NOFILE`, see getrlimit(2)) to the hard one. It is 1024 on many systems, for programs that use select(2), and one that does
/// not use it may have more: otherwise connections would take the descriptors that the store and the tests need.
pub(crate) fn raise_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: maximum,
        maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, most) {
        warn!(%error, "the limit of open files stays as it is");
    }
}
