//! Dependencies point one way; adapters never import each other.

use std::{collections::BTreeSet, fs, path::Path};

/// Each layer of `src/`, and the layers that it may name.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("signals", &[]),
    ("background", &["domain"]),
    ("db", &["domain", "signals"]),
    ("config", &["domain"]),
    ("store", &["domain", "config"]),
    ("staging", &["domain", "db", "store"]),
    ("cache", &["domain"]),
    ("telemetry", &["config"]),
    ("cdn", &["domain", "signals", "background", "config", "db"]),
    ("checks", &["domain", "db", "staging"]),
    ("library", &["domain", "db", "store", "staging"]),
    ("ingest", &["domain", "db", "store", "library"]),
    ("worker", &["domain", "signals", "background", "db", "store", "staging", "checks", "ingest"]),
    ("http", &["domain", "signals", "config", "db", "staging", "store", "cache", "checks", "library", "cdn"]),
    ("report", &[]),
    (
        "app",
        &[
            "domain",
            "signals",
            "background",
            "config",
            "telemetry",
            "db",
            "staging",
            "store",
            "cache",
            "checks",
            "library",
            "ingest",
            "worker",
            "cdn",
            "http",
        ],
    ),
    (
        "cli",
        &[
            "domain",
            "background",
            "config",
            "telemetry",
            "db",
            "store",
            "library",
            "ingest",
            "cdn",
            "report",
            "app",
        ],
    ),
];

#[test]
fn dependencies_point_one_way() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(&src).unwrap().flatten() {
        let path = entry.path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if name == "lib" || name == "main" {
            continue;
        }
        let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == name) else {
            panic!("src/{name} has no place among the layers yet");
        };
        check(&path, &name, allowed);
        found.insert(name);
    }
    assert_eq!(found.len(), LAYERS.len());
}

fn check(path: &Path, layer: &str, allowed: &[&str]) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap().flatten() {
            check(&entry.path(), layer, allowed);
        }
        return;
    }
    let text = fs::read_to_string(path).unwrap();
    for named in text.split("crate::").skip(1).flat_map(names) {
        assert!(named == layer || allowed.contains(&named), "{} names crate::{named}", path.display());
    }
}

/// What stands after `crate::`: one name, or the first of each path in braces.
fn names(after: &str) -> Vec<&str> {
    let Some(group) = after.strip_prefix('{') else { return vec![first_word(after)] };
    let (mut depth, mut names, mut start) = (0, Vec::new(), 0);
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' | ',' if depth == 0 => {
                let path = group[start..at].trim_start();
                if !path.is_empty() {
                    names.push(first_word(path));
                }
                start = at + 1;
                if letter == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    names
}

fn first_word(path: &str) -> &str {
    path.split(|letter: char| !letter.is_ascii_lowercase() && letter != '_').next().unwrap_or_default()
}
