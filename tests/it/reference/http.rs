//! The addresses, from the OpenAPI document.

use std::{collections::BTreeSet, fmt::Write as _};

use serde_json::Value;

use crate::openapi::resolve;

const METHODS: [&str; 7] = ["get", "head", "post", "put", "patch", "delete", "options"];
const PROBLEM: &str = "urn:problem-type:girasol:";

/// The whole page.
pub(super) fn page(document: &Value) -> String {
    let mut page = format!(
        "{}\n\n# HTTP\n\n{}\n\nThe server has this document at `/api/openapi.json` and, for reading, at `/docs`. Slugs are explained in \
         [Problems](problems.md).\n",
        super::GENERATED,
        text(&document["info"]["description"])
    );
    for tag in list(&document["tags"]) {
        let _ = writeln!(page, "\n## {}\n\n{}", text(&tag["name"]), text(&tag["description"]));
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in METHODS {
                let operation = &item[method];
                if list(&operation["tags"]).contains(&tag["name"]) {
                    section(&mut page, document, path, method, item, operation);
                }
            }
        }
    }
    page
}

fn section(page: &mut String, document: &Value, path: &str, method: &str, item: &Value, operation: &Value) {
    let _ = writeln!(page, "\n### {} {path}\n\n{}.", method.to_uppercase(), text(&operation["summary"]));
    if let Some(description) = operation["description"].as_str() {
        let _ = writeln!(page, "\n{description}");
    }
    let needs_key = list(&operation["security"])
        .iter()
        .any(|scheme| scheme.as_object().is_some_and(|one| !one.is_empty()));
    if needs_key {
        let _ = writeln!(page, "\nTakes a key.");
    }
    let parameters: Vec<&Value> = list(&item["parameters"])
        .iter()
        .chain(list(&operation["parameters"]))
        .map(|parameter| resolve(document, parameter))
        .filter(|parameter| parameter["in"] != "path")
        .collect();
    if !parameters.is_empty() {
        let _ = writeln!(page, "\n| parameter | in | meaning |\n|---|---|---|");
    }
    for parameter in parameters {
        let (name, place) = (text(&parameter["name"]), text(&parameter["in"]));
        let _ = writeln!(page, "| `{name}` | {place} | {} |", cell(&parameter["description"]));
    }
    if let Some(content) = resolve(document, &operation["requestBody"])["content"].as_object() {
        for (media, body) in content {
            let _ = writeln!(page, "\nBody: `{media}`{}", fields(document, &body["schema"]));
        }
    }
    let _ = writeln!(page, "\n| status | answer |\n|---|---|");
    for (status, response) in operation["responses"].as_object().unwrap() {
        let response = resolve(document, response);
        let slugs: Vec<String> =
            slugs(response).iter().map(|slug| format!("[`{slug}`](problems.md#{slug})")).collect();
        let slugs = if slugs.is_empty() { String::new() } else { format!(" {}", slugs.join(", ")) };
        let _ = writeln!(page, "| {status} | {}{slugs} |", cell(&response["description"]));
    }
}

/// The fields of a body, required ones first said so.
fn fields(document: &Value, schema: &Value) -> String {
    let schema = resolve(document, schema);
    let Some(properties) = schema["properties"].as_object() else { return String::new() };
    let required = list(&schema["required"]);
    let names: Vec<String> = properties
        .keys()
        .map(|name| {
            if required.contains(&Value::from(name.as_str())) {
                format!("`{name}`")
            } else {
                format!("`{name}` (optional)")
            }
        })
        .collect();
    format!(" with {}", names.join(", "))
}

/// The problems that an answer may be, wherever its schema names them.
fn slugs(value: &Value) -> BTreeSet<&str> {
    match value {
        Value::String(text) => text.strip_prefix(PROBLEM).into_iter().collect(),
        Value::Array(values) => values.iter().flat_map(slugs).collect(),
        Value::Object(values) => values.values().flat_map(slugs).collect(),
        _ => BTreeSet::new(),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Text for a table.
fn cell(value: &Value) -> String {
    text(value).replace('|', "\\|").replace('\n', " ")
}
