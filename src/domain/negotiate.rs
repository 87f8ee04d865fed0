//! Chooses the delivery class of a visitor: one pure function of hints, policy and what exists.

use std::collections::BTreeMap;

use assets_pipeline::plan::tiers::{Format, TierKey};

use super::{hints::Hints, manifest::Manifest, policy::Policy};

/// What the query decides, whatever the hints say: a person, the viewer or the edge has chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `?tier=`.
    pub tier: Option<TierKey>,
    /// `?frames=`: the count of a tier of the manifest, or the one that the policy aims at.
    pub frames: Option<u32>,
    /// `?format=`.
    pub format: Option<Format>,
}

/// What a manifest offers: frames and formats of each tier.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Available(pub BTreeMap<TierKey, Offer>);

/// One tier that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Frames a turn.
    pub frames: u32,
    /// Formats, best first.
    pub formats: Vec<Format>,
}

/// What is handed out, and the names of the rules that decided it: never raw hints.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeliveryClass {
    /// The tier's key in the manifest.
    pub tier: TierKey,
    /// Frames a turn.
    pub frames: u32,
    /// The format.
    pub format: Format,
    /// Names of rules.
    pub because: Vec<String>,
}

/// The query asks for what does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotOffered {
    /// No tier, or not the one asked for, has so many frames.
    #[error("no such tier has {0} frames")]
    Frames(u32),
    /// The tier does not exist in the format.
    #[error("the tier {0} does not exist as {1}")]
    Format(TierKey, Format),
    /// The manifest has no tiers.
    #[error("the manifest has no tiers")]
    Nothing,
}

/// Decides. The same input always gives the same class; slower evidence never gives a higher tier.
pub fn negotiate(
    hints: &Hints,
    overrides: Overrides,
    available: &Available,
    policy: &Policy,
) -> Result<DeliveryClass, NotOffered> {
    let mut because = Vec::new();
    let ceiling = match (overrides.tier, overrides.frames) {
        (Some(tier), None) => {
            because.push("tier: asked for".to_owned());
            tier
        }
        (tier, Some(frames)) => {
            because.push(if tier.is_some() { "tier: asked for" } else { "frames: asked for" }.to_owned());
            tier_with(tier, frames, available, policy).ok_or(NotOffered::Frames(frames))?
        }
        (None, None) => {
            let network = policy.network(hints);
            let device = policy.device(hints);
            because.extend(network.map(|rule| format!("network: {}", rule.name)));
            because.extend(device.map(|rule| format!("device: {}", rule.name)));
            let ceilings = [network.map(|rule| rule.ceiling), device.map(|rule| rule.ceiling)];
            ceilings.into_iter().flatten().fold(policy.unasked, TierKey::min)
        }
    };
    if overrides.format.is_some() {
        because.push("format: asked for".to_owned());
    }

    let decodable = |format: Format| match overrides.format {
        Some(_) => true,
        None => format == Format::Webp || hints.accepts_avif,
    };
    let (tier, offer) = available.at_most(ceiling, decodable).ok_or(NotOffered::Nothing)?;
    if word(tier) != word(ceiling) {
        because.push(format!("version: has no {}", word(ceiling)));
    }
    let format = match overrides.format {
        Some(format) if offer.formats.contains(&format) => format,
        Some(format) => return Err(NotOffered::Format(tier, format)),
        // Never 406: what exists is better than nothing.
        None => offer.formats.iter().copied().find(|format| decodable(*format)).unwrap_or(offer.formats[0]),
    };
    Ok(DeliveryClass { tier, frames: offer.frames, format, because })
}

/// The word for a tier in queries and under `selected`: `standard-24` is `standard` with fewer frames.
pub fn word(tier: TierKey) -> &'static str {
    match tier {
        TierKey::Standard24 | TierKey::Standard => TierKey::Standard.as_str(),
        TierKey::Still | TierKey::Preview | TierKey::Hd => tier.as_str(),
    }
}

/// The lowest tier with so many frames: as the manifest counts, or else as the policy aims at.
fn tier_with(tier: Option<TierKey>, frames: u32, available: &Available, policy: &Policy) -> Option<TierKey> {
    let fits = |key: &TierKey| tier.is_none_or(|tier| tier == *key || tier.as_str() == word(*key));
    let counted = available.0.iter().find(|(key, offer)| fits(key) && offer.frames == frames);
    let aimed_at = || policy.frames.iter().find(|(key, aim)| fits(key) && **aim == frames);
    counted.map(|(key, _)| *key).or_else(|| aimed_at().map(|(key, _)| *key))
}

impl Available {
    /// The best tier up to the ceiling that has a decodable format, or else the poorest that there is.
    fn at_most(&self, ceiling: TierKey, decodable: impl Fn(Format) -> bool) -> Option<(TierKey, &Offer)> {
        // A version leaves standard-24 out where standard has no more frames than that.
        let ceiling = match ceiling {
            TierKey::Standard24 if !self.0.contains_key(&TierKey::Standard24) => TierKey::Standard,
            other => other,
        };
        let offers = || self.0.iter().filter(|(_, offer)| !offer.formats.is_empty());
        let usable = |offer: &Offer| offer.formats.iter().any(|format| decodable(*format));
        offers()
            .rfind(|(key, offer)| **key <= ceiling && usable(offer))
            .or_else(|| offers().find(|(_, offer)| usable(offer)))
            .or_else(|| offers().next())
            .map(|(key, offer)| (*key, offer))
    }
}

impl From<&Manifest> for Available {
    fn from(manifest: &Manifest) -> Self {
        let offers = manifest.tiers.iter().map(|(key, tier)| {
            let formats = tier.formats.keys().copied().collect();
            (*key, Offer { frames: tier.frames as u32, formats })
        });
        Self(offers.collect())
    }
}

#[cfg(test)]
mod tests;
