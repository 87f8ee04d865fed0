//! Girasol delivers 360-degree jewelry spins progressively.
//!
//! Dependencies point one way: `assets-pipeline <- domain <- {db, intake, store, cache} <- {ingest <- jobs, http} <-
//! app <- cli`. Adapters never import each other. `edge` needs the domain alone, `report`
//! the pipeline.

pub mod domain;

pub mod db;
pub mod intake;
pub mod store;

pub mod edge;

pub mod check;
pub mod fetch;
pub mod garbage;
pub mod ingest;
pub mod jobs;
pub mod protection;
pub mod purge;
pub mod report;

pub mod cache;
pub mod http;

pub mod app;
pub mod cli;
pub mod config;
pub mod logs;
