//! The sources of settings, merged into one table that remembers where each value was set.

use std::{collections::BTreeMap, fs, io, path::Path};

use toml::{
    Table, Value,
    de::{DeTable, DeValue},
};

use crate::domain::input::plain;

use super::{
    problem::{ConfigError, Origin},
    schema::{PREFIX, Schema},
    setting::Kind,
};

/// Values from all sources read so far; a later source replaces single settings of an earlier one.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// The merged values.
    pub(super) values: Table,
    origins: BTreeMap<String, Origin>,
}

impl Sources {
    /// Adds values that have no origin: defaults.
    pub(super) fn add_defaults(&mut self, defaults: Table) {
        merge(&mut self.values, defaults);
    }

    /// Adds a file. A file that is not there is an error only if it is required.
    pub(super) fn add_file(&mut self, path: &Path, is_required: bool) -> Result<(), ConfigError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !is_required => return Ok(()),
            Err(source) => return Err(ConfigError::Unreadable { path: path.to_owned(), source }),
        };
        let at = |offset: usize| {
            let line = text[..offset.min(text.len())].matches('\n').count() + 1;
            Origin::File { path: path.to_owned(), line }
        };
        let malformed = |error: toml::de::Error| ConfigError::Malformed {
            at: at(error.span().map_or(0, |span| span.start)),
            problem: plain(error.message()),
        };
        let values = text.parse::<Table>().map_err(malformed)?;
        let spans = DeTable::parse(&text).map_err(malformed)?;
        note_table("", spans.get_ref(), &mut |key, offset| {
            self.origins.insert(key, at(offset));
        });
        merge(&mut self.values, values);
        Ok(())
    }

    /// Adds the variables that name settings. Returns the names with the prefix that name none.
    pub(super) fn add_variables(
        &mut self,
        schema: &Schema,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Vec<String> {
        let mut unknown = Vec::new();
        for (name, text) in variables {
            if !name.starts_with(PREFIX) {
                continue;
            }
            match schema.of_variable(&name) {
                Some((key, kind)) => {
                    let key = key.to_owned();
                    self.set(&key, value(kind, text), Origin::Variable(name));
                }
                None => unknown.push(name),
            }
        }
        unknown.sort();
        unknown
    }

    /// Sets one value.
    pub(super) fn set(&mut self, key: &str, value: Value, origin: Origin) {
        self.origins.retain(|other, _| !is_inside(other, key));
        self.origins.insert(key.to_owned(), origin);
        let mut table = &mut self.values;
        let mut parts = key.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                table.insert(part.to_owned(), value);
                return;
            }
            let inner = table.entry(part).or_insert_with(|| Value::Table(Table::new()));
            let Value::Table(inner) = inner else { return };
            table = inner;
        }
    }

    /// Where this very key was set.
    pub(super) fn own_origin(&self, key: &str) -> Option<Origin> {
        self.origins.get(key).cloned()
    }

    /// Where a key was set, or the nearest table around it.
    pub(super) fn origin(&self, key: &str) -> Option<Origin> {
        let mut key = key;
        loop {
            if let Some(origin) = self.origins.get(key) {
                return Some(origin.clone());
            }
            key = &key[..key.rfind(['.', '['])?];
        }
    }
}

/// Variables are texts; those that do not fit the kind stay texts, and are refused as such.
fn value(kind: &Kind, text: String) -> Value {
    let parsed = match kind {
        Kind::Text | Kind::Secret | Kind::Path | Kind::Word(_) => None,
        Kind::Flag => text.parse().ok().map(Value::Boolean),
        Kind::Whole { .. } => text.parse().ok().map(Value::Integer),
        Kind::Number { .. } => text.parse().ok().map(Value::Float),
        Kind::Texts | Kind::Words(_) | Kind::Tables(_) => {
            format!("value = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("value"))
        }
    };
    parsed.unwrap_or(Value::String(text))
}

fn is_inside(key: &str, outer: &str) -> bool {
    key.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn merge(into: &mut Table, from: Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(into)), Value::Table(from)) => merge(into, from),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

/// Calls `note` with every key and the offset at which it stands.
fn note_table(prefix: &str, table: &DeTable<'_>, note: &mut impl FnMut(String, usize)) {
    for (name, value) in table {
        let dot = if prefix.is_empty() { "" } else { "." };
        let key = format!("{prefix}{dot}{}", name.get_ref());
        note(key.clone(), name.span().start);
        note_value(&key, value.get_ref(), note);
    }
}

fn note_value(key: &str, value: &DeValue<'_>, note: &mut impl FnMut(String, usize)) {
    match value {
        DeValue::Table(table) => note_table(key, table, note),
        DeValue::Array(list) => {
            for (at, item) in list.iter().enumerate() {
                let key = format!("{key}[{at}]");
                note(key.clone(), item.span().start);
                note_value(&key, item.get_ref(), note);
            }
        }
        _ => {}
    }
}
