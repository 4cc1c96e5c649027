//! What one commit asks for: guards that must hold and operations that then happen together.

use std::fmt;

use super::Revision;

/// What must be true for a commit to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// The key holds nothing.
    Absent(Vec<u8>),
    /// The key holds what the commit of this revision put there.
    At(Vec<u8>, Revision),
}

/// One change to one key.
#[derive(Clone, PartialEq, Eq)]
pub enum Op {
    /// The key now holds these bytes.
    Put(Vec<u8>, Vec<u8>),
    /// The key holds nothing; so it may already have been.
    Delete(Vec<u8>),
}

impl fmt::Debug for Op {
    /// Leaves the value out: it may hold what must not reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put(key, value) => {
                write!(f, "Put({}, {} bytes)", key.escape_ascii(), value.len())
            }
            Self::Delete(key) => write!(f, "Delete({})", key.escape_ascii()),
        }
    }
}

/// Guards and operations of one atomic commit.
///
/// Of two operations on one key the later wins. Guards speak of the state before the commit, whatever its operations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Txn {
    guards: Vec<Guard>,
    ops: Vec<Op>,
}

impl Txn {
    /// A transaction that asks for nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Requires `guard` to hold.
    #[must_use]
    pub fn guard(mut self, guard: Guard) -> Self {
        self.guards.push(guard);
        self
    }

    /// Makes `key` hold `value`.
    #[must_use]
    pub fn put(mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.ops.push(Op::Put(key.into(), value.into()));
        self
    }

    /// Makes `key` hold nothing.
    #[must_use]
    pub fn delete(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.ops.push(Op::Delete(key.into()));
        self
    }

    /// What must hold, in the order given.
    #[must_use]
    pub fn guards(&self) -> &[Guard] {
        &self.guards
    }

    /// What then happens, in the order given.
    #[must_use]
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }
}
