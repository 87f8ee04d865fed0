//! Answers from memory, which are those of the routes.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::TcpStream,
};

use reqwest::{Method, Response};

use crate::{
    girasol::{RING, Server, header, ingest, sequence},
    s3::files,
};

/// A request with this header is answered by the routes.
const BY_THE_ROUTES: (&str, &str) = ("content-length", "0");

/// Status, headers and body, without what is of the moment.
async fn whole(response: Response) -> (u16, BTreeMap<String, String>, Vec<u8>) {
    let status = response.status().as_u16();
    let lines = response.headers().iter();
    let lines = lines.filter(|(name, _)| !["date", "ratelimit", "server-timing"].contains(&name.as_str()));
    let lines = lines.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    (status, lines, response.bytes().await.unwrap().to_vec())
}

async fn same_from_memory(server: &Server, method: &Method, path: &str, headers: &[(&str, &str)]) -> u16 {
    let with_header = [headers, &[BY_THE_ROUTES]].concat();
    let by_the_routes = async || whole(server.send(method.clone(), path, &with_header).await).await;
    let mut before = by_the_routes().await;
    for _ in 0..3 {
        let got = whole(server.send(method.clone(), path, headers).await).await;
        // What is popular becomes smaller meanwhile.
        let after = by_the_routes().await;
        assert!(got == before || got == after, "{method} {path} {headers:?}\n{got:?}\n{after:?}");
        before = after;
    }
    before.0
}

#[tokio::test]
async fn files_from_memory_are_those_of_the_routes() {
    let server = Server::start();
    let manifest = server.ring().await;
    for file in files(&manifest) {
        let first = server.get(&file, &[]).await;
        let etag = header(first.headers(), "etag").to_owned();
        let length = first.bytes().await.unwrap().len();
        let last = format!("bytes={}-", length - 1);
        let outside = format!("bytes={length}-");
        for (headers, status) in [
            (&[][..], 200),
            (&[("if-none-match", etag.as_str())], 304),
            (&[("if-none-match", "\"other\"")], 200),
            (&[("if-match", etag.as_str())], 200),
            (&[("if-match", "\"other\"")], 412),
            (&[("range", "bytes=0-0")], 206),
            (&[("range", last.as_str())], 206),
            (&[("range", outside.as_str())], 416),
            (&[("range", "bytes=0-1,4-5")], 200),
            (&[("range", "bytes=0-0"), ("if-range", etag.as_str())], 206),
            (&[("range", "bytes=0-0"), ("if-range", "\"other\"")], 200),
            (&[("accept-encoding", "br"), ("origin", "https://shop.example")], 200),
        ] {
            assert_eq!(same_from_memory(&server, &Method::GET, &file, headers).await, status, "{headers:?}");
            same_from_memory(&server, &Method::HEAD, &file, headers).await;
        }
        for odd in ["?", "?x", "?x=1", "/", "%20"] {
            same_from_memory(&server, &Method::GET, &format!("{file}{odd}"), &[]).await;
        }
        for method in [Method::OPTIONS, Method::POST, Method::DELETE] {
            same_from_memory(&server, &method, &file, &[]).await;
        }
    }
}

