//! Whatever reads what others write, as functions of any bytes that panic when a property does not hold. `make fuzz` looks for such bytes, and `cargo test`
//! replays those that it has found or begun with.

use crate::{auth, backup, grpc, iam, model, registry, s3, vault};

/// A function of any bytes.
pub type Target = fn(&[u8]);

/// Each target by its name, which is that of its folder in `fuzz/seeds`.
pub const TARGETS: [(&str, Target); 16] = [
    ("access_file", auth::fuzz::access_file),
    ("backup", backup::fuzz::backup),
    ("denial", iam::fuzz::denial),
    ("endpoint", model::fuzz::endpoint),
    ("event_filter", model::fuzz::event_filter),
    ("field_mask", grpc::fuzz::field_mask),
    ("filter", model::fuzz::filter),
    ("jwt", auth::fuzz::jwt),
    ("key_file", vault::fuzz::key_file),
    ("page_token", grpc::fuzz::page_token),
    ("record", registry::fuzz::record),
    ("request", grpc::fuzz::request),
    ("s3_error", s3::fuzz::s3_error),
    ("sealed", vault::fuzz::sealed),
    ("tokens_file", auth::fuzz::tokens_file),
    ("uri", model::fuzz::uri),
];

/// The text of bytes; what is no UTF-8 in them is replaced.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::TARGETS;

    fn entries(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap();
        let mut paths: Vec<_> = entries.map(|e| e.unwrap().path()).collect();
        paths.sort();
        paths
    }

    #[test]
    fn every_seed_of_fuzzing_keeps_every_property() {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
        let folders = TARGETS.map(|(name, _)| seeds.join(name));
        assert_eq!(entries(&seeds), folders);
        for ((_, target), folder) in TARGETS.iter().zip(folders) {
            for seed in entries(&folder) {
                // Shown when it fails.
                println!("{}", seed.display());
                target(&fs::read(&seed).unwrap());
            }
        }
    }
}
