//! Large objects that only the bucket has: sent while they come, and never to their end before they are known to be sound.

use std::fs;

use futures_util::future::join_all;
use reqwest::{Method, Response};

use crate::{
    admission::packs_of_the_choice,
    bucket_fixture::Bucket,
    fault_proxy::Faults,
    fleet::until,
    front::{Cache, Front},
    girasol::{Server, header, key, problem, sequence},
    metrics,
};

const LENGTH: usize = 600_000;

/// A pack that is like no other, and the same with one byte changed.
fn pack(first: u8) -> (Vec<u8>, Vec<u8>) {
    let sound: Vec<u8> =
        (0..LENGTH).map(|at| first.wrapping_add((at / 251) as u8 ^ (at % 251) as u8)).collect();
    let mut damaged = sound.clone();
    damaged[LENGTH / 2] ^= 1;
    (sound, damaged)
}

/// Reads so many bytes of an answer, or more.
async fn begin(response: &mut Response, bytes: usize) -> Vec<u8> {
    let mut got = Vec::new();
    while got.len() < bytes {
        got.extend_from_slice(&response.chunk().await.unwrap().expect("there is more"));
    }
    got
}

/// Asks for what is broken off. `None` where the connection ends before the head of the answer.
async fn ask(server: &Server, path: &str, headers: &[(&str, &str)]) -> Option<Response> {
    let request = server.request(Method::GET, path);
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).send().await.ok()
}

/// How many bytes come of an answer that is broken off; none where the fault is known before it begins.
async fn broken_off(response: Option<Response>) -> usize {
    let Some(mut response) = response.filter(|response| response.status() != 500) else { return 0 };
    assert!(response.status().is_success());
    let mut got = 0;
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => got += chunk.len(),
            Ok(None) => panic!("the answer has come to its end"),
            Err(_) => return got,
        }
    }
}

async fn streamed(server: &Server, bearer: &str, outcome: &str) -> f64 {
    let figures = metrics::series(&metrics::scrape(server, bearer).await);
    let label = format!("outcome=\"{outcome}\"");
    metrics::sum(&figures, "girasol_streamed_objects_total", &label)
}

#[tokio::test]
async fn a_large_object_begins_while_the_bucket_holds_back_the_rest() {
    let Some(bucket) = Bucket::new("halfway", Faults::None).await else { return };
    let (sound, _) = pack(1);
    let server = bucket.serve();
    let path = bucket.put_as(&sound, &sound).await;
    let bearer = format!("Bearer {}", key(bucket.data(), "metrics"));
    bucket.line.set(Faults::Halfway);

    let mut first = server.get(&path, &[]).await;
    let headers = first.headers().clone();
    let mut got = begin(&mut first, 200_000).await;
    let etag = header(&headers, "etag").to_owned();
    assert_eq!(etag, format!("\"{}\"", &path[3..35]));
    // One that comes late has what has come, and one that leaves ends it for no other.
    let mut second = server.get(&path, &[]).await;
    let mut late = begin(&mut second, 200_000).await;
    drop(first);
    let mut part = server.get(&path, &[("range", "bytes=100000-499999")]).await;
    assert_eq!(part.status(), 206);
    let mut of_part = begin(&mut part, 100_000).await;
    // What has no body waits until it is known that there is something to answer for.
    let [head, known] = [Method::HEAD, Method::GET].map(|method| {
        let request = server.request(method.clone(), &path);
        let request = if method == Method::GET { request.header("if-none-match", &etag) } else { request };
        tokio::spawn(request.send())
    });
    // All of it has come but what would complete it.
    let mut short = server.get(&path, &[("range", "bytes=0-99")]).await;
    assert_eq!(short.status(), 206);
    assert!(futures_util::poll!(Box::pin(short.chunk())).is_pending());
    assert!(!head.is_finished() && !known.is_finished());

    bucket.line.set(Faults::None);
    while let Some(chunk) = second.chunk().await.unwrap() {
        late.extend_from_slice(&chunk);
    }
    assert!(late == sound && late.starts_with(&got));
    of_part.extend_from_slice(&part.bytes().await.unwrap());
    assert!(of_part == sound[100_000..500_000]);
    assert_eq!(short.bytes().await.unwrap(), sound[..100]);
    let head = head.await.unwrap().unwrap();
    assert_eq!((head.status().as_u16(), header(head.headers(), "content-length")), (200, "600000"));
    assert_eq!(known.await.unwrap().unwrap().status(), 304);

    // From memory it is the same.
    let again = server.get(&path, &[]).await;
    for name in
        ["content-length", "etag", "repr-digest", "cache-control", "xkey", "access-control-allow-origin"]
    {
        assert_eq!(header(again.headers(), name), header(&headers, name), "{name}");
        assert!(!header(&headers, name).is_empty(), "{name}");
    }
    got = again.bytes().await.unwrap().to_vec();
    assert!(got == sound);
    assert_eq!(bucket.line.asked(&path), 1);
    assert!(bucket.data().join("cache/objects").join(&path[1..]).exists());
    assert!((streamed(&server, &bearer, "whole").await - 1.0).abs() < 0.5);
}

