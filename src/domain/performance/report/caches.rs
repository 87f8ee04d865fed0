//! What each level of the cache was asked, what it missed, and what it let go too early.

use std::collections::BTreeMap;

use crate::domain::performance::series::Sample;

/// Early evictions among the misses from which more memory would help.
const EARLY: f64 = 0.05;
/// Misses from which there is something to say.
const LEAST_MISSES: f64 = 100.0;

/// The figures of one kind of value at one level.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CacheFigures {
    /// `memory`, `disk`, `redis`, `database` or `store`.
    pub level: String,
    /// What is cached, as `objects`.
    pub kind: String,
    /// Requests that it could answer.
    pub hits: f64,
    /// Requests that it could not.
    pub misses: f64,
    /// Requests that failed.
    pub failures: f64,
    /// Values that were let go to make room.
    pub evictions: f64,
    /// Of them, those that were asked for again soon after.
    pub early_evictions: f64,
}

impl CacheFigures {
    /// The share of requests that it could answer, from 0 to 1; `None` without requests.
    pub fn hit_rate(&self) -> Option<f64> {
        let asked = self.hits + self.misses;
        (asked > 0.0).then(|| self.hits / asked)
    }

    /// What would help, if anything would.
    pub fn advice(&self) -> Option<String> {
        if self.misses < LEAST_MISSES || self.early_evictions < EARLY * self.misses {
            return None;
        }
        let share = 100.0 * self.early_evictions / self.misses;
        let setting = match (self.level.as_str(), self.kind.as_str()) {
            ("memory", "objects") => "cache.objects_max_bytes",
            ("memory", _) => "cache.answers_max_bytes",
            _ => return None,
        };
        Some(format!(
            "{share:.0} % of the misses were values that had just made room for others: raise {setting}."
        ))
    }
}

/// Sums the samples up.
pub(super) fn of(samples: &[&Sample]) -> Vec<CacheFigures> {
    let mut found: BTreeMap<(&str, &str), CacheFigures> = BTreeMap::new();
    for Sample { name, sum, .. } in samples {
        let words: Vec<&str> = name.split(' ').collect();
        let (level, kind, outcome) = match words[..] {
            ["cache", level, kind, outcome] => (level, kind, outcome),
            [word @ ("evictions" | "early-evictions"), level, kind] => (level, kind, word),
            _ => continue,
        };
        let figures = found.entry((level, kind)).or_insert_with(|| CacheFigures {
            level: level.to_owned(),
            kind: kind.to_owned(),
            ..CacheFigures::default()
        });
        match outcome {
            "hit" => figures.hits += sum.total,
            "miss" => figures.misses += sum.total,
            "failure" => figures.failures += sum.total,
            "evictions" => figures.evictions += sum.total,
            "early-evictions" => figures.early_evictions += sum.total,
            _ => {}
        }
    }
    found.into_values().collect()
}

/// The share of requests for files and answers that memory could answer; `None` without any.
pub(super) fn hit_rate(caches: &[CacheFigures]) -> Option<f64> {
    let of_visitors = |cache: &&CacheFigures| {
        cache.level == "memory" && ["objects", "answers"].contains(&cache.kind.as_str())
    };
    let mut sum = CacheFigures::default();
    for cache in caches.iter().filter(of_visitors) {
        sum.hits += cache.hits;
        sum.misses += cache.misses;
    }
    sum.hit_rate()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::performance::series::Sum;

    #[test]
    fn samples_are_summed_up_by_level_and_kind() {
        let sample = |name: &str, value| Sample {
            at_ms: 0,
            instance: String::new(),
            name: name.to_owned(),
            sum: Sum::of(value),
        };
        let samples = [
            sample("cache memory objects hit", 600.0),
            sample("cache memory objects hit", 200.0),
            sample("cache memory objects miss", 200.0),
            sample("cache store frames miss", 3.0),
            sample("evictions memory objects", 30.0),
            sample("early-evictions memory objects", 20.0),
            sample("cpu", 0.5),
        ];
        let caches = of(&samples.iter().collect::<Vec<_>>());
        let [objects, store] = &caches[..] else { panic!("{caches:?}") };
        assert_eq!((objects.hits, objects.misses, objects.evictions), (800.0, 200.0, 30.0));
        assert_eq!(hit_rate(&caches), Some(0.8));
        assert!(objects.advice().unwrap().contains("10 % of the misses"), "{:?}", objects.advice());
        assert!(objects.advice().unwrap().contains("cache.objects_max_bytes"));
        assert_eq!((store.advice(), store.hit_rate()), (None, Some(0.0)));
    }
}