#[tokio::test]
async fn manifests_from_memory_are_those_of_the_routes() {
    let server = Server::start();
    let path = sequence(RING);
    let etag = header(server.get(&path, &[("accept-encoding", "br")]).await.headers(), "etag").to_owned();
    for headers in [
        &[][..],
        &[("accept", "image/avif,*/*"), ("accept-encoding", "br")],
        &[("accept", "image/webp"), ("accept-encoding", "gzip")],
        &[("save-data", "on"), ("accept-encoding", "zstd")],
        &[("save-data", "on"), ("save-data", "on")],
        &[("ect", "2g"), ("sec-ch-ua-mobile", "?1")],
        &[("ect", "4g"), ("rtt", "50"), ("downlink", "10"), ("device-memory", "8")],
        &[("if-none-match", etag.as_str()), ("accept-encoding", "br")],
        &[("if-none-match", "*"), ("accept-encoding", "br")],
        &[("if-match", "\"other\""), ("accept-encoding", "br")],
        &[("range", "bytes=0-0")],
        &[("x-forwarded-for", "203.0.113.9")],
    ] {
        for query in
            ["", "?", "?tier=preview", "?tier=standard&format=webp", "?explain=1", "?tier=x", "?frames=7"]
        {
            same_from_memory(&server, &Method::GET, &format!("{path}{query}"), headers).await;
            same_from_memory(&server, &Method::HEAD, &format!("{path}{query}"), headers).await;
        }
    }
    // The other spelling, which no cache stores.
    let other = path.replace("ring.solitaire", "ring/solitaire");
    same_from_memory(&server, &Method::GET, &other, &[]).await;
    let again = server.get(&other, &[]).await;
    assert_eq!(header(again.headers(), "cache-control"), "private, no-store");
    let right = server.get(&path, &[]).await;
    assert!(header(right.headers(), "cache-control").starts_with("public"));
}

#[tokio::test]
async fn a_new_version_is_there_at_once() {
    let folder = tempfile::tempdir().unwrap();
    ingest(folder.path(), "gold", [212, 175, 95], 12);
    let server = Server::start_over(folder.path(), &["serve"]);
    let path = sequence("ring.solitaire.metal-gold.stone-diamond");
    let digest = async |query: &str| {
        server.json(&format!("{path}{query}")).await["digest"].as_str().unwrap().to_owned()
    };
    let first = digest("").await;
    assert_eq!(digest("").await, first);
    ingest(folder.path(), "gold", [112, 75, 195], 12);
    // Another process has published it: a pointer is a second old at most.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    // The other request makes the server read the pointer.
    assert_ne!(digest("?tier=preview").await, first);
    assert_ne!(digest("").await, first);
}

/// Requests that are sent at once on one connection are answered in their order, whichever part of the server answers.
#[tokio::test]
async fn requests_in_a_row_are_answered_in_order() {
    let server = Server::start();
    let manifest = server.ring().await;
    let mut files = files(&manifest);
    files.push(sequence(RING));
    files.push("/api/health/live".to_owned());
    let mut bodies = Vec::new();
    for file in &files {
        bodies.push(server.get(file, &[("accept-encoding", "identity")]).await.bytes().await.unwrap());
    }
    let address = server.base.strip_prefix("http://").unwrap().to_owned();
    let received = tokio::task::spawn_blocking({
        let files = files.clone();
        move || {
            let mut line = TcpStream::connect(address).unwrap();
            let last = 3 * files.len() - 1;
            let request = |(n, file): (usize, &String)| {
                let end = if n == last { "connection: close\r\n" } else { "" };
                format!("GET {file} HTTP/1.1\r\nhost: x\r\naccept-encoding: identity\r\n{end}\r\n")
            };
            let asked: String = files.iter().cycle().take(last + 1).enumerate().map(request).collect();
            let mut writer = line.try_clone().unwrap();
            let writing = std::thread::spawn(move || writer.write_all(asked.as_bytes()));
            let mut received = Vec::new();
            line.read_to_end(&mut received).unwrap();
            writing.join().unwrap().unwrap();
            received
        }
    })
    .await
    .unwrap();
    let mut rest = &received[..];
    for body in bodies.iter().cycle().take(3 * bodies.len()) {
        let end = rest.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head") + 4;
        let head = std::str::from_utf8(&rest[..end]).unwrap().to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert!(head.contains(&format!("\r\ncontent-length: {}\r\n", body.len())), "{head}");
        assert!(!head.contains("transfer-encoding"), "{head}");
        assert_eq!(&rest[end..end + body.len()], &body[..]);
        rest = &rest[end + body.len()..];
    }
    assert!(rest.is_empty());
}
