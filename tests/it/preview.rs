//! Preview links, and the list of products.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    artist::Artist,
    girasol::{girasol, header, ingest, problem, sequence},
};

const RING: &str = "ring.solitaire.metal-gold.stone-diamond";

#[tokio::test]
async fn a_preview_link_shows_a_version_that_is_not_live() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest(data, "gold", [212, 175, 95], 12);
    let turn = data.join("raw-gold");
    crate::girasol::draw_turn(&turn, [100, 100, 240], 12);
    let output = girasol()
        .args(["ingest", "--no-publish", "--product", "ring/solitaire", "--choice", "metal=gold"])
        .args(["--choice", "stone=diamond", "--data"])
        .arg(data)
        .arg(&turn)
        .output()
        .unwrap();
    assert!(output.status.success());
    let artist = Artist::over(data);
    let ask = async |method: Method, path: &str, body: Value| {
        let path = format!("/api/sequences/{RING}/versions/{path}");
        artist.request(method, &path).json(&body).send().await.unwrap()
    };
    assert_eq!(artist.server.json(&sequence(RING)).await["version"], 2);
    let detail: Value = ask(Method::GET, "3", json!(null)).await.json().await.unwrap();
    assert_eq!((&detail["version"], &detail["live"]), (&json!(3), &json!(false)));
    let sets = detail["sets"].as_array().unwrap();
    let standard = sets.iter().find(|set| set["tiers"][0] == "preview" && set["format"] == "avif").unwrap();
    assert_eq!(standard["frames"].as_array().unwrap().len(), 12);
    let frame = &standard["frames"][0];
    assert_eq!(frame["degree"], 0);
    assert!(frame["bytes"].as_u64().unwrap() > 0 && frame["quality"].as_f64().unwrap() > 30.0, "{frame}");

    // With a key, by its own address.
    let own = ask(Method::GET, "3/sequence?tier=preview&format=webp", json!(null)).await;
    assert_eq!(header(own.headers(), "cache-control"), "private, no-store");
    let own: Value = own.json().await.unwrap();
    assert_eq!((&own["version"], &own["selected"]["tier"]), (&json!(3), &json!("preview")));

    let made = ask(Method::POST, "3/preview-link", json!({ "hours": 1 })).await;
    assert_eq!(made.status(), 201);
    let made: Value = made.json().await.unwrap();
    let link = made["link"].as_str().unwrap().strip_prefix(&artist.server.base).unwrap();
    // Without one, by the link.
    let page = artist.server.get(link, &[]).await;
    assert_eq!(page.status(), 200);
    assert_eq!(header(page.headers(), "cache-control"), "private, no-store");
    assert!(header(page.headers(), "content-security-policy").contains("default-src 'none'"));
    let page = page.text().await.unwrap();
    assert!(page.contains("<girasol-spin") && page.contains("Version 3"), "{page}");
    let seen = artist.server.json(&format!("{link}/sequence?tier=hd")).await;
    assert_eq!((&seen["version"], &seen["selected"]["tier"]), (&json!(3), &json!("hd")));

    let other = link.replace("~3~", "~2~");
    assert_eq!(problem(artist.server.get(&other, &[]).await, 404).await, "no-such-link");
    assert_eq!(
        problem(artist.server.get(&format!("{link}0/sequence"), &[]).await, 404).await,
        "no-such-link"
    );
    for (version, body, status, slug) in [
        ("3", json!({ "hours": 0 }), 422, "bad-field"),
        ("3", json!({ "hours": 100_000 }), 422, "bad-field"),
        ("9", json!({ "hours": 1 }), 404, "no-such-version"),
    ] {
        let refused = ask(Method::POST, &format!("{version}/preview-link"), body).await;
        assert_eq!(problem(refused, status).await, slug);
    }
    let without_key = artist.server.get(&format!("/api/sequences/{RING}/versions/3/sequence"), &[]).await;
    assert_eq!(problem(without_key, 401).await, "key-missing");

    let products: Value =
        artist.request(Method::GET, "/api/products").send().await.unwrap().json().await.unwrap();
    let product = &products["products"][0];
    assert_eq!((&product["id"], &product["options"][0]["name"]), (&json!("ring.solitaire"), &json!("metal")));
    let configuration = &product["configurations"][0];
    assert_eq!(
        (&configuration["id"], &configuration["live"], &configuration["latest"], &configuration["versions"]),
        (&json!(RING), &json!(2), &json!(3), &json!(3))
    );
    let down = artist
        .request(Method::POST, &format!("/api/sequences/{RING}/take-down"))
        .json(&serde_json::json!({ "confirm": RING }))
        .send()
        .await
        .unwrap();
    assert_eq!(down.status(), 200);
    assert_eq!(problem(artist.server.get(link, &[]).await, 410).await, "link-expired");
    let products: Value =
        artist.request(Method::GET, "/api/products").send().await.unwrap().json().await.unwrap();
    assert_eq!(products["products"][0]["configurations"][0]["takenDown"], true);
}
