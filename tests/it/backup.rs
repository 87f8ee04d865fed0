//! The restore drill: back up under load, destroy, restore, verify. Into a folder, a file and a bucket.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    artist::Artist,
    bucket_fixture::Bucket,
    bucket_server,
    command::{answer, command, refusal, run},
    fault_proxy::{Faults, Line},
    garbage::objects,
    girasol::{Server, ingest, is_scaled, names},
};

const ROSE: &str = "ring.solitaire.metal-rose.stone-diamond";

fn of(metal: &str) -> Value {
    json!({ "product": "ring/solitaire", "choices": { "metal": metal, "stone": "diamond" }, "newChoices": true })
}

/// Removes all that a data folder has.
fn destroy(data: &Path) {
    for entry in fs::read_dir(data).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
    }
}

/// Backs up into a place while sets come and go and a spin is taken down, destroys the installation, and restores it.
async fn drill(data: &Path, place: &str, is_there_again: &str) {
    ingest(data, "yellow-gold", [212, 175, 95], 12);
    ingest(data, "rose", [210, 150, 130], 12);
    let artist = Artist::over(data);
    let frame =
        fs::read(data.join("raw-yellow-gold").join(&names(&data.join("raw-yellow-gold"))[0])).unwrap();
    let set = artist.open(&of("platinum")).await;
    assert_eq!(artist.put(&set, "0001.png", &frame).await.status(), 201);
    let upload = artist.begin(&set, "0002.png", frame.len()).await;
    let upload = upload.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(artist.part(&upload, 0, &frame[..100]).send().await.unwrap().status(), 204);
    let spin = artist.server.ring().await;

    let mut made = command(data, &["backup", "--json", place]).stdout(Stdio::piped()).spawn().unwrap();
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
    let again = run(data, &["backup", "--json", place]);
    let made = match is_there_again {
        // It is brought up to date.
        "" => answer(&again),
        refused => {
            assert!(refusal(&again).contains(refused));
            made
        }
    };

    drop(artist.server);
    destroy(data);
    let restored = answer(&run(data, &["restore", "--json", place]));
    assert_eq!(restored["objects"], made["objects"]);
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
    assert!(refusal(&run(data, &["restore", place])).contains("is not empty"));
}

#[tokio::test]
async fn what_is_backed_up_under_load_is_restored_and_goes_on() {
    if is_scaled() {
        return;
    }
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drill(folder.path(), elsewhere.path().join("backup").to_str().unwrap(), "is not empty").await;
}

#[tokio::test]
async fn what_is_backed_up_into_one_file_under_load_is_restored_and_goes_on() {
    if is_scaled() {
        return;
    }
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = elsewhere.path().join("new/backup.tar");
    drill(folder.path(), file.to_str().unwrap(), "is there already").await;
    assert_eq!(names(file.parent().unwrap()), ["backup.tar"], "nothing is left beside it");
}

#[tokio::test]
async fn what_is_backed_up_into_a_bucket_under_load_is_restored_and_goes_on() {
    if is_scaled() {
        return;
    }
    let Some(bucket) = Bucket::new("backup-drill", Faults::Flaky).await else { return };
    let folder = tempfile::tempdir().unwrap();
    drill(folder.path(), &bucket.url("monday"), "").await;
    assert!(bucket.line.mishaps().iter().all(|count| *count > 10), "{:?}", bucket.line.mishaps());
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
    let made: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&made["faulty"], &made["faults"][0]["fault"]), (&json!(1), &json!("damaged")));
    // Another one that is lost instead is not passed over.
    let other = objects(&new("f")).pop().unwrap();
    let bytes = fs::read(&other).unwrap();
    fs::remove_file(&other).unwrap();
    let there = objects(&new("f")).len();
    let in_backup = new("f").join(damaged.strip_prefix(data).unwrap());
    fs::write(&in_backup, fs::read(new("d").join(damaged.strip_prefix(data).unwrap())).unwrap()).unwrap();
    assert_eq!(objects(&new("f")).len(), there + 1);
    let said = refusal(&run(&new("h"), &["restore", new("f").to_str().unwrap()]));
    assert!(
        said.contains("1 files of the backup are missing or damaged, as ") && said.contains("(missing)"),
        "{said}"
    );
    fs::write(&other, bytes).unwrap();
    // Nothing is said to be missing that is there.
    let restored = answer(&run(&new("i"), &["restore", "--json", new("f").to_str().unwrap()]));
    assert_eq!(restored["faults"], json!([]));
    fs::remove_file(&in_backup).unwrap();
    let said = run(&new("g"), &["restore", new("f").to_str().unwrap()]);
    assert_eq!(said.status.code(), Some(1));
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains(".pack (missing)"), "{said}");
    assert_eq!(run(&new("g"), &["store", "verify"]).status.code(), Some(1));
}

