//! Rate limits: by address and by key, behind proxies, and across servers.

use assets_pipeline::digest::Digest;
use reqwest::{Method, Response};
use serde_json::Value;

use crate::{
    admission::packs_of_the_choice,
    bucket_fixture::Bucket,
    fault_proxy::Faults,
    girasol::{RING, Server, girasol, header, ingest, key, problem, sequence},
    redis::Redis,
};

const PRODUCT: &str = "/api/products/customizable/ring/solitaire";

/// Asks for a product, which does not exist, with these headers.
async fn ask(server: &Server, headers: &[(&str, &str)]) -> u16 {
    server.get(PRODUCT, headers).await.status().as_u16()
}

async fn ask_for(server: &Server, client: &str) -> u16 {
    ask(server, &[("x-forwarded-for", client)]).await
}

/// Asserts the refusal of a class, and gives the seconds to wait.
async fn refused(response: Response, class: &str, limit: u32) -> u64 {
    let headers = response.headers().clone();
    assert_eq!(problem(response, 429).await, "too-many-requests");
    let wait: u64 = header(&headers, "retry-after").parse().unwrap();
    assert_eq!(header(&headers, "ratelimit-policy"), format!("\"{class}\";q={limit};w=60"));
    assert_eq!(header(&headers, "ratelimit"), format!("\"{class}\";r=0;t={wait}"));
    assert_eq!(header(&headers, "cache-control"), "private, no-store");
    assert!(header(&headers, "access-control-expose-headers").contains("RateLimit, RateLimit-Policy"));
    wait
}

#[tokio::test]
async fn clients_behind_a_trusted_proxy_are_limited_each() {
    let folder = tempfile::tempdir().unwrap();
    let settings = "[server]\ntrusted_proxies = ['127.0.0.1', '10.0.0.0/8']\n[limits]\nreads_per_minute = 3\n\
                    exempt = ['198.51.100.0/24']\n";
    let server = Server::start_with(folder.path(), settings);
    for _ in 0..3 {
        // What the client writes itself stands before what the proxies know.
        assert_eq!(ask_for(&server, "1.2.3.4, 203.0.113.1, 10.0.0.7").await, 404);
    }
    let response = server.get(PRODUCT, &[("x-forwarded-for", "203.0.113.1")]).await;
    let wait = refused(response, "reads", 3).await;
    assert!((1..=20).contains(&wait), "{wait}");
    assert_eq!(ask_for(&server, "203.0.113.2").await, 404, "another client");
    for address in ["2001:db8::1", "2001:db8::2", "2001:db8::3"] {
        assert_eq!(ask_for(&server, address).await, 404);
    }
    assert_eq!(ask_for(&server, "2001:db8::4").await, 429, "a network of 64 bits is one client");
    assert_eq!(ask_for(&server, "2001:db8:0:1::4").await, 404);
    // An exempt client, and a proxy that names none.
    for _ in 0..5 {
        assert_eq!(ask_for(&server, "198.51.100.7").await, 404);
        assert_eq!(ask(&server, &[]).await, 404);
    }
    let health = server.json("/api/health").await;
    assert_eq!(health.get("notices"), None, "{health}");
}

#[tokio::test]
async fn a_proxy_that_is_not_named_switches_limits_by_address_off_and_health_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start_with(folder.path(), "[limits]\nreads_per_minute = 2\n");
    for _ in 0..5 {
        assert_eq!(ask_for(&server, "203.0.113.1").await, 404);
        assert_eq!(ask(&server, &[("x-real-ip", "203.0.113.1")]).await, 404);
    }
    let health = server.json("/api/health").await;
    let notice = health["notices"][0].as_str().unwrap();
    assert!(notice.contains("server.trusted_proxies"), "{notice}");
    // Clients that come directly are limited as ever.
    assert_eq!([ask(&server, &[]).await, ask(&server, &[]).await, ask(&server, &[]).await], [404, 404, 429]);
    server.signal("TERM");
    let (_, log) = server.ended();
    assert_eq!(log.matches("a proxy seems to be in front").count(), 1, "{log}");

    let strict = "[limits]\nreads_per_minute = 2\nunknown_proxies = 'limited'\n";
    let server = Server::start_with(folder.path(), strict);
    for (client, status) in [("203.0.113.1", 404), ("203.0.113.2", 404), ("203.0.113.3", 429)] {
        assert_eq!(ask_for(&server, client).await, status, "{client}");
    }
    assert_eq!(server.json("/api/health").await.get("notices"), None);
}

