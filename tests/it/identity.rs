//! A database that is lost, emptied or mixed up with another one: nothing is deleted, and the message says what to do.

use std::{fs, path::Path, process::Output};

use serde_json::Value;

use crate::{
    bucket_fixture::Bucket,
    fault_proxy::Faults,
    garbage::{is_whole, objects},
    girasol::{Server, girasol, ingest, names, sequence},
};

const GOLD: &str = "ring.solitaire.metal-gold.stone-diamond";

fn run(data: &Path, arguments: &[&str]) -> Output {
    let mut command = girasol();
    command.args(arguments).arg("--data").arg(data).args(["--listen", "127.0.0.1:0"]);
    command.env("GIRASOL_VERSIONS__KEEP_DAYS", "0").output().unwrap()
}

/// What a command that fails says, to a person and to a script.
fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

fn remove_database(data: &Path) {
    for name in names(data).iter().filter(|name| name.starts_with("girasol.db")) {
        fs::remove_file(data.join(name)).unwrap();
    }
}

/// Every command that opens the data folder, in a spelling that would change something.
const COMMANDS: [&[&str]; 6] = [
    &["serve"],
    &["work"],
    &["store", "gc", "--grace-hours", "0"],
    &["store", "gc", "--grace-hours", "0", "--force"],
    &["key", "create", "--role", "admin"],
    &["product", "list"],
];

#[tokio::test]
async fn a_lost_database_is_not_replaced_by_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest(data, "gold", [212, 175, 95], 12);
    let (before, file) = (objects(data).len(), data.join("girasol.db"));
    let backup = fs::read(&file).unwrap();
    for (bytes, says) in [(None, "is missing"), (Some(&b""[..]), "is empty")] {
        for command in COMMANDS {
            remove_database(data);
            if let Some(bytes) = bytes {
                fs::write(&file, bytes).unwrap();
            }
            let said = refusal(&run(data, command));
            assert!(said.contains(&format!("girasol.db {says}")), "{said}");
            assert!(said.contains("backup") && said.contains("girasol store adopt"), "{said}");
            assert_eq!(fs::read(&file).ok().as_deref(), bytes, "nothing takes its place");
            assert_eq!(objects(data).len(), before);
        }
    }
    fs::write(&file, backup).unwrap();
    is_whole(data, GOLD).await;

    // An operator may begin anew. The objects still need a word of their own to be deleted.
    remove_database(data);
    assert!(run(data, &["store", "adopt"]).status.success());
    let said = refusal(&run(data, &["store", "gc", "--grace-hours", "0"]));
    assert!(said.contains(&format!("{before} of {before} objects")) && said.contains("--force"), "{said}");
    assert_eq!(objects(data).len(), before);
    assert!(run(data, &["store", "gc", "--grace-hours", "0", "--force"]).status.success());
    assert_eq!(objects(data).len(), 0);
}

#[tokio::test]
async fn frames_that_wait_in_the_data_folder_tell_of_a_lost_database_too() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    fs::create_dir_all(data.join("incoming/0123456789abcdef0123456789abcdef/files")).unwrap();
    let said = refusal(&run(data, &["product", "list"]));
    assert!(said.contains("has frames of another database"), "{said}");
    // Without anything it is simply new: so is a file that a first start left without a byte.
    fs::remove_dir_all(data.join("incoming")).unwrap();
    fs::write(data.join("girasol.db"), "").unwrap();
    assert!(run(data, &["product", "list"]).status.success());
}

#[tokio::test]
async fn a_file_of_another_program_is_refused_by_its_name() {
    for with_objects in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        if with_objects {
            ingest(data, "gold", [212, 175, 95], 12);
            remove_database(data);
        }
        let file = data.join("girasol.db");
        let foreign = sqlx_free_database(folder.path());
        for (bytes, slug) in
            [(b"# Notes\n".repeat(100), "unusable-database"), (foreign.clone(), "foreign-database")]
        {
            for command in COMMANDS {
                fs::write(&file, &bytes).unwrap();
                let said = refusal(&run(data, command));
                assert!(said.contains("girasol.db"), "{slug}: {said}");
                assert_eq!(fs::read(&file).unwrap(), bytes, "{slug}: it is left as it is");
            }
        }
    }
}

/// A database with one table that is not Girasol's.
fn sqlx_free_database(folder: &Path) -> Vec<u8> {
    let file = folder.join("notes.sqlite");
    let script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('create table notes (text)'); c.commit()";
    let made = std::process::Command::new("python3").args(["-c", script]).arg(&file).status().unwrap();
    assert!(made.success());
    let bytes = fs::read(&file).unwrap();
    fs::remove_file(file).unwrap();
    bytes
}

