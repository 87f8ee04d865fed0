//! The rules of Prometheus and the runbook say what the service's own rules say. `make reference` writes the rules again.

use std::{fmt::Write as _, fs, path::Path, process::Command};

use expect_test::expect_file;
use girasol::{
    config::{ANSWER_BOUNDS_MS, SWITCH_BOUNDS_MS},
    domain::{
        alerts::{Measure, Objective, Rule, Scope, Targets, all_rules, prometheus_name, rules_file},
        panels::rows,
    },
    telemetry::metrics::families::{FAMILIES, Kind},
};

use crate::girasol::girasol;

/// Minutes of a good phase before anything happens.
const BEFORE: u32 = 70;

fn indented(text: &str, by: usize) -> String {
    let mut all = String::new();
    for line in text.lines() {
        let _ = writeln!(all, "{:by$}{line}", "");
    }
    all
}

/// What `girasol monitoring` prints with these settings.
fn printed(what: &str, settings: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("girasol.toml"), settings).unwrap();
    let output = girasol().args(["monitoring", what]).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no data folder is made");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_rules_of_prometheus_are_those_of_the_service() {
    expect_file!["../../deploy/monitoring/rules.yaml"].assert_eq(&printed("rules", ""));
}

#[test]
fn the_dashboard_shows_the_panels_of_the_service() {
    expect_file!["../../deploy/monitoring/dashboard.json"].assert_eq(&printed("dashboard", ""));
}

#[test]
fn the_rules_follow_the_settings() {
    let rules = printed(
        "rules",
        "[objectives]\nframes_percent = 99.99\nlatency_ms = 100\n\n[[alerts.rules]]\nname = \"disk-low\"\nraises = 20\n\n\
         [[alerts.rules]]\nname = \"backup-old\"\non = false\n",
    );
    for part in ["> 14.4 * (1 - 0.9999)", ",le=\"0.1\"}", "girasol_disk_size_bytes < 20\n"] {
        assert!(rules.contains(part), "{part}: {rules}");
    }
    assert!(!rules.contains("GirasolBackupOld"));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rules.yaml"), rules).unwrap();
    promtool(&["check", "rules", "rules.yaml"], folder.path());
    assert!(printed("dashboard", "[objectives]\nhits_percent = 98\n").contains("/ (1 - 0.98)"));
}

#[test]
fn promises_name_bounds_by_which_prometheus_counts() {
    let bounds = |family: &str| {
        let found = FAMILIES.iter().find(|known| known.name == family);
        let Some(Kind::Histogram(bounds)) = found.map(|known| known.kind) else { panic!("{family}") };
        bounds
    };
    for (family, named) in [
        ("girasol_http_request_duration_seconds", &ANSWER_BOUNDS_MS[..]),
        ("girasol_viewer_switch_duration_seconds", &SWITCH_BOUNDS_MS[..]),
    ] {
        let is_counted = |ms: &u32| bounds(family).contains(&(f64::from(*ms) / 1000.0));
        assert!(named.iter().all(is_counted), "{family}");
    }
}

/// A rule with each query: what Prometheus can read as such.
#[test]
fn prometheus_reads_every_query_of_the_dashboard() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "groups:\n  - name: panels\n    rules:\n".to_owned();
    let lines =
        rows(&Targets::default()).into_iter().flat_map(|row| row.panels).flat_map(|panel| panel.lines);
    for (at, line) in lines.enumerate() {
        let _ = write!(text, "      - record: panel:{at}\n        expr: |\n{}", indented(&line.query, 10));
    }
    fs::write(folder.path().join("panels.yaml"), text).unwrap();
    promtool(&["check", "rules", "panels.yaml"], folder.path());
}

#[test]
fn every_alert_has_a_section_in_the_runbook_and_every_section_an_alert() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/runbook.md")).unwrap();
    let sections: Vec<(&str, &str)> =
        page.split("\n### ").skip(1).map(|section| section.split_once('\n').unwrap()).collect();
    let mut headings: Vec<&str> = sections.iter().map(|(heading, _)| *heading).collect();
    headings.sort_unstable();
    let rules = all_rules();
    let mut names: Vec<&str> = rules.iter().map(|rule| rule.name).collect();
    names.sort_unstable();
    assert_eq!(headings, names);
    for (heading, text) in sections {
        assert!(text.contains("**Look") && text.contains("**do") || text.contains("**Do"), "{heading}");
        let meaning = text.split("**Look").next().unwrap().trim();
        assert!(meaning.len() > 40, "{heading} says what it means");
    }
}

