//! The arrows between the rooms: fails when a room names what it must not know.

use std::fs;
use std::path::{Path, PathBuf};

/// A room, and the words that must not stand in its code.
const RULES: [(&str, &[&str]); 13] = [
    (
        "model",
        &[
            "tonic",
            "prost",
            "sled",
            "tokio",
            "aws_",
            "crate::iam",
            "crate::report",
            "crate::store",
            "crate::registry",
            "crate::prober",
            "crate::s3",
            "crate::grpc",
            "crate::pb",
            "crate::auth",
        ],
    ),
    (
        "iam",
        &[
            "tonic",
            "prost",
            "sled",
            "tokio",
            "aws_",
            "crate::report",
            "crate::store",
            "crate::registry",
            "crate::prober",
            "crate::s3",
            "crate::grpc",
            "crate::pb",
            "crate::auth",
        ],
    ),
    (
        "report",
        &[
            "tonic",
            "prost",
            "sled",
            "tokio",
            "aws_",
            "crate::store",
            "crate::registry",
            "crate::prober",
            "crate::s3",
            "crate::grpc",
            "crate::pb",
            "crate::auth",
        ],
    ),
    (
        "store",
        &[
            "tonic",
            "prost",
            "aws_",
            "crate::model",
            "crate::iam",
            "crate::report",
            "crate::registry",
            "crate::prober",
            "crate::s3",
            "crate::grpc",
            "crate::pb",
            "crate::auth",
        ],
    ),
    (
        "registry",
        &[
            "tonic",
            "prost",
            "sled",
            "aws_",
            "crate::prober",
            "crate::s3",
            "crate::grpc",
            "crate::pb",
            "crate::auth",
        ],
    ),
    (
        "s3",
        &[
            "tonic",
            "prost",
            "sled",
            "crate::store",
            "crate::registry",
            "crate::prober",
            "crate::grpc",
            "crate::pb",
            "crate::auth",
        ],
    ),
    (
        "prober",
        &[
            "tonic",
            "prost",
            "sled",
            "aws_",
            "crate::store",
            "crate::registry",
            "crate::grpc",
            "crate::pb",
            "crate::auth",
        ],
    ),
    (
        "auth",
        &[
            "tonic",
            "prost",
            "sled",
            "aws_sdk",
            "aws_smithy",
            "aws_config",
            "aws_credential",
            "crate::store",
            "crate::registry",
            "crate::prober",
            "crate::grpc",
            "crate::pb",
        ],
    ),
    (
        "vault",
        &[
            "tonic",
            "prost",
            "sled",
            "tokio",
            "aws_sdk",
            "aws_smithy",
            "crate::model",
            "crate::store",
            "crate::registry",
            "crate::prober",
            "crate::s3",
            "crate::grpc",
            "crate::pb",
        ],
    ),
    (
        "backup",
        &[
            "tonic",
            "prost",
            "sled",
            "aws_sdk",
            "aws_smithy",
            "crate::model",
            "crate::iam",
            "crate::report",
            "crate::registry",
            "crate::prober",
            "crate::s3",
            "crate::grpc",
            "crate::pb",
            "crate::auth",
            "crate::vault",
        ],
    ),
    ("grpc", &["sled::", "Sled", "aws_"]),
    (
        "metrics",
        &[
            "tonic",
            "prost",
            "sled",
            "aws_",
            "crate::store",
            "crate::registry",
            "crate::prober",
            "crate::s3",
            "crate::grpc",
            "crate::pb",
            "crate::auth",
        ],
    ),
    (
        "transport",
        &[
            "prost",
            "sled",
            "aws_sdk",
            "crate::config",
            "crate::model",
            "crate::store",
            "crate::registry",
            "crate::prober",
            "crate::s3",
            "crate::grpc",
            "crate::pb",
        ],
    ),
];

/// What ties rooms together, and no more.
const TIES: [&str; 4] = [
    "admission.rs",
    "claims.rs",
    "residue_ledger.rs",
    "rotation.rs",
];

#[test]
fn no_tie_between_rooms_names_the_face_or_an_engine() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let forbidden = ["tonic", "prost", "sled", "aws_", "crate::grpc", "crate::pb"];
    for tie in TIES {
        assert_eq!(named_in(&src.join(tie), &forbidden), [""; 0], "{tie}");
    }
    for file in files_of(&src.join("claims")) {
        assert_eq!(named_in(&file, &forbidden), [""; 0]);
    }
}

#[test]
fn only_the_room_of_metrics_names_its_library() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let others = files_of(&src).into_iter();
    for file in others.filter(|file| !file.starts_with(src.join("metrics"))) {
        assert_eq!(named_in(&file, &["prometheus_client"]), [""; 0]);
    }
}

#[test]
fn only_who_sends_traces_and_who_takes_the_callers_over_name_opentelemetry() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let may = ["telemetry.rs", "telemetry/otlp.rs", "grpc/trace.rs"].map(|file| src.join(file));
    for file in files_of(&src)
        .into_iter()
        .filter(|file| !may.contains(file))
    {
        let forbidden = ["opentelemetry", "tracing_opentelemetry"];
        assert_eq!(named_in(&file, &forbidden), [""; 0]);
    }
}

#[test]
fn no_room_names_what_it_must_not_know() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for (room, forbidden) in RULES {
        for file in files_of(&src.join(room)) {
            found.extend(named_in(&file, forbidden));
        }
    }
    assert!(
        found.is_empty(),
        "arrows that run back:\n{}",
        found.join("\n")
    );
}

/// The places in a file that name one of the words.
fn named_in(file: &Path, forbidden: &[&str]) -> Vec<String> {
    let text = fs::read_to_string(file).expect("a source file can be read");
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        let words = forbidden.iter().filter(|word| names(code, word));
        let place = format!("{}:{}", file.display(), number + 1);
        found.extend(words.map(|word| format!("{place} names {word}")));
    }
    found
}

/// Whether the word begins somewhere in the code, not inside another word.
fn names(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a room is a folder");
    let paths = entries.map(|e| e.expect("an entry can be read").path());
    paths
        .flat_map(|p| if p.is_dir() { files_of(&p) } else { vec![p] })
        .collect()
}
