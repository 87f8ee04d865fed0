use proptest::prelude::*;

use super::*;

const MINUTE_MS: i64 = 60_000;

/// A rule about the disk: raised below 10, cleared at 12, after three minutes.
fn disk() -> Rule {
    let rule = all_rules().into_iter().find(|rule| rule.name == "disk-low").unwrap();
    Rule { hold_ms: 3 * MINUTE_MS, ..rule }
}

fn snapshot(measure: Measure, value: f64) -> Snapshot {
    let mut snapshot = Snapshot::default();
    snapshot.set(measure, "", value);
    snapshot
}

/// What is told while these values come, one a minute; `None` where nothing was measured.
fn run(rule: &Rule, values: &[Option<f64>], silences: &[Silence]) -> Vec<(ChangeKind, i64)> {
    let mut alerts = Alerts::default();
    let mut told = Vec::new();
    for (minute, value) in (0..).zip(values) {
        let mut measured = Snapshot::default();
        measured.set_some(rule.measure, "", *value);
        let changes = alerts.step(minute * MINUTE_MS, std::slice::from_ref(rule), &measured, silences);
        told.extend(changes.into_iter().map(|change| (change.kind, minute)));
    }
    told
}

fn some(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().copied().map(Some).collect()
}

#[test]
fn an_alert_fires_after_its_time_and_is_over_at_its_second_bound() {
    let values = some(&[50.0, 9.0, 9.0, 9.0, 9.0, 11.0, 9.0, 11.9, 12.0, 9.0]);
    assert_eq!(run(&disk(), &values, &[]), [(ChangeKind::Firing, 4), (ChangeKind::Resolved, 8)]);
}

#[test]
fn a_condition_that_ends_before_its_time_tells_nothing() {
    assert_eq!(run(&disk(), &some(&[9.0, 9.0, 9.0, 10.0, 9.0, 9.0, 9.0]), &[]), []);
}

#[test]
fn what_is_not_measured_raises_nothing_and_ends_after_a_while() {
    assert_eq!(run(&disk(), &[None; 20], &[]), []);
    let mut values = some(&[9.0; 5]);
    // A value that is missing once changes nothing.
    values.extend([None, Some(9.0)]);
    values.extend([None; 10]);
    assert_eq!(run(&disk(), &values, &[]), [(ChangeKind::Firing, 3), (ChangeKind::Resolved, 12)]);
    // What was pending before a gap is pending anew.
    let mut values = some(&[9.0, 9.0]);
    values.extend([None; 7]);
    values.extend(some(&[9.0; 4]));
    assert_eq!(run(&disk(), &values, &[]), [(ChangeKind::Firing, 12)]);
}

#[test]
fn a_critical_alert_is_escalated_once_after_half_an_hour() {
    let told = run(&disk(), &some(&[9.0; 90]), &[]);
    assert_eq!(told, [(ChangeKind::Firing, 3), (ChangeKind::Escalated, 33)]);
    let warning = Rule { severity: Severity::Warning, ..disk() };
    assert_eq!(run(&warning, &some(&[9.0; 90]), &[]), [(ChangeKind::Firing, 3)]);
}

fn silence(until_minute: i64) -> Silence {
    Silence {
        rule: "disk-low".to_owned(),
        subject: None,
        until_ms: until_minute * MINUTE_MS,
        reason: "known".to_owned(),
        actor: "command line".to_owned(),
    }
}

#[test]
fn an_alert_is_told_when_its_silence_ends_and_is_no_more_if_it_was_over_before() {
    assert_eq!(run(&disk(), &some(&[9.0; 20]), &[silence(10)]), [(ChangeKind::Firing, 10)]);
    let mut values = some(&[9.0; 6]);
    values.extend(some(&[50.0; 10]));
    assert_eq!(run(&disk(), &values, &[silence(10)]), []);
    let of_other = Silence { subject: Some("other".to_owned()), ..silence(99) };
    assert_eq!(run(&disk(), &some(&[9.0; 5]), &[of_other]), [(ChangeKind::Firing, 3)]);
}

#[test]
fn a_severe_alert_speaks_for_the_milder_one() {
    let rules = all_rules();
    let mut alerts = Alerts::default();
    let mut told = Vec::new();
    let values = [(0, 400.0), (5, 400.0), (6, 400.0), (7, 240.0), (8, 240.0), (9, 100.0)];
    for (minute, value) in values {
        for change in alerts.step(minute * MINUTE_MS, &rules, &snapshot(Measure::Latency, value), &[]) {
            told.push((change.alert.rule, change.kind, minute));
        }
    }
    let told: Vec<_> = told.iter().map(|(rule, kind, minute)| (rule.as_str(), *kind, *minute)).collect();
    assert_eq!(
        told,
        [
            ("latency-critical", ChangeKind::Firing, 5),
            ("latency-critical", ChangeKind::Resolved, 7),
            // It holds still, and now it is told.
            ("latency-warning", ChangeKind::Firing, 7),
            ("latency-warning", ChangeKind::Resolved, 9),
        ]
    );
}

#[test]
fn a_rule_that_is_switched_off_ends_its_alerts() {
    let mut alerts = Alerts::default();
    let rule = Rule { hold_ms: 0, ..disk() };
    let low = snapshot(Measure::DiskFree, 1.0);
    assert_eq!(alerts.step(0, std::slice::from_ref(&rule), &low, &[]).len(), 1);
    let off = [Override { name: "disk-low".to_owned(), on: Some(false), ..Override::default() }];
    let changes = alerts.step(1, &rules(&off, false), &low, &[]);
    assert_eq!(changes.iter().map(|change| change.kind).collect::<Vec<_>>(), [ChangeKind::Resolved]);
}

