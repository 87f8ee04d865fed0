//! The product, the way from choices to a spin, and status.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    artist::Artist,
    girasol::{RING, ROSE, Server, header, ingest, problem, sequence},
};

const PRODUCT: &str = "/api/products/customizable/ring/solitaire";
const CONFIGURE: &str = "/api/products/customizable/ring.solitaire/configure";

#[tokio::test]
async fn a_product_says_what_can_be_chosen_and_what_spins() {
    let server = Server::start();
    let response = server.get(PRODUCT, &[]).await;
    assert!(header(response.headers(), "cache-control").starts_with("public, max-age=600, s-maxage=3600"));
    assert_eq!(header(response.headers(), "vary"), "Accept-Encoding");
    assert!(header(response.headers(), "xkey").starts_with("p-"));
    let product: Value = response.json().await.unwrap();
    assert_eq!(product["id"], "ring.solitaire");
    assert_eq!((&product["jewelryType"], &product["baseModel"]), (&json!("ring"), &json!("solitaire")));
    assert_eq!(product["label"], "Solitaire");
    let metal = &product["options"][0];
    assert_eq!(
        (&metal["name"], &metal["label"], &metal["default"]),
        (&json!("metal"), &json!("Metal"), &json!("yellow-gold"))
    );
    assert_eq!(metal["choices"][1]["value"], "rose-gold");
    assert_eq!(metal["choices"][1]["label"], "Rose Gold");
    assert_eq!(metal["choices"][1]["spin"], true);
    let swatch = metal["choices"][0]["swatch"].as_str().unwrap();
    assert!(swatch.len() == 7 && swatch.starts_with('#'), "{swatch}");
    let default = json!({
        "configId": RING,
        "choices": { "metal": "yellow-gold", "stone": "diamond" },
        "spin": true,
        "sequence": sequence(RING),
        "snippet": sequence(RING).replace("/sequence", "/snippet"),
    });
    assert_eq!(product["default"], default);
    // Other tests ask for them as well, which makes either the more popular.
    assert!(product["popular"].as_array().unwrap().contains(&default));
    let rose = json!({
        "configId": ROSE,
        "choices": { "metal": "rose-gold", "stone": "diamond" },
        "sequence": sequence(ROSE),
    });
    assert_eq!(product["spins"][1], rose);
}

