use std::{fs, path::Path};

use expect_test::expect;
use proptest::{prelude::*, sample::subsequence};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::*;
use crate::domain::hints::{Ect, of_headers as hints};

/// Tier, frames and formats of four versions: a whole one, an early preview, one of 52 raw frames
/// (whose standard has no more than 24 frames in one tier) and one without AVIF.
fn version(name: &str) -> Available {
    use TierKey::{Hd, Preview, Standard, Standard24, Still};
    let tiers: &[(TierKey, u32)] = match name {
        "early" => &[(Still, 1), (Preview, 12)],
        "odd" => &[(Still, 1), (Preview, 13), (Standard, 26), (Hd, 52)],
        _ => &[(Still, 1), (Preview, 12), (Standard24, 24), (Standard, 36), (Hd, 60)],
    };
    let formats = if name == "webp-only" { vec![Format::Webp] } else { Format::ALL.to_vec() };
    Available(
        tiers
            .iter()
            .map(|(key, frames)| (*key, Offer { frames: *frames, formats: formats.clone() }))
            .collect(),
    )
}

/// Decides a case: `@version`, `?key=value` and `Header: value` parts, split by `|`.
fn decide(case: &str) -> String {
    let parts: Vec<&str> = case.split('|').map(str::trim).collect();
    let name = parts.iter().find_map(|part| part.strip_prefix('@')).unwrap_or("whole");
    let headers: Vec<(&str, &str)> = parts.iter().filter_map(|part| part.split_once(": ")).collect();
    let query = |key: &str| {
        parts.iter().filter_map(|part| part.strip_prefix('?')?.split_once('=')).find(|(name, _)| *name == key)
    };
    let overrides = overrides(|key| query(key).map(|(_, value)| value));
    match negotiate(&hints(&headers), overrides, &version(name), &Policy::default()) {
        Ok(class) => {
            format!("{} {} {}, {}", word(class.tier), class.frames, class.format, class.because.join(", "))
        }
        Err(error) => format!("refused: {error}"),
    }
}

fn overrides<'a>(query: impl Fn(&str) -> Option<&'a str>) -> Overrides {
    Overrides {
        tier: query("tier").map(|value| value.parse().unwrap()),
        frames: query("frames").map(|value| value.parse().unwrap()),
        format: query("format").map(|value| value.parse().unwrap()),
    }
}

