//! The S3 server for the tests of this process: started when the first asks for it, ended with the process.
//!
//! It is moto, unless `GIRASOL_S3` says `swift` or names any other that runs already by its address; its credentials are then
//! those of the environment, and what the tests leave there stays.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
};

/// What the tests know of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// Checks neither signatures nor rights.
    Moto,
    /// Checks both, and knows no conditional PUT.
    Swift,
    /// Is at this address.
    Other(String),
}

static KIND: LazyLock<Kind> = LazyLock::new(|| match std::env::var("GIRASOL_S3").as_deref() {
    Err(_) | Ok("" | "moto") => Kind::Moto,
    Ok("swift") => Kind::Swift,
    Ok(address) if address.starts_with("http://") => Kind::Other(address.trim_end_matches('/').to_owned()),
    Ok(other) => panic!("GIRASOL_S3 is moto, swift or http://HOST:PORT, and not {other}"),
});

/// The id of a key that may do everything, and its secret.
pub(crate) fn credentials() -> (String, String) {
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    match &*KIND {
        Kind::Moto => ("test-key".to_owned(), "a-test-secret".to_owned()),
        Kind::Swift => ("girasol:tests".to_owned(), "a-test-secret".to_owned()),
        Kind::Other(_) => (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")),
    }
}

/// Of a key that may do nothing in other keys' buckets.
pub(crate) fn stranger() -> Option<(String, String)> {
    is_swift().then(|| ("girasol:stranger".to_owned(), "another-test-secret".to_owned()))
}

/// Whether the server is Swift.
pub(crate) fn is_swift() -> bool {
    *KIND == Kind::Swift
}

/// Whether it is moto, which knows more of S3's protocol than others and checks less.
pub(crate) fn is_moto() -> bool {
    *KIND == Kind::Moto
}

/// `http://HOST:PORT`, or nothing on a laptop that has no such server. In CI it has to be there.
pub(crate) fn address() -> Option<&'static str> {
    if let Kind::Other(address) = &*KIND {
        return Some(address);
    }
    let remedy = if is_swift() { "scripts/setup.sh test" } else { "make setup-moto" };
    match &*SERVER {
        Some(server) => Some(&server.address),
        None if std::env::var_os("CI").is_some() => panic!("the S3 server is missing: {remedy}"),
        None => {
            eprintln!("skipped: there is no S3 server here ({remedy})");
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
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bucket_server");
    let mut command = if is_swift() {
        // Debian's, which has Debian's packages.
        let mut command = Command::new("/usr/bin/python3");
        command.arg("-B").arg(scripts.join("start_swift.py"));
        for (key, secret) in [Some(credentials()), stranger()].into_iter().flatten() {
            command.arg(format!("{key}:{secret}"));
        }
        command
    } else {
        let mut command = Command::new(moto()?);
        command.arg(scripts.join("start_moto.py"));
        command
    };
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    let mut address = String::new();
    BufReader::new(child.stdout.take()?).read_line(&mut address).ok()?;
    let address = address.trim().to_owned();
    (!address.is_empty()).then_some(Server { address, _child: child })
});

/// The Python that the Makefile has put moto into.
fn moto() -> Option<PathBuf> {
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
