//! Settings: defaults, then `girasol.toml`, then `GIRASOL_SECTION__KEY`, then flags.
//!
//! Each section is a file, and each setting stands in it once: its type, its default, its range and its description. The
//! checks, `girasol.example.toml` and the reference are made from that. A value that concerns more than one setting is
//! checked by `validate` of the section.

mod advice;
mod alerts;
mod cache;
mod database;
mod delivery;
mod encode;
mod example;
mod jobs;
mod launches;
mod limits;
mod loaded;
mod log;
mod loupe;
mod objectives;
mod policy;
mod polish;
mod problem;
mod purge;
mod schema;
mod secret;
mod server;
mod setting;
mod source;
mod store;
mod text;
mod tiers;
mod traces;
mod uploads;
mod versions;
mod vitals;

use std::{collections::BTreeMap, path::PathBuf};

use assets_pipeline::{
    plan::tiers::{Family, FamilySpec, Format, TierKey, TierSpec, TierTable},
    settings::Settings,
};
use serde::Deserialize;
use toml::{Table, Value};

use crate::domain::{loupe::Rules as LoupeRules, policy::Policy, polish::Rules as PolishRules};

pub use self::{
    alerts::{AlertsConfig, Channel, ChannelKind, Least, RuleConfig, Sends},
    cache::CacheConfig,
    database::DatabaseConfig,
    delivery::{DeliveryConfig, ObjectsFrom},
    encode::EncodeConfig,
    example::render as example_file,
    jobs::JobsConfig,
    launches::LaunchConfig,
    limits::{LimitsConfig, UnknownProxies},
    loaded::{Effective, Loaded},
    log::{LogConfig, LogFormat},
    loupe::LoupeConfig,
    objectives::{ANSWER_BOUNDS_MS, ObjectivesConfig, SWITCH_BOUNDS_MS},
    polish::PolishConfig,
    problem::{ConfigError, Origin, Problem},
    purge::{BadTarget, Hardness, Network, PurgeConfig, Target, TargetKind},
    secret::SecretText,
    server::ServerConfig,
    setting::{Kind, Section, Setting},
    store::{Checksums, StoreConfig, StoreKind},
    traces::TracesConfig,
    uploads::{KeepRaw, UploadsConfig},
    versions::VersionsConfig,
    vitals::VitalsConfig,
};

/// The file that is read where no other is named, if it is there.
pub const DEFAULT_FILE: &str = "girasol.toml";

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Config {
    /// The folder of the database and the objects.
    #[serde(default = "default_data")]
    pub data: PathBuf,
    /// The HTTP server.
    #[serde(default)]
    pub server: ServerConfig,
    /// How many requests a client may make.
    #[serde(default)]
    pub limits: LimitsConfig,
    /// Where products, versions and jobs are recorded.
    #[serde(default)]
    pub database: DatabaseConfig,
    /// Where objects are stored.
    #[serde(default)]
    pub store: StoreConfig,
    /// Where visitors get frames and packs from.
    #[serde(default)]
    pub delivery: DeliveryConfig,
    /// Memory in front of the database and the store.
    #[serde(default)]
    pub cache: CacheConfig,
    /// What artists may send.
    #[serde(default)]
    pub uploads: UploadsConfig,
    /// Encoding of committed frame sets.
    #[serde(default)]
    pub jobs: JobsConfig,
    /// Live spins that are encoded again while nothing else is to do.
    #[serde(default)]
    pub polish: PolishConfig,
    /// Frames for those who zoom further than hd goes.
    #[serde(default)]
    pub loupe: LoupeConfig,
    /// How long versions are stored that are not live.
    #[serde(default)]
    pub versions: VersionsConfig,
    /// Measurements that viewers send.
    #[serde(default)]
    pub vitals: VitalsConfig,
    /// Caches and CDNs that are purged.
    #[serde(default)]
    pub purge: PurgeConfig,
    /// What the service watches of itself, and who is notified.
    #[serde(default)]
    pub alerts: AlertsConfig,
    /// What is promised.
    #[serde(default)]
    pub objectives: ObjectivesConfig,
    /// Sales that are known beforehand.
    #[serde(default)]
    pub launches: Vec<LaunchConfig>,
    /// Log lines on stderr.
    #[serde(default)]
    pub log: LogConfig,
    /// Traces of requests and jobs.
    #[serde(default)]
    pub traces: TracesConfig,
    /// Which tier a visitor gets.
    #[serde(default)]
    pub policy: Policy,
    /// How frames are encoded.
    #[serde(default)]
    pub encode: EncodeConfig,
    tiers: BTreeMap<TierKey, TierSpec>,
    sizes: BTreeMap<Family, FamilySpec>,
    formats: Vec<Format>,
}