/// Comments and cases; each case with what is decided. `UPDATE_EXPECT=1` decides anew.
#[test]
fn the_table_of_decisions() {
    let table = expect![[r#"
        # Nothing known.
                                                                     => standard 36 webp, network: 4g or unknown, device: high-end
        Accept: */*                                                  => standard 36 webp, network: 4g or unknown, device: high-end
        Accept: image/avif,image/webp,*/*                            => standard 36 avif, network: 4g or unknown, device: high-end
        Accept: image/avif;q=0                                       => standard 36 webp, network: 4g or unknown, device: high-end
        Accept: image/avif;q=0.001                                   => standard 36 avif, network: 4g or unknown, device: high-end
        Accept: image/webp;q=0                                       => standard 36 webp, network: 4g or unknown, device: high-end
        Accept: text/html | Accept: image/avif                       => standard 36 avif, network: 4g or unknown, device: high-end
        Accept: application/json                                     => standard 36 webp, network: 4g or unknown, device: high-end
        # What Chromium says of an office line, and when it does not know.
        ECT: 4g | RTT: 50 | Downlink: 10 | Device-Memory: 8 | Sec-CH-UA-Mobile: ?0 | Accept: image/avif => standard 36 avif, network: 4g or unknown, device: high-end
        ECT: 4g | RTT: 0 | Downlink: 10                              => standard 36 webp, network: 4g or unknown, device: high-end
        ECT: 4g | RTT: 0 | Downlink: 10 | Sec-CH-UA-Mobile: ?1       => standard 24 webp, network: 4g or unknown, device: mid-range
        # Network: each kind of evidence, on both sides of its limits.
        ECT: slow-2g                                                 => still 1 webp, network: 2g, device: high-end
        ECT: 2g                                                      => still 1 webp, network: 2g, device: high-end
        ECT: 3g                                                      => preview 12 webp, network: 3g or saving data, device: high-end
        ECT: 4g                                                      => standard 36 webp, network: 4g or unknown, device: high-end
        ECT: 5g                                                      => standard 36 webp, network: 4g or unknown, device: high-end
        ECT: 2G                                                      => still 1 webp, network: 2g, device: high-end
        Sec-CH-ECT: 3g                                               => preview 12 webp, network: 3g or saving data, device: high-end
        Sec-CH-ECT: 2g | ECT: 4g                                     => still 1 webp, network: 2g, device: high-end
        Sec-CH-ECT: wifi | ECT: 2g                                   => still 1 webp, network: 2g, device: high-end
        RTT: 25                                                      => standard 36 webp, network: 4g or unknown, device: high-end
        RTT: 269                                                     => standard 36 webp, network: 4g or unknown, device: high-end
        RTT: 269.5                                                   => standard 36 webp, network: 4g or unknown, device: high-end
        RTT: 270                                                     => preview 12 webp, network: 3g or saving data, device: high-end
        RTT: 1399                                                    => preview 12 webp, network: 3g or saving data, device: high-end
        RTT: 1400                                                    => still 1 webp, network: 2g, device: high-end
        RTT: 3000                                                    => still 1 webp, network: 2g, device: high-end
        Sec-CH-RTT: 1400                                             => still 1 webp, network: 2g, device: high-end
        Downlink: 0                                                  => preview 12 webp, network: 3g or saving data, device: high-end
        Downlink: 0.05                                               => preview 12 webp, network: 3g or saving data, device: high-end
        Downlink: 0.69                                               => preview 12 webp, network: 3g or saving data, device: high-end
        Downlink: 0.7                                                => standard 36 webp, network: 4g or unknown, device: high-end
        Downlink: 0.65 | ECT: 4g | RTT: 100                          => preview 12 webp, network: 3g or saving data, device: high-end
        Sec-CH-Downlink: 0.1                                         => preview 12 webp, network: 3g or saving data, device: high-end
        Save-Data: on                                                => preview 12 webp, network: 3g or saving data, device: high-end
        Save-Data: ON                                                => preview 12 webp, network: 3g or saving data, device: high-end
        Save-Data: off                                               => standard 36 webp, network: 4g or unknown, device: high-end
        Save-Data: 1                                                 => standard 36 webp, network: 4g or unknown, device: high-end
        Sec-CH-Save-Data: on                                         => preview 12 webp, network: 3g or saving data, device: high-end
        Save-Data: on | ECT: 2g                                      => still 1 webp, network: 2g, device: high-end
        Save-Data: on | ECT: 4g | Device-Memory: 8                   => preview 12 webp, network: 3g or saving data, device: high-end
        ECT: 4g | RTT: 2000                                          => still 1 webp, network: 2g, device: high-end
        ECT: 2g | RTT: 50 | Downlink: 10                             => still 1 webp, network: 2g, device: high-end
        # Device: memory and mobile.
        Device-Memory: 0.25                                          => preview 12 webp, network: 4g or unknown, device: low-end
        Device-Memory: 0.5                                           => preview 12 webp, network: 4g or unknown, device: low-end
        Device-Memory: 1                                             => preview 12 webp, network: 4g or unknown, device: low-end
        Device-Memory: 1.5                                           => standard 24 webp, network: 4g or unknown, device: mid-range
        Device-Memory: 2                                             => standard 24 webp, network: 4g or unknown, device: mid-range
        Device-Memory: 4                                             => standard 24 webp, network: 4g or unknown, device: mid-range
        Device-Memory: 7.99                                          => standard 24 webp, network: 4g or unknown, device: mid-range
        Device-Memory: 8                                             => standard 36 webp, network: 4g or unknown, device: high-end
        Device-Memory: 32                                            => standard 36 webp, network: 4g or unknown, device: high-end
        Sec-CH-Device-Memory: 2                                      => standard 24 webp, network: 4g or unknown, device: mid-range
        Sec-CH-Device-Memory: 8 | Device-Memory: 4                   => standard 36 webp, network: 4g or unknown, device: high-end
        Sec-CH-UA-Mobile: ?1                                         => standard 24 webp, network: 4g or unknown, device: mid-range
        Sec-CH-UA-Mobile: ?0                                         => standard 36 webp, network: 4g or unknown, device: high-end
        Sec-CH-UA-Mobile: true                                       => standard 36 webp, network: 4g or unknown, device: high-end
        Sec-CH-UA-Mobile: ?1 | Device-Memory: 8                      => standard 36 webp, network: 4g or unknown, device: high-end
        Sec-CH-UA-Mobile: ?1 | Device-Memory: 1                      => preview 12 webp, network: 4g or unknown, device: low-end
        Sec-CH-UA-Mobile: ?1 | Device-Memory: huge                   => standard 24 webp, network: 4g or unknown, device: mid-range
        # Both: the lower ceiling wins.
        ECT: 3g | Device-Memory: 8                                   => preview 12 webp, network: 3g or saving data, device: high-end
        ECT: 2g | Device-Memory: 1                                   => still 1 webp, network: 2g, device: low-end
        ECT: 4g | Device-Memory: 1                                   => preview 12 webp, network: 4g or unknown, device: low-end
        ECT: 3g | Sec-CH-UA-Mobile: ?1                               => preview 12 webp, network: 3g or saving data, device: mid-range
        Device-Memory: 4 | ECT: 4g | Accept: image/avif              => standard 24 avif, network: 4g or unknown, device: mid-range
        # Absurd, repeated and hostile.
        RTT: NaN | Downlink: inf | Device-Memory: -8 | DPR: 1e9      => standard 36 webp, network: 4g or unknown, device: high-end
        RTT: -1400                                                   => standard 36 webp, network: 4g or unknown, device: high-end
        RTT: 99999999999                                             => standard 36 webp, network: 4g or unknown, device: high-end
        RTT: 1400ms                                                  => standard 36 webp, network: 4g or unknown, device: high-end
        RTT: 1400 | RTT: 50                                          => standard 36 webp, network: 4g or unknown, device: high-end
        RTT: 1400, 50                                                => standard 36 webp, network: 4g or unknown, device: high-end
        ECT: 2g | ECT: 2g                                            => standard 36 webp, network: 4g or unknown, device: high-end
        Downlink: 0x0                                                => standard 36 webp, network: 4g or unknown, device: high-end
        Device-Memory: 0                                             => standard 36 webp, network: 4g or unknown, device: high-end
        Device-Memory: 1e0                                           => standard 36 webp, network: 4g or unknown, device: high-end
        Device-Memory: 4096                                          => standard 36 webp, network: 4g or unknown, device: high-end
        Save-Data: on;q=0                                            => standard 36 webp, network: 4g or unknown, device: high-end
        Accept: image/avif;q=high                                    => standard 36 webp, network: 4g or unknown, device: high-end
        Accept: ;;;,,,q=1                                            => standard 36 webp, network: 4g or unknown, device: high-end
        DPR: 3 | Viewport-Width: 320 | Width: 160                    => standard 36 webp, network: 4g or unknown, device: high-end
        # Asked for: wins over hints.
        ?tier=hd | ECT: 2g                                           => hd 60 webp, tier: asked for
        ?tier=hd | Device-Memory: 1 | Accept: image/avif             => hd 60 avif, tier: asked for
        ?tier=still | Device-Memory: 8                               => still 1 webp, tier: asked for
        ?tier=preview                                                => preview 12 webp, tier: asked for
        ?tier=standard | Device-Memory: 4                            => standard 36 webp, tier: asked for
        ?tier=standard | ?frames=24                                  => standard 24 webp, tier: asked for
        ?tier=standard | ?frames=36 | ECT: 3g                        => standard 36 webp, tier: asked for
        ?tier=standard-24                                            => standard 24 webp, tier: asked for
        ?tier=standard | ?frames=12                                  => refused: no such tier has 12 frames
        ?tier=preview | ?frames=36                                   => refused: no such tier has 36 frames
        ?tier=hd | ?frames=60 | ?format=avif                         => hd 60 avif, tier: asked for, format: asked for
        ?frames=24                                                   => standard 24 webp, frames: asked for
        ?frames=1                                                    => still 1 webp, frames: asked for
        ?frames=37                                                   => refused: no such tier has 37 frames
        ?frames=0                                                    => refused: no such tier has 0 frames
        ?format=avif                                                 => standard 36 avif, network: 4g or unknown, device: high-end, format: asked for
        ?format=webp | Accept: image/avif                            => standard 36 webp, network: 4g or unknown, device: high-end, format: asked for
        ?format=avif | ECT: 3g                                       => preview 12 avif, network: 3g or saving data, device: high-end, format: asked for
        # Versions that lack something.
        @early                                                       => preview 12 webp, network: 4g or unknown, device: high-end, version: has no standard
        @early | ECT: 2g                                             => still 1 webp, network: 2g, device: high-end
        @early | ?tier=hd                                            => preview 12 webp, tier: asked for, version: has no hd
        @early | ?tier=standard | ?frames=36 | ?format=avif          => preview 12 avif, tier: asked for, format: asked for, version: has no standard
        @early | ?tier=standard | ?frames=30                         => refused: no such tier has 30 frames
        @early | ?frames=36                                          => preview 12 webp, frames: asked for, version: has no standard
        @odd                                                         => standard 26 webp, network: 4g or unknown, device: high-end
        @odd | Device-Memory: 4                                      => standard 26 webp, network: 4g or unknown, device: mid-range
        @odd | ?tier=standard | ?frames=24                           => standard 26 webp, tier: asked for
        @odd | ?tier=standard | ?frames=36                           => standard 26 webp, tier: asked for
        @odd | ?tier=standard | ?frames=26                           => standard 26 webp, tier: asked for
        @odd | ?frames=13                                            => preview 13 webp, frames: asked for
        @odd | ECT: 3g                                               => preview 13 webp, network: 3g or saving data, device: high-end
        @webp-only | Accept: image/avif                              => standard 36 webp, network: 4g or unknown, device: high-end
        @webp-only | ?format=avif                                    => refused: the tier standard does not exist as avif
        @webp-only | ?format=webp                                    => standard 36 webp, network: 4g or unknown, device: high-end, format: asked for"#]];
    let mut decided = Vec::new();
    let mut cases = 0;
    for line in table.data().lines().map(str::trim) {
        if line.starts_with('#') {
            decided.push(line.to_owned());
        } else if let Some((case, _)) = line.split_once("=>") {
            decided.push(format!("{:<60} => {}", case.trim(), decide(case.trim())));
            cases += 1;
        }
    }
    assert!(cases > 80, "{cases} cases");
    table.assert_eq(&decided.join("\n"));
}

/// The cases that server, viewer and edge decide alike: the server here, the others in their own tests.
#[derive(Serialize, Deserialize)]
struct Cases {
    /// As manifests carry them.
    policies: BTreeMap<String, Value>,
    cases: Vec<Case>,
}

/// A request, and the class that each policy gives it of a version that has everything; or a remark.
#[derive(Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Case {
    Note {
        note: String,
    },
    Request {
        #[serde(default, skip_serializing_if = "String::is_empty")]
        query: String,
        headers: Vec<String>,
        default: String,
        changed: String,
    },
}

/// `UPDATE_EXPECT=1` decides anew, as it does for other expectations.
#[test]
fn the_cases_that_all_three_decide_alike() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy/cases.json");
    let text = fs::read_to_string(&path).unwrap();
    let Cases { mut policies, mut cases } = serde_json::from_str(&text).unwrap();
    let mut read = Vec::new();
    for policy in policies.values_mut() {
        let mut rules = policy.clone();
        // These follow the tier table, and are no setting.
        rules.as_object_mut().unwrap().remove("frames");
        let rules: Policy = serde_json::from_value(rules).unwrap();
        assert_eq!(rules.validate(), Ok(()));
        *policy = serde_json::to_value(&rules).unwrap();
        read.push(rules);
    }
    let [changed_policy, default_policy] = &read[..] else { panic!("changed and default") };
    assert_eq!(*default_policy, Policy::default());

    let mut requests = 0;
    for case in &mut cases {
        let Case::Request { query, headers, default, changed } = case else { continue };
        *default = class_of(query, headers, default_policy);
        *changed = class_of(query, headers, changed_policy);
        requests += 1;
    }
    assert!(requests > 500, "{requests} cases");

    let lines = |lines: Vec<String>| lines.join(",\n");
    let policies = policies.iter().map(|(name, policy)| format!("  {name:?}: {policy}")).collect();
    let cases = cases.iter().map(|case| format!("  {}", serde_json::to_string(case).unwrap())).collect();
    let decided =
        format!("{{\n\"policies\": {{\n{}\n}},\n\"cases\": [\n{}\n]\n}}\n", lines(policies), lines(cases));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &decided).unwrap();
        return;
    }
    for (now, before) in decided.lines().zip(text.lines()) {
        assert_eq!(now, before);
    }
    assert_eq!(decided.len(), text.len());
}

