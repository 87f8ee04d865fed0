//! Where sound objects may be had: a copy of the store, a backup in a folder or bucket, which has such a copy, or a backup in a
//! file.

use std::{error::Error, path::Path};

use assets_pipeline::pack::SetList;

use crate::{
    library::intact::{self, Condition},
    store::{Address, Found, Store},
};

use super::{BackupError, archive::Archive};

/// A place that has objects under their names. None of them is believed before it is compared with its name.
#[derive(Debug)]
pub struct ObjectSource(Kind);

#[derive(Debug)]
enum Kind {
    Store(Store),
    Archive { archive: Archive, place: String },
}

impl From<Store> for ObjectSource {
    fn from(store: Store) -> Self {
        Self(Kind::Store(store))
    }
}

impl ObjectSource {
    /// The objects in a backup's file. Answers `None` where it has none, because they were in a bucket.
    pub fn of_backup_file(file: &Path) -> Result<Option<Self>, BackupError> {
        let (archive, list) = Archive::open(file)?;
        let place = format!("the backup {}", file.display());
        Ok(list.objects.map(|_| Self(Kind::Archive { archive, place })))
    }

    /// For messages.
    pub fn place(&self) -> String {
        match &self.0 {
            Kind::Store(store) => store.place(),
            Kind::Archive { place, .. } => place.clone(),
        }
    }

    /// Reads an object, and compares it with its name. A place that cannot be read has nothing.
    pub(in crate::library) async fn read(&self, address: &Address, list: Option<&SetList>) -> Condition {
        intact::condition(address, list, self.look(address).await)
    }

    /// The list of the set whose objects these are, if it is there and sound.
    pub(in crate::library) async fn list_of(&self, group: &[Address]) -> Option<SetList> {
        let (address, set) = intact::list_address(group)?;
        SetList::read(set, self.look(&address).await.bytes()?)
    }

    async fn look(&self, address: &Address) -> Found {
        match &self.0 {
            Kind::Store(store) => {
                let looked = store.within(address.namespace).look(&address.key).await;
                looked.unwrap_or_else(|error| self.unread(&error))
            }
            Kind::Archive { archive, .. } => match archive.read(&format!("objects/{address}")) {
                Ok(bytes) => bytes.map_or(Found::Nothing, Found::Bytes),
                Err(error) => self.unread(&error),
            },
        }
    }

    fn unread(&self, error: &(dyn Error + 'static)) -> Found {
        tracing::warn!(error, place = self.place(), "a copy of the store could not be read");
        Found::Nothing
    }
}
