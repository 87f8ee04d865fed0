//! `[policy]`: the keys of the negotiation policy, whose rules are the domain's.

use assets_pipeline::plan::tiers::TierKey;

use crate::domain::policy::Policy;

use super::setting::{Kind, Section, Setting, count_from, default_of, entries, word};

/// The section with all its settings.
pub(super) fn section() -> Section {
    let policy = Policy::default();
    let setting = |name, kind, default, about: &str| Setting {
        name,
        kind,
        default,
        example: None,
        required: false,
        about: about.to_owned(),
    };
    Section {
        name: "policy".to_owned(),
        about: "Which tier a visitor gets. In each list the first rule that applies sets a ceiling, and the lower of \
                both ceilings wins. The last rule of a list has no evidence and always applies; ceilings rise from \
                rule to rule."
            .to_owned(),
        settings: vec![
            setting(
                "unasked",
                tier(),
                default_of(&policy.unasked),
                "The best tier for requests that ask for none.",
            ),
            setting(
                "network",
                Kind::Tables(network()),
                default_of(&policy.network),
                "Rules by network, the slowest first. Any evidence that a rule names is enough.",
            ),
            setting(
                "device",
                Kind::Tables(device()),
                default_of(&policy.device),
                "Rules by device, the weakest first. Any evidence that a rule names is enough.",
            ),
        ],
    }
}

fn tier() -> Kind {
    Kind::Word(TierKey::ALL.iter().map(|tier| tier.as_str()).collect())
}

fn network() -> Vec<Setting> {
    entries! {
        name: Kind::Text, "\"3g\"", "The rule's name, which responses give as the reason.", required;
        ect_to: word(&["slow-2g", "2g", "3g", "4g"]), "\"3g\"",
            "Applies to this effective connection type (`ECT`) and slower ones.";
        rtt_ms_from: count_from(1), "270", "Applies from this round trip on, in milliseconds (`RTT`).";
        downlink_mbps_under: Kind::Number { least: 0.0, most: 10_000.0 }, "0.7",
            "Applies under this bandwidth, in Mbit/s (`Downlink`).";
        save_data: Kind::Flag, "true", "Applies to requests with `Save-Data: on`.";
        ceiling: tier(), "\"preview\"", "The best tier that the rule allows.", required;
    }
}

fn device() -> Vec<Setting> {
    entries! {
        name: Kind::Text, "\"low-end\"", "The rule's name, which responses give as the reason.", required;
        memory_gib_to: Kind::Number { least: 0.0, most: 1024.0 }, "1.0",
            "Applies to devices with this much memory and less, in GiB (`Device-Memory`).";
        memory_gib_under: Kind::Number { least: 0.0, most: 1024.0 }, "8.0",
            "Applies to devices with less memory than this, in GiB.";
        mobile: Kind::Flag, "true", "Applies to mobile devices whose memory is unknown.";
        ceiling: tier(), "\"preview\"", "The best tier that the rule allows.", required;
    }
}
