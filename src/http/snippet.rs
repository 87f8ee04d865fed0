//! The lines that put a spin on a page.
//!
//! They carry what a browser needs to request the script and the first pack side by side: the addresses of both, and the manifest, as
//! data inside the element. The viewer requests the server's manifest behind what it shows, so that a page which is older than the live
//! version shows that in the end.

use assets_pipeline::{
    digest::Digest,
    plan::tiers::{Format, TierKey},
};
use maud::{PreEscaped, html};
use serde_json::{Value, json};

use crate::{
    config::DeliveryConfig,
    domain::{
        manifest::{Manifest, View},
        names::{Choices, ConfigId},
        policy,
        product::Product,
    },
};

use super::{sequence_url, wire::sequence::Policy};

/// Width in CSS pixels of the picture that stands there before any script runs; styles give it another one.
const WIDTH_PX: u32 = 640;

/// What the lines are made of.
#[derive(Debug)]
pub(crate) struct Snippet<'a> {
    /// Address of the server as visitors know it, without a slash at its end.
    pub(crate) base: &'a str,
    /// The live version's manifest.
    pub(crate) manifest: &'a Manifest,
    /// Its digest.
    pub(crate) digest: Digest,
    /// What viewers select by.
    pub(crate) policy: &'a policy::Policy,
    /// Where frames and packs are.
    pub(crate) delivery: &'a DeliveryConfig,
    /// What the picture shows, in words.
    pub(crate) alt: &'a str,
}

impl Snippet<'_> {
    /// The lines.
    pub(crate) fn html(&self) -> String {
        let Self { base, manifest, alt, .. } = self;
        let configuration = &manifest.configuration;
        let script = self.script();
        let [width, height] = size(&manifest.view);
        let lines = html! {
            link rel="modulepreload" href=(script); "\n"
            @if let Some(pack) = self.first_pack() { link rel="preload" as="fetch" href=(pack) crossorigin; "\n" }
            script type="module" src=(script) {} "\n"
            girasol-spin src=(format!("{base}{}", sequence_url(configuration))) alt=(alt) { "\n  "
                img src=(format!("{base}/still/{configuration}.webp")) width=(width) height=(height) alt=(alt)
                    fetchpriority="high" crossorigin;
                "\n  "
                script type="application/json" slot="manifest" { (PreEscaped(self.inline())) } "\n"
            } "\n"
        };
        lines.into_string()
    }

    /// The same as a header, for shops that send it before the page is ready (RFC 8297) or with it (RFC 8288).
    pub(crate) fn link(&self) -> String {
        let script = format!("<{}>; rel=modulepreload", self.script());
        match self.first_pack() {
            Some(pack) => format!("{script}, <{pack}>; rel=preload; as=fetch; crossorigin"),
            None => script,
        }
    }

    fn script(&self) -> String {
        format!("{}/girasol-spin.js", self.base)
    }

    /// The address of what turns first: the preview's pack, as this server's viewer requests it.
    fn first_pack(&self) -> Option<String> {
        let formats = &self.manifest.tiers.get(&TierKey::Preview)?.formats;
        let rendition = formats.get(&Format::Avif).or_else(|| formats.values().next())?;
        let pack = *rendition.loaded_packs().first()?;
        let path = self.delivery.urls(&self.manifest.urls).pack.replace("{pack}", &pack.to_string());
        Some(if path.starts_with('/') { format!("{}{path}", self.base) } else { path })
    }

    /// The manifest as data of a page: what viewers read of it, in AVIF where a tier has that. Others request the server's.
    fn inline(&self) -> String {
        let mut manifest = self.manifest.clone();
        manifest.urls = self.delivery.urls(&manifest.urls);
        for tier in manifest.tiers.values_mut() {
            if tier.formats.contains_key(&Format::Avif) {
                tier.formats.retain(|format, _| *format == Format::Avif);
            }
        }
        let mut json = json!(manifest);
        for tier in members(&mut json["tiers"]) {
            for name in ["budget", "load_bytes"] {
                remove(tier, name);
            }
            for rendition in members(&mut tier["formats"]) {
                remove(rendition, "quality");
            }
        }
        json["digest"] = json!(self.digest);
        json["policy"] = json!(Policy::from(self.policy));
        json["inline"] = json!(true);
        // No `<` in the data may end the script element.
        json.to_string().replace('<', "\\u003c")
    }
}

/// What the picture of a live spin shows, in words; its id where the product is gone in this moment.
pub(crate) fn alt_of(product: Option<&Product>, configuration: &ConfigId) -> String {
    let Some(product) = product else { return configuration.to_string() };
    let spin = product.spins.iter().find(|spin| spin.configuration == *configuration);
    in_words(product, &product.fill(&spin.map(|spin| spin.choices.clone()).unwrap_or_default()))
}

/// A piece in words: the product, and what was chosen.
fn in_words(product: &Product, choices: &Choices) -> String {
    let chosen = product.options.iter().filter_map(|option| {
        let value = choices.get(&option.name)?;
        Some(option.choices.iter().find(|choice| choice.value == *value)?.label.as_str())
    });
    let chosen: Vec<&str> = chosen.collect();
    let comma = if chosen.is_empty() { "" } else { ": " };
    format!("{}{comma}{}", product.label, chosen.join(", "))
}

/// Of the picture, in the proportions of the artist's frames.
fn size(view: &View) -> [u32; 2] {
    let [width, height] = view.source.map(|side| side.max(1));
    [WIDTH_PX, (WIDTH_PX * height + width / 2) / width]
}

fn members(object: &mut Value) -> impl Iterator<Item = &mut Value> {
    object.as_object_mut().into_iter().flat_map(serde_json::Map::values_mut)
}

fn remove(object: &mut Value, name: &str) {
    if let Some(object) = object.as_object_mut() {
        object.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::hotspot::Hotspot;

    fn product() -> Product {
        let option = |name: &str, choices: &[(&str, &str)]| crate::domain::product::OptionDef {
            name: name.parse().unwrap(),
            label: name.to_owned(),
            default: choices[0].0.parse().unwrap(),
            added_later: false,
            choices: choices
                .iter()
                .map(|(value, label)| crate::domain::product::Choice {
                    value: value.parse().unwrap(),
                    label: (*label).to_owned(),
                    swatch: None,
                    listed: true,
                })
                .collect(),
        };
        Product {
            id: "ring.solitaire".parse().unwrap(),
            label: "Solitaire <Nº 7>".to_owned(),
            revision: 1,
            options: vec![
                option("metal", &[("rose-gold", "Rose \"Gold\"")]),
                option("stone", &[("ruby", "Ruby")]),
            ],
            hotspots: Vec::<Hotspot>::new(),
            listed: true,
            popular: Vec::new(),
            spins: Vec::new(),
        }
    }

    #[test]
    fn a_piece_in_words_is_its_product_and_what_was_chosen() {
        let product = product();
        let all = product.fill(&Choices::new());
        assert_eq!(in_words(&product, &all), "Solitaire <Nº 7>: Rose \"Gold\", Ruby");
        assert_eq!(in_words(&product, &Choices::new()), "Solitaire <Nº 7>");
    }

    #[test]
    fn the_picture_has_the_proportions_of_the_artists_frames() {
        let view = |source| View { source, crop: [0, 0, 1, 1] };
        assert_eq!(size(&view([2000, 1500])), [640, 480]);
        assert_eq!(size(&view([1000, 1000])), [640, 640]);
        assert_eq!(size(&view([3, 2])), [640, 427]);
    }
}
