//! What an operator should know of a server that answers all the same.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long a notice stands after it was raised last.
const STANDS: Duration = Duration::from_mins(10);

/// The notices of a process, each under a word of its own; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Notices(Arc<Mutex<BTreeMap<&'static str, Notice>>>);

#[derive(Debug)]
struct Notice {
    text: &'static str,
    raised: Instant,
}

impl Notices {
    fn all(&self) -> MutexGuard<'_, BTreeMap<&'static str, Notice>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Raises a notice, or raises it again. Answers whether it is the first time: the log says it then.
    pub fn raise(&self, word: &'static str, text: &'static str) -> bool {
        self.all().insert(word, Notice { text, raised: Instant::now() }).is_none()
    }

    /// The texts of all notices that stand, which anyone may read who may ask for the server's health.
    pub fn standing(&self) -> Vec<&'static str> {
        let standing = |notice: &&Notice| notice.raised.elapsed() < STANDS;
        self.all().values().filter(standing).map(|notice| notice.text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_stands_for_a_while_and_is_new_once() {
        let notices = Notices::default();
        assert!(notices.standing().is_empty());
        assert!(notices.raise("proxy", "a proxy"));
        assert!(!notices.clone().raise("proxy", "a proxy"));
        assert_eq!(notices.standing(), ["a proxy"]);
        let long_ago = Instant::now().checked_sub(STANDS).unwrap();
        notices.all().get_mut("proxy").unwrap().raised = long_ago;
        assert!(notices.standing().is_empty());
        assert!(!notices.raise("proxy", "a proxy"));
    }
}
