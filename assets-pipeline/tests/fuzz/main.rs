//! Hostile input for everything that reads what artists send: `decode`, `integrity`, `source`, `naming` and
//! `survey`.
//!
//! A case is made from its number alone: a sound file of some format with edits that know the format, so that
//! they get past checksums and lengths. `make fuzz` tries cases for an hour and keeps in `tests/corpus` what
//! fails and what makes a codec panic; the corpus and a few thousand cases are part of the ordinary tests.
//!
//! | variable | what |
//! |---|---|
//! | `GIRASOL_FUZZ_MINUTES` | how long to try cases |
//! | `GIRASOL_FUZZ_THREADS` | how many at a time; all cores unless given |
//! | `GIRASOL_FUZZ_FROM` | the number of the first case; another one in each run unless given |
//! | `GIRASOL_FUZZ_CASE` | try the case of this number only |
//! | `GIRASOL_FUZZ_KEEP` | keep the first input of each kind of answer, too |

#![allow(clippy::unwrap_used, reason = "a test that unwraps says what is wrong by failing")]

mod bombs;
mod campaign;
mod case;
mod check;
mod corpus;
mod exif;
mod generic;
mod heap;
mod icc;
mod jpeg;
mod names;
mod panics;
mod png;
mod random;
#[path = "../samples/mod.rs"]
mod samples;
mod smaller;
mod tiff;
mod webp;
mod zips;

use std::env;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;

use case::Case;
use check::check;

/// Cases of an ordinary run of the tests.
const CASES: u64 = 20_000;

/// Allocations are counted over the whole process, so tests take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn number_in<T: std::str::FromStr>(variable: &str) -> Option<T> {
    env::var(variable).ok()?.parse().ok()
}

#[test]
fn inputs_that_were_once_found_are_harmless() {
    let _alone = alone();
    for (name, case) in corpus::cases() {
        let report = check(&case);
        assert!(report.failure.is_none(), "{name}: {report:?}");
        assert!(report.caught.is_empty() || report.refused, "{name}: {report:?}");
        assert!(!name.starts_with("caught-") || report.refused, "{name} gives a picture: {report:?}");
    }
}

#[test]
fn mutated_files_are_harmless() {
    let _alone = alone();
    if let Some((from, step)) = campaign::worker() {
        return campaign::work(from, step);
    }
    if let Some(number) = number_in("GIRASOL_FUZZ_CASE") {
        let case = Case::numbered(number, &[]);
        let report = check(&case);
        eprintln!("{} of {} bytes: {report:?}", case.name, case.bytes.len());
        assert!(report.failure.is_none(), "{report:?}");
        return;
    }
    if let Some(minutes) = number_in::<f64>("GIRASOL_FUZZ_MINUTES") {
        let cores = available_parallelism().map_or(1, |cores| cores.get() as u64);
        let workers = number_in("GIRASOL_FUZZ_THREADS").unwrap_or(cores).max(1);
        let failures =
            campaign::run("mutated_files_are_harmless", Duration::from_secs_f64(minutes * 60.0), workers);
        assert!(failures.is_empty(), "{}", failures.join("\n"));
        return;
    }
    for number in 0..CASES {
        let case = Case::numbered(number, &[]);
        let report = check(&case);
        assert!(
            report.failure.is_none(),
            "{}, {} bytes: {report:?}; GIRASOL_FUZZ_CASE={number} gives it again",
            case.name,
            case.bytes.len()
        );
    }
}

#[test]
fn a_case_is_the_same_whenever_it_is_made() {
    let _alone = alone();
    for number in 0..200 {
        assert_eq!(Case::numbered(number, &[]), Case::numbered(number, &[]));
    }
}
