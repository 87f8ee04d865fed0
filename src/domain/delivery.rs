//! Where visitors have frames and packs from.

use serde::Deserialize;

use super::manifest::Urls;

/// `[delivery]` of the config.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeliverySettings {
    /// Who sends frames and packs.
    pub objects: ObjectsFrom,
    /// Where they are for those who are sent there: a public bucket, or a CDN that reads it. Keys follow.
    pub objects_base: Option<String>,
    /// How long a signed address of the bucket lasts.
    pub presigned_minutes: u32,
}

/// Who sends frames and packs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectsFrom {
    /// The server.
    Serve,
    /// Whatever is at `objects_base`.
    Redirect,
    /// The bucket, under addresses that are signed.
    Presign,
}

impl Default for DeliverySettings {
    fn default() -> Self {
        Self { objects: ObjectsFrom::Serve, objects_base: None, presigned_minutes: 10 }
    }
}

impl DeliverySettings {
    /// The first setting that cannot be used, and the end of a sentence about it.
    pub fn problem(&self, has_bucket: bool) -> Option<(&'static str, &'static str)> {
        let base = self.objects_base.as_deref();
        let checks = [
            (
                base.is_some() == (self.objects == ObjectsFrom::Redirect),
                "delivery.objects_base",
                "goes with delivery.objects = \"redirect\", which needs it",
            ),
            (
                base.is_none_or(is_base),
                "delivery.objects_base",
                "must be an address of letters, digits and - . _ : / alone, as https://cdn.example/spins/",
            ),
            (
                self.objects != ObjectsFrom::Presign || has_bucket,
                "delivery.objects",
                "can be \"presign\" where store.kind is \"s3\"",
            ),
            (
                (1..=1440).contains(&self.presigned_minutes),
                "delivery.presigned_minutes",
                "must be from 1 to 1440",
            ),
        ];
        checks.into_iter().find(|(holds, ..)| !holds).map(|(_, key, problem)| (key, problem))
    }

    /// Where an object is that is had from elsewhere.
    pub fn redirect_url(&self, key: &str) -> Option<String> {
        let base = self.objects_base.as_deref()?;
        let slash = if base.ends_with('/') { "" } else { "/" };
        Some(format!("{base}{slash}{key}"))
    }

    /// The addresses of a manifest, of which those of frames and packs lead there at once.
    pub fn urls(&self, own: &Urls) -> Urls {
        let at = |template: &str| self.redirect_url(template.trim_start_matches('/'));
        let frame = at(&own.frame).unwrap_or_else(|| own.frame.clone());
        Urls { frame, pack: at(&own.pack).unwrap_or_else(|| own.pack.clone()), ..own.clone() }
    }
}

/// It stands in headers and in templates.
fn is_base(address: &str) -> bool {
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        !rest.is_empty()
            && !rest.starts_with('/')
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:/".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_and_packs_are_elsewhere_and_the_rest_is_here() {
        let own = Urls::default();
        assert_eq!(DeliverySettings::default().urls(&own), own);
        for base in ["https://cdn.example/spins", "https://cdn.example/spins/"] {
            let objects_base = Some(base.to_owned());
            let delivery = DeliverySettings {
                objects: ObjectsFrom::Redirect,
                objects_base,
                ..DeliverySettings::default()
            };
            assert_eq!(delivery.problem(false), None);
            let urls = delivery.urls(&own);
            assert_eq!(urls.frame, "https://cdn.example/spins/s/{set}/{degree}.{format}");
            assert_eq!(urls.pack, "https://cdn.example/spins/p/{pack}.pack");
            assert_eq!((urls.still, urls.manifest), (own.still.clone(), own.manifest.clone()));
        }
    }
}
