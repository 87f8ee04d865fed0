//! Frame sets, and files in one request or in parts.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    artist::{Artist, digest, file, parts_left, ring},
    girasol::{Server, header, problem},
};

#[tokio::test]
async fn a_set_commits_itself_with_its_last_announced_frame() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let artist = Artist::over(data);
    let mut wanted = ring();
    wanted["frames"] = 3.into();
    let set = artist.open(&wanted).await;
    let (one, two) = (file(70_000), file(5));
    let made = artist.put(&set, "ring%20001.png", &one).await;
    assert_eq!(made.status(), 201);
    let made: Value = made.json().await.unwrap();
    assert_eq!(made, json!({ "name": "ring 001.png", "bytes": 70_000, "digest": digest(&one) }));
    // A second file of the same name replaces the first.
    assert_eq!(artist.put(&set, "002.png", &one).await.status(), 201);
    assert_eq!(artist.put(&set, "002.png", &two).await.status(), 201);

    let change = artist.request(Method::PATCH, &set).json(&json!({ "hero": 30, "ground": "#ffffff" }));
    assert_eq!(change.send().await.unwrap().status(), 200);
    let change = artist.request(Method::PATCH, &set).json(&json!({ "clockwise": true }));
    assert_eq!(change.send().await.unwrap().status(), 200);
    let shown = artist.show(&set).await;
    assert_eq!(
        (&shown["state"], &shown["frames"], &shown["bytes"]),
        (&json!("open"), &json!(2), &json!(70_005))
    );
    assert_eq!(shown["settings"]["hero"], 30.0);
    assert_eq!(shown["settings"]["clockwise"], true);
    assert_eq!(shown["files"][0]["digest"], digest(&two));

    assert_eq!(artist.put(&set, "003.png", &two).await.status(), 201);
    assert_eq!(artist.show(&set).await["state"], "committed");
    let commit = artist.request(Method::POST, &format!("{set}/commit"));
    assert_eq!(commit.send().await.unwrap().status(), 200);
    assert_eq!(problem(artist.put(&set, "004.png", &two).await, 409).await, "set-committed");
    let response = artist.request(Method::PATCH, &set).json(&json!({ "hero": 0 })).send().await.unwrap();
    assert_eq!(problem(response, 409).await, "set-committed");
    assert_eq!(parts_left(data), 0);
    let list: Value =
        artist.request(Method::GET, "/api/framesets").send().await.unwrap().json().await.unwrap();
    assert_eq!(list["framesets"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_refused_file_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let mut artist = Artist::over(data);
    let set = artist.open(&ring()).await;
    let wrong = format!("sha-256=:{}:", BASE64_STANDARD.encode(Sha256::digest(b"other")));
    let right = format!("sha-256=:{}:", BASE64_STANDARD.encode(Sha256::digest(b"frame")));
    let put = async |name: &str, digest: &str| {
        let request = artist.request(Method::PUT, &format!("{set}/frames/{name}"));
        request.header("content-digest", digest).body("frame").send().await.unwrap()
    };
    assert_eq!(problem(put("1.png", &wrong).await, 400).await, "digest-mismatch");
    assert_eq!(problem(put("1.png", "sha-256=frame").await, 400).await, "bad-header");
    assert_eq!(put("1.png", &right).await.status(), 201);
    for name in ["..%2f..%2f1.png", ".hidden", "a%5cb.png", "a%00.png", "%ff.png", &"a".repeat(201)] {
        let response = put(name, &right).await;
        assert_eq!(problem(response, 422).await, "bad-field", "{name}");
    }
    let elsewhere = "/api/framesets/00000000000000000000000000000000";
    assert_eq!(problem(artist.put(elsewhere, "1.png", b"frame").await, 404).await, "no-such-frameset");
    assert_eq!(artist.show(&set).await["frames"], 1);
    for (body, slug) in [
        (json!({ "product": "ring" }), "bad-field"),
        (json!({ "product": "ring.solitaire", "choices": { "metal": "Gold!" } }), "bad-field"),
        (json!({ "product": "ring.solitaire", "frames": 0 }), "bad-field"),
        (json!({ "product": "ring.solitaire", "settings": { "hero": 400 } }), "bad-field"),
        (json!({ "choices": {} }), "bad-json"),
    ] {
        let response = artist.request(Method::POST, "/api/framesets").json(&body).send().await.unwrap();
        let status = response.status().as_u16();
        assert_eq!(problem(response, status).await, slug, "{body}");
    }
    let empty = artist.open(&ring()).await;
    let commit = artist.request(Method::POST, &format!("{empty}/commit")).send().await.unwrap();
    assert_eq!(problem(commit, 422).await, "set-empty");
    for set in [&set, &empty] {
        assert_eq!(artist.request(Method::DELETE, set).send().await.unwrap().status(), 204);
    }
    assert_eq!(std::fs::read_dir(data.join("incoming")).unwrap().count(), 0);

    artist.server.signal("TERM");
    artist.server.ended();
    let limits = "[uploads]\nframe_max_bytes = 1000\nset_max_files = 2\nkey_max_open_sets = 1\n";
    std::fs::write(data.join("girasol.toml"), limits).unwrap();
    let config = data.join("girasol.toml");
    artist.server = Server::start_over(data, &["serve", "--config", config.to_str().unwrap()]);
    let set = artist.open(&ring()).await;
    let response = artist.request(Method::POST, "/api/framesets").json(&ring()).send().await.unwrap();
    assert_eq!(problem(response, 429).await, "too-many-sets");
    assert_eq!(problem(artist.put(&set, "1.png", &file(1001)).await, 413).await, "file-too-large");
    assert_eq!(problem(artist.begin(&set, "1.png", 1001).await, 413).await, "file-too-large");
    for name in ["1.png", "2.png"] {
        assert_eq!(artist.put(&set, name, &file(1000)).await.status(), 201);
    }
    let response = artist.put(&set, "3.png", b"frame").await;
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["detail"], "a frame set may have at most 2 files");
    assert_eq!(artist.show(&set).await["frames"], 2);
    assert_eq!(parts_left(data), 0);
}

