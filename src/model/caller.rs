//! Who sends a request: the name they are known by, what they may do, and which datastores they may see.

use super::name::Labels;

/// What a caller may do. Each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Read datastores, links, tests and policies.
    Viewer,
    /// Test connections, too.
    Operator,
    /// Change datastores and links, too.
    Editor,
    /// Read the audit, too, and all else.
    Admin,
}

/// Who sends a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// How they have proven who they are, and as whom: `token:ci`, `certificate:CN=reports`, `jwt:https://login.example.com#alice`; `anonymous` where nobody has to.
    pub name: String,
    /// What they may do.
    pub access: Access,
    /// They see the datastores that have all of these labels, and no others. Empty: every datastore.
    pub labels: Labels,
}

impl Access {
    /// Every one, the least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Editor, Self::Admin];

    /// The word for it, in files and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|access| access.as_str() == word)
    }
}

impl Caller {
    /// Whoever calls a server that asks nobody who they are.
    #[must_use]
    pub fn anonymous() -> Self {
        Self {
            name: "anonymous".to_owned(),
            access: Access::Admin,
            labels: Labels::default(),
        }
    }
}
