//! The same rules for Prometheus.

use std::fmt::Write as _;

use super::{
    measure::{Measure, Scope},
    objective::{Counted, Objective, Pace, Targets},
    rule::{Rule, Side},
};

const ANSWERS: &str = "girasol_http_request_duration_seconds";
const CACHE: &str = "girasol_cache_requests_total";
const OLDEST_JOB: &str = "girasol_service_oldest_job_age_seconds";
const OLDEST_PURGE: &str = "girasol_service_oldest_purge_age_seconds";
const PURGES: &str = "girasol_service_purges";
const FAULTY: &str = "girasol_service_faulty_objects";
const POOR: &str = "girasol_service_poor_renditions";
const BACKUP: &str = "girasol_service_backup_age_seconds";
const MEMORY: [&str; 2] = ["girasol_memory_free_bytes", "girasol_memory_size_bytes"];
const DISK: [&str; 2] = ["girasol_disk_free_bytes", "girasol_disk_size_bytes"];
const CONDITION: &str = "girasol_health_condition";
const REPLICA: &str = "girasol_db_replica_ready";
const SWITCH: &str = "girasol_viewer_switch_duration_seconds";

/// As [`Objective::of_route`] has them.
const MANIFESTS: &str = "/api/products/customizable/.*/sequence|/m/.*";
const FRAMES: &str = "/(s|p|still)/.*";
const BOTH: &str = "/api/products/customizable/.*/sequence|/(m|s|p|still)/.*";

/// What stands above rules in their file.
const HEAD: &str = "\
# Made by `girasol monitoring rules` from the rules and the settings of the service: edit those, not this file.
# docs/runbook.md has a section for each alert. Prometheus and the service need not both notify: `alerts.enabled = false`
# leaves it to Prometheus.
";

/// `latency-critical` is `GirasolLatencyCritical` there.
pub fn prometheus_name(rule: &str) -> String {
    let words = rule.split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_uppercase() + rest
    });
    "Girasol".to_owned() + &words.collect::<String>()
}

/// The expression that has a value while the condition of a rule holds. A rule that fires holds until its clearing bound.
pub fn condition(rule: &Rule, targets: &Targets) -> String {
    let raises = beyond(rule, rule.bounds.raises, targets);
    if rule.bounds.raises.to_bits() == rule.bounds.clears.to_bits() {
        return raises;
    }
    let on = subject_label(rule.measure).unwrap_or_default();
    let name = prometheus_name(rule.name);
    let holds = beyond(rule, rule.bounds.clears, targets);
    format!(
        "({raises})\nor\n(({holds}) and on ({on}) ALERTS{{alertname=\"{name}\",alertstate=\"firing\"}} == 1)"
    )
}

/// Rules as Prometheus reads them, as one file.
pub fn rules_file(rules: &[Rule], targets: &Targets) -> String {
    let mut text = format!("{HEAD}groups:\n  - name: girasol\n    rules:\n");
    for rule in rules {
        let _ = writeln!(text, "      - alert: {}\n        expr: |", prometheus_name(rule.name));
        for line in condition(rule, targets).lines() {
            let _ = writeln!(text, "          {line}");
        }
        if rule.hold_ms > 0 {
            let _ = writeln!(text, "        for: {}s", rule.hold_ms / 1000);
        }
        let _ = writeln!(
            text,
            "        labels:\n          severity: {}\n          notify: {}\n        annotations:\n          \
             summary: {}.\n          runbook: docs/runbook.md#{}",
            rule.severity.as_str(),
            rule.severity.notify(),
            rule.says,
            rule.name
        );
    }
    text
}

/// The label that tells the subjects of a measure apart.
fn subject_label(measure: Measure) -> Option<&'static str> {
    match (measure, measure.scope()) {
        (Measure::PurgeAge | Measure::FailedPurges, _) => Some("cache"),
        (_, Scope::Instance) => Some("instance"),
        (_, Scope::Service) => None,
    }
}

/// That a measure is beyond a bound.
fn beyond(rule: &Rule, bound: f64, targets: &Targets) -> String {
    let sign = match rule.side {
        Side::Above => '>',
        Side::Below => '<',
    };
    if let Measure::Burn(objective, pace) = rule.measure {
        return burning(objective, pace, bound, targets);
    }
    let beyond = format!("{} {sign} {bound}", value(rule.measure, targets));
    let (series, window) = match rule.measure {
        Measure::Latency | Measure::Errors => (format!("{ANSWERS}_count{{route=~\"{BOTH}\"}}"), "5m"),
        Measure::HitRate => (format!("{CACHE}{{level=\"memory\"}}"), "15m"),
        _ => return beyond,
    };
    format!("{beyond}\nand\nsum(increase({series}[{window}])) >= {}", rule.measure.least())
}

/// The expression for a measure, as a plot shows it.
pub fn value_for_plots(measure: Measure, targets: &Targets) -> String {
    match measure {
        Measure::Burn(objective, _) => {
            format!("({}) / (1 - {})", value(measure, targets), targets.counted(objective).target)
        }
        _ => value(measure, targets),
    }
}

