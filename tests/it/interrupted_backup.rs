//! Backups and restores that are interrupted, disturbed or made to do harm: what is left, and what the same command does then.

use std::{
    fs,
    io::{Seek as _, SeekFrom, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

use crate::{
    bucket_fixture::Bucket,
    command::{answer, command, refusal, run},
    fault_proxy::Faults,
    garbage::objects,
    girasol::{ingest, is_scaled, names},
};

/// More bytes than memory has.
const HUGE: u64 = 1 << 36;

/// A data folder with a spin, and a folder beside it.
fn installation() -> (tempfile::TempDir, tempfile::TempDir) {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    ingest(folder.path(), "rose", [210, 150, 130], 12);
    (folder, elsewhere)
}

fn start(data: &Path, arguments: &[&str]) -> Child {
    command(data, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap().success());
}

/// What a backup has for itself in a folder.
fn own_folders(folder: &Path) -> Vec<String> {
    names(folder).into_iter().filter(|name| name.starts_with(".backing-up-")).collect()
}

fn is_sound(data: &Path) {
    let verified = answer(&run(data, &["store", "verify", "--json"]));
    assert_eq!(verified["faulty"], json!([]));
}

#[tokio::test]
async fn a_backup_that_is_told_to_end_leaves_nothing_and_what_a_killed_one_leaves_goes_with_the_next() {
    if is_scaled() {
        return;
    }
    let Some(bucket) = Bucket::new("backup-stopped", Faults::None).await else { return };
    let (folder, _) = installation();
    let data = folder.path();
    let before = names(data);
    let backup = ["backup", "--json", &bucket.url("monday")];
    for how in ["TERM", "INT", "KILL"] {
        bucket.line.silent_after("PUT", 2);
        let mut stopped = start(data, &backup);
        bucket.line.wait_for_silence();
        let own = own_folders(data);
        assert!(own.len() == 1 && data.join(&own[0]).join("girasol.db").exists(), "{own:?}");
        signal(&stopped, how);
        if how == "KILL" {
            stopped.wait().unwrap();
            assert_eq!(own_folders(data), own);
        } else {
            let output = stopped.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.code() == Some(1) && said.contains("Run the same command again"), "{said}");
            assert_eq!(own_folders(data), [""; 0]);
        }
        bucket.line.set(Faults::None);
    }
    // One that another process has is not touched.
    bucket.line.silent_after("PUT", 2);
    let mut slow = start(data, &backup);
    bucket.line.wait_for_silence();
    let own = own_folders(data);
    assert_eq!(own.len(), 1, "what was left is gone");
    let elsewhere = tempfile::tempdir().unwrap();
    let other = crate::fault_proxy::Line::to(crate::bucket_server::address().unwrap(), Faults::None);
    answer(&run(data, &["backup", "--json", &bucket.url_at(&other, "tuesday")]));
    assert_eq!(own_folders(data), own);
    bucket.line.set(Faults::None);
    assert!(slow.wait().unwrap().success());
    assert_eq!(names(data), before);
    answer(&run(&elsewhere.path().join("data"), &["restore", "--json", &bucket.url("monday")]));
}

#[test]
fn a_backup_in_a_folder_that_was_killed_is_gone_on_with() {
    if is_scaled() {
        return;
    }
    let (folder, elsewhere) = installation();
    let (data, backup) = (folder.path(), elsewhere.path().join("monday"));
    let place = backup.to_str().unwrap();
    let mut killed = start(data, &["backup", "--json", place]);
    while !backup.join("objects").exists() && killed.try_wait().unwrap().is_none() {}
    killed.kill().unwrap();
    let is_whole = killed.wait().unwrap().success();
    if !is_whole {
        let said = refusal(&run(&elsewhere.path().join("a"), &["restore", place]));
        assert!(said.contains("is no backup that was finished"), "{said}");
        // Not by another database's.
        let other = tempfile::tempdir().unwrap();
        ingest(other.path(), "gold", [212, 175, 95], 12);
        let said = refusal(&run(other.path(), &["backup", place]));
        assert!(said.contains("has what was begun of another backup"), "{said}");
        assert!(said.contains("Name another folder, or delete what is in that one"), "{said}");
        answer(&run(data, &["backup", "--json", place]));
    }
    assert_eq!(
        names(&backup),
        ["backup.json", "girasol.db", "girasol.db.lock", "incoming", "objects"]
            .into_iter()
            .filter(|name| backup.join(name).exists())
            .collect::<Vec<_>>()
    );
    assert!(refusal(&run(data, &["backup", place])).contains("is not empty: it has backup.json"));
    let restored = elsewhere.path().join("data");
    answer(&run(&restored, &["restore", "--json", place]));
    is_sound(&restored);
}

#[test]
fn of_two_backups_into_one_file_the_first_stays() {
    if is_scaled() {
        return;
    }
    let (folder, elsewhere) = installation();
    let (data, file) = (folder.path(), elsewhere.path().join("monday.tar"));
    let backup = ["backup", "--json", file.to_str().unwrap()];
    let both = [start(data, &backup), start(data, &backup)].map(|child| child.wait_with_output().unwrap());
    let (made, refused): (Vec<_>, Vec<_>) = both.iter().partition(|output| output.status.success());
    assert_eq!((made.len(), refused.len()), (1, 1));
    let said = String::from_utf8_lossy(&refused[0].stdout);
    assert!(said.contains("is there already") && said.contains("Name another file"), "{said}");
    assert_eq!(names(elsewhere.path()), ["monday.tar"]);
    answer(&run(&elsewhere.path().join("data"), &["restore", "--json", file.to_str().unwrap()]));
}

#[tokio::test]
async fn a_restore_that_was_killed_is_gone_on_with() {
    if is_scaled() {
        return;
    }
    let Some(bucket) = Bucket::new("restore-killed", Faults::None).await else { return };
    let (folder, elsewhere) = installation();
    let (url, tar) = (bucket.url("monday"), elsewhere.path().join("other.tar"));
    answer(&run(folder.path(), &["backup", "--json", &url]));
    ingest(folder.path(), "gold", [212, 175, 95], 12);
    answer(&run(folder.path(), &["backup", "--json", tar.to_str().unwrap()]));
    let data = elsewhere.path().join("data");
    bucket.line.silent_after("GET", 20);
    let mut killed = start(&data, &["restore", &url]);
    bucket.line.wait_for_silence();
    assert!(!data.join("girasol.db").exists() && data.join("restoring/girasol.db").exists());
    // While it runs, and then by another backup.
    let said = refusal(&run(&data, &["restore", tar.to_str().unwrap()]));
    assert!(said.contains("another process writes into"), "{said}");
    killed.kill().unwrap();
    killed.wait().unwrap();
    bucket.line.set(Faults::None);
    let said = refusal(&run(&data, &["restore", tar.to_str().unwrap()]));
    assert!(said.contains("has what was begun of another backup"), "{said}");
    answer(&run(&data, &["restore", "--json", &url]));
    is_sound(&data);
    assert!(!data.join("restoring").exists());
    let said = refusal(&run(&data, &["restore", &url]));
    assert!(said.contains("is not empty: it has girasol.db"), "{said}");
}

#[test]
fn a_backup_into_the_data_folder_is_refused() {
    if is_scaled() {
        return;
    }
    let (folder, elsewhere) = installation();
    let data = folder.path();
    std::os::unix::fs::symlink(data.join("objects"), elsewhere.path().join("link")).unwrap();
    let before = names(data);
    let link = elsewhere.path().join("link");
    for place in
        [data.join("monday.tar"), data.join("backups/monday"), link.join("monday.tar"), link.join("new")]
    {
        let said = refusal(&run(data, &["backup", place.to_str().unwrap()]));
        assert!(
            said.contains("is inside the data folder") && said.contains("best on another disk"),
            "{said}"
        );
    }
    assert_eq!(names(data), before);
}

/// A backup's file with another list, or with a member that is as large as it likes.
fn forge(from: &Path, to: &Path, list: impl Fn(&mut Value), large: Option<(&str, u64)>) {
    let mut archive = tar::Archive::new(fs::File::open(from).unwrap());
    let mut forged = fs::File::create(to).unwrap();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        if name == "backup.json" {
            let mut listed = serde_json::from_slice(&bytes).unwrap();
            list(&mut listed);
            bytes = serde_json::to_vec(&listed).unwrap();
        }
        let length = match large {
            Some((large, length)) if name.starts_with(large) => length,
            _ => bytes.len() as u64,
        };
        let mut header = entry.header().clone();
        header.set_size(length);
        header.set_cksum();
        forged.write_all(header.as_bytes()).unwrap();
        forged.write_all(&bytes).unwrap();
        // A hole, which takes no room on the disk.
        let at = forged.stream_position().unwrap() + length.saturating_sub(bytes.len() as u64);
        forged.seek(SeekFrom::Start(at.next_multiple_of(512))).unwrap();
    }
    forged.write_all(&[0; 1024]).unwrap();
}

