//! A bound on memory that threads use at once.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::memory::WORKING_BYTES;

/// Everything of this process that decodes frames: checks, mends and ingests together use as much memory as one of them
/// alone.
///
/// A frame that needs more than this goes through alone; the limit of [`crate::read::limits::Limits`] for decoding is twice
/// as much.
pub(crate) static WORKING: Gate = Gate::new(WORKING_BYTES);

/// Lets everything of this process that decodes frames use less memory together than it would by itself.
pub fn bound_working(max_bytes: u64) {
    WORKING.bound(max_bytes.min(WORKING_BYTES));
}

/// Lets threads in, in order, as long as the bytes that they say they need fit together. One thread always fits,
/// however much it needs.
#[derive(Debug)]
pub struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    max_bytes: u64,
    used: u64,
    /// The place in the queue of the next thread that asks.
    next: u64,
    /// The place of the thread whose turn it is: what is large would wait for ever behind what is small.
    turn: u64,
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
        let state = State { max_bytes, used: 0, next: 0, turn: 0 };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Changes how many bytes fit together, for those that are not let in yet.
    pub fn bound(&self, max_bytes: u64) {
        self.state().max_bytes = max_bytes;
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is room. A thread that holds a pass must not ask for a second one: the two would deadlock.
    pub fn enter(&self, bytes: u64) -> Pass<'_> {
        let mut state = self.state();
        let place = state.next;
        state.next += 1;
        while state.turn != place || (state.used > 0 && state.used + bytes > state.max_bytes) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.used += bytes;
        state.turn += 1;
        drop(state);
        self.changed.notify_all();
        Pass { gate: self, bytes }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.gate.state().used -= self.bytes;
        self.gate.changed.notify_all();
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

    #[test]
    fn a_gate_that_is_made_narrower_lets_fewer_in() {
        let gate = Gate::new(100);
        gate.bound(10);
        let first = gate.enter(6);
        std::thread::scope(|scope| {
            let second = scope.spawn(|| drop(gate.enter(6)));
            while gate.state().next < 2 {}
            assert!(!second.is_finished() && gate.state().turn == 1);
            drop(first);
            second.join().unwrap();
        });
    }

    #[test]
    fn what_is_large_does_not_wait_behind_what_is_small_for_ever() {
        let gate = Gate::new(100);
        let small = gate.enter(60);
        std::thread::scope(|scope| {
            let large = scope.spawn(|| drop(gate.enter(90)));
            while gate.state().next < 2 {}
            // It would fit beside the first, and comes after the large one all the same.
            let late = scope.spawn(|| drop(gate.enter(10)));
            while gate.state().next < 3 {}
            assert!(!late.is_finished() && gate.state().turn == 1);
            drop(small);
            large.join().unwrap();
            late.join().unwrap();
        });
        assert_eq!(gate.state().used, 0);
    }
}
