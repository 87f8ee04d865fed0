//! An open loop: visits begin when they are due, whether or not those before them have ended, so that a server that falls
//! behind is seen to do so. The first request of a visit counts from the moment at which the visit is due; the others
//! count from the end of what they wait for.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use reqwest::{Client, Url};
use tokio::sync::mpsc;

use crate::{
    catalog::{At, Catalog, Kind, Request},
    dice::Dice,
    figures::{End, Figures, Notes},
    process::{Watch, cpu_seconds},
    scenarios::Scenario,
    visits::{Phase, draw},
};

/// How long a visitor waits for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Visits under way at once, at most: what comes beyond them is counted as failed, and not begun.
const MOST_AT_ONCE: usize = 20_000;

/// A server, and where each request goes there.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) pid: u32,
    client: Client,
    urls: Vec<Url>,
}

impl Target {
    pub(crate) fn new(base: &str, pid: u32, requests: &[Request], path: impl Fn(&Request) -> &str) -> Self {
        let client = Client::builder()
            .http1_only()
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .pool_max_idle_per_host(MOST_AT_ONCE)
            .timeout(PATIENCE)
            .build()
            .unwrap();
        let urls =
            requests.iter().map(|request| format!("{base}{}", path(request)).parse().unwrap()).collect();
        Self { pid, client, urls }
    }
}

struct Run {
    target: Arc<Target>,
    catalog: Arc<Catalog>,
    may_shed: bool,
    figures: Mutex<Figures>,
    at_once: AtomicUsize,
}

/// Drives a scenario for a time, at another rate where one is given.
pub(crate) async fn drive(
    target: &Arc<Target>,
    catalog: &Arc<Catalog>,
    scenario: &'static Scenario,
    time: Duration,
    rate: Option<f64>,
    round: u64,
) -> Figures {
    let run = Arc::new(Run {
        target: target.clone(),
        catalog: catalog.clone(),
        may_shed: scenario.may_shed,
        figures: Mutex::new(Figures::new()),
        at_once: AtomicUsize::new(0),
    });
    let watch = Watch::begin(target.pid);
    let (cpu, began) = (cpu_seconds(target.pid), Instant::now());
    let (due, mut visits) = mpsc::unbounded_channel::<Instant>();
    // A thread, because the timers of the runtime are a millisecond coarse.
    let clock = std::thread::spawn(move || {
        let (mut dice, mut at) = (Dice(round * 2 + 1), 0.0);
        let begins = Instant::now();
        while let Some(own) = scenario.rate_at(Duration::from_secs_f64(at), time) {
            at += dice.pause(rate.unwrap_or(own));
            let next = begins + Duration::from_secs_f64(at);
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
            if due.send(next).is_err() {
                return;
            }
        }
    });
    let (mut dice, mut number) = (Dice(round * 2 + 2), 0);
    let mut under_way = tokio::task::JoinSet::new();
    while let Some(due) = visits.recv().await {
        let phases = draw(scenario.visits, catalog, &mut dice, number);
        number += 1;
        under_way.spawn(visit(run.clone(), phases, due));
        while under_way.try_join_next().is_some() {}
    }
    let seconds = began.elapsed().as_secs_f64();
    clock.join().unwrap();
    while under_way.join_next().await.is_some() {}
    let cpu = cpu_seconds(target.pid) - cpu;
    let mut figures = std::mem::replace(&mut *run.figures.lock().unwrap(), Figures::new());
    (figures.seconds, figures.cpu, figures.memory) = (seconds, cpu, watch.end());
    figures
}

async fn visit(run: Arc<Run>, phases: Vec<Phase>, due: Instant) {
    let mut own = Notes { late: due.elapsed().as_micros() as u64, ..Notes::default() };
    if run.at_once.fetch_add(1, Ordering::Relaxed) < MOST_AT_ONCE {
        let mut from = due;
        for phase in &phases {
            if !phase.pause.is_zero() {
                tokio::time::sleep(phase.pause).await;
                from = Instant::now();
            }
            let began = from;
            for round in &phase.rounds {
                let asked = join_all(round.iter().map(|at| ask(&run, *at, from))).await;
                for asked in asked {
                    own.bytes += asked.bytes;
                    own.is_whole &= asked.end == End::Answered;
                    own.requests.push((asked.kind, asked.micros, asked.end));
                    own.failures.extend(asked.why);
                }
                from = Instant::now();
            }
            if let Some(whole) = phase.whole.filter(|_| own.is_whole) {
                own.wholes.push((whole, (from - began).as_micros() as u64));
            }
        }
    } else {
        own.requests.push((Kind::Manifest, 0, End::Failed));
        own.failures.push(format!("{MOST_AT_ONCE} visits are under way"));
    }
    run.at_once.fetch_sub(1, Ordering::Relaxed);
    run.figures.lock().unwrap().take(own);
}

/// How one request ended.
struct Asked {
    kind: Kind,
    micros: u64,
    end: End,
    why: Option<String>,
    bytes: u64,
}

async fn ask(run: &Run, at: At, from: Instant) -> Asked {
    let request = &run.catalog.requests[at];
    let mut ask = run.target.client.request(request.method.clone(), run.target.urls[at].clone());
    ask = ask.headers(request.headers.clone());
    if let Some(body) = &request.body {
        ask = ask.body(body.clone());
    }
    let answered = async {
        let mut answer = ask.send().await?;
        let (status, mut bytes) = (answer.status().as_u16(), 0);
        while let Some(chunk) = answer.chunk().await? {
            bytes += chunk.len() as u64;
        }
        Ok::<_, reqwest::Error>((status, bytes))
    };
    let answered = answered.await;
    let micros = from.elapsed().as_micros() as u64;
    let (end, why, bytes) = match answered {
        Ok((status, bytes)) if status == request.status => (End::Answered, None, bytes),
        Ok((503 | 429, bytes)) if run.may_shed => (End::Shed, None, bytes),
        Ok((status, bytes)) => (End::Failed, Some(format!("{}: {status}", request.path)), bytes),
        Err(error) => (End::Failed, Some(format!("{}: {error:?}", request.path)), 0),
    };
    Asked { kind: request.kind, micros, end, why, bytes }
}