fn value(measure: Measure, targets: &Targets) -> String {
    // 0 is well, and more is not.
    let is_well = |part: &str| format!("1 - {CONDITION}{{part=\"{part}\"}}");
    match measure {
        Measure::Latency => format!(
            "1000 * histogram_quantile(0.95, sum by (le) (rate({ANSWERS}_bucket{{route=~\"{BOTH}\"}}[5m])))"
        ),
        Measure::Errors => format!("100 * ({})", failed(BOTH, "5m")),
        Measure::HitRate => format!("100 * {}", found("15m")),
        Measure::Memory => format!("100 * (1 - {} / {})", MEMORY[0], MEMORY[1]),
        Measure::DiskFree => format!("100 * {} / {}", DISK[0], DISK[1]),
        Measure::QueueAge => format!("max({OLDEST_JOB})"),
        Measure::PurgeAge => format!("max by (cache) ({OLDEST_PURGE})"),
        Measure::FailedPurges => format!("max by (cache) ({PURGES}{{state=\"failed\"}})"),
        Measure::FaultyObjects => format!("sum(max by (fault) ({FAULTY}))"),
        Measure::PoorRenditions => format!("max({POOR})"),
        Measure::BackupAge => format!("max({BACKUP}) / 3600"),
        Measure::Replica => REPLICA.to_owned(),
        Measure::Database => is_well("database"),
        Measure::Store => is_well("store"),
        Measure::SharedCache => is_well("redis"),
        Measure::Tasks => is_well("background"),
        Measure::Burn(objective, pace) => bad_share(objective, &format!("{}m", pace.windows()[0]), targets),
    }
}

/// The share of answers that failed.
fn failed(routes: &str, window: &str) -> String {
    let all = format!("sum(rate({ANSWERS}_count{{route=~\"{routes}\"}}[{window}]))");
    format!("sum(rate({ANSWERS}_count{{route=~\"{routes}\",status=~\"5..\"}}[{window}])) / {all}")
}

/// The share of questions to the memory that it had the answer for.
fn found(window: &str) -> String {
    let asked = format!("sum(rate({CACHE}{{level=\"memory\"}}[{window}]))");
    format!("sum(rate({CACHE}{{level=\"memory\",outcome=\"hit\"}}[{window}])) / {asked}")
}

/// The share that was bad in a window.
fn bad_share(objective: Objective, window: &str, targets: &Targets) -> String {
    // A bucket is named by its bound in seconds.
    let seconds = |ms: u32| f64::from(ms) / 1000.0;
    match objective {
        Objective::Manifests => failed(MANIFESTS, window),
        Objective::Frames => failed(FRAMES, window),
        Objective::Latency => {
            let of = |suffix: &str, le: &str| {
                format!("sum(rate({ANSWERS}_{suffix}{{route=~\"{BOTH}\"{le}}}[{window}]))")
            };
            let le = format!(",le=\"{}\"", seconds(targets.latency_ms));
            format!("1 - {} / {}", of("bucket", &le), of("count", ""))
        }
        Objective::Switch => format!(
            "1 - sum(rate({SWITCH}_bucket{{le=\"{}\"}}[{window}])) / sum(rate({SWITCH}_count[{window}]))",
            seconds(targets.switch_ms)
        ),
        Objective::Hits => format!("1 - {}", found(window)),
        Objective::Queue => {
            format!("avg_over_time((max({OLDEST_JOB}) > bool {})[{window}:1m])", targets.queue_seconds)
        }
    }
}

/// That enough was counted to prove something.
fn counted(objective: Objective, window: &str, targets: &Targets) -> Option<String> {
    let series = match objective {
        Objective::Manifests => format!("{ANSWERS}_count{{route=~\"{MANIFESTS}\"}}"),
        Objective::Frames => format!("{ANSWERS}_count{{route=~\"{FRAMES}\"}}"),
        Objective::Latency => format!("{ANSWERS}_count{{route=~\"{BOTH}\"}}"),
        Objective::Switch => format!("{SWITCH}_count"),
        Objective::Hits => format!("{CACHE}{{level=\"memory\"}}"),
        Objective::Queue => return None,
    };
    Some(format!("sum(increase({series}[{window}])) >= {}", targets.counted(objective).least))
}

fn burning(objective: Objective, pace: Pace, rate: f64, targets: &Targets) -> String {
    let Counted { target, .. } = targets.counted(objective);
    let [long, short] = pace.windows().map(|minutes| format!("{minutes}m"));
    let over =
        |window: &str| format!("({}) > {rate} * (1 - {target})", bad_share(objective, window, targets));
    let parts = [Some(over(&long)), Some(over(&short)), counted(objective, &long, targets)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\nand\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alerts::rule::all_rules;

    #[test]
    fn names_are_words() {
        assert_eq!(prometheus_name("burn-hits-fast"), "GirasolBurnHitsFast");
    }

    #[test]
    fn a_rule_with_two_bounds_holds_until_the_second() {
        let rules = all_rules();
        let of =
            |name: &str| condition(rules.iter().find(|rule| rule.name == name).unwrap(), &Targets::default());
        assert_eq!(
            of("purge-old"),
            "(max by (cache) (girasol_service_oldest_purge_age_seconds) > 60)\nor\n\
             ((max by (cache) (girasol_service_oldest_purge_age_seconds) > 30) and on (cache) \
             ALERTS{alertname=\"GirasolPurgeOld\",alertstate=\"firing\"} == 1)"
        );
        assert_eq!(of("store-away"), "1 - girasol_health_condition{part=\"store\"} < 0.5");
    }

    #[test]
    fn rules_follow_the_targets() {
        let targets = Targets {
            latency: 0.99,
            latency_ms: 100,
            switch_ms: 500,
            queue_seconds: 90,
            ..Targets::default()
        };
        let rules = all_rules();
        let of = |name: &str| condition(rules.iter().find(|rule| rule.name == name).unwrap(), &targets);
        let latency = of("burn-latency-fast");
        assert!(latency.contains(",le=\"0.1\"}") && latency.contains("> 14.4 * (1 - 0.99)"), "{latency}");
        assert!(of("burn-switch-slow").contains("{le=\"0.5\"}"));
        assert!(of("burn-queue-slow").contains("> bool 90)"));
        assert!(rules_file(&rules, &targets).contains("- alert: GirasolBurnLatencyFast\n"));
    }
}
