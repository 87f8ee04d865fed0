//! The scope of an address: the tags that purge its answers, and the request headers that choose them. It comes from the
//! address, so that errors and 304s have the same scope.

use assets_pipeline::digest::Digest;

use crate::domain::{
    names::{ConfigId, ProductId},
    object_key::ObjectKey,
    purge::{configuration_tag, object_tag, product_tag},
};

/// Tags and `Vary` of all answers of one address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Each `[a-z0-9-]{1,64}`.
    pub(crate) tags: Vec<String>,
    /// The value of `Vary`, if any.
    pub(crate) vary: Option<&'static str>,
    /// Whether the address itself is the permission: no cache stores the answer, whatever its policy, and no page passes
    /// the address on as a referrer.
    pub(crate) is_secret: bool,
}

/// `Vary` of answers that are compressed and nothing more.
const ENCODING: &str = "Accept-Encoding";

/// `Vary` of negotiated answers: every header that a policy can read, in each spelling that is read.
pub(super) const NEGOTIATED: &str = "Accept, Accept-Encoding, Device-Memory, Downlink, ECT, RTT, Save-Data, \
     Sec-CH-Device-Memory, Sec-CH-Downlink, Sec-CH-ECT, Sec-CH-RTT, Sec-CH-Save-Data, Sec-CH-UA-Mobile";

impl Scope {
    /// Answers about a configuration. Publishing that configuration, or any other of its product, purges them.
    pub(crate) fn configuration(id: &ConfigId) -> Self {
        Self { tags: vec![configuration_tag(id), product_tag(&id.product())], vary: None, is_secret: false }
    }

    /// Answers about a product.
    pub(crate) fn product(id: &ProductId) -> Self {
        Self { tags: vec![product_tag(id)], vary: None, is_secret: false }
    }

    /// A frame or a pack.
    pub(crate) fn object(key: &ObjectKey) -> Self {
        Self { tags: vec![key.cache_tag()], vary: None, is_secret: false }
    }

    /// A frame of a set.
    pub(crate) fn set(set: Digest) -> Self {
        Self { tags: vec![object_tag(set)], vary: None, is_secret: false }
    }

    /// Answers of signed addresses.
    pub(crate) fn secret() -> Self {
        Self { is_secret: true, ..Self::default() }
    }

    /// The same, compressed.
    pub(crate) fn encoded(self) -> Self {
        Self { vary: Some(ENCODING), ..self }
    }

    /// The same, compressed and chosen by hints.
    pub(crate) fn negotiated(self) -> Self {
        Self { vary: Some(NEGOTIATED), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::hints;

    #[test]
    fn vary_names_every_header_that_a_policy_can_read() {
        let picture_only =
            ["DPR", "Width", "Viewport-Width", "Sec-CH-DPR", "Sec-CH-Width", "Sec-CH-Viewport-Width"];
        let mut read: Vec<&str> =
            hints::HEADERS.iter().copied().filter(|name| !picture_only.contains(name)).collect();
        read.push("Accept-Encoding");
        read.sort_unstable();
        assert_eq!(NEGOTIATED.split(", ").collect::<Vec<_>>(), read);
    }

    #[test]
    fn tags_fit_every_cdn() {
        let id: ConfigId = format!("ring.solitaire.metal-{}", "a".repeat(60)).parse().unwrap();
        let tags = Scope::configuration(&id).tags;
        assert_eq!(tags.len(), 2);
        for tag in tags {
            assert!(
                tag.len() <= 64 && tag.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')),
                "{tag}"
            );
        }
    }

    #[test]
    fn a_configuration_carries_the_tag_of_its_product() {
        let id: ConfigId = "ring.solitaire.metal-platinum".parse().unwrap();
        let product: ProductId = "ring.solitaire".parse().unwrap();
        assert_eq!(Scope::configuration(&id).tags[1], Scope::product(&product).tags[0]);
    }
}
