//! Claims of enrichment prefixes, on stores that honour the condition of a write, ignore it, and refuse it.

use datastored::pb::{self, ErrorReason};
use tokio::task::JoinSet;

use super::{enrichment, enrichment_at, source};
use crate::api::{Client, change, creation, get, refused, removal, sent, start};
use crate::connection::{assert_holds, through};
use crate::lab::proxy::{Proxy, Reply};
use crate::lab::rule::{Rule, When};
use crate::lab::{self, Server, policies};
use crate::server::{Datastored, datastore};

const MARKER: &str = "anomalies/.datastored-owner";

async fn claim(client: &mut Client, name: &str) -> Result<pb::Datastore, tonic::Status> {
    let name = name.to_owned();
    let answer = client.claim_prefix(pb::ClaimPrefixRequest { name }).await;
    answer.map(tonic::Response::into_inner)
}

async fn release(client: &mut Client, name: &str) -> Result<pb::Datastore, tonic::Status> {
    let name = name.to_owned();
    let answer = client
        .release_prefix(pb::ReleasePrefixRequest { name })
        .await;
    answer.map(tonic::Response::into_inner)
}

async fn one_installation_claims_and_the_other_is_refused(s3: &Server, enforced: bool) {
    let (_server, mut client) = start().await;
    let (_other_server, mut other) = start().await;
    let (anomalies, bucket) = enrichment(s3, "Anomalies").await;
    let ours = sent(client.create_datastore(creation(anomalies.clone())).await).name;
    let theirs = sent(other.create_datastore(creation(anomalies)).await).name;

    let claimed = claim(&mut client, &ours).await.expect("it works");
    let shown = claimed.prefix_claim.clone().expect("a claim");
    assert_eq!((shown.key.as_str(), shown.enforced), (MARKER, enforced));
    assert_holds(s3, &bucket, &[MARKER]).await;
    assert_eq!(
        claim(&mut client, &ours).await.expect("it works"),
        claimed,
        "it is held already"
    );
    let refusal = refused(
        claim(&mut other, &theirs).await,
        ErrorReason::PrefixClaimedByOthers,
    );
    assert_eq!(refusal.metadata["owner"], ours);
    assert_eq!(refusal.metadata["key"], MARKER);
    assert_eq!(
        get(&mut other, &theirs)
            .await
            .expect("it works")
            .prefix_claim,
        None
    );
    // Who does not hold it does not take it away.
    release(&mut other, &theirs).await.expect("it works");
    assert_holds(s3, &bucket, &[MARKER]).await;

    let released = release(&mut client, &ours).await.expect("it works");
    assert_eq!(released.prefix_claim, None);
    assert_holds(s3, &bucket, &[]).await;
    claim(&mut other, &theirs).await.expect("it works");
    release(&mut other, &theirs).await.expect("it works");
    assert_holds(s3, &bucket, &[]).await;
}

#[tokio::test]
async fn on_moto_one_installation_claims_and_the_other_is_refused() {
    one_installation_claims_and_the_other_is_refused(lab::moto().await.as_ref(), true).await;
}

#[tokio::test]
async fn on_seaweedfs_one_installation_claims_and_the_other_is_refused() {
    one_installation_claims_and_the_other_is_refused(lab::seaweedfs().await.as_ref(), true).await;
}

/// The lab's s3s does not look at the condition.
#[tokio::test]
async fn on_a_store_that_ignores_the_condition_a_claim_is_made_and_says_so() {
    one_installation_claims_and_the_other_is_refused(lab::s3s().await.as_ref(), false).await;
}

#[tokio::test]
async fn on_a_store_that_refuses_the_condition_a_claim_is_made_and_says_so() {
    let s3 = lab::seaweedfs().await;
    let (_server, mut client) = start().await;
    let bucket = s3.bucket().await;
    let keys = s3.user(&policies::enrichment(&bucket)).await;
    let proxy = Proxy::start(s3.endpoint()).await;
    let refusal = Reply::error(
        501,
        "NotImplemented",
        "A header you provided is not implemented",
    );
    proxy.rule("PutObject", Rule::reply(When::IfNoneMatch, refusal));
    let uri = format!("s3://{bucket}/anomalies");
    let config = through(proxy.endpoint(), &uri, &keys);
    let anomalies = datastore("Anomalies", pb::Role::Enrichment, config);
    let name = sent(client.create_datastore(creation(anomalies)).await).name;
    let claimed = claim(&mut client, &name).await.expect("it works");
    assert!(!claimed.prefix_claim.expect("a claim").enforced);
    assert_holds(&s3, &bucket, &[MARKER]).await;
    release(&mut client, &name).await.expect("it works");
    assert_holds(&s3, &bucket, &[]).await;
}

