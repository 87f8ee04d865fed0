//! Figures for Prometheus. What happens is counted where it happens, through the `metrics` facade; what merely is (memory,
//! entries of caches, tasks) is read when a scrape comes, so that it costs nothing in between and is never out of date.
//!
//! [`families`] is the one list of all figures. Names and labels elsewhere are those of the list, which a test holds.

pub mod families;
mod page;
mod process;
mod runtimes;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ::metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

pub use self::{page::Page, runtimes::Runtimes};

use self::families::{FAMILIES, Family, Kind};

/// How often measured times are put into their histograms. They would take more and more memory where no scrape comes.
pub const TIDY_EVERY: Duration = Duration::from_secs(5);
/// The media type of what [`Metrics::render`] writes.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Writes down what is true at the moment of a scrape.
type Reading = Box<dyn Fn(&mut Page) + Send + Sync>;

/// The figures of this process; cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    counted: PrometheusHandle,
    readings: Arc<Mutex<Vec<Reading>>>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    /// Figures that nothing is counted into, for commands that end soon.
    fn default() -> Self {
        Self::over(&builder().build_recorder().handle())
    }
}

impl Metrics {
    /// From now on everything that happens in this process is counted. The counters of parts that were built before stay
    /// uncounted, so that this comes first.
    pub fn start() -> Self {
        let recorder = builder().build_recorder();
        let counted = recorder.handle();
        if ::metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("figures are counted already: those of this server stay empty");
        }
        describe();
        let metrics = Self::over(&counted);
        metrics.reading(process::read);
        metrics.reading(build);
        metrics
    }

    fn over(counted: &PrometheusHandle) -> Self {
        Self { counted: counted.clone(), readings: Arc::default() }
    }

    /// Adds what is read when a scrape comes. It must not wait.
    pub fn reading(&self, read: impl Fn(&mut Page) + Send + Sync + 'static) {
        self.readings.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(read));
    }

    /// All figures as text (Prometheus exposition format 0.0.4), and what `page` has already.
    pub fn render(&self, mut page: Page) -> String {
        for read in &*self.readings.lock().unwrap_or_else(PoisonError::into_inner) {
            read(&mut page);
        }
        self.counted.render() + &page.text()
    }

    /// Puts measured times into their histograms.
    pub fn tidy(&self) {
        self.counted.run_upkeep();
    }
}

fn builder() -> PrometheusBuilder {
    FAMILIES.iter().fold(PrometheusBuilder::new(), |builder, family| match family.kind {
        Kind::Histogram(buckets) => builder
            .set_buckets_for_metric(Matcher::Full(family.name.to_owned()), buckets)
            .expect("every histogram of the list has buckets"),
        Kind::Counter | Kind::Gauge => builder,
    })
}

/// Says of each figure what it means.
fn describe() {
    for family in FAMILIES {
        let Family { name, help, .. } = *family;
        let unit = family.unit().unwrap_or(Unit::Count);
        match family.kind {
            Kind::Counter => describe_counter!(name, unit, help),
            Kind::Gauge => describe_gauge!(name, unit, help),
            Kind::Histogram(_) => describe_histogram!(name, unit, help),
        }
    }
}

/// What is running.
fn build(page: &mut Page) {
    let commit = option_env!("GIRASOL_COMMIT").unwrap_or("unknown");
    let labels = [("version", env!("CARGO_PKG_VERSION")), ("commit", commit)];
    page.add("girasol_build_info", &labels, 1.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_and_what_is_read_stand_on_one_page() {
        let recorder = builder().build_recorder();
        let metrics = Metrics::over(&recorder.handle());
        ::metrics::with_local_recorder(&recorder, || {
            describe();
            ::metrics::counter!("girasol_http_sent_bytes_total").increment(3);
            let labels = [("pool", "writer")];
            ::metrics::histogram!("girasol_db_pool_wait_seconds", &labels).record(0.002);
        });
        metrics.reading(|page| page.add("girasol_cache_entries", &[("level", "memory"), ("kind", "x")], 7.0));
        metrics.tidy();
        let text = metrics.render(Page::default());
        for line in [
            "# TYPE girasol_http_sent_bytes_total counter",
            "girasol_http_sent_bytes_total 3",
            "# TYPE girasol_db_pool_wait_seconds histogram",
            "girasol_db_pool_wait_seconds_bucket{pool=\"writer\",le=\"0.001\"} 0",
            "girasol_db_pool_wait_seconds_bucket{pool=\"writer\",le=\"+Inf\"} 1",
            "# TYPE girasol_cache_entries gauge",
            "girasol_cache_entries{level=\"memory\",kind=\"x\"} 7",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line}\n{text}");
        }
        assert!(text.contains("# HELP girasol_http_sent_bytes_total "), "{text}");
    }
}
