//! What caches outside remove or mark stale, and when a purge is sent again.

use std::collections::BTreeSet;

use assets_pipeline::digest::Digest;
use serde::{Deserialize, Serialize};

use super::{
    backoff::Backoff,
    names::{ConfigId, ProductId},
};

/// The tag of every answer that names a configuration.
pub fn configuration_tag(id: &ConfigId) -> String {
    tag('c', id.as_str())
}

/// The tag of every answer that names a product.
pub fn product_tag(id: &ProductId) -> String {
    tag('p', &id.to_string())
}

/// The tag of a set's frames, or of a pack.
pub fn object_tag(digest: Digest) -> String {
    format!("s-{digest}")
}

/// Names may be longer than a tag, so tags have a hash of them.
fn tag(kind: char, name: &str) -> String {
    format!("{kind}-{}", Digest::of(name.as_bytes()))
}

/// Whether a text can be a tag of an answer.
pub fn is_tag(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// What a cache is to purge: by tags, and by what addresses are made from for caches that know no tags.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purge {
    /// Each `[a-z0-9-]{1,64}`.
    pub tags: BTreeSet<String>,
    /// Configurations whose manifests and stills are purged.
    pub configurations: BTreeSet<ConfigId>,
    /// Products whose page is purged, and the manifests of all their spins, which name each other.
    pub products: BTreeSet<ProductId>,
    /// Other addresses, each beginning with a slash.
    pub paths: BTreeSet<String>,
}

impl Purge {
    /// Everything that names the configuration, and its product.
    pub fn configuration(id: &ConfigId) -> Self {
        let mut purge = Self::product(&id.product());
        purge.tags.insert(configuration_tag(id));
        purge.configurations.insert(id.clone());
        purge
    }

    /// Everything that names the product.
    pub fn product(id: &ProductId) -> Self {
        Self { tags: [product_tag(id)].into(), products: [id.clone()].into(), ..Self::default() }
    }

    /// Adds what another one names.
    pub fn merge(&mut self, other: Self) {
        self.tags.extend(other.tags);
        self.configurations.extend(other.configurations);
        self.products.extend(other.products);
        self.paths.extend(other.paths);
    }

    /// Whether it names no address.
    pub fn is_tags_alone(&self) -> bool {
        self.products.is_empty() && self.configurations.is_empty() && self.paths.is_empty()
    }

    /// What is purged, for people: what was named, and not the tags that follow from it.
    pub fn subject(&self) -> String {
        let mut names: Vec<String> = self.configurations.iter().map(ToString::to_string).collect();
        let of_none = |id: &&ProductId| !self.configurations.iter().any(|one| one.product() == **id);
        names.extend(self.products.iter().filter(of_none).map(ToString::to_string));
        if names.is_empty() {
            names.extend(self.tags.iter().cloned());
        }
        match names.len() {
            0..=3 => names.join(", "),
            count => format!("{} and {} more", names[..3].join(", "), count - 3),
        }
    }
}

/// Milliseconds after a change at which its purge is sent: at once; when no server has the old pointer any more; and
/// when no response that was made from it is under way any more.
pub const ROUNDS_MS: [i64; 3] = [0, 1_500, 6_500];

/// When a purge is sent for the `round`th time, if it is.
pub fn round_at_ms(again: bool, at_ms: i64, round: usize) -> Option<i64> {
    let rounds = if again { &ROUNDS_MS[..] } else { &ROUNDS_MS[..1] };
    rounds.get(round).map(|after| at_ms + after)
}

/// The first round that a delivery sent at this moment does not cover.
pub fn rounds_until(again: bool, at_ms: i64, sent_at_ms: i64) -> usize {
    let mut rounds = (0..).map_while(|round| round_at_ms(again, at_ms, round));
    rounds.position(|at| at > sent_at_ms).unwrap_or(if again { ROUNDS_MS.len() } else { 1 })
}

/// The longest pause between two attempts, unless the cache asks for a longer one.
pub const MAX_WAIT_MS: i64 = RETRY.most_ms;
const RETRY: Backoff = Backoff { first_ms: 1_000, most_ms: 3_600_000 };

/// Milliseconds that a delivery waits after so many failed attempts; `chance` is a random byte.
pub fn wait_ms(attempts: u32, chance: u8) -> i64 {
    RETRY.spread_ms(attempts, chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_delivery_covers_earlier_rounds() {
        assert_eq!(rounds_until(true, 1000, 1000), 1);
        assert_eq!(rounds_until(true, 1000, 2499), 1);
        assert_eq!(rounds_until(true, 1000, 2500), 2);
        assert_eq!(rounds_until(true, 1000, 60_000), 3);
        assert_eq!(round_at_ms(true, 1000, 3), None);
        assert_eq!(rounds_until(false, 1000, 1000), 1);
        assert_eq!(round_at_ms(false, 1000, 1), None);
    }

    #[test]
    fn a_configuration_names_its_product() {
        let id: ConfigId = "ring.solitaire.metal-platinum".parse().unwrap();
        let purge = Purge::configuration(&id);
        assert_eq!(purge.tags.len(), 2);
        assert!(purge.tags.iter().all(|tag| is_tag(tag)));
        assert!(purge.tags.is_superset(&Purge::product(&id.product()).tags));
        let json = serde_json::to_string(&purge).unwrap();
        assert_eq!(serde_json::from_str::<Purge>(&json).unwrap(), purge);
    }
}
