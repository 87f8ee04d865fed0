//! Turns of one kind: how many there are at once, and what becomes of those that would wait too long for one.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::{Stream, StreamExt as _};
use metrics::{Counter, counter};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::problem::Error;

/// How often the log says that something is refused.
const SAY_EVERY: Duration = Duration::from_mins(1);

/// A turn, which lasts as long as the value.
pub(super) type Turn = OwnedSemaphorePermit;

/// Turns of one kind.
#[derive(Debug)]
pub(super) struct Gate {
    kind: &'static str,
    at_once: usize,
    turns: Arc<Semaphore>,
    patience: Duration,
    shed: Counter,
    said: Mutex<Option<Instant>>,
}

impl Gate {
    /// At least one turn at once; a wait ends after `patience`.
    pub(super) fn new(kind: &'static str, at_once: usize, patience: Duration) -> Self {
        let at_once = at_once.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            kind,
            at_once,
            turns: Arc::new(Semaphore::new(at_once)),
            patience,
            shed: counter!("girasol_shed_loads_total", "kind" => kind),
            said: Mutex::default(),
        }
    }

    /// Waits for a turn.
    pub(super) async fn enter(&self) -> Result<Turn, Error> {
        if let Ok(turn) = self.turns.clone().try_acquire_owned() {
            return Ok(turn);
        }
        match timeout(self.patience, self.turns.clone().acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(self.shed()),
        }
    }

    /// Takes a turn, or refuses at once.
    pub(super) fn enter_now(&self) -> Result<Turn, Error> {
        self.turns.clone().try_acquire_owned().map_err(|_none_left| self.shed())
    }

    /// Whether half of the turns are free: what may be left out asks first, and makes nothing wait that may not.
    pub(super) fn is_half_free(&self) -> bool {
        2 * self.turns.available_permits() >= self.at_once
    }

    /// How long it waits.
    #[cfg(test)]
    pub(super) const fn patience(&self) -> Duration {
        self.patience
    }

    fn shed(&self) -> Error {
        self.shed.increment(1);
        if self.is_to_be_said() {
            tracing::warn!(
                kind = self.kind,
                "more is asked for than the server can do in time: what waits too long is refused with 503"
            );
        }
        Error::Overloaded
    }

    fn is_to_be_said(&self) -> bool {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = said.is_none_or(|at| at.elapsed() >= SAY_EVERY);
        if is_due {
            *said = Some(Instant::now());
        }
        is_due
    }
}

/// A stream that has a turn until it is dropped.
pub(super) fn during<S: Stream>(turn: Option<Turn>, stream: S) -> impl Stream<Item = S::Item> {
    stream.map(move |item| {
        let _held = &turn;
        item
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_turn_is_waited_for_and_not_for_ever() {
        let gate = |patience| Gate::new("database", 2, patience);
        let hasty = gate(Duration::from_millis(1));
        let held = (hasty.enter().await.unwrap(), hasty.enter().await.unwrap());
        assert!(matches!(hasty.enter().await, Err(Error::Overloaded)));
        assert!(matches!(hasty.enter_now(), Err(Error::Overloaded)) && !hasty.is_half_free());
        drop(held.0);
        assert!(hasty.is_half_free() && hasty.enter_now().is_ok());
        let patient = gate(Duration::from_hours(1));
        let (one, _two) = (patient.enter().await.unwrap(), patient.enter().await.unwrap());
        let (waiting, ()) = tokio::join!(patient.enter(), async { drop(one) });
        assert!(waiting.is_ok());
    }
}
