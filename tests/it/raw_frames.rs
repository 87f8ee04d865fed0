//! How long raw frames stay: until a take-down, or until their set is deleted.

use std::{fs, path::Path};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    artist::{Artist, file, ring},
    girasol::{draw_turn, girasol, problem},
    jobs::{RING, Studio, folder_with_turn},
};

/// Whether a set has files, in the staging area or laid out for an encoder.
fn has_files(data: &Path, set: &str) -> bool {
    ["incoming", "work"].iter().any(|folder| {
        let Ok(entries) = fs::read_dir(data.join(folder)) else { return false };
        entries.flatten().any(|entry| entry.file_name().to_str().unwrap().contains(set))
    })
}

async fn set_of(studio: &Studio, job: &str) -> String {
    studio.json(job).await["frameset"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_committed_set_is_deleted_with_its_job_and_its_files() {
    let (folder, turn) = folder_with_turn(12);
    let data = folder.path();
    let studio = Studio::over(data, "in_server = false\n");
    let job = studio.send(&turn).await;
    let set = set_of(&studio, &job).await;
    assert!(has_files(data, &set));
    let delete = async || studio.ask(Method::DELETE, &format!("/api/framesets/{set}"), None).await;
    assert_eq!(delete().await.status(), 204);
    assert!(!has_files(data, &set));
    assert_eq!(problem(studio.ask(Method::GET, &job, None).await, 404).await, "no-such-job");
    assert_eq!(problem(delete().await, 404).await, "no-such-frameset");
}

#[tokio::test]
async fn a_set_that_a_worker_is_encoding_is_deleted_and_the_worker_leaves_nothing() {
    let (folder, turn) = folder_with_turn(24);
    let data = folder.path();
    let studio = Studio::over(data, "");
    let job = studio.send(&turn).await;
    let set = set_of(&studio, &job).await;
    while studio.json(&job).await["state"] == "queued" {
        tokio::task::yield_now().await;
    }
    assert_eq!(studio.ask(Method::DELETE, &format!("/api/framesets/{set}"), None).await.status(), 204);
    assert_eq!(studio.json("/api/jobs").await["jobs"], json!([]));
    // The worker is free again for another set.
    let job = studio.send(&turn).await;
    assert_eq!(studio.watch(&job, 0).await.last().unwrap().1, "ready");
}

#[tokio::test]
async fn a_take_down_deletes_raw_frames_and_a_retry_then_ends_as_an_empty_set() {
    let (folder, turn) = folder_with_turn(12);
    let data = folder.path();
    let studio = Studio::over(data, "");
    let ready = studio.send(&turn).await;
    assert_eq!(studio.watch(&ready, 0).await.last().unwrap().1, "ready");
    fs::write(turn.join("005.png"), "no picture").unwrap();
    let failed = studio.send(&turn).await;
    assert_eq!(studio.watch(&failed, 0).await.last().unwrap().1, "failed");
    let sets = [set_of(&studio, &ready).await, set_of(&studio, &failed).await];
    assert!(sets.iter().all(|set| has_files(data, set)));
    // Links that an encoder left would keep the frames on disk.
    assert!(!fs::read_dir(data.join("work")).unwrap().flatten().any(|entry| entry.path().is_dir()));

    let output = girasol().args(["take-down", RING, "--yes", "--data"]).arg(data).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("24 of 2 frame sets"), "{told}");
    assert!(!sets.iter().any(|set| has_files(data, set)));

    let last = studio.watch(&failed, 0).await.last().unwrap().0;
    let retried = studio.ask(Method::POST, &format!("{failed}/retry"), None).await;
    assert_eq!(retried.status(), 200);
    let events = studio.watch(&failed, last).await;
    let (_, kind, failure) = events.last().unwrap();
    assert_eq!((kind.as_str(), &failure["slug"]), ("failed", &json!("set-empty")));
    assert!(failure["remedy"].as_str().unwrap().contains("as a new frame set"), "{failure}");
    let shown: Value = studio.json(&failed).await;
    assert_eq!((&shown["state"], &shown["attempts"]), (&json!("failed"), &json!(1)));
}

#[tokio::test]
async fn frames_that_arrive_while_their_set_is_deleted_are_refused_and_none_stays() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let artist = Artist::over(data);
    for _ in 0..6 {
        let set = artist.open(&ring()).await;
        let sent = (0..12).map(|number| {
            let (artist, set) = (&artist, &set);
            async move { artist.put(set, &format!("{number}.png"), &file(200_000 + number)).await.status() }
        });
        let deleted = async { artist.request(Method::DELETE, &set).send().await.unwrap().status() };
        let (sent, deleted) = tokio::join!(join_all(sent), deleted);
        assert_eq!(deleted, 204);
        assert!(sent.iter().all(|status| [201, 404].contains(&status.as_u16())), "{sent:?}");
        assert!(!has_files(data, set.rsplit('/').next().unwrap()), "{sent:?}");
    }
}

