//! Objects move from a folder into a bucket and back, and are verified where they are.

use std::{fs, path::Path, process::Stdio};

use serde_json::Value;

use crate::{
    bucket_fixture::Bucket,
    command::{answer, command, refusal, run},
    fault_proxy::Faults,
    garbage::{is_whole, objects},
    girasol::{RING, Server, ingest, sequence},
    s3::files,
};

const GOLD: &str = "ring.solitaire.metal-gold.stone-diamond";
const ROSE: &str = "ring.solitaire.metal-rose.stone-diamond";

/// Every answer and file of a spin.
async fn served(server: &Server, configuration: &str) -> Vec<Vec<u8>> {
    let manifest = server.get(&sequence(configuration), &[]).await;
    assert_eq!(manifest.status(), 200);
    let manifest = manifest.bytes().await.unwrap().to_vec();
    let mut served = vec![manifest.clone()];
    for file in files(&serde_json::from_slice(&manifest).unwrap()) {
        let response = server.get(&file, &[]).await;
        assert_eq!(response.status(), 200, "{file}");
        served.push(response.bytes().await.unwrap().to_vec());
    }
    served
}

#[tokio::test]
async fn a_store_is_copied_into_a_bucket_and_back_also_after_kill_9() {
    let Some(bucket) = Bucket::new("moved", Faults::None).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest(data, "gold", [212, 175, 95], 12);
    let protected = run(data, &["protect", GOLD]);
    assert!(protected.status.success(), "{}", String::from_utf8_lossy(&protected.stderr));
    ingest(data, "yellow-gold", [212, 175, 95], 12);
    let before = served(&Server::start_over(data, &["serve"]), RING).await;
    let all = objects(data).len() as u64;

    let to = bucket.url("spins");
    let copy = ["store", "copy", "--json", "--to", &to];
    let mut copying = command(data, &copy).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // More than the object that is written to try the bucket.
    while bucket.objects().await < 3 {}
    copying.kill().unwrap();
    copying.wait().unwrap();
    let copied = answer(&run(data, &copy));
    assert_eq!(copied["copied"].as_u64().unwrap() + copied["there"].as_u64().unwrap(), all, "{copied}");
    assert!(copied["there"].as_u64().unwrap() > 0, "{copied}");
    let copied = answer(&run(data, &copy));
    assert_eq!((&copied["copied"], &copied["there"]), (&0.into(), &all.into()));

    // The same database takes the bucket for its store.
    let config = bucket.config();
    let verified = answer(&run(data, &["store", "verify", "--json", "--config", &config]));
    assert_eq!((&verified["intact"], &verified["unknown"]), (&all.into(), &0.into()));
    let collected = answer(&run(data, &["store", "gc", "--json", "--config", &config]));
    assert_eq!(collected["objects"], 0);
    let server = Server::start_over(data, &["serve", "--config", &config]);
    assert_eq!(served(&server, RING).await, before);
    drop(server);

    let back = tempfile::tempdir().unwrap();
    let to = back.path().to_str().unwrap();
    let copied = answer(&run(data, &["store", "copy", "--json", "--config", &config, "--to", to]));
    assert_eq!(copied["copied"], all);
    fs::rename(data.join("objects"), data.join("before")).unwrap();
    fs::rename(back.path().join("objects"), data.join("objects")).unwrap();
    is_whole(data, RING).await;
    assert_eq!(served(&Server::start_over(data, &["serve"]), RING).await, before);
}

