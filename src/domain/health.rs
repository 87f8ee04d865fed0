//! How well the parts are that a server works with: what the last look at each found. Looks are made in the background, so
//! that a question about health asks no part.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

/// A part of an installation, as a server sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum PartName {
    /// Rows: nothing new is answered without it.
    Database,
    /// Objects.
    Store,
    /// What servers share.
    Redis,
    /// What the slow reading of the store has found of objects.
    Objects,
    /// Jobs that wait.
    Queue,
    /// The disk of the data folder.
    Disk,
    /// Memory of the machine, or of the container.
    Memory,
    /// Tasks beside requests.
    Background,
}

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Condition {
    /// It works.
    Ok,
    /// Visitors are served, and an operator has to look.
    Degraded,
    /// The server cannot answer what is not cached.
    Failed,
}

/// What one look found.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// How well the part is.
    pub condition: Condition,
    /// Why it is not well: for people, and without names of hosts, buckets and keys.
    pub problem: Option<String>,
    /// How long it took to answer, where it is a part that answers.
    pub took: Option<Duration>,
    /// Numbers of the part by their names, which carry the unit: `free_bytes`.
    pub figures: Vec<(&'static str, f64)>,
}

impl Look {
    /// A part that works.
    pub const fn ok() -> Self {
        Self { condition: Condition::Ok, problem: None, took: None, figures: Vec::new() }
    }

    /// A part that does not.
    pub fn not_ok(condition: Condition, problem: impl Into<String>) -> Self {
        Self { condition, problem: Some(problem.into()), ..Self::ok() }
    }

    /// The same, which took so long.
    #[must_use]
    pub fn after(self, took: Duration) -> Self {
        Self { took: Some(took), ..self }
    }

    /// The same with numbers.
    #[must_use]
    pub fn with(self, figures: Vec<(&'static str, f64)>) -> Self {
        Self { figures, ..self }
    }
}

/// What is known of a part.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What the last look found.
    pub look: Look,
    /// When a look found it well.
    pub last_success: Option<SystemTime>,
    /// When a look found it not well, and why, also if it is well by now.
    pub last_error: Option<(SystemTime, String)>,
}

/// A task beside requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskState {
    /// Its name in the code.
    pub name: &'static str,
    /// When it last did its work.
    pub last_success: Option<SystemTime>,
    /// How often it was started again.
    pub restarts: u32,
    /// Whether it should have done its work again by now.
    pub is_overdue: bool,
}

/// What is known of all parts.
#[derive(Debug, Default)]
pub struct Board {
    parts: Mutex<BTreeMap<PartName, Part>>,
    tasks: Mutex<Vec<TaskState>>,
}

impl Board {
    /// Notes what the tasks beside requests have done.
    pub fn note_tasks(&self, tasks: Vec<TaskState>) {
        let overdue: Vec<&str> = tasks.iter().filter(|task| task.is_overdue).map(|task| task.name).collect();
        let restarts = tasks.iter().map(|task| f64::from(task.restarts)).sum();
        let look = if overdue.is_empty() {
            Look::ok()
        } else {
            Look::not_ok(Condition::Degraded, format!("not done in time: {}", overdue.join(", ")))
        };
        self.note(PartName::Background, look.with(vec![("restarts", restarts)]));
        *self.tasks.lock().unwrap_or_else(PoisonError::into_inner) = tasks;
    }

    /// Every task beside requests.
    pub fn tasks(&self) -> Vec<TaskState> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what a look at a part has found.
    pub fn note(&self, name: PartName, look: Look) {
        self.note_at(SystemTime::now(), name, look);
    }

    fn note_at(&self, now: SystemTime, name: PartName, look: Look) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let before = parts.remove(&name);
        let (mut last_success, mut last_error) =
            before.map_or((None, None), |part| (part.last_success, part.last_error));
        if look.condition == Condition::Ok {
            last_success = Some(now);
        } else {
            last_error = Some((now, look.problem.clone().unwrap_or_default()));
        }
        parts.insert(name, Part { look, last_success, last_error });
    }

    /// Every part that was looked at.
    pub fn parts(&self) -> BTreeMap<PartName, Part> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// How well all of them are together: as the worst.
pub fn together(parts: &BTreeMap<PartName, Part>) -> Condition {
    parts.values().map(|part| part.look.condition).max().unwrap_or(Condition::Ok)
}

/// How long a job may wait that is due.
const QUEUE_WAITS: Duration = Duration::from_mins(10);
/// The share of a disk that has to be free.
const FREE_DISK: f64 = 0.1;
/// The share of memory that may be used.
const USED_MEMORY: f64 = 0.9;