#[tokio::test]
async fn an_upload_survives_a_killed_server_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let mut artist = Artist::over(data);
    let set = artist.open(&ring()).await;
    let bytes = file(300_000);
    let begun = artist.begin(&set, "001.png", bytes.len()).await;
    assert_eq!(begun.status(), 201);
    assert!(!header(begun.headers(), "upload-expires").is_empty());
    assert_eq!(header(begun.headers(), "tus-resumable"), "1.0.0");
    let upload = header(begun.headers(), "location").to_owned();
    let mut at = 0;
    while at < bytes.len() {
        let end = (at + 70_000).min(bytes.len());
        let sent = artist.part(&upload, at, &bytes[at..end]).send().await.unwrap();
        assert_eq!(sent.status(), 204);
        assert_eq!(header(sent.headers(), "upload-offset"), end.to_string());
        artist.server.signal("KILL");
        artist.server = Server::start_over(data, &["serve"]);
        at = artist.offset(&upload).await;
        assert_eq!(at, end);
    }
    let shown = artist.show(&set).await;
    assert_eq!(shown["files"], json!([{ "name": "001.png", "bytes": 300_000, "digest": digest(&bytes) }]));
    assert_eq!(parts_left(data), 0);
    // A client that missed the last answer can ask again.
    assert_eq!(artist.part(&upload, bytes.len(), b"").send().await.unwrap().status(), 204);
}

