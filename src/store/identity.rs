//! The name that a database leaves in its store, beside the objects.

use crate::domain::identity::Identity;

use super::{Backend, Store, StoreError};

/// The name's own key. It is no object's, so that no list has it.
pub(super) const KEY: &str = "identity.txt";

impl Store {
    /// The name of the database that the store belongs to, once it has one. A name that cannot be read is an error.
    pub async fn identity(&self) -> Result<Option<Identity>, StoreError> {
        let text = match &self.parts.backend {
            Backend::Folder(folder) => folder.identity().await,
            Backend::S3(s3) => Box::pin(s3.identity()).await,
        };
        let read = |text: String| text.trim().parse().map_err(|error| StoreError::Identity(Box::new(error)));
        text.map_err(StoreError::Identity)?.map(read).transpose()
    }

    /// Makes the store belong to a database, whatever it belonged to before.
    pub async fn set_identity(&self, identity: &Identity) -> Result<(), StoreError> {
        let text = format!("{identity}\n");
        let set = match &self.parts.backend {
            Backend::Folder(folder) => folder.set_identity(&text).await,
            Backend::S3(s3) => Box::pin(s3.set_identity(&text)).await,
        };
        set.map_err(StoreError::Identity)
    }

    /// Whether the store has no object.
    pub async fn is_empty(&self) -> Result<bool, StoreError> {
        let is_empty = match &self.parts.backend {
            Backend::Folder(folder) => folder.is_empty().await,
            Backend::S3(s3) => Box::pin(s3.is_empty()).await,
        };
        is_empty.map_err(StoreError::List)
    }
}
