//! A process whose memory is nobody's to read: it leaves no core dump, and others of the same user cannot trace it.

use std::io;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Forbids core dumps (`RLIMIT_CORE`, see setrlimit(2)) and tracing by those who are not root (`PR_SET_DUMPABLE`, see prctl(2)): stored credentials are
/// in memory while they are used.
///
/// # Errors
/// When the system does not allow it.
pub(crate) fn forbid() -> io::Result<()> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}
