//! Other spellings of an address, sent as a stranger sends them: byte for byte, to the server and through real caches. None
//! of them may leave anything in a cache that the plain address is answered with.

use std::fmt::Write as _;

use reqwest::Method;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    front::{Cache, Front},
    girasol::{RING, Server, header, sequence},
};

/// Every public address that caches store an answer of, as the server writes it.
async fn addresses(server: &Server) -> Vec<String> {
    let manifest = server.ring().await;
    let avif = &manifest["tiers"]["preview"]["formats"]["avif"];
    vec![
        sequence(RING),
        format!("{}?tier=preview&frames=8&format=avif", sequence(RING)),
        "/api/products/customizable/ring/solitaire".to_owned(),
        format!("/m/{}.json", manifest["digest"].as_str().unwrap()),
        format!("/s/{}/000.avif", avif["set"].as_str().unwrap()),
        format!("/p/{}.pack", avif["packs"][0]["pack"].as_str().unwrap()),
        format!("/still/{RING}.jpg"),
        format!("/still/{RING}.webp"),
        "/girasol-spin.js".to_owned(),
    ]
}

/// Such addresses without a server.
pub(crate) const PUBLIC: [&str; 7] = [
    "/api/products/customizable/ring.solitaire.metal-gold/sequence",
    "/api/products/customizable/ring.solitaire/sequence?tier=preview&frames=12&format=avif",
    "/api/products/customizable/ring/solitaire",
    "/m/0123456789abcdef0123456789abcdef.json",
    "/s/0123456789abcdef0123456789abcdef/000.avif",
    "/p/0123456789abcdef0123456789abcdef.pack",
    "/still/ring.solitaire.metal-gold.webp",
];

/// Other targets that a proxy may take for this one, or the server for another.
pub(crate) fn other_spellings(address: &str) -> Vec<String> {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let with_query = |path: String| if query.is_empty() { path } else { format!("{path}?{query}") };
    let last = path.rfind('/').unwrap();
    let (folder, name) = path.split_at(last + 1);
    let letter = name.find(|byte: char| byte.is_ascii_alphabetic()).unwrap_or(0);
    let coded = |upper: bool| {
        let code = u32::from(name.as_bytes()[letter]);
        let code = if upper { format!("%{code:02X}") } else { format!("%{code:02x}") };
        format!("{folder}{}{code}{}", &name[..letter], &name[letter + 1..])
    };
    let mut paths = vec![
        format!("{folder}/{name}"),
        format!("/{path}"),
        format!("//{path}"),
        path.replace('/', "//"),
        format!("{folder}./{name}"),
        format!("/.{path}"),
        format!("/x/..{path}"),
        format!("{folder}x/../{name}"),
        format!("{path}/x/.."),
        format!("{path}/."),
        format!("{path}/"),
        format!("{path}."),
        format!("{path}..."),
        format!("{folder}%2e/{name}"),
        format!("{folder}x/%2E%2e/{name}"),
        coded(false),
        coded(true),
        path.replacen('.', "%2e", 1),
        path.replacen('.', "%2E", 1),
        path.replacen('-', "%2D", 1),
        path.replacen('-', "%2d", 1),
        format!("{}%2f{name}", &folder[..last]),
        format!("{}%5c{name}", &folder[..last]),
        format!("{}\\{name}", &folder[..last]),
        format!("{path};v=1"),
        format!("{path};"),
        format!("{folder};/{name}"),
        format!("{path}%00"),
        format!("{path}%0a"),
        format!("{path}%0d%0aX-Injected:%201"),
        format!("{path}%20"),
        format!("{path}%23x"),
        format!("{path}%3fx"),
        format!("{path},"),
        path.to_ascii_uppercase(),
        format!("{folder}{}", name.to_ascii_uppercase()),
    ];
    paths.retain(|spelling| spelling != path);
    let mut all: Vec<String> = paths.into_iter().map(with_query).collect();
    let queries: &[&str] = if query.is_empty() {
        &["?", "?&", "?&&", "??", "#x", "?#x", "?;", "?%20", "?tier=hd&", "?&format=webp", "?format=webp&&"]
    } else {
        &["&", "&&", "#x", ";", "%20", "&%74ier=hd"]
    };
    all.extend(queries.iter().map(|query| format!("{address}{query}")));
    all.extend([format!("http://other.example{address}"), format!("ftp://other.example{address}")]);
    all
}

