//! `[log]`

use serde::{Deserialize, Serialize};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use super::{
    problem::{Problem, check},
    setting::{Kind, section, whole, word},
};

section! {
    /// Log lines on stderr.
    #[derive(Eq)]
    "log" LogConfig {
        /// `text` for people, or `json` with one object a line.
        format: LogFormat = LogFormat::Text, word(&["text", "json"]);
        /// The lowest level that is logged, or directives as `girasol=debug,warn`. Without it `serve` and `work` log from
        /// `info` and all other commands from `warn`. `--log` and `GIRASOL_LOG` override it.
        level: String = "info".to_owned(), Kind::Text;
        /// Of the requests for frames and packs that are answered from memory, one in so many is logged. 1 logs all of them, 0
        /// none. Every other request is logged. The metrics count all of them.
        from_memory_one_in: u32 = 100, whole(0, 1_000_000);
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl LogConfig {
    pub(super) fn validate(&self) -> Result<(), Problem> {
        let level = &self.level;
        // The parser takes any other word for a module, which would leave the log empty.
        let says_a_level = |part: &str| {
            let part = part.trim();
            part.contains('=') || !part.is_empty() && part.parse::<LevelFilter>().is_ok()
        };
        check(
            level.split(',').all(says_a_level) && EnvFilter::builder().parse(level).is_ok(),
            "log.level",
            "must be error, warn, info, debug, trace or off, or directives, as girasol=debug,warn",
        )
    }
}
