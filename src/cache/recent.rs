//! What was evicted last: a miss for one of these came because there was too little room.

use std::{
    hash::{DefaultHasher, Hash, Hasher as _},
    sync::atomic::{AtomicU64, Ordering},
};

/// Keys that are remembered, at most: 32 KiB for each cache.
const SLOTS: usize = 4_096;

/// The hashes of keys that were evicted last. Each has one place, where the next one of that place takes over, so that
/// nothing waits and nothing grows.
#[derive(Debug)]
pub(super) struct Recent(Box<[AtomicU64]>);

impl Default for Recent {
    fn default() -> Self {
        Self((0..SLOTS).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Recent {
    /// Remembers a key.
    pub(super) fn note(&self, key: &impl Hash) {
        let hash = hash(key);
        self.slot(hash).store(hash, Ordering::Relaxed);
    }

    /// Whether a key was evicted lately. It is forgotten by that.
    pub(super) fn take(&self, key: &impl Hash) -> bool {
        let hash = hash(key);
        self.slot(hash).compare_exchange(hash, 0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn slot(&self, hash: u64) -> &AtomicU64 {
        &self.0[hash as usize % SLOTS]
    }
}

/// Never 0, which stands for nothing.
fn hash(key: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish() | 1 << 63
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_remembered_until_it_is_asked_for_or_another_takes_its_place() {
        let recent = Recent::default();
        assert!(!recent.take(&7));
        recent.note(&7);
        assert!(recent.take(&7));
        assert!(!recent.take(&7));
        recent.note(&7);
        (1_000..200_000).for_each(|key| recent.note(&key));
        assert!(!recent.take(&7));
    }
}
