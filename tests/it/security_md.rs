//! SECURITY.md names the tests that prove each defence: they are there.

use std::fs;
use std::path::{Path, PathBuf};

/// What stands between backticks in the last column of a table.
fn named(document: &str) -> Vec<&str> {
    let rows = document.lines().filter(|line| line.starts_with("| "));
    let cells = rows.filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next());
    let parts = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    parts.collect()
}

fn sources(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).expect("a source is text");
            found.push((path, text));
        }
    }
}

#[test]
fn every_test_that_proves_a_defence_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let threats = document.split("## Threats").nth(1).expect("a section");
    let mut all = Vec::new();
    for folder in ["src", "tests/it"] {
        sources(&root.join(folder), &mut all);
    }
    let named = named(threats);
    assert!(named.len() > 25, "{named:?}");
    for name in named {
        let is_there = if Path::new(name).extension().is_some_and(|e| e == "rs") {
            fs::read_to_string(root.join(name))
                .is_ok_and(|text| text.contains("#[test]") || text.contains("::test]"))
        } else {
            let name = name.trim_end_matches("::*");
            let last = name.rsplit("::").next().unwrap_or(name);
            let module = root.join("tests/it").join(name.replace("::", "/"));
            let is_module = module.is_dir() || module.with_extension("rs").is_file();
            is_module
                || all
                    .iter()
                    .any(|(_, text)| text.contains(&format!("fn {last}(")))
        };
        assert!(is_there, "{name} is named and is no test");
    }
}
