//! Frames that go straight into the bucket: by leave that was signed, or by rclone into a place of their own.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    artist::{Artist, digest, file, parts_left, ring},
    bucket_fixture::Bucket,
    bucket_server,
    fault_proxy::Faults,
    girasol::{Server, draw_turn, header, key, problem, sequence},
};

const RING: &str = "ring.solitaire.metal-platinum.stone-diamond";
/// moto accepts every role.
const ROLE: &str = "upload_role = 'arn:aws:iam::123456789012:role/frames'";

impl Bucket {
    fn artist(&self, server: Server) -> Artist {
        Artist { server, bearer: format!("Bearer {}", key(self.data(), "artist")) }
    }

    /// The names of a set's files that wait in the bucket.
    async fn waiting(&self, set: &str) -> Vec<String> {
        self.names(&format!("spins/incoming/{}/", set.rsplit('/').next().unwrap())).await
    }

    /// Sends a folder's files to the set's prefix in the bucket.
    async fn fill(&self, set: &str, folder: &Path) {
        let id = set.rsplit('/').next().unwrap();
        for file in fs::read_dir(folder).unwrap().flatten() {
            let name = format!("spins/incoming/{id}/{}", file.file_name().to_str().unwrap());
            self.put(&name, fs::read(file.path()).unwrap()).await;
        }
    }
}

impl Artist {
    async fn post(&self, path: &str, body: Option<&Value>) -> reqwest::Response {
        let request = self.request(Method::POST, path);
        body.iter().fold(request, reqwest::RequestBuilder::json).send().await.unwrap()
    }

    async fn answer(&self, path: &str, body: Option<&Value>) -> Value {
        let response = self.post(path, body).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(header(response.headers(), "cache-control"), "private, no-store");
        response.json().await.unwrap()
    }

    /// Opens a set and its prefix in the bucket.
    async fn open_in_bucket(&self) -> (String, Value) {
        let wanted =
            json!({ "product": "ring.solitaire", "choices": { "metal": "platinum", "stone": "diamond" } });
        let set = self.open(&wanted).await;
        let bucket = self.answer(&format!("{set}/bucket"), None).await;
        (set, bucket)
    }

    /// The path of the job that a commit queues.
    async fn commit(&self, set: &str) -> String {
        let set = self.answer(&format!("{set}/commit"), None).await;
        format!("/api/jobs/{}", set["job"]["id"].as_str().unwrap())
    }

    /// The end of a job, and its events.
    async fn ended(&self, job: &str) -> (Value, String) {
        let events = self.request(Method::GET, &format!("{job}/events")).send().await.unwrap();
        let events = events.text().await.unwrap();
        (self.request(Method::GET, job).send().await.unwrap().json().await.unwrap(), events)
    }
}

