//! A run of minutes or hours: processes that try case after case, and one that watches them.
//!
//! Processes rather than threads, so that what one case allocates can be told, and so that a case which ends
//! its process or never ends is found too.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::case::Case;
use crate::check::{Report, check};
use crate::corpus;
use crate::smaller::smaller;

const WORKER: &str = "GIRASOL_FUZZ_WORKER";
/// A case that takes longer never ends, as far as an artist is concerned.
const HANGS_AFTER: Duration = Duration::from_secs(5);
/// What the corpus calls a case that ends its process, and one that never ends.
const ABORT: &str = "abort";
const HANG: &str = "hang";
const REPORTS_EVERY: Duration = Duration::from_secs(15);

/// Where a worker begins and how far apart its cases are, if this process is a worker.
pub(crate) fn worker() -> Option<(u64, u64)> {
    let text = env::var(WORKER).ok()?;
    let (from, step) = text.split_once('+')?;
    Some((from.parse().ok()?, step.parse().ok()?))
}

/// Tries case after case until it is killed, and says on standard output what it does.
pub(crate) fn work(from: u64, step: u64) {
    let keeps_outcomes = env::var_os("GIRASOL_FUZZ_KEEP").is_some();
    // What ends or stops a process would end or stop this one before its first case.
    let (abort, hang) = (format!("{ABORT}-"), format!("{HANG}-"));
    let known: Vec<Report> = corpus::cases()
        .iter()
        .filter(|(name, _)| !name.starts_with(&abort) && !name.starts_with(&hang))
        .map(|(_, case)| check(case))
        .collect();
    let mut outcomes: BTreeSet<String> = known.iter().map(|report| report.outcome.clone()).collect();
    let mut caught: BTreeSet<String> = known.into_iter().flat_map(|report| report.caught).collect();
    for number in (from..).step_by(step as usize) {
        say(&format!("case {number}"));
        let case = Case::numbered(number, &[]);
        let report = check(&case);
        if let Some(failure) = report.failure {
            let small =
                shrunk(number, |other| other.failure.as_ref().is_some_and(|f| f.what == failure.what));
            let kept = corpus::keep(&failure.what, number, &small);
            say(&format!(
                "failed {} (case {number}, {}): {}",
                failure.what,
                kept.unwrap_or_default(),
                failure.detail
            ));
            continue;
        }
        for place in report.caught {
            say(&format!("panic {place}"));
            if caught.insert(place.clone()) {
                let small = shrunk(number, |other| other.failure.is_none() && other.caught.contains(&place));
                let kept = corpus::keep(&format!("caught-{place}"), number, &small);
                say(&format!("caught {place} (case {number}, {})", kept.unwrap_or_default()));
            }
        }
        if outcomes.insert(report.outcome.clone()) {
            say(&format!("outcome {}", report.outcome));
            if keeps_outcomes && case.bytes.len() < 20_000 {
                let small =
                    shrunk(number, |other| other.failure.is_none() && other.outcome == report.outcome);
                corpus::keep(&report.outcome, number, &small);
            }
        }
    }
}

