//! What a restore may write: no more than the list of the backup says, whatever its files say of themselves.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicU64, Ordering},
};

use super::{BackupError, list::BackupList};

pub(super) struct Allowance {
    bytes: u64,
    left: AtomicU64,
    /// What the list has no bytes of, since it was faulty. It may have been mended in the backup.
    faulty: HashSet<String>,
}

impl Allowance {
    /// Of a list that does not say it, all that there is.
    pub(super) fn of(list: &BackupList) -> Self {
        let bytes = list.bytes.unwrap_or(u64::MAX);
        let faulty = list.faults.iter().map(|fault| fault.name.clone()).collect();
        Self { bytes, left: AtomicU64::new(bytes), faulty }
    }

    /// Takes so many bytes for a file, before they are written.
    pub(super) fn take(&self, name: &str, bytes: u64) -> Result<(), BackupError> {
        if self.faulty.contains(name) {
            return Ok(());
        }
        let take = |left: u64| left.checked_sub(bytes);
        match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            Ok(_before) => Ok(()),
            Err(_left) => Err(BackupError::TooMuch { bytes: self.bytes }),
        }
    }
}
