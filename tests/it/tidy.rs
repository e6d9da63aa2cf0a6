//! The house rules that no compiler knows: sizes, module docs, and who may name what.

use std::fs;
use std::path::{Path, PathBuf};

const LINES_MAX: usize = 400;

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = ["workflows", "actors", "src", "tests", "benches"]
        .iter()
        .map(|name| root.join(name))
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(root).unwrap().to_owned(), text));
            }
        }
    }
    assert!(found.len() > 50, "the sources were not found");
    found
}

#[test]
fn every_file_says_what_it_is_and_stays_readable() {
    for (path, text) in sources() {
        assert!(text.starts_with("//! "), "{} has no module doc", path.display());
        let lines = text.lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines", path.display());
    }
}

#[test]
fn rules_are_pure() {
    let banned = [
        "tokio",
        "async fn",
        "SystemTime",
        "Instant::now",
        "rand::",
        "HashMap",
        "std::fs",
        "std::net",
    ];
    for (path, text) in sources() {
        if path.starts_with("workflows") {
            let found = banned.iter().find(|word| text.contains(**word));
            assert_eq!(found, None, "in {}", path.display());
        }
    }
}

#[test]
fn each_tool_has_its_one_place() {
    for (word, places) in [
        ("bincode::serde", &["actors/record/envelope.rs"] as &[&str]),
        ("sled::", &["actors/store/index"]),
        ("minijinja::", &["actors/template"]),
        ("jsonschema::", &["actors/catalogue.rs"]),
        ("tokio_postgres", &["actors/mirror/"]),
        ("tantivy::", &["actors/search/index"]),
        ("opentelemetry", &["src/otlp.rs", "tests/it/trace.rs"]),
        ("lettre::", &["actors/channel/email", "actors/endpoint/config"]),
        ("ractor::", &["actors/"]),
        ("axum::", &["src/"]),
        (
            "SystemTime::now",
            &[
                "benches/",
                "actors/now.rs",
                "actors/channel/tests/",
                "src/demo/",
                "src/receiver/",
                "tests/",
            ],
        ),
    ] {
        for (path, text) in sources() {
            let path = path.to_string_lossy().into_owned();
            let at_home =
                path == "tests/it/tidy.rs" || places.iter().any(|place| path.starts_with(place));
            assert!(at_home || !text.contains(word), "{word} in {path}");
        }
    }
}
