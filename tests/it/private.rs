//! Keys, sessions and the audit trail.

use reqwest::Method;
use serde_json::{Value, json};

use crate::girasol::{Server, girasol, header, key, problem, served_to_an_admin};

#[tokio::test]
async fn the_list_of_keys_has_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = Server::start_over(data, &["serve"]);
    let [artist, admin] = ["artist", "admin"].map(|role| key(data, role));
    let bearer = format!("Bearer {admin}");
    let keys: Value = server.get("/api/keys", &[("authorization", &bearer)]).await.json().await.unwrap();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
    assert!(!keys.to_string().contains(artist.rsplit('_').next().unwrap()));
}

#[tokio::test]
async fn a_revoked_key_opens_nothing_and_neither_do_its_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = Server::start_over(data, &["serve"]);
    let admin = format!("Bearer {}", key(data, "admin"));
    let made = server
        .request(Method::POST, "/api/keys")
        .header("authorization", &admin)
        .json(&json!({ "role": "artist", "label": "Ada" }))
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 201);
    let made: Value = made.json().await.unwrap();
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    let cookie = sign_in(&server, key).await;
    assert_eq!(server.get("/api/framesets", &[("cookie", &cookie)]).await.status(), 200);

    for _ in 0..2 {
        let path = format!("/api/keys/{id}");
        assert_eq!(server.send(Method::DELETE, &path, &[("authorization", &admin)]).await.status(), 204);
    }
    let bearer = format!("Bearer {key}");
    let response = server.get("/api/framesets", &[("authorization", &bearer)]).await;
    assert_eq!(problem(response, 401).await, "key-refused");
    let response = server.get("/api/framesets", &[("cookie", &cookie)]).await;
    assert_eq!(problem(response, 401).await, "session-expired");
    for (body, slug) in [
        (json!({ "role": "root" }), "bad-field"),
        (json!({ "role": "artist", "label": "a".repeat(81) }), "bad-field"),
        (json!({ "label": "Ada" }), "bad-json"),
    ] {
        let request = server.request(Method::POST, "/api/keys").header("authorization", &admin);
        let response = request.json(&body).send().await.unwrap();
        let status = response.status().as_u16();
        assert_eq!(problem(response, status).await, slug);
    }
    let response = server.send(Method::DELETE, "/api/keys/000000000000", &[("authorization", &admin)]).await;
    assert_eq!(header(response.headers(), "cache-control"), "private, no-store");
    assert_eq!(problem(response, 404).await, "no-such-key");
}

/// Exchanges a key for a cookie.
async fn sign_in(server: &Server, key: &str) -> String {
    sign_in_for(server, key, 12 * 3_600).await
}

/// The same, with the seconds that the session lasts.
async fn sign_in_for(server: &Server, key: &str, seconds: u32) -> String {
    let response = server.post("/api/session", &json!({ "key": key }).to_string()).await;
    assert_eq!(response.status(), 200);
    let cookie = header(response.headers(), "set-cookie").to_owned();
    for flag in ["HttpOnly", "SameSite=Strict", "Path=/", &format!("Max-Age={seconds}")] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "there is no TLS: {cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_screen_on_a_wall_stays_signed_in() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_over(folder.path(), &["serve"]);
    let cookie = sign_in_for(&server, &key(folder.path(), "metrics"), 30 * 86_400).await;
    assert_eq!(server.get("/api/performance/plots", &[("cookie", &cookie)]).await.status(), 200);
    sign_in_for(&server, &key(folder.path(), "admin"), 12 * 3_600).await;
}