fn default_data() -> PathBuf {
    PathBuf::from("data")
}

/// What the command line decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// The config file; it must exist then.
    pub config: Option<PathBuf>,
    /// `--data` or `GIRASOL_DATA`.
    pub data: Option<PathBuf>,
    /// `--listen` or `GIRASOL_LISTEN`.
    pub listen: Option<String>,
    /// `--log` or `GIRASOL_LOG`.
    pub log: Option<String>,
    /// Whether only warnings are logged where no source sets a level: for commands that write to the terminal themselves.
    pub is_quiet: bool,
}

/// Every setting, section by section, in the order of the example file and of the reference.
pub fn sections() -> Vec<Section> {
    let data = Setting {
        name: "data",
        kind: Kind::Path,
        default: Some(Value::String("data".to_owned())),
        example: None,
        required: false,
        about: "The folder of the database and the objects. `--data` and `GIRASOL_DATA` override it."
            .to_owned(),
    };
    let top = Section {
        name: String::new(),
        about: String::new(),
        settings: vec![data, tiers::formats(), launches::launches()],
    };
    let mut sections = vec![
        top,
        ServerConfig::section(),
        LimitsConfig::section(),
        DatabaseConfig::section(),
        StoreConfig::section(),
        DeliveryConfig::section(),
        CacheConfig::section(),
        UploadsConfig::section(),
        JobsConfig::section(),
        PolishConfig::section(),
        LoupeConfig::section(),
        VersionsConfig::section(),
        VitalsConfig::section(),
        ObjectivesConfig::section(),
        AlertsConfig::section(),
        LogConfig::section(),
        TracesConfig::section(),
        EncodeConfig::section(),
    ];
    sections.extend(tiers::sections());
    sections.extend([policy::section(), PurgeConfig::section()]);
    sections
}

/// The environment variable that sets a key: `GIRASOL_SERVER__LISTEN` for `server.listen`.
pub fn variable_of(key: &str) -> String {
    schema::variable_of(key)
}

impl Config {
    /// Reads all sources. `variables` are those of the environment.
    pub fn load(
        flags: &Flags,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        Ok(Loaded::read(flags, variables)?.config)
    }

    /// Frames, pixels and bytes of each tier.
    pub fn tier_table(&self) -> TierTable {
        TierTable { tiers: self.tiers.clone(), sizes: self.sizes.clone(), formats: self.formats.clone() }
    }

    /// How a turn is encoded where the artist says nothing else.
    pub fn settings(&self) -> Settings {
        let EncodeConfig { engine, effort } = self.encode;
        Settings { table: self.tier_table(), engine, effort, ..Settings::default() }
    }

    /// What is polished, and when.
    pub fn polish_rules(&self) -> PolishRules {
        self.polish.rules(self.settings())
    }

    /// Which loupes are made, and when.
    pub fn loupe_rules(&self) -> LoupeRules {
        self.loupe.rules(self.settings())
    }

    /// The first problem of each section.
    fn problems(&self) -> impl Iterator<Item = Problem> {
        let checks = [
            self.server.validate(),
            self.limits.validate(),
            self.database.validate(),
            self.store.validate(),
            self.cache.validate(),
            self.delivery.validate(self.store.kind == StoreKind::S3),
            self.log.validate(),
            self.traces.validate(),
            self.objectives.validate(),
            self.alerts.validate(),
            launches::validate(&self.launches),
            self.purge.validate(),
            self.tier_table().validate().map_err(Problem::from),
            self.policy.validate().map_err(Problem::from),
        ];
        checks.into_iter().filter_map(Result::err)
    }
}

/// The table of values that always can be written as one.
fn table_of(value: &impl serde::Serialize) -> Table {
    Table::try_from(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;
