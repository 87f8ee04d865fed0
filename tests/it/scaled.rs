//! Several processes over one Postgres server, which goes away and comes back.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::girasol::{RING, ROSE, Server, girasol, ingest_with, names, sequence};

/// A server of its own, since it is stopped.
pub(crate) struct Postgres {
    _child: Child,
    pub(crate) address: String,
}

impl Postgres {
    /// `None` on a laptop that has no Postgres.
    pub(crate) fn start() -> Option<Self> {
        crate::postgres::address()?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/postgres/server.sh");
        let mut child = Command::new(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Some(Self { _child: child, address: address.trim().to_owned() })
    }

    pub(crate) fn folder(&self) -> PathBuf {
        let (_, folder) = self.address.split_once('@').unwrap();
        folder.replace("%2F", "/").into()
    }

    /// `pg_ctl`, as the user whose server it is.
    pub(crate) fn control(&self, arguments: &[&str]) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/postgres/control.sh");
        let mut control = Command::new(script);
        let status = control.arg(self.folder()).args(arguments).stdout(Stdio::null()).status().unwrap();
        assert!(status.success(), "{arguments:?}");
    }

    fn run(&self, sql: &str) {
        let mut psql = Command::new("psql");
        psql.args(["-q", "-U", "girasol", "-d", "postgres", "-c", sql, "-h"]).arg(self.folder());
        psql.stdout(Stdio::null());
        assert!(psql.status().unwrap().success(), "{sql}");
    }

    /// Sends every process of the server a signal.
    fn signal(&self, name: &str) {
        let file = fs::read_to_string(self.folder().join("data/postmaster.pid")).unwrap();
        let pid = file.lines().next().unwrap();
        Command::new("pkill").arg(format!("-{name}")).args(["-P", pid]).status().unwrap();
        Command::new("kill").args(["-s", name, pid]).status().unwrap();
    }
}

/// A data folder whose database is the server's.
struct Cluster {
    folder: tempfile::TempDir,
    postgres: Postgres,
}

impl Cluster {
    fn start() -> Option<Self> {
        let (folder, postgres) = (tempfile::tempdir().unwrap(), Postgres::start()?);
        let config = format!("[cache]\nwarm = 0\n[database]\nurl = '{}/postgres'\n", postgres.address);
        fs::write(folder.path().join("girasol.toml"), config).unwrap();
        Some(Self { folder, postgres })
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
}

/// Every answer of this long is the one that a visitor wants.
async fn is_served_for(server: &Server, time: Duration) {
    let began = Instant::now();
    while began.elapsed() < time {
        let response = server.get(&sequence(RING), &[]).await;
        assert_eq!(response.status(), 200, "{:?} after it began", began.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Requests that are refused unless something has been published since the database was asked last.
struct Unsure<'a>(&'a Server);

impl Unsure<'_> {
    /// Status codes: of a sequence, a product, a choice in a product's address, and choices that are configured.
    async fn answer(&self, statuses: &[u16; 4]) {
        let product = "/api/products/customizable/ring/solitaire";
        let unknown = r#"{"choices": {"metal": "tin"}}"#;
        let server = self.0;
        let answers = [
            server.get(&sequence(ROSE), &[]).await,
            server.get("/api/products/customizable/ring/unknown", &[]).await,
            server.get(&format!("{product}?metal=tin"), &[]).await,
            server.post("/api/products/customizable/ring.solitaire/configure", unknown).await,
        ];
        assert_eq!(answers.map(|answer| answer.status().as_u16()), *statuses);
    }
}

/// Longer than pointers are cached.
const A_WHILE: Duration = Duration::from_secs(4);

#[tokio::test]
async fn spins_are_served_while_the_database_is_away_and_changes_are_seen_once_it_is_back() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.ingest("yellow-gold");
    let (here, there) = (cluster.serve(), cluster.serve());
    for server in [&here, &there] {
        is_served_for(server, Duration::ZERO).await;
        assert_eq!(server.get(&sequence(RING), &[]).await.status(), 200);
    }

    let unsure = Unsure(&here);
    unsure.answer(&[404, 404, 400, 422]).await;

    cluster.postgres.control(&["stop", "-m", "immediate"]);
    is_served_for(&here, A_WHILE).await;
    unsure.answer(&[503; 4]).await;
    here.until("/api/health/ready", 503).await;
    cluster.postgres.control(&["start", "-w"]);
    here.until("/api/health/ready", 200).await;
    is_served_for(&here, Duration::ZERO).await;

    // It answers nothing, and no connection breaks.
    cluster.postgres.signal("STOP");
    is_served_for(&here, A_WHILE).await;
    cluster.postgres.signal("CONT");
    here.until("/api/health/ready", 200).await;

    cluster.girasol(&["take-down", RING, "--yes"]);
    for server in [&here, &there] {
        server.until(&sequence(RING), 410).await;
    }
}

#[tokio::test]
async fn a_server_starts_over_a_standby_and_serves_what_is_live() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.ingest("yellow-gold");
    cluster.postgres.run("alter database postgres set default_transaction_read_only = on");
    let server = cluster.serve();
    is_served_for(&server, Duration::ZERO).await;
    server.until("/api/health/ready", 503).await;
    // It is the one that takes writes by now.
    cluster.postgres.run("begin read write; alter database postgres reset all; commit");
    cluster
        .postgres
        .run("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'girasol'");
    server.until("/api/health/ready", 200).await;
}

#[tokio::test]
async fn the_way_from_an_empty_server_to_a_spin_and_back_is_a_command_each() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.postgres.run("create table posts (id int)");
    for action in [&["status"][..], &["up"], &["down", "--to", "0", "--lose-data"]] {
        let mut refused = girasol();
        let output =
            refused.arg("migrate").args(action).args(["--config", &cluster.config()]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains("a database of another program"), "{said}");
    }
    cluster.postgres.run("drop table posts");
    let status = cluster.girasol(&["migrate", "status"]);
    assert!(status.contains("pending") && !status.contains("applied"), "{status}");
    let names = names(&Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres"));
    let numbers: BTreeSet<u32> = names.iter().map(|name| name[..4].parse().unwrap()).collect();
    let [.., before, newest] = numbers.into_iter().collect::<Vec<_>>()[..] else { panic!("there are some") };
    assert!(cluster.girasol(&["migrate", "up"]).ends_with(&format!("The schema is {newest}.\n")));
    let again = format!("No migration was applied. The schema is {newest}.\n");
    assert_eq!(cluster.girasol(&["migrate", "up"]), again);
    let before = before.to_string();
    assert_eq!(
        cluster.girasol(&["migrate", "down", "--to", &before]),
        format!("1 migration was undone. The schema is {before}.\n")
    );
    cluster.ingest("yellow-gold");
    assert_eq!(cluster.serve().get(&sequence(RING), &[]).await.status(), 200);
    let mut refused = girasol();
    let refused = refused.args(["migrate", "down", "--to", "0", "--config", &cluster.config()]);
    let output = refused.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && said.contains("would lose") && said.contains("--lose-data"),
        "{said}"
    );
}