#[tokio::test]
async fn tus_behaves_as_its_specification_says() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let artist = Artist::over(data);
    let options = artist.server.send(Method::OPTIONS, "/api/uploads", &[]).await;
    assert_eq!(options.status(), 204);
    for (name, value) in [
        ("tus-version", "1.0.0"),
        ("tus-extension", "creation,creation-with-upload,termination,expiration,checksum"),
        ("tus-checksum-algorithm", "sha1,sha256"),
        ("tus-max-size", "8589934592"),
        ("access-control-allow-origin", "*"),
    ] {
        assert_eq!(header(options.headers(), name), value);
    }
    let set = artist.open(&ring()).await;
    let without_version = artist.request(Method::POST, "/api/uploads").header("upload-length", 5);
    let response = without_version.send().await.unwrap();
    assert_eq!(header(response.headers(), "tus-version"), "1.0.0");
    assert_eq!(problem(response, 412).await, "unsupported-tus-version");
    let without_length = artist.tus(Method::POST, "/api/uploads").send().await.unwrap();
    assert_eq!(problem(without_length, 400).await, "bad-header");
    let without_set =
        artist.tus(Method::POST, "/api/uploads").header("upload-length", 5).send().await.unwrap();
    assert_eq!(problem(without_set, 400).await, "bad-header");
    assert_eq!(problem(artist.begin(&set, "../1.png", 5).await, 422).await, "bad-field");

    let upload = header(artist.begin(&set, "1.png", 10).await.headers(), "location").to_owned();
    let response =
        artist.tus(Method::PATCH, &upload).header("upload-offset", 0).body("x").send().await.unwrap();
    assert_eq!(problem(response, 415).await, "not-a-part");
    let response = artist.part(&upload, 3, b"frame").send().await.unwrap();
    assert_eq!(problem(response, 409).await, "offset-mismatch");
    let response = artist.part(&upload, 0, &file(11)).send().await.unwrap();
    assert_eq!(problem(response, 413).await, "file-too-large");

    let at = artist.offset(&upload).await;
    let checksum = |algorithm: &str, bytes: &[u8]| format!("{algorithm} {}", BASE64_STANDARD.encode(bytes));
    let part = &b"frameframe"[at..];
    let wrong = checksum("sha256", &Sha256::digest(b"other"));
    let response = artist.part(&upload, at, part).header("upload-checksum", wrong).send().await.unwrap();
    assert_eq!(problem(response, 460).await, "checksum-mismatch");
    assert_eq!(artist.offset(&upload).await, at);
    let unknown = checksum("crc32", b"abcd");
    let response = artist.part(&upload, at, part).header("upload-checksum", unknown).send().await.unwrap();
    assert_eq!(problem(response, 400).await, "bad-header");
    let right = checksum("sha256", &Sha256::digest(part));
    // Some proxies refuse PATCH.
    let response = artist
        .tus(Method::POST, &upload)
        .header("x-http-method-override", "PATCH")
        .header("upload-offset", at)
        .header("upload-checksum", right)
        .header("content-type", "application/offset+octet-stream")
        .body(part.to_vec())
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 204);
    assert_eq!(artist.show(&set).await["frames"], 1);

    let upload = header(artist.begin(&set, "2.png", 10).await.headers(), "location").to_owned();
    assert_eq!(artist.part(&upload, 0, b"fra").send().await.unwrap().status(), 204);
    assert_eq!(artist.tus(Method::DELETE, &upload).send().await.unwrap().status(), 204);
    let response = artist.part(&upload, 3, b"me").send().await.unwrap();
    assert_eq!(problem(response, 404).await, "no-such-upload");
    assert_eq!(parts_left(data), 0);
}

