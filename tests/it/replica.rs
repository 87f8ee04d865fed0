//! A server with a streaming replica of its database, which is behind, away, or a server of its own by now.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    alert_fixture::{QUICK, quick, until_all_fire, until_none_holds},
    girasol::{RING, ROSE, Server, girasol, ingest_with, sequence},
    scaled::Postgres,
};

/// Longer than pointers are cached, and than a replica is left that did not answer.
const A_WHILE: Duration = Duration::from_secs(3);

/// A data folder whose database is a server's that has a replica.
struct Pair {
    folder: tempfile::TempDir,
    primary: Postgres,
    port: String,
    child: Child,
}

impl Pair {
    /// `None` on a laptop that has no Postgres.
    fn start() -> Option<Self> {
        let (folder, primary) = (tempfile::tempdir().unwrap(), Postgres::start()?);
        // Otherwise commits wait for a moment before they are sent.
        psql(&primary.folder(), "5432", "alter system set synchronous_commit = on");
        psql(&primary.folder(), "5432", "select pg_reload_conf()");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/postgres/replica.sh");
        let mut command = Command::new(script);
        command.arg(primary.folder()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let port = port.trim().to_owned();
        assert!(!port.is_empty(), "the replica did not start");
        let pair = Self { folder, primary, port, child };
        pair.configure(&format!("replica_url = '{}:{}/postgres'\n", pair.primary.address, pair.port));
        Some(pair)
    }

    fn configure(&self, replica: &str) {
        let address = &self.primary.address;
        // Four clients of one address ask as fast as they can.
        let config = format!(
            "limits.enabled = false\ncache.warm = 0\n[database]\nurl = '{address}/postgres'\n{replica}"
        );
        fs::write(self.folder.path().join("girasol.toml"), config).unwrap();
    }

    fn config(&self) -> String {
        self.folder.path().join("girasol.toml").to_str().unwrap().to_owned()
    }

    fn ingest(&self, metal: &str) {
        ingest_with(self.folder.path(), metal, [212, 175, 95], 12, &["--config", &self.config()]);
    }

    fn serve(&self) -> Server {
        Server::start_over(self.folder.path(), &["serve", "--config", &self.config()])
    }

    fn girasol(&self, arguments: &[&str]) -> String {
        let mut command = girasol();
        let command = command.args(arguments).args(["--config", &self.config(), "--data"]);
        let output = command.arg(self.folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// A key.
    fn admin(&self) -> String {
        self.girasol(&["key", "create", "--role", "admin"]).trim().to_owned()
    }

    fn on_replica(&self, sql: &str) -> String {
        psql(&self.primary.folder(), &self.port, sql)
    }

    fn control_replica(&self, arguments: &[&str]) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/postgres/control.sh");
        let mut control = Command::new(script);
        control.arg(self.primary.folder().join("replica")).args(arguments).stdout(Stdio::null());
        assert!(control.status().unwrap().success(), "{arguments:?}");
    }

    fn signal_replica(&self, name: &str) {
        let file = fs::read_to_string(self.primary.folder().join("replica/data/postmaster.pid")).unwrap();
        let pid = file.lines().next().unwrap();
        Command::new("pkill").arg(format!("-{name}")).args(["-P", pid]).status().unwrap();
        Command::new("kill").args(["-s", name, pid]).status().unwrap();
    }

    /// Requests until the replica has answered one: its connections say what they were asked last.
    async fn until_the_replica_answers(&self, server: &Server) {
        const ASKED: &str = "select count(*) from pg_stat_activity
            where application_name = 'girasol' and query like '%live_version%'";
        let asked = async {
            while self.on_replica(ASKED) == "0" {
                server.get(&sequence(RING), &[]).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), asked).await.expect("the replica is asked in time");
    }
}

impl Drop for Pair {
    /// The replica ends before the folder is gone that it is in.
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn psql(folder: &Path, port: &str, sql: &str) -> String {
    let mut psql = Command::new("psql");
    psql.args(["-qAt", "-U", "girasol", "-d", "postgres", "-p", port, "-c", sql, "-h"]).arg(folder);
    let output = psql.output().unwrap();
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_replica_that_has_stopped_raises_an_alert_until_it_is_back() {
    let Some(pair) = Pair::start() else { return };
    let config = fs::read_to_string(pair.config()).unwrap();
    fs::write(pair.config(), format!("{config}{QUICK}{}", quick("replica-away", ""))).unwrap();
    let admin = format!("Bearer {}", pair.admin());
    let server = pair.serve();
    until_the_replica_is(&server, "ready").await;
    pair.control_replica(&["stop", "-m", "immediate"]);
    until_all_fire(&server, &admin, &["replica-away"]).await;
    pair.control_replica(&["start", "-w"]);
    until_none_holds(&server, &admin, &["replica-away"]).await;
}

/// What the health of the server says of its replica.
async fn until_the_replica_is(server: &Server, state: &str) {
    let asked = async {
        loop {
            let health: Value = server.until("/api/health/ready", 200).await.json().await.unwrap();
            if health["replica"] == state {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), asked).await.expect("the replica is found so in time");
}

/// Every answer of this long is this one.
async fn stays(server: &Server, configuration: &str, status: u16, time: Duration) {
    let began = Instant::now();
    while began.elapsed() < time {
        let response = server.get(&sequence(configuration), &[]).await;
        assert_eq!(response.status(), status, "{configuration}, {:?} after it began", began.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_replica_that_is_behind_hides_no_change_also_from_a_server_that_starts() {
    let Some(pair) = Pair::start() else { return };
    pair.ingest("yellow-gold");
    let here = pair.serve();
    pair.until_the_replica_answers(&here).await;
    until_the_replica_is(&here, "ready").await;

    pair.on_replica("select pg_wal_replay_pause()");
    pair.ingest("rose-gold");
    here.until(&sequence(ROSE), 200).await;
    stays(&here, ROSE, 200, A_WHILE).await;
    until_the_replica_is(&here, "behind").await;
    pair.girasol(&["take-down", RING, "--yes"]);
    here.until(&sequence(RING), 410).await;
    pair.girasol(&["protect", ROSE]);
    here.until(&sequence(ROSE), 403).await;
    let there = pair.serve();
    for server in [&there, &here] {
        stays(server, RING, 410, A_WHILE / 2).await;
        stays(server, ROSE, 403, A_WHILE / 2).await;
    }

    pair.on_replica("select pg_wal_replay_resume()");
    for server in [&here, &there] {
        until_the_replica_is(server, "ready").await;
        stays(server, RING, 410, A_WHILE).await;
        stays(server, ROSE, 403, Duration::ZERO).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_dies_hangs_or_becomes_a_server_of_its_own_fails_no_request() {
    let Some(pair) = Pair::start() else { return };
    pair.ingest("yellow-gold");
    let server = Arc::new(pair.serve());
    pair.until_the_replica_answers(&server).await;

    let has_ended = Arc::new(AtomicBool::new(false));
    let load = (0..4).map(|client| {
        let (server, has_ended) = (server.clone(), has_ended.clone());
        tokio::spawn(async move {
            let mut requests = 0;
            while !has_ended.load(Ordering::Relaxed) {
                // The second is in no cache.
                let new = format!("ring.solitaire.metal-m{client}x{requests}");
                for (configuration, status) in [(RING, 200), (&new, 404)] {
                    let response = server.get(&sequence(configuration), &[]).await;
                    assert_eq!(response.status(), status, "{configuration}");
                }
                requests += 1;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            requests
        })
    });
    let load: Vec<_> = load.collect();
    tokio::time::sleep(A_WHILE).await;
    pair.control_replica(&["stop", "-m", "immediate"]);
    until_the_replica_is(&server, "away").await;
    tokio::time::sleep(A_WHILE).await;
    pair.control_replica(&["start", "-w"]);
    until_the_replica_is(&server, "ready").await;
    pair.signal_replica("STOP");
    until_the_replica_is(&server, "away").await;
    pair.signal_replica("CONT");
    until_the_replica_is(&server, "ready").await;
    pair.control_replica(&["promote", "-w"]);
    until_the_replica_is(&server, "foreign").await;
    has_ended.store(true, Ordering::Relaxed);
    for load in load {
        assert!(load.await.unwrap() > 100);
    }

    // What is written there is no truth of this database.
    pair.on_replica("update configurations set live_version = null");
    stays(&server, RING, 200, A_WHILE).await;
}

#[tokio::test]
async fn a_url_of_no_replica_is_found_out_and_not_asked() {
    let Some(postgres) = Postgres::start() else { return };
    let Some(pair) = Pair::start() else { return };
    pair.ingest("yellow-gold");
    for address in [&pair.primary.address, &postgres.address] {
        pair.configure(&format!("replica_url = '{address}/postgres'\n"));
        let server = pair.serve();
        until_the_replica_is(&server, "foreign").await;
        stays(&server, RING, 200, Duration::ZERO).await;
    }
}
