//! Protected sequences: nothing of them is public, and signed addresses show them until they end.

mod tokens;

use std::{collections::BTreeSet, path::Path};

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::{
    artist::Artist,
    bucket_fixture::Bucket,
    fault_proxy::Faults,
    girasol::{Server, draw_turn, girasol, header, ingest, ingest_with, problem, sequence},
};

const GOLD: &str = "ring.solitaire.metal-gold.stone-diamond";
const SECRET: &str = "ring.solitaire.metal-unobtainium.stone-diamond";
const PRODUCT: &str = "/api/products/customizable/ring/solitaire";

fn run(data: &Path, arguments: &[&str]) -> (bool, String) {
    let output = girasol().args(arguments).arg("--data").arg(data).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

fn json_of(data: &Path, arguments: &[&str]) -> Value {
    let output = girasol().args(arguments).arg("--data").arg(data).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The address up to the token's end.
fn signed(data: &Path, configuration: &str) -> String {
    let answer = json_of(data, &["sign", configuration, "--json"]);
    answer["sequence"].as_str().unwrap().strip_suffix("/sequence").unwrap().to_owned()
}

/// Every digest that a manifest names, and every file of it, from where its templates lead.
fn files(manifest: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut digests, mut files) = (BTreeSet::new(), BTreeSet::new());
    for tier in manifest["tiers"].as_object().unwrap().values() {
        for (format, rendition) in tier["formats"].as_object().unwrap() {
            let set = rendition["set"].as_str().unwrap();
            digests.insert(set.to_owned());
            let degrees = tier["degrees"].as_array().unwrap().iter().map(|degree| degree.as_u64().unwrap());
            files.extend(degrees.map(|degree| format!("s/{set}/{degree:03}.{format}")));
            for pack in rendition["packs"].as_array().unwrap() {
                let pack = pack["pack"].as_str().unwrap();
                digests.insert(pack.to_owned());
                files.insert(format!("p/{pack}.pack"));
            }
        }
    }
    (digests, files)
}

fn is_private(response: &Response) {
    let headers = response.headers();
    assert_eq!(header(headers, "cache-control"), "private, no-store", "{}", response.url());
    assert_eq!(header(headers, "access-control-allow-origin"), "*");
    for name in ["surrogate-key", "cache-tag", "xkey", "cdn-cache-control", "surrogate-control", "link"] {
        assert!(!headers.contains_key(name), "{name} at {}", response.url());
    }
}

/// Everything that an answer says, but for what the client itself sent in the address.
async fn said(response: Response) -> String {
    let headers = format!("{:?}", response.headers());
    headers + &String::from_utf8_lossy(&response.bytes().await.unwrap())
}

/// Every file of a signed manifest is there, and nothing of it may be kept.
async fn shows_all(server: &Server, base: &str) -> Value {
    let response = server.get(&format!("{base}/sequence?tier=hd"), &[]).await;
    is_private(&response);
    assert_eq!(response.status(), 200);
    assert_eq!(header(response.headers(), "referrer-policy"), "no-referrer");
    let manifest: Value = response.json().await.unwrap();
    let (_, mut files) = files(&manifest);
    files.extend(["avif", "webp", "jpg"].map(|format| format!("still.{format}")));
    files.insert(format!("{}.json", manifest["digest"].as_str().unwrap()));
    let template = |name: &str| manifest["urls"][name].as_str().unwrap().to_owned();
    assert_eq!([template("frame"), template("pack")], ["s/{set}/{degree}.{format}", "p/{pack}.pack"]);
    assert_eq!([template("still"), template("manifest")], ["still.{format}", "{digest}.json"]);
    for file in &files {
        let response = server.get(&format!("{base}/{file}"), &[]).await;
        assert_eq!(response.status(), 200, "{file}");
        is_private(&response);
    }
    manifest
}

/// No public answer says anything of these.
async fn nothing_leaks(
    server: &Server,
    configuration: &str,
    words: &BTreeSet<String>,
    files: &BTreeSet<String>,
) {
    let direct = [
        sequence(configuration),
        format!("{}?tier=hd&format=webp", sequence(configuration)),
        format!("{}?explain=1", sequence(configuration)),
        format!("/m/{configuration}/auto"),
        format!("/still/{configuration}.avif"),
        format!("/still/{configuration}.webp"),
        format!("/still/{configuration}.jpg"),
        format!("/api/products/customizable/{configuration}/status"),
    ];
    for path in &direct {
        // A server follows within a second.
        let mut response = server.get(path, &[]).await;
        while response.status() != 403 {
            response = server.get(path, &[]).await;
        }
        is_private(&response);
        let text = said(response).await;
        assert!(text.contains("girasol:protected"), "{text}");
        assert!(!words.iter().any(|word| text.contains(word)), "{path}: {text}");
    }
    let manifests = words.iter().map(|digest| format!("m/{digest}.json"));
    let lists = words.iter().map(|set| format!("s/{set}/frames.txt"));
    for file in files.iter().cloned().chain(manifests).chain(lists) {
        let mut response = server.get(&format!("/{file}"), &[]).await;
        // It leaves memory within a second; until then it may be named there and be gone.
        while response.status() != 404 {
            response = server.get(&format!("/{file}"), &[]).await;
        }
        assert_eq!(response.status(), 404, "{file}");
        let text = said(response).await;
        assert!(!text.contains(configuration), "{file}: {text}");
    }
    // What stands beside it is as old as a second, too.
    for path in [PRODUCT, &sequence(GOLD)] {
        while said(server.get(path, &[]).await).await.contains(configuration) {
            tokio::task::yield_now().await;
        }
    }
    let mut others = vec![server.get(PRODUCT, &[]).await];
    for path in [sequence(GOLD), format!("{}?explain=1", sequence(GOLD)), "/api/openapi.json".to_owned()] {
        others.push(server.get(&path, &[]).await);
    }
    for metal in ["gold", "unobtainium", "tin"] {
        let body = json!({ "choices": { "metal": metal } }).to_string();
        others.push(server.post("/api/products/customizable/ring.solitaire/configure", &body).await);
    }
    for response in others {
        let (path, asked) = (response.url().to_string(), response.status());
        let text = said(response).await.replace("has no choice \\\"unobtainium\\\"", "");
        assert!(!words.iter().any(|word| text.contains(word)), "{path} {asked}: {text}");
    }
}

#[tokio::test]
async fn what_is_protected_from_the_start_was_never_public() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest_with(data, "unobtainium", [90, 200, 210], 12, &["--protected"]);
    assert!(!data.join("objects/m").exists() && !data.join("objects/s").exists());
    let artist = Artist::over(data);
    let server = &artist.server;
    // The product has nothing else.
    assert_eq!(problem(server.get(PRODUCT, &[]).await, 404).await, "no-such-product");
    let configure = server.post("/api/products/customizable/ring.solitaire/configure", "{}").await;
    assert_eq!(problem(configure, 404).await, "no-such-product");

    ingest(data, "gold", [212, 175, 95], 12);
    while server.get(PRODUCT, &[]).await.status() == 404 {
        tokio::task::yield_now().await;
    }
    let product = server.json(PRODUCT).await;
    let metal = &product["options"][0];
    assert_eq!((&metal["default"], &metal["choices"].as_array().unwrap().len()), (&json!("gold"), &1));
    assert_eq!(product["default"]["configId"], GOLD);

    let base = signed(data, SECRET);
    let manifest = shows_all(server, &base).await;
    assert_eq!(manifest["siblings"], json!([]));
    let (mut words, files) = files(&manifest);
    words.insert(manifest["digest"].as_str().unwrap().to_owned());
    words.extend([SECRET.to_owned(), "unobtainium".to_owned(), "Unobtainium".to_owned()]);
    nothing_leaks(server, SECRET, &words, &files).await;

    // Parts and conditions work as they do in public.
    let pack = files.iter().find(|file| file.starts_with("p/")).unwrap();
    let part = server.get(&format!("{base}/{pack}"), &[("range", "bytes=10-19")]).await;
    assert_eq!(
        (part.status().as_u16(), header(part.headers(), "content-range").split('/').next()),
        (206, Some("bytes 10-19"))
    );
    is_private(&part);
    let tag = header(part.headers(), "etag").to_owned();
    let again = server.get(&format!("{base}/{pack}"), &[("if-none-match", &tag)]).await;
    assert_eq!(again.status(), 304);
    is_private(&again);
    let head = server.send(Method::HEAD, &format!("{base}/sequence"), &[]).await;
    assert_eq!(head.status(), 200);
    is_private(&head);
    for nothing in ["", "/", "/x", "/still.gif", "/s/x/000.avif", "/p/00000000000000000000000000000000.pack"]
    {
        let response = server.get(&format!("{base}{nothing}"), &[]).await;
        assert_eq!(response.status(), 404, "{nothing}");
    }
    let compressed = server.get(&format!("{base}/sequence"), &[("accept-encoding", "br")]).await;
    assert_eq!(header(compressed.headers(), "content-encoding"), "br");

    // A token of another configuration opens nothing of this one.
    ingest_with(data, "adamant", [40, 40, 60], 12, &["--protected"]);
    let other = signed(data, "ring.solitaire.metal-adamant.stone-diamond");
    shows_all(server, &other).await;
    for file in files.iter().cloned().chain([format!("{}.json", manifest["digest"].as_str().unwrap())]) {
        let refused = server.get(&format!("{other}/{file}"), &[]).await;
        is_private(&refused);
        assert_eq!(problem(refused, 404).await, "no-such-file", "{file}");
    }

    // For signed-in clients.
    let ask = async |method: Method, path: &str, body: Value| {
        artist.request(method, path).json(&body).send().await.unwrap()
    };
    let products: Value = ask(Method::GET, "/api/products", json!(null)).await.json().await.unwrap();
    let configurations = products["products"][0]["configurations"].as_array().unwrap();
    let own = configurations.iter().find(|one| one["id"] == SECRET).unwrap();
    assert_eq!((&own["protected"], &own["live"]), (&json!(true), &json!(2)));
    assert_eq!(server.get(own["still"].as_str().unwrap(), &[]).await.status(), 200);
    let shown: Value =
        ask(Method::GET, &format!("/api/sequences/{SECRET}"), json!(null)).await.json().await.unwrap();
    assert_eq!(shown["protected"], true);
    assert_eq!(server.json(shown["sequence"].as_str().unwrap()).await["version"], 2);
    let own = shown["versions"][0]["manifest"].as_str().unwrap();
    assert_eq!(server.json(own).await["version"], 2);
    let versions = format!("/api/sequences/{SECRET}/versions/2");
    let detail: Value = ask(Method::GET, &versions, json!(null)).await.json().await.unwrap();
    let own: Value =
        ask(Method::GET, detail["sequence"].as_str().unwrap(), json!(null)).await.json().await.unwrap();
    let look: Value = ask(Method::POST, &format!("{versions}/preview-link"), json!({ "hours": 1 }))
        .await
        .json()
        .await
        .unwrap();
    let look = server.json(look["sequence"].as_str().unwrap().strip_prefix(&server.base).unwrap()).await;
    for manifest in [own, look] {
        let rendition = &manifest["tiers"]["preview"]["formats"]["webp"];
        let pack = rendition["packs"][0]["pack"].as_str().unwrap();
        let template = manifest["urls"]["pack"].as_str().unwrap();
        assert!(template.starts_with("/signed/"), "{template}");
        assert_eq!(server.get(&template.replace("{pack}", pack), &[]).await.status(), 200);
        let template = manifest["urls"]["manifest"].as_str().unwrap();
        let stored = template.replace("{digest}", manifest["digest"].as_str().unwrap());
        assert_eq!(server.json(&stored).await["version"], 2);
    }

    let sign = async |body: Value| ask(Method::POST, &format!("/api/sequences/{SECRET}/sign"), body).await;
    let made = sign(json!({ "hours": 24 })).await;
    assert_eq!(made.status(), 201);
    let made: Value = made.json().await.unwrap();
    let address = made["sequence"].as_str().unwrap().strip_prefix(&server.base).unwrap();
    assert_eq!(server.json(address).await["version"], 2);
    assert_eq!(problem(sign(json!({ "hours": 0 })).await, 422).await, "bad-field");
    let public = ask(Method::POST, &format!("/api/sequences/{GOLD}/sign"), json!({ "hours": 1 })).await;
    assert_eq!(problem(public, 409).await, "not-protected");
    let keyless = server.post(&format!("/api/sequences/{SECRET}/sign"), r#"{"hours": 1}"#).await;
    assert_eq!(problem(keyless, 401).await, "key-missing");

    // Another version of it is private as well, without a word, and what is public cannot be made so by adding to it.
    ingest_with(data, "unobtainium", [90, 100, 210], 12, &[]);
    assert!(
        !std::fs::read_dir(data.join("objects/m"))
            .unwrap()
            .flatten()
            .any(|file| { std::fs::read_to_string(file.path()).unwrap().contains("unobtainium") })
    );
    let turn = data.join("raw-gold");
    let (turn, again) =
        (turn.to_str().unwrap(), ["--product", "ring/solitaire", "--new-choice", "--protected", "--choice"]);
    let (done, why) =
        run(data, &[&["ingest", turn], &again[..], &["metal=gold", "--choice", "stone=diamond"]].concat());
    assert!(!done && why.contains("girasol protect"), "{why}");
    // Nor what would show in what is public, whether it is new or protected already.
    for metal in ["metal=tin", "metal=unobtainium"] {
        let engraved = [metal, "--choice", "stone=diamond", "--choice", "engraving=star"];
        let (done, why) = run(data, &[&["ingest", turn], &again[..], &engraved].concat());
        assert!(!done && why.contains("engraving"), "{why}");
    }
    let engraved = [
        "--new-choice",
        "--choice",
        "metal=unobtainium",
        "--choice",
        "stone=diamond",
        "--choice",
        "engraving=star",
    ];
    let (done, why) = run(data, &[&["ingest", turn, "--product", "ring/solitaire"], &engraved[..]].concat());
    assert!(!done && why.contains("engraving"), "{why}");

    // Released, it is like any other.
    assert!(run(data, &["unprotect", SECRET]).0);
    assert!(run(data, &["unprotect", SECRET]).1.contains("already"));
    while server.get(&sequence(SECRET), &[]).await.status() != 200 {
        tokio::task::yield_now().await;
    }
    let mut product = server.json(PRODUCT).await;
    while product["options"][0]["choices"].as_array().unwrap().len() < 2 {
        product = server.json(PRODUCT).await;
    }
    let choices = product["options"][0]["choices"].as_array().unwrap();
    let choice = choices.iter().find(|choice| choice["value"] == "unobtainium").unwrap();
    assert!(choice["swatch"].as_str().is_some_and(|swatch| swatch.starts_with('#')), "{choice}");
}

#[tokio::test]
async fn what_was_public_is_nowhere_to_be_found_until_it_is_lifted() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest(data, "gold", [212, 175, 95], 12);
    ingest(data, "unobtainium", [90, 200, 210], 12);
    protects_and_lifts(data, &Artist::over(data), &[]).await;
    assert!(!data.join("objects/private").exists(), "nothing is left of the private namespace");
}