/// Headers that make one client's answer to the plain address another than that of all other clients.
const HEADERS: [&str; 12] = [
    "X-Forwarded-Host: evil.example",
    "X-Forwarded-Proto: ftp",
    "X-Original-URL: /nothing",
    "X-Rewrite-URL: /nothing",
    "X-HTTP-Method-Override: POST",
    "If-Match: \"nothing\"",
    "Range: bytes=5-9",
    "Range: bytes=999999999-",
    "Accept: text/html",
    "Accept-Encoding: nothing",
    "Host: evil.example",
    "Content-Length: 0",
];

/// An answer's status, and its header lines in lower case.
struct Answer {
    status: u16,
    head: String,
}

/// Sends a request that no client library would send, and closes the connection after it.
async fn send(base: &str, method: &str, target: &str, lines: &str) -> Answer {
    let at = base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(at).await.unwrap();
    let host = if lines.starts_with("Host:") { "" } else { "Host: spins.example\r\n" };
    let request = format!("{method} {target} HTTP/1.1\r\n{host}{lines}Connection: close\r\n\r\n");
    // A server may refuse the request, and close the connection, before it has read all of it.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    let text = String::from_utf8_lossy(&bytes);
    let head = text.split("\r\n\r\n").next().unwrap_or_default().to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answer { status, head }
}

#[tokio::test]
async fn no_cache_may_store_the_answer_to_a_spelling_that_is_not_plain() {
    let server = Server::start();
    let mut plain = addresses(&server).await;
    plain.extend(["/studio", "/docs", "/api/health", "/nothing", "/api/framesets"].map(str::to_owned));
    for address in plain {
        for spelling in other_spellings(&address) {
            // A fragment is cut off before the server sees the target, which leaves the plain one.
            if spelling.contains('#') || spelling.contains("://") {
                continue;
            }
            for method in ["GET", "HEAD", "OPTIONS", "POST"] {
                let Answer { status, head } = send(&server.base, method, &spelling, "").await;
                let is_refused_unparsed = status == 400 && !head.contains("cache-control");
                assert!(
                    is_refused_unparsed || head.contains("cache-control: private, no-store"),
                    "{method} {spelling}: {head}"
                );
                for name in ["surrogate-control", "cdn-cache-control", "surrogate-key", "cache-tag", "xkey"] {
                    assert!(!head.contains(name), "{method} {spelling}: {head}");
                }
            }
        }
    }
}

#[tokio::test]
async fn an_address_that_no_name_fits_is_stored_by_no_cache() {
    let server = Server::start();
    let digest = "0123456789abcdef0123456789abcdef";
    for path in [
        "/nothing".to_owned(),
        format!("/still/{RING}.WEBP"),
        format!("/still/{RING}.gif"),
        "/still/ring.webp".to_owned(),
        format!("/s/{digest}/0.avif"),
        format!("/s/{}/000.avif", digest.to_ascii_uppercase()),
        format!("/p/{digest}.PACK"),
        format!("/m/{digest}.js"),
        sequence("Ring.Solitaire"),
    ] {
        let response = server.get(&path, &[]).await;
        assert_eq!(response.status(), 404, "{path}");
        assert_eq!(header(response.headers(), "cache-control"), "private, no-store", "{path}");
    }
    // What may come to exist is stored for a moment.
    let absent = server.get(&format!("/p/{digest}.pack"), &[]).await;
    assert_eq!(header(absent.headers(), "cache-control"), "public, max-age=10");
}

