//! Objects that are missing or damaged are made again: from a copy of the store, a replica of the bucket, or raw frames.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    thread,
};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    bucket_fixture::Bucket,
    command::{answer, command, refusal, run},
    fault_proxy::Faults,
    garbage::objects,
    girasol::{Server, ingest, is_scaled, names, sequence},
    jobs::{RING as PLATINUM, Studio, folder_with_turn},
    s3::files,
};

const GOLD: &str = "ring.solitaire.metal-gold.stone-diamond";
const REPAIR: [&str; 4] = ["store", "verify", "--repair", "--json"];

/// Every object by its place.
fn contents(data: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    objects(data).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// An object of each kind: a frame, the list of another set, a pack, a manifest, a still.
fn one_of_each_kind(data: &Path) -> [PathBuf; 5] {
    let all = contents(data);
    let of = |is: &dyn Fn(&str) -> bool| all.keys().find(|path| is(path.to_str().unwrap())).unwrap().clone();
    let frame = of(&|path| path.ends_with("000.avif"));
    let set = frame.parent().unwrap().to_str().unwrap().to_owned();
    let list = all.keys().find(|path| {
        let path = path.to_str().unwrap();
        path.contains("/s/") && !path.starts_with(&set) && !path.ends_with("avif") && !path.ends_with("webp")
    });
    [
        frame,
        list.unwrap().clone(),
        of(&|path| path.contains("/p/")),
        of(&|path| path.contains("/m/")),
        of(&|path| path.contains("/still/")),
    ]
}

/// Damages a frame, a list and a still, and deletes a pack and a manifest.
fn damage([frame, list, pack, manifest, still]: &[PathBuf; 5]) {
    for path in [frame, list, still] {
        fs::write(path, b"damaged").unwrap();
    }
    for path in [pack, manifest] {
        fs::remove_file(path).unwrap();
    }
}

/// The result of a repair that left something.
fn unfinished(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Where the bytes of repaired objects are from, each once.
fn sources(result: &Value) -> Vec<String> {
    let repaired = result["repaired"].as_array().unwrap().iter();
    let mut from: Vec<String> = repaired.map(|one| one["from"].as_str().unwrap().to_owned()).collect();
    from.dedup();
    from
}

#[test]
fn each_kind_of_object_comes_back_from_a_copy_unless_that_is_damaged_too() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = folder.path();
    ingest(data, "gold", [212, 175, 95], 12);
    let (before, copy) = (contents(data), elsewhere.path().to_str().unwrap());
    answer(&run(data, &["store", "copy", "--json", "--to", copy]));
    let broken = one_of_each_kind(data);
    damage(&broken);
    let said = refusal(&run(data, &["store", "verify"]));
    assert!(said.contains("girasol store verify --repair"), "{said}");

    let [frame, _, pack, ..] = &broken;
    let there = |path: &Path| elsewhere.path().join(path.strip_prefix(data).unwrap());
    fs::write(there(frame), b"damaged too").unwrap();
    fs::remove_file(there(pack)).unwrap();
    let result = unfinished(&run(data, &[&REPAIR[..], &["--from", copy]].concat()));
    assert_eq!(
        (result["repaired"].as_array().unwrap().len(), result["faulty"].as_array().unwrap().len()),
        (3, 2)
    );
    assert_eq!(sources(&result), [format!("the folder {copy}/objects")]);
    for faulty in result["faulty"].as_array().unwrap() {
        assert_eq!(
            (&faulty["reason"], &faulty["neededBy"][0]["configuration"]),
            (&json!("no-source"), &json!(GOLD))
        );
    }
    // Frames whose list was damaged were as they should be.
    assert_eq!(result["intact"].as_u64().unwrap(), before.len() as u64 - 5);
    let said = refusal(&run(data, &["store", "verify", "--repair"]));
    assert!(said.contains("name a copy of the store or a backup with --from"), "{said}");
    assert!(said.contains("0 were repaired, 2 are missing, damaged or unreadable"), "{said}");

    // A second copy has what the first has not.
    let second = tempfile::tempdir().unwrap();
    for (path, bytes) in &before {
        let path = second.path().join(path.strip_prefix(data).unwrap());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let second = second.path().to_str().unwrap();
    let result = answer(&run(data, &[&REPAIR[..], &["--from", copy, "--from", second]].concat()));
    assert_eq!((result["repaired"].as_array().unwrap().len(), &result["faulty"]), (2, &json!([])));
    assert_eq!(contents(data), before);
    let result = answer(&run(data, &REPAIR));
    assert_eq!((&result["repaired"], &result["intact"]), (&json!([]), &json!(before.len())));

    let nowhere = elsewhere.path().join("nowhere");
    let said = refusal(&run(data, &["store", "verify", "--repair", "--from", nowhere.to_str().unwrap()]));
    assert!(said.contains("has no objects") && !nowhere.exists(), "{said}");
    let output = run(data, &["store", "verify", "--from", copy]);
    assert_eq!(output.status.code(), Some(2), "--from is for --repair");
}

/// Puts what cannot be read in the place of objects: a pipe that has no writer, a folder, one that has something in it, and a
/// link to nowhere.
fn obstruct([frame, list, pack, manifest, _]: &[PathBuf; 5]) {
    for path in [frame, list, pack, manifest] {
        fs::remove_file(path).unwrap();
    }
    rustix::fs::mkfifoat(rustix::fs::CWD, frame, rustix::fs::Mode::RUSR).unwrap();
    fs::create_dir(list).unwrap();
    fs::create_dir(pack).unwrap();
    fs::write(pack.join("file"), b"").unwrap();
    std::os::unix::fs::symlink("nowhere", manifest).unwrap();
}

#[test]
fn what_cannot_be_read_is_named_and_holds_up_nothing() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = folder.path();
    ingest(data, "gold", [212, 175, 95], 12);
    let (before, new) =
        (contents(data), |name: &str| elsewhere.path().join(name).to_str().unwrap().to_owned());
    let backup = new("backup.tar");
    if !is_scaled() {
        answer(&run(data, &["backup", "--json", &backup]));
    }
    answer(&run(data, &["store", "copy", "--json", "--to", &new("copy")]));
    let broken = one_of_each_kind(data);
    obstruct(&broken);
    let [frame, _, pack, ..] = &broken;
    let found = unfinished(&run(data, &["store", "verify", "--json"]));
    let named = |path: &Path| {
        let name = path.strip_prefix(data.join("objects")).unwrap().to_str().unwrap().to_owned();
        let mut all = found["faulty"].as_array().unwrap().iter();
        all.find(|faulty| faulty["object"] == name).map(|faulty| (&faulty["fault"], &faulty["why"]))
    };
    assert_eq!(named(frame), Some((&json!("unreadable"), &json!("it is no plain file"))));
    assert_eq!(named(pack), Some((&json!("unreadable"), &json!("it is a folder and no file"))));
    assert_eq!(named(&broken[3]), Some((&json!("missing"), &Value::Null)));
    let said = refusal(&run(data, &["store", "verify"]));
    assert!(said.contains("is no plain file") && said.contains("missing, damaged or unreadable"), "{said}");

    // The others are backed up and copied.
    let faulty = found["faulty"].as_array().unwrap().len();
    let said = refusal(&run(data, &["store", "copy", "--to", &new("other")]));
    assert!(
        said.contains(&format!("{faulty} objects of the store are missing, damaged or unreadable")),
        "{said}"
    );
    if !is_scaled() {
        let made = unfinished(&run(data, &["backup", "--json", &new("faulty")]));
        assert_eq!(made["faults"].as_array().unwrap().len(), faulty);
        let list: Value = serde_json::from_slice(&fs::read(new("faulty") + "/backup.json").unwrap()).unwrap();
        assert_eq!(list["faults"], made["faults"]);
        let restored = unfinished(&run(Path::new(&new("restored")), &["restore", "--json", &new("faulty")]));
        // What was unreadable is not there.
        assert_eq!(restored["faults"].as_array().unwrap().len(), faulty);
        assert_eq!(restored["faults"][0]["fault"], "missing");
    }

    let from = if is_scaled() { new("copy") } else { backup };
    let result = unfinished(&run(data, &[&REPAIR[..], &["--from", &from]].concat()));
    assert_eq!(
        (&result["faulty"][0]["reason"], result["faulty"].as_array().unwrap().len()),
        (&json!("cannot-write"), 1)
    );
    assert!(result["faulty"][0]["remedy"].as_str().unwrap().contains("not empty"), "{result}");
    fs::remove_dir_all(pack).unwrap();
    answer(&run(data, &[&REPAIR[..], &["--from", &from]].concat()));
    assert_eq!(contents(data), before);

    // A collection deletes the others.
    obstruct(&broken);
    let said = refusal(&run(data, &["take-down", GOLD, "--yes"]));
    assert!(said.contains("1 objects could not be deleted, as p/"), "{said}");
    assert_eq!(objects(data), [pack.join("file")]);
    fs::remove_dir_all(pack).unwrap();
}

#[test]
fn a_repair_that_was_killed_goes_on_when_it_is_run_again() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = folder.path();
    ingest(data, "gold", [212, 175, 95], 12);
    let before = contents(data);
    let copy = elsewhere.path().to_str().unwrap();
    answer(&run(data, &["store", "copy", "--json", "--to", copy]));
    for path in before.keys() {
        fs::remove_file(path).unwrap();
    }
    let repair = [&REPAIR[..], &["--from", copy]].concat();
    let mut repairing = command(data, &repair).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while objects(data).is_empty() {
        assert_eq!(repairing.try_wait().unwrap(), None);
    }
    repairing.kill().unwrap();
    repairing.wait().unwrap();
    answer(&run(data, &repair));
    // What the dead process was writing may lie beside.
    let after = contents(data);
    assert!(before.iter().all(|(path, bytes)| after.get(path) == Some(bytes)));
}