#[tokio::test]
async fn in_s3_it_is_nowhere_to_be_found_either() {
    let Some(bucket) = Bucket::new("signed-spins", Faults::None).await else { return };
    bucket.ingest("gold", [212, 175, 95]);
    bucket.ingest("unobtainium", [90, 200, 210]);
    let config = bucket.config();
    let bearer = format!("Bearer {}", crate::girasol::key(bucket.data(), "artist"));
    let artist = Artist { server: bucket.serve(), bearer };
    protects_and_lifts(bucket.data(), &artist, &["--config", &config]).await;
}

async fn protects_and_lifts(data: &Path, artist: &Artist, flags: &[&str]) {
    let server = &artist.server;
    let post = async |verb: &str| {
        let path = format!("/api/sequences/{SECRET}/{verb}");
        artist.request(Method::POST, &path).send().await.unwrap()
    };
    let before = server.json(&format!("{}?tier=hd", sequence(SECRET))).await;
    assert_eq!(server.json(&sequence(GOLD)).await["siblings"][0]["configuration"], SECRET);
    let (mut words, public) = files(&before);
    for file in &public {
        assert_eq!(server.get(&format!("/{file}"), &[]).await.status(), 200);
    }
    words.insert(before["digest"].as_str().unwrap().to_owned());
    words.extend([SECRET.to_owned(), "unobtainium".to_owned(), "Unobtainium".to_owned()]);

    let answer = post("protect").await;
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(
        (&answer["protected"], &answer["live"], &answer["versions"][0]["version"]),
        (&json!(true), &json!(3), &json!(3))
    );
    assert_eq!(post("protect").await.status(), 200, "it is so already");
    let token = answer["sequence"].as_str().unwrap().strip_suffix("/sequence").unwrap();
    while server.get(&format!("{token}/sequence"), &[]).await.status() != 200 {
        tokio::task::yield_now().await;
    }
    let manifest = shows_all(server, token).await;
    words.insert(manifest["digest"].as_str().unwrap().to_owned());
    nothing_leaks(server, SECRET, &words, &public).await;
    // What the other one shows stays.
    let gold = server.json(&sequence(GOLD)).await;
    for file in files(&gold).1 {
        assert_eq!(server.get(&format!("/{file}"), &[]).await.status(), 200);
    }
    // Nothing of it is garbage.
    let collect = [&["store", "gc", "--json", "--grace-hours", "0"], flags].concat();
    json_of(data, &collect);
    shows_all(server, token).await;

    let answer: Value = post("unprotect").await.json().await.unwrap();
    assert_eq!((&answer["protected"], &answer["live"]), (&json!(false), &json!(4)));
    while server.get(&sequence(SECRET), &[]).await.status() != 200 {
        tokio::task::yield_now().await;
    }
    let after = server.json(&format!("{}?tier=hd", sequence(SECRET))).await;
    assert_eq!((&after["version"], &after["tiers"]), (&json!(4), &before["tiers"]));
    for file in &public {
        assert_eq!(server.get(&format!("/{file}"), &[]).await.status(), 200, "{file}");
    }
    let gone = server.get(&format!("{token}/p/00000000000000000000000000000000.pack"), &[]).await;
    assert_eq!(problem(gone, 404).await, "no-such-file");
    // An address that is still out there leads on.
    let released = server.get(&format!("{token}/sequence?tier=hd"), &[]).await;
    assert_eq!(released.status(), 307);
    assert_eq!(header(released.headers(), "location"), format!("{}?tier=hd", sequence(SECRET)));
    is_private(&released);
    let collected = json_of(data, &collect);
    assert_eq!(collected["objects"], 0, "{collected}");

    // Taken down while it is protected, it is as private as before.
    assert_eq!(post("protect").await.status(), 200);
    let take_down = artist.request(Method::POST, &format!("/api/sequences/{SECRET}/take-down"));
    let taken_down = take_down.json(&json!({ "confirm": SECRET })).send().await.unwrap();
    assert_eq!(taken_down.status(), 200);
    nothing_leaks(server, SECRET, &words, &public).await;
    while server.get(&format!("{token}/sequence"), &[]).await.status() == 200 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_frame_set_that_is_protected_becomes_a_protected_version() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let artist = Artist::over(data);
    let turn = data.join("raw");
    draw_turn(&turn, [90, 200, 210], 12);
    let set = artist
        .open(
            &json!({ "product": "ring.solitaire", "choices": { "metal": "unobtainium" }, "protected": true }),
        )
        .await;
    assert_eq!(artist.show(&set).await["protected"], true);
    for file in std::fs::read_dir(&turn).unwrap().flatten() {
        let name = file.file_name().into_string().unwrap();
        assert!(artist.put(&set, &name, &std::fs::read(file.path()).unwrap()).await.status().is_success());
    }
    let committed = artist.request(Method::POST, &format!("{set}/commit")).send().await.unwrap();
    let committed: Value = committed.json().await.unwrap();
    let job = format!("/api/jobs/{}", committed["job"]["id"].as_str().unwrap());
    let id = "ring.solitaire.metal-unobtainium";
    loop {
        let job: Value = artist.request(Method::GET, &job).send().await.unwrap().json().await.unwrap();
        assert_ne!(job["state"], "failed", "{job}");
        let status =
            artist.server.get(&format!("/api/products/customizable/{id}/status"), &[]).await.status();
        assert!(status == 404 || status == 403, "{status}");
        if job["state"] == "ready" {
            break;
        }
        tokio::task::yield_now().await;
    }
    let shown: Value = artist
        .request(Method::GET, &format!("/api/sequences/{id}"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!((&shown["protected"], &shown["live"]), (&json!(true), &json!(null)));
    assert!(!data.join("objects/m").exists());
}
