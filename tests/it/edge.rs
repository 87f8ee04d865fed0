//! What `girasol edge` prints, run for real: Varnish and nginx in front of the real server, and the scripts
//! of CDNs in Node.

mod scripts;

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    front::{Cache, Front, Scripted, printed},
    girasol::{RING, Server, draw_turn, girasol, header, ingest, ingest_with, key, problem, sequence},
};

/// A turn that has every tier at the count that the policy aims at.
static WHOLE: LazyLock<PathBuf> = LazyLock::new(|| {
    let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("it-{}", std::process::id())).join("edge");
    fs::create_dir_all(&data).unwrap();
    ingest(&data, "yellow-gold", [212, 175, 95], 360);
    data
});

fn start(data: &Path, cache: Cache) -> (Server, Front) {
    let server = Server::start_over(data, &["serve"]);
    let front = Front::start(cache, &server.base, &[]);
    (server, front)
}

/// The cases that server, viewer and edge decide alike, and the policies as a config file says them.
fn table() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy/cases.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A config file with one of the table's policies.
fn write_policy(policy: &Value, file: &Path) {
    let mut toml = format!("[policy]\nunasked = {}\n", policy["unasked"]);
    for table in ["network", "device"] {
        for rule in policy[table].as_array().unwrap() {
            writeln!(toml, "[[policy.{table}]]").unwrap();
            for (key, value) in rule.as_object().unwrap() {
                writeln!(toml, "{key} = {value}").unwrap();
            }
        }
    }
    fs::write(file, toml).unwrap();
}

async fn decides_as_the_server_does(cache: Cache) {
    if !cache.is_here() {
        return;
    }
    let table = table();
    for name in ["default", "changed"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("girasol.toml");
        write_policy(&table["policies"][name], &file);
        let file = ["--config", file.to_str().unwrap()];
        let server = Server::start_over(&WHOLE, &[file[0], file[1], "serve"]);
        let front = Front::start(cache, &server.base, &file);
        let mut asked = 0;
        for case in table["cases"].as_array().unwrap().iter().filter(|case| case["note"].is_null()) {
            let headers = case["headers"].as_array().unwrap().iter();
            let headers: Vec<(&str, &str)> =
                headers.map(|header| header.as_str().unwrap().split_once(": ").unwrap()).collect();
            let repeated = headers.iter().enumerate().any(|(at, (name, _))| {
                headers[..at].iter().any(|(before, _)| before.eq_ignore_ascii_case(name))
            });
            // nginx of this age sees the first of them alone; its set-up says so.
            if cache == Cache::Nginx && repeated {
                continue;
            }
            let query = case["query"].as_str().map(|query| format!("?{query}")).unwrap_or_default();
            let response = front.get(&format!("{}{query}", sequence(RING)), &headers).await;
            let decided = if response.status() == 400 {
                "refused".to_owned()
            } else {
                let selected = response.json::<Value>().await.unwrap()["selected"].take();
                let word = |key: &str| selected[key].as_str().unwrap_or_default().to_owned();
                format!("{} {} {}", word("tier"), selected["frames"], word("format"))
            };
            assert_eq!(decided, case[name], "{cache:?}, {name}: {query} {headers:?}");
            asked += 1;
        }
        assert!(asked > 500);
    }
}

#[tokio::test]
async fn varnish_decides_as_the_server_does() {
    decides_as_the_server_does(Cache::Varnish).await;
}

#[tokio::test]
async fn nginx_decides_as_the_server_does() {
    decides_as_the_server_does(Cache::Nginx).await;
}