#[test]
fn a_file_is_whole_or_not_there_and_what_is_none_is_refused() {
    if is_scaled() {
        return;
    }
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = folder.path();
    let new = |name: &str| elsewhere.path().join(name);
    ingest(data, "rose", [210, 150, 130], 12);
    let file = new("backup.tar");
    let backup = ["backup", "--json", file.to_str().unwrap()];
    // Killed where it stands, it leaves no file of that name.
    let mut killed = command(data, &backup).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while names(elsewhere.path()).is_empty() && killed.try_wait().unwrap().is_none() {}
    killed.kill().unwrap();
    if !killed.wait().unwrap().success() {
        assert!(!file.exists());
    }
    let _ = fs::remove_file(&file);
    let made = answer(&run(data, &backup));

    let restore = |name: &str, file: &Path| run(&new(name), &["restore", "--json", file.to_str().unwrap()]);
    let whole = fs::read(&file).unwrap();
    let (cut, other) = (new("cut"), new("other"));
    for (length, says) in
        [(whole.len() / 2, "cut off"), (0, "backup.json"), (whole.len() - 1500, "backup.json")]
    {
        fs::write(&cut, &whole[..length]).unwrap();
        let said = refusal(&restore("a", &cut));
        assert!(said.contains("is no backup that was finished") && said.contains(says), "{length}: {said}");
        assert!(!new("a").join("girasol.db").exists());
    }
    fs::write(&other, vec![7; 10_000]).unwrap();
    let said = refusal(&restore("a", &other));
    assert!(said.contains("it is no tar file"), "{said}");
    let said = refusal(&restore("a", &new("nowhere")));
    assert!(said.contains("is no backup that was finished"), "{said}");
    // One byte of an object.
    let mut damaged = whole.clone();
    let at = whole.windows(5).position(|bytes| bytes == b".pack").unwrap() + 1000;
    damaged[at] ^= 1;
    fs::write(&other, damaged).unwrap();
    let said = refusal(&restore("b", &other));
    assert!(said.contains("of the backup are missing or damaged, as "), "{said}");

    let restored = answer(&restore("c", &file));
    assert_eq!((&restored["objects"], &restored["identity"]), (&made["objects"], &made["identity"]));
    assert_eq!(objects(&new("c")).len(), objects(data).len());
    // Unpacked, it is a backup in a folder.
    fs::create_dir(new("unpacked")).unwrap();
    let mut tar = Command::new("tar");
    tar.arg("--extract").arg("--file").arg(&file).arg("--directory").arg(new("unpacked"));
    assert!(tar.status().unwrap().success());
    answer(&restore("d", &new("unpacked")));
    let verified = answer(&run(&new("d"), &["store", "verify", "--json"]));
    assert_eq!(verified["faulty"], json!([]));
}

