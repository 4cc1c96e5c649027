//! What is no whole backup is refused, and nothing is made of it.

use std::fs;

use super::{Shelf, backup, not_restored, restore};
use crate::api::create;
use crate::api::links::at;
use crate::server::Datastored;
use datastored::pb::Role;

/// A backup with a few datastores, as bytes.
async fn whole(shelf: &Shelf) -> Vec<u8> {
    let server = Datastored::start(&[]);
    let mut client = server.client().await;
    for number in 0..3 {
        create(
            &mut client,
            at(&format!("s3://data/{number}"), Role::Source),
        )
        .await;
    }
    backup(&server, &shelf.at("whole")).await;
    fs::read(shelf.at("whole")).expect("the backup can be read")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_a_cut_and_a_foreign_file_are_refused_and_leave_nothing() {
    let shelf = Shelf::new();
    let whole = whole(&shelf).await;
    let (middle, end) = (whole.len() / 2, whole.len());
    let changed = |at: usize, to: u8| {
        let mut bytes = whole.clone();
        bytes[at] ^= to;
        bytes
    };
    let more = [&whole[..], b"\n"].concat();
    for (bytes, words) in [
        (changed(middle, 1), "the backup is damaged"),
        (changed(end - 1, 0x80), "its checksum is another"),
        (changed(end - 33, 1), "entries are missing"),
        (
            changed(21, 3),
            "the backup has format 2, this program reads format 1",
        ),
        (changed(0, 1), "this is no backup"),
        (whole[..end - 1].to_vec(), "the backup is cut off after"),
        (whole[..middle].to_vec(), "the backup is cut off after"),
        (
            whole[..20].to_vec(),
            "the backup is cut off after 0 entries",
        ),
        (Vec::new(), "this is no backup"),
        (
            b"PK\x03\x04 and something else".to_vec(),
            "this is no backup",
        ),
        (more, "something follows its end"),
    ] {
        fs::write(shelf.at("other"), &bytes).unwrap();
        let said = not_restored(&shelf.at("other"), &shelf.at("new")).await;
        assert!(said.contains(words), "{said}");
        assert!(said.contains(shelf.at("other").to_str().unwrap()), "{said}");
        assert!(!shelf.at("new").exists(), "{words}");
    }
    let said = not_restored(&shelf.at("none"), &shelf.at("new")).await;
    assert!(said.contains("No such file"), "{said}");
    restore(&shelf.at("whole"), &shelf.at("new")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_restored_over_what_is_there() {
    let shelf = Shelf::new();
    whole(&shelf).await;
    fs::create_dir(shelf.at("used")).unwrap();
    fs::write(shelf.at("used/notes"), "mine").unwrap();
    let said = not_restored(&shelf.at("whole"), &shelf.at("used")).await;
    assert!(said.contains("is not empty"), "{said}");
    let names: Vec<_> = fs::read_dir(shelf.at("used")).unwrap().collect();
    assert_eq!(names.len(), 1);
    // The same again: there is a store by then.
    restore(&shelf.at("whole"), &shelf.at("new")).await;
    not_restored(&shelf.at("whole"), &shelf.at("new")).await;
}
