//! Servers that share a cache in Redis.

use std::process::Command;

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::{
    artist::Artist,
    fleet::{Fleet, until},
    girasol::{RING, ROSE, draw_turn, sequence},
    redis::Redis,
};

const BROTLI: [(&str, &str); 1] = [("accept-encoding", "br")];

/// Two rings, and what servers need to share what they make of them.
async fn fleet_with_redis(name: &str) -> Option<(Fleet, Redis)> {
    let (fleet, redis) = (Fleet::new(name).await?, Redis::start()?);
    // The fixture's own table of the cache stands first.
    let settings = std::fs::read_to_string(fleet.bucket.config()).unwrap();
    let with_redis = settings.replacen(
        "[cache]\n",
        &format!("[cache]\nredis = '{}'\nredis_timeout_ms = 2000\n", redis.url()),
        1,
    );
    std::fs::write(fleet.bucket.config(), with_redis).unwrap();
    for (metal, colour) in [("yellow-gold", [220, 190, 120]), ("rose-gold", [220, 160, 140])] {
        let turn = fleet.machines.path().join(metal);
        draw_turn(&turn, colour, 12);
        let mut ingest = fleet.girasol("setup");
        ingest.arg("ingest").arg(&turn).args(["--product", "ring/solitaire", "--new-choice"]);
        succeed(ingest.args(["--choice", &format!("metal={metal}"), "--choice", "stone=diamond"]));
    }
    Some((fleet, redis))
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

async fn ask(artist: &Artist, path: &str) -> Response {
    artist.server.get(path, &BROTLI).await
}

/// Waits until values are shared and no turn is under way; gives their number.
async fn shared(redis: &Redis, kind: &str, least: usize) {
    until("values are shared", async || {
        let keys = redis.keys(&format!("girasol:{kind}:"));
        (keys.len() >= least && !keys.iter().any(|key| key.ends_with(":turn"))).then_some(())
    })
    .await;
}

fn hits(redis: &Redis) -> u64 {
    let stats = redis.cli(&["INFO", "stats"]);
    let line = stats.lines().find_map(|line| line.trim().strip_prefix("keyspace_hits:"));
    line.unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_server_takes_what_another_one_has_made_and_goes_on_without_redis() {
    let Some((fleet, mut redis)) = fleet_with_redis("shared").await else { return };
    let (one, two) = (fleet.serve("one"), fleet.serve("two"));
    let product = "/api/products/customizable/ring/solitaire";
    for path in [&sequence(RING), product] {
        let first = ask(&one, path).await;
        assert_eq!(first.status(), 200);
        for kind in ["answers", "products"] {
            shared(&redis, kind, 1).await;
        }
        let before = hits(&redis);
        let second = ask(&two, path).await;
        assert!(hits(&redis) > before, "{path}");
        assert_eq!(first.headers()["etag"], second.headers()["etag"]);
        assert_eq!(first.bytes().await.unwrap(), second.bytes().await.unwrap());
    }
    // The manifest of a server without copies on its disk.
    shared(&redis, "manifests", 1).await;
    fleet.wipe("two");
    let before = hits(&redis);
    let three = fleet.serve("three");
    assert_eq!(ask(&three, &sequence(RING)).await.status(), 200);
    assert!(hits(&redis) >= before + 2, "the manifest and the answer");

    redis.kill();
    for artist in [&one, &two, &three] {
        for path in [sequence(RING), sequence(ROSE), product.to_owned()] {
            assert_eq!(ask(artist, &path).await.status(), 200, "{path}");
        }
    }
    redis.start_again();
    until("Redis is used again", async || {
        assert_eq!(
            ask(&one, &format!("{}?tier=preview&frames=12&format=webp", sequence(ROSE))).await.status(),
            200
        );
        assert_eq!(ask(&one, &format!("{product}?metal=rose-gold")).await.status(), 200);
        let four = fleet.serve("four");
        assert_eq!(ask(&four, &sequence(ROSE)).await.status(), 200);
        (!redis.keys("girasol:").is_empty()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_is_taken_down_or_protected_does_not_come_from_redis() {
    let Some((fleet, redis)) = fleet_with_redis("hidden").await else { return };
    let (one, two) = (fleet.serve("one"), fleet.serve("two"));
    let sequences = [sequence(RING), sequence(ROSE)];
    for path in &sequences {
        for artist in [&one, &two] {
            assert_eq!(ask(artist, path).await.status(), 200);
        }
    }
    shared(&redis, "answers", 2).await;
    let manifest: Value = one.server.json(&sequences[0]).await;
    let immutable = format!("/m/{}.json", manifest["digest"].as_str().unwrap());
    assert_eq!(ask(&two, &immutable).await.status(), 200);

    let down = one.request(Method::POST, &format!("/api/sequences/{RING}/take-down"));
    let down = down.json(&json!({ "confirm": RING })).send().await.unwrap();
    assert!(down.status().is_success(), "{}", down.text().await.unwrap());
    // Both servers have heard of it, and what they had made before is still in Redis.
    for artist in [&one, &two] {
        artist.server.until(&sequences[0], 410).await;
        artist.server.until(&immutable, 404).await;
    }
    let before = redis.keys("girasol:answers:").len();
    assert!(before >= 2);
    // A server that knows nothing yet asks the database first.
    let three = fleet.serve("three");
    assert_eq!(ask(&three, &sequences[0]).await.status(), 410);
    assert_eq!(ask(&three, &immutable).await.status(), 404);

    let protected =
        two.request(Method::POST, &format!("/api/sequences/{ROSE}/protect")).send().await.unwrap();
    assert!(protected.status().is_success(), "{}", protected.text().await.unwrap());
    for artist in [&one, &two] {
        artist.server.until(&sequences[1], 403).await;
    }
    redis.cli(&["FLUSHALL"]);
    let sign = two.request(Method::POST, &format!("/api/sequences/{ROSE}/sign"));
    let signed: Value = sign.json(&json!({ "hours": 1 })).send().await.unwrap().json().await.unwrap();
    let address = signed["sequence"].as_str().unwrap_or_else(|| panic!("{signed}"));
    let path = &address[address.find("/signed/").unwrap()..];
    for artist in [&one, &two, &three] {
        assert_eq!(ask(artist, path).await.status(), 200);
        let product: Value = artist.server.json("/api/products/customizable/ring/solitaire").await;
        assert!(product["options"].is_array());
    }
    // The product, and nothing of the ring that is protected.
    assert_eq!(redis.keys("girasol:answers:"), [""; 0]);
    assert_eq!(redis.keys("girasol:manifests:"), [""; 0]);
}