#[tokio::test]
async fn the_bucket_takes_a_file_only_as_it_was_announced() {
    let Some(bucket) = Bucket::new("presigned", Faults::None).await else { return };
    let artist = bucket.artist(bucket.serve());
    let set = artist.open(&ring()).await;
    let (one, two) = (file(70_000), file(5));
    let wanted = json!({ "files": [
        { "name": "ring 001+ü&=%20.png", "bytes": one.len() },
        { "name": "002.png", "bytes": two.len(), "sha256": BASE64_STANDARD.encode(Sha256::digest(&two)) },
    ] });
    let signed = artist.answer(&format!("{set}/presign"), Some(&wanted)).await;
    // A bucket refuses other values of signed headers, which moto does not check.
    for (file, headers) in
        [(0, "content-length%3Bhost"), (1, "content-length%3Bhost%3Bx-amz-checksum-sha256")]
    {
        let url = signed["files"][file]["url"].as_str().unwrap();
        assert!(url.contains(&format!("X-Amz-SignedHeaders={headers}&")), "{url}");
        assert!(url.contains("X-Amz-Expires=3600"), "{url}");
    }
    for (file, bytes) in signed["files"].as_array().unwrap().iter().zip([&one, &two]) {
        assert_eq!(file["headers"]["content-length"], bytes.len().to_string());
        let method = file["method"].as_str().unwrap().parse().unwrap();
        let request = reqwest::Client::new().request(method, file["url"].as_str().unwrap());
        let headers = file["headers"].as_object().unwrap();
        if !bucket_server::is_moto() {
            let client = reqwest::Client::new();
            for (name, _) in headers {
                let wrong = client.put(file["url"].as_str().unwrap()).body(vec![7; bytes.len() + 1]);
                let wrong = headers
                    .iter()
                    .filter(|(other, _)| *other != name && *other != "content-length")
                    .fold(wrong, |request, (name, value)| request.header(name, value.as_str().unwrap()));
                assert_eq!(wrong.send().await.unwrap().status(), 403, "{name}");
            }
        }
        let headers = headers.iter();
        let request =
            headers.fold(request, |request, (name, value)| request.header(name, value.as_str().unwrap()));
        assert_eq!(request.body(bytes.clone()).send().await.unwrap().status(), 200);
    }
    assert_eq!(bucket.waiting(&set).await, ["002.png", "ring 001+ü&=%20.png"]);

    // Fetching works before the commit, for the doctor.
    assert_eq!(artist.answer(&format!("{set}/fetch"), None).await, json!({ "fetched": 2, "left": 0 }));
    let shown = artist.show(&set).await;
    assert_eq!((&shown["frames"], &shown["bytes"]), (&json!(2), &json!(70_005)));
    assert_eq!(
        (&shown["files"][0]["digest"], &shown["files"][1]["digest"]),
        (&json!(digest(&two)), &json!(digest(&one)))
    );
    assert_eq!((bucket.waiting(&set).await.len(), parts_left(bucket.data())), (0, 0));
    assert_eq!(artist.answer(&format!("{set}/fetch"), None).await, json!({ "fetched": 0, "left": 0 }));

    let trail = artist.server.request(Method::GET, "/api/audit");
    let admin = format!("Bearer {}", key(bucket.data(), "admin"));
    let trail = trail.header("authorization", admin).send().await.unwrap().text().await.unwrap();
    assert!(trail.contains("frameset.presign") && trail.contains("ring 001+ü&=%20.png"), "{trail}");
    assert!(!trail.contains("X-Amz"), "{trail}");

    // Discarding a set deletes its files in the bucket.
    bucket
        .fill(&set, &{
            let folder = bucket.data().join("more");
            draw_turn(&folder, [200, 200, 200], 2);
            folder
        })
        .await;
    assert_eq!(artist.request(Method::DELETE, &set).send().await.unwrap().status(), 204);
    assert_eq!(bucket.waiting(&set).await.len(), 0);
}

#[tokio::test]
async fn a_file_that_a_set_refuses_cannot_be_announced() {
    let Some(bucket) = Bucket::new("announced", Faults::None).await else { return };
    bucket.set("[uploads]\nset_max_files = 2\nframe_max_bytes = 1000");
    let artist = bucket.artist(bucket.serve());
    let set = artist.open(&ring()).await;
    let presign = format!("{set}/presign");
    let file = |name: &str, bytes: u64| json!({ "name": name, "bytes": bytes });
    let files = [file("1.png", 5), file("2.png", 5), file("3.png", 5)];
    for (files, status, slug) in [
        (json!(files), 413, "too-many-files"),
        (json!([file("1.png", 1001)]), 413, "file-too-large"),
        (json!([file("../1.png", 5)]), 422, "bad-field"),
        (json!([file("1.png", 5), file("1.png", 6)]), 422, "bad-field"),
        (json!([]), 422, "bad-field"),
        (json!([{ "name": "1.png", "bytes": 5, "sha256": "AAAA" }]), 422, "bad-field"),
        (json!([{ "name": "1.png" }]), 400, "bad-json"),
    ] {
        assert_eq!(
            problem(artist.post(&presign, Some(&json!({ "files": files }))).await, status).await,
            slug
        );
    }
    // A refused file stays in the bucket.
    let id = set.rsplit('/').next().unwrap();
    for (name, bytes, status, slug) in [
        ("sub/1.png", 5, 422, "bad-field"),
        ("1.png", 1001, 413, "file-too-large"),
        ("2.png", 5, 413, "too-many-files"),
    ] {
        let name = format!("spins/incoming/{id}/{name}");
        if slug == "too-many-files" {
            for more in 0..2 {
                bucket.put(&format!("{name}{more}"), vec![0; 5]).await;
            }
        }
        bucket.put(&name, vec![0; bytes]).await;
        let response = artist.post(&format!("{set}/fetch"), None).await;
        assert_eq!(problem(response, status).await, slug);
        bucket.delete(&name).await;
    }
    assert_eq!(artist.show(&set).await["frames"], 0);
}