#[tokio::test]
async fn a_thousand_first_requests_for_a_large_object_read_it_once() {
    let Some(bucket) = Bucket::new("crowd", Faults::None).await else { return };
    let (sound, _) = pack(2);
    let server = bucket.serve();
    let path = bucket.put_as(&sound, &sound).await;
    server.get_a_thousand_times(&path, &sound).await;
    assert_eq!(bucket.line.asked(&path), 1);
}

#[tokio::test]
async fn the_first_packs_are_read_while_the_visitor_reads_the_manifest() {
    let Some(bucket) = Bucket::new("ahead", Faults::None).await else { return };
    bucket.ingest("gold", [200, 160, 60]);
    let server = bucket.serve();
    assert!(!bucket.data().join("cache/objects/p").exists());
    let reads = || bucket.line.asked(&format!("GET /{}/spins/p/", bucket.name));
    // An ingest may read what it has stored.
    let before = reads();
    let manifest = server.json(&sequence("ring.solitaire.metal-gold.stone-diamond")).await;
    let (tier, format) = (&manifest["selected"]["tier"], &manifest["selected"]["format"]);
    let rendition = &manifest["tiers"][tier.as_str().unwrap()]["formats"][format.as_str().unwrap()];
    let packs: Vec<String> = rendition["packs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pack| format!("/p/{}.pack", pack["pack"].as_str().unwrap()))
        .collect();
    let first = packs.len().min(2);
    until("the first packs are read", async || (reads() == before + first).then_some(())).await;
    for pack in &packs {
        assert_eq!(server.get(pack, &[]).await.status(), 200);
    }
    assert_eq!(reads(), before + packs.len(), "no pack is read twice");
}

#[tokio::test]
async fn a_large_object_that_is_damaged_is_broken_off_and_kept_nowhere() {
    let Some(bucket) = Bucket::new("broken", Faults::None).await else { return };
    let (sound, damaged) = pack(3);
    let mut server = bucket.serve();
    let path = bucket.put_as(&damaged, &sound).await;
    let etag = format!("\"{}\"", &path[3..35]);
    bucket.line.set(Faults::Halfway);
    let mut begun = server.get(&path, &[]).await;
    let got = begin(&mut begun, 1000).await.len();
    bucket.line.set(Faults::None);
    assert!(got + broken_off(Some(begun)).await < LENGTH);
    for _ in 0..3 {
        let at_once = join_all((0..5).map(|_| ask(&server, &path, &[]))).await;
        for got in join_all(at_once.into_iter().map(broken_off)).await {
            assert!(got < LENGTH, "{got}");
        }
    }
    assert!(broken_off(ask(&server, &path, &[("range", "bytes=0-99")]).await).await < 100);
    let head = server.send(Method::HEAD, &path, &[]).await;
    assert_eq!((head.status().as_u16(), header(head.headers(), "cache-control")), (500, "private, no-store"));
    assert_eq!(problem(server.get(&path, &[("if-none-match", &etag)]).await, 500).await, "internal");
    assert_eq!(problem(server.get(&path, &[("range", "bytes=600000-")]).await, 500).await, "internal");
    assert!(!bucket.data().join("cache/objects").join(&path[1..]).exists());

    bucket.put_as(&sound, &sound).await;
    assert!(server.get(&path, &[]).await.bytes().await.unwrap() == sound);
    server.signal("TERM");
    let (code, log) = server.ended();
    assert_eq!(code, Some(0));
    assert!(log.contains(&format!("{} does not match its digest", &path[1..])), "{log}");
    assert!(log.contains("answers were broken off"), "{log}");
}

#[tokio::test]
async fn what_is_wrong_beside_an_object_breaks_one_answer_off() {
    let Some(bucket) = Bucket::new("misnamed", Faults::None).await else { return };
    let (sound, other) = pack(4);
    let server = bucket.serve();
    let path = bucket.put_as(&sound, &sound).await;
    bucket.record_as(&path, &sound, &other).await;
    assert!(broken_off(ask(&server, &path, &[]).await).await < LENGTH);
    assert!(server.until(&path, 200).await.bytes().await.unwrap() == sound);
}

#[tokio::test]
async fn a_bucket_that_fails_in_the_middle_leaves_nothing_behind() {
    let Some(bucket) = Bucket::new("middle", Faults::None).await else { return };
    let (sound, _) = pack(5);
    let server = bucket.serve();
    let path = bucket.put_as(&sound, &sound).await;
    bucket.line.set(Faults::Halfway);
    let mut one = server.get(&path, &[]).await;
    let got = begin(&mut one, 1000).await.len();
    bucket.line.set(Faults::Dead);
    assert!(got + broken_off(Some(one)).await < LENGTH);
    assert!(!bucket.data().join("cache/objects").join(&path[1..]).exists());
    bucket.line.set(Faults::None);
    assert!(server.until(&path, 200).await.bytes().await.unwrap() == sound);
}

#[tokio::test]
async fn caches_in_front_keep_nothing_of_an_answer_that_is_broken_off() {
    for cache in Cache::ALL {
        if !cache.is_here() {
            continue;
        }
        let Some(bucket) = Bucket::new(&format!("kept-{cache:?}").to_lowercase(), Faults::None).await else {
            return;
        };
        let (sound, damaged) = pack(6);
        let server = bucket.serve();
        let path = bucket.put_as(&damaged, &sound).await;
        let front = Front::start(cache, &server.base, &[]);
        for _ in 0..3 {
            let response = front.get(&path, &[]).await;
            if response.status().is_success() {
                assert!(broken_off(Some(response)).await < LENGTH, "{cache:?}");
            }
        }
        bucket.put_as(&sound, &sound).await;
        for did in ["MISS", "HIT", "HIT"] {
            let response = front.get(&path, &[]).await;
            assert_eq!(response.status(), 200, "{cache:?}");
            assert_eq!(header(response.headers(), "x-cache"), did, "{cache:?}");
            assert!(response.bytes().await.unwrap() == sound, "{cache:?}");
        }
    }
}

#[tokio::test]
async fn an_object_of_which_nothing_is_recorded_comes_whole() {
    let Some(bucket) = Bucket::new("unrecorded", Faults::None).await else { return };
    let (sound, damaged) = pack(7);
    let server = bucket.serve();
    let path = bucket.put_as(&sound, &sound).await;
    // As it was stored before anything was recorded.
    bucket.replace(&path, &damaged).await;
    assert_eq!(problem(server.get(&path, &[]).await, 500).await, "internal");
    bucket.replace(&path, &sound).await;
    assert!(server.get(&path, &[]).await.bytes().await.unwrap() == sound);
    let copy = fs::read(bucket.data().join("cache/objects").join(&path[1..])).unwrap();
    assert!(copy.starts_with(&sound));
}

#[tokio::test]
async fn what_is_taken_down_while_it_is_read_ahead_is_neither_served_nor_kept() {
    let Some(bucket) = Bucket::new("gone-ahead", Faults::None).await else { return };
    let [by_server, by_process] =
        ["gold", "rose"].map(|metal| format!("ring.solitaire.metal-{metal}.stone-diamond"));
    bucket.ingest("gold", [200, 160, 60]);
    bucket.ingest("rose", [210, 150, 130]);
    bucket.set("attempt_timeout_ms = 60000\nscrub_days = 0");
    let bearer = bucket.admin();
    // Manifests come to the disk, and packs are left to the bucket.
    let server = bucket.serve();
    let mut packs = Vec::new();
    for ring in [&by_server, &by_process] {
        let manifest = server.json(&sequence(ring)).await;
        packs.push(packs_of_the_choice(&manifest));
    }
    for pack in packs.concat() {
        server.until(&pack, 200).await;
    }
    drop(server);
    let copies = bucket.data().join("cache/objects/p");
    fs::remove_dir_all(&copies).unwrap();

    let server = bucket.serve();
    for (ring, packs) in [&by_server, &by_process].into_iter().zip(&packs) {
        bucket.line.hold(&format!("GET /{}/spins/p/", bucket.name));
        server.until(&sequence(ring), 200).await;
        let first = packs.len().min(2);
        until("the first packs are on their way", async || (bucket.line.holds() == first).then_some(()))
            .await;
        // The bucket has answered before it is told to delete them.
        if *ring == by_server {
            let gone = server.request(Method::POST, &format!("/api/sequences/{ring}/take-down"));
            let gone = gone.header("authorization", &bearer).json(&serde_json::json!({ "confirm": ring }));
            assert_eq!(gone.send().await.unwrap().status(), 200);
            bucket.line.release();
        } else {
            bucket.girasol(&["take-down", ring, "--yes"]);
            bucket.line.release();
        }
        until("nothing is on its way", async || (bucket.line.holds() == 0).then_some(())).await;
        for pack in packs {
            if *ring == by_server {
                assert_eq!(server.get(pack, &[]).await.status(), 404, "{pack}");
            } else {
                server.until(pack, 404).await;
            }
        }
        server.until(&sequence(ring), 410).await;
        let left = || fs::read_dir(&copies).map_or(0, Iterator::count);
        until("no copy is left", async || (left() == 0).then_some(())).await;
        // Nor does one come back.
        for pack in packs {
            assert_eq!(server.get(pack, &[]).await.status(), 404, "{pack}");
        }
        assert_eq!(left(), 0);
    }
}