#[tokio::test]
async fn raw_frames_give_the_same_bytes_again_beside_a_server_that_serves_them() {
    let (folder, turn) = folder_with_turn(12);
    let data = folder.path();
    let studio = Studio::over(data, "");
    let job = studio.send(&turn).await;
    assert_eq!(studio.watch(&job, 0).await.last().unwrap().1, "ready");
    assert!(run(data, &["publish", PLATINUM]).status.success());
    let (before, broken) = (contents(data), one_of_each_kind(data));
    let set = studio.json(&job).await["frameset"].as_str().unwrap().to_owned();
    let [frame, _, pack, ..] = &broken;
    let address = |path: &Path| format!("/{}", path.strip_prefix(data.join("objects")).unwrap().display());

    damage(&broken);
    let server = Server::start_over(data, &["serve"]);
    assert_eq!(server.get(&address(frame), &[]).await.status(), 500);
    assert_eq!(server.get(&address(pack), &[]).await.status(), 404);
    let result = answer(&run(data, &REPAIR));
    assert_eq!(result["repaired"].as_array().unwrap().len(), 5, "{result}");
    assert_eq!(sources(&result), [format!("the raw frames of frame set {set}")]);
    assert_eq!(contents(data), before);
    for path in [frame, pack] {
        let response = server.get(&address(path), &[]).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.bytes().await.unwrap(), before[path]);
    }
    for file in files(&server.json(&sequence(PLATINUM)).await) {
        assert_eq!(server.get(&file, &[]).await.status(), 200, "{file}");
    }

    // By other settings the same frames give another version, which is made when it is asked for.
    fs::remove_file(pack).unwrap();
    fs::write(data.join("other.toml"), "[sizes.spin]\navif_px = 96\nwebp_px = 96\n").unwrap();
    let other = data.join("other.toml");
    let with_other = [&REPAIR[..], &["--config", other.to_str().unwrap()]].concat();
    let result = unfinished(&run(data, &with_other));
    assert_eq!((&result["repaired"], &result["faulty"][0]["reason"]), (&json!([]), &json!("other-settings")));
    assert_eq!(contents(data).len(), before.len() - 1, "nothing was stored");
    assert_eq!(studio.json(&job).await["state"], "ready");
    let result = unfinished(&run(data, &[&with_other[..], &["--new-versions"]].concat()));
    assert_eq!(result["faulty"][0]["reason"], "new-version-queued", "{result}");
    let remedy = result["faulty"][0]["remedy"].as_str().unwrap();
    assert!(remedy.contains(job.rsplit('/').next().unwrap()), "{remedy}");
    // The worker of the server has the settings of then.
    while studio.json(&job).await["state"] != "ready" {
        tokio::task::yield_now().await;
    }
    answer(&run(data, &REPAIR));
    assert_eq!(contents(data), before);

    // A raw frame that cannot be read ends nothing.
    let frames = data.join("incoming").join(&set).join("files");
    let raw = frames.join(&names(&frames)[0]);
    fs::rename(&raw, data.join("raw")).unwrap();
    fs::create_dir(&raw).unwrap();
    fs::remove_file(pack).unwrap();
    let result = unfinished(&run(data, &REPAIR));
    assert_eq!(result["faulty"][0]["reason"], "frames-refused", "{result}");
    fs::remove_dir(&raw).unwrap();
    fs::rename(data.join("raw"), &raw).unwrap();
    answer(&run(data, &REPAIR));

    // Where another version of the same frames is sound, none is made.
    let with_other = ["--config", other.to_str().unwrap()];
    let choices = ["--product", "ring/solitaire", "--choice", "metal=platinum", "--choice", "stone=diamond"];
    let again = [&["ingest", turn.to_str().unwrap()], &choices[..], &with_other].concat();
    let output = run(data, &again);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::remove_file(pack).unwrap();
    fs::write(data.join("third.toml"), "[sizes.spin]\navif_px = 88\nwebp_px = 88\n").unwrap();
    let third = data.join("third.toml");
    let with_third = [&REPAIR[..], &["--new-versions", "--config", third.to_str().unwrap()]].concat();
    let result = unfinished(&run(data, &with_third));
    assert_eq!(result["faulty"][0]["reason"], "other-version-sound", "{result}");
    assert!(result["faulty"][0]["remedy"].as_str().unwrap().contains("is live and sound"), "{result}");
    assert_eq!(studio.json(&job).await["state"], "ready");
    answer(&run(data, &REPAIR));

    let deleted = studio.ask(Method::DELETE, &format!("/api/framesets/{set}"), None).await;
    assert_eq!(deleted.status(), 204);
    fs::remove_file(pack).unwrap();
    let result = unfinished(&run(data, &REPAIR));
    assert_eq!(result["faulty"][0]["reason"], "no-source");
}

