//! Callers who see only datastores with some labels: the others are as if they were not there.

use std::collections::BTreeSet;

use base64::Engine;
use datastored::pb::create_datastore_request::Enrichment;
use datastored::pb::generate_iam_policy_request::Target as PolicyTarget;
use datastored::pb::test_connection_request::Target;
use datastored::pb::{self, ErrorReason, Role};
use tempfile::TempDir;
use tonic::{Request, Status};

use super::{new_token, tokens_done};
use crate::api::{Client, change, creation, refused, sent};
use crate::server::{Datastored, datastore, s3_config};

/// A server, and those who call it.
struct Lab {
    _folder: TempDir,
    _server: Datastored,
    client: Client,
    /// Sees everything.
    admin: String,
    /// Sees and changes what has the label `team=reports`.
    editor: String,
}

impl Lab {
    async fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let admin = new_token(folder.path(), "admin", "admin");
        let editor = [
            "create",
            "reports",
            "--access",
            "editor",
            "--label",
            "team=reports",
        ];
        let editor = tokens_done(folder.path(), &editor).trim_end().to_owned();
        let server = Datastored::start_in(folder.path(), &["--require-authentication"]);
        let lab = Self {
            client: server.client().await,
            _server: server,
            _folder: folder,
            admin,
            editor,
        };
        for (id, role, team) in [
            ("seen", Role::Source, "reports"),
            ("hidden", Role::Source, "sales"),
            ("seen-too", Role::Enrichment, "reports"),
            ("hidden-too", Role::Enrichment, "sales"),
        ] {
            let made = lab.create(&lab.admin, named(id, role, Some(team))).await;
            made.expect("the administrator may create");
        }
        lab
    }

    async fn create(
        &self,
        token: &str,
        request: pb::CreateDatastoreRequest,
    ) -> Result<pb::Datastore, Status> {
        let request = by(token, request);
        let made = self.client.clone().create_datastore(request).await;
        made.map(tonic::Response::into_inner)
    }

    async fn list(
        &self,
        token: &str,
        order_by: &str,
        page_size: i32,
    ) -> pb::ListDatastoresResponse {
        let request = pb::ListDatastoresRequest {
            order_by: order_by.to_owned(),
            page_size,
            ..pb::ListDatastoresRequest::default()
        };
        sent(
            self.client
                .clone()
                .list_datastores(by(token, request))
                .await,
        )
    }

    async fn link(&self, token: &str, from: &str, to: &str) -> Result<(), Status> {
        let request = pb::LinkEnrichmentRequest {
            name: format!("datastores/{from}"),
            enrichment_datastore: format!("datastores/{to}"),
            ..pb::LinkEnrichmentRequest::default()
        };
        let linked = self
            .client
            .clone()
            .link_enrichment(by(token, request))
            .await;
        linked.map(drop)
    }

    /// What the editor is answered who names this datastore, by every RPC that takes a name.
    async fn answers(&self, id: &str) -> Vec<(&'static str, Status)> {
        let name = || format!("datastores/{id}");
        let seen = || "datastores/seen".to_owned();
        let mut client = self.client.clone();
        let mut answers = Vec::new();
        macro_rules! ask {
            ($rpc:ident, $method:literal, $message:expr) => {
                let answer = client.$rpc(by(&self.editor, $message)).await.map(drop);
                answers.push(($method, answer.expect_err($method)));
            };
        }
        let test = "connectionTests/0f8d2f5e-8f0e-7c53-9d4e-5b1f9e0a7c11";
        let mut linked_to = named("new", Role::Source, Some("reports"));
        linked_to.enrichment = Some(Enrichment::EnrichmentDatastore(name()));
        ask!(create_datastore, "CreateDatastore", linked_to);
        let mut proven = named("new", Role::Source, Some("reports"));
        proven.skip_connection_test = false;
        proven.connection_test = format!("{}/{test}", name());
        ask!(create_datastore, "CreateDatastore", proven);
        ask!(
            get_datastore,
            "GetDatastore",
            pb::GetDatastoreRequest { name: name() }
        );
        let mut renamed = datastore("Renamed", Role::Source, pb::S3Config::default());
        renamed.name = name();
        ask!(
            update_datastore,
            "UpdateDatastore",
            change(renamed, &["display_name"])
        );
        ask!(
            delete_datastore,
            "DeleteDatastore",
            crate::api::removal(&name())
        );
        let target = Some(Target::Name(name()));
        let tested = pb::TestConnectionRequest {
            target,
            ..pb::TestConnectionRequest::default()
        };
        ask!(test_connection, "TestConnection", tested);
        let of_it = pb::GetConnectionTestRequest {
            name: format!("{}/{test}", name()),
        };
        ask!(get_connection_test, "GetConnectionTest", of_it);
        let tests = pb::ListConnectionTestsRequest {
            parent: name(),
            ..pb::ListConnectionTestsRequest::default()
        };
        ask!(list_connection_tests, "ListConnectionTests", tests);
        for (from, to) in [(name(), "datastores/seen-too".to_owned()), (seen(), name())] {
            let link = pb::LinkEnrichmentRequest {
                name: from,
                enrichment_datastore: to,
                ..pb::LinkEnrichmentRequest::default()
            };
            ask!(link_enrichment, "LinkEnrichment", link);
        }
        let unlink = pb::UnlinkEnrichmentRequest {
            name: name(),
            ..pb::UnlinkEnrichmentRequest::default()
        };
        ask!(unlink_enrichment, "UnlinkEnrichment", unlink);
        let resolve = pb::ResolveEnrichmentRequest { name: name() };
        ask!(resolve_enrichment, "ResolveEnrichment", resolve);
        ask!(
            claim_prefix,
            "ClaimPrefix",
            pb::ClaimPrefixRequest { name: name() }
        );
        ask!(
            release_prefix,
            "ReleasePrefix",
            pb::ReleasePrefixRequest { name: name() }
        );
        let policy = pb::GenerateIamPolicyRequest {
            target: Some(PolicyTarget::Name(name())),
            ..pb::GenerateIamPolicyRequest::default()
        };
        ask!(generate_iam_policy, "GenerateIamPolicy", policy);
        answers
    }
}

