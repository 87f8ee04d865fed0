//! Packs that are read from the bucket before they are asked for.
//!
//! A visitor asks for the first pack of a spin a round trip after its manifest, and for the second one soon after that. Where they
//! have to come from far, the reads begin with the manifest's answer: the bucket works while the visitor's line does. Nothing is
//! read twice, since the visitor joins a read that is under way.

use std::sync::Arc;

use actix_web::web::Data;
use tokio::sync::Semaphore;

use super::{Catalog, Fetched};
use crate::{
    config::ObjectsFrom,
    domain::{manifest::Rendition, namespace::Namespace},
    store::ObjectKey,
};

/// Packs of a spin that are read ahead: those of which its first turn is made.
const PACKS: usize = 2;
/// Packs that are read ahead at once: a bound for what requests for manifests can cause.
const AT_ONCE: usize = 8;

/// Turns of reads that no visitor waits for yet.
#[derive(Debug, Clone)]
pub(super) struct Ahead(Arc<Semaphore>);

impl Ahead {
    /// Where so many objects may be loaded at once: half of the turns at least stay for visitors who wait.
    pub(super) fn of(objects: usize) -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE.min(objects / 2))))
    }
}

impl Catalog {
    /// Begins to read the first packs of a public spin that are neither in memory nor on this machine. It does not wait: where
    /// enough is read ahead already, or the store has much to do for visitors who wait, the pack is read when it is asked for.
    pub(in crate::http) async fn read_ahead(catalog: &Data<Self>, rendition: &Rendition) {
        if catalog.delivery.objects != ObjectsFrom::Serve {
            return;
        }
        let objects = &catalog.admission.objects;
        for pack in rendition.loaded_packs().into_iter().take(PACKS) {
            let address = ObjectKey::Pack(pack).within(Namespace::Public);
            if catalog.cached().objects.has(&address) || catalog.store.is_near(&address).await {
                continue;
            }
            if !objects.is_half_free() {
                return;
            }
            let Ok(turn) = catalog.ahead.0.clone().try_acquire_owned() else { return };
            let catalog = catalog.clone();
            actix_web::rt::spawn(async move {
                // The request of the visitor says what is wrong.
                if let Ok(Fetched::Coming(coming)) = Self::fetch(&catalog, address).await {
                    drop(coming.whole().await);
                }
                drop(turn);
            });
        }
    }
}
