//! Publishing, going back, and taking down.

use std::{fs, path::Path};

use reqwest::Method;
use serde_json::{Value, json};

use crate::girasol::{Server, draw_turn, girasol, header, key, problem, sequence};

const RING: &str = "ring.solitaire.metal-platinum.stone-diamond";

fn ingest(data: &Path, colour: [u8; 3], flag: &[&str]) {
    let turn = data.join("turn");
    let _ = fs::remove_dir_all(&turn);
    draw_turn(&turn, colour, 12);
    let output = girasol()
        .arg("ingest")
        .arg(&turn)
        .args(["--product", "ring/solitaire", "--choice", "metal=platinum", "--choice", "stone=diamond"])
        .args(flag)
        .arg("--data")
        .arg(data)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn a_version_goes_live_comes_back_and_is_taken_down() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    // An early and a full one, then a full one that waits.
    ingest(data, [220, 220, 225], &[]);
    ingest(data, [200, 180, 120], &["--no-publish"]);
    let server = Server::start_over(data, &["serve"]);
    let bearer = format!("Bearer {}", key(data, "artist"));
    let ask = async |method: Method, path: &str, body: Option<Value>| {
        let request = server.request(method, &format!("/api/sequences/{path}"));
        let request = request.header("authorization", &bearer);
        body.iter().fold(request, reqwest::RequestBuilder::json).send().await.unwrap()
    };
    let numbers = |answer: &Value| {
        let versions = answer["versions"].as_array().unwrap().iter();
        versions.map(|version| version["version"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    let shown: Value = ask(Method::GET, RING, None).await.json().await.unwrap();
    assert_eq!((&shown["live"], numbers(&shown)), (&json!(2), vec![3, 2, 1]));
    let manifest = shown["versions"][0]["manifest"].as_str().unwrap();
    assert_eq!(server.json(manifest).await["version"], 3);

    let publish = async |version: i64| {
        ask(Method::POST, &format!("{RING}/publish"), Some(json!({ "version": version }))).await
    };
    let live = async |response: reqwest::Response| {
        assert_eq!(response.status(), 200);
        response.json::<Value>().await.unwrap()["live"].as_i64()
    };
    assert_eq!(live(publish(3).await).await, Some(3));
    assert_eq!(live(publish(3).await).await, Some(3));
    assert_eq!(problem(publish(1).await, 409).await, "early-version");
    assert_eq!(problem(publish(9).await, 404).await, "no-such-version");

    let back = async || ask(Method::POST, &format!("{RING}/rollback"), None).await;
    assert_eq!(live(back().await).await, Some(2));
    assert_eq!(problem(back().await, 409).await, "nothing-before");
    assert_eq!(live(publish(3).await).await, Some(3));

    let down = async || ask(Method::POST, &format!("{RING}/take-down"), None).await;
    assert_eq!(live(down().await).await, None);
    assert_eq!(problem(down().await, 409).await, "nothing-live");
    // Another server, since this one may answer from its memory for another second.
    let fresh = Server::start_over(data, &["serve"]);
    for path in [sequence(RING), format!("/still/{RING}.jpg"), format!("/m/{RING}/auto")] {
        let response = fresh.get(&path, &[]).await;
        assert_eq!(header(response.headers(), "cache-control"), "public, max-age=300", "{path}");
        assert_eq!(problem(response, 410).await, "taken-down", "{path}");
    }
    let shown: Value = ask(Method::GET, RING, None).await.json().await.unwrap();
    assert_eq!((&shown["takenDown"], &shown["versions"]), (&json!(true), &json!([])));
    assert_eq!(problem(back().await, 409).await, "nothing-before");
    assert_eq!(problem(publish(3).await, 404).await, "no-such-version");
    // Its frames can be sent again.
    ingest(data, [220, 220, 225], &[]);
    let again = Server::start_over(data, &["serve"]);
    assert_eq!(again.json(&sequence(RING)).await["version"], 5);

    let unknown = ask(Method::GET, "ring.solitaire.metal-gold", None).await;
    assert_eq!(header(unknown.headers(), "cache-control"), "private, no-store");
    assert_eq!(problem(unknown, 404).await, "no-such-sequence");
    assert_eq!(problem(ask(Method::GET, "Ring", None).await, 404).await, "no-such-sequence");
}

#[test]
fn versions_are_moved_at_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest(data, [220, 220, 225], &[]);
    ingest(data, [200, 180, 120], &[]);
    let run = |arguments: &[&str]| {
        let output = girasol().args(arguments).arg("--data").arg(data).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(run(&["rollback", RING]), (Some(0), format!("{RING}: version 2 is live.\n")));
    assert_eq!(run(&["rollback", RING]).0, Some(1));
    let (code, said) = run(&["take-down", RING]);
    assert!(code == Some(0) && said.contains("the spin is deleted"), "{said}");
    assert_eq!(run(&["take-down", RING]).0, Some(1));
    assert_eq!(run(&["publish", RING, "3"]).0, Some(1));
}
