//! The whole job on an S3 server: over a flaky line, without it, and with damage in it.

use std::{fs, time::Duration};

use reqwest::Method;
use serde_json::Value;

use crate::{
    bucket_fixture::Bucket,
    fault_proxy::Faults,
    girasol::{Server, header, key, problem, sequence},
};

const GOLD: &str = "ring.solitaire.metal-gold.stone-diamond";
const ROSE: &str = "ring.solitaire.metal-rose.stone-diamond";

/// Every file of a manifest is served as it is in the bucket, when all are asked for at once.
async fn gives_all(bucket: &Bucket, server: &Server, manifest: &Value) {
    let same = async |file: String| {
        let response = server.get(&file, &[]).await;
        assert_eq!(response.status(), 200, "{file}");
        assert_eq!(response.bytes().await.unwrap(), bucket.object(&file).await, "{file}");
    };
    futures_util::future::join_all(files(manifest).into_iter().map(same)).await;
}

/// Where every file of a manifest is.
pub(crate) fn files(manifest: &Value) -> Vec<String> {
    let mut files = Vec::new();
    for tier in manifest["tiers"].as_object().unwrap().values() {
        for (format, rendition) in tier["formats"].as_object().unwrap() {
            let set = rendition["set"].as_str().unwrap();
            let degrees = tier["degrees"].as_array().unwrap().iter().map(|degree| degree.as_u64().unwrap());
            files.extend(degrees.map(|degree| format!("/s/{set}/{degree:03}.{format}")));
            let packs = rendition["packs"].as_array().unwrap().iter();
            files.extend(packs.map(|pack| format!("/p/{}.pack", pack["pack"].as_str().unwrap())));
        }
    }
    files.sort_unstable();
    files.dedup();
    files
}

/// A pack of another format than the one that was chosen: a request for the manifest does not read it ahead.
fn pack_of_another_format(manifest: &Value) -> String {
    let chosen = manifest["selected"]["format"].as_str().unwrap();
    let mut packs = manifest["tiers"].as_object().unwrap().values().flat_map(|tier| {
        let other = tier["formats"].as_object().unwrap().iter().filter(|(format, _)| *format != chosen);
        other.flat_map(|(_, rendition)| rendition["packs"].as_array().unwrap())
    });
    format!("/p/{}.pack", packs.next().unwrap()["pack"].as_str().unwrap())
}

/// A frame of another format, which is in no pack that is read ahead.
fn frame_of_another_format(manifest: &Value) -> String {
    let chosen = manifest["selected"]["format"].as_str().unwrap();
    let formats = manifest["tiers"]["standard"]["formats"].as_object().unwrap();
    let (format, rendition) = formats.iter().find(|(format, _)| *format != chosen).unwrap();
    format!("/s/{}/330.{format}", rendition["set"].as_str().unwrap())
}

#[tokio::test]
async fn the_whole_job_is_done_over_a_flaky_line() {
    let Some(bucket) = Bucket::new("rough", Faults::Flaky).await else { return };
    bucket.ingest("gold", [212, 175, 95]);
    bucket.ingest("rose", [210, 150, 130]);
    bucket.ingest("gold", [200, 160, 80]);
    assert!(!bucket.data().join("objects").exists(), "every object is in the bucket");

    let server = bucket.serve();
    let newest = server.json(&sequence(GOLD)).await;
    let rose = server.json(&sequence(ROSE)).await;
    gives_all(&bucket, &server, &newest).await;
    gives_all(&bucket, &server, &rose).await;
    let pack = files(&rose).into_iter().find(|file| file.starts_with("/p/")).unwrap();
    let part = server.get(&pack, &[("range", "bytes=10-19")]).await;
    assert_eq!(part.status(), 206);
    assert_eq!(part.bytes().await.unwrap(), bucket.object(&pack).await[10..20]);
    let still = server.get(&format!("/still/{GOLD}.jpg"), &[]).await;
    assert_eq!((still.status().as_u16(), header(still.headers(), "content-type")), (200, "image/jpeg"));

    bucket.girasol(&["rollback", GOLD]);
    while server.json(&sequence(GOLD)).await["version"] == newest["version"] {
        tokio::task::yield_now().await;
    }
    let older = server.json(&sequence(GOLD)).await;
    let before = bucket.objects().await;
    let collected: Value =
        serde_json::from_slice(&bucket.girasol(&["store", "gc", "--json", "--grace-hours", "0"]).stdout)
            .unwrap();
    assert!(collected["objects"].as_u64().unwrap() > 0, "{collected}");
    assert_eq!(bucket.objects().await, before - collected["objects"].as_u64().unwrap() as usize);
    gives_all(&bucket, &server, &older).await;

    let bearer = format!("Bearer {}", key(bucket.data(), "artist"));
    let take_down = server.request(Method::POST, &format!("/api/sequences/{GOLD}/take-down"));
    let take_down = take_down.json(&serde_json::json!({ "confirm": GOLD }));
    assert_eq!(take_down.header("authorization", bearer).send().await.unwrap().status(), 200);
    for file in &files(&older) {
        // It leaves memory and disk within a second.
        while server.get(file, &[]).await.status() == 200 {
            tokio::task::yield_now().await;
        }
        assert_eq!(problem(server.get(file, &[]).await, 404).await, "no-such-file");
        assert!(!bucket.data().join("cache/objects").join(&file[1..]).exists());
    }
    gives_all(&bucket, &server, &rose).await;
    assert!(bucket.line.mishaps().iter().all(|count| *count > 20), "{:?}", bucket.line.mishaps());
}

