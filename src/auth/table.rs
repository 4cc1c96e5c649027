//! Which access each RPC needs: one row for each, and a test that fails when a row is missing.

use crate::model::caller::Access;

/// The path of an RPC, and the least access that may call it.
///
/// Creating and updating test connections, too, and need no more for it: who may change a datastore may test it.
pub const TABLE: [(&str, Access); 15] = [
    (
        "/datastore.v1.DatastoreService/CreateDatastore",
        Access::Editor,
    ),
    (
        "/datastore.v1.DatastoreService/GetDatastore",
        Access::Viewer,
    ),
    (
        "/datastore.v1.DatastoreService/ListDatastores",
        Access::Viewer,
    ),
    (
        "/datastore.v1.DatastoreService/UpdateDatastore",
        Access::Editor,
    ),
    (
        "/datastore.v1.DatastoreService/DeleteDatastore",
        Access::Editor,
    ),
    (
        "/datastore.v1.DatastoreService/TestConnection",
        Access::Operator,
    ),
    (
        "/datastore.v1.DatastoreService/GetConnectionTest",
        Access::Viewer,
    ),
    (
        "/datastore.v1.DatastoreService/ListConnectionTests",
        Access::Viewer,
    ),
    (
        "/datastore.v1.DatastoreService/LinkEnrichment",
        Access::Editor,
    ),
    (
        "/datastore.v1.DatastoreService/UnlinkEnrichment",
        Access::Editor,
    ),
    (
        "/datastore.v1.DatastoreService/ResolveEnrichment",
        Access::Viewer,
    ),
    ("/datastore.v1.DatastoreService/ClaimPrefix", Access::Editor),
    (
        "/datastore.v1.DatastoreService/ReleasePrefix",
        Access::Editor,
    ),
    (
        "/datastore.v1.DatastoreService/GenerateIamPolicy",
        Access::Viewer,
    ),
    (
        "/datastore.v1.DatastoreService/ListAuditEvents",
        Access::Admin,
    ),
];

/// The access that an RPC of ours needs. What has no row needs the highest: an RPC that was forgotten is closed.
#[must_use]
pub fn needed(path: &str) -> Access {
    let row = TABLE.iter().find(|(of, _)| *of == path);
    row.map_or(Access::Admin, |(_, access)| *access)
}

#[cfg(test)]
mod tests {
    use super::{TABLE, needed};
    use crate::model::caller::Access;

    #[test]
    fn an_rpc_without_a_row_is_closed_to_all_but_administrators() {
        assert_eq!(needed(TABLE[1].0), Access::Viewer);
        for path in ["/datastore.v1.DatastoreService/Forgotten", "", "/"] {
            assert_eq!(needed(path), Access::Admin, "{path}");
        }
    }
}
