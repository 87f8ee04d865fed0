//! A bound on memory that threads use at once.

use std::sync::{Condvar, Mutex, PoisonError};

/// Lets threads in as long as the bytes that they say they need fit together. One thread always fits,
/// however much it needs.
#[derive(Debug)]
pub struct Gate {
    max_bytes: u64,
    used: Mutex<u64>,
    freed: Condvar,
}

/// Bytes of a [`Gate`] that are free again when this goes.
#[derive(Debug)]
pub struct Pass<'a> {
    gate: &'a Gate,
    bytes: u64,
}

impl Gate {
    /// A gate for so many bytes.
    pub const fn new(max_bytes: u64) -> Self {
        Self { max_bytes, used: Mutex::new(0), freed: Condvar::new() }
    }

    /// Waits until there is room. A thread that holds a pass must not ask for a second one: the two would deadlock.
    pub fn enter(&self, bytes: u64) -> Pass<'_> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        while *used > 0 && *used + bytes > self.max_bytes {
            used = self.freed.wait(used).unwrap_or_else(PoisonError::into_inner);
        }
        *used += bytes;
        Pass { gate: self, bytes }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        *self.gate.used.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.gate.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn threads_never_hold_more_than_the_gate_allows() {
        let gate = Gate::new(100);
        let (now, most) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (gate, now, most) = (&gate, &now, &most);
                scope.spawn(move || {
                    for round in 0..200 {
                        let bytes = 20 + (thread * 7 + round) % 30;
                        let _pass = gate.enter(bytes);
                        most.fetch_max(now.fetch_add(bytes, Ordering::SeqCst) + bytes, Ordering::SeqCst);
                        now.fetch_sub(bytes, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(most.load(Ordering::SeqCst) <= 100);
    }

    #[test]
    fn what_is_larger_than_the_gate_goes_through_alone() {
        let gate = Gate::new(10);
        drop(gate.enter(1000));
        drop(gate.enter(5));
    }
}
