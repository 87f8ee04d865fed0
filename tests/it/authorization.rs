//! Every address of the OpenAPI document, without a key and with the key of each role.

use reqwest::{Method, Response};
use serde_json::Value;

use crate::{
    girasol::{Server, header, key, problem},
    openapi::{document, filled, operations},
};

const ROLES: [&str; 3] = ["artist", "admin", "metrics"];

/// The operations under `/api` that take no key.
const OPEN: &[&str] = &[
    "beginSession",
    "configure",
    "requestLoupe",
    "sendVitals",
    "showHealth",
    "showLiveness",
    "showOpenapi",
    "showProduct",
    "showReadiness",
    "showSequence",
    "showSnippet",
    "showStatus",
    "showTus",
    "showTusOfUpload",
];

/// An operation that takes a key.
struct Keyed {
    method: Method,
    path: String,
    /// The role that it takes; `None` if every role will do.
    role: Option<String>,
}

impl Keyed {
    fn allows(&self, role: &str) -> bool {
        role == "admin" || self.role.as_deref().is_none_or(|needed| needed == role)
    }
}

/// The keyed operations of the document, and HEAD beside each GET.
fn keyed() -> Vec<Keyed> {
    let document = document();
    let mut found = Vec::new();
    for (path, method, operation) in operations(&document) {
        let security = operation["security"].as_array().unwrap();
        let Some(bearer) = security.iter().find_map(|scheme| scheme["bearer"].as_array()) else { continue };
        let role = bearer.first().and_then(Value::as_str).map(str::to_owned);
        let path = filled(&document, path);
        let is_stream = path.ends_with("/events");
        let methods = match method.as_str() {
            "GET" if !is_stream => vec![Method::GET, Method::HEAD],
            method => vec![method.parse().unwrap()],
        };
        let each = |method| Keyed { method, path: path.clone(), role: role.clone() };
        found.extend(methods.into_iter().map(each));
    }
    found
}

fn assert_never_cached(response: &Response) {
    let lines: Vec<_> = response.headers().get_all("cache-control").iter().collect();
    assert_eq!(lines, ["private, no-store"], "{}", response.url());
    for name in ["cdn-cache-control", "surrogate-control", "surrogate-key", "cache-tag", "xkey"] {
        assert!(!response.headers().contains_key(name), "{name} at {}", response.url());
    }
}

/// Asserts a problem; an answer to HEAD has no body.
async fn assert_problem(method: &Method, response: Response, status: u16, slug: &str) {
    assert_never_cached(&response);
    if *method == Method::HEAD {
        assert_eq!(response.status(), status, "{}", response.url());
    } else {
        let url = response.url().clone();
        assert_eq!(problem(response, status).await, slug, "{method} {url}");
    }
}

#[test]
fn every_operation_under_api_takes_a_key_except_those_that_are_open() {
    let document = document();
    let mut open: Vec<_> = operations(&document)
        .into_iter()
        .filter(|(path, _, operation)| {
            path.starts_with("/api/") && operation["security"] == Value::Array(Vec::new())
        })
        .map(|(.., operation)| operation["operationId"].as_str().unwrap())
        .collect();
    open.sort_unstable();
    assert_eq!(open, OPEN);
}

#[tokio::test]
async fn without_a_key_every_keyed_address_answers_401() {
    let folder = tempfile::tempdir().unwrap();
    // Every address is tried with keys that are not accepted.
    let server = Server::start_with(folder.path(), "[limits]\nfailures_per_minute = 0\n");
    let operations = keyed();
    assert!(operations.len() > 50);
    for Keyed { method, path, .. } in operations {
        let response = server.send(method.clone(), &path, &[]).await;
        assert_eq!(header(response.headers(), "www-authenticate"), "Bearer realm=\"Girasol\"");
        assert_problem(&method, response, 401, "key-missing").await;
        for bad in [
            "Bearer nonsense",
            &format!("Bearer girasol_{}_{}", "0".repeat(12), "0".repeat(64)),
            "Bearer \u{e9}",
        ] {
            let response = server.send(method.clone(), &path, &[("authorization", bad)]).await;
            assert_problem(&method, response, 401, "key-refused").await;
        }
    }
}

#[tokio::test]
async fn a_key_opens_the_addresses_of_its_role_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_over(folder.path(), &["serve"]);
    for role in ROLES {
        let bearer = format!("Bearer {}", key(folder.path(), role));
        for operation in keyed() {
            let Keyed { method, path, .. } = &operation;
            let response = server.send(method.clone(), path, &[("authorization", &bearer)]).await;
            if operation.allows(role) {
                assert_never_cached(&response);
                assert!(![401, 403].contains(&response.status().as_u16()), "{method} {path} as {role}");
            } else {
                assert_problem(method, response, 403, "insufficient-role").await;
            }
        }
    }
}

#[tokio::test]
async fn no_other_answer_of_the_private_scope_can_be_cached() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_over(folder.path(), &["serve"]);
    for Keyed { method, path, .. } in keyed() {
        for (method, path) in [
            (Method::TRACE, path.clone()),
            (Method::OPTIONS, path.clone()),
            (method.clone(), format!("{path}/nothing")),
            (method.clone(), path.replacen("/api/", "/api/%6e", 1)),
            (method, format!("{path}?unknown=1")),
        ] {
            assert_never_cached(&server.send(method, &path, &[]).await);
        }
    }
    for path in
        ["/api", "/api/", "/api/nothing", "/preview/nothing", "/preview/nothing/sequence", "/preview/x?y"]
    {
        assert_never_cached(&server.get(path, &[]).await);
    }
}
