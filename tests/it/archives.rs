//! Zips and tars, sent whole or in parts.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    artist::{Artist, digest, parts_left, ring},
    girasol::{Server, draw_turn, header, problem},
    samples::zip_of,
};

fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn turn() -> Vec<(String, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    draw_turn(folder.path(), [220, 220, 225], 12);
    let frame = |n: u32| {
        (format!("ring {n:03}.png"), std::fs::read(folder.path().join(format!("{n:03}.png"))).unwrap())
    };
    (0..12).map(frame).collect()
}

fn names(set: &Value) -> Vec<&str> {
    set["files"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_tar_in_one_request_and_a_zip_in_parts_become_frames() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let mut artist = Artist::over(data);
    let turn = turn();
    let files: Vec<(String, &[u8])> =
        turn.iter().map(|(name, bytes)| (format!("renders/{name}"), bytes.as_slice())).collect();
    let mut files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    files.push(("renders/.DS_Store", b"junk"));
    files.push(("renders/scene.blend", b"scene"));

    let mut wanted = ring();
    wanted["frames"] = 12.into();
    let set = artist.open(&wanted).await;
    let response = artist.put(&set, "Ring.TAR", &tar_of(&files)).await;
    assert_eq!(response.status(), 201);
    let answer: Value = response.json().await.unwrap();
    assert_eq!((&answer["name"], answer["frames"].as_array().unwrap().len()), (&json!("Ring.TAR"), 12));
    assert_eq!(answer["frames"][3]["name"], "ring 003.png");
    assert_eq!(answer["frames"][3]["digest"], digest(&turn[3].1));
    // It had the last announced frame.
    assert_eq!(artist.show(&set).await["state"], "committed");

    let set = artist.open(&ring()).await;
    let zip = zip_of(&files);
    let begun = artist.begin(&set, "ring.zip", zip.len()).await;
    let upload = header(begun.headers(), "location").to_owned();
    let half = zip.len() / 2;
    assert_eq!(artist.part(&upload, 0, &zip[..half]).send().await.unwrap().status(), 204);
    artist.server.signal("KILL");
    artist.server = Server::start_over(data, &["serve"]);
    let at = artist.offset(&upload).await;
    assert_eq!(artist.part(&upload, at, &zip[at..]).send().await.unwrap().status(), 204);
    let shown = artist.show(&set).await;
    assert_eq!(names(&shown), turn.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
    assert_eq!(shown["state"], "open");
    assert_eq!(parts_left(data), 0);
}

#[tokio::test]
async fn a_hostile_file_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let mut artist = Artist::over(data);
    let png: &[u8] = &turn().remove(0).1;
    let deflated = vec![0; 64 << 20];
    let tiny: Vec<String> = (0..10_000).map(|n| format!("{n:05}.png")).collect();
    let tiny: Vec<(&str, &[u8])> = tiny.iter().map(|name| (name.as_str(), b"x".as_slice())).collect();
    let mut lying = zip_of(&[("001.png", png), ("002.png", png)]);
    let directory = lying.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    lying[directory + 24..directory + 28].copy_from_slice(&9_999_u32.to_le_bytes());
    let whole = zip_of(&[("001.png", png), ("002.png", png)]);
    let tar = tar_of(&[("001.png", png), ("002.png", png)]);
    let mut slipping = tar.clone();
    slipping[..10].copy_from_slice(b"../001.png");
    let sum: u32 =
        (0..512).map(|at| if (148..156).contains(&at) { 32 } else { u32::from(slipping[at]) }).sum();
    slipping[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let cases: [(&str, Vec<u8>, u16, &str); 13] = [
        ("slip.zip", zip_of(&[("001.png", png), ("../../002.png", png)]), 422, "archive-unsafe-name"),
        ("slip.tar", slipping, 422, "archive-unsafe-name"),
        ("bomb.zip", zip_of(&[("001.png", png), ("002.png", &deflated)]), 422, "zip-bomb"),
        ("tiny.zip", zip_of(&tiny), 413, "too-many-frames"),
        ("tiny.tar", tar_of(&tiny), 413, "too-many-frames"),
        ("lying.zip", lying, 422, "truncated"),
        ("cut.zip", whole[..whole.len() - 40].to_vec(), 422, "zip-broken"),
        ("cut.tar", tar[..700].to_vec(), 422, "truncated"),
        ("both.zip", [png, &whole].concat(), 422, "zip-broken"),
        ("both.png", [png, &whole].concat(), 422, "unsupported"),
        ("image.zip", png.to_vec(), 422, "zip-broken"),
        ("colon.tar", tar_of(&[("at 1:00.png", png), ("at 2:00.png", png)]), 422, "bad-field"),
        ("empty.zip", zip_of(&[("notes.txt", b"no frames")]), 422, "no-images"),
    ];
    let set = artist.open(&ring()).await;
    for (name, bytes, status, slug) in &cases {
        assert_eq!(problem(artist.put(&set, name, bytes).await, *status).await, *slug, "{name}");
        let begun = artist.begin(&set, name, bytes.len()).await;
        let upload = header(begun.headers(), "location").to_owned();
        let sent = artist.part(&upload, 0, bytes).send().await.unwrap();
        assert_eq!(problem(sent, *status).await, *slug, "{name}");
        let gone = artist.tus(Method::HEAD, &upload).send().await.unwrap();
        assert_eq!(gone.status(), 404, "{name}");
    }
    assert_eq!(artist.show(&set).await["frames"], 0);
    assert_eq!(parts_left(data), 0);
    let files = data.join("incoming").join(set.rsplit('/').next().unwrap()).join("files");
    assert!(!files.exists());
    // Refused files do not block others.
    assert_eq!(artist.put(&set, "ring.zip", &whole).await.status(), 201);
    assert_eq!(artist.show(&set).await["frames"], 2);

    artist.server.signal("TERM");
    artist.server.ended();
    std::fs::write(data.join("girasol.toml"), "[uploads]\narchive_max_bytes = 4000\nset_max_files = 1\n")
        .unwrap();
    let config = data.join("girasol.toml");
    artist.server = Server::start_over(data, &["serve", "--config", config.to_str().unwrap()]);
    let large = vec![0; 4001];
    assert_eq!(problem(artist.put(&set, "large.zip", &large).await, 413).await, "file-too-large");
    assert_eq!(problem(artist.begin(&set, "large.zip", 4001).await, 413).await, "file-too-large");
    assert_eq!(
        problem(artist.put(&set, "two.tar", &tar_of(&[("1.png", b"1"), ("2.png", b"2")])).await, 413).await,
        "too-many-frames"
    );
}
