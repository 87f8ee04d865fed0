//! Kinds of questions that a server may refuse for as long as it is as it is: while it does, one a second is asked.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::domain::circuit::Circuit;

use super::failure::Refusal;

/// How often it is said at most that questions are refused.
const SAY_AGAIN: Duration = Duration::from_mins(1);

/// One kind of question; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    /// What the server does not do while it refuses.
    does: &'static str,
    circuit: Circuit,
    refused: Arc<Mutex<Refused>>,
}

#[derive(Debug, Default)]
struct Refused {
    why: Option<&'static str>,
    said_at: Option<Instant>,
}

impl Gate {
    pub(super) fn of(does: &'static str) -> Self {
        Self { does, circuit: Circuit::default(), refused: Arc::default() }
    }

    /// Whether this question is not to be asked.
    pub(super) fn refuses(&self) -> bool {
        self.circuit.refuses()
    }

    /// Whether the last question was refused, or had no answer.
    pub(super) fn is_shut(&self) -> bool {
        self.circuit.is_open()
    }

    /// Why the last question was refused; `None` if it was not.
    pub(super) fn why(&self) -> Option<&'static str> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).why
    }

    /// Notes that there was no answer. Answers whether there was one before.
    pub(super) fn note_silence(&self) -> bool {
        let was_shut = self.is_shut();
        self.circuit.note(false);
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).why = None;
        !was_shut
    }

    /// Notes that a question was answered. Answers whether the one before was not.
    pub(super) fn note_answer(&self) -> bool {
        if !self.is_shut() {
            return false;
        }
        self.circuit.note(true);
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).why = None;
        true
    }

    /// Notes that a question was refused, and says so if it was not said lately.
    pub(super) fn note_refusal(&self, Refusal { why, said }: &Refusal) {
        self.circuit.note(false);
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = refused.why != Some(*why);
        refused.why = Some(why);
        if is_new && refused.said_at.is_none_or(|at| at.elapsed() >= SAY_AGAIN) {
            refused.said_at = Some(Instant::now());
            tracing::warn!(why, said, does_not = self.does, "the shared cache refuses what is asked of it");
        }
    }
}