/// A request with a token.
fn by<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse();
    request
        .metadata_mut()
        .insert("authorization", value.expect("a token is ASCII"));
    request
}

/// A datastore of this id, at a place of its own.
fn named(id: &str, role: Role, team: Option<&str>) -> pb::CreateDatastoreRequest {
    let s3 = s3_config(
        &format!("s3://bucket/{id}"),
        "http://127.0.0.1:1",
        "AKIA1",
        "secret",
    );
    let mut wanted = datastore(&format!("The {id}"), role, s3);
    wanted.labels = team
        .map(|team| ("team".to_owned(), team.to_owned()))
        .into_iter()
        .collect();
    let mut request = creation(wanted);
    id.clone_into(&mut request.datastore_id);
    request
}

#[tokio::test]
async fn what_a_caller_may_not_see_is_answered_like_what_is_not_there_by_every_rpc() {
    let lab = Lab::new().await;
    let before = lab.list(&lab.admin, "", 0).await;
    let nothing = lab.answers("nothing").await;
    for id in ["hidden", "hidden-too"] {
        let hidden = lab.answers(id).await;
        for ((rpc, hidden), (_, nothing)) in hidden.iter().zip(&nothing) {
            let said = hidden.message().replace(id, "nothing");
            assert_eq!(
                (hidden.code(), &*said),
                (nothing.code(), nothing.message()),
                "{rpc}"
            );
            refused::<()>(Err(hidden.clone()), ErrorReason::DatastoreNotFound);
        }
    }
    assert_eq!(
        lab.list(&lab.admin, "", 0).await,
        before,
        "nothing was done"
    );
    let asked: BTreeSet<String> = nothing
        .iter()
        .map(|(rpc, _)| crate::api::raw::path(rpc))
        .collect();
    let mut all: BTreeSet<String> = super::rpcs::methods().into_iter().collect();
    for lists in ["ListDatastores", "ListAuditEvents"] {
        assert!(all.remove(&crate::api::raw::path(lists)));
    }
    assert_eq!(asked, all, "every RPC that takes a name is asked");
}

