//! Starts the binary, and makes what it serves: once for all tests.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::LazyLock,
    thread::JoinHandle,
    time::Duration,
};

use crate::{bucket_server, postgres};
use futures_util::StreamExt as _;
use image::{Rgba, RgbaImage};
use reqwest::{Client, Method, RequestBuilder, Response, header::HeaderMap};
use serde_json::Value;

/// The configuration that has every tier.
pub(crate) const RING: &str = "ring.solitaire.metal-yellow-gold.stone-diamond";
/// Its sibling.
pub(crate) const ROSE: &str = "ring.solitaire.metal-rose-gold.stone-diamond";

/// The data folder that all tests read.
pub(crate) static DATA: LazyLock<PathBuf> = LazyLock::new(|| {
    let data = fresh_folder();
    ingest(&data, "yellow-gold", [212, 175, 95], 24);
    ingest(&data, "rose-gold", [210, 150, 130], 12);
    data
});

/// Whether the binary's databases are a server's: `GIRASOL_STACK` is `scaled` then.
pub(crate) fn is_scaled() -> bool {
    std::env::var("GIRASOL_STACK").is_ok_and(|stack| stack == "scaled")
}

/// The binary.
pub(crate) fn girasol() -> Command {
    let program = env!("CARGO_BIN_EXE_girasol");
    let mut command = match is_scaled().then(postgres::address).flatten() {
        Some(databases) => {
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/postgres/girasol.sh");
            let mut command = Command::new(script);
            command.env("PROGRAM", program).env("DATABASES", databases);
            command
        }
        None => Command::new(program),
    };
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIRASOL_") {
            command.env_remove(name);
        }
    }
    let (key, secret) = bucket_server::credentials();
    command.envs([("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", secret)]);
    command.envs([("AWS_CONFIG_FILE", "/dev/null"), ("AWS_EC2_METADATA_DISABLED", "true")]);
    command
}