#[tokio::test]
async fn what_was_read_before_is_served_without_s3() {
    let Some(bucket) = Bucket::new("dead", Faults::None).await else { return };
    bucket.ingest("gold", [212, 175, 95]);
    let config = bucket.config();
    let patience = "connect_timeout_ms = 300\nattempt_timeout_ms = 300\n";
    fs::write(
        &config,
        fs::read_to_string(&config).unwrap().replace("attempts = 4\n", "attempts = 2\n") + patience,
    )
    .unwrap();
    let server = bucket.serve();
    let (kept, fresh) = {
        // A slow server takes longer than a request waits.
        let manifest = server.until(&sequence(GOLD), 200).await.json().await.unwrap();
        (frame_of_another_format(&manifest), pack_of_another_format(&manifest))
    };
    let bytes = server.until(&kept, 200).await.bytes().await.unwrap();
    drop(server);

    // From the disk alone: memory went with the process.
    bucket.line.set(Faults::Dead);
    let server = bucket.serve();
    server.json(&sequence(GOLD)).await;
    assert_eq!(server.get(&kept, &[]).await.bytes().await.unwrap(), bytes);
    assert_eq!(problem(server.get(&fresh, &[]).await, 503).await, "not-ready");
    let health = server.until("/api/health/ready", 503).await;
    let health: Value = health.json().await.unwrap();
    assert_eq!(health["detail"], "the object store cannot be used: no answer comes");
    assert_eq!(server.get("/api/health/live", &[]).await.status(), 200);

    bucket.line.set(Faults::Silent);
    let mut waiting = Box::pin(server.get(&fresh, &[]));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    assert_eq!(server.get(&kept, &[]).await.bytes().await.unwrap(), bytes);
    assert_eq!(problem(waiting.await, 503).await, "not-ready");

    bucket.line.set(Faults::None);
    let read = server.until(&fresh, 200).await;
    assert_eq!(read.bytes().await.unwrap(), bucket.object(&fresh).await);
    server.until("/api/health/ready", 200).await;
    drop(server);

    let copy = bucket.data().join("cache/objects").join(&kept[1..]);
    let mut damaged = fs::read(&copy).unwrap();
    damaged[0] ^= 1;
    fs::write(&copy, damaged).unwrap();
    let server = bucket.serve();
    assert_eq!(server.get(&kept, &[]).await.bytes().await.unwrap(), bytes);
}

#[tokio::test]
async fn popular_spins_are_read_before_the_first_request() {
    let Some(bucket) = Bucket::new("warm", Faults::None).await else { return };
    bucket.ingest("gold", [212, 175, 95]);
    let manifest = bucket.serve().json(&sequence(GOLD)).await;
    let config = fs::read_to_string(bucket.config()).unwrap();
    fs::write(bucket.config(), config.replace("warm = 0", "warm = 3")).unwrap();
    // Those of WebP are read ahead with the manifest.
    let pack = &manifest["tiers"]["standard"]["formats"]["avif"]["bare"]["packs"][0];
    let read = format!("GET /{}/spins/p/{}.pack", bucket.name, pack.as_str().unwrap());
    let before = bucket.line.asked(&read);
    let _server = bucket.serve();
    let asked = async {
        while bucket.line.asked(&read) == before {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(2), asked).await.expect("no server read it");
}

#[tokio::test]
async fn a_thousand_first_requests_for_a_cold_object_read_it_once() {
    let Some(bucket) = Bucket::new("cold", Faults::None).await else { return };
    bucket.ingest("gold", [212, 175, 95]);
    let server = bucket.serve();
    let manifest = server.json(&sequence(GOLD)).await;
    let (pack, frame) = (&pack_of_another_format(&manifest), &frame_of_another_format(&manifest));
    let list = format!("{}/frames.txt", frame.rsplit_once('/').unwrap().0);
    // The ingest compares what it finds in bucket.
    let reads = |file: &str| bucket.line.asked(&format!("GET /{}/spins{file}", bucket.name));
    let before = [frame, pack, &list].map(|file| reads(file));
    for file in [frame, pack] {
        let whole = bucket.object(file).await;
        server.get_a_thousand_times(file, &whole).await;
    }
    assert_eq!([frame, pack, &list].map(|file| reads(file)), before.map(|reads| reads + 1));
}

#[tokio::test]
async fn what_is_damaged_in_the_bucket_is_not_served_and_is_told_and_made_good() {
    let Some(bucket) = Bucket::new("damaged", Faults::None).await else { return };
    bucket.ingest("gold", [212, 175, 95]);
    let mut server = bucket.serve();
    let manifest = server.json(&sequence(GOLD)).await;
    let damaged = [pack_of_another_format(&manifest), frame_of_another_format(&manifest)];
    for file in &damaged {
        let whole = bucket.object(file).await;
        let mut other = whole.clone();
        other[whole.len() / 2] ^= 1;
        for other in [&other[..], &whole[1..], b""] {
            bucket.replace(file, other).await;
            assert_eq!(problem(server.get(file, &[]).await, 500).await, "internal");
        }
    }
    // The same turn again finds what is damaged.
    bucket.ingest("gold", [212, 175, 95]);
    for file in &damaged {
        assert_eq!(server.get(file, &[]).await.bytes().await.unwrap(), bucket.object(file).await);
    }
    server.signal("TERM");
    let (code, log) = server.ended();
    assert_eq!(code, Some(0));
    for file in damaged {
        assert!(log.contains(&format!("{} does not match its digest", &file[1..])), "{log}");
    }
    assert!(!log.contains("a-test-secret"), "{log}");
}
