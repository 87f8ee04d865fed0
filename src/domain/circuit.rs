//! A circuit breaker: while a server does not answer, one request a second asks it, and the others fail at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How often a server is asked that does not answer.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Whether a server is asked; cheap to clone, and each clone is the same circuit.
#[derive(Debug, Clone)]
pub struct Circuit {
    start: Instant,
    /// Milliseconds from `start` until the next request may ask; 0 while the server answers.
    until_ms: Arc<AtomicU64>,
}

impl Default for Circuit {
    fn default() -> Self {
        Self { start: Instant::now(), until_ms: Arc::default() }
    }
}

impl Circuit {
    fn next_ms(&self) -> u64 {
        (self.start.elapsed() + ASK_AGAIN).as_millis() as u64
    }

    /// Whether this request is not to ask. One that is allowed to asks for all.
    pub fn refuses(&self) -> bool {
        let until_ms = self.until_ms.load(Ordering::Relaxed);
        if until_ms == 0 {
            return false;
        }
        let is_due = self.start.elapsed().as_millis() as u64 >= until_ms;
        // The one that moves the time on asks.
        let asks = |until_ms, next_ms| {
            self.until_ms.compare_exchange(until_ms, next_ms, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        };
        !(is_due && asks(until_ms, self.next_ms()))
    }

    /// Whether the last question had no answer.
    pub fn is_open(&self) -> bool {
        self.until_ms.load(Ordering::Relaxed) > 0
    }

    /// Notes whether the server answered.
    pub fn note(&self, has_answered: bool) {
        if !has_answered {
            self.until_ms.store(self.next_ms(), Ordering::Relaxed);
        } else if self.until_ms.load(Ordering::Relaxed) > 0 {
            self.until_ms.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_no_answer_one_request_asks_and_an_answer_lets_all_ask() {
        let circuit = Circuit::default();
        assert!(!circuit.refuses());
        circuit.note(false);
        assert!(circuit.is_open() && circuit.refuses() && circuit.clone().refuses());
        let later = Instant::now().checked_sub(2 * ASK_AGAIN).unwrap();
        let circuit = Circuit { start: later, ..circuit };
        assert!(!circuit.refuses(), "one asks");
        assert!(circuit.refuses(), "and no other");
        circuit.note(true);
        assert!(!circuit.is_open() && !circuit.refuses() && !circuit.refuses());
    }
}
