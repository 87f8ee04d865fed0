//! Settings: defaults, then `girasol.toml`, then `GIRASOL_SECTION__KEY`, then flags.

use std::{
    collections::{BTreeMap, HashMap},
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use assets_pipeline::{
    encode::{Effort, Engine},
    settings::Settings,
    tiers::{BadTable, Family, FamilySpec, Format, TierKey, TierSpec, TierTable},
};
use config::{Environment, File, FileFormat};
use serde::Deserialize;
use tracing_subscriber::EnvFilter;

use crate::domain::{
    delivery::DeliverySettings,
    frameset::UploadLimits,
    policy::{BadPolicy, Policy},
    purge_targets::{BadTarget, PurgeSettings},
    retention::Retention,
    storage::{StoreKind, StoreSettings},
};

/// The file that is read where no other is named, if it is there.
pub const DEFAULT_FILE: &str = "girasol.toml";

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The folder of the database and the objects.
    #[serde(default = "default_data")]
    pub data: PathBuf,
    /// The HTTP server.
    #[serde(default)]
    pub server: ServerConfig,
    /// Where objects are kept.
    #[serde(default)]
    pub store: StoreSettings,
    /// Where visitors have frames and packs from.
    #[serde(default)]
    pub delivery: DeliverySettings,
    /// Memory in front of database and store.
    #[serde(default)]
    pub cache: CacheConfig,
    /// What artists may send.
    #[serde(default)]
    pub uploads: UploadLimits,
    /// Encoding what artists have sent.
    #[serde(default)]
    pub jobs: JobsConfig,
    /// How long versions are kept that visitors do not see.
    #[serde(default)]
    pub versions: VersionsConfig,
    /// What viewers measure.
    #[serde(default)]
    pub vitals: VitalsConfig,
    /// Caches outside that are told what changed.
    #[serde(default)]
    pub purge: PurgeSettings,
    /// What is written to stderr.
    #[serde(default)]
    pub log: LogConfig,
    /// Who is given which tier.
    #[serde(default)]
    pub policy: Policy,
    /// How frames are encoded.
    #[serde(default)]
    pub encode: EncodeConfig,
    tiers: BTreeMap<TierKey, TierSpec>,
    sizes: BTreeMap<Family, FamilySpec>,
    formats: Vec<Format>,
}

/// `[server]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// Address and port; port 0 takes a free one.
    pub listen: String,
    /// Threads that answer requests; as many as there are cores where it is left out.
    pub workers: Option<NonZeroUsize>,
    /// How long requests under way may take when the server is told to stop.
    pub shutdown_seconds: u64,
    /// How long a client may take to send the headers of a request.
    pub header_seconds: u64,
    /// How long an idle connection is kept.
    pub keep_alive_seconds: u64,
    /// Connections that each worker holds at once.
    pub max_connections: usize,
}

/// `[cache]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CacheConfig {
    /// For frames, packs and stills.
    pub objects_max_bytes: u64,
    /// For manifests, products and compressed answers.
    pub answers_max_bytes: u64,
    /// How many spins, the most popular ones, are loaded when a server starts; and whether one that goes live is.
    pub warm: u32,
}

/// `[encode]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EncodeConfig {
    /// Who encodes AVIF.
    pub engine: Engine,
    /// How long encoders may take, where the command line does not say.
    pub effort: Effort,
}

/// `[jobs]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JobsConfig {
    /// Whether servers encode too, or leave it to `girasol work`.
    pub in_server: bool,
    /// After how long a worker that gives no sign is taken for dead.
    pub lease_seconds: u32,
}

/// `[vitals]`
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VitalsConfig {
    /// Which share of what viewers measure is kept, from 0 to 1.
    pub share: f64,
    /// For how long.
    pub keep_days: u32,
    /// And how many looks at most.
    pub keep: u32,
}

impl Default for VitalsConfig {
    fn default() -> Self {
        Self { share: 1.0, keep_days: 30, keep: 1_000_000 }
    }
}

/// `[versions]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VersionsConfig {
    /// Versions of each configuration that are always kept, besides the live one: its newest.
    pub keep: u32,
    /// How long others are kept, after they were made or live last.
    pub keep_days: u32,
    /// How long objects outlive the last version that needed them. A cached manifest names them for an hour, and for
    /// a day more where the origin is down.
    pub grace_hours: u32,
}

