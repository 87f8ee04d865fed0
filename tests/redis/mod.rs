//! A Redis server for one test, which stores nothing on disk and ends with its value.

use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// A server on a port of its own.
pub(crate) struct Redis {
    port: u16,
    server: Child,
}

impl Redis {
    /// Nothing on a laptop that has no Redis. In CI it has to be there.
    pub(crate) fn start() -> Option<Self> {
        // The port is free until the server takes it, unless another test is given it in between.
        for _ in 0..10 {
            let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).ok()?.port();
            match Self::start_on(port) {
                Started::Answers(server) => return Some(Self { port, server }),
                Started::Ended => {}
                Started::NoProgram if std::env::var_os("CI").is_some() => {
                    panic!("Redis is missing: scripts/setup.sh test")
                }
                Started::NoProgram => {
                    eprintln!("skipped: there is no Redis here (scripts/setup.sh test)");
                    return None;
                }
            }
        }
        panic!("Redis has not started");
    }

    fn start_on(port: u16) -> Started {
        let mut command = Command::new("redis-server");
        command.args([
            "--bind",
            "127.0.0.1",
            "--port",
            &port.to_string(),
            "--save",
            "",
            "--appendonly",
            "no",
        ]);
        let Ok(mut server) = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn() else {
            return Started::NoProgram;
        };
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline && matches!(server.try_wait(), Ok(None)) {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Started::Answers(server);
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = server.kill();
        let _ = server.wait();
        Started::Ended
    }

    /// For `cache.redis`.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// What redis-cli prints.
    pub(crate) fn cli(&self, args: &[&str]) -> String {
        let output =
            Command::new("redis-cli").args(["-p", &self.port.to_string()]).args(args).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The keys that begin with this.
    pub(crate) fn keys(&self, prefix: &str) -> Vec<String> {
        self.cli(&["KEYS", &format!("{prefix}*")]).lines().map(str::to_owned).collect()
    }

    /// Sends it a signal, as STOP or CONT.
    #[allow(dead_code, reason = "each crate of tests that has this module uses what it needs of it")]
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.server.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }

    /// Starts it again where it was, with nothing in it.
    pub(crate) fn start_again(&mut self) {
        self.kill();
        match Self::start_on(self.port) {
            Started::Answers(server) => self.server = server,
            Started::Ended | Started::NoProgram => panic!("Redis has not started again"),
        }
    }
}

enum Started {
    Answers(Child),
    Ended,
    NoProgram,
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
