//! Settings that cannot be used, each with the place where it was set.

use std::{fmt, io, path::PathBuf};

use assets_pipeline::plan::tiers::BadTable;

use crate::domain::policy::BadPolicy;

/// Settings that cannot be used. Each message names the place, the key and what would do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{at}: {problem}")]
    Malformed {
        /// Where it stops to be TOML.
        at: Origin,
        /// What the parser expected.
        problem: String,
    },
    /// Settings are unknown, or have values that cannot be used.
    #[error("{}", lines(.0))]
    Problems(Vec<Problem>),
}

/// Where a setting was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In a file.
    File {
        /// Its path, as it was given.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// In the environment.
    Variable(String),
    /// On the command line.
    Flag(&'static str),
}

impl Origin {
    /// The line in a file; 0 elsewhere.
    pub(super) const fn line(&self) -> usize {
        match self {
            Self::File { line, .. } => *line,
            Self::Variable(_) | Self::Flag(_) => 0,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// One setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it was set; nowhere if a default does not fit what was set.
    pub at: Option<Origin>,
    /// Its key, as `server.listen` or `policy.network[1].ceiling`.
    pub key: String,
    /// The end of the sentence that begins with the key.
    pub text: String,
}

impl Problem {
    /// A problem whose origin is looked up later.
    pub(super) fn of(key: &str, text: &str) -> Self {
        Self { at: None, key: key.to_owned(), text: text.to_owned() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = &self.at {
            write!(f, "{at}: ")?;
        }
        write!(f, "{} {}", self.key, self.text)
    }
}

impl From<BadTable> for Problem {
    /// The message begins with the key.
    fn from(error: BadTable) -> Self {
        let text = error.to_string();
        let (key, problem) = text.split_once(' ').unwrap_or(("tiers", &text));
        Self::of(key, problem)
    }
}

impl From<BadPolicy> for Problem {
    fn from(BadPolicy { key, problem }: BadPolicy) -> Self {
        Self::of(&key, problem)
    }
}

/// Refuses a value for which the condition does not hold.
pub(super) fn check(holds: bool, key: &str, problem: &str) -> Result<(), Problem> {
    if holds { Ok(()) } else { Err(Problem::of(key, problem)) }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