/// How good what is measured is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Good,
    Bad,
    /// Between the bound that raises and the one that clears.
    Between,
}

/// What a series does in a phase.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Gauge(f64),
    /// By how much it grows in a minute.
    Counter(f64),
}

fn pick<T>(phase: Phase, [good, bad, between]: [T; 3]) -> T {
    match phase {
        Phase::Good => good,
        Phase::Bad => bad,
        Phase::Between => between,
    }
}

/// Answers of an address, by their time.
fn answers(route: &str, fast: f64, middle: f64, near: f64, slow: f64) -> Vec<(String, Shape)> {
    let name = "girasol_http_request_duration_seconds";
    let labels = format!("route=\"{route}\",status=\"200\"");
    let cumulative = [
        ("0.1", fast),
        ("0.25", fast + middle),
        ("0.3", fast + middle + near),
        ("0.5", fast + middle + near + slow),
        ("+Inf", fast + middle + near + slow),
    ];
    let buckets =
        cumulative.map(|(le, rate)| (format!("{name}_bucket{{{labels},le=\"{le}\"}}"), Shape::Counter(rate)));
    let all = fast + middle + near + slow;
    buckets.into_iter().chain([(format!("{name}_count{{{labels}}}"), Shape::Counter(all))]).collect()
}

/// Answers of an address, of which some fail, in per cent.
fn failing(route: &str, percent: f64) -> Vec<(String, Shape)> {
    let series = |status: &str, rate: f64| {
        let name =
            format!("girasol_http_request_duration_seconds_count{{route=\"{route}\",status=\"{status}\"}}");
        (name, Shape::Counter(rate))
    };
    vec![series("200", 10_000.0 - 100.0 * percent), series("503", 100.0 * percent)]
}

fn hits(percent: f64) -> Vec<(String, Shape)> {
    let series = |outcome: &str, rate: f64| {
        let labels = format!("level=\"memory\",kind=\"objects\",outcome=\"{outcome}\"");
        (format!("girasol_cache_requests_total{{{labels}}}"), Shape::Counter(rate))
    };
    vec![series("hit", percent * 10.0), series("miss", (100.0 - percent) * 10.0)]
}

fn gauge(series: &str, value: f64) -> Vec<(String, Shape)> {
    vec![(series.to_owned(), Shape::Gauge(value))]
}

fn part(name: &str, phase: Phase) -> Vec<(String, Shape)> {
    let series = format!("girasol_health_condition{{instance=\"a\",part=\"{name}\"}}");
    gauge(&series, pick(phase, [0.0, 1.0, 1.0]))
}

