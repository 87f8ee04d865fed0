//! Structured logs on stderr.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{LogConfig, LogFormat};

/// actix logs an error for each malformed request, and nobody has to act on those. What is configured
/// comes after it, and wins where it names actix too.
const QUIET: &str = "actix_http=off";

/// Starts logging as configured. Where a subscriber is set already it stays.
pub fn start(config: &LogConfig) {
    let lines = fmt().with_writer(io::stderr).with_env_filter(filter(&config.level));
    // An error means that logging has started already.
    let _ = match config.format {
        LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
}

fn filter(level: &str) -> EnvFilter {
    EnvFilter::builder().parse_lossy(format!("{QUIET},{level}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actix_is_silent_unless_it_is_asked_for() {
        let check = |level: &str, expected: &str| assert_eq!(filter(level).to_string(), expected);
        check("info", "actix_http=off,info");
        check("trace", "actix_http=off,trace");
        check("girasol=debug,warn", "actix_http=off,girasol=debug,warn");
        check("info,actix_http=debug", "actix_http=debug,info");
    }
}