/// Makes a key of a role.
pub(crate) fn key(data: &Path, role: &str) -> String {
    let output = girasol().args(["key", "create", "--role", role, "--data"]).arg(data).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A server over the shared data folder; it ends with its value.
pub(crate) struct Server {
    pub(crate) child: Child,
    /// `http://127.0.0.1:PORT`
    pub(crate) base: String,
    client: Client,
    log: Option<JoinHandle<std::io::Result<String>>>,
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Starts over the shared data folder.
    pub(crate) fn start() -> Self {
        Self::start_over(&DATA, &["serve"])
    }

    /// Starts a subcommand that serves.
    pub(crate) fn start_over(data: &Path, subcommand: &[&str]) -> Self {
        let mut command = girasol();
        command.args(subcommand);
        Self::start_by(command, data)
    }

    /// Starts over a data folder with settings of its own.
    pub(crate) fn start_with(data: &Path, settings: &str) -> Self {
        let config = data.join("girasol.toml");
        fs::write(&config, settings).unwrap();
        let mut command = girasol();
        command.args(["serve", "--config", config.to_str().unwrap()]);
        if settings.contains("[limits]") {
            Self::listen(command, data)
        } else {
            Self::start_by(command, data)
        }
    }

    /// Starts a command that serves, however it does so. A test that waits may ask as fast as the server answers.
    pub(crate) fn start_by(mut command: Command, data: &Path) -> Self {
        for limit in ["READS_PER_MINUTE", "KEY_READS_PER_MINUTE", "ABSENT_PER_MINUTE"] {
            let name = format!("GIRASOL_LIMITS__{limit}");
            if !command.get_envs().any(|(own, _)| own == name.as_str()) {
                command.env(name, "10000000");
            }
        }
        Self::listen(command, data)
    }

    fn listen(mut command: Command, data: &Path) -> Self {
        command.arg("--data").arg(data).args(["--listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let Some(base) = line.trim().strip_prefix("Girasol is at ") else {
            let mut log = String::new();
            child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
            panic!("the server did not start: {line}{log}");
        };
        // A pipe without a reader would stop the server when it is full.
        let mut stderr = child.stderr.take().unwrap();
        let log = std::thread::spawn(move || {
            let mut log = String::new();
            stderr.read_to_string(&mut log).map(|_| log)
        });
        let client = plain_client();
        Self { child, base: base.trim_end_matches('/').to_owned(), client, log: Some(log), _stdout: stdout }
    }

    /// Sends the process a signal.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// Waits until the process has ended, and gives its exit code and all that it logged.
    pub(crate) fn ended(&mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        (code, self.log.take().unwrap().join().unwrap().unwrap())
    }

    /// A request that nothing is added to.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// GET with headers.
    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        self.send(Method::GET, path, headers).await
    }

    /// Any method with headers.
    pub(crate) async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
        let request = self.request(method, path);
        headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value))
            .send()
            .await
            .unwrap()
    }

    /// Requests a file a thousand times, half of them at once, since one peer may have some thousand connections; each answer is
    /// the whole of it.
    pub(crate) async fn get_a_thousand_times(&self, file: &str, whole: &[u8]) {
        let ask = async || {
            let response = self.get(file, &[]).await;
            assert_eq!(response.status(), 200);
            assert_eq!(response.bytes().await.unwrap(), *whole);
        };
        futures_util::stream::iter(0..1000).map(|_| ask()).buffer_unordered(500).collect::<()>().await;
    }

    /// Asks until the answer has this status: the server checks by itself, every few seconds.
    pub(crate) async fn until(&self, path: &str, status: u16) -> Response {
        let asked = async {
            loop {
                let response = self.get(path, &[]).await;
                if response.status() == status {
                    return response;
                }
            }
        };
        tokio::time::timeout(Duration::from_mins(1), asked)
            .await
            .expect("the server changes its mind in time")
    }

    /// POSTs JSON.
    pub(crate) async fn post(&self, path: &str, body: &str) -> Response {
        self.request(Method::POST, path)
            .header("content-type", "application/json")
            .body(body.to_owned())
            .send()
            .await
            .unwrap()
    }

    /// GETs JSON that is there.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let response = self.get(path, &[]).await;
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    /// The negotiated manifest of the ring.
    pub(crate) async fn ring(&self) -> Value {
        self.json(&sequence(RING)).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client that decodes nothing and follows no redirect.
pub(crate) fn plain_client() -> Client {
    let client = Client::builder().no_brotli().no_gzip().no_zstd().no_proxy();
    client.redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// Ingests a platinum ring and serves it. Gives the server and an admin's `Authorization`.
pub(crate) fn served_to_an_admin(data: &Path) -> (Server, String) {
    ingest(data, "platinum", [220, 220, 225], 12);
    let server = Server::start_over(data, &["serve"]);
    (server, format!("Bearer {}", key(data, "admin")))
}

/// Where a configuration's manifest is.
pub(crate) fn sequence(configuration: &str) -> String {
    format!("/api/products/customizable/{configuration}/sequence")
}

/// A header as text; missing is empty.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

/// Asserts an RFC 9457 body of this status, and gives its slug.
pub(crate) async fn problem(response: Response, status: u16) -> String {
    assert_eq!(response.status(), status, "{}", response.url());
    assert_eq!(header(response.headers(), "content-type"), "application/problem+json");
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["status"], status);
    assert!(body["title"].is_string());
    body["type"].as_str().unwrap().strip_prefix("urn:problem-type:girasol:").unwrap().to_owned()
}

/// A folder of this run; those of runs that are over are removed.
fn fresh_folder() -> PathBuf {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for entry in fs::read_dir(all).unwrap().flatten() {
        let name = entry.file_name();
        let run = name.to_str().and_then(|name| name.strip_prefix("it-"));
        if run.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            // Another run may be removing it as well.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let folder = all.join(format!("it-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Publishes a drawn turn.
pub(crate) fn ingest(data: &Path, metal: &str, colour: [u8; 3], frames: u32) {
    ingest_with(data, metal, colour, frames, &[]);
}

/// The same, with flags.
pub(crate) fn ingest_with(data: &Path, metal: &str, colour: [u8; 3], frames: u32, flags: &[&str]) {
    let turn = data.join(format!("raw-{metal}"));
    draw_turn(&turn, colour, frames);
    let mut ingest = girasol();
    // Small pictures: it is not the encoders that are tested here.
    for family in ["STILL", "SPIN", "HD"] {
        ingest.env(format!("GIRASOL_SIZES__{family}__AVIF_PX"), "64");
        ingest.env(format!("GIRASOL_SIZES__{family}__WEBP_PX"), "64");
    }
    let output = ingest
        .arg("ingest")
        .arg(&turn)
        .args([
            "--product",
            "ring/solitaire",
            "--choice",
            &format!("metal={metal}"),
            "--choice",
            "stone=diamond",
            "--new-choice",
        ])
        .args(flags)
        .arg("--data")
        .arg(data)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The names of what is in a folder, in order.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Writes a turn as an artist would.
pub(crate) fn draw_turn(folder: &Path, colour: [u8; 3], frames: u32) {
    fs::create_dir_all(folder).unwrap();
    for index in 0..frames {
        draw(colour, f64::from(index) / f64::from(frames))
            .save(folder.join(format!("{index:03}.png")))
            .unwrap();
    }
}

/// Takes half of the light from a frame.
pub(crate) fn darken(file: &Path) {
    let mut frame = image::open(file).unwrap().into_rgba8();
    for pixel in frame.pixels_mut() {
        for value in &mut pixel.0[..3] {
            *value = (f32::from(*value) * 0.73) as u8;
        }
    }
    frame.save(file).unwrap();
}

/// A ring seen from the side with a stone that goes round, on nothing.
fn draw(colour: [u8; 3], turn: f64) -> RgbaImage {
    let angle = turn * std::f64::consts::TAU;
    let stone = (80.0 + 45.0 * angle.sin(), 62.0 + 14.0 * angle.cos());
    RgbaImage::from_fn(160, 160, |x, y| {
        let (x, y) = (f64::from(x), f64::from(y));
        let band = (((x - 80.0) / 48.0).powi(2) + ((y - 88.0) / 34.0).powi(2)).sqrt();
        let light = 0.65 + 0.35 * ((x - 80.0) / 40.0 + angle).cos();
        if (x - stone.0).hypot(y - stone.1) < 11.0 {
            Rgba([(170.0 + 60.0 * light) as u8, 225, 245, 255])
        } else if (band - 1.0).abs() < 0.16 {
            let [red, green, blue] = colour.map(|channel| (f64::from(channel) * light) as u8);
            Rgba([red, green, blue, 255])
        } else {
            Rgba([0, 0, 0, 0])
        }
    })
}
