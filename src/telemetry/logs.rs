//! Structured logs on stderr.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{LogConfig, LogFormat};

/// actix logs an error for each malformed request, which needs no action. The configured directives come after these and
/// win if they name the same target. The S3 client logs whole requests at its lowest levels, signatures included.
const QUIET: &str = "actix_http=off,aws_config=info,aws_runtime=info,aws_sigv4=info,aws_smithy_runtime=info";

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
        let check = |level: &str, expected: &str| {
            let filter = filter(level).to_string();
            let lines: Vec<&str> = filter.split(',').filter(|line| !line.starts_with("aws_")).collect();
            assert_eq!(lines.join(","), expected);
        };
        check("info", "actix_http=off,info");
        check("trace", "actix_http=off,trace");
        check("girasol=debug,warn", "actix_http=off,girasol=debug,warn");
        check("info,actix_http=debug", "actix_http=debug,info");
    }

    #[test]
    fn what_signs_requests_to_s3_is_not_logged_at_any_level() {
        let filter = filter("trace").to_string();
        for target in ["aws_config", "aws_runtime", "aws_sigv4", "aws_smithy_runtime"] {
            assert!(filter.contains(&format!("{target}=info")), "{filter}");
        }
    }
}
