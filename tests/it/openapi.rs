//! The OpenAPI document says what the server does: the same addresses, the same methods, the same problems.

use std::{collections::BTreeSet, fs, path::Path};

use reqwest::Method;
use serde_json::Value;

use crate::girasol::{Server, header, key, problem};

/// Pages for people and what they load, which the document leaves out.
const PAGES: &[&str] = &[
    "/",
    "/demo-first.js",
    "/demo.css",
    "/demo.js",
    "/docs",
    "/docs.css",
    "/docs.js",
    "/ops",
    "/ops.LICENSES.txt",
    "/ops.css",
    "/ops.js",
    "/preview.css",
    "/studio",
    "/studio.LICENSES.txt",
    "/studio.css",
    "/studio.js",
];

/// What stands before an address in the route lists, and where an address that is answered in two places has its name.
const REGISTERS: &[&str] =
    &["read(", "write(", "address(", "address_of_any_name(", "measured(", "resource(", ": &str ="];
/// The route lists, and what has names of addresses.
const LISTS: &[&str] = &[
    "src/http.rs",
    "src/http/public.rs",
    "src/http/public/objects.rs",
    "src/http/public/sequence.rs",
    "src/http/private.rs",
    "src/http/operator.rs",
];

fn source(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The document of the server.
pub(crate) fn document() -> Value {
    serde_json::from_slice(&girasol::http::openapi_json()).unwrap()
}

/// Each operation: address, method in capitals, and what is said of it.
pub(crate) fn operations(document: &Value) -> Vec<(&str, String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item)| {
        let item: &Value = item;
        let methods = item.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters");
        methods.map(move |(method, operation)| (path, method.to_uppercase(), operation))
    };
    paths.iter().map(|(path, item)| (path.as_str(), item)).flat_map(of_path).collect()
}

/// What a reference leads to; anything else is itself.
pub(crate) fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(reference.strip_prefix('#').unwrap()).expect(reference),
        None => value,
    }
}

/// An address with the examples in the place of its parameters.
pub(crate) fn filled(document: &Value, path: &str) -> String {
    let item = document["paths"][path].as_object().unwrap();
    let shared = item.get("parameters").into_iter();
    let own = item.values().map(|operation| &operation["parameters"]);
    let parameters = shared.chain(own).filter_map(Value::as_array).flatten();
    parameters
        .map(|parameter| resolve(document, parameter))
        .filter(|parameter| parameter["in"] == "path")
        .fold(path.to_owned(), |path, parameter| {
            let example = &parameter["example"];
            let example = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
            path.replace(&format!("{{{}}}", parameter["name"].as_str().unwrap()), &example)
        })
}

/// An address without its parameters' names, which the document and the route list choose for themselves.
fn shape(path: &str) -> String {
    let part = |part| if str::contains(part, '{') { "{}" } else { part };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Every address in the route lists.
fn registered() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in LISTS {
        let text = source(file);
        let pieces: Vec<_> = text.split('"').collect();
        for pair in pieces.windows(2) {
            let begins = REGISTERS.iter().any(|register| pair[0].trim_end().ends_with(register));
            if begins && pair[1].starts_with('/') && !PAGES.contains(&pair[1]) {
                found.insert(shape(pair[1]));
            }
        }
    }
    found
}

#[test]
fn the_document_has_every_address_of_the_route_lists_and_no_other() {
    let document = document();
    let described: BTreeSet<_> = operations(&document).iter().map(|(path, ..)| shape(path)).collect();
    assert!(described.len() > 30);
    assert_eq!(described, registered());
}

#[actix_web::test]
async fn the_server_answers_every_method_that_the_document_has() {
    let (server, document) = (Server::start(), document());
    for (path, method, _) in operations(&document) {
        let answer = server.send(Method::OPTIONS, &filled(&document, path), &[]).await;
        assert_eq!(answer.status(), 204, "{path}");
        let mut allowed = header(answer.headers(), "allow").split(", ");
        assert!(allowed.any(|allowed| allowed == method), "{method} {path}");
    }
}

/// Of two types with one name the document has one, which then describes the answers of both.
#[test]
fn no_two_types_have_one_name_in_the_document() {
    let mut seen = BTreeSet::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/wire")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        for after in text.split("ToSchema").skip(1) {
            let Some((attributes, rest)) = after
                .split_once(" struct ")
                .into_iter()
                .chain(after.split_once(" enum "))
                .min_by_key(|(before, _)| before.len())
            else {
                continue;
            };
            // An import, or a type that is named otherwise.
            if !attributes.starts_with([')', ',']) || attributes.contains("as = ") {
                continue;
            }
            let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
            assert!(seen.insert(name.clone()), "{name}");
        }
    }
    assert!(seen.len() > 50, "{}", seen.len());
}

/// The TypeScript types come from this copy; `make wire` writes both.
#[test]
fn the_copy_of_the_document_for_typescript_is_current() {
    let pretty = serde_json::to_string_pretty(&document()).unwrap() + "\n";
    expect_test::expect_file!["../../viewer/openapi.json"].assert_eq(&pretty);
}

