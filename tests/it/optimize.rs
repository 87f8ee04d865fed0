//! Housekeeping at once: by the command line and by an operator's request, while a server runs.

use reqwest::Method;
use serde_json::Value;

use crate::girasol::{girasol, problem, served_to_an_admin};

#[tokio::test]
async fn housekeeping_runs_while_a_server_serves_and_stands_in_the_audit_trail() {
    let folder = tempfile::tempdir().unwrap();
    let (server, admin) = served_to_an_admin(folder.path());
    let ask = server.request(Method::POST, "/api/optimize").header("authorization", &admin);
    let done = ask.send().await.unwrap();
    assert_eq!(done.status(), 200);
    let done: Value = done.json().await.unwrap();
    assert_eq!(done["failed"], Value::Array(Vec::new()), "{done}");
    assert_eq!(done["collected"]["objects"], 0, "nothing that a version needs is deleted");
    assert!(done["database"]["afterBytes"].as_u64().unwrap() > 0);

    let output = girasol().args(["optimize", "--json", "--data"]).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["failed"], Value::Array(Vec::new()), "{said}");

    let trail = server.get("/api/audit", &[("authorization", &admin)]).await.json::<Value>().await.unwrap();
    let entries = trail["entries"].as_array().unwrap();
    let optimized: Vec<_> = entries.iter().filter(|entry| entry["action"] == "service.optimize").collect();
    assert_eq!(optimized.len(), 2, "{trail}");
    assert_eq!(optimized[1]["actor"], "command line");
    let still = "/still/ring.solitaire.metal-platinum.stone-diamond.jpg";
    assert_eq!(server.get(still, &[]).await.status(), 200);

    std::fs::rename(folder.path().join("objects"), folder.path().join("elsewhere")).unwrap();
    let ask = server.request(Method::POST, "/api/optimize").header("authorization", &admin);
    let done: Value = ask.send().await.unwrap().json().await.unwrap();
    assert_eq!(done["failed"][0]["step"], "collect", "{done}");
    assert!(done["database"].is_object(), "the other steps are done all the same");
    let refused = server.request(Method::POST, "/api/optimize").send().await.unwrap();
    assert_eq!(problem(refused, 401).await, "key-missing");
}
