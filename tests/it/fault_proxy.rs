//! A line to S3 on which answers come late, are cut off or never come: HTTP between the server under test and the S3 server.

use std::{
    collections::{HashMap, HashSet},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Duration,
};

/// What becomes of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Faults {
    /// They pass.
    None,
    /// Each has a mishap the first time: in turn, it is refused, its answer is cut off, or it comes late.
    Flaky,
    /// Each answer comes later than a visitor waits.
    Slow,
    /// Of each long answer comes one half, and the other when the faults change: unless the line is dead by then.
    Halfway,
    /// Each is refused, since the server has too much to do.
    Busy,
    /// Connections end before anything is said.
    Dead,
    /// Nothing is answered until the faults change.
    Silent,
}

/// A line with faults of its own, until the process ends.
#[derive(Debug)]
pub(crate) struct Line {
    /// Where it begins.
    pub(crate) address: String,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Where it ends.
    server: String,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    faults: Faults,
    seen: HashSet<String>,
    /// How often each request was made, by its first line.
    asked: HashMap<String, usize>,
    /// What requests said in `traceparent`.
    traces: Vec<String>,
    /// After how many more requests with this in their first lines it is silent.
    silent_after: Option<(String, usize)>,
    /// Answers to requests with this in their first lines are had from the server, and wait.
    held: Option<String>,
    /// How many wait.
    waiting: usize,
    refused: usize,
    cut: usize,
    late: usize,
}

enum Mishap {
    None,
    Refused,
    Cut,
    Late,
    Slow,
    Halfway,
}

/// What is shorter comes whole, also half of the way.
const LONG_BYTES: usize = 64 * 1024;

impl Line {
    /// A line to `http://HOST:PORT`.
    pub(crate) fn to(server: &str, faults: Faults) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state = State {
            faults,
            seen: HashSet::new(),
            asked: HashMap::new(),
            traces: Vec::new(),
            silent_after: None,
            held: None,
            waiting: 0,
            refused: 0,
            cut: 0,
            late: 0,
        };
        let server = server.strip_prefix("http://").unwrap().to_owned();
        let shared = Arc::new(Shared { server, state: Mutex::new(state), changed: Condvar::new() });
        let line = Self { address, shared: shared.clone() };
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let shared = shared.clone();
                // A client may close the connection in the middle.
                thread::spawn(move || shared.pass(&connection));
            }
        });
        line
    }

    pub(crate) fn set(&self, faults: Faults) {
        self.shared.state.lock().unwrap().faults = faults;
        self.shared.changed.notify_all();
    }

    /// Lets so many requests with this in their first lines pass, and nothing after them.
    pub(crate) fn silent_after(&self, within: &str, requests: usize) {
        self.shared.state.lock().unwrap().silent_after = Some((within.to_owned(), requests));
    }

    /// Holds back what the server has answered to requests with this in their first lines.
    pub(crate) fn hold(&self, within: &str) {
        self.shared.state.lock().unwrap().held = Some(within.to_owned());
    }

    /// How many answers are held back.
    pub(crate) fn holds(&self) -> usize {
        self.shared.state.lock().unwrap().waiting
    }

    /// Lets them pass.
    pub(crate) fn release(&self) {
        self.shared.state.lock().unwrap().held = None;
        self.shared.changed.notify_all();
    }

    /// Waits until nothing is answered.
    pub(crate) fn wait_for_silence(&self) {
        let state = self.shared.state.lock().unwrap();
        drop(self.shared.changed.wait_while(state, |state| state.faults != Faults::Silent).unwrap());
    }

    /// How many requests had this in their first lines.
    pub(crate) fn asked(&self, within: &str) -> usize {
        let state = self.shared.state.lock().unwrap();
        let asked = state.asked.iter().filter(|(request, _)| request.contains(within));
        asked.map(|(_, times)| times).sum()
    }

    /// What requests said in `traceparent`.
    pub(crate) fn traces(&self) -> Vec<String> {
        self.shared.state.lock().unwrap().traces.clone()
    }

    /// How many requests were refused, had their answers cut off, and were answered late.
    pub(crate) fn mishaps(&self) -> [usize; 3] {
        let state = self.shared.state.lock().unwrap();
        [state.refused, state.cut, state.late]
    }
}

