//! A disk that is really full: a small file system of the server's own, in a namespace where any user may mount one.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
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

    fn ballast(&self) -> fs::File {
        fs::File::options().create(true).append(true).open(self.data.join("ballast")).unwrap()
    }

    /// Leaves so many bytes of the disk free.
    fn leave(&self, bytes: u64) {
        let disk = rustix::fs::statvfs(&self.data).unwrap();
        let free = disk.f_bavail * disk.f_frsize;
        self.ballast().write_all(&vec![0; (free - bytes) as usize]).unwrap();
    }

    /// Leaves nothing free, and takes what a job that fails gives back, until it is told to end.
    fn fill(&self) -> Filling {
        let (mut ballast, (end, is_to_end)) = (self.ballast(), mpsc::channel::<()>());
        let mut take = move || while ballast.write_all(&[0; 4096]).is_ok() {};
        take();
        let fill = move || {
            while is_to_end.recv_timeout(Duration::from_millis(1)) == Err(RecvTimeoutError::Timeout) {
                take();
            }
        };
        Filling { end, thread: thread::spawn(fill), ballast: self.data.join("ballast") }
    }
}

/// A disk that stays full.
struct Filling {
    end: mpsc::Sender<()>,
    thread: thread::JoinHandle<()>,
    ballast: PathBuf,
}

impl Filling {
    /// All of it is free again.
    fn free(self) {
        drop(self.end);
        self.thread.join().unwrap();
        fs::remove_file(self.ballast).unwrap();
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
    let filling = small.fill();
    assert_eq!(problem(artist.put(&set, "6.png", &file(1000)).await, 507).await, "disk-full");
    let opened = artist.request(Method::POST, "/api/framesets").json(&ring()).send().await.unwrap();
    assert_eq!(problem(opened, 507).await, "disk-full");
    let not_ready = artist.server.until("/api/health/ready", 503).await;
    assert_eq!(problem(not_ready, 503).await, "not-ready");
    assert_eq!(artist.server.get("/api/health/live", &[]).await.status(), 200);
    assert_eq!(artist.show(&set).await["frames"], 2);
    assert_eq!(parts_left(&small.data), 0);

    filling.free();
    artist.server.until("/api/health/ready", 200).await;
    loop {
        let job = artist.show(&committed).await["job"].take();
        assert!(!matches!(job["state"].as_str(), Some("failed" | "cancelled")), "{job}");
        if job["state"] == "ready" {
            assert!(job["version"].is_number(), "{job}");
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
    // A worker that lost its lease meanwhile, or a check, may still be at its end.
    let is_laid_out = || names(&small.data.join("work")).iter().any(|name| name.starts_with("turn-"));
    let gone = async {
        while is_laid_out() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), gone).await.expect("no folder of frames stays");
}
