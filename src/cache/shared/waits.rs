//! How often a value is waited for that another server makes.
//!
//! A turn that never ends, as of a server that died or of a program that takes turns and makes nothing, costs the one who
//! waits all of its patience. So waits are counted: one that was worth it costs nothing, and one in vain is had again after
//! a while.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Waits in vain that may follow each other, or be under way at once.
const MOST: u32 = 64;
/// How long it takes until a wait in vain is had again: four a second.
const STEP: Duration = Duration::from_millis(250);

/// The waits of this server; cheap to clone. Its state is the time at which all of them may be had again.
#[derive(Debug, Clone)]
pub(super) struct Waits(Arc<Mutex<Instant>>);

impl Default for Waits {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }
}

impl Waits {
    /// Takes a wait, if there is one.
    pub(super) fn take(&self) -> bool {
        self.take_at(Instant::now())
    }

    fn take_at(&self, now: Instant) -> bool {
        let mut whole_at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let then = (*whole_at).max(now) + STEP;
        let may = then <= now + STEP * MOST;
        if may {
            *whole_at = then;
        }
        may
    }

    /// Gives one back that was worth it.
    pub(super) fn give_back(&self) {
        let mut whole_at = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *whole_at = whole_at.checked_sub(STEP).unwrap_or(*whole_at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_in_vain_become_few_and_come_back() {
        let (waits, now) = (Waits::default(), Instant::now());
        let taken = |now: Instant| (0..1000).filter(|_| waits.take_at(now)).count();
        assert_eq!(taken(now), MOST as usize);
        waits.give_back();
        assert_eq!(taken(now), 1);
        assert_eq!(taken(now + Duration::from_secs(1)), 4);
        assert_eq!(taken(now + Duration::from_hours(1)), MOST as usize);
    }
}
