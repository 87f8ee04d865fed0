//! The negotiation policy as data: the server reads it, manifests carry it, the edge is made from it.

use std::collections::{BTreeMap, BTreeSet};

use assets_pipeline::plan::tiers::{TierKey, TierTable};
use serde::{Deserialize, Serialize};

use super::hints::{Ect, Hints};

/// Evidence tables. In each the first rule that applies sets a ceiling; the lower ceiling wins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// The best tier for requests that ask for none.
    pub unasked: TierKey,
    /// Network evidence, slowest first.
    pub network: Vec<NetworkRule>,
    /// Device evidence, weakest first.
    pub device: Vec<DeviceRule>,
    /// Frames that each tier aims at. They follow the tier table: an edge that knows no manifest asks
    /// by these.
    #[serde(skip_deserializing)]
    pub frames: BTreeMap<TierKey, u32>,
}

/// Network evidence, any of which sets the ceiling; a rule without evidence always applies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkRule {
    /// The rule's name in `because`.
    pub name: String,
    /// This effective connection type and slower ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ect_to: Option<Ect>,
    /// A round trip of so many milliseconds and more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt_ms_from: Option<u32>,
    /// A bandwidth under so many Mbit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub downlink_mbps_under: Option<f64>,
    /// `Save-Data: on`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub save_data: bool,
    /// The best tier that is given.
    pub ceiling: TierKey,
}

/// Device evidence, any of which sets the ceiling; a rule without evidence always applies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceRule {
    /// The rule's name in `because`.
    pub name: String,
    /// Memory of so many GiB and less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_gib_to: Option<f64>,
    /// Memory under so many GiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_gib_under: Option<f64>,
    /// A mobile device whose memory is unknown.
    #[serde(default, skip_serializing_if = "is_false")]
    pub mobile: bool,
    /// The best tier that is given.
    pub ceiling: TierKey,
}

impl Default for Policy {
    fn default() -> Self {
        let network = |name: &str, ceiling| NetworkRule {
            name: name.to_owned(),
            ect_to: None,
            rtt_ms_from: None,
            downlink_mbps_under: None,
            save_data: false,
            ceiling,
        };
        let device = |name: &str, ceiling| DeviceRule {
            name: name.to_owned(),
            memory_gib_to: None,
            memory_gib_under: None,
            mobile: false,
            ceiling,
        };
        Self {
            unasked: TierKey::Standard,
            network: vec![
                NetworkRule {
                    ect_to: Some(Ect::G2),
                    rtt_ms_from: Some(1400),
                    ..network("2g", TierKey::Still)
                },
                NetworkRule {
                    ect_to: Some(Ect::G3),
                    rtt_ms_from: Some(270),
                    downlink_mbps_under: Some(0.7),
                    save_data: true,
                    ..network("3g or saving data", TierKey::Preview)
                },
                network("4g or unknown", TierKey::Hd),
            ],
            device: vec![
                DeviceRule { memory_gib_to: Some(1.0), ..device("low-end", TierKey::Preview) },
                DeviceRule {
                    memory_gib_under: Some(8.0),
                    mobile: true,
                    ..device("mid-range", TierKey::Standard24)
                },
                device("high-end", TierKey::Hd),
            ],
            frames: aimed_at(&TierTable::default()),
        }
    }
}

/// A policy that cannot be used: the key, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} {problem}")]
pub struct BadPolicy {
    /// As in the config file: `policy.network[1].rtt_ms_from`.
    pub key: String,
    /// The end of a sentence.
    pub problem: &'static str,
}

impl Policy {
    /// The same rules over another tier table.
    pub fn over(self, tiers: &TierTable) -> Self {
        Self { frames: aimed_at(tiers), ..self }
    }

    /// The network rule that applies; `validate` has made sure that one does.
    pub fn network(&self, hints: &Hints) -> Option<&NetworkRule> {
        self.network.iter().find(|rule| rule.applies(hints))
    }

    /// The device rule that applies.
    pub fn device(&self, hints: &Hints) -> Option<&DeviceRule> {
        self.device.iter().find(|rule| rule.applies(hints))
    }

    /// Checks what the types cannot say. Ceilings that rise down the list make the first rule that
    /// applies the lowest ceiling, so that more evidence of slowness never gives more.
    pub fn validate(&self) -> Result<(), BadPolicy> {
        let network: Vec<_> =
            self.network.iter().map(|rule| (&rule.name, rule.ceiling, rule.is_fallback())).collect();
        let device: Vec<_> =
            self.device.iter().map(|rule| (&rule.name, rule.ceiling, rule.is_fallback())).collect();
        validate_table("policy.network", &network)?;
        validate_table("policy.device", &device)?;
        for (index, rule) in self.network.iter().enumerate() {
            let key = |field: &str| format!("policy.network[{index}].{field}");
            check(
                rule.rtt_ms_from.is_none_or(|ms| (1..=60_000).contains(&ms)),
                || key("rtt_ms_from"),
                "must be from 1 to 60000",
            )?;
            let mbps = rule.downlink_mbps_under;
            check(
                mbps.is_none_or(|mbps| mbps > 0.0 && mbps <= 10_000.0),
                || key("downlink_mbps_under"),
                "must be above 0 and at most 10000",
            )?;
        }
        for (index, rule) in self.device.iter().enumerate() {
            for (field, gib) in
                [("memory_gib_to", rule.memory_gib_to), ("memory_gib_under", rule.memory_gib_under)]
            {
                let key = || format!("policy.device[{index}].{field}");
                check(
                    gib.is_none_or(|gib| gib > 0.0 && gib <= 1024.0),
                    key,
                    "must be above 0 and at most 1024",
                )?;
            }
        }
        Ok(())
    }
}

