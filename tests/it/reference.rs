//! The reference is what the code says. `make reference` writes it again; a page that is out of date fails here.

mod element;
mod http;
mod metrics;
mod problems;
mod settings;

use std::{fs, path::Path};

use expect_test::{ExpectFile, expect_file};

/// Stands at the top of each generated page.
const GENERATED: &str = "<!-- Generated from the code by `make reference`: edit the code, not this page. -->";

fn source(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn assert_current(page: &ExpectFile, text: &str) {
    page.assert_eq(&format!("{GENERATED}\n\n{}\n", text.trim()));
}

#[test]
fn the_settings_are_those_of_the_config() {
    let text = settings::page(&girasol::config::sections());
    assert_current(&expect_file!["../../docs/reference/settings.md"], &text);
}

#[test]
fn the_commands_are_those_of_the_command_line() {
    // The examples need files and servers of their own; the tests of each command run it with theirs.
    let text = girasol::cli::reference()
        .replace("```sh\n", "<!-- not run: an example with files of its own -->\n```sh\n");
    assert_current(&expect_file!["../../docs/reference/commands.md"], &text);
}

#[test]
fn the_addresses_are_those_of_the_openapi_document() {
    let document = serde_json::from_slice(&girasol::http::openapi_json()).unwrap();
    assert_current(&expect_file!["../../docs/reference/http.md"], &http::page(&document));
}

#[test]
fn the_problems_are_those_of_the_api() {
    let text = problems::page(girasol::http::problems());
    assert_current(&expect_file!["../../docs/reference/problems.md"], &text);
}

#[test]
fn the_metrics_are_those_of_the_list() {
    assert_current(&expect_file!["../../docs/reference/metrics.md"], &metrics::page());
}

#[test]
fn the_element_is_described_as_its_types_are() {
    let page = source("docs/reference/element.md");
    let missing: Vec<String> =
        element::names(&source("viewer/girasol-spin.d.ts"), &source("viewer/react.d.ts"))
            .into_iter()
            .filter(|name| !page.contains(&format!("`{name}`")))
            .collect();
    assert!(missing.is_empty(), "docs/reference/element.md does not name {missing:?}");
}