impl VersionsConfig {
    /// In the units that the database has.
    pub fn retention(&self) -> Retention {
        let (keep_ms, grace_ms) =
            (i64::from(self.keep_days) * 86_400_000, i64::from(self.grace_hours) * 3_600_000);
        Retention { keep: self.keep, keep_ms, grace_ms }
    }
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// How lines are written.
    pub format: LogFormat,
    /// The lowest level, or directives as `girasol=debug,warn`.
    pub level: String,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8360".to_owned(),
            workers: None,
            shutdown_seconds: 30,
            header_seconds: 10,
            keep_alive_seconds: 75,
            max_connections: 10_000,
        }
    }
}

impl Default for VersionsConfig {
    fn default() -> Self {
        Self { keep: 10, keep_days: 90, grace_hours: 26 }
    }
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self { objects_max_bytes: 256 << 20, answers_max_bytes: 32 << 20, warm: 24 }
    }
}

impl Default for JobsConfig {
    fn default() -> Self {
        Self { in_server: true, lease_seconds: 15 }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
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
}

/// Settings that cannot be used. Each message names the key.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file or a variable cannot be read, has an unknown key or a value of the wrong kind.
    #[error("{}", plain(.0))]
    Unreadable(config::ConfigError),
    /// A value is out of range.
    #[error("{key} {problem}")]
    Value {
        /// As in the file: `server.listen`.
        key: &'static str,
        /// The end of a sentence.
        problem: &'static str,
    },
    /// The tier table does not hold together.
    #[error(transparent)]
    Tiers(#[from] BadTable),
    /// A cache that is to be purged cannot be.
    #[error(transparent)]
    Target(#[from] BadTarget),
    /// The negotiation policy does not hold together.
    #[error(transparent)]
    Policy(#[from] BadPolicy),
}

impl Config {
    /// Reads all sources. `variables` are those of the environment.
    pub fn load(
        flags: &Flags,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let read = || {
            let file = match &flags.config {
                Some(path) => file(path).required(true),
                None => file(Path::new(DEFAULT_FILE)).required(false),
            };
            let mut builder = config::Config::builder()
                // One tier of the table may be set without the others.
                .add_source(config::Config::try_from(&TierTable::default())?)
                .add_source(file)
                .add_source(environment(variables));
            if let Some(data) = &flags.data {
                builder = builder.set_override("data", data.to_string_lossy().into_owned())?;
            }
            if let Some(listen) = &flags.listen {
                builder = builder.set_override("server.listen", listen.clone())?;
            }
            builder.build()?.try_deserialize::<Self>()
        };
        let mut config = read().map_err(ConfigError::Unreadable)?;
        let tiers = config.tier_table();
        config.policy = config.policy.over(&tiers);
        config.validate()?;
        Ok(config)
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

    fn validate(&self) -> Result<(), ConfigError> {
        let check =
            |holds: bool, key, problem| if holds { Ok(()) } else { Err(ConfigError::Value { key, problem }) };
        let port = self
            .server
            .listen
            .rsplit_once(':')
            .and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
        check(
            port.is_some_and(|(host, _)| !host.is_empty()),
            "server.listen",
            "must be an address and a port, as 127.0.0.1:8360",
        )?;
        check(
            self.server.workers.is_none_or(|count| count.get() <= 512),
            "server.workers",
            "must be from 1 to 512",
        )?;
        check(self.server.shutdown_seconds <= 3600, "server.shutdown_seconds", "must be at most 3600")?;
        check(
            (1..=300).contains(&self.server.header_seconds),
            "server.header_seconds",
            "must be from 1 to 300",
        )?;
        check(
            (1..=3600).contains(&self.server.keep_alive_seconds),
            "server.keep_alive_seconds",
            "must be from 1 to 3600",
        )?;
        check(self.server.max_connections > 0, "server.max_connections", "must be above 0")?;
        check(self.uploads.frame_max_bytes > 0, "uploads.frame_max_bytes", "must be above 0")?;
        check(self.uploads.archive_max_bytes > 0, "uploads.archive_max_bytes", "must be above 0")?;
        check(self.uploads.set_max_files > 0, "uploads.set_max_files", "must be above 0")?;
        check((1..=3600).contains(&self.jobs.lease_seconds), "jobs.lease_seconds", "must be from 1 to 3600")?;
        check((0.0..=1.0).contains(&self.vitals.share), "vitals.share", "must be from 0 to 1")?;
        check(self.vitals.keep_days > 0, "vitals.keep_days", "must be above 0")?;
        check(self.uploads.expire_hours > 0, "uploads.expire_hours", "must be above 0")?;
        if let Some((key, problem)) = self.store.problem() {
            return Err(ConfigError::Value { key, problem });
        }
        self.purge.validate()?;
        if let Some((key, problem)) = self.delivery.problem(self.store.kind == StoreKind::S3) {
            return Err(ConfigError::Value { key, problem });
        }
        let level = &self.log.level;
        check(
            !level.trim().is_empty() && EnvFilter::builder().parse(level).is_ok(),
            "log.level",
            "must be a level or directives, as girasol=debug,warn",
        )?;
        self.tier_table().validate()?;
        self.policy.validate()?;
        Ok(())
    }
}

/// The library speaks of Rust's enums where a word is unknown.
fn plain(error: &config::ConfigError) -> String {
    let text = error.to_string();
    match text.split_once(" does not have variant constructor ") {
        Some((_, word_and_key)) => format!("unknown word {word_and_key}"),
        None => text,
    }
}

fn file(path: &Path) -> File<config::FileSourceFile, FileFormat> {
    File::from(path).format(FileFormat::Toml)
}

/// Only names with two underscores are settings. Others are flags (`GIRASOL_DATA`), or what
/// Kubernetes sets for a service of that name (`GIRASOL_PORT`).
fn environment(variables: impl IntoIterator<Item = (String, String)>) -> Environment {
    let settings: HashMap<String, String> = variables
        .into_iter()
        .filter(|(name, _)| name.strip_prefix("GIRASOL_").is_some_and(|rest| rest.contains("__")))
        .collect();
    Environment::with_prefix("GIRASOL")
        .prefix_separator("_")
        .separator("__")
        .try_parsing(true)
        .source(Some(settings))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(toml: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("girasol.toml");
        std::fs::write(&path, toml).unwrap();
        let flags = Flags { config: Some(path), ..Flags::default() };
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        // Where the temporary folder lies is not what the tests are about.
        let without_folder = |error: ConfigError| {
            let text = error.to_string();
            let words = text
                .split(' ')
                .map(|word| if word.ends_with("girasol.toml") { "girasol.toml" } else { word });
            words.collect::<Vec<_>>().join(" ")
        };
        Config::load(&flags, variables).map_err(without_folder)
    }

    #[test]
    fn without_any_source_there_are_defaults() {
        let config = Config::load(&Flags::default(), []).unwrap();
        assert_eq!(config.data, Path::new("data"));
        assert_eq!(config.server, ServerConfig::default());
        assert_eq!(config.tier_table(), TierTable::default());
        assert_eq!(config.policy, Policy::default());
    }

    #[test]
    fn later_sources_win() {
        let toml =
            "data = 'a'\n[server]\nlisten = '127.0.0.1:1'\nworkers = 2\n[cache]\nobjects_max_bytes = 1000\n";
        let config = load(
            toml,
            &[
                ("GIRASOL_SERVER__WORKERS", "3"),
                ("GIRASOL_LOG__FORMAT", "json"),
                ("GIRASOL_PORT", "tcp://1.2.3.4:5"),
            ],
        )
        .unwrap();
        assert_eq!(config.server.workers.map(NonZeroUsize::get), Some(3));
        assert_eq!(config.log.format, LogFormat::Json);
        assert_eq!((config.data.as_path(), config.cache.objects_max_bytes), (Path::new("a"), 1000));
        let flags = Flags { data: Some("b".into()), listen: Some("[::1]:0".to_owned()), config: None };
        let config =
            Config::load(&flags, [("GIRASOL_SERVER__LISTEN".to_owned(), "127.0.0.1:9".to_owned())]).unwrap();
        assert_eq!((config.data.as_path(), config.server.listen.as_str()), (Path::new("b"), "[::1]:0"));
    }

    #[test]
    fn one_tier_is_set_without_the_others_and_the_policy_follows() {
        let config = load("[tiers.standard]\nframes = 30\n", &[]).unwrap();
        assert_eq!(
            config.tier_table().tiers[&TierKey::Standard],
            TierSpec { frames: 30, max_bytes: 150_000 }
        );
        assert_eq!(config.policy.frames[&TierKey::Standard], 30);
        assert_eq!(config.policy.frames[&TierKey::Hd], 60);
    }

    #[test]
    fn a_policy_is_read_from_a_file() {
        let toml = "[policy]\nunasked = 'preview'\n[[policy.network]]\nname = 'any'\nceiling = 'hd'\n";
        let policy = load(toml, &[]).unwrap().policy;
        assert_eq!((policy.unasked, policy.network.len()), (TierKey::Preview, 1));
        assert_eq!(policy.device, Policy::default().device);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |toml: &str, variables: &[(&str, &str)]| load(toml, variables).unwrap_err();
        expect_test::expect![[r#"
            unknown field `workrs`, expected one of `listen`, `workers`, `shutdown_seconds`, `header_seconds`, `keep_alive_seconds`, `max_connections` for key `server`
            invalid type: string "two", expected an integer for key `server.workers` in girasol.toml
            invalid value: integer `0`, expected a nonzero usize for key `server.workers`
            unknown field `srv`, expected one of `data`, `server`, `store`, `delivery`, `cache`, `uploads`, `jobs`, `versions`, `vitals`, `purge`, `log`, `policy`, `encode`, `tiers`, `sizes`, `formats`
            invalid type: integer `3`, expected struct ServerConfig for key `server`
            TOML parse error at line 1, column 8
              |
            1 | [server
              |        ^
            unclosed table, expected `]`
             in girasol.toml
            server.listen must be an address and a port, as 127.0.0.1:8360
            unknown word ultra for key `tiers`
            tiers.still.frames must be from 1 to 1
            unknown word jpeg for key `formats[0]`
            unknown field `frames`, expected one of `unasked`, `network`, `device` for key `policy`
            unknown field `rtt_ms`, expected one of `name`, `ect_to`, `rtt_ms_from`, `downlink_mbps_under`, `save_data`, `ceiling` for key `policy.network[0]`
            policy.network must end with a rule without evidence
            unknown field `workrs`, expected one of `listen`, `workers`, `shutdown_seconds`, `header_seconds`, `keep_alive_seconds`, `max_connections` for key `server`
            invalid type: string "many", expected an integer for key `server.workers` in the environment
            unknown word xml for key `log.format`
            unknown word svt for key `encode.engine`
            log.level must be a level or directives, as girasol=debug,warn
            log.level must be a level or directives, as girasol=debug,warn
            vitals.share must be from 0 to 1"#]].assert_eq(
            &[
                error("[server]\nworkrs = 2", &[]),
                error("[server]\nworkers = 'two'", &[]),
                error("[server]\nworkers = 0", &[]),
                error("[srv]\nworkers = 2", &[]),
                error("server = 3", &[]),
                error("[server\n", &[]),
                error("[server]\nlisten = 'localhost'", &[]),
                error("[tiers.ultra]\nframes = 3\n", &[]),
                error("[tiers.still]\nframes = 3\n", &[]),
                error("formats = ['jpeg']", &[]),
                error("[policy.frames]\nhd = 3\n", &[]),
                error("[[policy.network]]\nname = 'any'\nrtt_ms = 3\nceiling = 'hd'\n", &[]),
                error("[[policy.network]]\nname = 'slow'\nrtt_ms_from = 3\nceiling = 'hd'\n", &[]),
                error("", &[("GIRASOL_SERVER__WORKRS", "2")]),
                error("", &[("GIRASOL_SERVER__WORKERS", "many")]),
                error("", &[("GIRASOL_LOG__FORMAT", "xml")]),
                error("[encode]\nengine = 'svt'", &[]),
                error("", &[("GIRASOL_LOG__LEVEL", "===")]),
                error("[log]\nlevel = ''", &[]),
                error("[vitals]\nshare = 1.5", &[]),
            ]
            .join("\n"),
        );
    }

    #[test]
    fn what_is_wrong_with_the_store_is_named() {
        let error = |lines: &str| load(&format!("[store]\n{lines}"), &[]).unwrap_err();
        let of_s3 = |line: &str| error(&format!("kind = 's3'\nbucket = 'spins'\n{line}"));
        expect_test::expect![[r#"
            unknown word ftp for key `store.kind`
            store.bucket is for store.kind = "s3"
            store.bucket must be a bucket: 3 to 63 lower-case letters, digits, dots and hyphens
            store.bucket must be a bucket: 3 to 63 lower-case letters, digits, dots and hyphens
            store.bucket must be a bucket: 3 to 63 lower-case letters, digits, dots and hyphens
            unknown field `secret_key`, expected one of `kind`, `bucket`, `prefix`, `region`, `endpoint`, `path_style`, `checksums`, `connect_timeout_ms`, `attempt_timeout_ms`, `attempts`, `disk_cache_max_bytes`, `upload_prefix`, `upload_role` for key `store`
            store.prefix must be words of letters, digits, dots, hyphens and underscores with slashes between
            store.prefix must be words of letters, digits, dots, hyphens and underscores with slashes between
            store.region must be the name of a region, as eu-central-1
            store.endpoint must be an address without credentials, as https://s3.example
            store.endpoint must be an address without credentials, as https://s3.example
            unknown word always for key `store.checksums`
            store.connect_timeout_ms must be from 1 to 60000
            store.attempt_timeout_ms must be from 1 to 600000
            store.attempts must be from 1 to 10
            store.upload_prefix must be words of letters, digits, dots, hyphens and underscores with slashes between
            store.upload_prefix must lie apart from the objects
            store.upload_prefix must lie apart from the objects
            store.upload_role must be a role, as arn:aws:iam::123456789012:role/frames, and is for store.kind = "s3"
            store.upload_role must be a role, as arn:aws:iam::123456789012:role/frames, and is for store.kind = "s3""#]].assert_eq(
            &[
                error("kind = 'ftp'"),
                error("bucket = 'spins'"),
                error("kind = 's3'"),
                error("kind = 's3'\nbucket = 'S'"),
                error("kind = 's3'\nbucket = 'spins-'"),
                error("secret_key = 'x'"),
                of_s3("prefix = '/spins'"),
                of_s3("prefix = 'a/../b'"),
                of_s3("region = ''"),
                of_s3("endpoint = 's3.example'"),
                of_s3("endpoint = 'https://key:secret@s3.example'"),
                of_s3("checksums = 'always'"),
                of_s3("connect_timeout_ms = 0"),
                of_s3("attempt_timeout_ms = 600001"),
                of_s3("attempts = 0"),
                of_s3("upload_prefix = ''"),
                of_s3("upload_prefix = 's/frames'"),
                of_s3("prefix = 'live'\nupload_prefix = 'live/p'"),
                of_s3("upload_role = 'frames'"),
                error("upload_role = 'arn:aws:iam::123456789012:role/frames'"),
            ]
            .join("\n"),
        );
        let good = load(
            "[store]\nkind = 's3'\nprefix = 'live/spins/'\nendpoint = 'http://[::1]:9000'\nchecksums = 'when-required'\n",
            &[("GIRASOL_STORE__BUCKET", "spins"), ("GIRASOL_STORE__DISK_CACHE_MAX_BYTES", "0")],
        );
        let store = good.unwrap().store;
        assert_eq!((store.bucket.as_str(), store.disk_cache_max_bytes), ("spins", 0));
    }

    #[test]
    fn what_is_wrong_with_a_cache_is_named() {
        let error = |lines: &str| load(&format!("[[purge.targets]]\n{lines}"), &[]).unwrap_err();
        let named = |lines: &str| error(&format!("name = 'edge'\n{lines}"));
        expect_test::expect![[r#"
            missing configuration field "purge.targets[0]kind"
            unknown word squid for key `purge.targets[0]kind`
            unknown field `token`, expected one of `name`, `kind`, `endpoints`, `service_id`, `zone_id`, `distribution_id`, `tags`, `network`, `section`, `api`, `token_env`, `token_file` for key `purge.targets[0]`
            purge.targets "my edge": name must be letters, digits, dots, hyphens and underscores, at most 64
            purge.targets "edge": varnish needs endpoints
            purge.targets "edge": an address must be as https://cdn.example, without credentials
            purge.targets "edge": an address must be as https://cdn.example, without credentials
            purge.targets "edge": zone_id is nothing for varnish
            purge.targets "edge": an address must be as https://cdn.example, without credentials
            purge.targets "edge": fastly needs token_env or token_file
            purge.targets "edge": cloudflare needs zone_id
            purge.targets "edge": an id must be letters, digits, dots, hyphens and underscores, at most 64
            purge.targets "edge": token_env or token_file is nothing for cloudfront
            unknown word test for key `purge.targets[0]network`
            purge.targets "edge": give token_env or token_file, not both
            purge.targets "edge": a webhook has one endpoint
            purge.targets "edge": another target has this name
            unknown word gentle for key `purge.publish`"#]].assert_eq(
            &[
                named(""),
                named("kind = 'squid'"),
                named("kind = 'fastly'\ntoken = 'secret'"),
                error("name = 'my edge'\nkind = 'varnish'"),
                named("kind = 'varnish'"),
                named("kind = 'varnish'\nendpoints = ['edge:80']"),
                named("kind = 'varnish'\nendpoints = ['http://me:secret@edge']"),
                named("kind = 'varnish'\nendpoints = ['http://edge']\nzone_id = '1'"),
                named("kind = 'nginx'\nendpoints = ['http://edge/?purge']"),
                named("kind = 'fastly'\nservice_id = 'S1'"),
                named("kind = 'cloudflare'\ntoken_env = 'TOKEN'"),
                named("kind = 'cloudflare'\nzone_id = 'a/b'\ntoken_env = 'TOKEN'"),
                named("kind = 'cloudfront'\ndistribution_id = 'E1'\ntoken_env = 'TOKEN'"),
                named("kind = 'akamai'\ntoken_file = '.edgerc'\nnetwork = 'test'"),
                named("kind = 'akamai'\ntoken_file = '.edgerc'\ntoken_env = 'EDGERC'"),
                named("kind = 'webhook'\nendpoints = ['http://a', 'http://b']"),
                named("kind = 'webhook'\nendpoints = ['http://a']\n[[purge.targets]]\nname = 'edge'\nkind = 'webhook'"),
                load("[purge]\npublish = 'gentle'", &[]).unwrap_err(),
            ]
            .join("\n"),
        );
        let good = "[purge]\npublish = 'soft'\n[[purge.targets]]\nname = 'edge'\nkind = 'varnish'\n\
                    endpoints = ['http://10.0.0.7', 'http://[::1]:6081']\n[[purge.targets]]\nname = 'world'\n\
                    kind = 'cloudfront'\ndistribution_id = 'E1'\ntags = true\n";
        assert_eq!(load(good, &[]).unwrap().purge.targets.len(), 2);
    }

    #[test]
    fn what_is_wrong_with_delivery_is_named() {
        let error = |lines: &str| load(&format!("[delivery]\n{lines}"), &[]).unwrap_err();
        expect_test::expect![[r#"
            unknown word cdn for key `delivery.objects`
            delivery.objects_base goes with delivery.objects = "redirect", which needs it
            delivery.objects_base goes with delivery.objects = "redirect", which needs it
            delivery.objects_base must be an address of letters, digits and - . _ : / alone, as https://cdn.example/spins/
            delivery.objects can be "presign" where store.kind is "s3"
            delivery.presigned_minutes must be from 1 to 1440"#]]
        .assert_eq(
            &[
                error("objects = 'cdn'"),
                error("objects = 'redirect'"),
                error("objects_base = 'https://cdn.example/'"),
                error("objects = 'redirect'\nobjects_base = 'https://cdn.example/{set}'"),
                error("objects = 'presign'"),
                error("presigned_minutes = 0"),
            ]
            .join("\n"),
        );
    }

    #[test]
    fn a_file_that_was_named_must_exist() {
        let flags = Flags { config: Some("/nowhere/girasol.toml".into()), ..Flags::default() };
        assert!(Config::load(&flags, []).is_err());
    }
}
