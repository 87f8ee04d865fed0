//! Figures of what the backend is asked: how long each operation took, how it ended, and how many bytes it moved.

use std::time::Instant;

use metrics::{Counter, Histogram, counter, histogram};

use super::Cause;

/// What a backend is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "lowercase")]
pub(super) enum Operation {
    Get,
    Put,
    List,
    Remove,
    Ping,
}

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "lowercase")]
enum Ended {
    Ok,
    /// There is no such object.
    Missing,
    Failed,
}

/// The figures of one backend.
#[derive(Debug)]
pub(super) struct Figures {
    /// By operation, and then by end.
    durations: Vec<Vec<Histogram>>,
    read: Counter,
    written: Counter,
}

impl Figures {
    /// Of a backend by its name.
    pub(super) fn of(backend: &'static str) -> Self {
        let duration = |operation: Operation, ended: Ended| {
            let labels = [("backend", backend), ("operation", operation.into()), ("outcome", ended.into())];
            histogram!("girasol_store_operation_duration_seconds", &labels)
        };
        let bytes = |operation: Operation| {
            let labels = [("backend", backend), ("operation", operation.into())];
            counter!("girasol_store_bytes_total", &labels)
        };
        let ends = <Ended as strum::VariantArray>::VARIANTS;
        let of_operation =
            |operation: &Operation| ends.iter().map(|end| duration(*operation, *end)).collect();
        Self {
            durations: <Operation as strum::VariantArray>::VARIANTS.iter().map(of_operation).collect(),
            read: bytes(Operation::Get),
            written: bytes(Operation::Put),
        }
    }

    /// Measures the reading of an object of so many bytes, or of none.
    pub(super) fn got(&self, bytes: Result<Option<usize>, &Cause>, began: Instant) {
        let ended = match bytes {
            Ok(Some(bytes)) => {
                self.read.increment(bytes as u64);
                Ended::Ok
            }
            Ok(None) => Ended::Missing,
            Err(_) => Ended::Failed,
        };
        self.note(Operation::Get, ended, began);
    }

    /// Measures the writing of an object of so many bytes.
    pub(super) fn put(&self, put: &Result<(), Cause>, bytes: usize, began: Instant) {
        if put.is_ok() {
            self.written.increment(bytes as u64);
        }
        self.did(Operation::Put, put, began);
    }

    /// Measures an operation that moves no bytes.
    pub(super) fn did<T>(&self, operation: Operation, done: &Result<T, Cause>, began: Instant) {
        self.note(operation, if done.is_ok() { Ended::Ok } else { Ended::Failed }, began);
    }

    fn note(&self, operation: Operation, ended: Ended, began: Instant) {
        self.durations[operation as usize][ended as usize].record(began.elapsed().as_secs_f64());
    }
}
