//! Loads the most popular spins into memory before clients ask for them.

use assets_pipeline::plan::tiers::{Format, TierKey};

use crate::{
    config::ObjectsFrom,
    domain::{
        names::{ConfigId, ProductId},
        namespace::Namespace,
    },
    store::ObjectKey,
};

use super::{catalog::Catalog, problem::Error};

/// Spins of one product that are loaded before a launch.
const MOST_OF_A_PRODUCT: u32 = 1_000;

impl Catalog {
    /// Loads the most popular spins in order, until they take half of the memory for objects. A failure does not stop the
    /// server: the first request loads the spin.
    pub async fn warm(&self) {
        if !self.keeps_warm() {
            return;
        }
        let popular = match self.db.most_popular(self.warm).await {
            Ok(popular) => popular,
            Err(error) => return tracing::warn!(%error, "the most popular spins cannot be read"),
        };
        self.warm_all(&popular).await;
    }

    /// The same for the live spins of products, the most popular first; without any product, for the most popular spins.
    pub(crate) async fn warm_products(&self, products: &[ProductId]) {
        if products.is_empty() {
            return self.warm().await;
        }
        for product in products {
            match self.db.most_popular_of(product, MOST_OF_A_PRODUCT).await {
                Ok(live) if self.delivery.objects == ObjectsFrom::Serve => self.warm_all(&live).await,
                Ok(_) => {}
                Err(error) => tracing::warn!(%product, %error, "the spins of a product cannot be read"),
            }
        }
    }

    async fn warm_all(&self, ids: &[ConfigId]) {
        let (mut bytes, mut configurations) = (0, 0);
        for id in ids {
            if bytes >= self.max.objects / 2 {
                break;
            }
            match self.warm_one(id).await {
                Ok(loaded) => (bytes, configurations) = (bytes + loaded, configurations + 1),
                Err(error) => {
                    tracing::warn!(configuration = %id, %error, "a spin could not be loaded beforehand");
                }
            }
        }
        tracing::info!(configurations, bytes, "spins are in memory before they are asked for");
    }

    /// Loads a spin that has gone live. After a failure the first request loads it.
    pub(crate) async fn warm_live(&self, id: &ConfigId) {
        if self.keeps_warm()
            && let Err(error) = self.warm_one(id).await
        {
            tracing::debug!(configuration = %id, %error, "a spin could not be loaded beforehand");
        }
    }

    fn keeps_warm(&self) -> bool {
        self.warm > 0 && self.delivery.objects == ObjectsFrom::Serve
    }

    /// Loads what a client of a configuration asks for first: its manifest, and the packs up to standard in AVIF. Returns
    /// their bytes.
    async fn warm_one(&self, id: &ConfigId) -> Result<u64, Error> {
        let pointer = self.pointer(id).await?;
        let loaded = self.live_manifest(Namespace::Public, pointer.digest).await?;
        let tiers = &loaded.manifest.tiers;
        let best = tiers.get(&TierKey::Standard).or_else(|| tiers.get(&TierKey::Preview));
        let Some(rendition) = best.and_then(|tier| tier.formats.get(&Format::Avif)) else { return Ok(0) };
        let mut bytes = 0;
        for pack in &rendition.packs {
            let address = ObjectKey::Pack(pack.pack).within(Namespace::Public);
            bytes += self.object(address).await?.body.len() as u64;
        }
        Ok(bytes)
    }
}