#[tokio::test]
async fn a_backup_in_a_bucket_goes_on_where_it_was_and_sends_what_is_new() {
    if is_scaled() {
        return;
    }
    let Some(bucket) = Bucket::new("backup-resumed", Faults::None).await else { return };
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (data, url) = (folder.path(), bucket.url("monday"));
    let new = |name: &str| -> PathBuf { elsewhere.path().join(name) };
    ingest(data, "rose", [210, 150, 130], 12);
    let artist = Artist::over(data);
    let set = artist.open(&of("platinum")).await;
    let frame = fs::read(data.join("raw-rose/000.png")).unwrap();
    assert_eq!(artist.put(&set, "0001.png", &frame).await.status(), 201);
    let backup = ["backup", "--json", &url];
    let sent = async || {
        let mut names = bucket.names("monday/").await;
        names.retain(|name| name.starts_with("incoming/") || name.starts_with("objects/"));
        names.retain(|name| name != "objects/probe" && name != "objects/identity.txt");
        names
    };

    let mut killed = command(data, &backup).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while sent().await.len() < 3 {}
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(refusal(&run(&new("a"), &["restore", &url])).contains("it has no backup.json"));
    let puts = |name: &str| bucket.line.asked(&format!("PUT /{}/monday/{name}?", bucket.name));
    let there = sent().await;
    let before: Vec<usize> = there.iter().map(|name| puts(name)).collect();
    assert!(before.iter().all(|puts| *puts > 0), "{there:?}");
    let made = answer(&run(data, &backup));
    assert_eq!((&made["faulty"], &made["staged"]), (&json!(0), &json!(1)));
    assert_eq!(there.iter().map(|name| puts(name)).collect::<Vec<_>>(), before, "nothing is sent twice");
    let all = sent().await;
    assert_eq!(all.len() as u64, made["objects"].as_u64().unwrap() + 1);

    // Another spin, and damage to what is there.
    let before: Vec<usize> = all.iter().map(|name| puts(name)).collect();
    let frame = all.iter().find(|name| name.starts_with("incoming/")).unwrap();
    let object = all.iter().find(|name| name.starts_with("objects/")).unwrap();
    let damaged = [object, frame];
    for name in damaged {
        bucket.put(&format!("monday/{name}"), b"damaged".to_vec()).await;
    }
    let said = refusal(&run(&new("b"), &["restore", &url]));
    assert!(said.contains("2 files of the backup are missing or damaged"), "{said}");
    ingest(data, "gold", [212, 175, 95], 12);
    let made = answer(&run(data, &backup));
    for (name, before) in all.iter().zip(before) {
        assert_eq!(puts(name) > before, damaged.contains(&name), "{name}");
    }
    assert_eq!(sent().await.len() as u64, made["objects"].as_u64().unwrap() + 1);
    let files = bucket.names("monday/").await;
    let is_database = |name: &&String| Path::new(name).extension().is_some_and(|extension| extension == "db");
    assert_eq!(files.iter().filter(is_database).count(), 1, "{files:?}");
    let restored = answer(&run(&new("c"), &["restore", "--json", &url]));
    assert_eq!(restored["at"], made["at"]);
    let verified = answer(&run(&new("c"), &["store", "verify", "--json"]));
    assert_eq!(verified["faulty"], json!([]));

    // It has what a repair needs.
    let broken = objects(data).pop().unwrap();
    fs::write(&broken, b"damaged").unwrap();
    let repaired = answer(&run(data, &["store", "verify", "--json", "--repair", "--from", &url]));
    assert_eq!((repaired["repaired"].as_array().unwrap().len(), &repaired["faulty"]), (1, &json!([])));

    // The database beside the list has to be there, and to be that one.
    let database = files.iter().find(is_database).unwrap();
    bucket.put(&format!("monday/{database}"), b"damaged".to_vec()).await;
    assert!(refusal(&run(&new("d"), &["restore", &url])).contains("as girasol.db"));
    bucket.delete(&format!("monday/{database}")).await;
    let said = refusal(&run(&new("d"), &["restore", &url]));
    assert!(said.contains("it has no backup.json with a girasol.db beside it"), "{said}");
}

#[tokio::test]
async fn of_backups_into_one_place_at_once_the_newest_stays_however_late_another_one_ends() {
    if is_scaled() {
        return;
    }
    let Some(bucket) = Bucket::new("backup-twice", Faults::None).await else { return };
    for (place, stalled) in [("monday", "girasol.db?"), ("tuesday", "backup.json?")] {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let data = folder.path();
        ingest(data, "rose", [210, 150, 130], 12);
        // A line of its own, which falls silent at the last request but one, or the last.
        let slow = Line::to(bucket_server::address().unwrap(), Faults::None);
        slow.silent_after(stalled, 0);
        let slow_place = bucket.url_at(&slow, place);
        let first = command(data, &["backup", "--json", &slow_place]).stdout(Stdio::piped()).spawn();
        slow.wait_for_silence();
        ingest(data, "gold", [212, 175, 95], 12);
        // Lists say when they were made in seconds.
        std::thread::sleep(Duration::from_secs(1));
        let second = answer(&run(data, &["backup", "--json", &bucket.url(place)]));
        slow.set(Faults::None);
        let first = answer(&first.unwrap().wait_with_output().unwrap());
        assert!(first["at"].as_str() < second["at"].as_str(), "{first} {second}");

        let restored = elsewhere.path().join("data");
        let restored_list = answer(&run(&restored, &["restore", "--json", &bucket.url(place)]));
        assert_eq!((&restored_list["at"], &restored_list["objects"]), (&second["at"], &second["objects"]));
        let verified = answer(&run(&restored, &["store", "verify", "--json"]));
        assert_eq!(verified["faulty"], json!([]));
        // Nothing is left of the other one.
        let files = bucket.names(&format!("{place}/backups/")).await;
        assert_eq!(files.len(), 2, "{files:?}");
    }
}