fn class_of(query: &str, headers: &[String], policy: &Policy) -> String {
    let headers: Vec<_> = headers.iter().map(|header| header.split_once(": ").unwrap()).collect();
    let value =
        |key: &str| query.split('&').filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == key);
    let overrides = overrides(|key| value(key).map(|(_, value)| value));
    match negotiate(&hints(&headers), overrides, &version("whole"), policy) {
        Ok(class) => format!("{} {} {}", word(class.tier), class.frames, class.format),
        Err(_) => "refused".to_owned(),
    }
}

#[test]
fn a_manifest_without_tiers_offers_nothing() {
    let none = Available::default();
    let decided = negotiate(&Hints::default(), Overrides::default(), &none, &Policy::default());
    assert_eq!(decided, Err(NotOffered::Nothing));
}

fn any_hints() -> impl Strategy<Value = Hints> {
    let ect = prop::option::of(prop::sample::select(vec![Ect::Slow2g, Ect::G2, Ect::G3, Ect::G4]));
    let rtt = prop::option::of(1.0..3000.0);
    let downlink = prop::option::of(0.0..20.0);
    let memory = prop::option::of(0.1..16.0);
    (ect, rtt, downlink, memory, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(ect, rtt_ms, downlink_mbps, memory_gib, save_data, mobile, accepts_avif)| Hints {
            save_data,
            ect,
            rtt_ms,
            downlink_mbps,
            memory_gib,
            mobile,
            accepts_avif,
            ..Hints::default()
        },
    )
}