#[tokio::test]
async fn frames_are_never_limited_and_what_caches_store_has_no_standing() {
    let folder = tempfile::tempdir().unwrap();
    ingest(folder.path(), "platinum", [220, 220, 225], 12);
    let settings = "[limits]\nreads_per_minute = 2\nvitals_per_minute = 1\n";
    let server = Server::start_with(folder.path(), settings);
    let ring = "ring.solitaire.metal-platinum.stone-diamond";
    let manifest = server.get(&sequence(ring), &[]).await;
    assert_eq!(manifest.status(), 200);
    // A cache would show it to others.
    assert!(!manifest.headers().contains_key("ratelimit"));
    let manifest: Value = manifest.json().await.unwrap();
    let format = &manifest["tiers"]["preview"]["formats"]["webp"];
    let frame = format!("/s/{}/000.webp", format["set"].as_str().unwrap());
    let pack = format!("/p/{}.pack", format["packs"][0]["pack"].as_str().unwrap());
    let configure = "/api/products/customizable/ring.solitaire/configure";
    let configured = server.post(configure, r#"{"choices": {"metal": "platinum"}}"#).await;
    assert_eq!(configured.status(), 200);
    assert_eq!(header(configured.headers(), "ratelimit"), "\"reads\";r=0;t=60");
    refused(server.get(&sequence(ring), &[]).await, "reads", 2).await;
    for _ in 0..20 {
        for path in [&frame, &pack, "/girasol-spin.js", "/api/health/ready"] {
            assert_eq!(server.get(path, &[]).await.status(), 200, "{path}");
        }
    }
    let vitals = format!(r#"{{"schema": "girasol.vitals/1", "configuration": "{ring}", "tier": "preview"}}"#);
    let sent = server.post("/api/vitals", &vitals).await;
    assert_eq!((sent.status().as_u16(), header(sent.headers(), "ratelimit")), (204, "\"vitals\";r=0;t=60"));
    refused(server.post("/api/vitals", &vitals).await, "vitals", 1).await;
    // A preflight costs nothing.
    assert_eq!(server.send(Method::OPTIONS, "/api/vitals", &[]).await.status(), 204);
}

/// An address of a pack that does not exist.
fn made_up(number: u32) -> String {
    format!("/p/{}.pack", Digest::of(&number.to_le_bytes()))
}

#[tokio::test]
async fn what_is_not_there_is_limited_and_what_is_known_to_be_there_is_not() {
    let folder = tempfile::tempdir().unwrap();
    ingest(folder.path(), "platinum", [220, 220, 225], 12);
    let settings =
        "[server]\ntrusted_proxies = ['127.0.0.1']\n[limits]\nabsent_per_minute = 3\n[cache]\nwarm = 0\n";
    let server = Server::start_with(folder.path(), settings);
    let get = async |client: &str, path: &str| server.get(path, &[("x-forwarded-for", client)]).await;
    let (one, other) = ("203.0.113.1", "203.0.113.2");
    let ring = sequence("ring.solitaire.metal-platinum.stone-diamond");
    let manifest: Value = get(other, &ring).await.json().await.unwrap();
    let preview = &manifest["tiers"]["preview"]["formats"];
    let pack = |format: &str| format!("/p/{}.pack", preview[format]["packs"][0]["pack"].as_str().unwrap());
    let frame = format!("/s/{}/000.webp", preview["webp"]["set"].as_str().unwrap());
    for number in 0..3 {
        assert_eq!(get(one, &made_up(number)).await.status(), 404);
    }
    for number in 3..6 {
        refused(get(one, &made_up(number)).await, "absent", 3).await;
    }
    let no_such_set = format!("/s/{}/000.webp", Digest::of(b"none"));
    refused(get(one, &no_such_set).await, "absent", 3).await;
    assert_eq!(get(other, &no_such_set).await.status(), 404, "another client");
    // A manifest in memory names them, and then they are in memory themselves.
    for _ in 0..2 {
        for path in [&frame, &pack("webp"), &pack("avif")] {
            assert_eq!(get(one, path).await.status(), 200, "{path}");
        }
    }

    // A server that has just started knows none of them.
    let server = Server::start_with(folder.path(), settings);
    let get = async |path: &str| server.get(path, &[("x-forwarded-for", one)]).await;
    for number in 0..4 {
        get(&made_up(number)).await;
    }
    refused(get(&pack("webp")).await, "absent", 3).await;
    assert_eq!(get(&ring).await.status(), 200);
    for path in [&frame, &pack("webp"), &pack("avif")] {
        assert_eq!(get(path).await.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn copies_on_disk_are_delivered_to_a_client_that_guesses() {
    let Some(bucket) = Bucket::new("guesses", Faults::None).await else { return };
    bucket.ingest("gold", [200, 160, 60]);
    let serve = || {
        let mut command = girasol();
        command.args(["serve", "--config", &bucket.config()]).env("GIRASOL_LIMITS__ABSENT_PER_MINUTE", "3");
        Server::start_by(command, bucket.data())
    };
    let server = serve();
    let manifest = server.json(&sequence("ring.solitaire.metal-gold.stone-diamond")).await;
    let packs = packs_of_the_choice(&manifest);
    let (copied, others) = packs.split_first().unwrap();
    server.until(copied, 200).await;
    drop(server);
    let copies = bucket.data().join("cache/objects/p");
    for pack in others {
        // One may have been read ahead.
        let _ = std::fs::remove_file(copies.join(pack.strip_prefix("/p/").unwrap()));
    }

    let server = serve();
    let asked = || bucket.line.asked(&format!("GET /{}/spins/p/", bucket.name));
    for number in 0..3 {
        assert_eq!(server.get(&made_up(number), &[]).await.status(), 404);
    }
    let before = asked();
    for number in 3..9 {
        assert_eq!(server.get(&made_up(number), &[]).await.status(), 429);
    }
    assert!(asked() <= before + 1, "the bucket is asked for the first of them at most");
    assert_eq!(server.get(copied, &[]).await.status(), 200);
}

#[tokio::test]
async fn guessed_keys_are_slowed_down_and_keys_that_were_good_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(folder.path(), "[limits]\nfailures_per_minute = 3\n");
    let [good, other] = ["artist", "admin"].map(|role| format!("Bearer {}", key(folder.path(), role)));
    let with = async |key: &str| server.get("/api/framesets", &[("authorization", key)]).await;
    assert_eq!(with(&good).await.status(), 200);
    for guess in 0..3 {
        let response = with(&format!("Bearer girasol_010101010101_{guess:064x}")).await;
        let left = header(response.headers(), "ratelimit").to_owned();
        assert!(left.starts_with(&format!("\"failures\";r={};", 2 - guess)), "{left}");
        assert_eq!(problem(response, 401).await, "key-refused");
    }
    // One that fails and is refused, and then those that are not even tried.
    for guess in 4..9 {
        refused(with(&format!("Bearer girasol_010101010101_{guess:064x}")).await, "failures", 3).await;
    }
    let session = [("cookie", "girasol_session=guess")];
    refused(server.get("/api/session", &session).await, "failures", 3).await;
    let begun =
        server.post("/api/session", &format!(r#"{{"key": "girasol_010101010101_{:064x}"}}"#, 1)).await;
    refused(begun, "failures", 3).await;
    assert_eq!(with(&good).await.status(), 200, "it was good before");
    refused(with(&other).await, "failures", 3).await;
    // Nor does a header that is not believed lead around it.
    let headers = [("authorization", other.as_str()), ("x-forwarded-for", "203.0.113.9")];
    refused(server.get("/api/framesets", &headers).await, "failures", 3).await;
}

#[tokio::test]
async fn each_key_has_limits_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let settings = "[limits]\nkey_reads_per_minute = 2\nkey_writes_per_minute = 1\n";
    let server = Server::start_with(folder.path(), settings);
    let [one, two] = ["artist", "artist"].map(|role| format!("Bearer {}", key(folder.path(), role)));
    let read = async |key: &str| server.get("/api/jobs", &[("authorization", key)]).await;
    let write = async |key: &str| {
        let request = server.request(Method::POST, "/api/framesets/none/commit");
        request.header("authorization", key).send().await.unwrap()
    };
    for left in ["\"key-reads\";r=1;t=30", "\"key-reads\";r=0;t=60"] {
        let response = read(&one).await;
        assert_eq!((response.status().as_u16(), header(response.headers(), "ratelimit")), (200, left));
    }
    refused(read(&one).await, "key-reads", 2).await;
    assert_eq!(write(&one).await.status(), 404);
    refused(write(&one).await, "key-writes", 1).await;
    assert_eq!(read(&two).await.status(), 200);
    assert_eq!(write(&two).await.status(), 404);
}

#[tokio::test]
async fn servers_count_together_in_redis_and_each_by_itself_without_it() {
    let Some(redis) = Redis::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    // A question on a busy machine is not to be given up while Redis runs.
    let settings = format!(
        "[server]\ntrusted_proxies = ['127.0.0.1']\n[limits]\nreads_per_minute = 4\n[cache]\nredis = '{}'\n\
         redis_timeout_ms = 2000\n",
        redis.url()
    );
    let servers = [(); 2].map(|()| Server::start_with(folder.path(), &settings));
    let ask_both = async |client: &str| {
        let mut statuses = Vec::new();
        for _ in 0..3 {
            for server in &servers {
                statuses.push(ask_for(server, client).await);
            }
        }
        statuses
    };
    assert_eq!(ask_both("203.0.113.1").await, [404, 404, 404, 404, 429, 429]);
    let keys = redis.keys("girasol:limits:");
    assert_eq!(keys.len(), 1, "{keys:?}");
    assert!(!keys[0].contains("203.0.113.1"));
    let lives: i64 = redis.cli(&["PTTL", &keys[0]]).parse().unwrap();
    assert!((1..=61_000).contains(&lives), "{lives}");

    redis.signal("STOP");
    let mut local = Vec::new();
    for server in &servers {
        for _ in 0..5 {
            local.push(ask_for(server, "203.0.113.2").await);
        }
    }
    redis.signal("CONT");
    assert_eq!(local, [404, 404, 404, 404, 429, 404, 404, 404, 404, 429]);
}

#[tokio::test]
async fn limits_can_be_switched_off() {
    let folder = tempfile::tempdir().unwrap();
    let settings = "[limits]\nenabled = false\nreads_per_minute = 1\nfailures_per_minute = 1\n";
    let server = Server::start_with(folder.path(), settings);
    for _ in 0..5 {
        let response = server.get(&sequence(RING), &[]).await;
        assert_eq!(response.status(), 404);
        let wrong = [("authorization", "Bearer girasol_010101010101_00")];
        assert_eq!(server.get("/api/jobs", &wrong).await.status(), 401);
    }
}