#[tokio::test]
async fn choices_with_a_spin_are_ready_and_gaps_are_filled() {
    let server = Server::start();
    for (body, configuration) in [
        (r#"{"choices":{"metal":"rose-gold","stone":"diamond"}}"#, ROSE),
        (r#"{"choices":{"metal":"rose-gold"}}"#, ROSE),
        (r#"{"choices":{}}"#, RING),
        ("{}", RING),
    ] {
        let response = server.post(CONFIGURE, body).await;
        assert_eq!(response.status(), 200, "{body}");
        assert_eq!(header(response.headers(), "cache-control"), "private, no-store");
        let answer: Value = response.json().await.unwrap();
        assert_eq!(
            answer,
            json!({ "configId": configuration, "status": "ready", "sequence": sequence(configuration) })
        );
    }
}

#[tokio::test]
async fn what_the_product_does_not_offer_is_422() {
    let server = Server::start();
    for body in [
        r#"{"choices":{"metal":"tin"}}"#,
        r#"{"choices":{"engraving":"yes"}}"#,
        r#"{"choices":{"metal":"Rose Gold"}}"#,
        r#"{"choices":{"class":"x"}}"#,
        r#"{"choices":{"":""}}"#,
    ] {
        assert_eq!(problem(server.post(CONFIGURE, body).await, 422).await, "unknown-choice", "{body}");
    }
}

#[tokio::test]
async fn bad_bodies_are_told_apart() {
    let server = Server::start();
    for body in [
        "",
        "{",
        "[]",
        "null",
        "7",
        r#"{"choices":[]}"#,
        r#"{"choices":{"metal":7}}"#,
        r#"{"choice":{}}"#,
        "\u{0}",
    ] {
        let response = server.post(CONFIGURE, body).await;
        assert_eq!(response.status(), 400, "{body}");
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["type"], "urn:problem-type:girasol:bad-json", "{body}");
        let detail = problem["detail"].as_str().unwrap();
        let example = r#"A body is like {"choices": {"metal": "rose-gold"}}"#;
        assert!(detail.starts_with("the body: ") && detail.ends_with(example), "{body}: {detail}");
    }
    let large = format!(r#"{{"choices":{{"metal":"{}"}}}}"#, "a".repeat(20_000));
    assert_eq!(problem(server.post(CONFIGURE, &large).await, 413).await, "body-too-large");
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"] {
        let request =
            server.request(reqwest::Method::POST, CONFIGURE).header("content-type", media_type).body("{}");
        assert_eq!(problem(request.send().await.unwrap(), 415).await, "not-json", "{media_type}");
    }
    let request = server.request(reqwest::Method::POST, CONFIGURE).body("{}");
    assert_eq!(problem(request.send().await.unwrap(), 415).await, "not-json");
    let request = server
        .request(reqwest::Method::POST, CONFIGURE)
        .header("content-type", "application/json; charset=utf-8");
    assert_eq!(request.body("{}").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_body_is_read_as_it_is_sent() {
    let server = Server::start();
    let send = async |coding: &str| {
        let request = server.request(reqwest::Method::POST, CONFIGURE).header("content-encoding", coding);
        request.header("content-type", "application/json").body("{}").send().await.unwrap()
    };
    assert_eq!(send("Identity").await.status(), 200);
    for coding in ["gzip", "br", "identity, gzip", "nonsense"] {
        let response = send(coding).await;
        assert_eq!(header(response.headers(), "accept-encoding"), "identity", "{coding}");
        assert_eq!(problem(response, 415).await, "body-encoded", "{coding}");
    }
}

#[tokio::test]
async fn the_status_of_what_is_live_is_ready() {
    let server = Server::start();
    let response = server.get(&format!("/api/products/customizable/{RING}/status"), &[]).await;
    assert_eq!(header(response.headers(), "cache-control"), "private, no-store");
    let status: Value = response.json().await.unwrap();
    assert_eq!(
        status,
        json!({ "configId": RING, "status": "ready", "stage": null, "done": null, "total": null })
    );
}

#[tokio::test]
async fn an_unknown_configuration_has_no_product_and_no_status() {
    let server = Server::start();
    for path in [
        "/api/products/customizable/ring/unknown",
        "/api/products/customizable/ring/Solitaire",
        "/api/products/customizable/ring/sequence",
        "/api/products/customizable/ring/status",
        "/api/products/customizable/ring.solitaire.metal-tin.stone-diamond/status",
        "/api/products/customizable/ring.solitaire.stone-diamond.metal-rose-gold/status",
        "/api/products/customizable/ring.unknown/status",
        "/api/products/customizable/%20/status",
    ] {
        problem(server.get(path, &[]).await, 404).await;
    }
    assert_eq!(
        problem(server.post("/api/products/customizable/ring.unknown/configure", "{}").await, 404).await,
        "no-such-product"
    );
    assert_eq!(
        problem(server.post("/api/products/customizable/ring/configure", "{}").await, 404).await,
        "no-such-product"
    );
}

/// Each event's data, in order.
fn told(stream: &str) -> Vec<Value> {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

#[tokio::test]
async fn a_watched_spin_sends_its_progress_until_it_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_owned();
    let server = Server::start_over(&data, &["serve"]);
    let status = "/api/products/customizable/ring.solitaire.metal-gold.stone-diamond/status";
    let events = [("accept", "text/event-stream")];
    assert_eq!(server.get(status, &events).await.status(), 404);
    let ingested = tokio::task::spawn_blocking(move || ingest(&data, "gold", [212, 175, 95], 72));
    // Before it begins there is nothing, or nothing but the product.
    let watch = async {
        loop {
            let watched = server.get(status, &events).await;
            if watched.status() != 200 {
                continue;
            }
            assert_eq!(header(watched.headers(), "content-type"), "text/event-stream");
            assert_eq!(header(watched.headers(), "cache-control"), "private, no-store");
            let told = told(&watched.text().await.unwrap());
            if told.last().unwrap()["status"] != "unavailable" {
                break told;
            }
        }
    };
    let told = tokio::time::timeout(Duration::from_mins(2), watch).await.expect("nothing was told");
    let (last, before) = told.split_last().unwrap();
    assert_eq!(last["status"], "ready");
    assert!(before.iter().all(|told| told["status"] == "processing"), "{before:?}");
    ingested.await.unwrap();
    // An EventSource comes back where a stream has ended; now it stays away.
    let again = server.get(status, &[events[0], ("last-event-id", "1")]).await;
    assert_eq!(again.status(), 204);
    assert_eq!(server.json(status).await["status"], "ready");
}

#[tokio::test]
async fn a_frame_set_adds_nothing_to_a_product_that_exists_unless_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest(data, "rose-gold", [210, 150, 130], 12);
    let artist = Artist::over(data);
    let open = async |metal: &str, more: Value| {
        let mut body =
            json!({ "product": "ring.solitaire", "choices": { "metal": metal, "stone": "diamond" } });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        artist.request(Method::POST, "/api/framesets").json(&body).send().await.unwrap()
    };
    assert_eq!(open("rose-gold", json!({})).await.status(), 201);
    let refused = open("rose-gould", json!({})).await;
    assert_eq!(refused.status(), 409);
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["type"], "urn:problem-type:girasol:new-choice");
    assert_eq!(
        body["newChoices"],
        json!([{ "option": "metal", "choice": "rose-gould", "isNewOption": false, "near": "rose-gold" }])
    );
    let detail = body["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("ring.solitaire has no metal=rose-gould: did you mean metal=rose-gold? "),
        "{detail}"
    );
    assert!(detail.contains("\"newChoices\": true"), "{detail}");

    let more = json!({ "choices": { "metal": "rose-gold", "stone": "diamond", "size": "7" } });
    let body: Value = open("", more.clone()).await.json().await.unwrap();
    assert_eq!(body["newChoices"], json!([{ "option": "size", "choice": "7", "isNewOption": true }]));
    assert_eq!(open("platinum", json!({ "newChoices": true })).await.status(), 201);
    let sets: Value =
        artist.request(Method::GET, "/api/framesets").send().await.unwrap().json().await.unwrap();
    assert_eq!(sets["framesets"].as_array().unwrap().len(), 2);
    let refused = open("", json!({ "choices": { "metal": "rose-gold" } })).await;
    assert_eq!(problem(refused, 422).await, "bad-field");
    // A product that does not exist lacks nothing.
    assert_eq!(open("platinum", json!({ "product": "ring.halo" })).await.status(), 201);
}
