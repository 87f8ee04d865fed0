//! The operations that need the database and the store, called by HTTP, the command line and workers alike.

pub mod collect;
pub mod protect;
pub mod publish;
pub mod raw_frames;
pub mod take_down;
