//! Machines whose data folders are scratch: what they share is a Postgres database and a bucket.

use std::{fs, path::Path};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    artist::{Artist, digest, file, ring},
    fault_proxy::Faults,
    fleet::{Fleet, until},
    girasol::{darken, draw_turn, problem, sequence},
};

const MIB: usize = 1 << 20;
const RING: &str = "ring.solitaire.metal-platinum.stone-diamond";

impl Artist {
    /// Waits for a set's job, and gives it.
    async fn job_done(&self, set: &str) -> Value {
        until("the job ends", async || {
            let shown = self.show(set).await;
            let job = self.request(Method::GET, &format!("/api/jobs/{}", shown["job"]["id"].as_str()?));
            let job: Value = job.send().await.unwrap().json().await.unwrap();
            assert_ne!(job["state"], "failed", "{job}");
            (job["state"] == "ready").then_some(job)
        })
        .await
    }

    async fn send_turn(&self, set: &str, turn: &Path) {
        for file in fs::read_dir(turn).unwrap().flatten() {
            let bytes = fs::read(file.path()).unwrap();
            let sent = self.put(set, file.file_name().to_str().unwrap(), &bytes).await;
            assert_eq!(sent.status(), 201, "{}", sent.text().await.unwrap());
        }
    }
}

#[tokio::test]
async fn any_server_goes_on_with_an_upload_also_when_folders_are_wiped_and_servers_killed() {
    let Some(fleet) = Fleet::new("uploads").await else { return };

    let whole = file(21 * MIB + 12_345);
    let (mut here, there) = (fleet.serve("here"), fleet.serve("there"));
    let set = here.open(&ring()).await;
    let begun = here.begin(&set, "001.tif", whole.len()).await;
    assert_eq!(begun.status(), 201);
    let upload = begun.headers()["location"].to_str().unwrap().to_owned();

    let mut sent = 0;
    let mut send = async |artist: &Artist, bytes: usize| {
        assert_eq!(artist.offset(&upload).await, sent);
        let part = artist.part(&upload, sent, &whole[sent..whole.len().min(sent + bytes)]);
        let answer = part.send().await.unwrap();
        assert_eq!(answer.status(), 204, "{}", answer.text().await.unwrap());
        sent = whole.len().min(sent + bytes);
    };
    // Little at a time, by turns.
    for _ in 0..3 {
        send(&here, MIB).await;
        send(&there, MIB / 2).await;
    }
    send(&here, 9 * MIB).await;
    // Bytes that no answer has confirmed are sent again, wherever they are.
    here.server.signal("KILL");
    here.server.ended();
    send(&there, 3 * MIB).await;
    fleet.wipe("there");
    send(&there, MIB).await;
    let parts = fleet.staged(&set).await;
    assert!(parts.len() <= 6 && parts.iter().all(|name| name.starts_with("uploads/")), "{parts:?}");
    let anew = fleet.serve("here");
    send(&anew, whole.len()).await;
    assert_eq!(anew.offset(&upload).await, whole.len());
    for artist in [&there, &anew] {
        let files = artist.show(&set).await["files"].clone();
        assert_eq!(files, json!([{ "name": "001.tif", "bytes": whole.len(), "digest": digest(&whole) }]));
    }
    assert_eq!(fleet.staged(&set).await, [format!("files/{}", digest(&whole))]);

    let deleted = there.request(Method::DELETE, &set).send().await.unwrap();
    assert_eq!(deleted.status(), 204);
    assert_eq!(fleet.staged(&set).await, [""; 0]);
}

#[tokio::test]
async fn an_upload_whose_bytes_are_lost_ends_and_no_wrong_frame_comes_of_it() {
    let Some(fleet) = Fleet::new("lost").await else { return };
    let whole = file(3 * MIB);
    let (here, there) = (fleet.serve("here"), fleet.serve("there"));
    // Other bytes, fewer, and more.
    for lost in [2 * MIB, MIB, 3 * MIB] {
        let set = here.open(&ring()).await;
        let begun = here.begin(&set, "001.tif", whole.len()).await;
        let upload = begun.headers()["location"].to_str().unwrap().to_owned();
        let sent = here.part(&upload, 0, &whole[..2 * MIB]).send().await.unwrap();
        assert_eq!(sent.status(), 204);
        let part = fleet.staged(&set).await.pop().unwrap();
        let name = format!("/staged/{}/{part}", set.rsplit('/').next().unwrap());
        fleet.bucket.replace(&name, &vec![9; lost]).await;
        for _ in 0..2 {
            let rest = there.part(&upload, 2 * MIB, &whole[2 * MIB..]).send().await.unwrap();
            assert_eq!(problem(rest, 404).await, "no-such-upload");
        }
        assert_eq!(there.show(&set).await["frames"], 0);
        assert_eq!(fleet.staged(&set).await, [""; 0]);
    }
}

