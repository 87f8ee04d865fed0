//! The set-up of a cache as the guide prints it, followed over a copy of what Debian's packages lay down.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command, time::Duration};

use reqwest::Method;
use tempfile::TempDir;

use crate::{
    docs::blocks,
    front::{Cache, Front, PURGE_MODULE, free_address, system, temporary_paths},
    girasol::{RING, Server, girasol, header, sequence},
};

/// nginx.conf as Debian has it, apart from where it lies.
const NGINX: &str = "
include modules-enabled/*.conf;
pid nginx.pid;
worker_processes 1;
error_log stderr notice;
events { worker_connections 512; }
http {
    sendfile on;
    tcp_nopush on;
    types_hash_max_size 2048;
    default_type application/octet-stream;
    access_log off;
    gzip on;
    include conf.d/*.conf;
    include sites-enabled/*;
";

/// Its welcome page.
const WELCOME: &str = "
server {
    LISTEN
    server_name _;
    location / { return 200 'Welcome to nginx!'; }
}
";

/// A machine on which the packages are installed, in a folder.
struct Debian {
    folder: TempDir,
    /// `127.0.0.1:PORT`: what the guide calls port 80.
    at: String,
}

impl Debian {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for path in
            ["bin", "etc/nginx/conf.d", "etc/nginx/sites-enabled", "etc/nginx/modules-enabled", "etc/varnish"]
        {
            fs::create_dir_all(folder.path().join(path)).unwrap();
        }
        Self { folder, at: free_address() }
    }

    fn port(&self) -> &str {
        self.at.rsplit_once(':').unwrap().1
    }

    /// A program on the machine's PATH.
    fn program(&self, name: &str, script: &str) {
        let path = self.folder.path().join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\nset -eu\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs the block of the guide that prints a configuration for this cache, in front of `server`.
    fn follow_the_guide(&self, cache: &str, server: &Server) {
        let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guides/behind-a-cdn.md");
        let guide = fs::read_to_string(guide).unwrap();
        let install = format!("apt-get install --yes {cache}");
        let block = blocks(&guide).into_iter().find(|block| block.text.starts_with(&install)).unwrap();
        let root = self.folder.path().to_str().unwrap();
        let origin = server.base.trim_start_matches("http://");
        let script = block.text.replace("/etc/", &format!("{root}/etc/")).replace("10.0.0.5:8360", origin);
        let binary = girasol().get_program().to_str().unwrap().to_owned();
        let (port, cache) = (self.port(), format!("{root}/cache"));
        self.program("girasol", &format!("exec {binary} \"$@\" --edge-listen {port} --edge-cache {cache}"));
        self.program("apt-get", "");
        let path = format!("{root}/bin:{}", std::env::var("PATH").unwrap());
        let mut sh = Command::new("sh");
        let output = sh.args(["-euc", &script]).env("PATH", path).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test]
async fn nginx_on_a_fresh_debian_serves_girasol_by_the_steps_of_the_guide() {
    if !Cache::Nginx.is_here() {
        return;
    }
    let debian = Debian::new();
    let (root, etc) = (debian.folder.path().to_owned(), debian.folder.path().join("etc/nginx"));
    fs::write(etc.join("nginx.conf"), format!("{NGINX}{}}}\n", temporary_paths())).unwrap();
    fs::write(etc.join("modules-enabled/50-purge.conf"), format!("load_module {PURGE_MODULE};\n")).unwrap();
    let port = debian.port();
    let listen = format!("listen {port} default_server; listen [::]:{port} default_server;");
    fs::write(etc.join("sites-enabled/default"), WELCOME.replace("LISTEN", &listen)).unwrap();
    let (nginx, prefix) = (system("nginx"), root.to_str().unwrap());
    let options = format!("-e stderr -p {prefix} -c etc/nginx/nginx.conf");
    debian.program("nginx", &format!("exec {nginx} {options} \"$@\""));
    debian.program("systemctl", &format!("test \"$*\" = 'reload nginx'\nexec {nginx} {options} -s reload"));
    let mut command = Command::new(&nginx);
    command.args(options.split(' ')).args(["-g", "daemon off; user root root;"]);
    let server = Server::start();
    let front = Front::run(Cache::Nginx, command, &debian.at, tempfile::tempdir().unwrap());
    assert_eq!(front.get("/", &[]).await.text().await.unwrap(), "Welcome to nginx!");

    debian.follow_the_guide("nginx", &server);
    let path = sequence(RING);
    for name in ["spins.example", &debian.at, "[::1]"] {
        let host = ("host", name);
        // nginx changes over by itself, a moment later, and ends what is left of connections.
        let is_there = async || {
            let answer = front.request(Method::GET, &path).header(host.0, host.1).send().await;
            answer.is_ok_and(|answer| !header(answer.headers(), "x-cache").is_empty())
        };
        let changed = async { while !is_there().await {} };
        tokio::time::timeout(Duration::from_mins(1), changed).await.expect("nginx serves the spin");
    }
    let purge = format!("/purge{path}?tier=standard&frames=36&format=webp");
    let spin = front.get(&path, &[]).await;
    assert_eq!(spin.status(), 200);
    // It is in the cache when it is through.
    spin.bytes().await.unwrap();
    assert_eq!(front.get(&purge, &[]).await.status(), 200, "purges reach it by its address");
}

#[tokio::test]
async fn varnish_on_a_fresh_debian_serves_girasol_by_the_steps_of_the_guide() {
    if !Cache::Varnish.is_here() {
        return;
    }
    let debian = Debian::new();
    debian.program("systemctl", "");
    let server = Server::start();
    debian.follow_the_guide("varnish", &server);
    let unit = debian.folder.path().join("etc/systemd/system/varnish.service.d/girasol.conf");
    let unit = fs::read_to_string(unit).unwrap();
    let starts: Vec<&str> = unit.lines().filter_map(|line| line.strip_prefix("ExecStart=")).collect();
    // Without the empty line systemd would have two commands, and refuse the unit.
    let ["", start] = starts[..] else { panic!("{unit}") };
    let start = start.replace("-a :80", &format!("-a {}", debian.at)).replace("unix,user=vcache", "none");
    let mut words = start.split(' ');
    let mut command = Command::new(words.next().unwrap());
    command.args(words).arg("-n").arg(debian.folder.path().join("varnish"));
    let front = Front::run(Cache::Varnish, command, &debian.at, tempfile::tempdir().unwrap());
    for did in ["MISS", "HIT"] {
        assert_eq!(front.cached(&sequence(RING), &[]).await.0, did);
    }
}
