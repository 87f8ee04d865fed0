//! Database and store know each other by a name that both have.
//!
//! A new database makes a name and leaves it in its empty store. From then on a collection begins by comparing the two: a
//! database that was lost, emptied or mixed up with another one would find that it knows nothing of the store's objects, and
//! would delete them all. Installations from before there were names get one when the store turns out to have what the
//! database says it has. All else is for an operator to decide, by `girasol store adopt`.

use crate::{
    db::{Db, DbError},
    domain::identity::Identity,
    store::{Store, StoreError},
};

/// Objects that are looked for in the store before a name is taken over. Most of them have to be there: some may be damaged.
const SAMPLE: u32 = 16;

/// Why a database and a store do not belong together.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// They have different names.
    #[error("the store belongs to the database {store}, and this is the database {database}")]
    Other {
        /// The name in the store.
        store: Identity,
        /// The name in the database.
        database: Identity,
    },
    /// The database knows of no object, and the store has some.
    #[error("the database is new or was emptied, and the store has objects of another database")]
    Emptied,
    /// The store has not got what the database knows of.
    #[error(
        "the store has {found} of {asked} objects that the database knows of: it is another database's store, or a new one"
    )]
    Strange {
        /// Objects that are there.
        found: usize,
        /// Objects that were looked for.
        asked: usize,
    },
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes sure that the database and the store belong together. The two get a name where they have none and are known to
/// belong together.
pub async fn ensure(db: &Db, store: &Store) -> Result<(), IdentityError> {
    match (db.identity().await?, store.identity().await?) {
        (Some(database), Some(store)) if database == store => Ok(()),
        (Some(database), Some(store)) => Err(IdentityError::Other { store, database }),
        (Some(database), None) => {
            recognize(db, store).await?;
            Ok(store.set_identity(&database).await?)
        }
        (None, Some(named)) => {
            if !db.knows_objects().await? {
                return Err(IdentityError::Emptied);
            }
            recognize(db, store).await?;
            Ok(db.set_identity(&named).await?)
        }
        (None, None) => {
            recognize(db, store).await?;
            Ok(store.set_identity(&db.make_identity().await?).await?)
        }
    }
}

/// Makes them belong together, whatever they were before: an operator says so.
pub async fn adopt(db: &Db, store: &Store) -> Result<Identity, IdentityError> {
    let identity = db.make_identity().await?;
    store.set_identity(&identity).await?;
    Ok(identity)
}

/// Whether the store has what the database knows of. A database that knows of nothing fits an empty store alone.
async fn recognize(db: &Db, store: &Store) -> Result<(), IdentityError> {
    let sample = db.known_sample(SAMPLE).await?;
    if sample.is_empty() {
        return if store.is_empty().await? { Ok(()) } else { Err(IdentityError::Emptied) };
    }
    let (mut found, asked) = (0, sample.len());
    for address in sample {
        found += usize::from(store.within(address.namespace).look(&address.key).await?.bytes().is_some());
    }
    if found * 2 > asked { Ok(()) } else { Err(IdentityError::Strange { found, asked }) }
}
