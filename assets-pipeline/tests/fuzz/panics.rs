//! Panics, also those that the decode front catches, with the place in the source that they come from.

use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};

static WATCHING: AtomicBool = AtomicBool::new(false);
static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// What `work` gives, unless it panicked, and where all panics on the way were, the caught ones included.
pub(crate) fn watched<T>(work: impl FnOnce() -> T) -> (Option<T>, Vec<String>) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if WATCHING.load(Ordering::SeqCst) {
                let place = panic.location().map_or_else(String::new, |at| place(at.file(), at.line()));
                SEEN.lock().unwrap_or_else(PoisonError::into_inner).push(place);
            } else {
                usual(panic);
            }
        }));
    });
    WATCHING.store(true, Ordering::SeqCst);
    let done = catch_unwind(AssertUnwindSafe(work)).ok();
    WATCHING.store(false, Ordering::SeqCst);
    (done, std::mem::take(&mut *SEEN.lock().unwrap_or_else(PoisonError::into_inner)))
}

/// Crate, file and line, without where the crate lies on this machine: `png-0.18.1/src/chunk.rs:7`.
fn place(file: &str, line: u32) -> String {
    let file = file.replace('\\', "/");
    let parts: Vec<&str> = file.split('/').collect();
    let from = parts.iter().rposition(|part| *part == "src").unwrap_or(0).saturating_sub(1);
    format!("{}:{line}", parts[from..].join("/"))
}
