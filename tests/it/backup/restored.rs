//! A server that is made of a backup answers as the one that was saved, and goes on from there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use datastored::pb::test_connection_request::Target;
use datastored::pb::{self, ErrorReason, Role};

use super::{Answers, Shelf, backup, no_backup, restore, run, stop};
use crate::api::links::linking;
use crate::api::{Client, change, create, creation, get, new_request_id, refused, removal, sent};
use crate::connection::watch::start;
use crate::enrichment::{enrichment, source, tested};
use crate::lab::s3s;
use crate::server::{Datastored, command, datastore, s3_config};

/// A datastore that is not tested.
fn nowhere(display_name: &str) -> pb::Datastore {
    let s3 = s3_config("s3://logs", "http://127.0.0.1:1", "AKIA1", "a-plain-secret");
    datastore(display_name, Role::Source, s3)
}

/// Some datastores with tests and a link, one that has been changed, and one that is gone.
async fn filled(client: &mut Client, s3: &crate::lab::Server) {
    let quality = enrichment(s3, "Quality").await.0;
    let quality = sent(client.create_datastore(tested(quality)).await).name;
    let orders = source(s3, "Orders").await;
    let orders = sent(client.create_datastore(tested(orders)).await).name;
    sent(client.link_enrichment(linking(&orders, &quality)).await);
    let mut customers = create(client, nowhere("Customers")).await;
    "Customers of the shop".clone_into(&mut customers.display_name);
    customers.labels = [("team".to_owned(), "sales".to_owned())].into();
    let paths = ["display_name", "labels"];
    sent(client.update_datastore(change(customers, &paths)).await);
    let gone = create(client, nowhere("Gone with its name")).await.name;
    sent(client.delete_datastore(removal(&gone)).await);
    refused(
        client.create_datastore(creation(nowhere("Orders"))).await,
        ErrorReason::DisplayNameTaken,
    );
}

/// Whether a file of the folder, or of one in it, holds the text.
fn holds(folder: &Path, text: &str) -> bool {
    let mut files = fs::read_dir(folder).expect("the folder can be read");
    files.any(|file| {
        let path = file.expect("the folder can be read").path();
        if path.is_dir() {
            return holds(&path, text);
        }
        // A socket cannot be read.
        let bytes = fs::read(&path).unwrap_or_default();
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    })
}

