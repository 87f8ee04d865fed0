//! Signals: a change in the database wakes the tasks of this process that wait for it.
//!
//! A signal carries nothing but its topic: the woken task reads the database, which alone knows what changed. A task
//! therefore loses nothing if signals are merged, come twice, or wake it for nothing. A database server relays the signals
//! of every process to all others. Changes by other processes on the same data folder send no signal here; each wait ends
//! after the waiting task's own polling interval at the latest, so those changes are seen then.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Topic {
    /// A job can be claimed.
    Jobs,
    /// A job has progressed or ended, or an ingest has progressed.
    Progress,
    /// A version went live, or none is live any more; a configuration was protected, or a signing key retired.
    Pointers,
    /// Objects were removed that may be cached.
    Removals,
    /// A purge is to be delivered.
    Purges,
    /// A delivery of a purge was acknowledged or failed.
    Deliveries,
    /// Alerts were evaluated, or one was silenced.
    Alerts,
}

impl Topic {
    /// Every topic.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;
}

/// Signals of each topic so far.
type Counts = [u64; 7];

/// The signals of one process; cheap to clone.
#[derive(Debug, Clone)]
pub struct Signals {
    counts: Arc<watch::Sender<Counts>>,
}

impl Default for Signals {
    fn default() -> Self {
        Self { counts: Arc::new(watch::Sender::new(Counts::default())) }
    }
}

impl Signals {
    /// Wakes every task that waits for the topic. The change has to be committed.
    pub fn send(&self, topic: Topic) {
        self.counts.send_modify(|counts| counts[topic as usize] += 1);
    }

    /// How many signals of a topic there were so far.
    pub fn count(&self, topic: Topic) -> u64 {
        self.counts.borrow()[topic as usize]
    }

    /// A listener that misses no signal from now on.
    pub fn listen(&self, topics: &'static [Topic]) -> Listener {
        let receiver = self.counts.subscribe();
        let seen = *receiver.borrow();
        // The sender is held so that the channel stays open.
        Listener { topics, seen, receiver, _signals: self.clone() }
    }
}

/// Waits for signals of some topics. Signals that come between two waits end the next one at once.
#[derive(Debug)]
pub struct Listener {
    topics: &'static [Topic],
    seen: Counts,
    receiver: watch::Receiver<Counts>,
    _signals: Signals,
}

impl Listener {
    /// Waits for a signal, and no longer than `poll`.
    pub async fn wait(&mut self, poll: Duration) {
        let (topics, seen) = (self.topics, self.seen);
        let is_news =
            |counts: &Counts| topics.iter().any(|topic| counts[*topic as usize] != seen[*topic as usize]);
        if let Ok(Ok(counts)) = tokio::time::timeout(poll, self.receiver.wait_for(is_news)).await {
            self.seen = *counts;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: Duration = Duration::from_hours(1);

    #[tokio::test]
    async fn a_signal_between_two_waits_is_not_missed() {
        let signals = Signals::default();
        let mut listener = signals.listen(&[Topic::Removals, Topic::Pointers]);
        signals.send(Topic::Removals);
        listener.wait(NEVER).await;
        signals.send(Topic::Pointers);
        signals.send(Topic::Pointers);
        listener.wait(NEVER).await;
    }

    #[tokio::test]
    async fn other_topics_do_not_wake() {
        let signals = Signals::default();
        let mut listener = signals.listen(&[Topic::Removals]);
        signals.send(Topic::Jobs);
        let before = listener.seen;
        listener.wait(Duration::from_millis(1)).await;
        assert_eq!(listener.seen, before);
    }

    #[tokio::test]
    async fn a_listener_outlives_its_sender() {
        let mut listener = Signals::default().listen(&[Topic::Jobs]);
        listener.wait(Duration::from_millis(1)).await;
        assert_eq!(listener.seen, Counts::default());
    }
}
