//! The doctor over HTTP.

use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    artist::{Artist, ring},
    girasol::{darken, draw_turn, header, problem},
};

async fn checked(artist: &Artist, set: &str) -> Value {
    loop {
        let response = artist.request(Method::GET, &format!("{set}/check")).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let check: Value = response.json().await.unwrap();
        if check["state"] != "running" {
            return check;
        }
        tokio::task::yield_now().await;
    }
}

fn kinds(check: &Value) -> Vec<&str> {
    check["findings"].as_array().unwrap().iter().map(|finding| finding["kind"].as_str().unwrap()).collect()
}

/// What a problem says.
async fn detail(response: reqwest::Response, status: u16) -> String {
    assert_eq!(response.status(), status);
    response.json::<Value>().await.unwrap()["detail"].as_str().unwrap().to_owned()
}

/// An artist, and the folder of 24 frames.
fn with_a_turn(data: &Path) -> (Artist, PathBuf) {
    let (artist, turn) = (Artist::over(data), data.join("turn"));
    draw_turn(&turn, [212, 175, 95], 24);
    (artist, turn)
}

#[tokio::test]
async fn a_set_is_checked_as_it_stands_and_mended_when_the_artist_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (artist, turn) = with_a_turn(folder.path());
    let frame = |n: u32| std::fs::read(turn.join(format!("{n:03}.png"))).unwrap();
    let set = artist.open(&ring()).await;
    assert_eq!(checked(&artist, &set).await["state"], "empty");
    for n in 0..24 {
        if n != 7 {
            assert_eq!(artist.put(&set, &format!("{n:03}.png"), &frame(n)).await.status(), 201);
        }
    }
    let check = checked(&artist, &set).await;
    assert_eq!(kinds(&check), ["missing-frames"], "{check}");
    let finding = &check["findings"][0];
    assert_eq!((&finding["severity"], &finding["frames"]), (&json!("blocks"), &json!(["007.png"])));

    artist.put(&set, "007.png", &frame(7)).await;
    artist.put(&set, "024.png", &frame(0)).await;
    let check = checked(&artist, &set).await;
    assert_eq!(kinds(&check), ["closing-frame"], "{check}");
    let finding = &check["findings"][0];
    assert_eq!((&finding["frames"], &finding["mend"]), (&json!(["024.png"]), &json!("leave-out")));
    assert_eq!(finding["mendLabel"], "Leave 024.png out");
    let picture = finding["evidence"].as_str().unwrap();
    let response = artist.request(Method::GET, picture).send().await.unwrap();
    assert_eq!(header(response.headers(), "content-type"), "image/webp");
    assert!(response.bytes().await.unwrap().starts_with(b"RIFF"));
    let without_key = artist.server.get(picture, &[]).await;
    assert_eq!(problem(without_key, 401).await, "key-missing");
    let none = artist.request(Method::GET, &picture.replace("/0.", "/9.")).send().await.unwrap();
    assert_eq!(problem(none, 404).await, "no-such-file");

    let send = async |body: Value| {
        artist.request(Method::POST, &format!("{set}/mend")).json(&body).send().await.unwrap()
    };
    let mend = async |mend: &str, of: &Value| send(json!({ "mend": mend, "revision": of })).await;
    let seen = &check["revision"];
    assert_eq!(*seen, artist.show(&set).await["revision"]);
    assert_eq!(problem(send(json!({ "mend": "leave-out" })).await, 400).await, "bad-json");
    assert_eq!(problem(mend("leave-out", &json!("new")).await, 422).await, "bad-field");
    assert_eq!(problem(mend("glue", seen).await, 422).await, "bad-field");
    assert_eq!(problem(mend("even-exposure", seen).await, 409).await, "nothing-to-mend");
    let mended: Value = mend("leave-out", seen).await.json().await.unwrap();
    assert_eq!(mended["frames"], 24);
    // What another artist saw before is not mended once more.
    assert_eq!(problem(mend("leave-out", seen).await, 409).await, "frameset-changed");
    let check = checked(&artist, &set).await;
    assert_eq!((kinds(&check).len(), &check["revision"]), (0, &mended["revision"]));
    let now = &check["revision"];
    assert_eq!(problem(mend("leave-out", now).await, 409).await, "nothing-to-mend");

    // A name that is that of another frame by now removes none.
    let remove = async |digest: &str| {
        let request = artist.request(Method::DELETE, &format!("{set}/frames/003.png"));
        request.header("if-match", format!("\"{digest}\"")).send().await.unwrap()
    };
    let digest = mended["files"][3]["digest"].as_str().unwrap().to_owned();
    let other = mended["files"][4]["digest"].as_str().unwrap();
    assert_eq!(problem(remove(other).await, 412).await, "precondition-failed");
    assert_eq!(artist.show(&set).await["revision"], *now);
    assert_eq!(remove(&digest).await.status(), 204);
    assert_eq!(problem(remove(&digest).await, 412).await, "precondition-failed");
    artist.put(&set, "003.png", &frame(3)).await;
    assert_eq!(artist.show(&set).await["revision"], *now);

    let commit = artist.request(Method::POST, &format!("{set}/commit")).send().await.unwrap();
    assert_eq!(commit.status(), 200);
    assert_eq!(problem(mend("leave-out", now).await, 409).await, "set-committed");
    assert_eq!(checked(&artist, &set).await["state"], "done");
}

