//! Which objects are deleted, and which are not.

use std::{
    fs,
    path::{Path, PathBuf},
};

use reqwest::Method;
use serde_json::Value;

use crate::girasol::{Server, girasol, ingest, key, problem, sequence};

const GOLD: &str = "ring.solitaire.metal-gold.stone-diamond";
const ROSE: &str = "ring.solitaire.metal-rose.stone-diamond";

pub(crate) fn objects(data: &Path) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![data.join("objects")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if ![".lock", "identity.txt"].iter().any(|name| entry.file_name() == *name) {
                files.push(entry.path());
            }
        }
    }
    files
}

fn collect(data: &Path, grace_hours: &str) -> Value {
    let arguments = ["store", "gc", "--json", "--grace-hours", grace_hours, "--data"];
    let output =
        girasol().args(arguments).arg(data).env("GIRASOL_VERSIONS__KEEP_DAYS", "0").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Every object that the live manifest names can be had.
pub(crate) async fn is_whole(data: &Path, configuration: &str) {
    let server = Server::start_over(data, &["serve"]);
    let manifest = server.json(&sequence(configuration)).await;
    for tier in manifest["tiers"].as_object().unwrap().values() {
        for (format, rendition) in tier["formats"].as_object().unwrap() {
            for degree in tier["degrees"].as_array().unwrap() {
                let set = rendition["set"].as_str().unwrap();
                let frame = format!("/s/{set}/{:03}.{format}", degree.as_u64().unwrap());
                assert_eq!(server.get(&frame, &[]).await.status(), 200);
            }
            let whole = rendition["packs"].as_array().unwrap().iter().map(|entry| &entry["pack"]);
            for pack in whole.chain(rendition["bare"]["packs"].as_array().into_iter().flatten()) {
                let pack = format!("/p/{}.pack", pack.as_str().unwrap());
                assert_eq!(server.get(&pack, &[]).await.status(), 200);
            }
        }
    }
    assert_eq!(server.get(&format!("/still/{configuration}.jpg"), &[]).await.status(), 200);
}

#[tokio::test]
async fn only_what_nothing_needs_is_removed_and_only_when_its_time_has_come() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    // An early and a full version each; then another full one.
    ingest(data, "gold", [212, 175, 95], 12);
    ingest(data, "rose", [210, 150, 130], 12);
    ingest(data, "gold", [200, 160, 80], 12);
    let orphan = data.join("objects/p/00000000000000000000000000000000.pack");
    fs::write(&orphan, b"of an ingest that died").unwrap();
    fs::write(data.join("objects/p/.half.pack.1-1"), b"half").unwrap();
    let before = objects(data).len();

    let waiting = collect(data, "1");
    assert_eq!((&waiting["retired"], &waiting["objects"]), (&2.into(), &0.into()));
    assert!(waiting["waiting"].as_u64().unwrap() > 0);
    assert_eq!(objects(data).len(), before);
    // Marked with an hour's grace, they keep it whatever comes later; and the two early versions are gone for good.
    assert_eq!(collect(data, "0")["retired"], 0);
    assert!(orphan.exists());

    let other = tempfile::tempdir().unwrap();
    let data = other.path();
    ingest(data, "gold", [212, 175, 95], 12);
    ingest(data, "rose", [210, 150, 130], 12);
    ingest(data, "gold", [200, 160, 80], 12);
    fs::create_dir_all(data.join("objects/p")).unwrap();
    fs::write(data.join("objects/p/00000000000000000000000000000000.pack"), b"of an ingest that died")
        .unwrap();
    let removed = collect(data, "0");
    assert_eq!((&removed["retired"], &removed["versions"]), (&2.into(), &2.into()));
    assert!(removed["objects"].as_u64().unwrap() > 2);
    assert_eq!(removed["needed"].as_u64().unwrap() as usize, objects(data).len());
    assert_eq!(collect(data, "0")["objects"], 0);
    is_whole(data, GOLD).await;
    is_whole(data, ROSE).await;
    // What is kept to go back to is whole, too.
    let output = girasol().args(["rollback", GOLD, "--data"]).arg(data).output().unwrap();
    assert!(output.status.success());
    is_whole(data, GOLD).await;

    let manifest = fs::read_dir(data.join("objects/m")).unwrap().next().unwrap().unwrap().path();
    fs::write(&manifest, b"{}").unwrap();
    assert_eq!(collect(data, "0")["objects"], 0, "no manifest is read for it");
}

#[tokio::test]
async fn a_take_down_removes_at_once_what_no_other_spin_shows() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest(data, "gold", [212, 175, 95], 12);
    let of_gold = objects(data);
    ingest(data, "rose", [210, 150, 130], 12);
    // The same pictures under another name.
    ingest(data, "twin", [210, 150, 130], 12);
    let server = Server::start_over(data, &["serve"]);
    let manifest = server.json(&sequence(GOLD)).await;
    let set = manifest["tiers"]["preview"]["formats"]["webp"]["set"].as_str().unwrap();
    let frame = format!("/s/{set}/000.webp");
    assert_eq!(server.get(&frame, &[]).await.status(), 200);

    let bearer = format!("Bearer {}", key(data, "artist"));
    let take_down = async |configuration: &str| {
        let request = server.request(Method::POST, &format!("/api/sequences/{configuration}/take-down"));
        let request = request.json(&serde_json::json!({ "confirm": configuration }));
        request.header("authorization", &bearer).send().await.unwrap().status()
    };
    assert_eq!(take_down(GOLD).await, 200);
    assert!(of_gold.iter().all(|object| !object.exists()));
    is_whole(data, ROSE).await;
    // It leaves memory within a second.
    while server.get(&frame, &[]).await.status() == 200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(problem(server.get(&frame, &[]).await, 404).await, "no-such-file");

    assert_eq!(take_down(ROSE).await, 200);
    is_whole(data, "ring.solitaire.metal-twin.stone-diamond").await;
}
