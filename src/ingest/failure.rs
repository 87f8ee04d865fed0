//! Why an ingest fails.

use assets_pipeline::{IngestError, memory::TooLittleMemory, read::refusal::Refusal};

use crate::{
    db::DbError,
    domain::names::{BadName, ConfigId, OptionName, ProductId},
    library::store_version::StoreVersionError,
    store::StoreError,
};

/// Why an ingest failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The frames cannot be used, or an encoder failed.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// This machine has too little memory for these frames.
    #[error(transparent)]
    Memory(#[from] TooLittleMemory),
    /// The product has an option that was not given.
    #[error("{product} has the option \"{option}\" too, and it was not given")]
    MissingChoice {
        /// Which product.
        product: ProductId,
        /// Which option.
        option: OptionName,
    },
    /// An option was given twice.
    #[error("the option \"{0}\" was given twice")]
    OptionTwice(OptionName),
    /// A name is no good.
    #[error(transparent)]
    Name(#[from] BadName),
    /// Another ingest has given the product an option meanwhile, which gives this configuration another id.
    #[error("{0} was given another option while its frames were being read")]
    ProductChanged(ProductId),
    /// What is public cannot be protected by adding to it.
    #[error("{0} is public already")]
    Public(ConfigId),
    /// An option is part of every configuration of its product, the public ones too.
    #[error(
        "a protected configuration cannot bring \"{option}\" to {product}: its public ones would have the option too"
    )]
    PublicOption {
        /// Which product.
        product: ProductId,
        /// Which option.
        option: OptionName,
    },
    /// A version was not stored.
    #[error(transparent)]
    Version(#[from] StoreVersionError),
    /// Another process ingests the same configuration.
    #[error("another ingest of {0} is running")]
    Running(ConfigId),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The work folder cannot be used.
    #[error("the work folder in the data folder cannot be used")]
    Work(#[source] std::io::Error),
    /// A manifest could not be written as JSON.
    #[error("the manifest could not be written")]
    Manifest(#[from] serde_json::Error),
    /// A thread of the ingest died: a fault in Girasol.
    #[error("a thread of the ingest died")]
    Died(#[from] tokio::task::JoinError),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Ingest(refusal.into())
    }
}
