//! What the guide says of Postgres and S3: its lines run as they stand there, before a cluster is lost and after.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use reqwest::Method;
use serde_json::json;

use crate::{
    artist::Artist,
    bucket_fixture::Bucket,
    bucket_server,
    docs::blocks,
    fault_proxy::Faults,
    girasol::{Server, draw_turn, girasol, ingest_with, sequence},
    postgres,
};

const GOLD: &str = "ring.solitaire.metal-gold.stone-diamond";

/// The shell lines under the heading: those of the backup, and those of the way back.
fn lines() -> [String; 2] {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guides/backup-and-restore.md");
    let text = fs::read_to_string(guide).unwrap();
    let (_, text) = text.split_once("## On Postgres and S3\n").unwrap();
    let text = text.split("\n## ").next().unwrap();
    let lines: Vec<String> =
        blocks(text).into_iter().filter(|block| block.language == "sh").map(|block| block.text).collect();
    lines.try_into().unwrap()
}

/// A database and a bucket as the guide has them.
struct Cluster {
    database: String,
    databases: &'static str,
    store: Bucket,
    copy: Bucket,
}

impl Cluster {
    /// `None` on a laptop that lacks one of the services.
    async fn new() -> Option<Self> {
        let databases = postgres::address()?;
        if Command::new("rclone").arg("version").stdout(Stdio::null()).status().is_err() {
            assert!(std::env::var_os("CI").is_none(), "rclone is missing (make setup)");
            eprintln!("skipped: there is no rclone here (make setup)");
            return None;
        }
        let store = Bucket::called("spins".to_owned(), Faults::None).await?;
        let copy = Bucket::called("spins-backup".to_owned(), Faults::None).await?;
        let config =
            fs::read_to_string(store.config()).unwrap().replace("prefix = 'spins'", "prefix = 'live'");
        fs::write(store.config(), config).unwrap();
        let cluster = Self { database: format!("documented_{}", std::process::id()), databases, store, copy };
        for bucket in [&cluster.store, &cluster.copy] {
            empty(bucket).await;
        }
        cluster.administrate("createdb", &[]);
        Some(cluster)
    }

    fn url(&self) -> String {
        format!("{}/{}", self.databases, self.database)
    }

    fn administrate(&self, program: &str, flags: &[&str]) {
        let (_, folder) = self.databases.split_once('@').unwrap();
        let mut command = Command::new(program);
        command.args(["--host", &folder.replace("%2F", "/"), "--username", "girasol"]).args(flags);
        assert!(command.arg(&self.database).status().unwrap().success(), "{program}");
    }

    /// Runs lines of the guide in an empty folder, or where others ran before.
    fn run(&self, lines: &str, folder: &Path) {
        let program = Path::new(env!("CARGO_BIN_EXE_girasol")).parent().unwrap().to_owned();
        let path = std::env::var_os("PATH").unwrap();
        let path =
            std::env::join_paths(std::iter::once(program).chain(std::env::split_paths(&path))).unwrap();
        let (key, secret) = bucket_server::credentials();
        let endpoint = &self.store.line.address;
        let mut bash = Command::new("timeout");
        bash.args(["--kill-after=10", "300", "bash", "-eux", "-o", "pipefail", "-c", lines])
            .current_dir(folder);
        bash.env_clear().env("PATH", path).env("HOME", folder).env("RCLONE_CONFIG", folder.join("none.conf"));
        bash.env("GIRASOL_DATABASE__URL", self.url()).env("GIRASOL_CONFIG", self.store.config());
        bash.env("AWS_ACCESS_KEY_ID", key).env("AWS_SECRET_ACCESS_KEY", secret);
        bash.env("AWS_EC2_METADATA_DISABLED", "true");
        for (name, value) in [
            ("TYPE", "s3"),
            ("PROVIDER", "Other"),
            ("ENV_AUTH", "true"),
            ("REGION", "us-east-1"),
            ("ENDPOINT", endpoint),
        ] {
            bash.env(format!("RCLONE_CONFIG_S3_{name}"), value);
        }
        let output = bash.stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// A server with a data folder of its own, and the artist whose key this is.
    fn serve(&self, data: &Path, bearer: &str) -> Artist {
        let mut command = girasol();
        command.args(["serve", "--config", &self.store.config()]).env("GIRASOL_DATABASE__URL", self.url());
        Artist { server: Server::start_by(command, data), bearer: bearer.to_owned() }
    }
}

async fn empty(bucket: &Bucket) {
    for name in bucket.names("").await {
        bucket.delete(&name).await;
    }
}

#[tokio::test]
async fn a_cluster_is_lost_and_comes_back_by_the_lines_of_the_guide() {
    if crate::girasol::is_scaled() {
        return;
    }
    let Some(cluster) = Cluster::new().await else { return };
    cluster.store.set(&format!("[database]\nurl = '{}'\n[jobs]\nin_server = false", cluster.url()));
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let config = cluster.store.config();
    fs::create_dir(at("here")).unwrap();
    ingest_with(&at("here"), "gold", [212, 175, 95], 12, &["--config", &config]);
    let mut key = girasol();
    key.args(["key", "create", "--role", "artist", "--config", &config, "--data"]).arg(at("here"));
    let key = key.output().unwrap();
    let bearer = format!("Bearer {}", String::from_utf8(key.stdout).unwrap().trim());
    let artist = cluster.serve(&at("here"), &bearer);
    let spin = artist.server.json(&sequence(GOLD)).await;
    draw_turn(&at("turn"), [220, 220, 225], 2);
    let set = artist
        .open(&json!({ "product": "ring/solitaire", "choices": { "metal": "platinum", "stone": "diamond" }, "newChoices": true }))
        .await;
    let frame = fs::read(at("turn/000.png")).unwrap();
    assert_eq!(artist.put(&set, "000.png", &frame).await.status(), 201);

    let [backup, restore] = lines();
    fs::create_dir(at("work")).unwrap();
    cluster.run(&backup, &at("work"));

    drop(artist);
    cluster.administrate("dropdb", &["--force"]);
    cluster.administrate("createdb", &[]);
    empty(&cluster.store).await;
    assert!(!cluster.copy.names("monday/").await.is_empty());

    cluster.run(&restore, &at("work"));
    let artist = cluster.serve(&at("there"), &bearer);
    assert_eq!(artist.server.json(&sequence(GOLD)).await, spin);
    assert_eq!(artist.show(&set).await["frames"], 1);
    let small = artist.request(Method::GET, &format!("{set}/thumbnails/000.png")).send().await.unwrap();
    assert_eq!(small.status(), 200, "the frame itself is there again");
}