#[test]
fn rules_are_sound() {
    let rules = all_rules();
    for rule in &rules {
        for Bounds { raises, clears } in [Some(rule.bounds), rule.launch].into_iter().flatten() {
            let is_apart = match rule.side {
                Side::Above => clears <= raises,
                Side::Below => clears >= raises,
            };
            assert!(is_apart, "{}: what raises it must not clear it", rule.name);
        }
        if let Some(milder) = rule.covers {
            let milder = rules.iter().find(|other| other.name == milder).unwrap();
            assert!(milder.severity < rule.severity, "{}", rule.name);
        }
        assert_eq!(rules.iter().filter(|other| other.name == rule.name).count(), 1, "{}", rule.name);
    }
    let text = |name: &str, value| rules.iter().find(|rule| rule.name == name).unwrap().sentence(value);
    assert_eq!(
        text("disk-low", 9.04),
        "The disk with the data folder is nearly full: 9.0 %, less than 10.0 %."
    );
    assert_eq!(text("store-away", 0.0), "The object store does not answer.");
}

#[test]
fn a_launch_tightens_and_settings_win() {
    let change = |raises, clears, hold_ms| Override {
        name: "purge-old".to_owned(),
        on: None,
        raises,
        clears,
        hold_ms,
    };
    let of = |overrides: &[Override], is_launch| {
        let rule = rules(overrides, is_launch).into_iter().find(|rule| rule.name == "purge-old").unwrap();
        (rule.bounds.raises, rule.bounds.clears, rule.hold_ms)
    };
    assert_eq!(of(&[], false), (60.0, 30.0, MINUTE_MS));
    assert_eq!(of(&[], true), (30.0, 15.0, MINUTE_MS));
    assert_eq!(of(&[change(Some(5.0), None, Some(0))], true), (5.0, 5.0, 0));
    assert_eq!(of(&[change(None, Some(1.0), None)], false), (60.0, 1.0, MINUTE_MS));
}

/// What a sequence of values does, over two rules, with restarts at some minutes.
fn told(values: &[(f64, f64)], silences: &[Silence], restarts: &[bool]) -> Vec<(String, ChangeKind, i64)> {
    let rules = [disk(), Rule { hold_ms: 2 * MINUTE_MS, ..purge_old() }];
    let mut alerts = Alerts::default();
    let mut all = Vec::new();
    for (minute, (disk, purge)) in (0..).zip(values) {
        let now_ms = minute * MINUTE_MS;
        if restarts.get(minute as usize) == Some(&true) {
            let kept: Vec<Alert> = alerts.open().cloned().collect();
            alerts = Alerts::resume(kept, now_ms);
        }
        let mut measured = snapshot(Measure::DiskFree, *disk);
        measured.set(Measure::PurgeAge, "edge", *purge);
        for change in alerts.step(now_ms, &rules, &measured, silences) {
            all.push((change.alert.rule, change.kind, minute));
        }
    }
    all
}

fn purge_old() -> Rule {
    all_rules().into_iter().find(|rule| rule.name == "purge-old").unwrap()
}

fn values() -> impl Strategy<Value = Vec<(f64, f64)>> {
    let disk = prop_oneof![Just(9.0), Just(11.0), Just(50.0)];
    let purge = prop_oneof![Just(61.0), Just(45.0), Just(0.0)];
    prop::collection::vec((disk, purge), 1..120)
}

proptest! {
    #[test]
    fn nothing_is_told_of_values_between_the_bounds(
        before in prop::collection::vec(0.0..20.0_f64, 0..20),
        between in prop::collection::vec(10.0..12.0_f64, 1..60),
    ) {
        let (count, mut all) = (before.len() as i64, some(&before));
        all.extend(some(&between));
        let told = run(&Rule { severity: Severity::Warning, ..disk() }, &all, &[]);
        prop_assert!(told.iter().all(|(_, minute)| *minute < count), "{told:?}");
    }

    #[test]
    fn an_alert_fires_only_after_it_held_all_the_time(values in prop::collection::vec(5.0..15.0_f64, 1..120)) {
        for (kind, minute) in run(&disk(), &some(&values), &[]) {
            if kind == ChangeKind::Firing {
                let held = &values[minute as usize - 3..=minute as usize];
                prop_assert!(held.iter().all(|value| *value < 10.0), "{held:?}");
            }
        }
    }

    #[test]
    fn firing_and_resolved_take_turns(values in values()) {
        for name in ["disk-low", "purge-old"] {
            let mut fires = false;
            for (_, kind, _) in told(&values, &[], &[]).into_iter().filter(|(rule, ..)| rule == name) {
                match kind {
                    ChangeKind::Firing => prop_assert!(!std::mem::replace(&mut fires, true)),
                    ChangeKind::Escalated => prop_assert!(fires),
                    ChangeKind::Resolved => prop_assert!(std::mem::replace(&mut fires, false)),
                }
            }
        }
    }

    #[test]
    fn a_silence_mutes_what_it_names_and_nothing_else(values in values(), until in 0..150_i64) {
        let of_other = |told: Vec<(String, ChangeKind, i64)>| -> Vec<_> {
            told.into_iter().filter(|(rule, ..)| rule != "disk-low").collect()
        };
        let muted = told(&values, &[silence(until)], &[]);
        let early = muted.iter().filter(|(rule, _, minute)| rule == "disk-low" && *minute < until);
        prop_assert_eq!(early.count(), 0);
        prop_assert_eq!(of_other(muted), of_other(told(&values, &[], &[])));
    }

    #[test]
    fn a_restart_neither_tells_twice_nor_forgets(
        values in values(),
        restarts in prop::collection::vec(any::<bool>(), 120),
    ) {
        prop_assert_eq!(told(&values, &[], &restarts), told(&values, &[], &[]));
    }
}
