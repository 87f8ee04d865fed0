//! What a newcomer meets: wrong paths, empty machines, lists, both spellings of a product, and words in place of codes.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    artist::Artist,
    girasol::{RING, ROSE, Server, draw_turn, girasol, header, ingest, ingest_with, problem, sequence},
    jobs::{PLATINUM, Studio},
};

/// Runs a command in a working directory, over its `./data`.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    girasol().current_dir(folder).args(arguments).output().unwrap()
}

/// What it wrote to stdout and stderr together.
fn said(output: &Output) -> String {
    String::from_utf8([output.stdout.as_slice(), output.stderr.as_slice()].concat()).unwrap()
}

fn json_of(folder: &Path, arguments: &[&str]) -> Value {
    let output = run(folder, arguments);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)))
}

const PRODUCT: [&str; 4] = ["--product", "ring/solitaire", "--choice", "metal=platinum"];

#[test]
fn a_path_to_nothing_is_named_in_full_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let ingest = |source: &str| run(folder.path(), &[&["ingest", source], &PRODUCT[..]].concat());
    let told = said(&ingest("renders/rign"));
    assert!(told.contains("renders/rign cannot be read: No such file or directory\n"), "{told}");
    assert!(told.contains("There is no folder renders either"), "{told}");
    draw_turn(&folder.path().join("renders/ring"), PLATINUM, 12);
    let told = said(&ingest("renders/rign"));
    assert!(told.contains("renders has ring."), "{told}");
    for command in ["check", "report"] {
        let told = said(&run(folder.path(), &[command, "renders/rign"]));
        assert!(told.contains("renders/rign cannot be read"), "{told}");
    }
    // Frames that are refused leave nothing either.
    draw_turn(&folder.path().join("renders/one"), PLATINUM, 1);
    assert_eq!(ingest("renders/one").status.code(), Some(1));
    let import = run(folder.path(), &["product", "import", "ring.toml"]);
    assert!(said(&import).contains("ring.toml cannot be read"), "{}", said(&import));
    assert_eq!(crate::girasol::names(folder.path()), ["renders"]);
}

#[test]
fn a_command_that_needs_data_says_where_it_looked_and_makes_none() {
    let folder = tempfile::tempdir().unwrap();
    for command in [
        "versions",
        "jobs",
        "audit",
        "publish ring.solitaire",
        "rollback ring.solitaire",
        "take-down ring.solitaire",
        "protect ring.solitaire",
        "key list",
        "product list",
        "signing list",
        "store gc",
        "purge --list",
    ] {
        let output = run(folder.path(), &command.split(' ').collect::<Vec<_>>());
        let told = said(&output);
        assert_eq!(output.status.code(), Some(1), "{command}: {told}");
        assert!(
            told.contains("there is no Girasol data in data") && told.contains("--data"),
            "{command}: {told}"
        );
    }
    assert_eq!(crate::girasol::names(folder.path()), [] as [&str; 0]);
}

#[test]
fn versions_are_listed_and_the_newest_is_published_without_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    ingest(&data, "rose-gold", [210, 150, 130], 12);
    ingest_with(&data, "rose-gold", [200, 140, 120], 12, &["--no-publish"]);
    ingest(&data, "yellow-gold", [212, 175, 95], 12);
    let told = said(&run(folder.path(), &["versions", ROSE]));
    let lines: Vec<Vec<&str>> = told.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["configuration", "version", "state", "made", "published"]);
    assert_eq!(lines[1][..3], [ROSE, "3", "waiting"]);
    assert_eq!(lines[2][..3], [ROSE, "2", "live"]);
    assert_eq!(lines[3][..4], [ROSE, "1", "preview", "only"]);

    let listed = json_of(folder.path(), &["versions", "--product", "ring/solitaire", "--live", "--json"]);
    assert_eq!(listed["total"], 2);
    let live = listed["versions"].as_array().unwrap().iter().map(|version| version["configuration"].clone());
    assert_eq!(live.collect::<Vec<_>>(), [RING, ROSE]);
    let told = said(&run(folder.path(), &["versions", "--limit", "2", "--skip", "1"]));
    assert!(told.contains("2 to 3 of 5. The next page: --skip 3"), "{told}");
    let told = said(&run(folder.path(), &["versions", "ring.solitaire.metal-rose-glod.stone-diamond"]));
    assert!(told.contains(&format!("Did you mean {ROSE}?")), "{told}");

    let told = said(&run(folder.path(), &["publish", "ring/solitaire.metal-rose-gold.stone-diamond"]));
    assert_eq!(told, format!("{ROSE}: version 3 is live.\n"));
    let told = said(&run(folder.path(), &["publish", ROSE, "9"]));
    assert!(told.contains("has no version 9") && told.contains("the newest first: 3, 2, 1."), "{told}");
}

