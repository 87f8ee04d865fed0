//! Girasol delivers 360-degree jewelry spins progressively.
//!
//! Dependencies point one way; `tests/it/layers.rs` lists what each layer may name.

pub mod domain;

pub mod background;
pub mod signals;

mod held_folder;
pub mod memory;
mod whole_file;

pub mod db;
pub mod launches;
pub mod performance;
pub mod store;

pub mod staging;

pub mod checks;
pub mod library;

pub mod ingest;
pub mod worker;

pub mod cache;
pub mod cdn;
pub mod limits;
pub mod notices;

pub mod alerts;
pub mod http;

pub mod report;

pub mod app;
pub mod cli;
pub mod config;
pub mod telemetry;
pub mod traces;
