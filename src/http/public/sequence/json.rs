//! The JSON of a negotiated manifest: the stored manifest, then the decision for the request.

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use assets_pipeline::{
    digest::Digest,
    plan::tiers::{Format, TierKey},
};

use super::Decided;
use crate::{
    domain::{
        hints,
        manifest::Manifest,
        namespace::Namespace,
        negotiate::{DeliveryClass, word},
    },
    http::{
        catalog::Catalog,
        problem::Error,
        wire::{
            sequence::{Decision, Loupe, Policy, Selected, Sibling},
            to_json,
        },
    },
    library::loupe::Offer,
};

/// Siblings in one manifest. Compressed with br, the manifest of a turn of 360 frames has 1.8 KB without siblings and
/// 2.4 KB with this many.
const MAX_SIBLINGS: usize = 24;

/// The stored manifest, and after its fields those that can change without a new version.
pub(super) async fn negotiated_json(
    catalog: &Catalog,
    decided: &Decided,
    stored: &[u8],
    hints: Option<BTreeMap<&'static str, String>>,
) -> Result<Vec<u8>, Error> {
    let Decided { pointer, class, .. } = decided;
    let DeliveryClass { tier, frames, format, because } = class;
    let (loupe, loupe_request) = match Box::pin(offer(catalog, decided)).await {
        Offer::Loupe(loupe) => (Some(Loupe::from(loupe)), None),
        Offer::Request => (None, Some("loupe")),
        Offer::Nothing => (None, None),
    };
    let more = Decision {
        digest: pointer.digest,
        policy: Policy::from(&catalog.policy),
        // Boxed: the future is large, and few answers need it.
        siblings: Box::pin(siblings(catalog, decided)).await?,
        selected: Selected { tier: word(*tier), frames: *frames, format: *format, because: because.clone() },
        loupe,
        loupe_request,
        hints,
    };
    let more = to_json(&more);
    // Both are JSON objects with fields: the stored one less its last brace, the other less its first.
    let mut json = redirected_json(catalog, decided).unwrap_or_else(|| stored.trim_ascii_end().to_vec());
    json.pop();
    json.push(b',');
    json.extend_from_slice(&more[1..]);
    Ok(json)
}

/// The manifest with the current addresses, if they differ from the stored ones: the delivery of public objects can
/// change without a new version.
fn redirected_json(catalog: &Catalog, decided: &Decided) -> Option<Vec<u8>> {
    let Decided { pointer, manifest, .. } = decided;
    let manifest = &manifest.manifest;
    let urls = catalog.delivery.urls(&manifest.urls);
    if pointer.namespace != Namespace::Public || urls == manifest.urls {
        return None;
    }
    Some(to_json(&Manifest { urls, ..manifest.clone() }))
}

async fn siblings(catalog: &Catalog, decided: &Decided) -> Result<Vec<Sibling>, Error> {
    let Decided { configuration, pointer, .. } = decided;
    let product = catalog.product_at(&configuration.product(), pointer.revision).await?;
    let Some(product) = product.as_ref() else { return Ok(Vec::new()) };
    let Some(own) = product.spins.iter().find(|spin| spin.configuration == *configuration) else {
        return Ok(Vec::new());
    };
    let own = product.fill(&own.choices);
    let mut siblings = Vec::new();
    for spin in product.siblings(&own).take(MAX_SIBLINGS) {
        let loaded = catalog.shared_manifest(spin.digest, product.revision).await?;
        let mut choices = product.fill(&spin.choices);
        choices.retain(|option, choice| own.get(option) != Some(choice));
        siblings.push(Sibling {
            configuration: spin.configuration.clone(),
            choices,
            digest: spin.digest,
            sets: spin_sets(&loaded.manifest),
        });
    }
    Ok(siblings)
}

/// What there is of the version's loupe. An answer is good without it: a failure takes nothing else from the visitor.
async fn offer(catalog: &Catalog, decided: &Decided) -> Offer {
    let Decided { configuration, pointer, .. } = decided;
    catalog.loupe(configuration, pointer.version).await.unwrap_or_else(|error| {
        tracing::warn!(%error, %configuration, "the loupe of a spin cannot be read, and is left out");
        Offer::Nothing
    })
}

/// The sets that standard draws on, or those of preview in an early version.
fn spin_sets(manifest: &Manifest) -> BTreeMap<Format, Digest> {
    let tier = manifest.tiers.get(&TierKey::Standard).or_else(|| manifest.tiers.get(&TierKey::Preview));
    tier.into_iter()
        .flat_map(|tier| &tier.formats)
        .map(|(format, rendition)| (*format, rendition.set))
        .collect()
}

/// Every hint header of the request, for `explain=1`.
pub(super) fn raw_hints(request: &HttpRequest) -> BTreeMap<&'static str, String> {
    let seen = hints::HEADERS.iter().filter_map(|name| {
        let mut values = request.headers().get_all(*name).peekable();
        values.peek()?;
        let values: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        Some((*name, values.join(", ")))
    });
    seen.collect()
}
