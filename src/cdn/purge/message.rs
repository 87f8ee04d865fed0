//! A purge as a message to a cache, and pieces of it that keep within the limits of a service.

use crate::{
    cdn::edge,
    db::{Db, DbError},
    domain::{policy::Policy, purge::Purge},
};

/// One purge for one cache: tags for those that know them, addresses for all others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// An idempotency key: the same for the same purge, sent again.
    pub(super) key: String,
    pub(super) soft: bool,
    pub(super) tags: Vec<String>,
    /// Exact addresses, from the slash on.
    pub(super) paths: Vec<String>,
    /// The same addresses as prefixes with `*`, where that is fewer.
    pub(super) patterns: Vec<String>,
}

impl Message {
    /// Lists the addresses. A manifest names its siblings, so the manifests of the whole product are purged.
    pub(super) async fn build(purge: &Purge, db: &Db, policy: &Policy, avif: bool) -> Result<Self, DbError> {
        let mut configurations = purge.configurations.clone();
        let mut paths: Vec<String> = purge.paths.iter().cloned().collect();
        let mut patterns = paths.clone();
        for id in &purge.products {
            let spins = db.load_product(id).await?.map(|product| product.spins).unwrap_or_default();
            configurations.extend(spins.into_iter().map(|spin| spin.configuration));
            let page = format!("/api/products/customizable/{}/{}", id.jewelry_type, id.base_model);
            patterns.extend([format!("{page}*"), format!("/api/products/customizable/{id}.*")]);
            paths.push(page);
        }
        for id in &configurations {
            paths.extend(edge::addresses(id, policy, avif));
            let product = id.product();
            // A configuration without options has its product's id.
            if !purge.products.contains(&product) || id.as_str() == product.to_string() {
                patterns.push(format!("/api/products/customizable/{id}/*"));
            }
        }
        // A still names no sibling.
        patterns.extend(purge.configurations.iter().map(|id| format!("/still/{id}.*")));
        let tags = purge.tags.iter().cloned().collect();
        Ok(Self { tags, paths, patterns, ..Self::default() })
    }
}

/// Cuts a list into pieces of at most `max_items` and `max_bytes`, with `around` bytes more for each item.
pub(super) fn pieces(items: &[String], max_items: usize, max_bytes: usize, around: usize) -> Vec<&[String]> {
    let mut pieces = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, item) in items.iter().enumerate() {
        let size = item.len() + around;
        if at > start && (at - start >= max_items || bytes + size > max_bytes) {
            pieces.push(&items[start..at]);
            (start, bytes) = (at, 0);
        }
        bytes += size;
    }
    if start < items.len() {
        pieces.push(&items[start..]);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_keep_within_items_and_bytes() {
        let items: Vec<String> = (0..10).map(|at| "x".repeat(at)).collect();
        let lengths = |max_items, max_bytes| {
            pieces(&items, max_items, max_bytes, 1).iter().map(|piece| piece.len()).collect::<Vec<_>>()
        };
        assert_eq!(lengths(4, 1000), [4, 4, 2]);
        assert_eq!(lengths(100, 10), [4, 1, 1, 1, 1, 1, 1]);
        assert_eq!(lengths(100, 1), [1; 10], "an item that is too large stands alone");
        assert!(pieces(&[], 1, 1, 1).is_empty());
    }

    #[tokio::test]
    async fn a_configuration_without_a_product_has_addresses_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let id = "ring.solitaire.metal-platinum".parse().unwrap();
        let purge = Purge::configuration(&id);
        let message = Message::build(&purge, &db, &Policy::default(), true).await.unwrap();
        expect_test::expect![[r#"
            /api/products/customizable/ring/solitaire
            /api/products/customizable/ring.solitaire.metal-platinum/sequence?tier=still&frames=1&format=avif
            /api/products/customizable/ring.solitaire.metal-platinum/sequence?tier=still&frames=1&format=webp
            /api/products/customizable/ring.solitaire.metal-platinum/sequence?tier=preview&frames=12&format=avif
            /api/products/customizable/ring.solitaire.metal-platinum/sequence?tier=preview&frames=12&format=webp
            /api/products/customizable/ring.solitaire.metal-platinum/sequence?tier=standard&frames=24&format=avif
            /api/products/customizable/ring.solitaire.metal-platinum/sequence?tier=standard&frames=24&format=webp
            /api/products/customizable/ring.solitaire.metal-platinum/sequence?tier=standard&frames=36&format=avif
            /api/products/customizable/ring.solitaire.metal-platinum/sequence?tier=standard&frames=36&format=webp
            /api/products/customizable/ring.solitaire.metal-platinum/sequence?tier=hd&frames=60&format=avif
            /api/products/customizable/ring.solitaire.metal-platinum/sequence?tier=hd&frames=60&format=webp
            /still/ring.solitaire.metal-platinum.avif
            /still/ring.solitaire.metal-platinum.webp
            /still/ring.solitaire.metal-platinum.jpg"#]]
        .assert_eq(&message.paths.join("\n"));
        expect_test::expect![[r#"
            /api/products/customizable/ring/solitaire*
            /api/products/customizable/ring.solitaire.*
            /still/ring.solitaire.metal-platinum.*"#]]
        .assert_eq(&message.patterns.join("\n"));
    }
}