#[tokio::test]
async fn half_a_copy_and_the_store_of_another_database_are_not_taken_for_a_copy() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = folder.path();
    ingest(data, "gold", [212, 175, 95], 12);
    let to = elsewhere.path().to_str().unwrap();
    let copy = ["store", "copy", "--to", to];

    let pack =
        objects(data).into_iter().find(|path| path.extension().is_some_and(|end| end == "pack")).unwrap();
    let bytes = fs::read(&pack).unwrap();
    fs::write(&pack, b"damaged").unwrap();
    let said = refusal(&run(data, &copy));
    assert!(said.contains("1 objects of the store are missing, damaged or unreadable, as p/"), "{said}");
    assert_eq!(objects(elsewhere.path()).len(), objects(data).len() - 1);
    assert!(!elsewhere.path().join("objects/identity.txt").exists());
    fs::write(&pack, bytes).unwrap();
    let said = String::from_utf8(run(data, &copy).stdout).unwrap();
    assert!(said.starts_with("1 objects were copied to the folder "), "{said}");
    let identity = |data: &Path| fs::read_to_string(data.join("objects/identity.txt")).unwrap();
    assert_eq!(identity(elsewhere.path()), identity(data));

    // A copy that is damaged is mended.
    let frame = objects(elsewhere.path()).into_iter().find(|path| path.ends_with("000.avif")).unwrap();
    fs::write(&frame, b"damaged").unwrap();
    let said = String::from_utf8(run(data, &copy).stdout).unwrap();
    assert!(said.starts_with("1 objects were copied to the folder "), "{said}");

    // What another database has is left as it is, also where it has no name.
    let other = tempfile::tempdir().unwrap();
    ingest(other.path(), "rose", [210, 150, 130], 12);
    let before = objects(other.path()).len();
    let to_other = ["store", "copy", "--to", other.path().to_str().unwrap()];
    let said = refusal(&run(data, &to_other));
    assert!(said.contains("is the store of another database"), "{said}");
    fs::remove_file(other.path().join("objects/identity.txt")).unwrap();
    let said = refusal(&run(data, &to_other));
    assert!(said.contains("is not empty: it has"), "{said}");
    assert_eq!(objects(other.path()).len(), before);
    let said = refusal(&run(
        data,
        &["store", "copy", "--to", data.join("../").join(data.file_name().unwrap()).to_str().unwrap()],
    ));
    assert!(said.contains("is the store itself: nothing is copied") && said.contains("--to"), "{said}");
    for (to, says) in [
        ("s3://spins?secret=hunter2", "--to: the address must be as s3://bucket"),
        ("https://s3.example/spins", "--to: the address must be as s3://bucket"),
        ("s3://Spins", "--to: the bucket must be a bucket"),
    ] {
        let said = refusal(&run(data, &["store", "copy", "--to", to]));
        assert!(said.contains(says) && !said.contains("hunter2"), "{said}");
    }
}

#[tokio::test]
async fn what_is_missing_or_damaged_is_named_with_the_versions_that_need_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest(data, "gold", [212, 175, 95], 12);
    ingest(data, "rose", [210, 150, 130], 12);
    let all = objects(data).len() as u64;
    for arguments in [&["store", "verify", "--json"][..], &["store", "verify", "--json", "--all"]] {
        let verified = answer(&run(data, arguments));
        assert_eq!((&verified["intact"], &verified["faulty"]), (&all.into(), &serde_json::json!([])));
    }

    let gold = Server::start_over(data, &["serve"]).json(&sequence(GOLD)).await;
    let of_gold = files(&gold);
    let (frame, pack) = (
        of_gold.iter().find(|file| file.ends_with("000.avif")).unwrap(),
        of_gold.iter().find(|file| file.starts_with("/p/")).unwrap(),
    );
    let place = |file: &str| data.join("objects").join(&file[1..]);
    let frame_before = fs::read(place(frame)).unwrap();
    fs::write(place(frame), b"damaged").unwrap();
    fs::remove_file(place(pack)).unwrap();
    let unknown = format!("/p/{}.pack", "0".repeat(pack.len() - "/p/.pack".len()));
    fs::write(place(&unknown), b"unknown").unwrap();

    let output = run(data, &["store", "verify", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let verified: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&verified["intact"], &verified["unknown"]), (&(all - 2).into(), &1.into()));
    // The early version and the full one have the frames of the preview and its pack in common.
    assert_eq!(gold["version"], 2);
    let faulty = |file: &str, fault: &str, versions: &[u32]| {
        let needed_by =
            versions.iter().map(|version| serde_json::json!({ "configuration": GOLD, "version": version }));
        let needed_by: Vec<Value> = needed_by.collect();
        serde_json::json!({ "object": file[1..], "fault": fault, "neededBy": needed_by })
    };
    let found = verified["faulty"].as_array().unwrap();
    assert!(found.len() == 2 && found.contains(&faulty(frame, "damaged", &[1, 2])), "{verified}");
    assert!(found.contains(&faulty(pack, "missing", &[1, 2])), "{verified}");
    let said = refusal(&run(data, &["store", "verify", "--all"]));
    assert!(said.contains(&format!("missing {} (needed by {GOLD} 1, {GOLD} 2)", &pack[1..])), "{said}");
    assert!(said.contains(&format!("damaged {} (needed by no version)", &unknown[1..])), "{said}");
    assert!(said.contains(&format!("damaged {} (needed by {GOLD} 1, {GOLD} 2)", &frame[1..])), "{said}");
    assert!(!said.contains(ROSE), "{said}");

    // The same frames again write what is missing or damaged.
    ingest(data, "gold", [212, 175, 95], 12);
    assert_eq!(fs::read(place(frame)).unwrap(), frame_before);
    let verified = answer(&run(data, &["store", "verify", "--json"]));
    assert_eq!(verified["intact"], all);
}
