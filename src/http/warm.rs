//! Loads the most popular spins into memory before clients ask for them.

use assets_pipeline::{
    digest::Digest,
    plan::tiers::{Format, TierKey},
};

use crate::{
    cdn::warm::{Fetched, Wanted, fetch_through},
    config::ObjectsFrom,
    db::DbError,
    domain::{
        alerts::Launch,
        manifest::Rendition,
        names::{ConfigId, ProductId},
        namespace::Namespace,
    },
    store::ObjectKey,
};

use super::{catalog::Catalog, problem::Error};

/// Spins of one product, or of all, that are loaded before a launch.
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

    /// Loads what is sold in a launch into memory, and then into the caches in front.
    pub(crate) async fn warm_launch(&self, launch: &Launch) {
        let ids = match self.sold(&launch.products).await {
            Ok(ids) => ids,
            Err(error) => return tracing::warn!(%error, "the spins of a launch cannot be read"),
        };
        if self.delivery.objects == ObjectsFrom::Serve {
            self.warm_all(&ids).await;
        }
        if launch.edges.is_empty() {
            return;
        }
        let mut wanted = Vec::new();
        for id in &ids {
            match self.asked_first(id).await {
                Ok(asked) => wanted.extend(asked),
                Err(error) => {
                    tracing::warn!(configuration = %id, %error, "a spin could not be loaded beforehand");
                }
            }
        }
        for edge in &launch.edges {
            match fetch_through(edge, &wanted).await {
                Ok(Fetched { files, bytes, failed }) => {
                    tracing::info!(edge, files, bytes, failed, "spins were fetched through a cache in front");
                }
                Err(error) => tracing::error!(edge, %error, "a cache in front cannot be warmed"),
            }
        }
    }

    /// The live spins of products, the most popular first; without any product, the most popular spins.
    async fn sold(&self, products: &[ProductId]) -> Result<Vec<ConfigId>, DbError> {
        if products.is_empty() {
            return self.db.most_popular(MOST_OF_A_PRODUCT).await;
        }
        let mut ids = Vec::new();
        for product in products {
            ids.extend(self.db.most_popular_of(product, MOST_OF_A_PRODUCT).await?);
        }
        Ok(ids)
    }

    /// What a visitor of a configuration asks for first, in each format: its manifest, and the packs up to standard unless
    /// they come from elsewhere.
    async fn asked_first(&self, id: &ConfigId) -> Result<Vec<Wanted>, Error> {
        let manifest = format!("/api/products/customizable/{id}/sequence");
        let accepts = ["image/avif,image/webp,*/*", "image/webp,*/*"];
        let mut wanted = accepts.map(|accept| Wanted { path: manifest.clone(), accept }).to_vec();
        if self.delivery.objects == ObjectsFrom::Serve {
            for (format, accept) in [Format::Avif, Format::Webp].into_iter().zip(accepts) {
                let packs = self.packs(id, format).await?;
                wanted.extend(packs.map(|pack| Wanted { path: format!("/p/{pack}.pack"), accept }));
            }
        }
        Ok(wanted)
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
        let mut bytes = 0;
        for pack in self.packs(id, Format::Avif).await? {
            let address = ObjectKey::Pack(pack).within(Namespace::Public);
            bytes += self.object(address).await?.body.len() as u64;
        }
        Ok(bytes)
    }

    /// The packs of a configuration up to standard, as viewers load them.
    async fn packs(
        &self,
        id: &ConfigId,
        format: Format,
    ) -> Result<impl Iterator<Item = Digest> + use<>, Error> {
        let pointer = self.pointer(id).await?;
        let loaded = self.live_manifest(Namespace::Public, pointer.digest).await?;
        let tiers = &loaded.manifest.tiers;
        let best = tiers.get(&TierKey::Standard).or_else(|| tiers.get(&TierKey::Preview));
        let rendition = best.and_then(|tier| tier.formats.get(&format));
        let packs = rendition.map(Rendition::loaded_packs).unwrap_or_default();
        Ok(packs.into_iter())
    }
}
