//! A data folder of an older version: it is upgraded when it is opened, and nothing in it is lost.
//!
//! `upgrade/unlisted.tar.gz` was made with the last version whose database did not know which objects a version needs.
//! It holds `data`, in which `girasol ingest` published 8 frames each as the metals gold (twice, with two turns), rose,
//! twin (the frames of rose), secret (with `--protected`) and gone (then taken down) of ring/solitaire, at 24 pixels; and
//! `rose`, the frames of rose and twin.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::Value;

use crate::{
    garbage::{is_whole, objects},
    girasol::girasol,
};

const ROSE: &str = "ring.solitaire.metal-rose";

fn unpack(folder: &Path) -> PathBuf {
    let packed = include_bytes!("upgrade/unlisted.tar.gz");
    tar::Archive::new(flate2::read::GzDecoder::new(packed.as_slice())).unpack(folder).unwrap();
    folder.join("data")
}

fn collect(data: &Path) -> Output {
    let arguments = ["store", "gc", "--json", "--grace-hours", "0", "--data"];
    girasol().args(arguments).arg(data).env("GIRASOL_VERSIONS__KEEP_DAYS", "0").output().unwrap()
}

fn collected(data: &Path) -> Value {
    let output = collect(data);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn manifest_of(data: &Path, configuration: &str, version: i64) -> PathBuf {
    let is_wanted = |path: &PathBuf| {
        let manifest: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        manifest["configuration"] == configuration && manifest["version"] == version
    };
    let manifests = fs::read_dir(data.join("objects/m")).unwrap().map(|entry| entry.unwrap().path());
    manifests.into_iter().find(is_wanted).unwrap()
}

#[tokio::test]
async fn an_older_data_folder_is_collected_and_serves_every_object() {
    let folder = tempfile::tempdir().unwrap();
    let data = unpack(folder.path());
    let before: BTreeSet<PathBuf> = objects(&data).into_iter().collect();
    // The early versions of gold, rose, twin and secret.
    let first = collected(&data);
    assert_eq!((&first["retired"], &first["versions"]), (&4.into(), &4.into()), "{first}");
    let after: BTreeSet<PathBuf> = objects(&data).into_iter().collect();
    assert!(after.is_subset(&before));
    assert_eq!(first["objects"].as_u64().unwrap() as usize, before.len() - after.len());
    assert_eq!(first["needed"].as_u64().unwrap() as usize, after.len());
    assert!(after.iter().any(|object| object.starts_with(data.join("objects/private"))));
    for metal in ["gold", "rose", "twin"] {
        is_whole(&data, &format!("ring.solitaire.metal-{metal}")).await;
    }
    // The version that was live before is whole as well.
    let output = girasol().args(["rollback", "ring.solitaire.metal-gold", "--data"]).arg(&data).output();
    assert!(output.unwrap().status.success());
    is_whole(&data, "ring.solitaire.metal-gold").await;
    let again = collected(&data);
    assert_eq!((&again["objects"], &again["waiting"]), (&0.into(), &0.into()), "{again}");

    // What two spins show is deleted with the second one.
    for (metal, is_there) in [("rose", true), ("twin", false)] {
        let id = format!("ring.solitaire.metal-{metal}");
        let shared = fs::read_dir(data.join("objects/still")).unwrap().count();
        let output = girasol().args(["take-down", &id, "--yes", "--data"]).arg(&data).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let left = fs::read_dir(data.join("objects/still")).unwrap().count();
        assert_eq!(left == shared, is_there, "{metal}");
    }
}

#[tokio::test]
async fn a_damaged_manifest_stops_collections_until_its_frames_are_ingested_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = unpack(folder.path());
    let before = objects(&data).len();
    let manifest = manifest_of(&data, ROSE, 2);
    fs::write(&manifest, b"{}").unwrap();
    for _ in 0..2 {
        let output = collect(&data);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains(&format!("version 2 of {ROSE}")), "{said}");
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(objects(&data).len(), before);
    }
    let mut ingest = girasol();
    for family in ["STILL", "SPIN", "HD"] {
        ingest.env(format!("GIRASOL_SIZES__{family}__AVIF_PX"), "24");
        ingest.env(format!("GIRASOL_SIZES__{family}__WEBP_PX"), "24");
    }
    let arguments = ["--product", "ring/solitaire", "--choice", "metal=rose", "--data"];
    let output = ingest.arg("ingest").arg(folder.path().join("rose")).args(arguments).arg(&data).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let collected = collected(&data);
    assert_eq!(collected["needed"].as_u64().unwrap() as usize, objects(&data).len());
    is_whole(&data, ROSE).await;
    // From now on no manifest is read for it.
    fs::write(manifest_of(&data, "ring.solitaire.metal-gold", 3), b"{}").unwrap();
    assert!(collect(&data).status.success());
}