#[tokio::test]
async fn of_installations_that_claim_at_once_one_gets_it() {
    for s3 in [lab::moto().await, lab::seaweedfs().await] {
        let (anomalies, bucket) = enrichment(&s3, "Anomalies").await;
        let mut claims = JoinSet::new();
        let mut servers = Vec::new();
        for _ in 0..4 {
            let (server, mut client) = start().await;
            servers.push(server);
            let name = sent(client.create_datastore(creation(anomalies.clone())).await).name;
            claims.spawn(async move { claim(&mut client, &name).await });
        }
        let answers = claims.join_all().await;
        let (claimed, refusals): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!((claimed.len(), refusals.len()), (1, 3), "{refusals:?}");
        for refusal in refusals {
            refused(refusal, ErrorReason::PrefixClaimedByOthers);
        }
        assert_holds(&s3, &bucket, &[MARKER]).await;
    }
}

#[tokio::test]
async fn a_claimed_enrichment_datastore_does_not_move_and_is_deleted_only_by_force() {
    let s3 = lab::moto().await;
    let (_server, mut client) = start().await;
    let (anomalies, bucket) = enrichment(&s3, "Anomalies").await;
    let created = sent(client.create_datastore(creation(anomalies.clone())).await);
    claim(&mut client, &created.name).await.expect("it works");
    let mut moved = anomalies;
    moved.name.clone_from(&created.name);
    match &mut moved.config {
        Some(pb::datastore::Config::S3(s3)) => s3.uri = "s3://elsewhere".to_owned(),
        None => panic!("no s3"),
    }
    let answer = client.update_datastore(change(moved, &["s3"])).await;
    refused(answer, ErrorReason::PrefixClaimed);
    let answer = client.delete_datastore(removal(&created.name)).await;
    let refusal = refused(answer, ErrorReason::PrefixClaimed);
    assert_eq!(refusal.metadata["key"], MARKER);
    let forced = pb::DeleteDatastoreRequest {
        force: true,
        ..removal(&created.name)
    };
    sent(client.delete_datastore(forced).await);
    assert_holds(&s3, &bucket, &[MARKER]).await;
}

#[tokio::test]
async fn a_claim_that_s3_does_not_allow_says_what_is_missing_and_is_not_made() {
    let s3 = lab::moto().await;
    let (_server, mut client) = start().await;
    let bucket = s3.bucket().await;
    let policy = policies::enrichment_without(&bucket, "s3:PutObject", s3.kind());
    let keys = s3.user(&policy).await;
    let crippled = enrichment_at(&s3, "Crippled", &bucket, &keys);
    let name = sent(client.create_datastore(creation(crippled)).await).name;
    let refusal = refused(claim(&mut client, &name).await, ErrorReason::ClaimFailed);
    assert_eq!(refusal.metadata["operation"], "PutObject");
    assert_eq!(refusal.metadata["s3_error_code"], "AccessDenied");
    assert!(
        refusal.message.contains("Grant s3:PutObject"),
        "{}",
        refusal.message
    );
    sent(client.delete_datastore(removal(&name)).await);
    let orders = source(&s3, "Orders").await;
    let orders = sent(client.create_datastore(creation(orders)).await).name;
    refused(
        claim(&mut client, &orders).await,
        ErrorReason::NotAnEnrichmentDatastore,
    );
    refused(
        release(&mut client, &orders).await,
        ErrorReason::NotAnEnrichmentDatastore,
    );
}

/// An enrichment datastore behind a proxy, its name, and its bucket.
async fn behind(s3: &Server, client: &mut Client) -> (Proxy, String, String) {
    let bucket = s3.bucket().await;
    let keys = s3.user(&policies::enrichment(&bucket)).await;
    let proxy = Proxy::start(s3.endpoint()).await;
    let uri = format!("s3://{bucket}/anomalies");
    let config = through(proxy.endpoint(), &uri, &keys);
    let anomalies = datastore("Anomalies", pb::Role::Enrichment, config);
    let name = sent(client.create_datastore(creation(anomalies)).await).name;
    (proxy, name, bucket)
}

/// S3 answers 409 also when an object that is being deleted is in the way: then there is none.
#[tokio::test]
async fn a_claim_whose_write_is_in_conflict_is_not_made_unless_the_marker_is_there() {
    let s3 = lab::seaweedfs().await;
    let (_server, mut client) = start().await;
    let (proxy, name, bucket) = behind(&s3, &mut client).await;
    let conflict = Reply::error(409, "ConditionalRequestConflict", "in progress");
    proxy.rule("PutObject", Rule::reply(When::IfNoneMatch, conflict));
    refused(claim(&mut client, &name).await, ErrorReason::ClaimFailed);
    assert_holds(&s3, &bucket, &[]).await;
    proxy.mend();
    let claimed = claim(&mut client, &name).await.expect("it works");
    assert!(claimed.prefix_claim.expect("a claim").enforced);
    assert_holds(&s3, &bucket, &[MARKER]).await;
}

