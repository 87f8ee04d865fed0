//! Which tasks a committed transaction wakes.

use crate::signals::Topic;

/// Transactions by their names, and the topics that they send.
pub(super) const WAKING: &[(&str, &[Topic])] = &[
    ("alerts.end", &[Topic::Alerts]),
    ("alerts.report", &[Topic::Alerts]),
    ("alerts.save", &[Topic::Alerts]),
    ("alerts.silence", &[Topic::Alerts]),
    ("alerts.unsilence", &[Topic::Alerts]),
    ("framesets.commit", &[Topic::Jobs, Topic::Progress]),
    ("framesets.discard", &[Topic::Progress]),
    ("ingests.report", &[Topic::Progress]),
    ("jobs.append_log", &[Topic::Progress]),
    ("jobs.cancel", &[Topic::Progress]),
    ("jobs.claim", &[Topic::Progress]),
    ("jobs.encode_again", &[Topic::Jobs, Topic::Progress]),
    ("jobs.fail", &[Topic::Jobs, Topic::Progress]),
    ("jobs.finish", &[Topic::Progress]),
    ("jobs.give_way", &[Topic::Jobs, Topic::Progress]),
    ("jobs.note_rest", &[Topic::Progress]),
    ("jobs.prioritize", &[Topic::Jobs, Topic::Progress]),
    ("jobs.renew", &[Topic::Progress]),
    ("jobs.retry", &[Topic::Jobs, Topic::Progress]),
    ("jobs.yield", &[Topic::Jobs, Topic::Progress]),
    ("purges.by_hand", &[Topic::Purges]),
    ("signing_keys.retire", &[Topic::Pointers, Topic::Purges]),
    ("signing_keys.rotate", &[Topic::Pointers, Topic::Purges]),
];

/// The topics of a transaction, by its name.
pub(super) fn topics(transaction: &str) -> &'static [Topic] {
    WAKING.iter().find(|(name, _)| *name == transaction).map_or(&[], |(_, topics)| topics)
}
