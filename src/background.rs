//! Tasks beside requests: supervised, restarted when they end, and stopped in order.
//!
//! A task that panics or returns before it is stopped is logged once and started again after a wait that doubles. Each
//! task notes when it last did its work; [`Health`] shows it.

use std::{
    collections::BTreeMap,
    error::Error,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use tokio::{sync::watch, task::JoinSet};

use crate::domain::backoff::Backoff;

/// How long a task waits that ended before it was stopped.
const RESTART: Backoff = Backoff { first_ms: 1_000, most_ms: 60_000 };
/// A task that ran this long counts as sound: its next restart waits as if it were the first.
const SOUND_AFTER: Duration = Duration::from_mins(2);

/// The tasks of a process. Dropping it aborts them.
#[derive(Debug)]
pub struct Background {
    supervisors: JoinSet<()>,
    stop: watch::Sender<bool>,
    health: Health,
    restart: Backoff,
}

/// What the tasks of a process have done; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Mutex<BTreeMap<&'static str, TaskHealth>>>);

/// What one task has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TaskHealth {
    /// When it last did its work without an error.
    pub last_success: Option<SystemTime>,
    /// How often it was started again.
    pub restarts: u32,
    /// How soon it does its work again; `None` where that depends on what comes.
    pub due_within: Option<Duration>,
    /// When it was first started.
    pub started: Option<SystemTime>,
}

impl TaskHealth {
    /// Whether it should have done its work again by now.
    pub fn is_overdue(&self, now: SystemTime) -> bool {
        let since = self.last_success.or(self.started).and_then(|at| now.duration_since(at).ok());
        matches!((self.due_within, since), (Some(within), Some(since)) if since > within)
    }
}

impl Health {
    /// Every task by its name.
    pub fn tasks(&self) -> BTreeMap<&'static str, TaskHealth> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn update(&self, name: &'static str, update: impl FnOnce(&mut TaskHealth)) {
        update(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default());
    }
}

/// What a running task knows of itself.
#[derive(Debug, Clone)]
pub struct Task {
    name: &'static str,
    health: Health,
    stop: watch::Receiver<bool>,
    restarts: u32,
}

impl Task {
    /// Notes that the task has just done its work.
    pub fn succeeded(&self) {
        self.health.update(self.name, |health| health.last_success = Some(SystemTime::now()));
    }

    /// Whether the task was started again after it ended: it may have missed changes.
    pub const fn is_restarted(&self) -> bool {
        self.restarts > 0
    }

    /// Whether the task is to end.
    pub fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Completes when the task is to end.
    pub async fn stopping(&mut self) {
        // Without a sender the process ends.
        let _ = self.stop.wait_for(|stop| *stop).await;
    }
}

impl Default for Background {
    fn default() -> Self {
        let (supervisors, stop) = (JoinSet::new(), watch::Sender::new(false));
        Self { supervisors, stop, health: Health::default(), restart: RESTART }
    }
}

impl Background {
    /// What the tasks have done, now and later.
    pub fn health(&self) -> Health {
        self.health.clone()
    }

    /// Runs a task that ends by itself soon after [`Task::stopping`] completes. `start` is called for every start.
    pub fn run<F>(&mut self, name: &'static str, start: impl Fn(Task) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.health.update(name, |health| health.started = Some(SystemTime::now()));
        let task = Task { name, health: self.health(), stop: self.stop.subscribe(), restarts: 0 };
        self.supervisors.spawn(supervise(task, start, self.restart));
    }

    /// Does something now and again `pause` after each time. It is aborted when the process stops, at any point where
    /// it waits.
    pub fn every<F, E>(
        &mut self,
        name: &'static str,
        pause: Duration,
        act: impl Fn() -> F + Clone + Send + Sync + 'static,
    ) where
        F: Future<Output = Result<(), E>> + Send,
        E: Into<Box<dyn Error + Send + Sync>> + Send,
    {
        // A round may take a while, and one that fails is no reason to wake an operator.
        let due_within = 3 * pause + Duration::from_mins(5);
        self.health.update(name, |health| health.due_within = Some(due_within));
        self.run(name, move |mut task| {
            let act = act.clone();
            let beat = task.clone();
            async move {
                let rounds = async {
                    loop {
                        match act().await {
                            Ok(()) => beat.succeeded(),
                            Err(error) => {
                                let error: &dyn Error = &*error.into();
                                tracing::error!(
                                    error,
                                    task = name,
                                    "a background task could not do its work"
                                );
                            }
                        }
                        tokio::time::sleep(pause).await;
                    }
                };
                tokio::select! {
                    () = rounds => {}
                    () = task.stopping() => {}
                }
            }
        });
    }

