//! What caches outside are told to let go of, and when they are told again.

use std::collections::BTreeSet;

use assets_pipeline::digest::Digest;
use serde::{Deserialize, Serialize};

use super::names::{ConfigId, ProductId};

/// The tag of whatever names a configuration.
pub fn configuration_tag(id: &ConfigId) -> String {
    tag('c', id.as_str())
}

/// The tag of whatever names a product.
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

/// What is to be let go of: by tags, and by what addresses are made from for caches that know none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purge {
    /// Each `[a-z0-9-]{1,64}`.
    pub tags: BTreeSet<String>,
    /// Whose manifests and stills go.
    pub configurations: BTreeSet<ConfigId>,
    /// Whose page goes, and the manifests of all their spins, which name each other.
    pub products: BTreeSet<ProductId>,
    /// Other addresses, each beginning with a slash.
    pub paths: BTreeSet<String>,
}

impl Purge {
    /// Whatever names the configuration, and its product.
    pub fn configuration(id: &ConfigId) -> Self {
        let mut purge = Self::product(&id.product());
        purge.tags.insert(configuration_tag(id));
        purge.configurations.insert(id.clone());
        purge
    }

    /// Whatever names the product.
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

    /// Whether there is nothing in it that has an address.
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

/// After how many milliseconds a change is told, from the change on: at once; when no server has the old pointer any
/// more; and when nothing is under way any more that was answered from it.
pub const ROUNDS_MS: [i64; 3] = [0, 1_500, 6_500];

/// When a purge is told for the `round`th time, if it is.
pub fn round_at_ms(again: bool, at_ms: i64, round: usize) -> Option<i64> {
    let rounds = if again { &ROUNDS_MS[..] } else { &ROUNDS_MS[..1] };
    rounds.get(round).map(|after| at_ms + after)
}

/// The first round that somebody who was told at this moment has not heard of.
pub fn rounds_until(again: bool, at_ms: i64, told_at_ms: i64) -> usize {
    let mut rounds = (0..).map_while(|round| round_at_ms(again, at_ms, round));
    rounds.position(|at| at > told_at_ms).unwrap_or(if again { ROUNDS_MS.len() } else { 1 })
}

/// The longest pause between two attempts, unless the cache asks for a longer one.
pub const MAX_WAIT_MS: i64 = 3_600_000;
const FIRST_WAIT_MS: i64 = 1_000;

/// How long a delivery waits after so many attempts in vain. `chance` is any byte: a quarter more or less, so that
/// those who failed together do not come again together.
pub fn wait_ms(attempts: u32, chance: u8) -> i64 {
    let whole = (FIRST_WAIT_MS << attempts.saturating_sub(1).min(20)).min(MAX_WAIT_MS);
    (whole * 3 / 4 + whole / 2 * i64::from(chance) / 255).min(MAX_WAIT_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour() {
        let middle = [1, 2, 3, 4].map(|attempts| wait_ms(attempts, 128) / 100);
        assert_eq!(middle, [10, 20, 40, 80]);
        assert_eq!((wait_ms(1, 0), wait_ms(1, 255)), (750, 1250));
        assert_eq!(wait_ms(u32::MAX, 255), MAX_WAIT_MS);
        assert!(wait_ms(0, 0) > 0);
    }

    #[test]
    fn whoever_hears_late_need_not_hear_again() {
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