/// Any tiers, each with WebP and perhaps AVIF: what the pipeline publishes.
fn any_available() -> impl Strategy<Value = Available> {
    (subsequence(TierKey::ALL.to_vec(), 1..=5), prop::collection::vec(any::<bool>(), 5)).prop_map(
        |(keys, avif)| {
            let offers = keys.into_iter().zip(avif).enumerate().map(|(index, (key, avif))| {
                let formats = if avif { Format::ALL.to_vec() } else { vec![Format::Webp] };
                (key, Offer { frames: [1, 12, 24, 36, 60][index], formats })
            });
            Available(offers.collect())
        },
    )
}

/// The same visitor with one more sign of slowness.
fn slower(hints: &Hints, sign: u8, amount: f64) -> Hints {
    let mut hints = hints.clone();
    match sign {
        0 => hints.save_data = true,
        1 => hints.ect = Some(hints.ect.map_or(Ect::G3, |ect| ect.min(Ect::G2))),
        2 => hints.rtt_ms = Some(hints.rtt_ms.unwrap_or(1.0) + 2000.0 * amount),
        3 => hints.downlink_mbps = Some(hints.downlink_mbps.unwrap_or(10.0) * amount),
        4 => {
            hints.memory_gib =
                Some(hints.memory_gib.unwrap_or(if hints.mobile { 7.0 } else { 16.0 }) * amount);
        }
        _ => hints.mobile = true,
    }
    hints
}