#[tokio::test]
async fn a_session_writes_from_its_own_page_only_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = Server::start_over(data, &["serve"]);
    let key = key(data, "artist");
    let cookie = sign_in(&server, &key).await;
    let who: Value = server.get("/api/session", &[("cookie", &cookie)]).await.json().await.unwrap();
    assert_eq!((who["role"].as_str(), who["key"].as_str()), (Some("artist"), key.split('_').nth(1)));

    let open = async |origin: Option<&str>| {
        let request = server.request(Method::POST, "/api/framesets").header("cookie", &cookie);
        let request = origin.into_iter().fold(request, |request, origin| request.header("origin", origin));
        request.json(&json!({ "product": "ring.solitaire" })).send().await.unwrap()
    };
    assert_eq!(open(Some(&server.base)).await.status(), 201);
    for origin in [None, Some("https://elsewhere.example"), Some("null"), Some("http://127.0.0.1:1")] {
        assert_eq!(problem(open(origin).await, 403).await, "cross-origin");
    }
    let body = json!({ "key": key }).to_string();
    let foreign = server
        .request(Method::POST, "/api/session")
        .header("origin", "https://elsewhere.example")
        .header("content-type", "application/json")
        .body(body);
    assert_eq!(problem(foreign.send().await.unwrap(), 403).await, "cross-origin");

    let headers = [("cookie", cookie.as_str()), ("origin", server.base.as_str())];
    let ended = server.send(Method::DELETE, "/api/session", &headers).await;
    assert_eq!(ended.status(), 204);
    assert!(header(ended.headers(), "set-cookie").contains("Max-Age=0"));
    assert_eq!(
        problem(server.get("/api/session", &[("cookie", &cookie)]).await, 401).await,
        "session-expired"
    );
}

#[tokio::test]
async fn the_audit_trail_lists_every_change_in_three_formats() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = Server::start_over(data, &["serve"]);
    let admin = format!("Bearer {}", key(data, "admin"));
    // A spreadsheet would run this as a formula.
    let body = json!({ "role": "artist", "label": "=1+1" });
    let request = server.request(Method::POST, "/api/keys").header("authorization", &admin);
    request.json(&body).send().await.unwrap();
    let get = async |path: &str| server.get(path, &[("authorization", &admin)]).await;

    let page: Value = get("/api/audit").await.json().await.unwrap();
    let entries = page["entries"].as_array().unwrap();
    let line = |entry: &Value| {
        ["action", "actor", "address"].map(|field| entry[field].as_str().unwrap_or("-").to_owned())
    };
    assert_eq!(line(&entries[0]), ["key.create", "command line", "-"]);
    let id = admin.split('_').nth(1).unwrap();
    assert_eq!(line(&entries[1]), ["key.create", id, "127.0.0.1"]);
    assert_eq!(entries[1]["detail"]["label"], "=1+1");
    let after = entries[0]["id"].as_i64().unwrap();
    let rest: Value = get(&format!("/api/audit?after={after}")).await.json().await.unwrap();
    assert_eq!(rest["entries"].as_array().unwrap().len(), 1);

    let lines = get("/api/audit?format=ndjson").await;
    assert_eq!(header(lines.headers(), "content-disposition"), "attachment; filename=\"audit.ndjson\"");
    let lines = lines.text().await.unwrap();
    let objects: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(&objects, entries);
    let table = get("/api/audit?format=csv").await.text().await.unwrap();
    assert_eq!(table.lines().count(), 3);
    assert!(table.starts_with("id,at,actor,address,action,subject,detail\n"));
    for bad in ["format=xml", "after=x", "before=3", "after=1&after=2"] {
        assert_eq!(problem(get(&format!("/api/audit?{bad}")).await, 400).await, "bad-query");
    }
}

