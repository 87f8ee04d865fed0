//! The restore drill: back up under load, destroy, restore, verify.

use std::{fs, process::Stdio};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    artist::Artist,
    command::{answer, command, refusal, run},
    garbage::objects,
    girasol::{Server, ingest, is_scaled, names},
};

const ROSE: &str = "ring.solitaire.metal-rose.stone-diamond";

#[tokio::test]
async fn what_is_backed_up_under_load_is_restored_and_goes_on() {
    if is_scaled() {
        return;
    }
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (data, backup) = (folder.path(), elsewhere.path().join("backup"));
    let backup_name = backup.to_str().unwrap();
    ingest(data, "yellow-gold", [212, 175, 95], 12);
    ingest(data, "rose", [210, 150, 130], 12);
    let artist = Artist::over(data);
    let frame =
        fs::read(data.join("raw-yellow-gold").join(&names(&data.join("raw-yellow-gold"))[0])).unwrap();
    let of = |metal: &str| json!({ "product": "ring/solitaire", "choices": { "metal": metal, "stone": "diamond" }, "newChoices": true });
    let set = artist.open(&of("platinum")).await;
    assert_eq!(artist.put(&set, "0001.png", &frame).await.status(), 201);
    let upload = artist.begin(&set, "0002.png", frame.len()).await;
    let upload = upload.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(artist.part(&upload, 0, &frame[..100]).send().await.unwrap().status(), 204);
    let spin = artist.server.ring().await;

    // Sets come and go, and a spin is taken down, until the backup is made.
    let mut made = command(data, &["backup", "--json", backup_name]).stdout(Stdio::piped()).spawn().unwrap();
    let mut rounds = 0;
    while made.try_wait().unwrap().is_none() {
        let other = artist.open(&of("silver")).await;
        assert_eq!(artist.put(&other, "0001.png", &frame).await.status(), 201);
        assert_eq!(artist.request(Method::DELETE, &other).send().await.unwrap().status(), 204);
        if rounds == 0 {
            assert!(run(data, &["take-down", ROSE, "--yes"]).status.success());
        }
        rounds += 1;
    }
    let made: Value = serde_json::from_slice(&made.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(made["faulty"], 0, "{made}");
    assert!(made["objects"].as_u64().unwrap() > 0 && made["staged"].as_u64().unwrap() >= 2, "{made}");
    assert!(refusal(&run(data, &["backup", backup_name])).contains("is not empty"));

    drop(artist.server);
    for entry in fs::read_dir(data).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
    }
    let restored = answer(&run(data, &["restore", "--json", backup_name]));
    assert_eq!((&restored["objects"], &restored["staged"]), (&made["objects"], &made["staged"]));
    let verified = answer(&run(data, &["store", "verify", "--json"]));
    assert_eq!(verified["faulty"], json!([]));
    let artist = Artist { server: Server::start_over(data, &["serve"]), bearer: artist.bearer };
    // The other spin is a sibling in one of them.
    let after = artist.server.ring().await;
    assert_eq!((&after["version"], &after["tiers"]), (&spin["version"], &spin["tiers"]));
    assert_eq!(artist.show(&set).await["frames"], 1);
    assert_eq!(artist.offset(&upload).await, 100);
    assert_eq!(artist.part(&upload, 100, &frame[100..]).send().await.unwrap().status(), 204);
    assert_eq!(artist.show(&set).await["frames"], 2);
    assert!(refusal(&run(data, &["restore", backup_name])).contains("is not empty"));
}

#[test]
fn half_a_backup_and_a_damaged_one_are_not_restored() {
    if is_scaled() {
        return;
    }
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (data, backup) = (folder.path(), elsewhere.path().join("backup"));
    let backup_name = backup.to_str().unwrap();
    ingest(data, "rose", [210, 150, 130], 12);
    answer(&run(data, &["backup", "--json", backup_name]));

    let list = backup.join("backup.json");
    let text = fs::read(&list).unwrap();
    fs::remove_file(&list).unwrap();
    let new = |name: &str| elsewhere.path().join(name);
    assert!(refusal(&run(&new("a"), &["restore", backup_name])).contains("is no backup that was finished"));
    fs::write(&list, text).unwrap();
    let object = objects(&backup).pop().unwrap();
    let bytes = fs::read(&object).unwrap();
    fs::write(&object, b"damaged").unwrap();
    let said = refusal(&run(&new("b"), &["restore", backup_name]));
    assert!(said.contains("1 files of the backup are missing or damaged, as "), "{said}");
    assert!(!new("b").join("girasol.db").exists());
    fs::remove_file(&object).unwrap();
    assert!(refusal(&run(&new("c"), &["restore", backup_name])).contains("1 files of the backup"));
    fs::write(&object, bytes).unwrap();
    answer(&run(&new("d"), &["restore", "--json", backup_name]));
    let file = backup.join("girasol.db");
    fs::write(&file, [&fs::read(&file).unwrap()[..], b"more"].concat()).unwrap();
    let said = refusal(&run(&new("e"), &["restore", backup_name]));
    assert!(said.contains("as girasol.db"), "{said}");

    // What is damaged before is named, and the rest is saved.
    let damaged =
        objects(data).into_iter().find(|path| path.extension().is_some_and(|end| end == "pack")).unwrap();
    fs::write(&damaged, b"damaged").unwrap();
    let output = run(data, &["backup", "--json", new("f").to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["faulty"], 1);
    assert_eq!(run(&new("g"), &["restore", new("f").to_str().unwrap()]).status.code(), Some(1));
    assert_eq!(run(&new("g"), &["store", "verify"]).status.code(), Some(1));
}