#[tokio::test]
async fn what_a_script_sends_is_checked_too_and_the_job_says_what_was_found() {
    let folder = tempfile::tempdir().unwrap();
    let (artist, turn) = with_a_turn(folder.path());
    let mut wanted = ring();
    wanted["frames"] = 23.into();
    let set = artist.open(&wanted).await;
    for n in (0..24).filter(|n| *n != 7) {
        let frame = std::fs::read(turn.join(format!("{n:03}.png"))).unwrap();
        artist.put(&set, &format!("{n:03}.png"), &frame).await;
    }
    let job = artist.show(&set).await["job"]["id"].as_str().unwrap().to_owned();
    let events = artist.request(Method::GET, &format!("/api/jobs/{job}/events")).send().await.unwrap();
    // The stream ends with the job.
    let events = events.text().await.unwrap();
    assert!(events.contains("event: log") && events.contains("007.png"), "{events}");
    let job: Value =
        artist.request(Method::GET, &format!("/api/jobs/{job}")).send().await.unwrap().json().await.unwrap();
    assert_eq!((&job["state"], &job["failure"]["slug"]), (&json!("failed"), &json!("frame-missing")));
}

#[tokio::test]
async fn a_mend_of_a_set_that_is_deleted_meanwhile_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (artist, turn) = with_a_turn(folder.path());
    for _ in 0..4 {
        let set = artist.open(&ring()).await;
        for n in 0..=24 {
            let bytes = std::fs::read(turn.join(format!("{:03}.png", n % 24))).unwrap();
            assert_eq!(artist.put(&set, &format!("{n:03}.png"), &bytes).await.status(), 201);
        }
        let check = checked(&artist, &set).await;
        let body = json!({ "mend": "leave-out", "revision": check["revision"] });
        let mends = (0..3).map(|_| artist.request(Method::POST, &format!("{set}/mend")).json(&body).send());
        let deleted = artist.request(Method::DELETE, &set).send();
        let (mended, deleted) = tokio::join!(futures_util::future::join_all(mends), deleted);
        assert_eq!(deleted.unwrap().status(), 204);
        for answer in mended {
            let status = answer.unwrap().status().as_u16();
            assert!([200, 404, 409].contains(&status), "{status}");
        }
    }
    let incoming = std::fs::read_dir(folder.path().join("incoming")).unwrap();
    let left: Vec<_> = incoming.flatten().map(|entry| entry.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("set-")), "{left:?}");
}

#[tokio::test]
async fn what_visitors_will_see_is_acknowledged_with_the_revision_of_the_check() {
    let folder = tempfile::tempdir().unwrap();
    let (artist, turn) = with_a_turn(folder.path());
    darken(&turn.join("007.png"));
    let set = artist.open(&ring()).await;
    for n in 0..24 {
        let frame = std::fs::read(turn.join(format!("{n:03}.png"))).unwrap();
        artist.put(&set, &format!("{n:03}.png"), &frame).await;
    }
    let check = checked(&artist, &set).await;
    assert_eq!(kinds(&check), ["exposure-jump"], "{check}");
    assert_eq!(check["findings"][0]["severity"], "asks");
    let commit = async |query: &str| {
        artist.request(Method::POST, &format!("{set}/commit{query}")).send().await.unwrap()
    };
    assert_eq!(problem(commit("").await, 409).await, "findings-unacknowledged");
    assert_eq!(problem(commit("?acknowledge=all").await, 400).await, "bad-query");
    assert_eq!(problem(commit("?confirm=1").await, 400).await, "bad-query");
    let other = "0".repeat(32);
    assert_eq!(problem(commit(&format!("?acknowledge={other}")).await, 409).await, "frameset-changed");
    let revision = check["revision"].as_str().unwrap();
    assert_eq!(commit(&format!("?acknowledge={revision}")).await.status(), 200);
    // The second commit changes nothing, and asks nothing.
    assert_eq!(commit("").await.status(), 200);
}

