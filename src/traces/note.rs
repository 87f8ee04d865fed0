//! Notes of what was done.

use std::time::{Duration, Instant};

use super::{
    span::{Kind, Span},
    work::{Part, Work, count, with_current},
};

/// Notes that a part was asked something, and has answered just now. `about` describes it, if it is recorded.
pub fn note(part: Part, name: &'static str, began: Instant, about: impl FnOnce(&mut Span)) {
    let took = began.elapsed();
    count(part, took);
    record(name, took, about);
}

/// Records a question that was answered just now and took so long, whose time is counted elsewhere.
pub fn record(name: &'static str, took: Duration, about: impl FnOnce(&mut Span)) {
    with_current(|work| {
        if work.is_recorded() {
            let mut span = Span::child_of(work, name, Kind::Client).lasting(took);
            about(&mut span);
        }
    });
}

impl Work {
    /// Notes something that has ended just now and took so long, for tasks that carry no work.
    pub fn note(&self, name: &'static str, took: Duration, about: impl FnOnce(&mut Span)) {
        if self.is_recorded() {
            let mut span = Span::child_of(self, name, Kind::Internal).lasting(took);
            about(&mut span);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_is_counted_for_the_work_that_asked_it() {
        let (one, other) = (Work::new(None), Work::new(None));
        let began = Instant::now().checked_sub(Duration::from_secs(3)).unwrap();
        one.clone().run(async { note(Part::Database, "x", began, |_| ()) }).await;
        other
            .clone()
            .run(async {
                note(Part::Store, "y", began, |_| ());
                note(Part::Store, "z", began, |_| ());
            })
            .await;
        note(Part::Cache, "without work", began, |_| ());
        assert!(one.took().database >= Duration::from_secs(3));
        assert_eq!((one.took().store, one.took().cache), (Duration::ZERO, Duration::ZERO));
        assert!(other.took().store >= Duration::from_secs(6));
    }
}