#[tokio::test]
async fn an_upload_that_is_continued_elsewhere_ends_there_alone() {
    let Some(fleet) = Fleet::new("stalled").await else { return };
    let (whole, other) = (file(2 * MIB), vec![7; MIB]);
    let (here, there) = (fleet.serve("here"), fleet.serve("there"));
    let set = here.open(&ring()).await;
    let begun = here.begin(&set, "001.tif", whole.len()).await;
    let upload = begun.headers()["location"].to_str().unwrap().to_owned();
    let sent = here.part(&upload, 0, &whole[..MIB]).send().await.unwrap();
    assert_eq!(sent.status(), 204);
    // It has all bytes, and hears nothing of the bucket.
    fleet.bucket.line.silent_after("/files/", 0);
    let stalled = here.part(&upload, MIB, &other).send();
    let continued = async {
        until("it puts the file", async || (fleet.bucket.line.asked("/files/") > 0).then_some(())).await;
        // The other one takes it over before the bucket answers again.
        let offset = there.tus(Method::HEAD, &upload).send();
        fleet.bucket.line.set(Faults::None);
        assert_eq!(offset.await.unwrap().headers()["upload-offset"], MIB.to_string());
        let rest = there.part(&upload, MIB, &whole[MIB..]).send().await.unwrap();
        assert_eq!(rest.status(), 204, "{}", rest.text().await.unwrap());
    };
    let (stalled, ()) = tokio::join!(stalled, continued);
    assert_eq!(problem(stalled.unwrap(), 409).await, "offset-mismatch");
    for artist in [&here, &there] {
        assert_eq!(artist.show(&set).await["files"][0]["digest"], digest(&whole));
        assert_eq!(artist.offset(&upload).await, whole.len());
    }
}

#[tokio::test]
async fn frames_that_one_server_took_are_encoded_elsewhere_and_served_everywhere() {
    let Some(fleet) = Fleet::new("frames").await else { return };
    let turn = fleet.machines.path().join("turn");
    draw_turn(&turn, [220, 220, 225], 12);
    let (here, there) = (fleet.serve("here"), fleet.serve("there"));
    let set = here.open(&diamond()).await;
    here.send_turn(&set, &turn).await;
    fleet.wipe("here");

    // Thumbnails and the check are anyone's.
    for artist in [&here, &there] {
        let small = artist.request(Method::GET, &format!("{set}/thumbnails/000.png")).send().await.unwrap();
        assert_eq!(small.status(), 200);
    }
    fleet.wipe("there");
    let committed = there.request(Method::POST, &format!("{set}/commit")).send().await.unwrap();
    assert_eq!(committed.status(), 200, "{}", committed.text().await.unwrap());
    let _worker = fleet.work("elsewhere");
    let job = there.job_done(&set).await;
    let copies = fleet.data("elsewhere").join("incoming").join(set.rsplit('/').next().unwrap()).join("files");
    until("the worker keeps no copies", async || (!copies.exists()).then_some(())).await;
    let publish = here.request(Method::POST, &format!("/api/sequences/{RING}/publish"));
    let published = publish.json(&json!({ "version": job["version"] })).send().await.unwrap();
    assert!(published.status().is_success(), "{}", published.text().await.unwrap());
    for artist in [&here, &there] {
        artist.server.until(&sequence(RING), 200).await;
    }
}

#[tokio::test]
async fn what_a_check_found_at_one_server_is_known_at_the_others() {
    let Some(fleet) = Fleet::new("findings").await else { return };
    let turn = fleet.machines.path().join("turn");
    draw_turn(&turn, [220, 220, 225], 24);
    darken(&turn.join("007.png"));
    let (here, there) = (fleet.serve("here"), fleet.serve("there"));
    let set = here.open(&diamond()).await;
    here.send_turn(&set, &turn).await;
    // It is asked for at one, and the set is committed at the other at once.
    let asked = here.request(Method::GET, &format!("{set}/check")).send().await.unwrap();
    assert!(asked.status().is_success());
    let commit = there.request(Method::POST, &format!("{set}/commit")).send().await.unwrap();
    assert_eq!(problem(commit, 409).await, "findings-unacknowledged");

    let mut found = Vec::new();
    for artist in [&here, &there] {
        let check = until("the check ends", async || {
            let check = artist.request(Method::GET, &format!("{set}/check")).send().await.unwrap();
            let check: Value = check.json().await.unwrap();
            (check["state"] == "done").then_some(check)
        });
        found.push(check.await);
    }
    assert_eq!(found[0], found[1]);
    assert_eq!(found[0]["findings"][0]["kind"], "exposure-jump", "{}", found[0]);
    let kept = fleet.staged(&set).await.into_iter().filter(|name| name.starts_with("findings-"));
    assert_eq!(kept.count(), 1);
}

#[tokio::test]
async fn a_job_goes_on_elsewhere_with_the_encodes_of_the_worker_that_died() {
    let Some(fleet) = Fleet::new("encodes").await else { return };
    let turn = fleet.machines.path().join("turn");
    draw_turn(&turn, [220, 220, 225], 36);
    let server = fleet.serve("here");
    let set = server.open(&diamond()).await;
    server.send_turn(&set, &turn).await;
    let committed = server.request(Method::POST, &format!("{set}/commit")).send().await.unwrap();
    assert_eq!(committed.status(), 200, "{}", committed.text().await.unwrap());

    let worker = fleet.work("first");
    until("the first batches are there", async || {
        let staged = fleet.staged(&set).await;
        (staged.iter().filter(|name| name.starts_with("encodes/")).count() >= 2).then_some(())
    })
    .await;
    drop(worker);
    let _second = fleet.work("second");
    let job = server.job_done(&set).await;
    let (encoded, found) = encodes(&job);
    assert!(encoded > 0 && found > 8, "{job}");
    let left = fleet.staged(&set).await;
    assert!(left.iter().all(|name| !name.starts_with("encodes/")), "{left:?}");
}

fn diamond() -> Value {
    json!({ "product": "ring.solitaire", "choices": { "metal": "platinum", "stone": "diamond" } })
}

/// How many encodes a job made, and how many it found, as its log says.
fn encodes(job: &Value) -> (u32, u32) {
    let log = job["log"].as_array().unwrap().iter().rev();
    let line =
        log.filter_map(|entry| entry["line"].as_str()).find(|line| line.contains(" encodes, ")).unwrap();
    let numbers: Vec<u32> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
    (numbers[0], numbers[1])
}
