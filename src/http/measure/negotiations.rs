//! Which delivery classes are selected, and by which rules.

use std::collections::HashMap;

use assets_pipeline::plan::tiers::{Format, TierKey};
use metrics::{Counter, counter};

use crate::domain::{
    negotiate::{DeliveryClass, word},
    policy::Policy,
};

/// The counters of one policy.
#[derive(Debug)]
pub(crate) struct Negotiations {
    rules: HashMap<String, Counter>,
    classes: Vec<(TierKey, Format, Counter)>,
}

impl Negotiations {
    /// Of a policy: its rules are all that an answer can name, beside those of queries and versions.
    pub(crate) fn of(policy: &Policy) -> Self {
        let asked = ["tier", "frames", "format"].map(|what| format!("{what}: asked for"));
        let missing = TierKey::ALL.map(|tier| format!("version: has no {}", word(tier)));
        let network = policy.network.iter().map(|rule| format!("network: {}", rule.name));
        let device = policy.device.iter().map(|rule| format!("device: {}", rule.name));
        let names = asked.into_iter().chain(missing).chain(network).chain(device);
        let of_rule = |rule: String| {
            let counter = counter!("girasol_negotiation_rules_total", "rule" => rule.clone());
            (rule, counter)
        };
        let of_class = |(tier, format): (TierKey, Format)| {
            let labels = [("tier", tier.as_str()), ("format", format.as_str())];
            (tier, format, counter!("girasol_negotiations_total", &labels))
        };
        let classes = TierKey::ALL.into_iter().flat_map(|tier| Format::ALL.map(|format| (tier, format)));
        Self { rules: names.map(of_rule).collect(), classes: classes.map(of_class).collect() }
    }

    /// Counts a class that was selected.
    pub(crate) fn count(&self, class: &DeliveryClass) {
        let is_it =
            |(tier, format, _): &&(TierKey, Format, Counter)| (*tier, *format) == (class.tier, class.format);
        if let Some((_, _, counter)) = self.classes.iter().find(is_it) {
            counter.increment(1);
        }
        for counter in class.because.iter().filter_map(|rule| self.rules.get(rule)) {
            counter.increment(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::{
        hints::Hints,
        negotiate::{Available, Offer, Overrides, negotiate},
    };

    use super::*;

    #[test]
    fn every_rule_that_an_answer_names_has_a_counter() {
        let policy = Policy::default();
        let negotiations = Negotiations::of(&policy);
        let offer = || Offer { frames: 12, formats: Format::ALL.to_vec() };
        for offered in [&TierKey::ALL[..], &[TierKey::Preview]] {
            let available = Available(offered.iter().map(|tier| (*tier, offer())).collect());
            let tiers = [None].into_iter().chain(TierKey::ALL.map(Some));
            for (tier, frames) in tiers.flat_map(|tier| [None, Some(12)].map(|frames| (tier, frames))) {
                for rtt in ["0", "300", "2000"] {
                    let hints = Hints::parse(|name| if name == "RTT" { vec![rtt] } else { Vec::new() });
                    let overrides = Overrides { tier, frames, format: tier.map(|_| Format::Webp) };
                    let Ok(class) = negotiate(&hints, overrides, &available, &policy) else { continue };
                    for rule in &class.because {
                        assert!(negotiations.rules.contains_key(rule), "{rule}");
                    }
                    assert!(negotiations.classes.iter().any(|(tier, ..)| *tier == class.tier));
                }
            }
        }
    }
}
