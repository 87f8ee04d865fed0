//! Launches as triggers of KEDA, which keep workers ready.
//!
//! A trigger of the kind `cron` has no year: one that stays begins again a year later. What is over is left out, so that the
//! patch that is printed next does not have it.

use std::fmt::Write as _;

use time::OffsetDateTime;

use crate::domain::alerts::{LAUNCH_BEFORE_MS, Launch};

const MINUTE_MS: i64 = 60_000;
/// A longer launch would end before it begins, as `cron` sees it.
const YEAR_MS: i64 = 365 * 86_400_000;

/// A patch (RFC 6902) that adds a trigger for each launch that is not over, in UTC. Workers are there half an hour early, as
/// alerts are tight and caches warm from then on.
pub(super) fn patch(launches: &[Launch], replicas: u32, now_ms: i64) -> String {
    let mut text = "# Made by `girasol launches keda`, again after each change of launches: a trigger that is not removed begins again a \
                    year later.\n"
        .to_owned();
    let open = launches.iter().filter(|launch| !launch.is_over(now_ms));
    let mut is_empty = true;
    for (at, launch) in (1..).zip(open) {
        is_empty = false;
        let start_ms = launch.from_ms - LAUNCH_BEFORE_MS;
        // The last minute belongs to it.
        let end_ms = launch.until_ms.min(start_ms + YEAR_MS) + MINUTE_MS - 1;
        let _ = write!(
            text,
            "# {}\n- op: add\n  path: /spec/triggers/-\n  value:\n    type: cron\n    name: launch-{at}\n    metadata:\n      \
             timezone: Etc/UTC\n      start: {}\n      end: {}\n      desiredReplicas: \"{replicas}\"\n",
            launch.name,
            cron(start_ms),
            cron(end_ms),
        );
    }
    if is_empty {
        text.push_str("[]\n");
    }
    text
}

/// Minute, hour, day and month.
fn cron(at_ms: i64) -> String {
    let at =
        OffsetDateTime::from_unix_timestamp(at_ms.div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    format!("{} {} {} {} *", at.minute(), at.hour(), at.day(), u8::from(at.month()))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::domain::alerts::WrittenLaunch;

    fn launch(name: &str, from: &str, to: &str) -> Launch {
        let [name, from, to] = [name, from, to].map(ToOwned::to_owned);
        WrittenLaunch { name, from, to, ..WrittenLaunch::default() }.launch().unwrap()
    }

    #[test]
    fn what_is_not_over_keeps_workers_ready() {
        let over = launch("summer", "2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z");
        let sale = launch("autumn sale", "2026-11-27T06:00:00+01:00", "2026-11-30T23:59:30+01:00");
        let now_ms = sale.from_ms - 1;
        expect![[r#"
            # Made by `girasol launches keda`, again after each change of launches: a trigger that is not removed begins again a year later.
            # autumn sale
            - op: add
              path: /spec/triggers/-
              value:
                type: cron
                name: launch-1
                metadata:
                  timezone: Etc/UTC
                  start: 30 4 27 11 *
                  end: 0 23 30 11 *
                  desiredReplicas: "10"
        "#]]
        .assert_eq(&patch(&[over.clone(), sale], 10, now_ms));
        assert!(patch(&[over], 10, now_ms).ends_with("\n[]\n"));
    }
}
