//! What goes over the wire, once: the shapes of bodies, the parameters, the answers that many addresses share.
//!
//! Handlers serialise these types, and the OpenAPI document (`document`) is made from them.

#![allow(dead_code, reason = "a type that only describes a value of another layer is never constructed")]

pub(crate) mod alerts;
pub(crate) mod audit;
pub(crate) mod bucket;
pub(crate) mod checks;
pub(crate) mod configure;
pub(crate) mod files;
pub(crate) mod framesets;
pub(crate) mod headers;
pub(crate) mod health;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod launches;
pub(crate) mod loupe;
pub(crate) mod names;
pub(crate) mod optimize;
pub(crate) mod parameters;
pub(crate) mod performance;
pub(crate) mod plots;
pub(crate) mod polish;
pub(crate) mod problems;
pub(crate) mod product;
pub(crate) mod products;
pub(crate) mod purges;
pub(crate) mod sequence;
pub(crate) mod sequences;
pub(crate) mod settings;
pub(crate) mod status;
pub(crate) mod timestamp;
pub(crate) mod users;
pub(crate) mod vitals;

/// An answer's body as JSON.
pub(crate) fn to_json(answer: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(answer).expect("wire types have text as keys and no failing serialiser")
}