/// Series that make what a rule measures good or bad.
fn series(rule: &Rule, phase: Phase) -> Vec<(String, Shape)> {
    const FRAME: &str = "/s/{set}/{file}";
    const MANIFEST: &str = "/api/products/customizable/{configuration}/sequence";
    let is_warning = rule.covers.is_none();
    let two = |free: &str, size: &str, value: f64| {
        let mut all = gauge(&format!("{free}{{instance=\"a\"}}"), value);
        all.extend(gauge(&format!("{size}{{instance=\"a\"}}"), 100.0));
        all
    };
    match rule.measure {
        Measure::Latency if is_warning => match phase {
            Phase::Good => answers(FRAME, 60.0, 0.0, 0.0, 0.0),
            Phase::Bad => answers(FRAME, 0.0, 0.0, 60.0, 0.0),
            Phase::Between => answers(FRAME, 0.0, 60.0, 0.0, 0.0),
        },
        Measure::Latency => match phase {
            Phase::Good => answers(FRAME, 60.0, 0.0, 0.0, 0.0),
            Phase::Bad => answers(FRAME, 0.0, 0.0, 0.0, 60.0),
            Phase::Between => answers(FRAME, 0.0, 0.0, 60.0, 0.0),
        },
        Measure::Errors if is_warning => failing(MANIFEST, pick(phase, [0.0, 0.7, 0.3])),
        Measure::Errors => failing(MANIFEST, pick(phase, [0.0, 2.0, 0.7])),
        Measure::HitRate => hits(pick(phase, [95.0, 70.0, 82.0])),
        Measure::Memory => {
            let free = pick(phase, [50.0, 10.0, 22.0]);
            two("girasol_memory_free_bytes", "girasol_memory_size_bytes", free)
        }
        Measure::DiskFree => {
            let free = pick(phase, [50.0, 5.0, 11.0]);
            two("girasol_disk_free_bytes", "girasol_disk_size_bytes", free)
        }
        Measure::QueueAge | Measure::Burn(Objective::Queue, _) => {
            gauge("girasol_service_oldest_job_age_seconds", pick(phase, [0.0, 700.0, 400.0]))
        }
        Measure::PurgeAge => {
            let age = pick(phase, [0.0, 70.0, 45.0]);
            gauge("girasol_service_oldest_purge_age_seconds{cache=\"edge\"}", age)
        }
        Measure::FailedPurges => {
            let failed = pick(phase, [0.0, 1.0, 1.0]);
            gauge("girasol_service_purges{cache=\"edge\",state=\"failed\"}", failed)
        }
        Measure::FaultyObjects => {
            let faulty = pick(phase, [0.0, 1.0, 1.0]);
            gauge("girasol_service_faulty_objects{fault=\"damaged\"}", faulty)
        }
        Measure::PoorRenditions => gauge("girasol_service_poor_renditions", pick(phase, [0.0, 2.0, 2.0])),
        Measure::BackupAge => {
            let hours = pick(phase, [1.0, 30.0, 25.5]);
            gauge("girasol_service_backup_age_seconds", hours * 3600.0)
        }
        Measure::Replica => gauge("girasol_db_replica_ready{instance=\"a\"}", pick(phase, [1.0, 0.0, 0.0])),
        Measure::Database => part("database", phase),
        Measure::Store => part("store", phase),
        Measure::SharedCache => part("redis", phase),
        Measure::Tasks => part("background", phase),
        Measure::Burn(Objective::Manifests, _) => failing(MANIFEST, pick(phase, [0.0, 99.0, 99.0])),
        Measure::Burn(Objective::Frames, _) => failing(FRAME, pick(phase, [0.0, 99.0, 99.0])),
        Measure::Burn(Objective::Latency, _) => match phase {
            Phase::Good => answers(FRAME, 60.0, 0.0, 0.0, 0.0),
            Phase::Bad | Phase::Between => answers(FRAME, 0.0, 0.0, 0.0, 60.0),
        },
        Measure::Burn(Objective::Switch, _) => {
            let name = "girasol_viewer_switch_duration_seconds";
            let fast = pick(phase, [60.0, 0.0, 0.0]);
            vec![
                (format!("{name}_bucket{{le=\"0.3\"}}"), Shape::Counter(fast)),
                (format!("{name}_count"), Shape::Counter(60.0)),
            ]
        }
        Measure::Burn(Objective::Hits, _) => hits(pick(phase, [99.0, 0.0, 0.0])),
    }
}

/// The labels that an alert of a rule has beside its own.
fn labels(rule: &Rule) -> Vec<(&'static str, &'static str)> {
    let part = match rule.measure {
        Measure::Database => Some("database"),
        Measure::Store => Some("store"),
        Measure::SharedCache => Some("redis"),
        Measure::Tasks => Some("background"),
        _ => None,
    };
    let cache =
        matches!(rule.measure, Measure::PurgeAge | Measure::FailedPurges).then_some(("cache", "edge"));
    let instance = (rule.measure.scope() == Scope::Instance).then_some(("instance", "a"));
    cache.into_iter().chain(instance).chain(part.map(|part| ("part", part))).collect()
}

/// The values of a series over phases, as promtool writes them.
fn values(shapes: &[(Shape, u32)]) -> String {
    let mut total = 0.0;
    let mut parts = Vec::new();
    for (shape, minutes) in shapes {
        let rest = minutes - 1;
        match shape {
            Shape::Gauge(value) => parts.push(format!("{value}+0x{rest}")),
            Shape::Counter(rate) => {
                parts.push(format!("{}+{rate}x{rest}", total + rate));
                total += rate * f64::from(*minutes);
            }
        }
    }
    parts.join(" ")
}