proptest! {
    #[test]
    fn the_format_is_accepted_and_the_tier_exists(hints in any_hints(), available in any_available()) {
        let class = negotiate(&hints, Overrides::default(), &available, &Policy::default()).unwrap();
        prop_assert!(class.format == Format::Webp || hints.accepts_avif);
        let offer = &available.0[&class.tier];
        prop_assert!(offer.formats.contains(&class.format));
        prop_assert_eq!(offer.frames, class.frames);
        let again = negotiate(&hints, Overrides::default(), &available, &Policy::default()).unwrap();
        prop_assert_eq!(class, again);
    }

    #[test]
    fn the_tier_is_never_above_the_ceiling_unless_nothing_lower_exists(hints in any_hints(), available in any_available()) {
        let class = negotiate(&hints, Overrides::default(), &available, &Policy::default()).unwrap();
        let ideal = negotiate(&hints, Overrides::default(), &version("whole"), &Policy::default()).unwrap().tier;
        let poorest = *available.0.keys().next().unwrap();
        let alias = ideal == TierKey::Standard24 && !available.0.contains_key(&TierKey::Standard24);
        prop_assert!(class.tier <= ideal || class.tier == poorest || (alias && class.tier == TierKey::Standard));
    }

    #[test]
    fn more_evidence_of_slowness_never_raises_the_tier(hints in any_hints(), available in any_available(), sign in 0_u8..6, amount in 0.0..1.0) {
        let before = negotiate(&hints, Overrides::default(), &available, &Policy::default()).unwrap();
        let after = negotiate(&slower(&hints, sign, amount), Overrides::default(), &available, &Policy::default()).unwrap();
        prop_assert!(after.tier <= before.tier, "{before:?} became {after:?}");
    }

    #[test]
    fn a_tier_that_is_asked_for_wins_over_every_hint(hints in any_hints(), index in 0_usize..5) {
        let tier = TierKey::ALL[index];
        let overrides = Overrides { tier: Some(tier), ..Overrides::default() };
        prop_assert_eq!(negotiate(&hints, overrides, &version("whole"), &Policy::default()).unwrap().tier, tier);
    }
}