#[tokio::test]
async fn a_take_down_cancels_what_is_being_encoded_and_nothing_of_it_comes_back() {
    let (folder, turn) = folder_with_turn(72);
    let data = folder.path();
    let studio = Studio::over(data, "");
    let running = studio.send_as(&turn, "platinum", json!({ "effort": "max" })).await;
    let preview = loop {
        let shown = studio.json(&running).await;
        assert_ne!(shown["state"], "ready", "its preview was not told of");
        if let Some(preview) = shown["preview"]["version"].as_i64() {
            break preview;
        }
        tokio::task::yield_now().await;
    };
    let waiting = studio.send(&turn).await;
    let sets = [set_of(&studio, &running).await, set_of(&studio, &waiting).await];
    let publish = Some(json!({ "version": preview }));
    assert_eq!(
        studio.ask(Method::POST, &format!("/api/sequences/{RING}/publish"), publish).await.status(),
        200
    );
    let live = studio.json(&crate::girasol::sequence(RING)).await;
    let pack = live["tiers"]["preview"]["formats"]["webp"]["packs"][0]["pack"].as_str().unwrap();
    let pack = format!("/p/{pack}.pack");
    assert_eq!(studio.ask(Method::GET, &pack, None).await.status(), 200);

    let confirm = Some(json!({ "confirm": RING }));
    let down = studio.ask(Method::POST, &format!("/api/sequences/{RING}/take-down"), confirm).await;
    assert_eq!(down.status(), 200);
    let down: Value = down.json().await.unwrap();
    assert_eq!((&down["versions"], &down["takenDown"]), (&json!([]), &json!(true)), "{down}");
    for job in [&running, &waiting] {
        let shown = studio.json(job).await;
        assert_eq!((&shown["state"], &shown["failure"]["slug"]), (&json!("cancelled"), &json!("taken-down")));
    }
    // It leaves memory within a second.
    while studio.ask(Method::GET, &pack, None).await.status() == 200 {
        tokio::task::yield_now().await;
    }

    // The worker is at another set: it has ended the one that was taken away.
    let other = data.join("other");
    draw_turn(&other, [212, 175, 95], 12);
    let gold = studio.send_as(&other, "gold", json!({})).await;
    assert_eq!(studio.watch(&gold, 0).await.last().unwrap().1, "ready");
    assert!(!sets.iter().any(|set| has_files(data, set)));
    assert_eq!(studio.ask(Method::GET, &pack, None).await.status(), 404);
    let shown = studio.json(&format!("/api/sequences/{RING}")).await;
    assert_eq!((&shown["versions"], &shown["live"]), (&json!([]), &Value::Null), "{shown}");
    let confirm = Some(json!({ "confirm": RING }));
    let again = studio.ask(Method::POST, &format!("/api/sequences/{RING}/take-down"), confirm).await;
    assert_eq!(problem(again, 409).await, "nothing-stored");
}