#[tokio::test]
async fn a_claim_that_was_not_answered_is_pending_until_it_is_settled() {
    let s3 = lab::seaweedfs().await;
    let server = Datastored::start(&["--check-timeout", "1s"]);
    let mut client = server.client().await;
    let (proxy, name, bucket) = behind(&s3, &mut client).await;
    let held = proxy.keep_answers("PutObject");
    refused(claim(&mut client, &name).await, ErrorReason::ClaimFailed);
    assert_holds(&s3, &bucket, &[MARKER]).await;
    held.release();
    proxy.mend();
    // S3 is away for a while: what may be there stays noted.
    proxy.answer(
        "GetObject",
        Reply::error(500, "InternalError", "We encountered an internal error"),
    );
    refused(claim(&mut client, &name).await, ErrorReason::ClaimFailed);
    let shown = get(&mut client, &name)
        .await
        .expect("it is there")
        .prefix_claim;
    assert!(shown.expect("a claim").pending);
    let answer = client.delete_datastore(removal(&name)).await;
    refused(answer, ErrorReason::PrefixClaimed);
    proxy.mend();
    let claimed = claim(&mut client, &name).await.expect("it works");
    assert!(!claimed.prefix_claim.expect("a claim").pending);
    release(&mut client, &name).await.expect("it works");
    assert_holds(&s3, &bucket, &[]).await;
}

#[tokio::test]
async fn claims_and_releases_of_one_datastore_at_once_do_not_get_into_each_others_way() {
    let s3 = lab::seaweedfs().await;
    let (_server, mut client) = start().await;
    let (proxy, name, bucket) = behind(&s3, &mut client).await;
    let held = proxy.hold("PutObject");
    let (mut one, of) = (client.clone(), name.clone());
    let first = tokio::spawn(async move { claim(&mut one, &of).await });
    held.one_waits().await;
    refused(claim(&mut client, &name).await, ErrorReason::ClaimUnderWay);
    refused(
        release(&mut client, &name).await,
        ErrorReason::ClaimUnderWay,
    );
    held.release();
    let claimed = first.await.expect("no panic").expect("it works");
    assert_eq!(claim(&mut client, &name).await.expect("it works"), claimed);
    assert_holds(&s3, &bucket, &[MARKER]).await;
}

/// The claim goes on when its caller has gone, so that what it writes is known of.
#[tokio::test]
async fn a_claim_whose_caller_goes_away_is_carried_out() {
    let s3 = lab::seaweedfs().await;
    let (_server, mut client) = start().await;
    let (proxy, name, _) = behind(&s3, &mut client).await;
    let held = proxy.hold("PutObject");
    let (mut one, of) = (client.clone(), name.clone());
    let first = tokio::spawn(async move { claim(&mut one, &of).await });
    held.one_waits().await;
    first.abort();
    held.release();
    crate::lab::eventually("the claim is known", || async {
        let shown = get(&mut client.clone(), &name).await.expect("it is there");
        shown.prefix_claim.is_some_and(|claim| !claim.pending)
    })
    .await;
}

#[tokio::test]
async fn an_object_that_is_no_marker_is_in_the_way_of_a_claim_and_left_alone() {
    let s3 = lab::seaweedfs().await;
    let (_server, mut client) = start().await;
    let (_proxy, name, bucket) = behind(&s3, &mut client).await;
    for body in [&b""[..], b"not a marker", &[0; 5_000]] {
        crate::connection::put(&s3, &bucket, MARKER, body).await;
        let refusal = refused(
            claim(&mut client, &name).await,
            ErrorReason::PrefixClaimedByOthers,
        );
        assert_eq!(refusal.metadata.get("owner"), None);
        release(&mut client, &name).await.expect("it works");
        assert_holds(&s3, &bucket, &[MARKER]).await;
    }
}

#[tokio::test]
async fn credentials_of_the_server_serve_no_claim_and_no_update_when_they_are_no_longer_lent() {
    let s3 = lab::moto().await;
    let bucket = s3.bucket().await;
    let keys = s3.user(&policies::enrichment(&bucket)).await;
    let folder = tempfile::TempDir::new().expect("a temporary folder can be made");
    let serve = |options: &[&str]| {
        let mut command = crate::server::command(folder.path(), options);
        command
            .env("AWS_ACCESS_KEY_ID", &keys.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &keys.secret_access_key);
        Datastored::start_command(command, folder.path())
    };
    let server = serve(&["--allow-ambient-credentials"]);
    let mut client = server.client().await;
    let mut config = through(s3.endpoint(), &format!("s3://{bucket}/anomalies"), &keys);
    config.credentials = Some(pb::s3_config::Credentials::Ambient(pb::Ambient {}));
    let anomalies = datastore("Anomalies", pb::Role::Enrichment, config);
    let created = sent(client.create_datastore(creation(anomalies)).await);
    server.signal(rustix::process::Signal::TERM);
    assert!(server.ended().await.success());

    let server = serve(&[]);
    let mut client = server.client().await;
    let answer = claim(&mut client, &created.name).await;
    refused(answer, ErrorReason::AmbientCredentialsNotAllowed);
    let mut elsewhere = created;
    elsewhere.etag.clear();
    match &mut elsewhere.config {
        Some(pb::datastore::Config::S3(s3)) => s3.region = "eu-central-1".to_owned(),
        None => panic!("no s3"),
    }
    let update = pb::UpdateDatastoreRequest {
        skip_connection_test: false,
        ..change(elsewhere, &["s3.region"])
    };
    let answer = client.update_datastore(update).await;
    refused(answer, ErrorReason::AmbientCredentialsNotAllowed);
    assert_holds(&s3, &bucket, &[]).await;
}
