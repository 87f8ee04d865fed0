//! What viewers measure: taken in as a beacon, bounded, kept without a person in it; and what becomes popular by it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::girasol::{Server, header, ingest, problem};

fn look(metal: &str) -> Value {
    json!({
        "configuration": format!("ring.solitaire.metal-{metal}.stone-diamond"),
        "schema": "girasol.vitals/1",
        "tier": "standard",
        "frame_ms": 180,
        "switches": 2,
        "switch_ms": 95,
        "bytes": 151_000,
    })
}

#[tokio::test]
async fn what_is_looked_at_becomes_popular() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest(data, "platinum", [220, 220, 225], 12);
    ingest(data, "rose-gold", [210, 150, 130], 12);
    let mut server = Server::start_over(data, &["serve"]);
    let send = async |kind: &str, body: String| {
        let request = server.request(Method::POST, "/api/vitals").header("content-type", kind);
        request.header("origin", "https://shop.example").body(body).send().await.unwrap()
    };
    for (kind, metal) in [
        ("text/plain;charset=UTF-8", "rose-gold"),
        ("application/json", "rose-gold"),
        ("text/plain", "platinum"),
    ] {
        let sent = send(kind, look(metal).to_string()).await;
        assert_eq!(sent.status(), 204);
        assert_eq!(header(sent.headers(), "access-control-allow-origin"), "*");
        assert_eq!(header(sent.headers(), "cache-control"), "private, no-store");
        assert!(sent.headers().get("set-cookie").is_none());
    }
    // No such configuration exists. The server accepts it, since the viewer cannot correct it.
    assert_eq!(send("text/plain", look("tin").to_string()).await.status(), 204);
    let mut bad = look("platinum");
    bad["frame_ms"] = 4_000_000.into();
    assert_eq!(problem(send("text/plain", bad.to_string()).await, 422).await, "bad-field");
    assert_eq!(problem(send("text/plain", "{}".to_owned()).await, 400).await, "bad-json");
    assert_eq!(problem(send("text/html", look("platinum").to_string()).await, 415).await, "not-json");
    assert_eq!(problem(send("text/plain", " ".repeat(5000)).await, 413).await, "body-too-large");

    // Stopped in order, a server keeps what it has seen.
    server.signal("TERM");
    assert_eq!(server.ended().0, Some(0));
    let server = Server::start_over(data, &["serve"]);
    let product = server.json("/api/products/customizable/ring/solitaire").await;
    let popular: Vec<&str> =
        product["popular"].as_array().unwrap().iter().map(|one| one["configId"].as_str().unwrap()).collect();
    let id = |metal: &str| format!("ring.solitaire.metal-{metal}.stone-diamond");
    assert_eq!(popular, [id("rose-gold"), id("platinum")]);
}
