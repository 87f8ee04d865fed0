//! What a task works for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::domain::{performance::series::FromMemory, trace::TraceContext};

use super::exporter;

/// Spans that one piece of work may have. A job of 360 frames has some 300 encodes, and writes about as many objects.
const MOST_SPANS: u32 = 4096;

tokio::task_local! {
    static CURRENT: Work;
}

/// What answers come from, beside the server itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The shared cache, and copies on local disk.
    Cache,
    /// The database.
    Database,
    /// The object store.
    Store,
}

/// How long the parts took for a piece of work. What ran at once counts as often as it ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Took {
    /// See [`Part::Cache`].
    pub cache: Duration,
    /// See [`Part::Database`].
    pub database: Duration,
    /// See [`Part::Store`].
    pub store: Duration,
}

/// The memory had something that was asked of it.
const FOUND: u8 = 1;
/// It did not have something.
const MISSED: u8 = 2;

/// A piece of work, and the place of its task in the trace; cheap to clone.
#[derive(Debug, Clone)]
pub struct Work {
    pub(super) context: Option<TraceContext>,
    pub(super) whole: Arc<Whole>,
}

/// What all tasks of a piece of work share.
#[derive(Debug)]
pub(super) struct Whole {
    took_us: [AtomicU64; 3],
    spans_left: AtomicU32,
    /// [`FOUND`] and [`MISSED`].
    memory: AtomicU8,
}

impl Whole {
    /// Whether the work may have one more span.
    pub(super) fn takes_span(&self) -> bool {
        let one_less = |left: u32| left.checked_sub(1);
        self.spans_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
    }
}

impl Work {
    /// A piece of work that begins at this place in a trace, if it belongs to one.
    pub fn new(context: Option<TraceContext>) -> Self {
        let whole = Whole {
            took_us: Default::default(),
            spans_left: AtomicU32::new(MOST_SPANS),
            memory: AtomicU8::new(0),
        };
        Self { context, whole: Arc::new(whole) }
    }

    /// Does something as a part of this work.
    pub fn run<F: Future>(self, does: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, does)
    }

    /// Its place in the trace.
    pub fn context(&self) -> Option<TraceContext> {
        self.context
    }

    /// How long the parts have taken so far.
    pub fn took(&self) -> Took {
        let took =
            |part: Part| Duration::from_micros(self.whole.took_us[part as usize].load(Ordering::Relaxed));
        Took { cache: took(Part::Cache), database: took(Part::Database), store: took(Part::Store) }
    }

    /// Whether the memory had all that was asked of it so far; `None` where nothing was.
    pub fn from_memory(&self) -> Option<FromMemory> {
        match self.whole.memory.load(Ordering::Relaxed) {
            0 => None,
            FOUND => Some(FromMemory::Hit),
            _ => Some(FromMemory::Miss),
        }
    }

    /// Whether spans of it are recorded.
    pub(super) fn is_recorded(&self) -> bool {
        exporter::is_on() && self.context.is_some_and(|context| context.is_sampled)
    }

    fn add(&self, part: Part, took: Duration) {
        self.whole.took_us[part as usize].fetch_add(took.as_micros() as u64, Ordering::Relaxed);
    }
}

/// What the current task works for, if it carries that: to be passed on to another task.
pub fn current() -> Option<Work> {
    CURRENT.try_with(Clone::clone).ok()
}

/// The place of the current task in a trace, if it has one.
pub fn context() -> Option<TraceContext> {
    CURRENT.try_with(|work| work.context).ok().flatten()
}

/// Adds to the time of a part, which has nothing to do with a span.
pub fn count(part: Part, took: Duration) {
    with_current(|work| work.add(part, took));
}

/// Notes for what the current task works for that the memory had something, or not.
pub fn asked_memory(is_hit: bool) {
    let bit = if is_hit { FOUND } else { MISSED };
    with_current(|work| {
        work.whole.memory.fetch_or(bit, Ordering::Relaxed);
    });
}

/// Does something with what the current task works for, if it carries that.
pub(super) fn with_current(does: impl FnOnce(&Work)) {
    let _ = CURRENT.try_with(does);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_knows_its_place() {
        let context = TraceContext { trace: 1, span: 2, is_sampled: false };
        assert_eq!(super::context(), None);
        let seen = Work::new(Some(context)).run(async { (super::context(), current()) }).await;
        assert_eq!(seen.0, Some(context));
        assert_eq!(seen.1.unwrap().context(), Some(context));
    }

    #[tokio::test]
    async fn one_miss_decides_where_an_answer_came_from() {
        asked_memory(false);
        let work = Work::new(None);
        let asks = async |is_hit| {
            work.clone().run(async { asked_memory(is_hit) }).await;
            work.from_memory()
        };
        assert_eq!(work.from_memory(), None);
        assert_eq!(asks(true).await, Some(FromMemory::Hit));
        assert_eq!(asks(false).await, Some(FromMemory::Miss));
        assert_eq!(asks(true).await, Some(FromMemory::Miss));
    }

    #[test]
    fn a_piece_of_work_has_so_many_spans() {
        let work = Work::new(None);
        assert_eq!((0..MOST_SPANS + 9).filter(|_| work.whole.takes_span()).count(), MOST_SPANS as usize);
    }
}
