//! Progress at the terminal: a bar with count and time left, or a line for each stage if stderr is no terminal.

use std::{
    io::IsTerminal as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use indicatif::{ProgressBar as Bar, ProgressDrawTarget, ProgressStyle};

use crate::ingest::tracker::{Snapshot, Tracker};

use super::print_message;

/// How often the terminal is drawn again.
const DRAW_EVERY: Duration = Duration::from_millis(100);

/// One look at what is being done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) stage: &'static str,
    pub(super) done: u64,
    pub(super) total: u64,
    /// What is counted.
    pub(super) unit: &'static str,
}

/// What a bar shows.
pub(super) trait Watched: Send + Sync + 'static {
    /// How far it is; `None` before the first stage.
    fn look(&self) -> Option<Look>;

    /// Whether visitors can see the preview.
    fn is_preview_live(&self) -> bool {
        false
    }
}

impl Watched for Tracker {
    fn look(&self) -> Option<Look> {
        let Snapshot { stage, done, total } = self.snapshot()?;
        Some(Look { stage: stage.as_str(), done: done as u64, total: total as u64, unit: "steps" })
    }

    fn is_preview_live(&self) -> bool {
        Self::is_preview_live(self)
    }
}

/// The last look that was noted.
#[derive(Debug, Default)]
pub(super) struct Noted(Mutex<Option<Look>>);

impl Noted {
    pub(super) fn note(&self, look: Look) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(look);
    }
}

impl Watched for Noted {
    fn look(&self) -> Option<Look> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows progress until it is ended.
pub(super) struct ProgressBar {
    task: tokio::task::JoinHandle<()>,
    bar: Bar,
}

impl ProgressBar {
    /// Starts to watch.
    pub(super) fn watch(watched: Arc<impl Watched>) -> Self {
        let interactive = std::io::stderr().is_terminal();
        let bar = Bar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{msg:22} {bar:32} {pos:>4}/{len:<4} {eta:>4} left") {
            bar.set_style(style.progress_chars("=> "));
        }
        let task = tokio::spawn(draw(watched, bar.clone(), interactive));
        Self { task, bar }
    }

    /// Runs work that blocks until it ends, then clears the bar; `None` after Ctrl-C.
    pub(super) async fn until_ended<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<Result<T, tokio::task::JoinError>> {
        let ended = tokio::select! {
            ended = tokio::task::spawn_blocking(work) => Some(ended),
            _ = tokio::signal::ctrl_c() => None,
        };
        self.end();
        ended
    }

    /// Clears the bar.
    pub(super) fn end(self) {
        self.task.abort();
        self.bar.finish_and_clear();
    }
}

async fn draw(watched: Arc<impl Watched>, bar: Bar, interactive: bool) {
    let mut last = None;
    let mut is_preview_printed = false;
    loop {
        if let Some(Look { stage, done, total, unit }) = watched.look() {
            if last != Some(stage) {
                last = Some(stage);
                if interactive {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                    bar.reset();
                    bar.set_message(stage);
                } else {
                    print_message(&format!("{stage} ({total} {unit})"));
                }
            }
            bar.set_length(total);
            bar.set_position(done);
        }
        if watched.is_preview_live() && !is_preview_printed {
            is_preview_printed = true;
            bar.suspend(|| print_message("preview is live"));
        }
        tokio::time::sleep(DRAW_EVERY).await;
    }
}
