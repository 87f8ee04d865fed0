//! One request at a time writes to an upload: a later one makes an earlier one stop, whose connection may be dead without
//! the server knowing.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Mutex as AsyncMutex, Notify, OwnedMutexGuard};

use crate::domain::frameset::UploadId;

/// The requests of this process that write to uploads.
#[derive(Debug, Default)]
pub struct Writers {
    seats: Mutex<HashMap<UploadId, Arc<Seat>>>,
}

#[derive(Debug, Default)]
struct Seat {
    taken: Arc<AsyncMutex<()>>,
    stop: Notify,
}

/// The right to write to an upload, as long as it is held.
pub(super) struct Writing {
    seat: Arc<Seat>,
    _taken: OwnedMutexGuard<()>,
}

impl Writers {
    /// Makes the current writer of the upload stop, waits until it has, and takes its seat.
    pub(super) async fn take(&self, upload: &UploadId) -> Writing {
        let seat = {
            let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
            // A seat that only this table refers to is free.
            seats.retain(|_, seat| Arc::strong_count(seat) > 1);
            seats.entry(upload.clone()).or_default().clone()
        };
        seat.stop.notify_waiters();
        let taken = seat.taken.clone().lock_owned().await;
        Writing { seat, _taken: taken }
    }
}

impl Writing {
    /// Completes when a later request wants to write.
    pub(super) async fn stopped(&self) {
        self.seat.stop.notified().await;
    }
}
