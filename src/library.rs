//! The operations that need the database and the store, called by HTTP, the command line and workers alike.

pub mod backup;
pub mod collect;
pub mod copy_store;
pub mod expire;
pub mod identity;
pub mod intact;
pub mod loupe;
pub mod manifests;
pub mod optimize;
pub mod polish;
pub mod protect;
pub mod publish;
pub mod raw_frames;
pub mod readiness;
pub mod references;
pub mod repair;
pub mod scrub;
pub mod store_version;
pub mod take_down;
pub mod verify;

#[cfg(test)]
mod tests;