#[test]
fn a_first_ingest_says_what_version_1_was() {
    let folder = tempfile::tempdir().unwrap();
    draw_turn(&folder.path().join("ring"), PLATINUM, 12);
    let arguments = [&["ingest", "ring"], &PRODUCT[..]].concat();
    let told = said(&run(folder.path(), &arguments));
    assert!(
        told.contains("Version 2 of ring.solitaire.metal-platinum is live. Version 1 was its preview"),
        "{told}"
    );
}

#[tokio::test]
async fn jobs_and_the_trail_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    let turn = folder.path().join("turn");
    draw_turn(&turn, PLATINUM, 12);
    let studio = Studio::over(&data, "in_server = false\n");
    let queued = studio.send(&turn).await;
    let cancelled = studio.send(&turn).await;
    assert_eq!(studio.ask(Method::POST, &format!("{cancelled}/cancel"), None).await.status(), 200);
    let id = |job: &str| job.rsplit('/').next().unwrap().to_owned();

    let told = said(&run(folder.path(), &["jobs"]));
    assert_eq!(told.lines().count(), 3, "{told}");
    let line = told.lines().find(|line| line.starts_with(&id(&queued))).unwrap();
    assert!(
        line.contains("queued") && line.contains("ring.solitaire metal=platinum stone=diamond"),
        "{told}"
    );
    let listed = json_of(folder.path(), &["jobs", "--state", "cancelled", "--json"]);
    assert_eq!((&listed["total"], &listed["jobs"][0]["id"]), (&json!(1), &json!(id(&cancelled))));
    let told = said(&run(folder.path(), &["jobs", &id(&cancelled)]));
    assert!(told.contains("state      cancelled") && told.contains("it was cancelled"), "{told}");
    let told = said(&run(folder.path(), &["jobs", "00000000000000000000000000000000"]));
    assert!(told.contains("there is no job") && told.contains("girasol jobs"), "{told}");

    let listed = json_of(folder.path(), &["audit", "--action", "job.cancel", "--json"]);
    assert_eq!((&listed["total"], &listed["entries"][0]["subject"]), (&json!(1), &json!(id(&cancelled))));
    let newest = said(&run(folder.path(), &["audit", "--limit", "1"]));
    assert!(newest.lines().nth(1).unwrap().contains("job.cancel") && newest.contains("--skip 1"), "{newest}");
    let none = said(&run(folder.path(), &["audit", "--since", "2999-01-01"]));
    assert_eq!(none, "There is no such change.\n");
}

#[test]
fn open_purges_are_listed_where_no_cache_is_configured() {
    let folder = tempfile::tempdir().unwrap();
    assert!(run(folder.path(), &["key", "create", "--role", "artist"]).status.success());
    let told = said(&run(folder.path(), &["purge", "--list"]));
    assert!(told.starts_with("No cache is configured") && told.contains("[[purge.targets]]"), "{told}");
}

#[tokio::test]
async fn both_spellings_of_a_product_are_answered_and_one_of_them_is_stored() {
    let server = Server::start();
    let right = "/api/products/customizable/ring/solitaire";
    for (other, right) in [
        ("/api/products/customizable/ring.solitaire".to_owned(), right.to_owned()),
        (format!("/api/products/customizable/{}/sequence", RING.replacen('.', "/", 1)), sequence(RING)),
        (format!("/still/{}.jpg", RING.replacen('.', "/", 1)), format!("/still/{RING}.jpg")),
    ] {
        let [right, other] = [server.get(&right, &[]).await, server.get(&other, &[]).await];
        assert_eq!(right.status(), 200);
        assert_eq!(other.status(), 200);
        let headers = other.headers();
        assert_eq!(header(headers, "cache-control"), "private, no-store");
        for name in ["cdn-cache-control", "surrogate-control", "surrogate-key", "cache-tag", "xkey"] {
            assert!(headers.get(name).is_none(), "{name}");
        }
        assert_eq!(right.bytes().await.unwrap(), other.bytes().await.unwrap());
    }
    let body = r#"{"choices": {"metal": "rose-gold"}}"#;
    let answer = server.post(&format!("{right}/configure"), body).await;
    assert_eq!(answer.json::<Value>().await.unwrap()["configId"], ROSE);
    let missing = server.get("/api/products/customizable/ring.halo", &[]).await;
    assert_eq!(problem(missing, 404).await, "no-such-product");
}

