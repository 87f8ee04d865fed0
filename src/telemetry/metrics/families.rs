//! The list of all figures: name, kind, labels, and what each means. The reference is made from it.
//!
//! Every label has a small set of values: addresses are patterns, statements and kinds are words of the code, and caches and
//! rules have the names of the settings. Nothing that a client sends becomes a label.

use metrics::Unit;

/// How a figure behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// It only grows, and begins at 0 with the process.
    Counter,
    /// It goes up and down.
    Gauge,
    /// How often values were at most so large.
    Histogram(&'static [f64]),
}

impl Kind {
    /// The word of the exposition format for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

/// One figure.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// What Prometheus calls it.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it means, for people.
    pub help: &'static str,
}

impl Family {
    /// The unit that the name carries; `None` for plain numbers.
    pub fn unit(&self) -> Option<Unit> {
        let name = self.name.trim_end_matches("_total");
        if name.ends_with("_seconds") {
            Some(Unit::Seconds)
        } else if name.ends_with("_bytes") {
            Some(Unit::Bytes)
        } else {
            None
        }
    }

    /// Whether it is the same whichever process of the installation says it.
    pub fn is_of_service(&self) -> bool {
        self.name.starts_with("girasol_service_")
    }
}

/// The figure of a name.
pub fn family(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.name == name)
}

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Family {
    Family { name, kind: Kind::Counter, labels, help }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Family {
    Family { name, kind: Kind::Gauge, labels, help }
}

const fn histogram(
    name: &'static str,
    buckets: &'static [f64],
    labels: &'static [&'static str],
    help: &'static str,
) -> Family {
    Family { name, kind: Kind::Histogram(buckets), labels, help }
}