impl Shared {
    fn pass(&self, mut client: &TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(client);
        let (mut head, mut length) = (String::new(), 0);
        while !head.ends_with("\r\n\r\n") {
            let from = head.len();
            if reader.read_line(&mut head)? == 0 {
                return Ok(());
            }
            let line = head[from..].to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if let Some(value) = line.strip_prefix("traceparent:") {
                self.state.lock().unwrap().traces.push(value.trim().to_owned());
            }
            assert!(!line.starts_with("transfer-encoding:") && !line.starts_with("expect:"), "{line}");
            if line.starts_with("connection:") {
                head.truncate(from);
            }
        }
        // The end of the connection is that of the answer.
        head.insert_str(head.len() - 2, "Connection: close\r\n");
        let mut request = head.into_bytes();
        let name = request.split(|byte| *byte == b'\r').next().unwrap();
        let name = String::from_utf8_lossy(name).into_owned();
        let from = request.len();
        request.resize(from + length, 0);
        reader.read_exact(&mut request[from..])?;

        let Some(mishap) = self.mishap(name.clone()) else { return Ok(()) };
        if let Mishap::Refused = mishap {
            let body = "<Error><Code>SlowDown</Code></Error>";
            let head = "HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nConnection: close\r\n";
            return write!(client, "{head}Content-Length: {}\r\n\r\n{body}", body.len());
        }
        match mishap {
            Mishap::Late => thread::sleep(Duration::from_millis(20)),
            Mishap::Slow => thread::sleep(Duration::from_millis(400)),
            _ => {}
        }
        let mut server = TcpStream::connect(&self.server)?;
        server.write_all(&request)?;
        let mut answer = Vec::new();
        server.read_to_end(&mut answer)?;
        self.hold(&name);
        let body = answer.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
        match mishap {
            // Half of the body; of an answer without one, nothing.
            Mishap::Cut if body == answer.len() => {}
            Mishap::Cut => client.write_all(&answer[..usize::midpoint(body, answer.len())])?,
            Mishap::Halfway if answer.len() - body > LONG_BYTES => {
                let (now, later) = answer.split_at(usize::midpoint(body, answer.len()));
                client.write_all(now)?;
                if self.wait_while(Faults::Halfway) != Faults::Dead {
                    client.write_all(later)?;
                }
            }
            _ => client.write_all(&answer)?,
        }
        client.shutdown(Shutdown::Both)
    }

    /// Waits where answers to this request are held back.
    fn hold(&self, request: &str) {
        let mut state = self.state.lock().unwrap();
        let is_held = |state: &mut State| state.held.as_ref().is_some_and(|held| request.contains(held));
        if is_held(&mut state) {
            state.waiting += 1;
            let mut state = self.changed.wait_while(state, is_held).unwrap();
            state.waiting -= 1;
        }
    }

    /// The faults that follow these.
    fn wait_while(&self, faults: Faults) -> Faults {
        let state = self.state.lock().unwrap();
        self.changed.wait_while(state, |state| state.faults == faults).unwrap().faults
    }

    /// `None` where nothing is answered.
    fn mishap(&self, request: String) -> Option<Mishap> {
        let mut state = self.state.lock().unwrap();
        *state.asked.entry(request.clone()).or_default() += 1;
        if let Some((within, requests)) = &mut state.silent_after
            && request.contains(within.as_str())
        {
            if *requests == 0 {
                (state.faults, state.silent_after) = (Faults::Silent, None);
                self.changed.notify_all();
            } else {
                *requests -= 1;
            }
        }
        let was_silent = state.faults == Faults::Silent;
        let mut state = self.changed.wait_while(state, |state| state.faults == Faults::Silent).unwrap();
        let faults = state.faults;
        match faults {
            Faults::None if !was_silent => Some(Mishap::None),
            Faults::Slow => Some(Mishap::Slow),
            Faults::Busy => Some(Mishap::Refused),
            Faults::Halfway => Some(Mishap::Halfway),
            Faults::Flaky if state.seen.insert(request) => {
                let [refused, cut, late] = [state.refused, state.cut, state.late];
                Some(if refused <= cut.min(late) {
                    state.refused += 1;
                    Mishap::Refused
                } else if cut <= late {
                    state.cut += 1;
                    Mishap::Cut
                } else {
                    state.late += 1;
                    Mishap::Late
                })
            }
            Faults::Flaky => Some(Mishap::None),
            // The client may have given up.
            _ => None,
        }
    }
}