/// Answers GET with what it was given, as a replica of the bucket would, until the process ends.
fn replica(objects: BTreeMap<String, Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap();
            while !lines.next().unwrap().unwrap().is_empty() {}
            let path = first.split([' ', '?']).nth(1).unwrap();
            let (status, body) = match objects.get(path) {
                Some(body) => ("200 OK", body.clone()),
                None => ("404 Not Found", b"<Error><Code>NoSuchKey</Code></Error>".to_vec()),
            };
            let head =
                format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(&[head.into_bytes(), body].concat());
        }
    });
    address
}

#[tokio::test]
async fn a_bucket_is_repaired_from_another_one_and_from_its_replica() {
    let Some(bucket) = Bucket::new("repaired", Faults::None).await else { return };
    let Some(copy) = Bucket::new("repaired-copy", Faults::None).await else { return };
    bucket.ingest("gold", [212, 175, 95]);
    let (server, name) = copy.address.rsplit_once('/').unwrap();
    let to = format!("s3://{name}/spins?region=us-east-1&endpoint={server}&path_style=true");
    let said = refusal(&bucket.try_girasol(&["store", "verify", "--repair", "--from", &to]));
    assert!(said.contains("has no objects: neither a store nor a backup is there"), "{said}");
    bucket.girasol(&["store", "copy", "--to", &to]);
    let serving = bucket.serve();
    let all = files(&serving.json(&sequence(GOLD)).await);
    let frame = all.iter().find(|file| file.ends_with("000.avif")).unwrap();
    let pack = all.iter().find(|file| file.starts_with("/p/")).unwrap();
    let still = "/still/ring.solitaire.metal-gold.stone-diamond.jpg";
    assert_eq!(serving.get(still, &[]).await.status(), 200);
    let (whole_frame, whole_pack) = (bucket.object(frame).await, bucket.object(pack).await);
    drop(serving);

    // Neither memory nor disk has them: a server has met the damage alone.
    fs::remove_dir_all(bucket.data().join("cache")).unwrap();
    let serving = bucket.serve();
    bucket.replace(frame, b"damaged").await;
    bucket.delete(&format!("spins{pack}")).await;
    assert_eq!(serving.get(frame, &[]).await.status(), 500);
    assert_eq!(serving.get(pack, &[]).await.status(), 404);
    let result = answer(&bucket.girasol(&[&REPAIR[..], &["--from", &to]].concat()));
    assert_eq!(result["repaired"].as_array().unwrap().len(), 2, "{result}");
    assert!(sources(&result)[0].starts_with(&format!("the bucket {name} at ")), "{result}");
    for (file, whole) in [(frame, &whole_frame), (pack, &whole_pack)] {
        assert_eq!(bucket.object(file).await, *whole);
        let response = serving.get(file, &[]).await;
        assert_eq!(
            (response.status().as_u16(), response.bytes().await.unwrap()),
            (200, whole.clone().into())
        );
    }

    // A replica that answers reads hides what is missing from visitors, and not from a look at the store.
    let at = |file: &str| format!("/{}/spins{file}", bucket.name);
    let mut there = BTreeMap::from([(at(pack), whole_pack.clone()), (at(frame), b"damaged too".to_vec())]);
    let list = frame.replace("000.avif", "frames.txt");
    there.insert(at(&list), b"damaged too".to_vec());
    let address = replica(there);
    let settings = fs::read_to_string(bucket.config()).unwrap();
    fs::write(bucket.config(), format!("{settings}read_endpoints = ['{address}']\nhedge_ms = 1\n")).unwrap();
    for file in [frame, pack] {
        bucket.replace(file, b"damaged").await;
    }
    let output = bucket.try_girasol(&["store", "verify", "--json"]);
    assert_eq!(unfinished(&output)["faulty"].as_array().unwrap().len(), 2);
    let result = unfinished(&bucket.try_girasol(&REPAIR));
    assert_eq!(result["repaired"][0]["object"], pack[1..]);
    assert_eq!(sources(&result), [format!("the bucket {} at {address}", bucket.name)]);
    assert_eq!(result["faulty"][0]["object"], frame[1..]);
    assert_eq!(bucket.object(pack).await, whole_pack);
    assert_eq!(bucket.object(frame).await, b"damaged");
    answer(&bucket.girasol(&[&REPAIR[..], &["--from", &to]].concat()));
    assert_eq!(bucket.object(frame).await, whole_frame);
}
