//! Traces: what a piece of work did, span by span, for a collector that speaks OTLP.
//!
//! A piece of work is a request, or an attempt at a job. [`Work`] is what its task carries: the place in the trace, if there is
//! one, and how long the database, the store and the caches took. Code below asks for no parameter: it notes what it did with
//! [`note`], or begins a [`Span`] with [`Span::child`] where others are to be inside of it. Without an exporter, or where the work
//! is not recorded, a span is empty and a note adds up times.
//!
//! Spans carry words of the code, patterns of addresses, ids and numbers; what a client sent stands in no span but for the path of
//! a request, as the access log shows it.

mod exporter;
mod message;
mod note;
mod sampler;
mod span;
mod work;

pub use self::{
    exporter::{Exporter, Settings, StartError, is_on, sampler, start},
    note::{note, record},
    sampler::Sampler,
    span::{Kind, Span},
    work::{Part, Took, Work, asked_memory, context, count, current},
};
