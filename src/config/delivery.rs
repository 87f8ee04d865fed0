//! `[delivery]`

use serde::{Deserialize, Serialize};

use crate::domain::manifest::Urls;

use super::{
    problem::{Problem, check},
    setting::{Kind, section, whole, word},
};

section! {
    /// Where visitors get frames and packs from.
    #[derive(Eq)]
    "delivery" DeliveryConfig {
        /// `serve`: the server sends frames and packs. `redirect`: manifests name them under `objects_base`, and the server
        /// redirects there. `presign`: the server redirects to signed addresses of the bucket.
        objects: ObjectsFrom = ObjectsFrom::Serve, word(&["serve", "redirect", "presign"]);
        /// The public bucket, or the CDN that reads it, for `objects = "redirect"`. Objects' keys follow.
        objects_base: Option<String> = None, Kind::Text, "\"https://cdn.example/spins/\"";
        /// Minutes that a signed address of the bucket lasts, for `objects = "presign"`.
        presigned_minutes: u32 = 10, whole(1, 1440);
    }
}

/// Which server sends frames and packs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectsFrom {
    /// Girasol.
    Serve,
    /// The server at `objects_base`.
    Redirect,
    /// The bucket, under signed addresses.
    Presign,
}

impl DeliveryConfig {
    pub(super) fn validate(&self, has_bucket: bool) -> Result<(), Problem> {
        let base = self.objects_base.as_deref();
        check(
            base.is_some() == (self.objects == ObjectsFrom::Redirect),
            "delivery.objects_base",
            "goes with delivery.objects = \"redirect\", which needs it",
        )?;
        check(
            base.is_none_or(is_base),
            "delivery.objects_base",
            "must be an address of letters, digits and - . _ : / alone, as https://cdn.example/spins/",
        )?;
        check(
            self.objects != ObjectsFrom::Presign || has_bucket,
            "delivery.objects",
            "can be \"presign\" where store.kind is \"s3\"",
        )
    }

    /// The address that requests for an object are redirected to.
    pub fn redirect_url(&self, key: &str) -> Option<String> {
        let base = self.objects_base.as_deref()?;
        let slash = if base.ends_with('/') { "" } else { "/" };
        Some(format!("{base}{slash}{key}"))
    }

    /// The addresses in a manifest; with a base, those of frames and packs lead there without a redirect.
    pub fn urls(&self, own: &Urls) -> Urls {
        let at = |template: &str| self.redirect_url(template.trim_start_matches('/'));
        let frame = at(&own.frame).unwrap_or_else(|| own.frame.clone());
        Urls { frame, pack: at(&own.pack).unwrap_or_else(|| own.pack.clone()), ..own.clone() }
    }
}

/// The address stands in headers and in templates.
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
    fn a_base_is_for_frames_and_packs_alone() {
        let own = Urls::default();
        assert_eq!(DeliveryConfig::default().urls(&own), own);
        for base in ["https://cdn.example/spins", "https://cdn.example/spins/"] {
            let objects_base = Some(base.to_owned());
            let delivery =
                DeliveryConfig { objects: ObjectsFrom::Redirect, objects_base, ..DeliveryConfig::default() };
            assert_eq!(delivery.validate(false), Ok(()));
            let urls = delivery.urls(&own);
            assert_eq!(urls.frame, "https://cdn.example/spins/s/{set}/{degree}.{format}");
            assert_eq!(urls.pack, "https://cdn.example/spins/p/{pack}.pack");
            assert_eq!((urls.still, urls.manifest), (own.still.clone(), own.manifest.clone()));
        }
    }
}
