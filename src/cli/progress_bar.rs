//! An ingest's progress at the terminal: a bar with count and time left, or a line for each stage if stderr is no
//! terminal.

use std::{io::IsTerminal as _, sync::Arc, time::Duration};

use indicatif::{ProgressBar as Bar, ProgressDrawTarget, ProgressStyle};

use crate::ingest::tracker::{Snapshot, Tracker};

use super::print_message;

/// How often the terminal is drawn again.
const DRAW_EVERY: Duration = Duration::from_millis(100);

/// Shows a tracker's progress until it is ended.
pub(super) struct ProgressBar {
    task: tokio::task::JoinHandle<()>,
    bar: Bar,
}

impl ProgressBar {
    /// Starts to watch.
    pub(super) fn watch(tracker: Arc<Tracker>) -> Self {
        let interactive = std::io::stderr().is_terminal();
        let bar = Bar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{msg:22} {bar:32} {pos:>4}/{len:<4} {eta:>4} left") {
            bar.set_style(style.progress_chars("=> "));
        }
        let task = tokio::spawn(draw(tracker, bar.clone(), interactive));
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

async fn draw(tracker: Arc<Tracker>, bar: Bar, interactive: bool) {
    let mut last = None;
    let mut is_preview_printed = false;
    loop {
        if let Some(Snapshot { stage, done, total }) = tracker.snapshot() {
            if last != Some(stage) {
                last = Some(stage);
                if interactive {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                    bar.reset();
                    bar.set_message(stage.as_str());
                } else {
                    print_message(&format!("{} ({total} steps)", stage.as_str()));
                }
            }
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        }
        if tracker.is_preview_live() && !is_preview_printed {
            is_preview_printed = true;
            bar.suspend(|| print_message("preview is live"));
        }
        tokio::time::sleep(DRAW_EVERY).await;
    }
}
