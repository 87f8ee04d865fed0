//! What is ingested, and what came of it.

use std::path::PathBuf;

use assets_pipeline::{digest::Digest, memory::Machine, settings::Settings};

use crate::{
    db::jobs::Leased,
    domain::{
        audit::Actor,
        gain::Gain,
        manifest::Manifest,
        names::{ConfigId, OptionName, ProductId, Slug},
    },
    staging::SharedEncodes,
};

/// What to ingest, and for which configuration.
#[derive(Debug, Clone)]
pub struct Order {
    /// A folder or a zip of raw frames.
    pub source: PathBuf,
    /// The product, which is made where it is missing.
    pub product: ProductId,
    /// A choice for every option of the product; options and choices that are missing are made.
    pub choices: Vec<(OptionName, Slug)>,
    /// What shapes the renditions.
    pub settings: Settings,
    /// Whether the version goes live when it is ready.
    pub publish: bool,
    /// Whether still and preview are stored before the rest, as an early version, while nothing is live. It goes live where the
    /// order publishes; where a request publishes it, the whole version follows it.
    pub early: bool,
    /// Whether the configuration is protected before anything of it is stored. One that is protected stays so.
    pub protected: bool,
    /// Who ordered it.
    pub actor: Actor,
    /// What it may use of this machine.
    pub machine: Machine,
    /// The job that it is the work of.
    pub job: Option<Leased>,
    /// Where another machine finds what is encoded, should this one die.
    pub encodes: Option<SharedEncodes>,
}

/// What an order came to.
#[derive(Debug)]
pub struct Report {
    /// The configuration.
    pub configuration: ConfigId,
    /// Its new version, or the one that was there already.
    pub manifest: Manifest,
    /// The manifest's digest.
    pub digest: Digest,
    /// What was done.
    pub outcome: Outcome,
    /// Frames encoded now.
    pub encoded: usize,
    /// Encodes found from an ingest that was interrupted.
    pub reused: usize,
    /// What the artist may want to know.
    pub remarks: Vec<String>,
    /// Against what was live, where the same frames were encoded again with more effort.
    pub gains: Vec<Gain>,
    /// The purges that publishing wrote.
    pub purges: Vec<i64>,
    /// The early version that was live while the rest was encoded.
    pub preview: Option<i64>,
}

/// How an order ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The version is live.
    Published,
    /// The version is ready and waits to be published, as it was asked for.
    Ready,
    /// The version is ready, but something else went live meanwhile, and stays so.
    Overtaken,
    /// The very version exists already and is live.
    Unchanged,
    /// More effort made nothing better: what was live stays, and nothing was stored.
    NotBetter,
}
