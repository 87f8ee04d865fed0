//! Every statement, found in the source: its name is the only one of its kind, and its text runs on every engine.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

/// The database's source without its tests, by file; and without the copy, which asks each engine for its own catalogue.
fn sources() -> Vec<(PathBuf, String)> {
    fn collect(folder: &Path, sources: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() && path.file_name() == Some(OsStr::new("copy")) {
                continue;
            }
            if path.is_dir() {
                collect(&path, sources);
            } else if !["fill.rs", "plans.rs", "testing.rs", "tests.rs"]
                .map(OsStr::new)
                .contains(&path.file_name().unwrap())
            {
                let text = fs::read_to_string(&path).unwrap();
                let product = text.split("\n#[cfg(test)]").next().unwrap().to_owned();
                sources.push((path, product));
            }
        }
    }
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = vec![(src.join("db.rs"), fs::read_to_string(src.join("db.rs")).unwrap())];
    collect(&src.join("db"), &mut sources);
    sources
}

/// The string literals of a source text. Raw strings and escaped quotes do not occur in it.
fn literals(source: &str) -> Vec<String> {
    let code: Vec<&str> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n").replace("'\"'", "");
    code.split('"')
        .skip(1)
        .step_by(2)
        .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

fn is_statement(literal: &str) -> bool {
    ["select ", "insert into ", "update ", "delete from "].iter().any(|word| literal.starts_with(word))
}

/// Why a statement does not run on every engine, or means something else there.
fn objection(sql: &str) -> Option<&'static str> {
    let sql = sql.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| sql.contains(word));
    if has(&[" is $", " is not $"]) {
        return Some("`is` with a value: write `is not distinct from`");
    }
    if has(&["json_each", "json_extract", "json_array", "json_object", "'$."]) {
        return Some("SQLite's JSON: use rows, or `->> 'key'`");
    }
    if has(&["ifnull(", "iif(", "instr(", "printf(", "group_concat(", "total(", "randomblob("]) {
        return Some("a function of SQLite alone");
    }
    if has(&["strftime(", "unixepoch", "datetime(", "julianday(", "current_timestamp", "now()"]) {
        return Some("the database's clock: bind the time");
    }
    if has(&[
        "insert or ",
        "replace into",
        "rowid",
        " glob ",
        " collate ",
        "pragma",
        "begin",
        "autoincrement",
    ]) {
        return Some("a word of SQLite alone");
    }
    if has(&["?", "@"]) {
        return Some("a placeholder other than `$1`");
    }
    // Columns that hold a truth value are `boolean` elsewhere.
    let truths = [
        "handed_out",
        "again",
        "alone",
        "soft",
        "finished",
        "listed",
        "in_bucket",
        "added_later",
        "protected",
    ];
    if truths.iter().any(|column| has(&[&format!("{column} = 0"), &format!("{column} = 1")])) {
        return Some("a truth value as a number");
    }
    for function in ["max(", "min("] {
        for (at, _) in sql.match_indices(function) {
            let mut depth = 0;
            for letter in sql[at + function.len()..].chars() {
                match letter {
                    '(' => depth += 1,
                    ')' if depth == 0 => break,
                    ')' => depth -= 1,
                    ',' if depth == 0 => return Some("`max` and `min` of two values: write `case`"),
                    _ => {}
                }
            }
        }
    }
    // In an upsert a column without its table is ambiguous elsewhere.
    if let Some((_, update)) = sql.split_once(" do update set ") {
        let (set, condition) = update.split_once(" where ").unwrap_or((update, "excluded."));
        let is_sum = |value: &str| value.contains(" + ") && !value.contains('.');
        if set.split(" = ").skip(1).any(is_sum)
            || !condition.split(' ').next().is_some_and(|word| word.contains('.'))
        {
            return Some("a column without its table in `do update`");
        }
    }
    None
}

#[test]
fn every_statement_runs_on_every_engine() {
    let mut count = 0;
    for (path, source) in sources() {
        for sql in literals(&source).iter().filter(|literal| is_statement(literal)) {
            assert_eq!(objection(sql), None, "{}: {sql}", path.display());
            count += 1;
        }
    }
    assert!(count > 100, "{count} statements were found");
}

#[test]
fn words_of_one_engine_are_refused() {
    for sql in [
        "select 1 from t where a is $1",
        "select json_extract(data, '$.line') from t",
        "select max(a, coalesce(b, 0)) from t",
        "update purges set handed_out = 1",
        "insert into t (n) values ($1) on conflict (n) do update set n = n + 1",
        "insert into t (n) values ($1) on conflict (n) do update set n = excluded.n where n is null",
        "select datetime('now')",
        "select a from t where b = ?",
    ] {
        assert!(objection(sql).is_some(), "{sql}");
    }
    let fine = "insert into t (n) values ($1) on conflict (n) do update set n = t.n + 1 where t.n is not distinct from $2";
    assert_eq!(objection(fine), None);
    assert_eq!(objection("select max(a), count(*) from t group by b, c"), None);
}

#[test]
fn names_of_statements_are_unique() {
    let mut names: BTreeMap<String, PathBuf> = BTreeMap::new();
    for (path, source) in sources() {
        let calls = [".read(", ".run(", ".write(", ".snapshot("];
        for call in calls {
            for after in source.split(call).skip(1) {
                let Some(after) = after.trim_start().strip_prefix('"') else { continue };
                let name = after.split('"').next().unwrap();
                assert!(
                    name.chars().all(|letter| letter.is_ascii_lowercase() || "._".contains(letter)),
                    "{name}"
                );
                let before = names.insert(name.to_owned(), path.clone());
                assert_eq!(before, None, "{name} is in {} too", path.display());
            }
        }
    }
    assert!(names.len() > 100, "{} names were found", names.len());
}

#[test]
fn every_transaction_that_wakes_tasks_exists() {
    let sources = sources();
    let begun = |name: &str| {
        let calls = sources.iter().flat_map(|(_, source)| source.split(".write(").skip(1));
        calls.filter(|after| after.trim_start().starts_with(&format!("\"{name}\""))).count()
    };
    for (name, _) in super::notify::WAKING {
        assert_eq!(begun(name), 1, "{name}");
    }
}

/// Only these integers and truth values are read from rows: the others are no types of every engine.
#[test]
fn rows_have_types_of_every_engine() {
    for (path, source) in sources() {
        let mut types = Vec::new();
        for row in source.split("FromRow)]").skip(1) {
            types.push(row.split('}').next().unwrap());
        }
        for tuple in source.split("Vec<(").skip(1).chain(source.split("Option<(").skip(1)) {
            types.push(tuple.split(")>").next().unwrap());
        }
        for types in types {
            let words = types.split(|letter: char| !letter.is_alphanumeric());
            for word in words {
                let is_odd = ["u8", "u16", "u32", "u64", "i8", "i16", "i32", "usize", "f32"].contains(&word);
                assert!(!is_odd, "{}: {word} in {types}", path.display());
            }
        }
    }
}