#[tokio::test]
async fn a_place_in_a_bucket_that_is_taken_or_closed_is_refused() {
    if is_scaled() {
        return;
    }
    let Some(bucket) = Bucket::new("backup-refused", Faults::None).await else { return };
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = folder.path();
    ingest(data, "rose", [210, 150, 130], 12);
    ingest(other.path(), "gold", [212, 175, 95], 12);
    let backup = |data: &Path, prefix: &str| refusal(&run(data, &["backup", &bucket.url(prefix)]));
    answer(&run(data, &["backup", "--json", &bucket.url("mine")]));
    let before = bucket.names("mine/").await;
    let said = backup(other.path(), "mine");
    assert!(said.contains("has the backup of another database") && said.contains("another prefix"), "{said}");
    assert_eq!(bucket.names("mine/").await, before);
    // The place of a store.
    answer(&run(data, &["store", "copy", "--json", "--to", &bucket.url("live")]));
    let said = backup(data, "live");
    assert!(said.contains("is not empty: it has the objects of a store"), "{said}");
    // A store in a bucket has its objects there, and what artists send.
    bucket.ingest("silver", [210, 210, 215]);
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("backup.tar");
    let artist = Artist {
        bearer: format!("Bearer {}", crate::girasol::key(bucket.data(), "artist")),
        server: bucket.serve(),
    };
    let set = artist.open(&of("platinum")).await;
    let frame = fs::read(bucket.data().join("raw-silver/000.png")).unwrap();
    assert_eq!(artist.put(&set, "0001.png", &frame).await.status(), 201);
    let made = answer(&bucket.girasol(&["backup", "--json", file.to_str().unwrap()]));
    assert_eq!((&made["objects"], &made["staged"], &made["faulty"]), (&Value::Null, &json!(0), &json!(0)));
    let (restored, config) = (elsewhere.path().join("data"), bucket.config());
    let restore = ["restore", "--json", file.to_str().unwrap()];
    let said = refusal(&run(&restored, &["restore", file.to_str().unwrap()]));
    assert!(
        said.contains("are in a bucket, and store.kind is \"folder\"") && said.contains("under [store]"),
        "{said}"
    );
    let answered = answer(&run(&restored, &[&restore[..], &["--config", &config]].concat()));
    assert_eq!(answered["identity"], made["identity"]);
    let said =
        refusal(&bucket.try_girasol(&["store", "verify", "--repair", "--from", file.to_str().unwrap()]));
    assert!(said.contains("has no objects: they were in a bucket"), "{said}");
    // One that has the objects brings none into a bucket.
    let whole = elsewhere.path().join("whole.tar");
    answer(&run(data, &["backup", "--json", whole.to_str().unwrap()]));
    let said = refusal(&run(
        &elsewhere.path().join("other"),
        &["restore", whole.to_str().unwrap(), "--config", &config],
    ));
    assert!(said.contains("store.kind is \"s3\"") && said.contains("girasol store copy --to"), "{said}");

    let nowhere = bucket.url("mine").replace(&bucket.name, "there-is-no-such-bucket");
    for arguments in [["backup", &nowhere], ["restore", &nowhere]] {
        let data = if arguments[0] == "backup" { data.to_owned() } else { elsewhere.path().join("new") };
        let said = refusal(&run(&data, &arguments));
        assert!(said.contains("the bucket does not exist"), "{said}");
    }
    let said = refusal(&run(data, &["backup", "https://s3.example/spins"]));
    assert!(said.contains("PLACE: the address must be as s3://bucket"), "{said}");
    let Some((key, secret)) = bucket_server::stranger() else { return };
    for (data, arguments) in [
        (data.to_owned(), ["backup", &bucket.url("new")]),
        (elsewhere.path().join("new"), ["restore", &bucket.url("mine")]),
    ] {
        let mut command = command(&data, &arguments);
        command.env("AWS_ACCESS_KEY_ID", &key).env("AWS_SECRET_ACCESS_KEY", &secret);
        let said = refusal(&command.output().unwrap());
        assert!(said.contains("access is denied") && said.contains("Allow s3:GetObject"), "{said}");
        assert!(!said.contains(&secret), "{said}");
    }
    assert_eq!(bucket.names("new/").await, [""; 0]);
}
