//! `girasol check`: findings in words and as JSON, and mended copies.

use std::{fs, path::Path, process::Command};

use crate::{
    girasol::{darken, draw_turn, girasol, names},
    ingest::{json, stderr},
};

const GOLD: [u8; 3] = [212, 175, 95];

fn check(folder: &Path, source: &str) -> Command {
    let mut command = girasol();
    command.current_dir(folder).args(["check", source]);
    command
}

/// A turn of 24 whose first frame is there again at its end.
fn closing(folder: &Path) -> Vec<String> {
    let ring = folder.join("ring");
    draw_turn(&ring, GOLD, 24);
    let frames = names(&ring);
    let last = ring.join(frames.last().unwrap());
    // Behind the last one by its name.
    let extension = last.extension().unwrap().to_str().unwrap().to_owned();
    for (i, name) in frames.iter().enumerate() {
        fs::rename(ring.join(name), ring.join(format!("r-{:02}.{extension}", i + 1))).unwrap();
    }
    fs::copy(ring.join(format!("r-01.{extension}")), ring.join(format!("r-25.{extension}"))).unwrap();
    names(&ring)
}

#[test]
fn a_sound_set_is_said_to_be_sound() {
    let folder = tempfile::tempdir().unwrap();
    draw_turn(&folder.path().join("ring"), GOLD, 24);
    let output = check(folder.path(), "ring").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.starts_with("24 frames, and nothing is wrong with them.\nThe frames are transparent."),
        "{text}"
    );
    let output = check(folder.path(), "ring").arg("--fix").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(names(folder.path()), ["ring"], "what is sound is not copied");
}

#[test]
fn what_an_ingest_would_refuse_fails_and_shows_its_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let frames = closing(folder.path());
    fs::write(folder.path().join("ring").join(&frames[4]), b"not a picture").unwrap();
    let output = check(folder.path(), "ring").args(["--json", "--evidence", "shown"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let found = json(&output);
    assert_eq!((&found["frames"], &found["blocks"]), (&25.into(), &true.into()));
    let kinds: Vec<&str> =
        found["findings"].as_array().unwrap().iter().map(|f| f["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["unreadable", "closing-frame"]);
    assert_eq!(found["findings"][0]["frames"][0], frames[4].as_str());
    assert_eq!(names(&folder.path().join("shown")), ["01-unreadable.webp", "02-closing-frame.webp"]);
}

#[test]
fn what_visitors_will_see_fails_unless_it_is_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    draw_turn(&folder.path().join("ring"), GOLD, 24);
    let frame = &names(&folder.path().join("ring"))[7];
    darken(&folder.path().join("ring").join(frame));
    let output = check(folder.path(), "ring").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("What visitors will see (1)") && text.contains("--acknowledge"), "{text}");
    let output = check(folder.path(), "ring").args(["--acknowledge", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let found = json(&output);
    assert_eq!((&found["blocks"], &found["asks"]), (&false.into(), &true.into()));
}

#[test]
fn a_mended_copy_is_made_beside_the_frames_which_stay_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let frames = closing(folder.path());
    let output = check(folder.path(), "ring").args(["--fix", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let mended = &json(&output)["mended"];
    assert_eq!(mended["done"][0], format!("{} was left out.", frames[24]));
    assert_eq!(mended["left"]["findings"].as_array().unwrap().len(), 0);
    assert_eq!(names(folder.path()), ["ring", "ring-mended"]);
    assert_eq!(names(&folder.path().join("ring")), frames);
    assert_eq!(names(&folder.path().join("ring-mended")), frames[..24]);

    // Neither is it written over.
    fs::write(folder.path().join("ring-mended").join("mine.txt"), "mine").unwrap();
    let output = check(folder.path(), "ring").args(["--fix", "--json"]).output().unwrap();
    assert_eq!((output.status.code(), &json(&output)["error"]["slug"]), (Some(1), &"exists".into()));
    let output = check(folder.path(), "ring").args(["--fix", "--into", "again"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(names(&folder.path().join("again")), frames[..24]);
    assert_eq!(fs::read(folder.path().join("ring-mended/mine.txt")).unwrap(), b"mine");
}

#[test]
fn a_place_for_a_copy_without_a_copy_is_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    let output = check(folder.path(), "ring").args(["--into", "there"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_copy_at_an_angle_of_its_own_keeps_the_others_where_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let ring = folder.path().join("ring");
    draw_turn(&ring, GOLD, 24);
    for (i, name) in names(&ring).iter().enumerate() {
        fs::rename(ring.join(name), ring.join(format!("r-{:03}.png", 15 * i))).unwrap();
    }
    fs::copy(ring.join("r-075.png"), ring.join("r-090.png")).unwrap();
    let output = check(folder.path(), "ring").args(["--fix", "--json"]).output().unwrap();
    let found = json(&output);
    assert_eq!((output.status.code(), &found["mended"]), (Some(1), &serde_json::Value::Null), "{found}");
    let copy = &found["findings"][0];
    assert_eq!((&copy["kind"], &copy["mend"]), (&"duplicate-frames".into(), &serde_json::Value::Null));
    let message = copy["message"].as_str().unwrap();
    assert!(message.ends_with("The view at 90 degrees is missing."), "{message}");
    assert_eq!(names(folder.path()), ["ring"]);
}