#[actix_web::test]
async fn the_server_has_a_page_at_its_own_address_that_leads_on() {
    let server = Server::start();
    let page = server.get("/", &[]).await;
    assert_eq!(page.status(), 200);
    assert_eq!(header(page.headers(), "content-type"), "text/html; charset=utf-8");
    assert_eq!(header(page.headers(), "cache-control"), "private, no-store");
    let policy = header(page.headers(), "content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    let text = page.text().await.unwrap();
    for part in ["/studio", "/docs", "/api/health", "girasol key create", "/girasol-spin.js"] {
        assert!(text.contains(part), "{part}");
    }
    let unknown = server.get("/nothing", &[]).await;
    assert_eq!(unknown.status(), 404);
    assert_eq!(header(unknown.headers(), "content-type"), "application/problem+json");
}

#[actix_web::test]
async fn the_document_and_its_page_are_served() {
    let server = Server::start();
    let answer = server.get("/api/openapi.json", &[]).await;
    assert_eq!(answer.status(), 200);
    for (name, value) in [
        ("content-type", "application/json"),
        ("cache-control", "public, no-cache"),
        ("access-control-allow-origin", "*"),
    ] {
        assert_eq!(header(answer.headers(), name), value);
    }
    assert_eq!(answer.json::<Value>().await.unwrap(), document());

    let page = server.get("/docs", &[]).await;
    assert_eq!(page.status(), 200);
    let policy = header(page.headers(), "content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    let page = page.text().await.unwrap();
    assert!(!page.contains("://"), "the page names no other place");
    for (file, media_type) in [("/docs.js", "text/javascript"), ("/docs.css", "text/css; charset=utf-8")] {
        assert!(page.contains(&format!("\"{file}\"")), "{file}");
        let answer = server.get(file, &[]).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(header(answer.headers(), "content-type"), media_type);
    }
}

#[test]
fn references_lead_somewhere_and_operations_have_names_of_their_own() {
    fn follow(document: &Value, value: &Value) {
        resolve(document, value);
        match value {
            Value::Object(fields) => fields.values().for_each(|value| follow(document, value)),
            Value::Array(items) => items.iter().for_each(|value| follow(document, value)),
            _ => {}
        }
    }
    let document = document();
    follow(&document, &document);
    let operations = operations(&document);
    let names: BTreeSet<_> =
        operations.iter().map(|(.., operation)| operation["operationId"].as_str()).collect();
    assert_eq!(names.len(), operations.len());
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn the_document_names_the_problems_that_there_are() {
    let text = document().to_string();
    let named: BTreeSet<_> = text
        .split("urn:problem-type:girasol:")
        .skip(1)
        .map(|after| {
            after.split(|letter: char| !letter.is_ascii_lowercase() && letter != '-').next().unwrap()
        })
        .filter(|slug| !slug.is_empty())
        .collect();

    let own: BTreeSet<_> = girasol::http::problems().iter().map(|kind| kind.slug).collect();
    // The document has no operation with a method that an address does not answer.
    let missing: Vec<_> = own.difference(&named).filter(|slug| **slug != "wrong-method").collect();
    assert!(missing.is_empty(), "{missing:?}");
    let unknown: Vec<_> = named.difference(&own).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn a_refused_file_has_the_slug_that_the_pipeline_gives_it() {
    let text = source("assets-pipeline/src/read/refusal.rs");
    let given = text.split("pub fn slug").nth(1).unwrap().split("pub fn ").next().unwrap();
    let own: BTreeSet<_> = girasol::http::problems().iter().map(|kind| kind.slug).collect();
    for slug in given.split('"').skip(1).step_by(2).filter(|slug| *slug != "io") {
        assert!(own.contains(slug), "{slug}");
    }
}

/// The most bytes of a body, as the answer 413 of an operation says it; `None` where it takes no JSON.
fn max_body_bytes(document: &Value, operation: &Value) -> Option<usize> {
    operation["requestBody"]["content"].get("application/json")?;
    let words = resolve(document, &operation["responses"]["413"])["description"].as_str()?;
    let (amount, unit) = words.strip_prefix("The body is larger than ")?.split_once(' ')?;
    let bytes = if unit.starts_with("MiB") { 1 << 20 } else { 1 << 10 };
    Some(amount.parse::<usize>().unwrap() * bytes)
}

#[actix_web::test]
async fn a_body_may_have_as_many_bytes_as_the_document_says() {
    let folder = tempfile::tempdir().unwrap();
    let bearer = format!("Bearer {}", key(folder.path(), "admin"));
    let (server, document) = (Server::start_over(folder.path(), &["serve"]), document());
    let mut measured = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let Some(max_bytes) = max_body_bytes(&document, operation) else { continue };
        let send = async |bytes: usize| {
            let method: Method = method.parse().unwrap();
            let request = server.request(method, &filled(&document, path)).header("authorization", &bearer);
            request.header("content-type", "application/json").body(" ".repeat(bytes)).send().await.unwrap()
        };
        let most = send(max_bytes).await.status().as_u16();
        // An operation that looks for what its address names first finds nothing here.
        if most == 400 {
            assert_eq!(problem(send(max_bytes + 1).await, 413).await, "body-too-large", "{method} {path}");
            measured.insert(operation["operationId"].as_str().unwrap());
        } else {
            assert!([404, 409].contains(&most), "{method} {path}: {most}");
        }
    }
    for name in ["renameFrames", "importProduct", "openFrameset", "mendFrameset", "createKey"] {
        assert!(measured.contains(name), "{name}: {measured:?}");
    }
}