#[tokio::test]
async fn a_store_without_a_bucket_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let artist = Artist::over(folder.path());
    let set = artist.open(&ring()).await;
    let wanted = json!({ "files": [{ "name": "1.png", "bytes": 5 }] });
    for (path, body) in [("presign", Some(&wanted)), ("bucket", None), ("fetch", None)] {
        assert_eq!(problem(artist.post(&format!("{set}/{path}"), body).await, 409).await, "no-bucket");
    }
    let empty = artist.post(&format!("{set}/commit"), None).await;
    assert_eq!(problem(empty, 422).await, "set-empty");
}

/// `None` where there is no rclone, on a laptop.
fn rclone(arguments: &[&str]) -> Option<Output> {
    // Without settings of this machine.
    let mut command = Command::new("rclone");
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).args(arguments);
    let (key, secret) = bucket_server::credentials();
    command.envs([("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", secret)]);
    match command.output() {
        Ok(output) => Some(output),
        Err(error) if std::env::var_os("CI").is_some() => panic!("rclone is missing: {error} (make setup)"),
        Err(_) => {
            eprintln!("skipped: there is no rclone here (make setup)");
            None
        }
    }
}

#[tokio::test]
async fn rclone_fills_a_frame_set() {
    let Some(bucket) = Bucket::new("rclone", Faults::None).await else { return };
    // Others have no roles, or no such role.
    if bucket_server::is_moto() {
        bucket.set(ROLE);
    }
    let artist = bucket.artist(bucket.serve());
    let (set, prefix) = artist.open_in_bucket().await;
    for given in ["accessKeyId", "secretAccessKey", "sessionToken", "expires"] {
        let given = prefix["credentials"][given].as_str();
        assert_eq!(given.is_some_and(|text| text.len() > 10), bucket_server::is_moto(), "{prefix}");
    }
    let turn = bucket.data().join("turn");
    draw_turn(&turn, [220, 220, 225], 12);
    fs::write(turn.join(".DS_Store"), "left behind").unwrap();
    let config = bucket.data().join("rclone.conf");
    fs::write(&config, prefix["rclone"]["config"].as_str().unwrap()).unwrap();
    // The command of the answer, word for word.
    let words: Vec<_> = prefix["rclone"]["command"].as_str().unwrap().split(' ').collect();
    let ["rclone", "copy", "FOLDER", to] = words[..] else { panic!("{words:?}") };
    let (config, folder) = (config.to_str().unwrap(), turn.to_str().unwrap());
    let Some(copied) = rclone(&["--config", config, "copy", folder, to]) else { return };
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    assert_eq!(bucket.waiting(&set).await.len(), 13);
    // A second copy transfers nothing.
    let again = rclone(&["--config", config, "-v", "copy", folder, to]).unwrap();
    assert!(String::from_utf8_lossy(&again.stderr).contains("There was nothing to transfer"), "{again:?}");

    let job = artist.commit(&set).await;
    let (ended, events) = artist.ended(&job).await;
    assert_eq!((&ended["state"], &ended["configuration"]), (&json!("ready"), &json!(RING)), "{events}");
    assert!(events.contains("12 files fetched from the bucket"), "{events}");
    assert_eq!(bucket.waiting(&set).await, [".DS_Store"]);
    let published = artist
        .post(&format!("/api/sequences/{RING}/publish"), Some(&json!({ "version": ended["version"] })))
        .await;
    assert_eq!(published.status(), 200);
    while artist.server.get(&sequence(RING), &[]).await.status() != 200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(artist.server.json(&sequence(RING)).await["turn"]["frames"], 12);

    // A server deletes leftovers in the bucket when it starts.
    let Artist { mut server, .. } = artist;
    server.signal("TERM");
    let (_, log) = server.ended();
    let (_, secret) = bucket_server::credentials();
    let given = prefix["credentials"]["secretAccessKey"].as_str().unwrap_or(&secret);
    assert!(!log.contains(given), "{log}");
    let _server = bucket.serve();
    while !bucket.waiting(&set).await.is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_job_succeeds_once_its_files_in_the_bucket_are_mended() {
    let Some(bucket) = Bucket::new("mended", Faults::Flaky).await else { return };
    let artist = bucket.artist(bucket.serve());
    let (set, prefix) = artist.open_in_bucket().await;
    assert_eq!(prefix.get("credentials"), None);
    assert!(prefix["rclone"]["config"].as_str().unwrap().contains("env_auth = true"));
    let job = artist.commit(&set).await;
    let (ended, _) = artist.ended(&job).await;
    assert_eq!((&ended["state"], &ended["failure"]["slug"]), (&json!("failed"), &json!("set-empty")));

    let turn = bucket.data().join("turn");
    draw_turn(&turn, [220, 220, 225], 12);
    bucket.fill(&set, &turn).await;
    let wrong = format!("spins/incoming/{}/preview/000.png", set.rsplit('/').next().unwrap());
    bucket.put(&wrong, file(5)).await;
    let retry = async || {
        artist.answer(&format!("{job}/retry"), None).await;
        artist.ended(&job).await
    };
    let (ended, _) = retry().await;
    let failure = json!({
        "slug": "bad-name",
        "message": "\"preview/000.png\" in the bucket: a file's name has no slash, backslash, colon or control character",
        "file": "preview/000.png",
        "remedy": "Mend it in the bucket and retry the job.",
    });
    assert_eq!((&ended["state"], &ended["failure"]), (&json!("failed"), &failure));
    assert_eq!((artist.show(&set).await["frames"].clone(), bucket.waiting(&set).await.len()), (json!(0), 13));
    bucket.delete(&wrong).await;
    let (ended, events) = retry().await;
    assert_eq!(ended["state"], "ready", "{events}");
}

#[tokio::test]
async fn a_killed_server_resumes_fetching() {
    let Some(bucket) = Bucket::new("dying", Faults::None).await else { return };
    bucket.set("[jobs]\nlease_seconds = 1");
    let artist = bucket.artist(bucket.serve());
    let (set, _) = artist.open_in_bucket().await;
    let turn = bucket.data().join("turn");
    draw_turn(&turn, [220, 220, 225], 12);
    bucket.fill(&set, &turn).await;
    let of_the_set = format!("GET /{}/spins/incoming/{}/", bucket.name, set.rsplit('/').next().unwrap());
    bucket.line.silent_after(&of_the_set, 6);
    let job = artist.commit(&set).await;
    let Artist { mut server, bearer } = artist;
    bucket.line.wait_for_silence();
    server.child.kill().unwrap();
    server.ended();
    bucket.line.set(Faults::None);
    assert!((6..12).contains(&bucket.waiting(&set).await.len()), "some were fetched, and not all");

    let artist = Artist { server: bucket.serve(), bearer };
    let (ended, events) = artist.ended(&job).await;
    assert_eq!((&ended["state"], &ended["attempts"]), (&json!("ready"), &json!(2)), "{events}");
    let shown = artist.show(&set).await;
    for (number, shown) in shown["files"].as_array().unwrap().iter().enumerate() {
        let name = format!("{number:03}.png");
        assert_eq!(
            (&shown["name"], &shown["digest"]),
            (&json!(name), &json!(digest(&fs::read(turn.join(&name)).unwrap())))
        );
    }
    assert_eq!((shown["frames"].clone(), bucket.waiting(&set).await.len()), (json!(12), 0));
    // Fetched files are not read again; each of the four that are read at once may have been cut off.
    assert!((12..=16).contains(&bucket.line.asked(&of_the_set)), "{}", bucket.line.asked(&of_the_set));
}