#[tokio::test]
async fn a_frame_is_replaced_only_in_the_state_that_the_client_knows() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let artist = Artist::over(data);
    let set = artist.open(&ring()).await;
    let put = async |condition: &str, tag: &str, bytes: &[u8]| {
        let request = artist.request(Method::PUT, &format!("{set}/frames/1.png"));
        request.header(condition, tag).body(bytes.to_vec()).send().await.unwrap()
    };
    let tag = |bytes: &[u8]| format!("\"{}\"", digest(bytes));
    let (first, second) = (file(1000), file(1001));
    assert_eq!(problem(put("if-match", &tag(&first), &second).await, 412).await, "precondition-failed");
    assert_eq!(problem(put("if-match", "*", &second).await, 412).await, "precondition-failed");
    assert_eq!(put("if-none-match", "*", &first).await.status(), 201);
    assert_eq!(problem(put("if-none-match", "*", &second).await, 412).await, "precondition-failed");

    // Of many edits of one state, one is made.
    let edits: Vec<_> = (0..8).map(|n| file(2000 + n)).collect();
    let known = tag(&first);
    let made = futures_util::future::join_all(edits.iter().map(|edit| put("if-match", &known, edit))).await;
    let is_made: Vec<_> = made.iter().map(|made| made.status() == 201).collect();
    assert_eq!(is_made.iter().filter(|made| **made).count(), 1, "{made:?}");
    let winner = &edits[is_made.iter().position(|made| *made).unwrap()];
    assert_eq!(artist.show(&set).await["files"][0]["digest"], digest(winner));

    // An upload in parts is judged when it begins, and when all of it is here.
    let begin = async |condition: &str, tag: &str| {
        let value = |text: &str| BASE64_STANDARD.encode(text);
        let metadata =
            format!("frameset {},filename {}", value(set.rsplit('/').next().unwrap()), value("1.png"));
        let request = artist.tus(Method::POST, "/api/uploads").header(condition, tag);
        request.header("upload-length", 10).header("upload-metadata", metadata).send().await.unwrap()
    };
    assert_eq!(problem(begin("if-none-match", "*").await, 412).await, "precondition-failed");
    let begun = begin("if-match", &tag(winner)).await;
    assert_eq!(begun.status(), 201);
    let upload = header(begun.headers(), "location").to_owned();
    assert_eq!(artist.part(&upload, 0, &file(5)).send().await.unwrap().status(), 204);
    assert_eq!(put("if-match", &tag(winner), &second).await.status(), 201);
    let rest = artist.part(&upload, 5, &file(5)).send().await.unwrap();
    assert_eq!(problem(rest, 412).await, "precondition-failed");
    assert_eq!(artist.show(&set).await["files"][0]["digest"], digest(&second));
    // A retry would not help: the upload is gone.
    assert_eq!(artist.tus(Method::HEAD, &upload).send().await.unwrap().status(), 404);
    let begun = begin("if-match", &tag(&second)).await;
    let upload = header(begun.headers(), "location").to_owned();
    assert_eq!(artist.part(&upload, 0, &file(10)).send().await.unwrap().status(), 204);
    assert_eq!(artist.show(&set).await["files"][0]["digest"], digest(&file(10)));
    assert_eq!(parts_left(data), 0);
}

#[tokio::test]
async fn a_body_that_is_not_the_file_as_it_is_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let artist = Artist::over(folder.path());
    let set = artist.open(&ring()).await;
    let put = async |name: &str, value: &str| {
        let request = artist.request(Method::PUT, &format!("{set}/frames/1.png"));
        request.header(name, value).body(file(10)).send().await.unwrap()
    };
    assert_eq!(problem(put("content-encoding", "gzip").await, 415).await, "body-encoded");
    // A part of a file is not the file (RFC 9110, section 14.5).
    assert_eq!(problem(put("content-range", "bytes 0-9/20").await, 400).await, "bad-header");
    let upload = header(artist.begin(&set, "1.png", 10).await.headers(), "location").to_owned();
    let part = artist.part(&upload, 0, &file(10)).header("content-encoding", "br").send().await.unwrap();
    assert_eq!(problem(part, 415).await, "body-encoded");
    assert_eq!(artist.show(&set).await["frames"], 0);
    assert_eq!(put("content-encoding", "identity").await.status(), 201);
}

#[tokio::test]
async fn an_upload_that_begins_while_its_set_goes_hears_that_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let artist = Artist::over(folder.path());
    for (action, status) in [("delete", 404), ("commit", 409)] {
        let set = artist.open(&ring()).await;
        assert_eq!(artist.put(&set, "1.png", &file(10)).await.status(), 201);
        let gone = async {
            let request = match action {
                "delete" => artist.request(Method::DELETE, &set),
                _ => artist.request(Method::POST, &format!("{set}/commit")),
            };
            assert!(request.send().await.unwrap().status().is_success());
        };
        let names: Vec<String> = (2..12).map(|number| format!("{number}.png")).collect();
        let begun = futures_util::future::join_all(names.iter().map(|name| artist.begin(&set, name, 10)));
        let (begun, ()) = tokio::join!(begun, gone);
        for answer in begun {
            assert!([201, status].contains(&answer.status().as_u16()), "{action}: {answer:?}");
        }
        assert_eq!(artist.begin(&set, "12.png", 10).await.status(), status, "{action}");
    }
}