/// 0.1 ms to 10 s, with the bounds that objectives are about.
const ANSWERS: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.3, 0.5, 1.0, 2.5, 5.0,
    10.0,
];
/// The same in coarse steps, for what has many series.
const COARSE: &[f64] = &[0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
/// A second to half an hour.
const WORK: &[f64] = &[0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0];
/// A still to more than hd.
const RENDITIONS: &[f64] = &[
    5_000.0,
    10_000.0,
    25_000.0,
    50_000.0,
    75_000.0,
    100_000.0,
    150_000.0,
    250_000.0,
    500_000.0,
    1_000_000.0,
];
/// What a shopper notices, with the bound that the objective is about.
const SWITCHES: &[f64] = &[0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0];
/// From a frame that was cached to a turn over a bad line.
const BROWSERS: &[f64] = &[0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0];
/// SSIMULACRA2.
const SCORES: &[f64] = &[30.0, 40.0, 50.0, 55.0, 60.0, 65.0, 70.0, 75.0, 80.0, 85.0, 90.0, 95.0];

/// Labels of an answer.
const ANSWER: &[&str] = &["method", "route", "tier", "format", "status"];

/// Every figure. Those of requests come first, then those of the parts behind them, then the service's.
pub const FAMILIES: &[Family] = &[
    // Requests.
    histogram(
        "girasol_http_request_duration_seconds",
        ANSWERS,
        ANSWER,
        "Time from a request's head until the head of its answer is ready, by the address's pattern. Tier and format are \
         those of the answer, or empty.",
    ),
    counter(
        "girasol_http_response_body_bytes_total",
        ANSWER,
        "Bytes of the bodies of answers whose length is known when they begin.",
    ),
    counter(
        "girasol_http_memory_answers_total",
        &["route", "tier", "format", "outcome"],
        "Answers to visitors by whether all that they asked the memory for was there (hit), or something was fetched or made \
         (miss). Refusals, and answers that ask it for nothing, do not count.",
    ),
    counter(
        "girasol_http_sent_bytes_total",
        &[],
        "Bytes that the system has taken for clients: heads and bodies, as far as they were sent.",
    ),
    gauge("girasol_http_connections", &[], "Open connections of clients."),
    counter(
        "girasol_http_connections_refused_total",
        &[],
        "Connections that were closed at once, because their peer has as many as it may.",
    ),
    counter(
        "girasol_limited_requests_total",
        &["class"],
        "Requests that were refused with 429, by what the limit counts: reads, vitals, failures, absent, key-reads, key-writes.",
    ),
    counter(
        "girasol_limits_shared_total",
        &["outcome"],
        "Questions to the count that servers share in Redis. Where one failed, the server's own count has decided.",
    ),
    counter(
        "girasol_shed_loads_total",
        &["kind"],
        "Loads and requests that were refused with 503, since they would have waited too long. Loads for visitors: database, store, \
         objects, answers. What artists and operators asked for: keys, artists, uploads, operators, exports, streams of artists, \
         streams of operators.",
    ),
    histogram(
        "girasol_viewer_switch_duration_seconds",
        SWITCHES,
        &[],
        "Time from a choice to its picture in browsers, as viewers report it: the slowest switch of each view.",
    ),
    counter(
        "girasol_viewer_views_total",
        &[],
        "Views of spins that viewers have reported, of the share that is recorded.",
    ),
    histogram(
        "girasol_viewer_first_frame_duration_seconds",
        BROWSERS,
        &[],
        "Time until browsers painted the first frame of a spin, as viewers report it.",
    ),
    histogram(
        "girasol_viewer_whole_turn_duration_seconds",
        BROWSERS,
        &[],
        "Time until browsers had all frames of the last tier of a view, as viewers report it.",
    ),
    counter(
        "girasol_viewer_turned_frames_total",
        &["outcome"],
        "Frames that browsers painted while a piece turned: wanted, or those of a neighbouring angle.",
    ),
    counter(
        "girasol_viewer_rested_frames_total",
        &[],
        "Frames of hd that browsers painted while a piece rested, on screens with more pixels than the frames of its tier.",
    ),
    counter(
        "girasol_viewer_loupe_frames_total",
        &[],
        "Frames of a loupe that browsers painted over hd, where visitors zoomed further than hd goes.",
    ),
    counter("girasol_negotiations_total", &["tier", "format"], "Delivery classes that were selected."),
    counter(
        "girasol_negotiation_rules_total",
        &["rule"],
        "Rules that took part in selecting a delivery class. An answer may name several.",
    ),
    // Caches.
    counter(
        "girasol_cache_requests_total",
        &["level", "kind", "outcome"],
        "What each level was asked, the nearest first: memory, disk, redis, database, store. A level is asked where the ones \
         before it have nothing.",
    ),
    counter(
        "girasol_cache_loads_total",
        &["level", "kind", "outcome"],
        "Values that were loaded into a level. Requests that wait for the same value share one load.",
    ),
    counter(
        "girasol_cache_evictions_total",
        &["level", "kind"],
        "Values that were evicted to make room for others.",
    ),
    counter(
        "girasol_cache_early_evictions_total",
        &["level", "kind"],
        "Values that were asked for again soon after they were evicted to make room: the cache is too small.",
    ),
    gauge("girasol_cache_entries", &["level", "kind"], "Values in a level."),
    gauge("girasol_cache_bytes", &["level", "kind"], "Bytes that the values of a level take."),
    // The database.
    histogram(
        "girasol_db_statement_duration_seconds",
        COARSE,
        &["statement"],
        "Time of a statement or a transaction, by its name in the code.",
    ),
    counter("girasol_db_statement_rows_total", &["statement"], "Rows that a statement has read or changed."),
    counter(
        "girasol_db_statement_failures_total",
        &["statement"],
        "Statements and transactions that failed, by name.",
    ),
    histogram(
        "girasol_db_pool_wait_seconds",
        COARSE,
        &["pool"],
        "Time that statements and transactions waited for a connection.",
    ),
    gauge("girasol_db_connections", &["pool", "state"], "Connections to the database, idle or used."),
    // The store.
    histogram(
        "girasol_store_operation_duration_seconds",
        COARSE,
        &["backend", "operation", "outcome"],
        "Time of an operation of the store's backend, with every retry. The outcome is ok, missing or failed.",
    ),
    counter(
        "girasol_store_bytes_total",
        &["backend", "operation"],
        "Bytes of objects that were read from the store's backend, or written to it.",
    ),
    counter(
        "girasol_streamed_objects_total",
        &["outcome"],
        "Large objects that were handed on while they came from the backend: whole, failed, or damaged. Answers with the last two were broken off.",
    ),
    // Uploads, jobs and encodes.
    counter(
        "girasol_upload_received_bytes_total",
        &[],
        "Bytes of frames and archives that artists have sent.",
    ),
    counter(
        "girasol_upload_files_total",
        &["outcome"],
        "Files that arrived whole: accepted as frames, refused, or failed.",
    ),
    counter("girasol_job_attempts_total", &[], "Jobs that a worker of this process has begun to work on."),
    histogram(
        "girasol_job_duration_seconds",
        WORK,
        &["outcome"],
        "Time of an attempt: ready, refused, failed (it is tried again, or was the last attempt), yielded to previews or to \
         another process, taken away, or given back by a worker that stops.",
    ),
    histogram(
        "girasol_polish_duration_seconds",
        WORK,
        &["outcome"],
        "Time for which a spin was polished at once: better (it is live), not-better, overtaken, frames-gone, failed, lost to another \
         worker, or yielded to jobs, to a launch, to the CPU time of a day, or to the end of the worker: it goes on later.",
    ),
    histogram(
        "girasol_polish_cpu_seconds",
        WORK,
        &["outcome"],
        "CPU time that it took meanwhile. [polish] bounds the sum over all processes and 24 hours.",
    ),
    histogram(
        "girasol_loupe_duration_seconds",
        WORK,
        &["outcome"],
        "Time for which a loupe was made at once: ready (it is shown), unneeded, overtaken, frames-gone, failed, lost to another \
         worker, or yielded to jobs, to a launch, to the CPU time of a day, or to the end of the worker: it goes on later.",
    ),
    histogram(
        "girasol_loupe_cpu_seconds",
        WORK,
        &["outcome"],
        "CPU time that it took meanwhile. [loupe] bounds the sum over all processes and 24 hours.",
    ),
    histogram("girasol_ingest_stage_duration_seconds", WORK, &["stage"], "Time of a stage of an ingest."),
    counter(
        "girasol_encodes_total",
        &["outcome"],
        "Encodes that versions needed: made, or reused from an attempt before.",
    ),
    histogram(
        "girasol_rendition_bytes",
        RENDITIONS,
        &["tier", "format"],
        "Bytes of the renditions of versions that were made.",
    ),
    histogram(
        "girasol_rendition_quality_score",
        SCORES,
        &["tier", "format", "statistic"],
        "SSIMULACRA2 of the renditions of versions that were made: the mean over the frames, and the lowest frame.",
    ),
    counter(
        "girasol_scrubbed_objects_total",
        &["outcome"],
        "Objects that the slow reading of the store has read: sound, or faulty (missing or damaged).",
    ),
    // Purges.
    histogram(
        "girasol_purge_request_duration_seconds",
        ANSWERS,
        &["cache", "outcome"],
        "Time of a request that purges a cache: acknowledged, unreachable, busy, forbidden or rejected.",
    ),
    // The process.
    gauge(
        "girasol_health_condition",
        &["part"],
        "How well a part is, as /api/health says it: 0 ok, 1 degraded, 2 failed.",
    ),
    gauge("girasol_disk_free_bytes", &[], "What is free of the disk with the data folder."),
    gauge("girasol_disk_size_bytes", &[], "The size of that disk."),
    gauge(
        "girasol_memory_free_bytes",
        &[],
        "Memory that can be taken still: of the machine, or of a control group of the process, whichever has less.",
    ),
    gauge("girasol_memory_size_bytes", &[], "All memory there."),
    gauge(
        "girasol_db_replica_ready",
        &[],
        "Whether the replica of the database can be used: 1 or 0. Left out where none is configured.",
    ),
    gauge(
        "girasol_background_last_success_timestamp_seconds",
        &["task"],
        "When a task beside requests last did its work, as a Unix time; 0 if it has not yet.",
    ),
    counter(
        "girasol_background_restarts_total",
        &["task"],
        "How often a task beside requests was started again.",
    ),
    gauge("girasol_runtime_threads", &["runtime"], "Threads of the executors."),
    gauge("girasol_runtime_tasks", &["runtime"], "Tasks of the executors that have not ended."),
    gauge("girasol_runtime_queued_tasks", &["runtime"], "Tasks that wait for a thread."),
    counter("girasol_runtime_busy_seconds_total", &["runtime"], "Time that threads of the executors worked."),
    counter("process_cpu_seconds_total", &[], "CPU time of the process, user and system."),
    gauge("process_resident_memory_bytes", &[], "Memory of the process that is in RAM."),
    gauge("process_virtual_memory_bytes", &[], "Address space of the process."),
    gauge("process_threads", &[], "Threads of the process."),
    gauge("process_open_fds", &[], "Open files and connections."),
    gauge("process_max_fds", &[], "How many of them the system allows."),
    gauge("process_start_time_seconds", &[], "When the process started, as a Unix time."),
    counter(
        "girasol_trace_spans_total",
        &["outcome"],
        "Spans of recorded requests and jobs: sent, rejected by the collector, failed with their batch, or dropped for want of room.",
    ),
    gauge("girasol_build_info", &["version", "commit"], "1, with the version that runs."),
    // The service: the same from every process.
    gauge(
        "girasol_service_up",
        &[],
        "Whether the database has answered for the figures of the service. While it does not, they are left out.",
    ),
    gauge("girasol_service_jobs", &["state"], "Jobs that are queued or running."),
    gauge(
        "girasol_service_oldest_job_age_seconds",
        &[],
        "How long the job has waited that was due first of those that no worker has claimed; 0 without one.",
    ),
    gauge(
        "girasol_service_job_attempts",
        &[],
        "The most attempts that a job has had which is queued or running.",
    ),
    gauge(
        "girasol_service_purges",
        &["cache", "state"],
        "Deliveries of purges that are pending, or were given up.",
    ),
    gauge(
        "girasol_service_oldest_purge_age_seconds",
        &["cache"],
        "How long ago the oldest purge was written that a cache has never acknowledged and that is still sent; 0 without one.",
    ),
    gauge(
        "girasol_service_purge_attempts",
        &["cache"],
        "The most failed attempts since the last acknowledgement, of purges that are still sent.",
    ),
    gauge(
        "girasol_service_faulty_objects",
        &["fault"],
        "Objects that versions need and that were missing or damaged when the slow reading of the store read them last.",
    ),
    gauge(
        "girasol_service_scrub_ended_timestamp_seconds",
        &[],
        "When the slow reading of the store last came to the end of all objects, as a Unix time; 0 before the first time.",
    ),
    gauge(
        "girasol_service_poor_renditions",
        &[],
        "Renditions of live versions that were made within a day and are below the floor of their family.",
    ),
    gauge(
        "girasol_service_backup_age_seconds",
        &[],
        "How long ago girasol backup succeeded last; left out where it never did.",
    ),
    gauge("girasol_service_open_framesets", &[], "Frame sets that artists have not committed yet."),
    gauge("girasol_service_unfinished_uploads", &[], "Uploads that have begun and have not arrived whole."),
];

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    /// Every text of the code that begins like a figure's name.
    fn names_in(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                names_in(&path, found);
                continue;
            }
            if path.ends_with("families.rs") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let quoted = text.split('"');
            let is_name = |text: &&str| {
                (text.starts_with("girasol_") || text.starts_with("process_"))
                    && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            };
            found.extend(quoted.filter(is_name).map(str::to_owned));
        }
    }

    #[test]
    fn the_code_counts_what_the_list_has_and_nothing_else() {
        let mut found = BTreeSet::new();
        names_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        // Names of cookies and keys begin alike.
        found.retain(|name| !matches!(name.as_str(), "girasol_" | "girasol_session"));
        let listed: BTreeSet<String> = FAMILIES.iter().map(|family| family.name.to_owned()).collect();
        // A histogram has series of its own, which are read too.
        let is_series = |name: &str| {
            ["_sum", "_count"]
                .iter()
                .any(|of| name.strip_suffix(of).is_some_and(|name| listed.contains(name)))
        };
        found.retain(|name| !is_series(name));
        assert_eq!(listed.len(), FAMILIES.len(), "a name stands once");
        assert_eq!(found, listed);
    }

    #[test]
    fn names_follow_the_conventions() {
        for Family { name, kind, labels, help } in FAMILIES {
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
            assert!(help.ends_with('.') && !help.contains('\n'), "{name}");
            assert!(labels.iter().all(|label| *label != "le" && *label != "quantile"), "{name}");
            if let Kind::Histogram(buckets) = kind {
                assert!(buckets.is_sorted() && !buckets.is_empty(), "{name}");
            }
        }
    }
}