/// A test of one rule: nothing, then it fires after its time, and holds between its bounds, and is over.
fn test_of(rule: &Rule) -> String {
    let hold = u32::try_from(rule.hold_ms / 60_000).unwrap();
    let is_burn = matches!(rule.measure, Measure::Burn(..));
    let bad = if is_burn { 300 } else { hold + 20 };
    let has_two_bounds = rule.bounds.raises.to_bits() != rule.bounds.clears.to_bits();
    let mut phases = vec![(Phase::Good, BEFORE), (Phase::Bad, bad)];
    if has_two_bounds && !is_burn {
        phases.push((Phase::Between, 40));
    }
    phases.push((Phase::Good, 60));

    let mut text = "  - interval: 1m\n    input_series:\n".to_owned();
    for at in 0..series(rule, Phase::Good).len() {
        let shape = |phase| series(rule, phase)[at].1;
        let shapes: Vec<_> = phases.iter().map(|(phase, minutes)| (shape(*phase), *minutes)).collect();
        let (name, values) = (&series(rule, Phase::Good)[at].0, values(&shapes));
        let _ = writeln!(text, "      - series: '{name}'\n        values: '{values}'");
    }
    text.push_str("    alert_rule_test:\n");
    let mut check = |minute: u32, fires: bool| {
        let name = prometheus_name(rule.name);
        let _ = writeln!(text, "      - eval_time: {minute}m\n        alertname: {name}");
        if !fires {
            let _ = writeln!(text, "        exp_alerts: []");
            return;
        }
        let _ = writeln!(text, "        exp_alerts:\n          - exp_labels:");
        let own = [("severity", rule.severity.as_str()), ("notify", rule.severity.notify())];
        for (label, value) in own.into_iter().chain(labels(rule)) {
            let _ = writeln!(text, "              {label}: {value}");
        }
        let _ = writeln!(text, "            exp_annotations:\n              summary: {}.", rule.says);
        let _ = writeln!(text, "              runbook: docs/runbook.md#{}", rule.name);
    };
    check(BEFORE - 1, false);
    if hold > 1 {
        check(BEFORE + hold - 1, false);
    }
    let mut end = 0;
    for (phase, minutes) in &phases {
        end += minutes;
        check(end - 1, *phase != Phase::Good);
    }
    text
}

/// That nothing fires where nothing is measured.
fn test_of_nothing() -> String {
    let mut text = "  - interval: 1m\n    input_series: []\n    alert_rule_test:\n".to_owned();
    for rule in all_rules() {
        let name = prometheus_name(rule.name);
        let _ = writeln!(text, "      - eval_time: 60m\n        alertname: {name}\n        exp_alerts: []");
    }
    text
}

fn promtool(arguments: &[&str], folder: &Path) {
    let output = Command::new("promtool").args(arguments).current_dir(folder).output();
    let Ok(output) = output else {
        assert!(std::env::var_os("CI").is_none(), "promtool must be installed (make setup)");
        eprintln!("skipped: there is no promtool here (make setup)");
        return;
    };
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(output.status.success(), "promtool {arguments:?}: {out}{err}");
}

#[test]
fn prometheus_raises_and_clears_every_alert() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    let tests = |name: &str, tests: String| {
        format!("rule_files: [{name}.rules.yaml]\nevaluation_interval: 1m\ntests:\n{tests}")
    };
    write("all.rules.yaml", rules_file(&all_rules(), &Targets::default()));
    write("all.yaml", tests("all", test_of_nothing()));
    promtool(&["check", "rules", "all.rules.yaml"], folder.path());
    let mut files = vec!["all.yaml".to_owned()];
    for rule in all_rules() {
        // promtool evaluates all rules of a file at every minute of every test.
        let (name, file) = (rule.name, format!("{}.yaml", rule.name));
        write(&format!("{name}.rules.yaml"), rules_file(std::slice::from_ref(&rule), &Targets::default()));
        write(&file, tests(name, test_of(&rule)));
        files.push(file);
    }
    let arguments: Vec<&str> =
        ["test", "rules"].into_iter().chain(files.iter().map(String::as_str)).collect();
    promtool(&arguments, folder.path());
}