/// The queue, by how many jobs are in it and how long the first has waited.
pub fn queue(queued: i64, running: i64, oldest: Duration) -> Look {
    let look = if oldest > QUEUE_WAITS {
        Look::not_ok(Condition::Degraded, "a job has waited for more than ten minutes")
    } else {
        Look::ok()
    };
    let oldest_seconds = oldest.as_secs_f64();
    look.with(vec![
        ("queued", queued as f64),
        ("running", running as f64),
        ("oldest_seconds", oldest_seconds),
    ])
}

/// The objects that versions need, by how many were missing or damaged when they were read last.
pub fn objects(missing: i64, damaged: i64) -> Look {
    let look = if missing + damaged > 0 {
        let problem = "objects that versions need are missing or damaged: girasol store verify --repair";
        Look::not_ok(Condition::Degraded, problem)
    } else {
        Look::ok()
    };
    look.with(vec![("missing", missing as f64), ("damaged", damaged as f64)])
}

/// A disk, by its bytes.
pub fn disk(free_bytes: u64, whole_bytes: u64, has_to_stay_free: u64) -> Look {
    let look = if free_bytes < has_to_stay_free {
        Look::not_ok(
            Condition::Degraded,
            "the disk has less free than uploads.disk_min_free_bytes: uploads are refused",
        )
    } else if (free_bytes as f64) < FREE_DISK * whole_bytes as f64 {
        Look::not_ok(Condition::Degraded, "less than a tenth of the disk is free")
    } else {
        Look::ok()
    };
    look.with(vec![("free_bytes", free_bytes as f64), ("whole_bytes", whole_bytes as f64)])
}

/// Memory, by its bytes.
pub fn memory(free_bytes: u64, whole_bytes: u64) -> Look {
    let look = if whole_bytes.saturating_sub(free_bytes) as f64 > USED_MEMORY * whole_bytes as f64 {
        Look::not_ok(Condition::Degraded, "less than a tenth of the memory is free")
    } else {
        Look::ok()
    };
    look.with(vec![("free_bytes", free_bytes as f64), ("whole_bytes", whole_bytes as f64)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn the_last_error_stays_when_a_part_is_well_again() {
        let board = Board::default();
        board.note_at(at(1), PartName::Store, Look::ok());
        board.note_at(at(2), PartName::Store, Look::not_ok(Condition::Degraded, "no answer comes"));
        assert_eq!(together(&board.parts()), Condition::Degraded);
        board.note_at(at(3), PartName::Store, Look::ok().after(Duration::from_millis(2)));
        let part = board.parts().remove(&PartName::Store).unwrap();
        assert_eq!((part.look.condition, part.last_success), (Condition::Ok, Some(at(3))));
        assert_eq!(part.last_error, Some((at(2), "no answer comes".to_owned())));
    }

    #[test]
    fn all_are_as_well_as_the_worst() {
        let board = Board::default();
        assert_eq!(together(&board.parts()), Condition::Ok);
        board.note(PartName::Disk, disk(50, 100, 10));
        board.note(PartName::Queue, queue(1, 0, Duration::from_mins(11)));
        assert_eq!(together(&board.parts()), Condition::Degraded);
        board.note(PartName::Database, Look::not_ok(Condition::Failed, "the database does not answer"));
        assert_eq!(together(&board.parts()), Condition::Failed);
    }

    #[test]
    fn a_task_that_is_overdue_is_named() {
        let board = Board::default();
        let task = TaskState { name: "collect", last_success: None, restarts: 2, is_overdue: true };
        board.note_tasks(vec![task, TaskState { name: "expire", is_overdue: false, ..task }]);
        let part = board.parts().remove(&PartName::Background).unwrap();
        assert_eq!(part.look.problem.as_deref(), Some("not done in time: collect"));
        assert_eq!(part.look.figures, [("restarts", 4.0)]);
        assert_eq!(board.tasks().len(), 2);
    }

    #[test]
    fn little_room_is_seen_before_there_is_none() {
        let condition = |look: Look| look.condition;
        assert_eq!(condition(disk(11, 100, 0)), Condition::Ok);
        assert_eq!(condition(disk(9, 100, 0)), Condition::Degraded);
        assert_eq!(condition(disk(50, 100, 60)), Condition::Degraded);
        assert_eq!(condition(memory(20, 100)), Condition::Ok);
        assert_eq!(condition(memory(5, 100)), Condition::Degraded);
        assert_eq!(condition(queue(9, 9, Duration::from_mins(9))), Condition::Ok);
        assert_eq!(condition(objects(0, 0)), Condition::Ok);
        assert_eq!(condition(objects(0, 1)), Condition::Degraded);
    }
}
