//! The real binary, started on a free port over a small turn that it has ingested itself.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so by panicking")]

mod alert_fixture;
mod artist;
mod bucket_fixture;
#[path = "../bucket_server/mod.rs"]
mod bucket_server;
mod fault_proxy;
mod fleet;
mod front;
mod girasol;
#[path = "../postgres/mod.rs"]
mod postgres;
#[path = "../redis/mod.rs"]
mod redis;
#[path = "../../assets-pipeline/tests/samples/mod.rs"]
mod samples;

mod admission;
mod alert_faults;
mod alerts;
mod archives;
mod attack;
mod authorization;
mod backup;
mod bucket;
mod check;
mod check_config;
mod cold;
mod command;
mod debian;
mod delivery;
mod direct;
mod disk;
mod docs;
mod doctor;
mod documented_restore;
mod edge;
mod errors;
mod full_disk;
mod garbage;
mod identity;
mod import;
mod ingest;
mod interrupted_backup;
mod jobs;
mod layers;
mod limits;
mod loupe;
mod metrics;
mod monitoring;
mod moved;
mod moved_database;
mod moved_store;
mod newcomer;
mod objects;
mod openapi;
mod operator_listener;
mod optimize;
mod performance;
mod polish;
mod preview;
mod private;
mod private_admission;
mod process;
mod product;
mod purge;
mod raw_frames;
mod reference;
mod refused;
mod repair;
mod replica;
mod report;
mod s3;
mod scaled;
mod sequence;
mod shared_cache;
mod signed;
mod snippet;
mod spellings;
mod stateless;
mod traces;
mod traffic;
mod upgrade;
mod uploads;
mod versions;
mod vitals;
