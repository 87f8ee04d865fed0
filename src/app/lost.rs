//! A database that is lost is not replaced by an empty one: that would know nothing of the store's objects.

use std::path::Path;

use tokio::time::timeout;

use crate::{
    config::{Config, StoreKind},
    db::Db,
    library::identity::{self, IdentityError},
    store::{Store, StoreError},
};

use super::{AppError, PROBE_PATIENCE, open_store};

/// What becomes of a data folder whose database is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    Refused,
    Replaced,
}

const OBJECTS: &str = "the store has objects of another database";
const FRAMES: &str = "the data folder has frames of another database";

/// What another database has left. A store that cannot be asked is asked again before anything is deleted.
pub(super) async fn remains(config: &Config, store: Option<&Store>) -> Option<&'static str> {
    if let Some(store) = store {
        match timeout(PROBE_PATIENCE, is_used(store)).await {
            Ok(Ok(true)) => return Some(OBJECTS),
            Ok(Ok(false)) => {}
            Ok(Err(error)) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "it is not known whether the store belongs to another database");
            }
            Err(_elapsed) => tracing::warn!("it is not known whether the store belongs to another database"),
        }
    }
    has_entries(&config.data.join("incoming")).then_some(FRAMES)
}

/// The same where nothing may be created.
pub(super) async fn left_behind(config: &Config) -> Option<&'static str> {
    let is_there = config.store.kind == StoreKind::S3 || config.data.join("objects").is_dir();
    let store = if is_there { open_store(config).await.ok() } else { None };
    remains(config, store.as_ref()).await
}

async fn is_used(store: &Store) -> Result<bool, StoreError> {
    Ok(store.identity().await?.is_some() || !store.is_empty().await?)
}

fn has_entries(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

/// Lets a database that has no name yet, and its store, know each other. Where they do not belong together, the server serves
/// what it can, and nothing is deleted.
pub(super) async fn make_known(config: &Config, db: &Db, store: &Store) -> Result<(), AppError> {
    let is_empty = !db.knows_objects().await?;
    if !is_empty && db.identity().await?.is_some() {
        return Ok(());
    }
    let unknown: Box<dyn std::error::Error> = match timeout(PROBE_PATIENCE, identity::ensure(db, store)).await
    {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(IdentityError::Db(error))) => return Err(error.into()),
        Ok(Err(IdentityError::Emptied | IdentityError::Other { .. })) if is_empty => {
            db.close().await;
            let place = super::place(config).to_string();
            return Err(AppError::Lost { place, is_missing: false, what: OBJECTS });
        }
        Ok(Err(error)) => error.into(),
        Err(elapsed) => elapsed.into(),
    };
    let error = &*unknown;
    tracing::warn!(error, "database and store do not know each other yet: no object is deleted");
    Ok(())
}
