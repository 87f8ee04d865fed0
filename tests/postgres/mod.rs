//! A Postgres server for the tests of this process: started when the first asks for it, ended with the process.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::LazyLock,
};

/// The address of the server's databases, without their names; nothing on a laptop that has no Postgres. In CI it has to be
/// there.
pub(crate) fn address() -> Option<&'static str> {
    match &*SERVER {
        Some((address, _)) => Some(address),
        None if std::env::var_os("CI").is_some() => panic!("Postgres is missing: scripts/setup.sh test"),
        None => {
            eprintln!("skipped: there is no Postgres here (scripts/setup.sh test)");
            None
        }
    }
}

/// With the child's standard input, whose end is the server's.
static SERVER: LazyLock<Option<(String, Child)>> = LazyLock::new(|| {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/postgres/server.sh");
    let mut child = Command::new(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    let mut address = String::new();
    BufReader::new(child.stdout.take()?).read_line(&mut address).ok()?;
    let address = address.trim().to_owned();
    (!address.is_empty()).then_some((address, child))
});
