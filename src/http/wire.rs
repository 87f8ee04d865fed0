//! What goes over the wire, once: the shapes of bodies, the parameters, the answers that many addresses share.
//!
//! Handlers serialise these types, and the OpenAPI document (`document`) is made from them.

#![allow(
    dead_code,
    reason = "the hand-written part of the document still has the operations that use the rest"
)]

pub(crate) mod configure;
pub(crate) mod files;
pub(crate) mod headers;
pub(crate) mod health;
pub(crate) mod names;
pub(crate) mod parameters;
pub(crate) mod problems;
pub(crate) mod product;
pub(crate) mod sequence;
pub(crate) mod status;
pub(crate) mod vitals;

/// An answer's body as JSON.
pub(crate) fn to_json(answer: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(answer).expect("wire types have text as keys and no failing serialiser")
}
