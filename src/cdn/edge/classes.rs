//! The policy as an edge decides it: for each class, poorest first, the evidence that gives it.

use assets_pipeline::plan::tiers::TierKey;

use crate::domain::{
    hints::Ect,
    negotiate::word,
    policy::{DeviceRule, NetworkRule, Policy},
};

use super::decimals::{WEIGHT, between, from_under};

/// A class but for its format.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Class {
    pub(super) tier: TierKey,
    /// How it is asked for: `tier=standard&frames=24`.
    pub(super) query: String,
    /// Any of this evidence gives the class to a request that has no evidence for a poorer one.
    pub(super) evidence: Vec<Evidence>,
}

/// One sign of slowness.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Evidence {
    /// This effective connection type and slower ones.
    Ect(Ect),
    /// A round trip of so many milliseconds and more.
    RttMsFrom(u32),
    /// A bandwidth under so many Mbit/s.
    DownlinkMbpsUnder(f64),
    SaveData,
    /// Memory of so many GiB and less.
    MemoryGibTo(f64),
    /// Memory under so many GiB.
    MemoryGibUnder(f64),
    /// A mobile device whose memory is unknown.
    Mobile,
}

/// The classes that the policy gives to those who ask for nothing, poorest first. The last one takes no
/// evidence: it is for all others.
///
/// Ceilings rise down each table, so the poorest tier that anything speaks for is the lower one of both
/// tables' answers.
pub(super) fn classes(policy: &Policy) -> Vec<Class> {
    let mut found: Vec<(TierKey, Evidence)> = Vec::new();
    for NetworkRule { ect_to, rtt_ms_from, downlink_mbps_under, save_data, ceiling, .. } in &policy.network {
        let evidence = [
            ect_to.map(Evidence::Ect),
            rtt_ms_from.map(Evidence::RttMsFrom),
            downlink_mbps_under.map(Evidence::DownlinkMbpsUnder),
            save_data.then_some(Evidence::SaveData),
        ];
        found.extend(evidence.into_iter().flatten().map(|evidence| (*ceiling, evidence)));
    }
    for DeviceRule { memory_gib_to, memory_gib_under, mobile, ceiling, .. } in &policy.device {
        let evidence = [
            memory_gib_to.map(Evidence::MemoryGibTo),
            memory_gib_under.map(Evidence::MemoryGibUnder),
            mobile.then_some(Evidence::Mobile),
        ];
        found.extend(evidence.into_iter().flatten().map(|evidence| (*ceiling, evidence)));
    }
    let last = |ceiling: Option<TierKey>| ceiling.unwrap_or(policy.unasked);
    let fallback = policy
        .unasked
        .min(last(policy.network.last().map(|rule| rule.ceiling)))
        .min(last(policy.device.last().map(|rule| rule.ceiling)));

    let mut classes = Vec::new();
    for tier in TierKey::ALL.into_iter().filter(|tier| *tier < fallback) {
        let evidence: Vec<_> =
            found.iter().filter(|(ceiling, _)| *ceiling == tier).map(|(_, evidence)| *evidence).collect();
        if !evidence.is_empty() {
            classes.push(Class { tier, query: query(tier, policy), evidence });
        }
    }
    classes.push(Class { tier: fallback, query: query(fallback, policy), evidence: Vec::new() });
    classes
}

/// Every tier that can be asked for, in the spelling that the edge gives it: what there is to purge.
pub(super) fn queries(policy: &Policy) -> Vec<String> {
    TierKey::ALL.into_iter().map(|tier| query(tier, policy)).collect()
}

fn query(tier: TierKey, policy: &Policy) -> String {
    match policy.frames.get(&tier) {
        Some(frames) => format!("tier={}&frames={frames}", word(tier)),
        None => format!("tier={tier}"),
    }
}

/// Regular expressions (PCRE) of what is read as a hint, and of evidence.
pub(super) mod patterns {
    use super::{Ect, WEIGHT, between, from_under};

    /// The ranges outside of which the server takes a number for absurd.
    const RTT_MS: (f64, f64) = (1.0, 60_000.0);
    const DOWNLINK_MBPS: (f64, f64) = (0.0, 10_000.0);
    const MEMORY_GIB: (f64, f64) = (0.01, 1024.0);

    pub(in super::super) const ECT: &str = "^(?:slow-2g|2g|3g|4g)$";
    pub(in super::super) const ON: &str = "^on$";

    pub(in super::super) fn rtt() -> String {
        between(RTT_MS.0, RTT_MS.1)
    }

    pub(in super::super) fn downlink() -> String {
        between(DOWNLINK_MBPS.0, DOWNLINK_MBPS.1)
    }

    pub(in super::super) fn memory() -> String {
        between(MEMORY_GIB.0, MEMORY_GIB.1)
    }

    pub(in super::super) const fn ect_to(ect: Ect) -> &'static str {
        match ect {
            Ect::Slow2g => "^slow-2g$",
            Ect::G2 => "^(?:slow-2g|2g)$",
            Ect::G3 => "^(?:slow-2g|2g|3g)$",
            Ect::G4 => ECT,
        }
    }

    pub(in super::super) fn rtt_from(ms: u32) -> String {
        between(f64::from(ms), RTT_MS.1)
    }

    pub(in super::super) fn downlink_under(mbps: f64) -> String {
        from_under(DOWNLINK_MBPS.0, mbps)
    }

    pub(in super::super) fn memory_to(gib: f64) -> String {
        between(MEMORY_GIB.0, gib)
    }

    pub(in super::super) fn memory_under(gib: f64) -> String {
        from_under(MEMORY_GIB.0, gib)
    }

    /// An `Accept` that names AVIF, each of whose weights is above 0.
    pub(in super::super) fn accepts_avif() -> String {
        let weighted = format!("[[:blank:]]*q[[:blank:]]*=[[:blank:]]*{WEIGHT}[[:blank:]]*");
        let other = "(?![[:blank:]]*q[[:blank:]]*=)[^;,]*";
        format!("(?:^|,)[[:blank:]]*image/avif[[:blank:]]*(?:;(?:{weighted}|{other}))*(?:,|$)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_policy_has_four_classes() {
        let classes = classes(&Policy::default());
        let queries: Vec<_> = classes.iter().map(|class| class.query.as_str()).collect();
        assert_eq!(
            queries,
            [
                "tier=still&frames=1",
                "tier=preview&frames=12",
                "tier=standard&frames=24",
                "tier=standard&frames=36"
            ]
        );
        assert_eq!(classes[0].evidence, [Evidence::Ect(Ect::G2), Evidence::RttMsFrom(1400)]);
        assert!(classes[3].evidence.is_empty());
    }

    #[test]
    fn evidence_for_more_than_is_given_anyway_counts_for_nothing() {
        let policy = Policy { unasked: TierKey::Preview, ..Policy::default() };
        let tiers: Vec<_> = classes(&policy).iter().map(|class| class.tier).collect();
        assert_eq!(tiers, [TierKey::Still, TierKey::Preview]);
    }
}
