//! Machines whose data folders are scratch: what they share is a Postgres database and a bucket.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{
    artist::Artist,
    bucket_fixture::Bucket,
    fault_proxy::Faults,
    girasol::{Server, girasol},
    postgres,
};

/// Long enough for a loaded machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A database and a bucket, and machines that have nothing else in common.
pub(crate) struct Fleet {
    pub(crate) bucket: Bucket,
    bearer: String,
    pub(crate) machines: tempfile::TempDir,
}

impl Fleet {
    /// `None` on a laptop that has no Postgres or no S3 server.
    pub(crate) async fn new(name: &str) -> Option<Self> {
        let databases = postgres::address()?;
        let bucket = Bucket::new(name, Faults::None).await?;
        let (_, folder) = databases.split_once('@').unwrap();
        let folder = folder.replace("%2F", "/");
        let mut create = Command::new("createdb");
        create.args(["--host", &folder, "--username", "girasol", name]);
        assert!(create.status().unwrap().success());
        bucket.set(&format!(
            "[database]\nurl = '{databases}/{name}'\n[jobs]\nin_server = false\nlease_seconds = 1\n\
             [sizes.still]\navif_px = 64\nwebp_px = 64\n[sizes.spin]\navif_px = 96\nwebp_px = 96\n\
             [sizes.hd]\navif_px = 160\nwebp_px = 160"
        ));
        let machines = tempfile::tempdir().unwrap();
        let fleet = Self { bucket, bearer: String::new(), machines };
        let output = fleet.girasol("setup").args(["key", "create", "--role", "admin"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let bearer = format!("Bearer {}", String::from_utf8(output.stdout).unwrap().trim());
        Some(Self { bearer, ..fleet })
    }

    pub(crate) fn data(&self, machine: &str) -> PathBuf {
        self.machines.path().join(machine)
    }

    /// A command on a machine.
    pub(crate) fn girasol(&self, machine: &str) -> Command {
        let mut command = girasol();
        command.env("GIRASOL_DATA", self.data(machine));
        command.env("GIRASOL_CONFIG", self.bucket.config());
        command
    }

    pub(crate) fn serve(&self, machine: &str) -> Artist {
        let server = Server::start_over(&self.data(machine), &["serve", "--config", &self.bucket.config()]);
        Artist { server, bearer: self.bearer.clone() }
    }

    pub(crate) fn work(&self, machine: &str) -> Worker {
        let mut command = girasol();
        command.args(["work", "--config", &self.bucket.config(), "--data"]).arg(self.data(machine));
        Worker(command.stdout(Stdio::null()).spawn().unwrap())
    }

    /// As if the machine had been replaced by an empty one while its process lives on.
    pub(crate) fn wipe(&self, machine: &str) {
        for entry in fs::read_dir(self.data(machine)).unwrap().flatten() {
            let _ = fs::remove_dir_all(entry.path()).or_else(|_no_folder| fs::remove_file(entry.path()));
        }
    }

    /// The names of what is staged of a set in the bucket.
    pub(crate) async fn staged(&self, set: &str) -> Vec<String> {
        self.bucket.names(&format!("spins/staged/{}/", set.rsplit('/').next().unwrap())).await
    }
}

/// `girasol work`, which is killed with its value.
pub(crate) struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asks again until there is an answer.
pub(crate) async fn until<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let asked = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_elapsed| panic!("{what}"))
}
