//! Frames, packs and stills.

use std::{collections::BTreeMap, fs};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::Method;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    girasol::{RING, Server, header, ingest, key, problem, sequence},
    ingest::put_together,
    metrics,
};

const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// URL, set and degree of the first frame of the standard pack, and the pack's URL.
fn first_frame(manifest: &Value) -> (String, String, u64) {
    let rendition = &manifest["tiers"]["standard"]["formats"]["webp"];
    let pack = &rendition["packs"][0];
    let (set, degree) = (rendition["set"].as_str().unwrap(), pack["degrees"][0].as_u64().unwrap());
    (format!("/s/{set}/{degree:03}.webp"), format!("/p/{}.pack", pack["pack"].as_str().unwrap()), degree)
}

#[tokio::test]
async fn a_frame_is_immutable_for_a_year() {
    let server = Server::start();
    let (frame, ..) = first_frame(&server.ring().await);
    let response = server.get(&frame, &[("accept-encoding", "gzip, br")]).await;
    assert_eq!(response.status(), 200);
    let headers = response.headers().clone();
    assert_eq!(header(&headers, "cache-control"), FOR_EVER);
    assert_eq!(header(&headers, "content-type"), "image/webp");
    assert_eq!(header(&headers, "accept-ranges"), "bytes");
    assert_eq!(header(&headers, "x-content-type-options"), "nosniff");
    assert_eq!(header(&headers, "xkey"), format!("s-{}", frame.split('/').nth(2).unwrap()));
    assert!(headers.get("vary").is_none() && headers.get("content-encoding").is_none());
    let body = response.bytes().await.unwrap();
    image::load_from_memory_with_format(&body, image::ImageFormat::WebP).unwrap();
    let digest = format!("sha-256=:{}:", BASE64_STANDARD.encode(Sha256::digest(&body)));
    assert_eq!(header(&headers, "repr-digest"), digest);
}

/// Bytes that the server has read of its store so far.
async fn bytes_read(server: &Server, bearer: &str) -> f64 {
    let figures = metrics::series(&metrics::scrape(server, bearer).await);
    metrics::sum(&figures, "girasol_store_bytes_total", "operation=\"get\"")
}

#[tokio::test]
async fn a_thousand_first_requests_read_a_file_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest(data, "gold", [212, 175, 95], 12);
    let bearer = format!("Bearer {}", key(data, "metrics"));
    let server = Server::start_over(data, &["serve"]);
    let manifest = server.json(&sequence("ring.solitaire.metal-gold.stone-diamond")).await;
    let (frame, pack, degree) = first_frame(&manifest);
    // The list of the set is read with its first frame.
    let degrees = manifest["tiers"]["standard"]["degrees"].as_array().unwrap();
    let other = degrees.iter().filter_map(Value::as_u64).find(|other| *other != degree).unwrap();
    let other = frame.replace(&format!("{degree:03}.webp"), &format!("{other:03}.webp"));
    assert_eq!(server.get(&other, &[]).await.status(), 200);
    for file in [frame, pack] {
        let whole = fs::read(data.join("objects").join(&file[1..])).unwrap();
        let before = bytes_read(&server, &bearer).await;
        server.get_a_thousand_times(&file, &whole).await;
        let bytes = bytes_read(&server, &bearer).await - before;
        assert!((bytes - whole.len() as f64).abs() < 0.5, "{file}: {bytes}");
    }
}

