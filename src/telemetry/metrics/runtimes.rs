//! The executors of this process: one for the tasks beside requests, and one for each thread that answers requests.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::{Handle, RuntimeMetrics};

use super::Page;

/// The threads that answer requests, as far as they have started; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Runtimes(Arc<Mutex<Vec<RuntimeMetrics>>>);

/// The executor that the process begins with.
const MAIN: &str = "main";
/// Those that answer requests.
const SERVER: &str = "server";

impl Runtimes {
    /// Adds the executor of this thread.
    pub fn add_current(&self) {
        if let Ok(handle) = Handle::try_current() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(handle.metrics());
        }
    }

    /// Writes down what the executors do, and what `main` does.
    pub fn read(&self, main: &RuntimeMetrics, page: &mut Page) {
        write(page, MAIN, std::slice::from_ref(main));
        write(page, SERVER, &self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn write(page: &mut Page, name: &str, runtimes: &[RuntimeMetrics]) {
    let sum = |of: fn(&RuntimeMetrics) -> f64| runtimes.iter().map(of).sum();
    let labels = [("runtime", name)];
    page.add("girasol_runtime_threads", &labels, sum(|runtime| runtime.num_workers() as f64));
    page.add("girasol_runtime_tasks", &labels, sum(|runtime| runtime.num_alive_tasks() as f64));
    page.add("girasol_runtime_queued_tasks", &labels, sum(|runtime| runtime.global_queue_depth() as f64));
    page.add("girasol_runtime_busy_seconds_total", &labels, sum(busy_seconds));
}

fn busy_seconds(runtime: &RuntimeMetrics) -> f64 {
    let threads = 0..runtime.num_workers();
    threads.map(|thread| runtime.worker_total_busy_duration(thread).as_secs_f64()).sum()
}
