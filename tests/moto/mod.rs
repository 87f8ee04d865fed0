//! An S3 server for the tests of this process: started when the first asks for it, ended with the process.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
};

/// `http://127.0.0.1:PORT`, or nothing on a laptop that has no moto. In CI it has to be there.
pub(crate) fn address() -> Option<&'static str> {
    match &*SERVER {
        Some(server) => Some(&server.address),
        None if std::env::var_os("CI").is_some() => panic!("moto is missing: make setup-moto"),
        None => {
            eprintln!("skipped: there is no moto here (make setup-moto)");
            None
        }
    }
}

struct Server {
    address: String,
    /// With its standard input, whose end is the server's.
    _child: Child,
}

static SERVER: LazyLock<Option<Server>> = LazyLock::new(|| {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/moto/server.py");
    let mut command = Command::new(python()?);
    let mut child = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    let mut address = String::new();
    BufReader::new(child.stdout.take()?).read_line(&mut address).ok()?;
    let address = address.trim().to_owned();
    (!address.is_empty()).then_some(Server { address, _child: child })
});

/// The one that the Makefile has put there.
fn python() -> Option<PathBuf> {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools");
    let mut found: Vec<PathBuf> = fs::read_dir(tools)
        .ok()?
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("moto-"))
        .map(|entry| entry.path().join("bin/python"))
        .filter(|python| python.exists())
        .collect();
    found.sort_unstable();
    found.pop()
}
