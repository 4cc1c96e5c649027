//! Every RPC has a row in the table, and the server keeps to it.

use std::collections::BTreeSet;

use datastored::auth::table::TABLE;
use datastored::model::caller::Access;
use datastored::pb::{self, ErrorReason};
use prost::Message;
use prost_types::FileDescriptorSet;
use tempfile::TempDir;
use tonic::Code;

use super::{call, is_refused, new_token};
use crate::server::Datastored;

/// The path of every method of our package.
pub fn methods() -> Vec<String> {
    let set = FileDescriptorSet::decode(pb::DESCRIPTORS).expect("our own descriptors");
    let files = set.file.iter().filter(|f| f.package() == "datastore.v1");
    let services = files.flat_map(|file| &file.service);
    let paths = services.flat_map(|service| {
        let path = |m: &str| format!("/datastore.v1.{}/{m}", service.name());
        service.method.iter().map(move |m| path(m.name()))
    });
    paths.collect()
}

#[test]
fn every_method_has_one_row_and_every_row_a_method() {
    let methods: BTreeSet<String> = methods().into_iter().collect();
    let rows: BTreeSet<String> = TABLE.iter().map(|row| row.0.to_owned()).collect();
    assert_eq!(rows, methods);
    assert_eq!(rows.len(), TABLE.len(), "a method has two rows");
}

#[tokio::test]
async fn every_rpc_is_open_to_those_who_have_the_access_it_needs_and_to_no_others() {
    let folder = TempDir::new().unwrap();
    let tokens = Access::ALL.map(|access| {
        let name = access.as_str();
        (
            access,
            format!("Bearer {}", new_token(folder.path(), name, name)),
        )
    });
    let server = Datastored::start_in(folder.path(), &["--require-authentication"]);
    for path in methods() {
        let (_, needed) = TABLE
            .iter()
            .find(|row| row.0 == path)
            .expect("it has a row");
        let status = call(&server, &path, None).await;
        is_refused(status, ErrorReason::CredentialMissing);
        for (access, token) in &tokens {
            let status = call(&server, &path, Some(token)).await;
            if access < needed {
                let refusal = is_refused(status, ErrorReason::AccessTooLow);
                assert_eq!(refusal.metadata["needed"], needed.as_str());
                assert_eq!(refusal.metadata["access"], access.as_str());
                assert_eq!(
                    refusal.metadata["caller"],
                    format!("token:{}", access.as_str())
                );
                assert_eq!(refusal.metadata["method"], path);
                assert!(refusal.message.contains(needed.as_str()), "{refusal:?}");
            } else {
                let code = status.code();
                assert!(
                    ![
                        Code::PermissionDenied,
                        Code::Unauthenticated,
                        Code::Unimplemented
                    ]
                    .contains(&code),
                    "{path} {access:?}: {status:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_method_that_is_none_tells_nobody_so_but_those_who_are_known() {
    let folder = TempDir::new().unwrap();
    let viewer = format!("Bearer {}", new_token(folder.path(), "v", "viewer"));
    let admin = format!("Bearer {}", new_token(folder.path(), "a", "admin"));
    let server = Datastored::start_in(folder.path(), &["--require-authentication"]);
    let ours = "/datastore.v1.DatastoreService/Nothing";
    for path in [ours, "/other.Service/Method", "/"] {
        is_refused(
            call(&server, path, None).await,
            ErrorReason::CredentialMissing,
        );
        let status = call(&server, path, Some(&admin)).await;
        assert_eq!(status.code(), Code::Unimplemented, "{path}");
    }
    let status = call(&server, ours, Some(&viewer)).await;
    is_refused(status, ErrorReason::AccessTooLow);
}

#[tokio::test]
async fn where_nobody_has_to_say_who_they_are_every_rpc_is_open() {
    let server = Datastored::start(&[]);
    for path in methods() {
        for authorization in [None, Some("Bearer dsk_of_nobody"), Some("Basic x")] {
            let code = call(&server, &path, authorization).await.code();
            let closed = [Code::PermissionDenied, Code::Unauthenticated];
            assert!(!closed.contains(&code), "{path}");
        }
    }
}
