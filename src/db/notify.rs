//! Which tasks a committed transaction wakes.

use crate::signals::Topic;

/// The topics of a transaction, by its name.
pub(super) fn topics(transaction: &str) -> &'static [Topic] {
    match transaction {
        "framesets.commit" | "jobs.retry" | "jobs.yield" | "jobs.fail" | "jobs.prioritize" => {
            &[Topic::Jobs, Topic::Progress]
        }
        "jobs.claim" | "jobs.renew" | "jobs.append_log" | "jobs.finish" | "jobs.cancel"
        | "framesets.discard" => &[Topic::Progress],
        "purges.by_hand" | "purges.of_objects" => &[Topic::Purges],
        "signing_keys.retire" | "signing_keys.rotate" => &[Topic::Pointers, Topic::Purges],
        _ => &[],
    }
}