#[tokio::test]
async fn visitors_of_a_class_share_an_answer() {
    for cache in Cache::ALL.into_iter().filter(|cache| cache.is_here()) {
        let (_server, front) = start(&WHOLE, cache);
        let path = sequence(RING);
        let office = [("ect", "4g"), ("rtt", "50"), ("downlink", "10"), ("device-memory", "8")];
        let first = front.get(&path, &office).await;
        assert_eq!(header(first.headers(), "x-cache"), "MISS", "{cache:?}");
        let tag = header(first.headers(), "etag").to_owned();
        let other = [("accept", "*/*"), ("cookie", "visitor=7"), ("sec-ch-device-memory", "32")];
        let second = front.get(&path, &other).await;
        let headers = second.headers();
        assert_eq!(header(headers, "x-cache"), "HIT", "{cache:?}");
        assert_eq!(header(headers, "vary"), "Accept-Encoding", "{cache:?}");
        assert_eq!(header(headers, "access-control-allow-origin"), "*");
        assert!(header(headers, "cache-control").starts_with("public, max-age=600"));
        for hidden in ["age", "xkey", "surrogate-key", "surrogate-control"] {
            assert!(headers.get(hidden).is_none(), "{cache:?}: {hidden}");
        }
        let known = front.get(&path, &[("if-none-match", &tag)]).await;
        assert_eq!(known.status(), 304, "{cache:?}");
        // What the viewer asks, with the format that it can decode; and the class by its name.
        assert_eq!(front.cached(&format!("{path}?format=avif"), &[]).await.0, "MISS", "{cache:?}");
        let accepts = [("accept", "image/avif")];
        assert_eq!(front.cached(&path, &accepts).await.0, "HIT", "{cache:?}");
        let spelled = format!("{path}?tier=standard&frames=36&format=avif");
        assert_eq!(front.cached(&spelled, &[("ect", "2g")]).await.0, "HIT", "{cache:?}");
        let other_class = front.get(&path, &[("ect", "3g")]).await;
        assert_eq!(header(other_class.headers(), "x-cache"), "MISS", "{cache:?}");
        // Methods.
        let head = front.send(Method::HEAD, &path, &[]).await;
        assert_eq!((head.status().as_u16(), header(head.headers(), "x-cache")), (200, "HIT"), "{cache:?}");
    }
}

#[tokio::test]
async fn each_encoding_is_what_was_asked_for() {
    for cache in Cache::ALL.into_iter().filter(|cache| cache.is_here()) {
        let (_server, front) = start(&WHOLE, cache);
        for (accepted, encoding) in [
            ("gzip", "gzip"),
            ("identity", ""),
            ("gzip, deflate, br, zstd", if cache == Cache::Varnish { "br" } else { "gzip" }),
            ("gzip, deflate", "gzip"),
            ("", ""),
        ] {
            let response = front.get(&sequence(RING), &[("accept-encoding", accepted)]).await;
            assert_eq!(header(response.headers(), "content-encoding"), encoding, "{cache:?}: {accepted}");
            let body = response.bytes().await.unwrap();
            assert_eq!(body.starts_with(b"{"), encoding.is_empty(), "{cache:?}: {accepted}");
        }
    }
}

#[tokio::test]
async fn who_asks_why_is_told_by_the_server() {
    for cache in Cache::ALL.into_iter().filter(|cache| cache.is_here()) {
        let (_server, front) = start(&WHOLE, cache);
        let path = format!("{}?explain=1", sequence(RING));
        for ect in ["2g", "3g"] {
            let answer: Value = front.get(&path, &[("ect", ect)]).await.json().await.unwrap();
            assert_eq!(answer["hints"]["ECT"], ect, "{cache:?}");
        }
    }
}