/// The case made smaller, with a sign of life at each try.
fn shrunk(number: u64, same: impl Fn(&Report) -> bool) -> Case {
    smaller(number, |report| {
        say(&format!("still {number}"));
        same(report)
    })
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // The receiver is closed: the run is over.
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

/// What all workers have found.
#[derive(Default)]
struct Findings {
    cases: u64,
    outcomes: BTreeSet<String>,
    /// Panics by place, those that were caught.
    panics: BTreeMap<String, u64>,
    /// Everything that must not be.
    failures: Vec<String>,
}

/// What one worker is at.
struct Position {
    number: u64,
    since: Instant,
}

/// Lets `workers` processes try cases for so long, and gives what must not be.
pub(crate) fn run(test: &str, duration: Duration, workers: u64) -> Vec<String> {
    let started = Instant::now();
    // Another stretch of numbers in each run.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let from = env::var("GIRASOL_FUZZ_FROM").ok().and_then(|from| from.parse().ok());
    let from: u64 = from.unwrap_or(now.as_secs() << 20);
    let findings = Arc::new(Mutex::new(Findings::default()));
    let watchers: Vec<_> = (0..workers)
        .map(|worker| {
            let (findings, test) = (Arc::clone(&findings), test.to_string());
            thread::spawn(move || watch(&test, from + worker, workers, started + duration, &findings))
        })
        .collect();
    let mut reported = Instant::now();
    while watchers.iter().any(|watcher| !watcher.is_finished()) {
        thread::sleep(Duration::from_millis(200));
        if reported.elapsed() >= REPORTS_EVERY {
            reported = Instant::now();
            eprintln!(
                "{}",
                progress(&findings.lock().unwrap_or_else(PoisonError::into_inner), started.elapsed())
            );
        }
    }
    let findings = findings.lock().unwrap_or_else(PoisonError::into_inner);
    eprintln!("{}", progress(&findings, started.elapsed()));
    for (place, times) in &findings.panics {
        eprintln!("caught {times} times: {place}");
    }
    findings.failures.clone()
}

fn progress(findings: &Findings, elapsed: Duration) -> String {
    format!(
        "{:>5} s  {:>9} cases  {:>6.0} cases/s  {} outcomes  {} panics caught at {} places  {} failures",
        elapsed.as_secs(),
        findings.cases,
        findings.cases as f64 / elapsed.as_secs_f64(),
        findings.outcomes.len(),
        findings.panics.values().sum::<u64>(),
        findings.panics.len(),
        findings.failures.len()
    )
}

/// Keeps one worker going until `end`: behind a case that ends or stops it, another one goes on.
fn watch(test: &str, from: u64, step: u64, end: Instant, findings: &Mutex<Findings>) {
    let mut from = from;
    while Instant::now() < end {
        let at = Arc::new(Mutex::new(Position { number: from, since: Instant::now() }));
        let mut child = start(test, from, step);
        let out = child.stdout.take();
        let hung = thread::scope(|scope| {
            let listener = scope.spawn(|| out.map(|out| listen(BufReader::new(out), &at, findings)));
            let mut hung = false;
            while !listener.is_finished() {
                thread::sleep(Duration::from_millis(100));
                let waits = at.lock().unwrap_or_else(PoisonError::into_inner).since.elapsed();
                hung |= waits > HANGS_AFTER;
                if hung || Instant::now() >= end {
                    let _ = child.kill();
                }
            }
            hung
        });
        let _ = child.wait();
        let number = at.lock().unwrap_or_else(PoisonError::into_inner).number;
        if hung && ends(test, number) {
            eprintln!("case {number} took long on a busy machine, but it does end");
        } else if hung || Instant::now() < end {
            let what = if hung { HANG } else { ABORT };
            let kept = corpus::keep(what, number, &Case::numbered(number, &[]));
            let failure = format!("failed {what} (case {number}, {})", kept.unwrap_or_default());
            eprintln!("{failure}");
            findings.lock().unwrap_or_else(PoisonError::into_inner).failures.push(failure);
        }
        from = number + step;
    }
}

/// Whether the case ends when it is run alone and given more time.
fn ends(test: &str, number: u64) -> bool {
    let started = Instant::now();
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", test])
        .env("GIRASOL_FUZZ_CASE", number.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    loop {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        if started.elapsed() > 6 * HANGS_AFTER {
            let _ = child.kill();
            let _ = child.wait();
            return false;
        }
        thread::sleep(Duration::from_millis(100));
    }
}

fn start(test: &str, from: u64, step: u64) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads", "1"])
        .env(WORKER, format!("{from}+{step}"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn listen(out: impl BufRead, at: &Mutex<Position>, findings: &Mutex<Findings>) {
    for line in out.lines().map_while(Result::ok) {
        let Some((what, rest)) = line.split_once(' ') else { continue };
        let mut findings = findings.lock().unwrap_or_else(PoisonError::into_inner);
        match what {
            "case" => {
                let number = rest.parse().unwrap_or(0);
                *at.lock().unwrap_or_else(PoisonError::into_inner) =
                    Position { number, since: Instant::now() };
                findings.cases += 1;
            }
            "still" => at.lock().unwrap_or_else(PoisonError::into_inner).since = Instant::now(),
            "outcome" => drop(findings.outcomes.insert(rest.into())),
            "panic" => *findings.panics.entry(rest.into()).or_default() += 1,
            "caught" => eprintln!("{line}"),
            "failed" => {
                eprintln!("{line}");
                findings.failures.push(line);
            }
            // What the test harness itself prints.
            _ => {}
        }
    }
}