    /// Tells all tasks to end and waits for them, no longer than `patience`; what still runs then is aborted.
    pub async fn stop(mut self, patience: Duration) {
        self.stop.send_replace(true);
        let ended = async { while self.supervisors.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, ended).await.is_err() {
            tracing::warn!(
                tasks = self.supervisors.len(),
                "background tasks did not end in time and are aborted"
            );
        }
    }
}

/// Starts a task until it ends because it was to end.
async fn supervise<F>(mut task: Task, start: impl Fn(Task) -> F, restart: Backoff)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut failures = 0;
    loop {
        let began = Instant::now();
        // A set, so that the task is aborted with its supervisor.
        let mut running = JoinSet::new();
        running.spawn(start(task.clone()));
        let ended = running.join_next().await;
        if task.is_stopping() {
            return;
        }
        failures = if began.elapsed() > SOUND_AFTER { 1 } else { failures + 1 };
        let wait_ms = restart.wait_ms(failures);
        if let Some(Err(error)) = ended {
            tracing::error!(task = task.name, %error, wait_ms, "a background task died and is started again");
        } else {
            tracing::error!(task = task.name, wait_ms, "a background task ended and is started again");
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(wait_ms.unsigned_abs())) => {}
            () = task.stopping() => return,
        }
        task.restarts += 1;
        task.health.update(task.name, |health| health.restarts += 1);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use tokio::sync::mpsc;

    use super::*;

    /// Supervised tasks that are started again at once.
    pub(crate) fn impatient() -> Background {
        Background { restart: Backoff { first_ms: 0, most_ms: 0 }, ..Background::default() }
    }

    #[tokio::test]
    async fn a_task_that_panics_or_returns_is_started_again() {
        let mut background = impatient();
        let (starts, mut started) = mpsc::unbounded_channel();
        background.run("brittle", move |mut task| {
            let starts = starts.clone();
            async move {
                starts.send(task.restarts).unwrap();
                match task.restarts {
                    0 => panic!("of its own accord"),
                    1 => {}
                    _ => {
                        task.succeeded();
                        starts.send(99).unwrap();
                        task.stopping().await;
                    }
                }
            }
        });
        let mut seen = Vec::new();
        while seen.last() != Some(&99) {
            seen.push(started.recv().await.unwrap());
        }
        assert_eq!(seen, [0, 1, 2, 99]);
        let health = background.health().tasks()["brittle"];
        assert_eq!(health.restarts, 2);
        assert!(health.last_success.is_some());
        background.stop(Duration::from_mins(1)).await;
    }

    #[tokio::test]
    async fn rounds_go_on_after_an_error() {
        let mut background = Background::default();
        let (rounds, mut round) = mpsc::unbounded_channel();
        background.every("rounds", Duration::ZERO, move || {
            let rounds = rounds.clone();
            async move {
                rounds.send(()).map_err(|_closed| "closed")?;
                Err::<(), &str>("not this time")
            }
        });
        for _ in 0..3 {
            round.recv().await.unwrap();
        }
        assert_eq!(background.health().tasks()["rounds"].last_success, None);
        background.stop(Duration::from_mins(1)).await;
    }

    #[test]
    fn a_task_is_overdue_when_it_has_not_done_its_work_in_time() {
        let now = SystemTime::now();
        let ago = |seconds| Some(now - Duration::from_secs(seconds));
        let task = TaskHealth {
            started: ago(100),
            due_within: Some(Duration::from_secs(50)),
            ..TaskHealth::default()
        };
        assert!(task.is_overdue(now));
        assert!(!TaskHealth { last_success: ago(40), ..task }.is_overdue(now));
        assert!(TaskHealth { last_success: ago(60), ..task }.is_overdue(now));
        assert!(!TaskHealth { due_within: None, ..task }.is_overdue(now));
    }

    #[tokio::test]
    async fn what_does_not_end_is_aborted() {
        let mut background = Background::default();
        let (held, mut dropped) = mpsc::channel::<()>(1);
        background.run("deaf", move |_task| {
            let held = held.clone();
            async move {
                let _held = held;
                std::future::pending::<()>().await;
            }
        });
        background.stop(Duration::ZERO).await;
        assert_eq!(dropped.recv().await, None);
    }
}