#[test]
fn a_file_made_to_do_harm_fills_neither_memory_nor_disk() {
    if is_scaled() {
        return;
    }
    let (folder, elsewhere) = installation();
    let new = |name: &str| elsewhere.path().join(name);
    let file = new("monday.tar");
    answer(&run(folder.path(), &["backup", "--json", file.to_str().unwrap()]));
    let restore = |name: &str| run(&new(name), &["restore", new("forged.tar").to_str().unwrap()]);
    let nothing = |_: &mut Value| {};

    forge(&file, &new("forged.tar"), nothing, None);
    assert!(restore("sound").status.success());
    is_sound(&new("sound"));
    // Sparse files: the database, an object and the list.
    forge(&file, &new("forged.tar"), nothing, Some(("girasol.db", HUGE)));
    let said = refusal(&restore("a"));
    assert!(said.contains("the backup has more bytes than"), "{said}");
    forge(&file, &new("forged.tar"), nothing, Some(("objects/p/", HUGE)));
    let said = refusal(&restore("b"));
    assert!(said.contains("are missing or damaged"), "{said}");
    forge(&file, &new("forged.tar"), nothing, Some(("backup.json", HUGE)));
    let said = refusal(&restore("c"));
    assert!(said.contains("is no backup that was finished"), "{said}");
    // A list that says less than there is.
    forge(&file, &new("forged.tar"), |list| list["bytes"] = json!(list["bytes"].as_u64().unwrap() - 1), None);
    let said = refusal(&restore("d"));
    assert!(said.contains("the backup has more bytes than"), "{said}");
    for name in ["a", "b", "c", "d"] {
        assert!(!new(name).join("girasol.db").exists());
    }
    assert!(!objects(folder.path()).is_empty());
}