#[tokio::test]
async fn lists_and_their_tokens_leave_out_what_a_caller_may_not_see() {
    let lab = Lab::new().await;
    for order in ["", "display_name", "create_time desc"] {
        let listed = lab.list(&lab.editor, order, 0).await.datastores;
        let mut names: Vec<&str> = listed.iter().map(|d| &*d.name).collect();
        names.sort_unstable();
        assert_eq!(names, ["datastores/seen", "datastores/seen-too"], "{order}");
    }
    let token = async |caller: &str| {
        let page = lab.list(caller, "display_name", 1).await;
        let token = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(&page.next_page_token);
        (page, token.expect("a token is base64"))
    };
    let shows = |token: &[u8]| token.windows(4).any(|part| part == b"The ");
    let (_, open) = token(&lab.admin).await;
    assert!(shows(&open), "a name would be found");
    let (page, sealed) = token(&lab.editor).await;
    assert!(!shows(&sealed));
    let next = pb::ListDatastoresRequest {
        order_by: "display_name".to_owned(),
        page_size: 1,
        page_token: page.next_page_token,
        ..pb::ListDatastoresRequest::default()
    };
    let mut client = lab.client.clone();
    let next = sent(client.list_datastores(by(&lab.editor, next)).await);
    assert_eq!(next.datastores[0].name, "datastores/seen-too");
    let foreign = pb::ListDatastoresRequest {
        order_by: "display_name".to_owned(),
        page_token: lab
            .list(&lab.admin, "display_name", 1)
            .await
            .next_page_token,
        ..pb::ListDatastoresRequest::default()
    };
    let foreign = client.list_datastores(by(&lab.editor, foreign)).await;
    crate::api::refused_fields(foreign, &["page_token"]);
}

/// Whether a list goes on would tell, name by name, what is hidden on the next page.
#[tokio::test]
async fn a_page_is_the_last_when_nothing_that_is_seen_follows() {
    let lab = Lab::new().await;
    let first = named("a", Role::Source, Some("reports"));
    lab.create(&lab.editor, first)
        .await
        .expect("it has the label");
    let request = |filter: &str| pb::ListDatastoresRequest {
        filter: filter.to_owned(),
        page_size: 1,
        ..pb::ListDatastoresRequest::default()
    };
    let mut client = lab.client.clone();
    let alone = request("display_name = \"The a\"");
    let page = sent(client.list_datastores(by(&lab.editor, alone)).await);
    assert_eq!((page.datastores.len(), &*page.next_page_token), (1, ""));
    let page = sent(client.list_datastores(by(&lab.editor, request(""))).await);
    assert_ne!(page.next_page_token, "", "more that is seen follows");
}

#[tokio::test]
async fn a_delete_that_is_sent_again_has_its_first_answer() {
    let lab = Lab::new().await;
    let mut removal = crate::api::removal("datastores/seen");
    removal.request_id = crate::api::new_request_id();
    let mut client = lab.client.clone();
    for _ in 0..2 {
        let answer = client
            .delete_datastore(by(&lab.editor, removal.clone()))
            .await;
        answer.expect("it is deleted, once");
    }
}

