//! The way from an embedded installation to a Postgres server, and back: a command each, which may be killed.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use crate::girasol::{RING, Server, girasol, header, ingest, is_scaled, sequence};

/// A data folder with a spin, and an empty database of a server.
struct Move {
    folder: tempfile::TempDir,
    url: String,
}

impl Move {
    /// `None` on a laptop that has no Postgres, and where the binary's databases are a server's already.
    fn begin(name: &str) -> Option<Self> {
        let databases = crate::postgres::address()?;
        if is_scaled() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let name = format!("{name}_{}", std::process::id());
        psql(&format!("{databases}/postgres"), &format!("create database {name}"));
        ingest(folder.path(), "yellow-gold", [212, 175, 95], 12);
        Some(Self { folder, url: format!("{databases}/{name}") })
    }

    fn data(&self) -> &Path {
        self.folder.path()
    }

    /// A file of settings that names the server's database.
    fn config(&self) -> PathBuf {
        let config = self.data().join("server.toml");
        fs::write(&config, format!("[database]\nurl = '{}'\n", self.url)).unwrap();
        config
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = girasol();
        command.args(arguments).arg("--data").arg(self.data()).args(["--listen", "127.0.0.1:0"]);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn is_refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
    }
}

/// The first line of the answer.
fn psql(url: &str, sql: &str) -> String {
    let output = Command::new("psql").args(["-qAtX", "-c", sql, url]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned()
}

/// Keeps a table from being written to, until it is killed.
fn lock(url: &str, table: &str) -> Child {
    let mut psql = Command::new("psql");
    let mut psql = psql.args(["-qAtX", url]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let sql = format!("begin; lock table {table} in share row exclusive mode; select 'locked';\n");
    psql.stdin.as_mut().unwrap().write_all(sql.as_bytes()).unwrap();
    let mut line = [0; 7];
    std::io::Read::read_exact(psql.stdout.as_mut().unwrap(), &mut line).unwrap();
    assert_eq!(&line, b"locked\n");
    psql
}

/// The manifest's bytes, and those of a file that it names.
async fn served(server: &Server) -> (Vec<u8>, Vec<u8>) {
    let manifest = server.get(&sequence(RING), &[]).await;
    assert_eq!(
        (manifest.status().as_u16(), header(manifest.headers(), "content-type")),
        (200, "application/json")
    );
    let manifest = manifest.bytes().await.unwrap().to_vec();
    let files = crate::s3::files(&serde_json::from_slice(&manifest).unwrap());
    let file = server.get(&files[0], &[]).await;
    assert_eq!(file.status(), 200, "{}", files[0]);
    (manifest, file.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn from_a_laptop_to_a_server_and_back_is_a_command_each_also_after_kill_9() {
    let Some(moved) = Move::begin("there_and_back") else { return };
    let (data, config) = (moved.data(), moved.config());
    let (config, copy) = (config.to_str().unwrap(), ["db", "copy", "--to", &moved.url]);
    let server = Server::start_over(data, &["serve"]);
    let before = served(&server).await;
    let said = moved.is_refused(&copy);
    assert!(said.contains("girasol.db") && said.contains("is running on"), "{said}");
    drop(server);

    // Killed while it waits to write the versions.
    moved.succeeds(&["migrate", "up", "--config", config]);
    psql(&moved.url, "delete from identity");
    let mut lock = lock(&moved.url, "versions");
    let mut copying = moved.command(&copy).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let waits = "select exists (select 1 from pg_stat_activity where datname = current_database()
        and application_name = 'girasol' and wait_event_type = 'Lock')";
    while psql(&moved.url, waits) == "f" {
        assert!(copying.try_wait().unwrap().is_none());
    }
    copying.kill().unwrap();
    copying.wait().unwrap();
    lock.kill().unwrap();
    lock.wait().unwrap();
    assert_eq!(psql(&moved.url, "select count(*) from configurations"), "1");
    let said = moved.is_refused(&["product", "list", "--config", config]);
    assert!(said.contains("is an unfinished copy of") && said.contains("girasol db copy"), "{said}");
    assert!(moved.succeeds(&["product", "list"]).contains("solitaire"));

    let said = moved.succeeds(&copy);
    assert!(said.starts_with("An earlier copy was gone on with.\n"), "{said}");
    assert!(said.contains("is sealed") && said.contains("database.url"), "{said}");
    for command in [&["serve"][..], &["work"], &["product", "list"], &["migrate", "status"], &copy] {
        let said = moved.is_refused(command);
        assert!(said.contains("was copied to") && said.contains("girasol db unseal"), "{said}");
    }
    let server = Server::start_over(data, &["serve", "--config", config]);
    assert_eq!(served(&server).await, before);
    let said = moved.is_refused(&["db", "copy", "--to", "elsewhere", "--config", config]);
    assert!(said.contains("is running on"), "{said}");
    drop(server);

    // Back into the same folder, whose objects are there still.
    let to_folder = ["db", "copy", "--json", "--config", config, "--to", data.to_str().unwrap()];
    let said = moved.is_refused(&to_folder);
    assert!(said.contains("\"slug\":\"database-sealed\""), "{said}");
    fs::rename(data.join("girasol.db"), data.join("sealed.db")).unwrap();
    let said: serde_json::Value = serde_json::from_str(&moved.succeeds(&to_folder)).unwrap();
    assert_eq!((&said["began"], &said["sealed"]), (&"empty".into(), &true.into()));
    assert_eq!(served(&Server::start_over(data, &["serve"])).await, before);
    moved.is_refused(&["serve", "--config", config]);
    assert!(moved.succeeds(&["db", "unseal", "--config", config]).contains("is open again"));
    assert_eq!(served(&Server::start_over(data, &["serve", "--config", config])).await, before);
}

#[test]
fn a_copy_that_cannot_be_made_says_why_and_shows_no_password() {
    let Some(moved) = Move::begin("refused") else { return };
    for (to, says) in [
        ("postgres://girasol:hunter2@127.0.0.1:1/girasol", "girasol at 127.0.0.1:1 cannot be reached"),
        ("postgres://girasol:hunter2@127.0.0.1:1/girasol", "No server listens at this host and port"),
        ("postgres://girasol:hunter2@db.example/girasol?password=hunter2", "--to: the URL has a parameter"),
        ("mysql://girasol:hunter2@db.example/girasol", "--to: the URL must be an address"),
        ("s3://spins/girasol", "--to: the URL names a bucket, which can hold objects and no database"),
        ("/dev/null/folder", "the folder /dev/null/folder cannot be made"),
    ] {
        let said = moved.is_refused(&["db", "copy", "--to", to]);
        assert!(said.contains(says) && !said.contains("hunter2"), "{said}");
    }
    assert!(moved.succeeds(&["product", "list"]).contains("solitaire"));
    let empty = tempfile::tempdir().unwrap();
    let mut nothing = girasol();
    let output = nothing.args(["db", "unseal", "--data"]).arg(empty.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("there is no database"), "{said}");
    assert_eq!(crate::girasol::names(empty.path()), [""; 0]);
}