#[tokio::test]
async fn a_commit_waits_for_the_check_that_runs_and_asks_what_it_finds() {
    let folder = tempfile::tempdir().unwrap();
    let (artist, turn) = with_a_turn(folder.path());
    darken(&turn.join("007.png"));
    let set = artist.open(&ring()).await;
    for n in 0..24 {
        let frame = std::fs::read(turn.join(format!("{n:03}.png"))).unwrap();
        artist.put(&set, &format!("{n:03}.png"), &frame).await;
    }
    let check = artist.request(Method::GET, &format!("{set}/check")).send().await.unwrap();
    let check: Value = check.json().await.unwrap();
    let commit = artist.request(Method::POST, &format!("{set}/commit")).send().await.unwrap();
    assert_eq!(problem(commit, 409).await, "findings-unacknowledged");
    // A client that does not want to wait for the check says so by its revision.
    let revision = check["revision"].as_str().unwrap();
    let commit = artist.request(Method::POST, &format!("{set}/commit?acknowledge={revision}"));
    assert_eq!(commit.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_set_that_commits_itself_stays_open_while_its_check_asks_something() {
    let folder = tempfile::tempdir().unwrap();
    let (artist, turn) = with_a_turn(folder.path());
    let bright = std::fs::read(turn.join("007.png")).unwrap();
    darken(&turn.join("007.png"));
    let mut wanted = ring();
    wanted["frames"] = 24.into();
    let send = async |set: &str| {
        for n in 0..24 {
            let frame = std::fs::read(turn.join(format!("{n:03}.png"))).unwrap();
            assert_eq!(artist.put(set, &format!("{n:03}.png"), &frame).await.status(), 201);
        }
    };
    let set = artist.open(&wanted).await;
    send(&set).await;
    let shown = artist.show(&set).await;
    assert_eq!(
        (&shown["state"], &shown["frames"], &shown["job"]),
        (&json!("open"), &json!(24), &Value::Null)
    );
    let check = checked(&artist, &set).await;
    assert_eq!(kinds(&check), ["exposure-jump"], "{check}");
    // A better frame in the place of the one in question.
    artist.put(&set, "007.png", &bright).await;
    let shown = artist.show(&set).await;
    assert_eq!((&shown["state"], shown["job"].is_object()), (&json!("committed"), true));

    let meant = artist.open(&wanted).await;
    send(&meant).await;
    let revision = artist.show(&meant).await["revision"].as_str().unwrap().to_owned();
    let commit = artist.request(Method::POST, &format!("{meant}/commit?acknowledge={revision}"));
    assert_eq!(commit.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn frames_change_places_all_at_once_and_are_shown_small() {
    let folder = tempfile::tempdir().unwrap();
    let (artist, turn) = with_a_turn(folder.path());
    let set = artist.open(&ring()).await;
    for n in 0..3 {
        let frame = std::fs::read(turn.join(format!("{n:03}.png"))).unwrap();
        artist.put(&set, &format!("{n:03}.png"), &frame).await;
    }
    let before = artist.show(&set).await;
    let rename = async |names: Value, revision: &Value| {
        let body = json!({ "names": names, "revision": revision });
        artist.request(Method::POST, &format!("{set}/rename")).json(&body).send().await.unwrap()
    };
    let now = &before["revision"];
    let swap = json!({ "000.png": "001.png", "001.png": "000.png" });
    assert_eq!(problem(rename(json!({ "9.png": "8.png" }), now).await, 422).await, "bad-field");
    assert_eq!(problem(rename(json!({ "000.png": "002.png" }), now).await, 422).await, "bad-field");
    assert_eq!(problem(rename(json!({ "000.png": "a/b.png" }), now).await, 422).await, "bad-field");
    assert_eq!(problem(rename(json!({ "000.png": "turn.zip" }), now).await, 422).await, "bad-field");
    assert_eq!(rename(swap.clone(), now).await.status(), 200);
    assert_eq!(problem(rename(swap, now).await, 409).await, "frameset-changed");
    let after = artist.show(&set).await;
    let digests =
        |set: &Value| [0, 1, 2].map(|at| set["files"][at]["digest"].as_str().unwrap_or_default().to_owned());
    let [first, second, third] = digests(&before);
    assert_eq!(digests(&after), [second, first, third]);

    let small = async |name: &str| {
        artist.request(Method::GET, &format!("{set}/thumbnails/{name}")).send().await.unwrap()
    };
    let picture = small("002.png").await;
    assert_eq!(header(picture.headers(), "content-type"), "image/webp");
    assert!(picture.bytes().await.unwrap().starts_with(b"RIFF"));
    assert_eq!(problem(small("009.png").await, 404).await, "no-such-file");
}

#[tokio::test]
async fn a_frame_is_renamed_by_its_name_however_accents_are_stored() {
    let folder = tempfile::tempdir().unwrap();
    let (artist, turn) = with_a_turn(folder.path());
    let set = artist.open(&ring()).await;
    let frame = std::fs::read(turn.join("000.png")).unwrap();
    assert_eq!(artist.put(&set, "e\u{301}te\u{301}_000.png", &frame).await.status(), 201);
    let revision = artist.show(&set).await["revision"].clone();
    let rename = async |names: Value| {
        let body = json!({ "names": names, "revision": revision });
        artist.request(Method::POST, &format!("{set}/rename")).json(&body).send().await.unwrap()
    };
    let [apart, composed] = ["e\u{301}te\u{301}_000.png", "\u{e9}t\u{e9}_000.png"];
    let twice = rename(json!({ apart: "001.png", composed: "002.png" })).await;
    assert_eq!(
        detail(twice, 422).await,
        "names: \"\u{e9}t\u{e9}_000.png\" stands twice, with accents stored in two ways: name it once"
    );
    assert_eq!(rename(json!({ apart: "001.png" })).await.status(), 200);
    assert_eq!(artist.show(&set).await["files"][0]["name"], "001.png");
}

#[tokio::test]
async fn a_rename_that_is_refused_names_the_frame_the_reason_and_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let (artist, turn) = with_a_turn(folder.path());
    let set = artist.open(&ring()).await;
    for n in 0..2 {
        let frame = std::fs::read(turn.join(format!("{n:03}.png"))).unwrap();
        artist.put(&set, &format!("{n:03}.png"), &frame).await;
    }
    let revision = artist.show(&set).await["revision"].clone();
    let rename = async |names: Value, of: &Value| {
        let body = json!({ "names": names, "revision": of });
        let request = artist.request(Method::POST, &format!("{set}/rename")).json(&body);
        detail(request.send().await.unwrap(), 422).await
    };
    for (names, why) in [
        (json!({ "000.png": "" }), "\"000.png\" cannot become \"\": a file's name has 1 to 200 bytes"),
        (
            json!({ "000.png": "a/b" }),
            "\"000.png\" cannot become \"a/b\": a file's name has no slash, backslash, colon or control character",
        ),
        (
            json!({ "000.png": "a.zip" }),
            "\"000.png\" cannot become \"a.zip\": that is the name of an archive; name it as an image",
        ),
        (json!({ "000.png": "001.png" }), "two frames would be called \"001.png\": rename both of them"),
        (
            json!({ "9.png": "8.png" }),
            "the set has no frame \"9.png\": use the names in the `files` of the set",
        ),
    ] {
        assert_eq!(rename(names, &revision).await, format!("names: {why}"));
    }
    assert_eq!(
        rename(json!({}), &json!("new")).await,
        "revision: \"new\" is no revision: send the `revision` of the set, as GET /api/framesets/{frameset} shows it"
    );
}

#[tokio::test]
async fn a_frame_that_cannot_be_read_is_not_said_to_be_missing() {
    let folder = tempfile::tempdir().unwrap();
    let (artist, turn) = with_a_turn(folder.path());
    let set = artist.open(&ring()).await;
    let frame = std::fs::read(turn.join("000.png")).unwrap();
    artist.put(&set, "000.png", &frame[..frame.len() / 2]).await;
    artist.put(&set, "001.jpg", &frame).await;
    let small = async |name: &str| {
        artist.request(Method::GET, &format!("{set}/thumbnails/{name}")).send().await.unwrap()
    };
    assert_eq!(problem(small("000.png").await, 422).await, "truncated");
    assert_eq!(problem(small("001.jpg").await, 422).await, "not-what-its-name-says");
    let words = detail(small("000.png").await, 422).await;
    assert!(words.starts_with("000.png is cut short"), "{words}");
}