#[tokio::test]
async fn a_body_or_query_that_does_not_fit_is_answered_in_plain_words() {
    let folder = tempfile::tempdir().unwrap();
    let artist = Artist::over(folder.path());
    let detail = async |request: reqwest::RequestBuilder| {
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["detail"].as_str().unwrap_or_default().to_owned()
    };
    for (path, body, words) in [
        (
            "/api/sequences/ring.solitaire/publish",
            json!({ "version": "2" }),
            r#"version has to be a whole number, and is the text "2""#,
        ),
        ("/api/framesets", json!({ "choices": {} }), "it lacks the field product"),
        (
            "/api/framesets",
            json!({ "product": "ring", "colour": 1 }),
            "it has no field colour; its fields are product",
        ),
        (
            "/api/framesets",
            json!({ "product": "ring.solitaire", "choices": { "metal": 18 } }),
            "choices.metal has to be text, and is 18",
        ),
        (
            "/api/framesets",
            json!({ "product": "ring.solitaire", "settings": { "hero": "front" } }),
            r#"settings: hero has to be a number, and is the text "front""#,
        ),
    ] {
        let told = detail(artist.request(Method::POST, path).json(&body)).await;
        assert!(told.contains(words), "{path} {body}: {told}");
    }
    let broken = artist
        .request(Method::POST, "/api/framesets")
        .header("content-type", "application/json")
        .body("{\"product\":");
    let told = detail(broken).await;
    assert!(told.contains("it is not JSON from line 1") && told.contains("A body is like"), "{told}");

    let server = Server::start();
    for (query, words) in [
        ("tier=ultra", r#"tier cannot be "ultra" in the query: it is one of still, preview"#),
        ("frames=many", "it is a whole number from 1 on"),
        ("size=2", r#"the unknown key "size": the keys are tier, frames, format, explain"#),
    ] {
        let told = detail(server.request(Method::GET, &format!("{}?{query}", sequence(RING)))).await;
        assert!(told.contains(words), "{query}: {told}");
    }
    let product = "/api/products/customizable/ring/solitaire?metal=brass";
    let told = detail(server.request(Method::GET, product)).await;
    assert!(
        told.contains(r#"metal cannot be "brass" in the query: it is one of yellow-gold, rose-gold"#),
        "{told}"
    );
}

#[test]
fn a_file_that_does_not_parse_names_the_line_in_plain_words() {
    let folder = tempfile::tempdir().unwrap();
    let check = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        said(&run(folder.path(), &["product", "check", name]))
    };
    let told = check("a.toml", "schema = \"girasol/product/1\"\nid = 7\n");
    assert!(told.contains("a.toml is no product: line 2: id has to be text, and is 7"), "{told}");
    let told = check("b.toml", "id = \"ring/solitaire\"\ncolour = 1\n");
    assert!(told.contains("line 2: it has no field colour; its fields are"), "{told}");
    let told = check("c.json", r#"{"schema": 1}"#);
    assert!(told.contains("c.json is no product: schema has to be text, and is 1"), "{told}");
    fs::write(folder.path().join("girasol.toml"), "[server\n").unwrap();
    let told = said(&run(folder.path(), &["versions"]));
    assert!(told.contains("girasol.toml:1: ") && !told.contains('^'), "{told}");
}

/// What a command says of a store in S3 with these settings, and with or without credentials.
fn of_s3(folder: &Path, settings: &str, credentials: bool) -> (Option<i32>, String) {
    draw_turn(&folder.join("ring"), PLATINUM, 12);
    let settings = format!(
        "[store]\nkind = \"s3\"\nregion = \"us-east-1\"\npath_style = true\nattempts = 1\nattempt_timeout_ms = 2000\n{settings}"
    );
    fs::write(folder.join("girasol.toml"), settings).unwrap();
    let mut command: Command = girasol();
    command.current_dir(folder).args(["ingest", "ring"]).args(PRODUCT);
    if !credentials {
        command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
        command.env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    }
    let output = command.output().unwrap();
    assert!(!folder.join("data").exists(), "{}", said(&output));
    (output.status.code(), said(&output))
}

#[test]
fn a_bucket_that_cannot_be_used_is_found_out_before_anything_is_encoded() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = "bucket = \"spins\"\nendpoint = \"http://127.0.0.1:1\"\n";
    for (credentials, reason, remedy) in [
        (false, "there are no credentials", "AWS_ACCESS_KEY_ID"),
        (true, "no answer comes", "store.endpoint"),
    ] {
        let (code, told) = of_s3(folder.path(), nowhere, credentials);
        assert_eq!(code, Some(1), "{told}");
        let first = format!("the bucket spins at http://127.0.0.1:1 cannot be used: {reason}");
        assert!(told.contains(&first) && told.contains(remedy) && !told.contains("encode"), "{told}");
    }
    let Some(server) = crate::bucket_server::address() else { return };
    let missing = format!("bucket = \"no-such-bucket\"\nendpoint = \"{server}\"\n");
    let (code, told) = of_s3(folder.path(), &missing, true);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("the bucket does not exist") && told.contains("Create the bucket"), "{told}");
    let serve =
        girasol().current_dir(folder.path()).args(["serve", "--listen", "127.0.0.1:0"]).output().unwrap();
    assert!(said(&serve).contains("the bucket does not exist"), "{}", said(&serve));
}
