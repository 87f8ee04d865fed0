//! Which copies there are, how large, and which was used longest ago.

use std::collections::{BTreeMap, HashMap};

use crate::store::Address;

/// Keys in the order of their use.
#[derive(Debug, Default)]
pub(super) struct Recency {
    entries: HashMap<Address, Entry>,
    /// By the count at their last use.
    order: BTreeMap<u64, Address>,
    uses: u64,
    bytes: u64,
}

#[derive(Debug)]
struct Entry {
    used: u64,
    bytes: u64,
}

impl Recency {
    /// How many copies there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes of all copies.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Notes a copy as just used, whether it was known or not.
    pub(super) fn insert(&mut self, key: Address, bytes: u64) {
        self.remove(&key);
        self.uses += 1;
        self.order.insert(self.uses, key);
        self.entries.insert(key, Entry { used: self.uses, bytes });
        self.bytes += bytes;
    }

    /// Notes that a known copy was used.
    pub(super) fn touch(&mut self, key: &Address) {
        if let Some(entry) = self.entries.get_mut(key) {
            self.uses += 1;
            self.order.remove(&entry.used);
            self.order.insert(self.uses, *key);
            entry.used = self.uses;
        }
    }

    /// Removes a copy.
    pub(super) fn remove(&mut self, key: &Address) {
        if let Some(entry) = self.entries.remove(key) {
            self.order.remove(&entry.used);
            self.bytes -= entry.bytes;
        }
    }

    /// Removes what was used longest ago until the rest has at most `max_bytes`, and returns what it removed.
    pub(super) fn shrink_to(&mut self, max_bytes: u64) -> Vec<Address> {
        let mut gone = Vec::new();
        while self.bytes > max_bytes
            && let Some(key) = self.order.values().next().copied()
        {
            self.remove(&key);
            gone.push(key);
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use assets_pipeline::digest::Digest;

    use super::*;
    use crate::{domain::namespace::Namespace, store::ObjectKey};

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let key = |name: &str| ObjectKey::Pack(Digest::of(name.as_bytes())).within(Namespace::Public);
        let mut recency = Recency::default();
        for name in ["a", "b", "c"] {
            recency.insert(key(name), 10);
        }
        recency.touch(&key("a"));
        recency.touch(&key("unknown"));
        recency.insert(key("b"), 30);
        assert_eq!(recency.shrink_to(40), [key("c")]);
        assert_eq!(recency.shrink_to(39), [key("a")]);
        recency.remove(&key("b"));
        assert_eq!((recency.bytes, recency.order.len(), recency.entries.len()), (0, 0, 0));
        assert_eq!(recency.shrink_to(0), []);
    }
}
