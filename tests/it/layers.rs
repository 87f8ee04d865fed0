//! Dependencies point one way: between layers, and between the modules inside each of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Each layer of `src/`, and the layers that it may name.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("signals", &[]),
    ("whole_file", &[]),
    ("held_folder", &[]),
    ("memory", &[]),
    ("traces", &["domain"]),
    ("background", &["domain"]),
    ("db", &["domain", "signals", "traces"]),
    ("config", &["domain", "memory"]),
    ("store", &["domain", "config", "whole_file", "cache", "traces"]),
    ("staging", &["domain", "db", "store", "whole_file", "held_folder"]),
    ("cache", &["domain", "traces"]),
    ("limits", &["domain", "cache"]),
    ("notices", &[]),
    ("telemetry", &["config"]),
    ("cdn", &["domain", "signals", "background", "config", "db", "traces"]),
    ("launches", &["domain", "db"]),
    ("performance", &["domain", "memory", "db"]),
    ("alerts", &["domain", "signals", "background", "config", "db", "launches", "cdn"]),
    ("checks", &["domain", "db", "staging", "traces"]),
    ("library", &["domain", "db", "store", "staging", "whole_file", "held_folder"]),
    ("ingest", &["domain", "db", "store", "staging", "library", "traces"]),
    (
        "worker",
        &[
            "domain",
            "signals",
            "background",
            "memory",
            "db",
            "launches",
            "store",
            "staging",
            "checks",
            "ingest",
            "traces",
        ],
    ),
    (
        "http",
        &[
            "domain",
            "signals",
            "config",
            "telemetry",
            "traces",
            "db",
            "staging",
            "store",
            "cache",
            "launches",
            "performance",
            "checks",
            "library",
            "cdn",
            "limits",
            "notices",
        ],
    ),
    ("report", &[]),
    (
        "app",
        &[
            "domain",
            "signals",
            "background",
            "memory",
            "config",
            "telemetry",
            "traces",
            "db",
            "launches",
            "staging",
            "store",
            "cache",
            "performance",
            "checks",
            "library",
            "ingest",
            "worker",
            "cdn",
            "limits",
            "notices",
            "alerts",
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
            "launches",
            "store",
            "library",
            "ingest",
            "cdn",
            "report",
            "whole_file",
            "app",
            "http",
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

/// A module by its path, as `["cdn", "purge", "client"]`.
type Module = Vec<String>;

#[test]
fn modules_of_one_parent_do_not_name_each_other_in_a_circle() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut modules = BTreeMap::new();
    find_modules(&src, &[], &mut modules);
    // For each parent: which of its children name which others, at any depth.
    let mut siblings: BTreeMap<Module, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for (module, path) in &modules {
        for named in named_modules(module, path, &modules) {
            let shared = module.iter().zip(&named).take_while(|(a, b)| a == b).count();
            if shared > 0 && shared < module.len() && shared < named.len() {
                let names = siblings.entry(module[..shared].to_vec()).or_default();
                names.entry(module[shared].clone()).or_default().insert(named[shared].clone());
            }
        }
    }
    let mut circles = Vec::new();
    for (parent, names) in &siblings {
        let parent = parent.join("::");
        let circle: Vec<&str> =
            names.keys().filter(|name| reaches_itself(name, names)).map(String::as_str).collect();
        if !circle.is_empty() {
            circles.push(format!("{parent}: {}", circle.join(", ")));
        }
    }
    assert!(circles.is_empty(), "modules name each other in a circle: {circles:#?}");
}

/// Every source file but tests, by its module.
fn find_modules(folder: &Path, parent: &[String], modules: &mut BTreeMap<Module, PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let module: Module = parent.iter().cloned().chain([name.clone()]).collect();
        if path.is_dir() {
            find_modules(&path, &module, modules);
        } else if path.extension().is_some_and(|end| end == "rs")
            && !["tests", "lib", "main"].contains(&name.as_str())
        {
            modules.insert(module, path);
        }
    }
}

/// The modules that a file names by `crate::`, `self::` and `super::`, outside of its own tests.
fn named_modules(module: &Module, path: &Path, modules: &BTreeMap<Module, PathBuf>) -> BTreeSet<Module> {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\n").next().unwrap();
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect();
    let mut named = BTreeSet::new();
    for start in ["crate::", "self::", "super::"] {
        for (at, _) in code.match_indices(start) {
            // `super::super::` is read from its first `super`.
            if code[..at].ends_with("super::") {
                continue;
            }
            let ups = code[at..].split("::").take_while(|part| *part == "super").count();
            let base = match start {
                "crate::" => &module[..0],
                "self::" => &module[..],
                _ => &module[..module.len() - ups.min(module.len())],
            };
            let rest = &code[at + start.len() * ups.max(1)..];
            for path in use_paths(rest) {
                let mut full: Module = base.iter().cloned().chain(path).collect();
                while !full.is_empty() && !modules.contains_key(&full) {
                    full.pop();
                }
                named.insert(full);
            }
        }
    }
    named
}

/// The paths that a tree of `use` names: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn use_paths(tree: &str) -> Vec<Vec<String>> {
    let word: String = tree.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    let rest = &tree[word.len()..];
    if !word.is_empty() {
        let inner = rest.strip_prefix("::").map(use_paths).filter(|paths| !paths.is_empty());
        let inner = inner.unwrap_or_else(|| vec![Vec::new()]);
        return inner.into_iter().map(|path| [word.clone()].into_iter().chain(path).collect()).collect();
    }
    let Some(group) = tree.strip_prefix('{') else { return Vec::new() };
    let (mut depth, mut paths, mut start) = (0_u32, Vec::new(), 0);
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' | ',' if depth == 0 => {
                paths.extend(use_paths(group[start..at].trim_start()));
                start = at + 1;
                if letter == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    paths
}

fn reaches_itself(name: &str, names: &BTreeMap<String, BTreeSet<String>>) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![name]);
    while let Some(at) = open.pop() {
        for next in names.get(at).into_iter().flatten() {
            if next == name {
                return true;
            }
            if seen.insert(next) {
                open.push(next);
            }
        }
    }
    false
}

#[test]
fn a_tree_of_use_is_read_as_its_paths() {
    let paths = |tree| use_paths(tree).iter().map(|path| path.join("::")).collect::<Vec<_>>();
    assert_eq!(paths("a::B;"), ["a::B"]);
    assert_eq!(paths("{a::{b, c::D}, e};"), ["a::b", "a::c::D", "e"]);
    assert_eq!(paths("a::*;"), ["a"]);
}