#[tokio::test]
async fn a_frame_of_a_pack_in_memory_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest(data, "gold", [212, 175, 95], 12);
    let bearer = format!("Bearer {}", key(data, "metrics"));
    let server = Server::start_over(data, &["serve"]);
    let manifest = server.json(&sequence("ring.solitaire.metal-gold.stone-diamond")).await;
    let whole = |rendition: &Value| {
        let packs = rendition["packs"].as_array().unwrap().iter();
        packs.map(|pack| pack["pack"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let bare =
        |rendition: &Value| serde_json::from_value::<Vec<_>>(rendition["bare"]["packs"].clone()).unwrap();
    let formats = &manifest["tiers"]["standard"]["formats"];
    for (format, packs) in [("webp", whole(&formats["webp"])), ("avif", bare(&formats["avif"]))] {
        let set = formats[format]["set"].as_str().unwrap();
        for pack in packs {
            assert_eq!(server.get(&format!("/p/{pack}.pack"), &[]).await.status(), 200);
        }
        let frames = manifest["tiers"]["standard"]["degrees"].as_array().unwrap();
        let frames = frames.iter().map(|degree| format!("/s/{set}/{:03}.{format}", degree.as_u64().unwrap()));
        let before = bytes_read(&server, &bearer).await;
        for frame in frames {
            let whole = fs::read(data.join("objects").join(&frame[1..])).unwrap();
            let response = server.get(&frame, &[]).await;
            let digest = format!("sha-256=:{}:", BASE64_STANDARD.encode(Sha256::digest(&whole)));
            assert_eq!(header(response.headers(), "repr-digest"), digest);
            assert_eq!(response.bytes().await.unwrap(), whole);
        }
        // The list of the set has the digests of its frames.
        let list = fs::metadata(data.join("objects/s").join(set).join("frames.txt")).unwrap().len();
        let bytes = bytes_read(&server, &bearer).await - before;
        assert!((bytes - list as f64).abs() < 0.5, "{format}: {bytes}");
    }
}

#[tokio::test]
async fn an_immutable_file_has_one_url() {
    let server = Server::start();
    let manifest = server.ring().await;
    let (frame, pack, _) = first_frame(&manifest);
    for url in [frame, pack, format!("/m/{}.json", manifest["digest"].as_str().unwrap())] {
        assert_eq!(server.get(&url, &[]).await.status(), 200, "{url}");
        let (folder, digest) = url.split_at(3);
        let encoded = format!("{folder}%{:02x}{}", digest.as_bytes()[0], &digest[1..]);
        for copy in [encoded, url.replace('.', "%2e"), url.replace('.', "%2E")] {
            assert_eq!(problem(server.get(&copy, &[]).await, 404).await, "not-found", "{copy}");
        }
        for query in ["x=1", "x", "&"] {
            let copy = format!("{url}?{query}");
            assert_eq!(problem(server.get(&copy, &[]).await, 400).await, "bad-query", "{copy}");
        }
    }
}

#[tokio::test]
async fn a_pack_is_cut_into_the_frames_that_stand_alone() {
    let server = Server::start();
    let manifest = server.ring().await;
    let rendition = &manifest["tiers"]["standard"]["formats"]["avif"];
    let mut loaded = 0;
    for pack in rendition["packs"].as_array().unwrap() {
        let response = server.get(&format!("/p/{}.pack", pack["pack"].as_str().unwrap()), &[]).await;
        assert_eq!(header(response.headers(), "cache-control"), FOR_EVER);
        assert_eq!(header(response.headers(), "content-type"), "application/octet-stream");
        assert!(response.headers().get("vary").is_none());
        let bytes = response.bytes().await.unwrap();
        let mut from = 0;
        for (degree, length) in
            pack["degrees"].as_array().unwrap().iter().zip(pack["lengths"].as_array().unwrap())
        {
            let to = from + length.as_u64().unwrap() as usize;
            let url =
                format!("/s/{}/{:03}.avif", rendition["set"].as_str().unwrap(), degree.as_u64().unwrap());
            let frame = server.get(&url, &[]).await;
            assert_eq!(frame.status(), 200, "{url}");
            assert_eq!(frame.bytes().await.unwrap(), bytes[from..to]);
            from = to;
            loaded += 1;
        }
        assert_eq!(from, bytes.len());
    }
    assert!(loaded >= 24);
}

#[tokio::test]
async fn bare_packs_are_put_together_into_the_frames_that_stand_alone() {
    let server = Server::start();
    let manifest = server.ring().await;
    for tier in ["preview", "standard", "hd"] {
        let rendition = &manifest["tiers"][tier]["formats"]["avif"];
        let mut packs = BTreeMap::new();
        for pack in rendition["bare"]["packs"].as_array().unwrap() {
            let pack = pack.as_str().unwrap();
            let response = server.get(&format!("/p/{pack}.pack"), &[]).await;
            assert_eq!(header(response.headers(), "cache-control"), FOR_EVER);
            packs.insert(pack, response.bytes().await.unwrap().to_vec());
        }
        let frames = put_together(rendition, |pack| packs[pack].clone());
        assert_eq!(frames.len() as u64, manifest["tiers"][tier]["frames"].as_u64().unwrap());
        for (degree, frame) in frames {
            let url = format!("/s/{}/{degree:03}.avif", rendition["set"].as_str().unwrap());
            let alone = server.get(&url, &[]).await;
            assert_eq!(alone.status(), 200, "{url}");
            assert!(alone.bytes().await.unwrap() == frame, "{url}");
        }
    }
}

#[tokio::test]
async fn a_range_is_that_slice_of_the_whole() {
    let server = Server::start();
    let (frame, pack, _) = first_frame(&server.ring().await);
    for url in [frame, pack] {
        let whole = server.get(&url, &[]).await.bytes().await.unwrap();
        let length = whole.len();
        for (range, from, to) in [
            ("bytes=0-0".to_owned(), 0, 1),
            ("bytes=10-19".to_owned(), 10, 20),
            ("bytes=10-".to_owned(), 10, length),
            ("bytes=-7".to_owned(), length - 7, length),
            (format!("bytes={}-{}", length - 1, length + 100), length - 1, length),
            ("bytes=-99999999999999999999".to_owned(), 0, length),
        ] {
            let response = server.get(&url, &[("range", &range)]).await;
            assert_eq!(response.status(), 206, "{range}");
            assert_eq!(
                header(response.headers(), "content-range"),
                format!("bytes {from}-{}/{length}", to - 1)
            );
            assert_eq!(header(response.headers(), "content-length"), (to - from).to_string());
            assert_eq!(header(response.headers(), "cache-control"), FOR_EVER);
            assert_eq!(response.bytes().await.unwrap(), whole[from..to], "{range}");
        }
        for range in ["bytes=0-1,5-6", "bytes=5-1", "frames=0-1", "bytes=x-", "bytes"] {
            let response = server.get(&url, &[("range", range)]).await;
            assert_eq!(response.status(), 200, "{range}");
            assert_eq!(response.bytes().await.unwrap(), whole);
        }
        let two_lines = server.get(&url, &[("range", "bytes=0-1"), ("range", "bytes=5-6")]).await;
        assert_eq!(two_lines.status(), 200);
    }
}

#[tokio::test]
async fn a_range_after_the_end_is_416_with_the_length() {
    let server = Server::start();
    let (frame, ..) = first_frame(&server.ring().await);
    let length = server.get(&frame, &[]).await.bytes().await.unwrap().len();
    for range in [format!("bytes={length}-"), "bytes=-0".to_owned(), "bytes=99999999999999999999-".to_owned()]
    {
        let response = server.get(&frame, &[("range", &range)]).await;
        assert_eq!(header(response.headers(), "content-range"), format!("bytes */{length}"), "{range}");
        assert_eq!(header(response.headers(), "cache-control"), "private, no-store");
        assert_eq!(problem(response, 416).await, "range-outside");
    }
}

#[tokio::test]
async fn a_part_is_given_only_of_the_version_that_the_client_has() {
    let server = Server::start();
    let (frame, ..) = first_frame(&server.ring().await);
    let tag = header(server.get(&frame, &[]).await.headers(), "etag").to_owned();
    for (condition, status) in [
        (tag.clone(), 206),
        (format!("W/{tag}"), 200),
        ("\"other\"".to_owned(), 200),
        ("Fri, 20 Nov 2026 10:00:00 GMT".to_owned(), 200),
    ] {
        let response = server.get(&frame, &[("range", "bytes=0-3"), ("if-range", &condition)]).await;
        assert_eq!(response.status(), status, "{condition}");
    }
    let response = server.get(&frame, &[("range", "bytes=0-3"), ("if-none-match", &tag)]).await;
    assert_eq!(response.status(), 304, "If-None-Match is looked at first");
}

#[tokio::test]
async fn a_frame_that_the_client_has_is_304_with_its_headers() {
    let server = Server::start();
    let (frame, pack, _) = first_frame(&server.ring().await);
    for url in [frame, pack] {
        let whole = server.get(&url, &[]).await;
        let response = server.get(&url, &[("if-none-match", header(whole.headers(), "etag"))]).await;
        assert_eq!(response.status(), 304);
        for name in
            ["etag", "cache-control", "xkey", "surrogate-key", "cache-tag", "access-control-allow-origin"]
        {
            assert_eq!(header(response.headers(), name), header(whole.headers(), name), "{name}");
        }
    }
}

#[tokio::test]
async fn head_answers_as_get_does_without_the_body() {
    let server = Server::start();
    let manifest = server.ring().await;
    let (frame, pack, _) = first_frame(&manifest);
    let urls = [
        frame,
        pack,
        format!("/m/{}.json", manifest["digest"].as_str().unwrap()),
        format!("/still/{RING}.jpg"),
        crate::girasol::sequence(RING),
        "/api/products/customizable/ring/solitaire".to_owned(),
        "/girasol-spin.js".to_owned(),
        "/s/nothing/000.webp".to_owned(),
    ];
    for url in &urls {
        let request = [("accept-encoding", "br"), ("accept", "image/avif")];
        let get = server.get(url, &request).await;
        let head = server.send(Method::HEAD, url, &request).await;
        assert_eq!(head.status(), get.status(), "{url}");
        let mut expected = get.headers().clone();
        let mut got = head.headers().clone();
        // Two answers take their own time.
        for own in ["date", "server-timing"] {
            expected.remove(own);
            got.remove(own);
        }
        assert_eq!(got, expected, "{url}");
        assert!(got.contains_key("content-length"), "{url}");
        assert!(head.bytes().await.unwrap().is_empty());
    }
    let part = server.send(Method::HEAD, &urls[0], &[("range", "bytes=0-3")]).await;
    assert_eq!(part.status(), 200, "ranges are for GET alone");
}

#[tokio::test]
async fn a_still_follows_the_live_version() {
    let server = Server::start();
    for (extension, media_type) in [("avif", "image/avif"), ("webp", "image/webp"), ("jpg", "image/jpeg")] {
        let response = server.get(&format!("/still/{RING}.{extension}"), &[]).await;
        assert_eq!(response.status(), 200, "{extension}");
        assert_eq!(header(response.headers(), "content-type"), media_type);
        assert!(header(response.headers(), "cache-control").starts_with("public, max-age=600,"));
        assert!(header(response.headers(), "xkey").starts_with("c-"));
        assert!(response.headers().get("vary").is_none());
        let bytes = response.bytes().await.unwrap();
        if extension == "jpg" {
            let still = image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg).unwrap();
            assert!(still.width() <= 1200 && bytes.len() <= 100_000);
        }
    }
}

#[tokio::test]
async fn what_is_malformed_is_as_absent_as_what_is_unknown() {
    let server = Server::start();
    let (frame, ..) = first_frame(&server.ring().await);
    let set = frame.split('/').nth(2).unwrap();
    let unknown = "0123456789abcdef0123456789abcdef";
    for path in [
        format!("/s/{unknown}/000.webp"),
        format!("/s/{set}/001.webp"),
        format!("/p/{unknown}.pack"),
        format!("/m/{unknown}.json"),
    ] {
        let response = server.get(&path, &[]).await;
        assert_eq!(header(response.headers(), "cache-control"), "public, max-age=10", "{path}");
        problem(response, 404).await;
    }
    for path in [
        format!("/s/{set}/360.webp"),
        format!("/s/{set}/0.webp"),
        format!("/s/{set}/000.jpg"),
        format!("/s/{set}/000"),
        format!("/s/{}/000.webp", set.to_uppercase().replace(|digit: char| digit.is_ascii_digit(), "A")),
        format!("/s/{}/000.webp", &set[1..]),
        "/s/../000.webp".to_owned(),
        format!("/s/{set}/..%2f..%2fgirasol.db"),
        format!("/p/{unknown}"),
        "/p/.pack".to_owned(),
        "/m/%ff%fe.json".to_owned(),
        "/m/not.a..config/auto".to_owned(),
        format!("/still/{RING}.gif"),
        format!("/still/{RING}"),
        "/still/.jpg".to_owned(),
        format!("/still/{RING}/"),
    ] {
        let response = server.get(&path, &[]).await;
        // How a path is read that fits no name is no matter of caches.
        assert_eq!(header(response.headers(), "cache-control"), "private, no-store", "{path}");
        problem(response, 404).await;
    }
    let response = server.get(&format!("/s/{unknown}/000.webp"), &[]).await;
    assert_eq!(header(response.headers(), "xkey"), format!("s-{unknown}"), "a later upload purges it");
}
