//! `girasol.example.toml`: every setting with its description and its default, as a file to begin with.

use std::fmt::Write as _;

use toml::{Table, Value};

use super::setting::{Kind, Section, Setting};

const HEAD: &str = "\
# Every setting of Girasol. A line that begins with `#key` shows the default; a line with `(no default)` above it shows an
# example. Copy this file to girasol.toml, and remove the # of the lines that you change.
#
# Settings come from defaults, then girasol.toml, then environment variables, then flags. The variable of server.listen is
# GIRASOL_SERVER__LISTEN; in names of variables a hyphen becomes an underscore. Lists are written as in this file.
";

/// Columns of a comment.
const WIDTH: usize = 116;

/// The whole file.
pub fn render(sections: &[Section]) -> String {
    let mut text = HEAD.to_owned();
    for section in sections {
        if !section.name.is_empty() {
            text.push('\n');
            comment(&mut text, &section.about);
            let _ = writeln!(text, "[{}]", section.name);
        }
        for setting in &section.settings {
            text.push('\n');
            match &setting.kind {
                Kind::Tables(entries) => tables(&mut text, section, setting, entries),
                _ => one(&mut text, setting),
            }
        }
    }
    text
}

fn one(text: &mut String, setting: &Setting) {
    let Setting { name, kind, about, .. } = setting;
    comment(text, about);
    match (&setting.default, setting.example) {
        (Some(default), _) => {
            let _ = writeln!(text, "# Takes {kind}.\n#{name} = {default}");
        }
        (None, example) => {
            let _ = writeln!(text, "# Takes {kind} (no default).\n#{name} = {}", example.unwrap_or_default());
        }
    }
}

/// A list of tables: the settings of a table as comments, then the default's tables, or one table as an example.
fn tables(text: &mut String, section: &Section, setting: &Setting, entries: &[Setting]) {
    comment(text, &setting.about);
    text.push_str("# Each table takes:\n");
    for entry in entries {
        let need = if entry.required { ", required" } else { "" };
        comment(text, &format!("- {} ({}{need}): {}", entry.name, entry.kind, entry.about));
    }
    let key = setting.key(&section.name);
    let Some(Value::Array(list)) = &setting.default else {
        text.push_str("# For example (no default):\n");
        let _ = writeln!(text, "#[[{key}]]");
        for entry in entries.iter().filter(|entry| entry.required || entry.name == "endpoints") {
            let _ = writeln!(text, "#{} = {}", entry.name, entry.example.unwrap_or_default());
        }
        return;
    };
    for table in list.iter().filter_map(Value::as_table) {
        let _ = writeln!(text, "#[[{key}]]");
        for (name, value) in in_order(table, entries) {
            let _ = writeln!(text, "#{name} = {value}");
        }
    }
}

fn in_order<'a>(table: &'a Table, entries: &'a [Setting]) -> impl Iterator<Item = (&'a str, &'a Value)> {
    entries.iter().filter_map(|entry| Some((entry.name, table.get(entry.name)?)))
}

/// Wraps a description into comment lines.
fn comment(text: &mut String, about: &str) {
    let mut line = String::new();
    for word in about.split_whitespace() {
        if !line.is_empty() && line.len() + word.len() + 3 > WIDTH {
            let _ = writeln!(text, "# {line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        let _ = writeln!(text, "# {line}");
    }
}