#[tokio::test]
async fn nothing_is_collected_from_the_folder_of_another_database() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    ingest(one.path(), "gold", [212, 175, 95], 12);
    ingest(other.path(), "rose", [210, 150, 130], 12);
    let before = objects(one.path()).len();
    remove_database(one.path());
    for name in names(other.path()).iter().filter(|name| name.starts_with("girasol.db")) {
        fs::copy(other.path().join(name), one.path().join(name)).unwrap();
    }
    for force in [&[][..], &["--force"]] {
        let gc = [&["store", "gc", "--grace-hours", "0", "--json"], force].concat();
        let said = refusal(&run(one.path(), &gc));
        assert!(said.contains("belongs to the database") && said.contains("girasol store adopt"), "{said}");
        assert_eq!(objects(one.path()).len(), before);
    }
    let take_down = ["take-down", "ring.solitaire.metal-rose.stone-diamond"];
    run(one.path(), &take_down);
    assert_eq!(objects(one.path()).len(), before);
}

#[tokio::test]
async fn an_installation_without_names_gets_one_and_keeps_everything() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest(data, "gold", [212, 175, 95], 12);
    let before = objects(data).len();
    let mark = data.join("objects/identity.txt");
    let name = fs::read_to_string(&mark).unwrap();
    // The store's own is lost: the database knows the store by its objects.
    fs::remove_file(&mark).unwrap();
    let collected = run(data, &["store", "gc", "--json"]);
    assert!(collected.status.success(), "{}", String::from_utf8_lossy(&collected.stderr));
    assert_eq!(fs::read_to_string(&mark).unwrap(), name);
    // Not where it has none of them.
    fs::remove_file(&mark).unwrap();
    fs::rename(data.join("objects/m"), data.join("manifests")).unwrap();
    let said = refusal(&run(data, &["store", "gc", "--grace-hours", "0", "--force"]));
    assert!(said.contains("objects that the database knows of"), "{said}");
    assert!(!mark.exists());
    fs::rename(data.join("manifests"), data.join("objects/m")).unwrap();
    assert!(run(data, &["store", "gc"]).status.success());
    assert_eq!(objects(data).len(), before);
}

#[tokio::test]
async fn a_bucket_is_not_taken_for_that_of_a_new_database() {
    let Some(bucket) = Bucket::new("named", Faults::None).await else { return };
    bucket.ingest("gold", [212, 175, 95]);
    let before = bucket.objects().await;
    assert!(before > 0);
    let backup = tempfile::tempdir().unwrap();
    for name in names(bucket.data()).iter().filter(|name| name.starts_with("girasol.db")) {
        fs::copy(bucket.data().join(name), backup.path().join(name)).unwrap();
    }
    for bytes in [None, Some("")] {
        for command in COMMANDS {
            remove_database(bucket.data());
            if let Some(bytes) = bytes {
                fs::write(bucket.data().join("girasol.db"), bytes).unwrap();
            }
            let said = refusal(&bucket.try_girasol(command));
            assert!(said.contains("objects of another database"), "{said}");
            assert_eq!(bucket.objects().await, before);
        }
    }
    // Another bucket's database.
    let Some(other) = Bucket::new("named-otherwise", Faults::None).await else { return };
    other.ingest("rose", [210, 150, 130]);
    remove_database(bucket.data());
    for name in names(other.data()).iter().filter(|name| name.starts_with("girasol.db")) {
        fs::copy(other.data().join(name), bucket.data().join(name)).unwrap();
    }
    let said = refusal(&bucket.try_girasol(&["store", "gc", "--grace-hours", "0", "--force"]));
    assert!(said.contains("belongs to the database"), "{said}");
    assert_eq!(bucket.objects().await, before);
    // The backup.
    remove_database(bucket.data());
    for name in names(backup.path()) {
        fs::copy(backup.path().join(&name), bucket.data().join(name)).unwrap();
    }
    let collected = bucket.girasol(&["store", "gc", "--json"]);
    let collected: Value = serde_json::from_slice(&collected.stdout).unwrap();
    assert_eq!(collected["objects"], 0);
    assert_eq!(bucket.objects().await, before);
    let server: Server = bucket.serve();
    assert_eq!(server.get(&sequence(GOLD), &[]).await.status(), 200);
}