impl NetworkRule {
    fn is_fallback(&self) -> bool {
        self.ect_to.is_none()
            && self.rtt_ms_from.is_none()
            && self.downlink_mbps_under.is_none()
            && !self.save_data
    }

    fn applies(&self, hints: &Hints) -> bool {
        let at_least = |value: Option<f64>, from: Option<u32>| {
            value.zip(from).is_some_and(|(value, from)| value >= f64::from(from))
        };
        self.is_fallback()
            || hints.ect.zip(self.ect_to).is_some_and(|(ect, to)| ect <= to)
            || at_least(hints.rtt_ms, self.rtt_ms_from)
            || under(hints.downlink_mbps, self.downlink_mbps_under)
            || (self.save_data && hints.save_data)
    }
}

impl DeviceRule {
    fn is_fallback(&self) -> bool {
        self.memory_gib_to.is_none() && self.memory_gib_under.is_none() && !self.mobile
    }

    fn applies(&self, hints: &Hints) -> bool {
        self.is_fallback()
            || hints.memory_gib.zip(self.memory_gib_to).is_some_and(|(gib, to)| gib <= to)
            || under(hints.memory_gib, self.memory_gib_under)
            || (self.mobile && hints.mobile && hints.memory_gib.is_none())
    }
}

fn under(value: Option<f64>, limit: Option<f64>) -> bool {
    value.zip(limit).is_some_and(|(value, limit)| value < limit)
}

fn validate_table(key: &str, rules: &[(&String, TierKey, bool)]) -> Result<(), BadPolicy> {
    let key = || key.to_owned();
    check(
        rules.last().is_some_and(|(_, _, fallback)| *fallback),
        key,
        "must end with a rule without evidence",
    )?;
    check(
        rules.iter().filter(|(_, _, fallback)| *fallback).count() == 1,
        key,
        "has a rule without evidence before its end",
    )?;
    check(
        rules.is_sorted_by_key(|(_, ceiling, _)| *ceiling),
        key,
        "must go from the lowest ceiling to the highest",
    )?;
    let names: BTreeSet<_> = rules.iter().map(|(name, _, _)| name).collect();
    check(
        names.len() == rules.len() && names.iter().all(|name| !name.is_empty()),
        key,
        "must name each rule differently",
    )
}

fn check(holds: bool, key: impl FnOnce() -> String, problem: &'static str) -> Result<(), BadPolicy> {
    if holds { Ok(()) } else { Err(BadPolicy { key: key(), problem }) }
}

fn aimed_at(tiers: &TierTable) -> BTreeMap<TierKey, u32> {
    tiers.tiers.iter().map(|(key, spec)| (*key, spec.frames)).collect()
}

// The signature is serde's.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn the_default_policy_is_valid() {
        assert_eq!(Policy::default().validate(), Ok(()));
    }

    #[test]
    fn manifests_carry_the_policy_as_compact_json() {
        let json = serde_json::to_string_pretty(&Policy::default()).unwrap();
        expect![[r#"
            {
              "unasked": "standard",
              "network": [
                {
                  "name": "2g",
                  "ect_to": "2g",
                  "rtt_ms_from": 1400,
                  "ceiling": "still"
                },
                {
                  "name": "3g or saving data",
                  "ect_to": "3g",
                  "rtt_ms_from": 270,
                  "downlink_mbps_under": 0.7,
                  "save_data": true,
                  "ceiling": "preview"
                },
                {
                  "name": "4g or unknown",
                  "ceiling": "hd"
                }
              ],
              "device": [
                {
                  "name": "low-end",
                  "memory_gib_to": 1.0,
                  "ceiling": "preview"
                },
                {
                  "name": "mid-range",
                  "memory_gib_under": 8.0,
                  "mobile": true,
                  "ceiling": "standard-24"
                },
                {
                  "name": "high-end",
                  "ceiling": "hd"
                }
              ],
              "frames": {
                "still": 1,
                "preview": 12,
                "standard-24": 24,
                "standard": 36,
                "hd": 60
              }
            }"#]]
        .assert_eq(&json);
    }

    #[test]
    fn a_policy_that_could_give_more_to_the_slower_is_refused() {
        let mut policy = Policy::default();
        policy.network.swap(0, 1);
        assert_eq!(
            policy.validate().unwrap_err().to_string(),
            "policy.network must go from the lowest ceiling to the highest"
        );
        let mut policy = Policy::default();
        policy.device.pop();
        assert_eq!(
            policy.validate().unwrap_err().to_string(),
            "policy.device must end with a rule without evidence"
        );
        let mut policy = Policy::default();
        policy.network[0].rtt_ms_from = Some(0);
        assert_eq!(policy.validate().unwrap_err().key, "policy.network[0].rtt_ms_from");
        let mut policy = Policy::default();
        policy.device[0].memory_gib_to = Some(f64::NAN);
        assert_eq!(policy.validate().unwrap_err().key, "policy.device[0].memory_gib_to");
    }
}
