//! Real caches in front of a server: started with what `girasol edge` prints, on a free port.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use reqwest::{Client, Method, RequestBuilder, Response, header::HeaderValue};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
    task::JoinHandle,
};

use crate::girasol::{girasol, header, plain_client};

/// nginx's module, where Debian lays it.
pub(crate) const PURGE_MODULE: &str = "/usr/lib/nginx/modules/ngx_http_cache_purge_module.so";

/// The caches that run here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cache {
    Varnish,
    Nginx,
}

impl Cache {
    pub(crate) const ALL: [Self; 2] = [Self::Varnish, Self::Nginx];

    /// Missing it is a skip on a laptop, and a failure in CI.
    pub(crate) fn is_here(self) -> bool {
        let (found, what) = match self {
            Self::Varnish => (is_there("varnishd", "-V"), "varnishd"),
            Self::Nginx => {
                (is_there("nginx", "-v") && Path::new(PURGE_MODULE).exists(), "nginx and its purging")
            }
        };
        assert!(found || std::env::var_os("CI").is_none(), "{what} must be installed");
        found
    }
}

/// Whether a program can be started.
pub(crate) fn is_there(program: &str, flag: &str) -> bool {
    Command::new(program).arg(flag).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Servers lie where only root's PATH leads.
pub(crate) fn system(program: &str) -> String {
    let path = format!("/usr/sbin/{program}");
    if Path::new(&path).exists() { path } else { program.to_owned() }
}

/// What `girasol edge` prints.
pub(crate) fn printed(arguments: &[&str]) -> String {
    let output = girasol().arg("edge").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A cache that runs; it ends with its value.
pub(crate) struct Front {
    child: Child,
    /// `http://127.0.0.1:PORT`
    pub(crate) base: String,
    client: Client,
    _folder: TempDir,
}

impl Front {
    /// Starts in front of `127.0.0.1:PORT` or `http://127.0.0.1:PORT`.
    pub(crate) fn start(cache: Cache, origin: &str, settings: &[&str]) -> Self {
        Self::start_at(&free_address(), cache, origin, settings)
    }

    /// The same at an address that is known already.
    pub(crate) fn start_at(at: &str, cache: Cache, origin: &str, settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let origin = origin.trim_start_matches("http://");
        let kept = folder.path().join("cache");
        let name = if cache == Cache::Varnish { "varnish" } else { "nginx" };
        let mut arguments = vec![name, "--origin", origin, "--edge-listen", at, "--edge-cache"];
        arguments.push(kept.to_str().unwrap());
        arguments.extend(settings);
        let text = printed(&arguments);
        let command = match cache {
            Cache::Varnish => varnish(folder.path(), at, &text),
            Cache::Nginx => nginx(folder.path(), &text),
        };
        Self::run(cache, command, at, folder)
    }

    /// Runs the cache's own program, which listens at this address, until it serves.
    pub(crate) fn run(cache: Cache, mut command: Command, at: &str, folder: TempDir) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut said = String::new();
        let started = if cache == Cache::Varnish { "Child starts" } else { "start worker process " };
        while !said.contains(started) {
            let Some(line) = lines.next() else { panic!("{cache:?} did not start:\n{said}") };
            said.push_str(&line);
            said.push('\n');
        }
        // A pipe without a reader would stop it when it is full.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, base: format!("http://{at}"), client: plain_client(), _folder: folder }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// Any method with headers, in whatever bytes.
    pub(crate) async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
        let request = headers.iter().fold(self.request(method, path), |request, (name, value)| {
            request.header(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap())
        });
        request.send().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        self.send(Method::GET, path, headers).await
    }

    /// What the cache did for a GET that succeeds, and the body.
    pub(crate) async fn cached(&self, path: &str, headers: &[(&str, &str)]) -> (String, String) {
        let response = self.get(path, headers).await;
        assert_eq!(response.status(), 200, "{path}");
        let did = header(response.headers(), "x-cache").to_owned();
        (did, response.text().await.unwrap())
    }

    /// Sends so many equal requests at once, and calls `sent` when all of them are out.
    pub(crate) async fn crowd(&self, path: &str, count: usize, sent: impl FnOnce()) -> Vec<String> {
        let at = self.base.trim_start_matches("http://");
        let mut streams = Vec::new();
        for _ in 0..count {
            let mut stream = TcpStream::connect(at).await.unwrap();
            let request = format!("GET {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            streams.push(stream);
        }
        sent();
        let mut answers = Vec::new();
        for mut stream in streams {
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answers.push(answer);
        }
        answers
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        // Asked to, both take their children with them; killed, they would leave them behind.
        let _ = Command::new("kill").args(["-s", "TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

fn varnish(folder: &Path, at: &str, vcl: &str) -> Command {
    let file = folder.join("girasol.vcl");
    fs::write(&file, vcl).unwrap();
    let mut command = Command::new(system("varnishd"));
    // Without a jail, so that it needs no users of its own.
    command.args(["-F", "-j", "none", "-a", at, "-s", "malloc,64m", "-p", "http_gzip_support=off"]);
    command.arg("-n").arg(folder.join("varnish")).arg("-f").arg(file);
    command
}

fn nginx(folder: &Path, conf: &str) -> Command {
    fs::write(folder.join("girasol.conf"), conf).unwrap();
    let temporary = temporary_paths();
    // What a distribution's own nginx.conf says.
    let whole = format!(
        "load_module {PURGE_MODULE};\nuser root root;\ndaemon off;\npid nginx.pid;\nworker_processes 1;\nerror_log stderr notice;\n\
         events {{ worker_connections 512; }}\nhttp {{\n    access_log off;\n{temporary}    include girasol.conf;\n}}\n"
    );
    fs::write(folder.join("nginx.conf"), whole).unwrap();
    let mut command = Command::new(system("nginx"));
    command.args(["-e", "stderr", "-c", "nginx.conf", "-p"]).arg(folder);
    command
}

/// Lines for nginx, which has no folders of its own then outside of its prefix.
pub(crate) fn temporary_paths() -> String {
    ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("    {name}_temp_path {name};\n"))
        .concat()
}

/// `127.0.0.1:PORT`, where no server listens.
pub(crate) fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// An origin that answers as it is set, counts requests, and holds its responses until it is opened; of a
/// job's events it gives the first part at once.
pub(crate) struct Scripted {
    /// `127.0.0.1:PORT`
    pub(crate) at: String,
    asked: Arc<AtomicUsize>,
    gate: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Scripted {
    /// Answers everything but health with these header lines.
    pub(crate) async fn start(lines: &'static str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(AtomicUsize::new(0));
        let (gate, opened) = watch::channel(true);
        let counter = asked.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, lines, counter.clone(), opened.clone()));
            }
        });
        Self { at, asked, gate, task }
    }

    pub(crate) fn hold(&self) {
        self.gate.send_replace(false);
    }

    pub(crate) fn open(&self) {
        self.gate.send_replace(true);
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// From now on, connections are refused.
    pub(crate) async fn stop(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

async fn answer(
    mut stream: TcpStream,
    lines: &'static str,
    asked: Arc<AtomicUsize>,
    mut opened: watch::Receiver<bool>,
) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        request.push(byte);
    }
    let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{lines}");
    let whole = format!("{head}Content-Length: 5\r\n\r\nhello");
    let begun = format!("{head}Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n");
    let (now, later) = if request.starts_with(b"GET /api/health") {
        (whole.as_str(), "")
    } else if request.starts_with(b"GET /api/jobs/") {
        (begun.as_str(), "3\r\nllo\r\n0\r\n\r\n")
    } else {
        ("", whole.as_str())
    };
    // The client may have closed the connection.
    let _ = stream.write_all(now.as_bytes()).await;
    if !later.is_empty() {
        asked.fetch_add(1, Ordering::Relaxed);
        let _ = opened.wait_for(|open| *open).await;
        let _ = stream.write_all(later.as_bytes()).await;
    }
}