fn mode(path: &Path) -> u32 {
    let metadata = fs::metadata(path).expect("it is there");
    metadata.permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_server_answers_as_the_one_that_was_saved() {
    let (shelf, s3) = (Shelf::new(), s3s().await);
    let server = Datastored::start(&[]);
    let mut client = server.client().await;
    filled(&mut client, &s3).await;
    let mut once = creation(nowhere("Once"));
    once.request_id = new_request_id();
    let made = sent(client.create_datastore(once.clone()).await);
    let before = Answers::of(&mut client).await;
    assert_eq!((before.datastores.len(), before.tests.len()), (4, 2));

    let said = backup(&server, &shelf.at("one")).await;
    assert!(said.contains("keep a copy of the key file"), "{said}");
    assert_eq!(mode(&shelf.at("one")), 0o600);
    create(&mut client, nowhere("Too late")).await;

    let new = shelf.restored(&shelf.at("one"), &server).await;
    let mut client = new.client().await;
    assert_eq!(Answers::of(&mut client).await, before);
    assert_eq!(
        sent(client.create_datastore(once).await),
        made,
        "it is known still"
    );
    for tested in &before.tests {
        let name = tested.name.split("/connectionTests").next().unwrap();
        let watched = start(&new, Target::Name(name.to_owned()), Role::Unspecified).await;
        let mut events = watched.expect("its credentials can be opened");
        let mut last = None;
        while let Some(event) = events.message().await.unwrap() {
            last = event.event;
        }
        let Some(pb::test_connection_response::Event::Completed(done)) = last else {
            panic!("a test ends with its report");
        };
        let outcome = done.outcome;
        assert_eq!(Some(outcome), tested.report.as_ref().map(|r| r.outcome));
    }
    let next = create(&mut client, nowhere("Next")).await;
    assert!(before.datastores.iter().all(|d| d.etag != next.etag));
    let got = get(&mut client, &made.name).await.unwrap();
    let mut request = change(got, &["display_name"]);
    request.datastore.as_mut().unwrap().display_name = "By its etag".to_owned();
    sent(client.update_datastore(request).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_restored_server_holds_the_same() {
    let shelf = Shelf::new();
    let server = Datastored::start(&[]);
    filled(&mut server.client().await, &*s3s().await).await;
    backup(&server, &shelf.at("one")).await;
    let new = shelf.restored(&shelf.at("one"), &server).await;
    backup(&new, &shelf.at("two")).await;
    let but_for_the_time = |name: &str| {
        let bytes = fs::read(shelf.at(name)).unwrap();
        [&bytes[..30], &bytes[38..bytes.len() - 32]].concat()
    };
    assert!(but_for_the_time("one") == but_for_the_time("two"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_and_no_key_is_in_a_backup_and_nothing_deleted_in_what_is_restored() {
    let shelf = Shelf::new();
    let server = Datastored::start(&[]);
    let mut client = server.client().await;
    filled(&mut client, &*s3s().await).await;
    // The refusal and the events of the audit have the name that was sent, so one that no event has is looked for.
    let mut gone = nowhere("Soon gone");
    gone.labels = [("quarter".to_owned(), "a-label-of-old".to_owned())].into();
    let gone = create(&mut client, gone).await.name;
    sent(client.delete_datastore(removal(&gone)).await);
    assert!(
        holds(server.folder(), "a-label-of-old"),
        "the disk has it still"
    );
    fs::create_dir(shelf.at("backups")).unwrap();
    backup(&server, &shelf.at("backups/one")).await;
    restore(&shelf.at("backups/one"), &shelf.at("new")).await;
    let key = fs::read_to_string(server.folder().join("datastored.key")).unwrap();
    let key = key.lines().last().unwrap().split(' ').nth(1).unwrap();
    for folder in ["backups", "new"] {
        assert!(holds(&shelf.at(folder), "Customers of the shop"));
        for text in ["a-plain-secret", key, "a-label-of-old"] {
            assert!(!holds(&shelf.at(folder), text), "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_key_file_a_restored_server_does_not_start_and_says_so() {
    let shelf = Shelf::new();
    let server = Datastored::start(&[]);
    create(&mut server.client().await, nowhere("Orders")).await;
    backup(&server, &shelf.at("one")).await;
    let said = restore(&shelf.at("one"), &shelf.at("new")).await;
    assert!(said.contains("put the key file of that time"), "{said}");
    let output = command(&shelf.at("new"), &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("there is no key file"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_socket_is_its_owners_alone_and_goes_with_the_server() {
    let shelf = Shelf::new();
    // Longer than the path of a socket may be.
    let folder = shelf.at(&"x".repeat(120));
    let socket = folder.join("datastored.sock");
    let server = Datastored::start_in(&folder, &[]);
    assert_eq!(mode(&socket), 0o600);
    backup(&server, &shelf.at("one")).await;
    stop(server).await;
    assert!(!socket.exists());
    let said = no_backup(&folder, &shelf.at("two")).await;
    assert!(said.contains("no server can be asked"), "{said}");

    // One that a server left which was killed.
    let server = Datastored::start_in(&folder, &[]);
    server.signal(rustix::process::Signal::KILL);
    server.ended().await;
    assert!(socket.exists());
    no_backup(&folder, &shelf.at("two")).await;
    assert!(!shelf.at("two").exists());
    let server = Datastored::start_in(&folder, &[]);
    backup(&server, &shelf.at("two")).await;
    let (succeeded, said) = run(&["backup"], &shelf.at("two"), server.folder()).await;
    assert!(!succeeded && said.contains("never overwrites"), "{said}");
}
