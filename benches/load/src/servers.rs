//! The server that is measured, and nginx with the same bytes in files.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

/// A process that serves; it ends with its value.
#[derive(Debug)]
pub(crate) struct Serving {
    child: Child,
    /// `http://127.0.0.1:PORT`
    pub(crate) base: String,
    _folder: Option<TempDir>,
}

impl Serving {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // In order, so that nginx ends its own processes.
        let _ended = Command::new("kill").arg(self.child.id().to_string()).status();
        let _status = self.child.wait();
    }
}

fn girasol() -> Command {
    let program = std::env::var_os("GIRASOL").expect("GIRASOL is the program to measure");
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIRASOL_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command to its end, and gives what it prints.
pub(crate) fn run(arguments: &[&str]) -> String {
    run_with(arguments, &[])
}

/// The same, with settings in the environment.
pub(crate) fn run_with(arguments: &[&str], settings: &[(String, &str)]) -> String {
    let settings = settings.iter().map(|(name, value)| (name, value));
    let output = girasol().args(arguments).envs(settings).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Starts the server over a data folder, with more settings than those of all scenarios.
pub(crate) fn serve(data: &Path, settings: &str) -> Serving {
    let config = data.join("girasol.toml");
    fs::write(&config, format!("{}{settings}", include_str!("../girasol.toml"))).unwrap();
    let mut command = girasol();
    command.args(["serve", "--listen", "127.0.0.1:0", "--log", "error", "--data"]).arg(data);
    let mut child = command.arg("--config").arg(config).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    let base =
        line.trim().strip_prefix("Girasol is at ").unwrap_or_else(|| panic!("it did not start: {line}"));
    let base = base.trim_end_matches('/').to_owned();
    // A pipe without a reader would stop the server when it is full.
    std::thread::spawn(move || stdout.lines().map_while(Result::ok).for_each(drop));
    Serving { child, base, _folder: None }
}

/// Starts nginx over a folder of files.
pub(crate) fn nginx(files: &Path) -> Serving {
    let at = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let config = include_str!("../nginx.conf")
        .replace("FOLDER", folder.path().to_str().unwrap())
        .replace("FILES", files.to_str().unwrap())
        .replace("ADDRESS", &at);
    let file = folder.path().join("nginx.conf");
    fs::write(&file, config).unwrap();
    let program =
        Some(PathBuf::from("/usr/sbin/nginx")).filter(|path| path.exists()).unwrap_or("nginx".into());
    let mut command = Command::new(program);
    command.arg("-c").arg(file).arg("-p").arg(folder.path()).stderr(Stdio::inherit());
    let child = command.spawn().expect("nginx is installed by `make setup`");
    for _ in 0..200 {
        if std::net::TcpStream::connect(&at).is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Serving { child, base: format!("http://{at}"), _folder: Some(folder) }
}
