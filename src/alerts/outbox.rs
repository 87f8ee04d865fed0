//! Messages on their way to channels: those in the database, and those that could not be written there.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::sync::Notify;

use crate::{
    background::Task,
    cdn::purge::client::{SendError, SendErrorKind},
    db::Db,
    domain::backoff::Backoff,
    signals::Topic,
};

use super::channel::Channel;

/// How often the database is read for messages of other processes.
const POLL: Duration = Duration::from_secs(5);
/// How long a message is this process's alone. A channel takes less time than that.
const LEASE: Duration = Duration::from_mins(1);
/// How long a message waits that a channel has not taken.
const RETRY: Backoff = Backoff { first_ms: 1_000, most_ms: 300_000 };
/// How often a message is sent that a channel rejects; a mistake of an operator is mended in the meantime.
const REJECTED_ATTEMPTS: u32 = 5;
/// How often any message is sent: for about a day.
const MAX_ATTEMPTS: u32 = 300;
/// Messages of one channel in memory; the oldest go first.
const MAX_WAITING: usize = 100;

/// Messages that are only in memory, by channel.
#[derive(Debug)]
pub(super) struct Outbox {
    waiting: BTreeMap<String, Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    messages: Mutex<VecDeque<Value>>,
    pushed: Notify,
}

impl Outbox {
    pub(super) fn of(channels: impl Iterator<Item = String>) -> Self {
        Self { waiting: channels.map(|name| (name, Waiting::default())).collect() }
    }

    /// Adds a message that the database did not take. It never waits.
    pub(super) fn push(&self, channel: &str, message: Value) {
        let Some(waiting) = self.waiting.get(channel) else { return };
        let mut messages = waiting.messages.lock().unwrap_or_else(PoisonError::into_inner);
        if messages.len() == MAX_WAITING {
            messages.pop_front();
            tracing::error!(channel, "a notification was dropped: too many wait");
        }
        messages.push_back(message);
        drop(messages);
        waiting.pushed.notify_one();
    }

    /// All that waits for a channel.
    #[cfg(test)]
    pub(super) fn waiting(&self, channel: &str) -> Vec<Value> {
        self.waiting[channel].messages.lock().unwrap().iter().cloned().collect()
    }

    fn first(&self, channel: &str) -> Option<Value> {
        let messages = &self.waiting.get(channel)?.messages;
        messages.lock().unwrap_or_else(PoisonError::into_inner).front().cloned()
    }

    /// Removes the message that is the first still.
    fn remove(&self, channel: &str, message: &Value) {
        let Some(waiting) = self.waiting.get(channel) else { return };
        let mut messages = waiting.messages.lock().unwrap_or_else(PoisonError::into_inner);
        if messages.front() == Some(message) {
            messages.pop_front();
        }
    }

    /// Sends what is due to a channel, until the process stops.
    pub(super) async fn send_to(&self, channel: &Channel, db: &Db, mut task: Task) {
        let mut signals = db.signals().listen(&[Topic::Alerts]);
        let pushed = self.waiting.get(channel.name()).map(|waiting| &waiting.pushed);
        let mut failures = 0;
        while !task.is_stopping() {
            let more = tokio::select! {
                more = self.send_due(channel, db, &mut failures) => more,
                // A message in the database is sent again by another process when its lease is over.
                () = task.stopping() => return,
            };
            task.succeeded();
            let pause = match more {
                Next::AtOnce => continue,
                Next::After(pause) => pause,
            };
            let new = async {
                match pushed {
                    Some(pushed) if failures == 0 => pushed.notified().await,
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                () = signals.wait(pause) => {}
                () = new => {}
                () = task.stopping() => return,
            }
        }
    }

    /// Sends one message. What is in memory comes first: the database may be away.
    async fn send_due(&self, channel: &Channel, db: &Db, failures: &mut u32) -> Next {
        if let Some(message) = self.first(channel.name()) {
            return match channel.send(&message).await {
                Ok(()) => {
                    *failures = 0;
                    self.remove(channel.name(), &message);
                    Next::AtOnce
                }
                Err(error) => {
                    *failures += 1;
                    if is_given_up(channel, &error, *failures) {
                        self.remove(channel.name(), &message);
                        *failures = 0;
                    }
                    Next::After(Duration::from_millis(RETRY.wait_ms(*failures).unsigned_abs()))
                }
            };
        }
        *failures = 0;
        let names = [channel.name().to_owned()];
        let message = match db.claim_alert_message(&names, LEASE.as_millis() as i64).await {
            Ok(Some(message)) => message,
            Ok(None) => return Next::After(POLL),
            Err(error) => {
                tracing::debug!(%error, "notifications cannot be read");
                return Next::After(POLL);
            }
        };
        let done = match channel.send(&message.what).await {
            Ok(()) => db.delete_alert_message(message.id).await,
            Err(error) if is_given_up(channel, &error, message.attempts) => {
                db.delete_alert_message(message.id).await
            }
            Err(error) => {
                let wait_ms = match error.kind {
                    SendErrorKind::Busy(Some(pause)) => pause.as_millis() as i64,
                    _ => RETRY.wait_ms(message.attempts),
                };
                db.retry_alert_message(message.id, db.now_ms() + wait_ms).await
            }
        };
        if let Err(error) = done {
            // It is sent again when the lease is over.
            tracing::debug!(%error, "a notification cannot be noted as sent");
        }
        Next::AtOnce
    }
}

/// When the next message is looked for.
enum Next {
    AtOnce,
    After(Duration),
}

/// Says that a message was not taken, and whether it is not sent any more.
fn is_given_up(channel: &Channel, error: &SendError, attempts: u32) -> bool {
    let channel = channel.name();
    let most = if error.kind == SendErrorKind::Rejected { REJECTED_ATTEMPTS } else { MAX_ATTEMPTS };
    if attempts >= most {
        tracing::error!(channel, %error, attempts, "a notification was not taken, and is given up");
        return true;
    }
    tracing::warn!(channel, %error, attempts, "a notification was not taken, and is sent again");
    false
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn memory_keeps_the_newest_messages_and_never_more_than_its_bound() {
        let outbox = Outbox::of(["chat".to_owned()].into_iter());
        for n in 0..MAX_WAITING + 3 {
            outbox.push("chat", json!(n));
        }
        outbox.push("unknown", json!(0));
        assert_eq!(outbox.first("chat"), Some(json!(3)));
        outbox.remove("chat", &json!(99));
        outbox.remove("chat", &json!(3));
        assert_eq!(outbox.first("chat"), Some(json!(4)));
        let held = outbox.waiting["chat"].messages.lock().unwrap().len();
        assert_eq!(held, MAX_WAITING - 1);
    }
}