#[tokio::test]
async fn the_audit_trail_has_each_step_of_a_frame_set() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let (server, admin) = served_to_an_admin(data);
    let ask = async |method: Method, path: &str, body: Option<Value>| {
        let request = server.request(method, path).header("authorization", &admin);
        let request = body.iter().fold(request, reqwest::RequestBuilder::json);
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response
    };
    let wanted = json!({
        "product": "ring.solitaire",
        "choices": { "metal": "rose-gold", "stone": "diamond" },
        "newChoices": true,
    });
    let opened: Value = ask(Method::POST, "/api/framesets", Some(wanted)).await.json().await.unwrap();
    let set = format!("/api/framesets/{}", opened["id"].as_str().unwrap());
    for name in ["1.png", "2.png"] {
        let request = server.request(Method::PUT, &format!("{set}/frames/{name}"));
        let sent = request.header("authorization", &admin).body("frame").send().await.unwrap();
        assert_eq!(sent.status(), 201);
    }
    ask(Method::PATCH, &set, Some(json!({ "hero": 30 }))).await;
    for _ in 0..2 {
        // The second time, the frame does not exist.
        ask(Method::DELETE, &format!("{set}/frames/2.png"), None).await;
    }
    let preview_link = "/api/sequences/ring.solitaire.metal-platinum.stone-diamond/versions/2/preview-link";
    ask(Method::POST, preview_link, Some(json!({ "hours": 3 }))).await;
    ask(Method::DELETE, &set, None).await;

    let page: Value = ask(Method::GET, "/api/audit", None).await.json().await.unwrap();
    let entries = page["entries"].as_array().unwrap();
    let opened = entries.iter().position(|entry| entry["action"] == "frameset.open").unwrap();
    let line = |entry: &Value| (entry["action"].as_str().unwrap().to_owned(), entry["detail"].clone());
    let steps: Vec<(String, Value)> = entries[opened + 1..].iter().map(line).collect();
    let actions: Vec<&str> = steps.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(
        actions,
        ["frame.add", "frame.add", "frameset.change", "frame.remove", "version.look", "frameset.discard"]
    );
    assert_eq!(steps[1].1, json!({ "first": "2.png", "frames": 1, "bytes": 5 }));
    assert_eq!(steps[2].1["settings"]["hero"], 30.0);
    assert_eq!(steps[3].1, json!({ "name": "2.png" }));
    assert_eq!(steps[4].1, json!({ "version": 2, "hours": 3 }));
}

#[test]
fn keys_are_managed_at_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let run = |arguments: &[&str]| {
        let output = girasol().args(arguments).arg("--data").arg(data).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), output.stderr)
    };
    let (code, _, said) = run(&["key", "list"]);
    assert_eq!(code, Some(1));
    assert!(String::from_utf8(said).unwrap().contains("no Girasol data"), "nothing is made by looking");
    let (code, made, said) = run(&["key", "create", "--role", "artist", "--label", "Ada"]);
    assert_eq!((code, made.lines().count()), (Some(0), 1));
    assert!(String::from_utf8(said).unwrap().contains("not shown again"));
    let id = made.split('_').nth(1).unwrap();
    let (_, list, _) = run(&["key", "list"]);
    assert!(list.contains(id) && list.contains("Ada") && !list.contains(made.trim()));
    assert_eq!(run(&["key", "revoke", id]).0, Some(0));
    let (_, list, _) = run(&["key", "list", "--json"]);
    let list: Value = serde_json::from_str(&list).unwrap();
    assert!(list["keys"][0]["revoked"].is_string());
    assert_eq!(run(&["key", "revoke", "000000000000"]).0, Some(1));
    assert_eq!(run(&["key", "revoke", "nonsense"]).0, Some(2));
    assert_eq!(run(&["key", "create", "--role", "root"]).0, Some(2));
}

#[tokio::test]
async fn the_audit_trail_has_every_publication() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let (server, admin) = served_to_an_admin(data);
    let page: Value = server.get("/api/audit", &[("authorization", &admin)]).await.json().await.unwrap();
    let published: Vec<&Value> = page["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"] == "version.publish")
        .collect();
    // The early version, then the full one.
    assert_eq!(published.len(), 2);
    assert_eq!(published[1]["subject"], "ring.solitaire.metal-platinum.stone-diamond");
    assert_eq!(published[1]["detail"], json!({ "version": 2, "before": 1 }));
}
