//! A disk that is really full: a small file system of the server's own, in a namespace where any user may mount one.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use reqwest::Method;
use serde_json::Value;

use crate::{
    artist::{Artist, file, parts_left, ring},
    girasol::{Server, draw_turn, girasol, header, names, problem},
    jobs::PLATINUM,
    samples::zip_of,
};

const SETTINGS: &str = "[uploads]\ndisk_min_free_bytes = 0\n[jobs]\nlease_seconds = 1\n\
    [sizes]\nstill = { avif_px = 64, webp_px = 64 }\nspin = { avif_px = 64, webp_px = 64 }\nhd = { avif_px = 64, webp_px = 64 }\n";
/// Mounts the data folder, makes a key there, and serves. Its arguments are those of the server.
const SCRIPT: &str = "mount -t tmpfs -o size=48m tmpfs \"$2\" \
    && \"$BINARY\" key create --role artist --data \"$2\" > \"$KEY\" \
    && exec \"$BINARY\" serve --log warn --config \"$CONFIG\" \"$@\"";
const MIB: u64 = 1 << 20;

/// A command whose file systems are its own.
fn apart(script: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]);
    command
}

fn can_mount() -> bool {
    let mounted = apart("mount -t tmpfs -o size=1m tmpfs /mnt").output();
    mounted.is_ok_and(|mounted| mounted.status.success())
}

/// A server on a disk of 48 MiB.
struct Small {
    artist: Artist,
    /// The data folder, as it is seen from here.
    data: PathBuf,
}

impl Small {
    fn start(folder: &Path) -> Self {
        let [data, key, config] = ["data", "key", "girasol.toml"].map(|name| folder.join(name));
        fs::create_dir(&data).unwrap();
        fs::write(&config, SETTINGS).unwrap();
        let mut command = apart(SCRIPT);
        command.env("BINARY", girasol().get_program()).env("KEY", &key).env("CONFIG", &config);
        let server = Server::start_by(command, &data);
        let seen = format!("/proc/{}/root{}", server.child.id(), data.display());
        let bearer = format!("Bearer {}", fs::read_to_string(key).unwrap().trim());
        Self { artist: Artist { server, bearer }, data: seen.into() }
    }

    /// Leaves so many bytes of the disk free, or as many as there are.
    fn leave(&self, bytes: u64) {
        let disk = rustix::fs::statvfs(&self.data).unwrap();
        let free = disk.f_bavail * disk.f_frsize;
        let mut ballast =
            fs::File::options().create(true).append(true).open(self.data.join("ballast")).unwrap();
        ballast.write_all(&vec![0; free.saturating_sub(bytes) as usize]).unwrap();
    }

    fn free_all(&self) {
        fs::remove_file(self.data.join("ballast")).unwrap();
    }
}

#[tokio::test]
async fn a_full_disk_refuses_by_name_and_with_space_free_again_everything_goes_on() {
    let is_possible = can_mount();
    assert!(is_possible || std::env::var_os("CI").is_none(), "unshare must be able to mount a file system");
    if !is_possible {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let small = Small::start(folder.path());
    let artist = &small.artist;
    let turn = folder.path().join("turn");
    draw_turn(&turn, PLATINUM, 12);
    let committed = artist.open(&ring()).await;
    for name in names(&turn) {
        let sent = artist.put(&committed, &name, &fs::read(turn.join(&name)).unwrap()).await;
        assert_eq!(sent.status(), 201);
    }
    let set = artist.open(&ring()).await;
    assert_eq!(artist.put(&set, "1.png", &file(1000)).await.status(), 201);

    // Too little for any of these, and enough for small ones and for the database.
    small.leave(MIB);
    let large = file(2 * MIB as usize);
    let zip = zip_of(&[("9.png", &large)]);
    assert_eq!(problem(artist.put(&set, "2.png", &large).await, 507).await, "disk-full");
    assert_eq!(problem(artist.put(&set, "9.zip", &zip).await, 507).await, "disk-full");
    assert_eq!(problem(artist.begin(&set, "4.png", large.len()).await, 507).await, "disk-full");
    assert_eq!(artist.put(&set, "5.png", &file(1000)).await.status(), 201);
    let commit = artist.request(Method::POST, &format!("{committed}/commit"));
    assert_eq!(commit.send().await.unwrap().status(), 200);

    // Nothing at all: the job meets it, and so does the database. What is there can be read.
    small.leave(0);
    assert_eq!(problem(artist.put(&set, "6.png", &file(1000)).await, 507).await, "disk-full");
    let opened = artist.request(Method::POST, "/api/framesets").json(&ring()).send().await.unwrap();
    assert_eq!(problem(opened, 507).await, "disk-full");
    let not_ready = artist.server.until("/api/health/ready", 503).await;
    assert_eq!(problem(not_ready, 503).await, "not-ready");
    assert_eq!(artist.server.get("/api/health/live", &[]).await.status(), 200);
    assert_eq!(artist.show(&set).await["frames"], 2);
    assert_eq!(parts_left(&small.data), 0);

    small.free_all();
    artist.server.until("/api/health/ready", 200).await;
    loop {
        let job = artist.show(&committed).await["job"].take();
        assert!(!matches!(job["state"].as_str(), Some("failed" | "cancelled")), "{job}");
        if job["state"] == "ready" {
            assert_eq!(job["version"], 1);
            break;
        }
    }
    assert_eq!(artist.put(&set, "2.png", &large).await.status(), 201);
    assert_eq!(artist.put(&set, "9.zip", &zip).await.status(), 201);
    let begun = artist.begin(&set, "4.png", 5).await;
    let upload = header(begun.headers(), "location").to_owned();
    assert_eq!(artist.part(&upload, 0, &file(5)).send().await.unwrap().status(), 204);
    let shown: Value = artist.show(&set).await;
    let files: Vec<_> =
        shown["files"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(files, ["1.png", "2.png", "4.png", "5.png", "9.png"]);
    assert_eq!(parts_left(&small.data), 0);
    let work = names(&small.data.join("work"));
    assert!(work.iter().all(|name| !name.starts_with("turn-")), "{work:?}");
}
