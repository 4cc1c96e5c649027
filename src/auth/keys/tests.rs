//! Keys that change while the server runs, in a file and under paused time.

use std::path::Path;

use jsonwebtoken::Algorithm;
use tempfile::TempDir;
use tokio::time::{Duration, Instant, advance};

use super::super::jwks::Source;
use super::{ASK_EVERY, Keys, NoKey, READ_EVERY};

/// Writes a set with one key of this id.
fn write(path: &Path, id: &str) {
    // Of RFC 7517, appendix A.1.
    let key = format!(
        r#"{{"keys": [{{"kty": "EC", "crv": "P-256", "kid": "{id}", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}}]}}"#
    );
    std::fs::write(path, key).unwrap();
}

async fn started() -> (Keys, std::path::PathBuf, TempDir) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("jwks.json");
    write(&path, "first");
    let keys = Keys::start("issuer", Source::File(path.clone())).await;
    (keys.unwrap(), path, folder)
}

async fn is_found(keys: &Keys, id: &str) -> bool {
    keys.find(id, Algorithm::ES256).await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_not_known_is_looked_for_once_in_thirty_seconds() {
    let (keys, path, _folder) = started().await;
    assert!(is_found(&keys, "first").await);
    write(&path, "second");
    assert!(is_found(&keys, "second").await, "it is looked for at once");
    assert!(!is_found(&keys, "first").await, "it is there no more");
    write(&path, "third");
    assert!(!is_found(&keys, "third").await, "it is too early");
    advance(ASK_EVERY).await;
    assert!(is_found(&keys, "third").await);
}

#[tokio::test(start_paused = true)]
async fn calls_at_once_that_name_a_new_key_share_one_reading_and_all_get_it() {
    let (keys, path, _folder) = started().await;
    write(&path, "second");
    let (one, two, three) = tokio::join!(
        is_found(&keys, "second"),
        is_found(&keys, "second"),
        is_found(&keys, "second"),
    );
    assert!(one && two && three);
    assert_eq!(keys.state.borrow().round, 1);
}

#[tokio::test(start_paused = true)]
async fn keys_are_read_anew_every_ten_minutes_and_the_last_good_ones_stay() {
    let (keys, path, _folder) = started().await;
    let mut state = keys.state.clone();
    write(&path, "second");
    let before = Instant::now();
    state.wait_for(|state| state.round == 1).await.unwrap();
    assert!(before.elapsed() >= READ_EVERY);
    assert!(is_found(&keys, "second").await);
    std::fs::write(&path, "damaged").unwrap();
    state.wait_for(|state| state.round == 2).await.unwrap();
    assert!(is_found(&keys, "second").await);
    write(&path, "third");
    let before = Instant::now();
    state.wait_for(|state| state.round == 3).await.unwrap();
    assert!(
        before.elapsed() < Duration::from_mins(1),
        "a failure is mended soon"
    );
    assert!(is_found(&keys, "third").await);
}

#[tokio::test]
async fn keys_that_could_never_be_read_are_something_else_than_a_key_that_is_not_known() {
    let source = Source::url("http://127.0.0.1:1/jwks").unwrap();
    let keys = Keys::start("issuer", source).await.unwrap();
    let found = keys.find("any", Algorithm::ES256).await;
    assert!(matches!(found, Err(NoKey::NoneRead)));
    let missing = Source::File("/nowhere/jwks.json".into());
    assert!(Keys::start("issuer", missing).await.is_err());
}