#[tokio::test]
async fn no_other_spelling_takes_the_place_of_an_answer_in_a_cache() {
    for cache in Cache::ALL.into_iter().filter(|cache| cache.is_here()) {
        let server = Server::start();
        let front = Front::start(cache, &server.base, &[]);
        for address in addresses(&server).await {
            let joint = if address.contains('?') { '&' } else { '?' };
            // These are plain, and say more than the address.
            let longer = ["x", "x=1", "tier", "explain=0", "=", "frames=7"]
                .map(|more| format!("{address}{joint}{more}"));
            for spelling in other_spellings(&address) {
                for method in ["HEAD", "GET", "OPTIONS"] {
                    let Answer { head, .. } = send(&front.base, method, &spelling, "").await;
                    assert!(!head.contains("x-injected"), "{cache:?}: {spelling}: {head}");
                    let is_stored =
                        ["hit", "miss", "stale"].iter().any(|did| head.contains(&format!("x-cache: {did}")));
                    // A whole address names the same path, which Varnish takes out of it.
                    assert!(
                        !is_stored || head.contains("no-store") || spelling.contains("://"),
                        "{cache:?}: {method} {spelling}: {head}"
                    );
                }
            }
            for spelling in longer {
                send(&front.base, "GET", &spelling, "").await;
            }
            is_whole(&front, &server, &address).await;
        }
    }
}

#[tokio::test]
async fn no_header_takes_the_place_of_an_answer_in_a_cache() {
    for cache in Cache::ALL.into_iter().filter(|cache| cache.is_here()) {
        let server = Server::start();
        let front = Front::start(cache, &server.base, &[]);
        let mut many = String::new();
        for number in 0..120 {
            write!(many, "X-{number}: {number}\r\n").unwrap();
        }
        for address in addresses(&server).await {
            for line in HEADERS {
                send(&front.base, "GET", &address, &format!("{line}\r\n")).await;
            }
            // More lines than the server takes: it refuses the request, which says nothing about the address.
            send(&front.base, "GET", &address, &many).await;
            send(&front.base, "GET", &address, &format!("X-Long: {}\r\n", "x".repeat(7_000)).repeat(4)).await;
            is_whole(&front, &server, &address).await;
        }
    }
}

#[tokio::test]
async fn no_other_spelling_shows_health_to_strangers() {
    for cache in Cache::ALL.into_iter().filter(|cache| cache.is_here()) {
        let server = Server::start();
        let front = Front::start(cache, &server.base, &[]);
        for spelling in other_spellings("/api/health/ready").into_iter().chain(other_spellings("/api/health"))
        {
            let Answer { status, head } =
                send(&front.base, "GET", &spelling, "X-Forwarded-For: 192.0.2.7\r\n").await;
            assert!(status >= 400, "{cache:?}: {spelling}: {head}");
        }
    }
}

/// The plain address has the server's own answer, before and after the cache has stored it.
async fn is_whole(front: &Front, server: &Server, address: &str) {
    // The edge spells the class of a visitor without hints out, and `because` says so.
    let class = if address.ends_with("/sequence") { "?tier=standard&frames=36&format=webp" } else { "" };
    let whole = server.get(&format!("{address}{class}"), &[]).await;
    let whole = whole.bytes().await.unwrap();
    for _ in 0..2 {
        let answer = front.send(Method::GET, address, &[]).await;
        assert_eq!(answer.status(), 200, "{}{address}", front.base);
        assert_eq!(answer.bytes().await.unwrap(), whole, "{address}");
    }
}

#[tokio::test]
async fn a_slash_behind_the_address_of_a_page_leads_to_the_page() {
    let server = Server::start();
    for (with_slash, page) in [
        ("/studio/", "../studio"),
        ("/studio/?from=mail", "../studio?from=mail"),
        ("/docs/", "../docs"),
        ("/preview/0a1b2c/", "../0a1b2c"),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let answer = server.send(method, with_slash, &[]).await;
            assert_eq!(answer.status(), 308, "{with_slash}");
            assert_eq!(header(answer.headers(), "location"), page, "{with_slash}");
            assert_eq!(header(answer.headers(), "cache-control"), "private, no-store", "{with_slash}");
        }
    }
    for other in ["/studio//", "/%73tudio/", "/studio.js/", "/girasol-spin.js/"] {
        assert_eq!(server.get(other, &[]).await.status(), 404, "{other}");
    }
}
