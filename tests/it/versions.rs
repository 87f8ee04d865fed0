//! Publishing, going back, and taking down.

use std::{fs, io::Write as _, path::Path};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    garbage::objects,
    girasol::{ROSE, Server, draw_turn, girasol, header, key, problem, sequence},
};

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

    let down = async |body| ask(Method::POST, &format!("{RING}/take-down"), body).await;
    for unconfirmed in [None, Some(json!({ "confirm": ROSE }))] {
        assert_eq!(problem(down(unconfirmed).await, 422).await, "not-confirmed");
    }
    assert_eq!(problem(down(Some(json!({ "id": RING }))).await, 400).await, "bad-json");
    let confirmed = || Some(json!({ "confirm": RING }));
    assert_eq!(live(down(confirmed()).await).await, None);
    assert_eq!(problem(down(confirmed()).await, 409).await, "nothing-stored");
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

/// The exit code of a command over the data, and what it printed and told.
fn run(data: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = girasol().args(arguments).arg("--data").arg(data).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), said, String::from_utf8(output.stderr).unwrap())
}

#[test]
fn versions_are_moved_at_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest(data, [220, 220, 225], &[]);
    ingest(data, [200, 180, 120], &[]);
    let run = |arguments: &[&str]| run(data, arguments);
    let (code, said, _) = run(&["rollback", RING]);
    assert_eq!((code, said), (Some(0), format!("{RING}: version 2 is live.\n")));
    assert_eq!(run(&["rollback", RING]).0, Some(1));
    assert_eq!(run(&["publish", RING, "9"]).0, Some(1));
}

#[test]
fn a_take_down_says_what_goes_and_deletes_nothing_unless_it_is_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest(data, [220, 220, 225], &[]);
    ingest(data, [200, 180, 120], &["--no-publish"]);
    let before = objects(data);
    let run = |arguments: &[&str]| run(data, arguments);
    let (code, said, told) = run(&["take-down", RING]);
    assert_eq!((code, said.as_str()), (Some(1), ""), "{told}");
    let files = format!("versions    3, 2, 1 (2 is live): {} files", before.len());
    for what in [&files, "about 0.", "/still/", "410", "--yes"] {
        assert!(told.contains(what), "{what}: {told}");
    }
    assert_eq!(objects(data), before);
    for (typed, code) in [("n\n", 1), ("y\n", 0)] {
        let Some((ended, shown)) = at_a_terminal(data, typed) else { return };
        assert!(shown.contains("Delete all of it for good? [y/N]"), "{shown}");
        assert_eq!((ended, objects(data).is_empty()), (Some(code), code == 0), "{shown}");
    }
    let (code, _, told) = run(&["take-down", RING, "--yes"]);
    assert!(code == Some(1) && told.contains("no version and no raw frames"), "{told}");
    assert!(told.contains("It was taken down, or nothing of it has been encoded yet."), "{told}");
}

#[tokio::test]
async fn a_version_that_was_never_live_is_taken_down() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest(data, [220, 220, 225], &["--no-publish"]);
    let server = Server::start_over(data, &["serve"]);
    let bearer = format!("Bearer {}", key(data, "artist"));
    let ask = async |method: Method, path: &str| {
        let request = server.request(method, &format!("/api/sequences/{RING}{path}"));
        request.header("authorization", &bearer).json(&json!({ "confirm": RING })).send().await.unwrap()
    };
    let shown: Value = ask(Method::POST, "/take-down").await.json().await.unwrap();
    assert_eq!((&shown["versions"], &shown["takenDown"]), (&json!([]), &json!(false)), "{shown}");
    assert_eq!(objects(data), [] as [std::path::PathBuf; 0]);
    assert_eq!(problem(ask(Method::GET, "").await, 404).await, "no-such-sequence");
    assert_eq!(problem(server.get(&sequence(RING), &[]).await, 404).await, "no-spin");

    ingest(data, [200, 180, 120], &["--no-publish"]);
    assert!(!objects(data).is_empty());
    let output = girasol().args(["take-down", RING, "--yes", "--data"]).arg(data).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("(none is live)") && !told.contains("410"), "{told}");
    assert_eq!(objects(data), [] as [std::path::PathBuf; 0]);
}

/// Takes the ring down at a terminal, and types an answer; `None` where no terminal can be had.
fn at_a_terminal(data: &Path, typed: &str) -> Option<(Option<i32>, String)> {
    let take_down = girasol();
    let command = format!("{} take-down {RING} --data {}", take_down.get_program().display(), data.display());
    let terminal = std::process::Command::new("script")
        .args(["--quiet", "--return", "--log-out", "/dev/null", "--command", &command])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn();
    let mut terminal = match terminal {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            assert!(std::env::var_os("CI").is_none(), "script (bsdutils) is missing");
            return None;
        }
        terminal => terminal.unwrap(),
    };
    terminal.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = terminal.wait_with_output().unwrap();
    Some((output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned()))
}