#[tokio::test]
async fn packs_and_frames_are_kept_and_cut() {
    for cache in Cache::ALL.into_iter().filter(|cache| cache.is_here()) {
        let (server, front) = start(&WHOLE, cache);
        let manifest = server.ring().await;
        let avif = &manifest["tiers"]["standard"]["formats"]["avif"];
        let pack = format!("/p/{}.pack", avif["packs"][0]["pack"].as_str().unwrap());
        let whole = server.get(&pack, &[]).await.bytes().await.unwrap();
        // Cold, then from the cache.
        for range in ["bytes=0-99", "bytes=100-299"] {
            let part = front.get(&pack, &[("range", range)]).await;
            assert_eq!(part.status(), 206, "{cache:?}");
            let (from, to) = if range == "bytes=0-99" { (0, 100) } else { (100, 300) };
            let content = format!("bytes {from}-{}/{}", to - 1, whole.len());
            assert_eq!(header(part.headers(), "content-range"), content, "{cache:?}");
            assert_eq!(part.bytes().await.unwrap(), whole[from..to], "{cache:?}");
        }
        let beyond = front.get(&pack, &[("range", "bytes=99999999-")]).await;
        assert_eq!(beyond.status(), 416, "{cache:?}");
        let again = front.get(&pack, &[("cookie", "visitor=7")]).await;
        assert_eq!(header(again.headers(), "x-cache"), "HIT", "{cache:?}");
        assert_eq!(header(again.headers(), "cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(again.bytes().await.unwrap(), whole);

        let set = avif["set"].as_str().unwrap();
        for (path, kind) in [
            (format!("/s/{set}/000.avif"), "image/avif"),
            (format!("/still/{RING}.jpg"), "image/jpeg"),
            (format!("/m/{}.json", manifest["digest"].as_str().unwrap()), "application/json"),
            ("/api/products/customizable/ring/solitaire".to_owned(), "application/json"),
        ] {
            assert_eq!(header(front.get(&path, &[]).await.headers(), "x-cache"), "MISS", "{cache:?}: {path}");
            let kept = front.get(&path, &[]).await;
            assert_eq!(header(kept.headers(), "x-cache"), "HIT", "{cache:?}: {path}");
            assert_eq!(header(kept.headers(), "content-type"), kind, "{cache:?}: {path}");
        }
    }
}

#[tokio::test]
async fn what_takes_a_key_passes_untouched() {
    for cache in Cache::ALL.into_iter().filter(|cache| cache.is_here()) {
        let folder = tempfile::tempdir().unwrap();
        let (_server, front) = start(folder.path(), cache);
        let key = key(folder.path(), "artist");
        let bearer = format!("Bearer {key}");
        let auth = [("authorization", bearer.as_str())];
        assert_eq!(problem(front.get("/api/framesets", &[]).await, 401).await, "key-missing");
        assert_eq!(front.get("/api/framesets", &auth).await.status(), 200, "{cache:?}");
        assert_eq!(problem(front.get("/api/framesets", &[]).await, 401).await, "key-missing");

        let opened = front.request(Method::POST, "/api/framesets").header("authorization", &bearer);
        let opened = opened.json(&json!({ "product": "ring.solitaire" })).send().await.unwrap();
        assert_eq!(opened.status(), 201, "{cache:?}");
        let set = header(opened.headers(), "location").to_owned();
        // More than nginx takes by itself.
        let body = vec![7_u8; 3 << 20];
        let sent = front.request(Method::PUT, &format!("{set}/frames/001.png")).body(body);
        let sent = sent.header("authorization", &bearer).send().await.unwrap();
        assert!(sent.status().is_success(), "{cache:?}: {}", sent.status());

        // A session's cookie comes and goes, and the page's origin is still the server's own.
        let session = front.request(Method::POST, "/api/session").header("origin", &front.base);
        let session = session.json(&json!({ "key": key })).send().await.unwrap();
        assert_eq!(session.status(), 200, "{cache:?}");
        let cookie = header(session.headers(), "set-cookie").split(';').next().unwrap().to_owned();
        let who = front.get("/api/session", &[("cookie", &cookie)]).await;
        assert_eq!(who.status(), 200, "{cache:?}");
        assert_eq!(header(who.headers(), "cache-control"), "private, no-store", "{cache:?}");
        let page = front.get("/studio", &[]).await;
        assert_eq!(header(page.headers(), "content-type"), "text/html; charset=utf-8", "{cache:?}");
    }
}

#[tokio::test]
async fn what_is_signed_passes_unkept_and_the_server_sees_the_hints() {
    for cache in Cache::ALL.into_iter().filter(|cache| cache.is_here()) {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        ingest_with(data, "gold", [212, 175, 95], 12, &["--protected"]);
        let (_server, front) = start(data, cache);
        let id = "ring.solitaire.metal-gold.stone-diamond";
        let output = girasol().args(["sign", id, "--data"]).arg(data).output().unwrap();
        let address = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        for (ect, tier) in [("2g", "still"), ("3g", "preview"), ("4g", "standard")] {
            let answer = front.get(&address, &[("ect", ect)]).await;
            assert_eq!(header(answer.headers(), "cache-control"), "private, no-store", "{cache:?}");
            let manifest: Value = answer.json().await.unwrap();
            assert_eq!(manifest["selected"]["tier"], tier, "{cache:?}");
        }
        let still = address.replace("/sequence", "/still.jpg");
        assert_eq!(front.get(&still, &[]).await.status(), 200, "{cache:?}");
        // A copy would outlive the key.
        for verb in [&["signing", "rotate"][..], &["signing", "retire", address.split('~').nth(3).unwrap()]] {
            assert!(girasol().args(verb).arg("--data").arg(data).output().unwrap().status.success());
        }
        while front.get(&still, &[]).await.status() == 200 {
            tokio::task::yield_now().await;
        }
        assert_eq!(problem(front.get(&still, &[]).await, 403).await, "signature-refused", "{cache:?}");
        assert_eq!(problem(front.get(&sequence(id), &[]).await, 403).await, "protected", "{cache:?}");
    }
}

#[tokio::test]
async fn errors_are_kept_as_long_as_they_say() {
    for cache in Cache::ALL.into_iter().filter(|cache| cache.is_here()) {
        let (_server, front) = start(&WHOLE, cache);
        let missing = sequence("ring.solitaire.metal-platinum.stone-diamond");
        assert_eq!(header(front.get(&missing, &[]).await.headers(), "x-cache"), "MISS", "{cache:?}");
        let again = front.get(&missing, &[("accept", "*/*")]).await;
        assert_eq!(header(again.headers(), "x-cache"), "HIT", "{cache:?}");
        assert_eq!(problem(again, 404).await, "no-spin");
        for _ in 0..2 {
            let bad = front.get(&format!("{}?tier=ultra", sequence(RING)), &[]).await;
            assert_eq!(header(bad.headers(), "x-cache"), "MISS", "{cache:?}");
            assert_eq!(problem(bad, 400).await, "bad-query");
        }
    }
}

#[tokio::test]
async fn many_who_ask_at_once_are_one_question() {
    for cache in Cache::ALL.into_iter().filter(|cache| cache.is_here()) {
        let origin = Scripted::start("Cache-Control: public, max-age=600, s-maxage=3600\r\n").await;
        let front = Front::start(cache, &origin.at, &[]);
        origin.hold();
        let answers = front.crowd(&sequence(RING), 50, || origin.open()).await;
        assert_eq!(answers.len(), 50);
        assert!(answers.iter().all(|answer| answer.ends_with("hello")), "{cache:?}: {answers:?}");
        assert_eq!(origin.asked(), 1, "{cache:?}");
    }
}

#[tokio::test]
async fn events_come_as_they_happen() {
    for cache in Cache::ALL.into_iter().filter(|cache| cache.is_here()) {
        let origin = Scripted::start("Content-Type: text/event-stream\r\nCache-Control: no-store\r\n").await;
        let front = Front::start(cache, &origin.at, &[]);
        origin.hold();
        let mut events = front.get("/api/jobs/0123/events", &[]).await;
        assert_eq!(events.chunk().await.unwrap().unwrap(), "he", "{cache:?}");
        origin.open();
        assert_eq!(events.chunk().await.unwrap().unwrap(), "llo", "{cache:?}");
    }
}

#[tokio::test]
async fn only_operators_purge_and_see_health() {
    for cache in Cache::ALL.into_iter().filter(|cache| cache.is_here()) {
        let (_server, front) = start(&WHOLE, cache);
        let through = [("x-forwarded-for", "192.0.2.7")];
        assert_eq!(front.get("/api/health", &[]).await.status(), 200, "{cache:?}");
        assert_eq!(front.get("/api/health", &through).await.status(), 404, "{cache:?}");
        let (method, path) = match cache {
            Cache::Varnish => (Method::from_bytes(b"PURGE").unwrap(), "/".to_owned()),
            Cache::Nginx => (Method::GET, format!("/purge{}", sequence(RING))),
        };
        let refused = front.send(method, &path, &[("xkey-purge", "c-0"), through[0]]).await;
        assert_eq!(refused.status(), 403, "{cache:?}");
    }
}

/// Two versions of one ring, the first of them live.
pub(crate) fn two_versions(data: &Path) {
    for (colour, flag) in [([220, 220, 225], None), ([200, 180, 120], Some("--no-publish"))] {
        let turn = data.join("turn");
        let _ = fs::remove_dir_all(&turn);
        draw_turn(&turn, colour, 12);
        let mut command = girasol();
        command.arg("ingest").arg(&turn).args([
            "--product",
            "ring/solitaire",
            "--choice",
            "metal=yellow-gold",
        ]);
        command.args(["--choice", "stone=diamond"]).args(flag).arg("--data").arg(data);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test]
async fn a_purge_is_seen_by_the_next_request() {
    for cache in Cache::ALL.into_iter().filter(|cache| cache.is_here()) {
        let folder = tempfile::tempdir().unwrap();
        two_versions(folder.path());
        let (server, front) = start(folder.path(), cache);
        let bearer = format!("Bearer {}", key(folder.path(), "artist"));
        let path = sequence(RING);
        let publish = async |version: i64| {
            let request = front.request(Method::POST, &format!("/api/sequences/{RING}/publish"));
            let request = request.header("authorization", &bearer).json(&json!({ "version": version }));
            assert_eq!(request.send().await.unwrap().status(), 200, "{cache:?}");
            // The server itself looks at the pointer each second.
            while server.json(&path).await["version"] != version {}
        };
        let shown = async || {
            let (did, body) = front.cached(&path, &[]).await;
            let manifest: Value = serde_json::from_str(&body).unwrap();
            (did, manifest["version"].as_i64().unwrap())
        };
        let tags = header(server.get(&path, &[]).await.headers(), "xkey").to_owned();
        assert_eq!(shown().await, ("MISS".to_owned(), 2), "{cache:?}");
        publish(3).await;
        assert_eq!(shown().await, ("HIT".to_owned(), 2), "{cache:?}");
        match cache {
            Cache::Varnish => {
                let purge = Method::from_bytes(b"PURGE").unwrap();
                let purged = front.send(purge.clone(), "/", &[("xkey-purge", &tags)]).await;
                assert_eq!(purged.status(), 200);
                assert_eq!(shown().await, ("MISS".to_owned(), 3));
                // Softly: the old one once more, and the new one as soon as it is there.
                publish(2).await;
                let product = tags.split(' ').nth(1).unwrap();
                let purged = front.send(purge.clone(), "/", &[("xkey-softpurge", product)]).await;
                assert_eq!(purged.status(), 200);
                assert_eq!(shown().await, ("STALE".to_owned(), 3));
                while shown().await.1 == 3 {}
                assert_eq!(front.send(purge, "/", &[]).await.status(), 400);
            }
            Cache::Nginx => {
                // As its set-up lists them.
                let purge = format!("/purge{path}?tier=standard&frames=36&format=webp");
                assert_eq!(front.get(&purge, &[]).await.status(), 200);
                assert_eq!(shown().await, ("MISS".to_owned(), 3));
                let text = printed(&["nginx"]);
                assert!(text.contains("'?tier=standard&frames=36&format=webp'"));
            }
        }
    }
}

#[tokio::test]
async fn varnish_gives_what_it_has_while_the_origin_is_away() {
    if !Cache::Varnish.is_here() {
        return;
    }
    let (mut server, front) = start(&WHOLE, Cache::Varnish);
    let path = sequence(RING);
    let tags = header(server.get(&path, &[]).await.headers(), "xkey").to_owned();
    front.cached(&path, &[]).await;
    let purge = Method::from_bytes(b"PURGE").unwrap();
    assert_eq!(front.send(purge, "/", &[("xkey-softpurge", &tags)]).await.status(), 200);
    server.signal("TERM");
    server.ended();
    for _ in 0..3 {
        assert_eq!(front.cached(&path, &[]).await.0, "STALE");
    }
    let other = front.get(&format!("{path}?tier=hd"), &[]).await;
    assert_eq!(header(other.headers(), "cache-control"), "private, no-store");
    assert_eq!(header(other.headers(), "access-control-allow-origin"), "*");
    assert_eq!(header(other.headers(), "retry-after"), "5");
    assert_eq!(problem(other, 503).await, "unreachable");
}

#[tokio::test]
async fn varnish_gives_what_is_hours_old_if_nothing_newer_can_be_had() {
    if !Cache::Varnish.is_here() {
        return;
    }
    // Out of date for more than ten minutes when it comes.
    let origin = Scripted::start(
        "Age: 4300\r\nCache-Control: public, max-age=600, s-maxage=3600\r\n\
         CDN-Cache-Control: public, max-age=3600, stale-while-revalidate=600, stale-if-error=86400\r\n",
    )
    .await;
    let front = Front::start(Cache::Varnish, &origin.at, &[]);
    let path = sequence(RING);
    front.cached(&path, &[]).await;
    front.cached(&path, &[]).await;
    assert_eq!(origin.asked(), 2, "an origin that is well is asked");
    origin.stop().await;
    assert_eq!(front.cached(&path, &[]).await, ("STALE".to_owned(), "hello".to_owned()));
}

#[tokio::test]
async fn nginx_gives_what_it_has_while_the_origin_is_away() {
    if !Cache::Nginx.is_here() {
        return;
    }
    let origin = Scripted::start(
        "Cache-Control: public, max-age=600, s-maxage=1, stale-while-revalidate=1, stale-if-error=86400\r\n",
    )
    .await;
    let front = Front::start(Cache::Nginx, &origin.at, &[]);
    let path = sequence(RING);
    assert_eq!(front.cached(&path, &[]).await.0, "MISS");
    origin.stop().await;
    // It is in date for a second, and given all the same when that is over.
    while front.cached(&path, &[]).await.0 != "STALE" {}
    assert_eq!(front.cached(&path, &[]).await.1, "hello");
    assert_eq!(front.get(&format!("{path}?tier=hd"), &[]).await.status(), 502);
}

#[test]
fn edges_are_listed() {
    let list = printed(&[]);
    let names: Vec<_> = list.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names, ["varnish", "nginx", "cloudfront", "fastly", "cloudflare", "akamai"]);
    let output = girasol().args(["edge", "squid"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let output = girasol().args(["edge", "varnish", "--listen", "[::1]:0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--origin"));
}
