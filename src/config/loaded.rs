//! Settings with the places where they were set.

use std::path::Path;

use assets_pipeline::plan::tiers::TierTable;
use serde::Deserialize as _;
use toml::{Table, Value};

use crate::domain::input::plain;

use super::{
    Config, DEFAULT_FILE, Flags,
    advice::advice,
    problem::{ConfigError, Origin, Problem},
    schema::Schema,
    sections,
    setting::Kind,
    source::Sources,
    table_of,
};

/// Settings that can be used, and where each was set.
#[derive(Debug)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    sources: Sources,
}

/// One setting as it applies.
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    /// The section; empty for settings that stand before all sections.
    pub section: String,
    /// The key inside its section.
    pub name: &'static str,
    /// The value, without secrets; nothing if it is not set and has no default.
    pub value: Option<Value>,
    /// Where it was set; nowhere if the default applies.
    pub origin: Option<Origin>,
}

/// What stands in the place of a secret.
const SECRET: &str = "(secret)";

impl Loaded {
    /// Reads all sources. `variables` are those of the environment.
    pub fn read(
        flags: &Flags,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let schema = Schema::of(&sections());
        let mut sources = Sources::default();
        // One tier of the table may be set without the others.
        sources.add_defaults(table_of(&TierTable::default()));
        if flags.is_quiet {
            sources
                .add_defaults(Table::from_iter([("log".to_owned(), toml::toml! { level = "warn" }.into())]));
        }
        match &flags.config {
            Some(path) => sources.add_file(path, true)?,
            None => sources.add_file(Path::new(DEFAULT_FILE), false)?,
        }
        let unknown = sources.add_variables(&schema, variables);
        let data = flags.data.as_ref().map(|data| data.to_string_lossy().into_owned());
        let of_flags = [
            ("data", "--data", data.as_ref()),
            ("server.listen", "--listen", flags.listen.as_ref()),
            ("log.level", "--log", flags.log.as_ref()),
        ];
        for (key, flag, value) in of_flags {
            if let Some(value) = value {
                sources.set(key, Value::String(value.clone()), Origin::Flag(flag));
            }
        }
        let problems = schema.problems(&sources.values);
        if !problems.is_empty() {
            return Err(ConfigError::Problems(placed(&sources, problems)));
        }
        let refused = |problems| ConfigError::Problems(placed(&sources, problems));
        let config = Config::deserialize(sources.values.clone())
            .map_err(|error| refused(vec![Problem::of("settings", &plain(error.message()))]))?;
        let config = Config { policy: config.policy.clone().over(&config.tier_table()), ..config };
        let problems: Vec<_> = config.problems().collect();
        if !problems.is_empty() {
            return Err(refused(problems));
        }
        let targets = config.purge.targets.iter();
        let of_targets = targets.filter_map(|target| target.token_env.as_deref());
        let channels = config.alerts.channels.iter();
        let of_channels =
            channels.flat_map(|channel| [channel.url_env.as_deref(), channel.token_env.as_deref()]);
        let tokens: Vec<&str> = of_targets.chain(of_channels.flatten()).collect();
        let problems: Vec<_> =
            unknown.iter().filter_map(|name| schema.problem_of_variable(name, &tokens)).collect();
        if problems.is_empty() { Ok(Self { config, sources }) } else { Err(ConfigError::Problems(problems)) }
    }

    /// Every setting as it applies, in the order of the reference. Secrets are not shown.
    pub fn effective(&self) -> Vec<Effective> {
        let mut all = Vec::new();
        for section in sections() {
            for setting in section.settings {
                let key = setting.key(&section.name);
                let set = self.value(&key);
                let origin = set.and_then(|_| self.sources.own_origin(&key));
                let value = match (&setting.kind, set) {
                    (Kind::Secret, Some(_)) => Some(Value::String(SECRET.to_owned())),
                    (_, Some(set)) => Some(set.clone()),
                    (_, None) => setting.default,
                };
                all.push(Effective { section: section.name.clone(), name: setting.name, value, origin });
            }
        }
        all
    }

    /// What can be used and is unwise, each with the place where it was set.
    pub fn warnings(&self) -> Vec<Problem> {
        let mut found = advice(&self.config);
        found.extend(self.readable_secrets());
        placed(&self.sources, found)
    }

    /// Secrets in files that every user of the machine may read.
    fn readable_secrets(&self) -> Vec<Problem> {
        use std::os::unix::fs::PermissionsExt as _;

        let is_open =
            |path: &Path| path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0);
        let secrets = sections().into_iter().flat_map(|section| {
            let of_section = section.name.clone();
            let secrets = section.settings.into_iter().filter(|setting| setting.kind == Kind::Secret);
            secrets.map(move |setting| setting.key(&of_section))
        });
        let in_open_file = |key: &String| matches!(self.sources.own_origin(key), Some(Origin::File { path, .. }) if is_open(&path));
        let problem = |key: String| {
            Problem::of(
                &key,
                "stands in a file that every user of this machine may read: chmod o-r it, or set it in the environment",
            )
        };
        secrets.filter(in_open_file).map(problem).collect()
    }

    fn value(&self, key: &str) -> Option<&Value> {
        let (first, rest) = key.split_once('.').map_or((key, None), |(first, rest)| (first, Some(rest)));
        let mut value = self.sources.values.get(first)?;
        for part in rest.into_iter().flat_map(|rest| rest.split('.')) {
            value = value.get(part)?;
        }
        Some(value)
    }
}

/// The problems with their places, in the order of the file.
fn placed(sources: &Sources, problems: Vec<Problem>) -> Vec<Problem> {
    let place = |problem: Problem| Problem { at: sources.origin(&problem.key), ..problem };
    let mut problems: Vec<_> = problems.into_iter().map(place).collect();
    problems.sort_by_key(|problem| problem.at.as_ref().map(Origin::line));
    problems
}