#[tokio::test]
async fn who_sees_some_labels_makes_and_keeps_datastores_with_them_and_works_on_those() {
    let lab = Lab::new().await;
    let without = lab
        .create(&lab.editor, named("new", Role::Source, None))
        .await;
    let refusal = crate::api::refused_fields(without, &["datastore.labels"]);
    assert!(refusal.message.contains("team=reports"), "{refusal:?}");
    let mut together = named("new", Role::Source, Some("reports"));
    let other = named("other", Role::Enrichment, Some("sales"));
    together.enrichment = Some(Enrichment::NewEnrichment(pb::NewEnrichment {
        datastore: other.datastore,
        ..pb::NewEnrichment::default()
    }));
    let refusal = lab.create(&lab.editor, together).await;
    crate::api::refused_fields(refusal, &["new_enrichment.datastore.labels"]);
    let made = lab
        .create(&lab.editor, named("new", Role::Source, Some("reports")))
        .await;
    let mut made = made.expect("it has the label");
    made.labels.clear();
    let mut client = lab.client.clone();
    let away = client
        .update_datastore(by(&lab.editor, change(made.clone(), &["labels"])))
        .await;
    crate::api::refused_fields(away, &["datastore.labels"]);
    "Renamed".clone_into(&mut made.display_name);
    let renamed = client
        .update_datastore(by(&lab.editor, change(made, &["display_name"])))
        .await;
    assert_eq!(sent(renamed).display_name, "Renamed");
    lab.link(&lab.editor, "new", "seen-too")
        .await
        .expect("both are seen");
    let request = pb::ResolveEnrichmentRequest {
        name: "datastores/new".to_owned(),
    };
    sent(client.resolve_enrichment(by(&lab.editor, request)).await);
}

#[tokio::test]
async fn a_refusal_does_not_name_what_its_caller_may_not_see() {
    let lab = Lab::new().await;
    let mut taken = named("new", Role::Source, Some("reports"));
    let wanted = taken.datastore.as_mut().expect("it is there");
    "The hidden".clone_into(&mut wanted.display_name);
    let refusal = lab.create(&lab.editor, taken.clone()).await;
    let refusal = refused(refusal, ErrorReason::DisplayNameTaken);
    assert!(!refusal.message.contains("datastores/"), "{refusal:?}");
    assert!(!refusal.metadata.contains_key("name"), "{refusal:?}");
    let refusal = refused(
        lab.create(&lab.admin, taken).await,
        ErrorReason::DisplayNameTaken,
    );
    assert_eq!(refusal.metadata["name"], "datastores/hidden");

    // A hidden source is linked to what the editor sees, and a hidden enrichment datastore holds a prefix.
    lab.link(&lab.admin, "hidden", "seen-too")
        .await
        .expect("it can be linked");
    let mut client = lab.client.clone();
    for force in [false, true] {
        let mut removal = crate::api::removal("datastores/seen-too");
        removal.force = force;
        let refusal = client.delete_datastore(by(&lab.editor, removal)).await;
        let refusal = refused(refusal, ErrorReason::EnrichmentInUse);
        let said = format!("{refusal:?}");
        assert!(!said.contains("datastores/hidden"), "{said}");
    }
    lab.link(&lab.admin, "hidden", "hidden-too")
        .await
        .expect("it can be linked");
    let mut inside = named("inside", Role::Enrichment, Some("reports"));
    let wanted = inside.datastore.as_mut().expect("it is there");
    let s3 = s3_config(
        "s3://bucket/hidden-too/in",
        "http://127.0.0.1:1",
        "AKIA1",
        "secret",
    );
    wanted.config = Some(pb::datastore::Config::S3(s3));
    lab.create(&lab.editor, inside)
        .await
        .expect("it can be made");
    let refusal = refused(
        lab.link(&lab.editor, "seen", "inside").await,
        ErrorReason::PrefixShared,
    );
    assert!(
        !format!("{refusal:?}").contains("datastores/hidden"),
        "{refusal:?}"
    );
}

#[tokio::test]
async fn an_administrator_of_some_labels_does_not_read_the_audit_of_all() {
    let folder = TempDir::new().unwrap();
    let of_some = [
        "create",
        "a",
        "--access",
        "admin",
        "--label",
        "team=reports",
    ];
    let of_some = tokens_done(folder.path(), &of_some).trim_end().to_owned();
    let server = Datastored::start_in(folder.path(), &["--require-authentication"]);
    let mut client = server.client().await;
    let request = pb::ListAuditEventsRequest::default();
    let refusal = client.list_audit_events(by(&of_some, request)).await;
    let refusal = refused(refusal, ErrorReason::AccessTooLow);
    assert!(refusal.message.contains("some labels"), "{refusal:?}");
}
