//! Whether keys are settings and values are of their kind.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::domain::nearest::nearest;

use super::{
    problem::Problem,
    setting::{Kind, Section, Setting},
};

/// The prefix of variables that are settings.
pub(super) const PREFIX: &str = "GIRASOL_";

/// All settings by their keys.
#[derive(Debug)]
pub(super) struct Schema {
    kinds: BTreeMap<String, Kind>,
    variables: BTreeMap<String, String>,
}

/// Variables with the prefix that are not settings of the server: flags, and what the docs' scripts read.
const OTHER_VARIABLES: [&str; 5] = ["CONFIG", "LISTEN", "LOG", "URL", "KEY"];

impl Schema {
    pub(super) fn of(sections: &[Section]) -> Self {
        let mut kinds = BTreeMap::new();
        for section in sections {
            for setting in &section.settings {
                kinds.insert(setting.key(&section.name), setting.kind.clone());
            }
        }
        let variables = kinds.keys().map(|key| (variable_of(key), key.clone())).collect();
        Self { kinds, variables }
    }

    /// The setting that a variable names.
    pub(super) fn of_variable(&self, name: &str) -> Option<(&str, &Kind)> {
        // Shells take no hyphen in a name: STANDARD_24 is standard-24.
        let key = self.variables.get(&name.replace('-', "_"))?;
        Some((key, &self.kinds[key]))
    }

    /// Everything in the table that is no setting, or has a value of another kind.
    pub(super) fn problems(&self, values: &Table) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.check_table("", values, &mut problems);
        problems
    }

    /// The problem with a variable that names no setting, unless it is known to mean something else: Kubernetes sets
    /// variables for a service of the name `girasol`, and `tokens` are variables that settings name.
    pub(super) fn problem_of_variable(&self, name: &str, tokens: &[&str]) -> Option<Problem> {
        let rest = name.strip_prefix(PREFIX)?;
        if OTHER_VARIABLES.contains(&rest) || tokens.contains(&name) || is_of_kubernetes(rest) {
            return None;
        }
        let names = self.variables.keys().map(String::as_str);
        let others = OTHER_VARIABLES.iter().map(|other| format!("{PREFIX}{other}")).collect::<Vec<_>>();
        let near = nearest(name, names.chain(others.iter().map(String::as_str)));
        let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        Some(Problem::of(name, &format!("is not a setting{hint}")))
    }

    fn check_table(&self, prefix: &str, table: &Table, problems: &mut Vec<Problem>) {
        for (name, value) in table {
            let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            if let Some(kind) = self.kinds.get(&key) {
                check_value(&key, kind, value, problems);
            } else if self.has_section(&key) {
                match value {
                    Value::Table(inner) => self.check_table(&key, inner, problems),
                    _ => problems.push(Problem::of(&key, &format!("is a section: write [{key}]"))),
                }
            } else {
                problems.push(Problem::of(&key, &format!("is not a setting{}", self.hint(prefix, name))));
            }
        }
    }

    fn has_section(&self, key: &str) -> bool {
        self.kinds.keys().any(|other| other.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')))
    }

    /// The same name in another section, the nearest name in the same one, or all names of the section.
    fn hint(&self, section: &str, name: &str) -> String {
        let mut names: Vec<&str> = Vec::new();
        for key in self.kinds.keys() {
            let rest = if section.is_empty() {
                Some(key.as_str())
            } else {
                key.strip_prefix(section).and_then(|rest| rest.strip_prefix('.'))
            };
            names.extend(rest.and_then(|rest| rest.split('.').next()));
        }
        names.dedup();
        if let Some(other) = self.kinds.keys().find(|key| key.rsplit('.').next() == Some(name)) {
            return format!("; did you mean {other}?");
        }
        if let Some(near) = nearest(name, names.iter().copied()) {
            return format!("; did you mean {near}?");
        }
        format!("; known are {}", names.join(", "))
    }
}

fn check_value(key: &str, kind: &Kind, value: &Value, problems: &mut Vec<Problem>) {
    let holds = match (kind, value) {
        (Kind::Text | Kind::Secret | Kind::Path, Value::String(_)) | (Kind::Flag, Value::Boolean(_)) => true,
        (Kind::Whole { least, most }, Value::Integer(number)) => (least..=most).contains(&number),
        (Kind::Number { least, most }, Value::Float(number)) => (least..=most).contains(&number),
        (Kind::Number { least, most }, Value::Integer(number)) => {
            (*least..=*most).contains(&(*number as f64))
        }
        (Kind::Word(words), Value::String(word)) if words.contains(&word.as_str()) => true,
        (Kind::Word(words), Value::String(word)) => {
            let near = nearest(word, words.iter().copied());
            let hint = near.map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
            problems.push(Problem::of(key, &format!("must be {kind}, not {word:?}{hint}")));
            return;
        }
        (Kind::Texts, Value::Array(list)) => list.iter().all(Value::is_str),
        (Kind::Words(words), Value::Array(list)) => {
            for (at, item) in list.iter().enumerate() {
                check_value(&format!("{key}[{at}]"), &Kind::Word(words.clone()), item, problems);
            }
            return;
        }
        (Kind::Tables(settings), Value::Array(list)) => {
            for (at, item) in list.iter().enumerate() {
                check_entry(&format!("{key}[{at}]"), settings, item, problems);
            }
            return;
        }
        _ => false,
    };
    if !holds && *kind == Kind::Secret {
        problems.push(Problem::of(key, &format!("must be {kind}")));
    } else if !holds {
        problems.push(Problem::of(key, &format!("must be {kind}, not {value}")));
    }
}

/// Checks one table of a list.
fn check_entry(key: &str, settings: &[Setting], entry: &Value, problems: &mut Vec<Problem>) {
    let Value::Table(entry) = entry else {
        problems.push(Problem::of(key, &format!("must be a table, not {entry}")));
        return;
    };
    for (name, value) in entry {
        let key = format!("{key}.{name}");
        if let Some(setting) = settings.iter().find(|setting| setting.name == name) {
            check_value(&key, &setting.kind, value, problems);
            continue;
        }
        let names = settings.iter().map(|setting| setting.name);
        let hint = nearest(name, names.clone()).map_or_else(
            || format!("; known are {}", names.collect::<Vec<_>>().join(", ")),
            |near| format!("; did you mean {near}?"),
        );
        problems.push(Problem::of(&key, &format!("is not a setting{hint}")));
    }
    for setting in settings.iter().filter(|setting| setting.required && !entry.contains_key(setting.name)) {
        problems.push(Problem::of(key, &format!("needs {}: {}", setting.name, setting.kind)));
    }
}

/// `server.listen` is `GIRASOL_SERVER__LISTEN`.
pub(super) fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").replace('-', "_").to_ascii_uppercase())
}

/// `GIRASOL_PORT`, `GIRASOL_SERVICE_HOST`, `GIRASOL_API_PORT_80_TCP_ADDR` and the like.
fn is_of_kubernetes(rest: &str) -> bool {
    let rest = format!("_{rest}");
    let is_port = rest.split_once("_PORT_").is_some_and(|(_, port)| {
        port.split_once('_').is_some_and(|(number, protocol)| {
            !number.is_empty()
                && number.bytes().all(|byte| byte.is_ascii_digit())
                && ["TCP", "UDP", "SCTP"].iter().any(|known| protocol.starts_with(known))
        })
    });
    is_port || rest.ends_with("_PORT") || rest.ends_with("_SERVICE_HOST") || rest.contains("_SERVICE_PORT")
}
