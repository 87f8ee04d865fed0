//! `girasol check-config`.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Map, json};

use crate::config::{ConfigError, Effective, Flags, Loaded, Problem};

use super::{print_message, print_result};

/// Arguments of `girasol check-config`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol check-config
  girasol check-config --config /etc/girasol/girasol.toml --json")]
pub(super) struct CheckConfigArgs {
    /// Print one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

/// Reads the settings as a server would, and prints them as they apply; on stderr, what is unwise in them.
pub(super) fn run(
    flags: &Flags,
    variables: impl IntoIterator<Item = (String, String)>,
    args: &CheckConfigArgs,
) -> Result<(), ConfigError> {
    let loaded = Loaded::read(flags, variables)?;
    let (settings, warnings) = (loaded.effective(), loaded.warnings());
    if args.json {
        print_result(&as_json(&settings, &warnings));
        return Ok(());
    }
    print_result(as_text(&settings).trim_end());
    for warning in &warnings {
        print_message(&format!("warning: {warning}."));
    }
    print_message(match warnings.len() {
        0 => "The settings can be used.",
        _ => "The settings can be used; look at the warnings.",
    });
    Ok(())
}

/// As a file of settings, each with its origin.
fn as_text(settings: &[Effective]) -> String {
    let (mut text, mut section) = (String::new(), "");
    for Effective { section: of, name, value, origin } in settings {
        if of != section {
            let _ = writeln!(text, "\n[{of}]");
            section = of;
        }
        let origin = origin.as_ref().map_or_else(String::new, |origin| format!(" # {origin}"));
        let _ = match value {
            Some(value) => writeln!(text, "{name} = {value}{origin}"),
            None => writeln!(text, "# {name} is not set"),
        };
    }
    text
}

fn as_json(settings: &[Effective], warnings: &[Problem]) -> String {
    let setting = |setting: &Effective| {
        let Effective { section, name, value, origin } = setting;
        let key = if section.is_empty() { (*name).to_owned() } else { format!("{section}.{name}") };
        let origin = origin.as_ref().map(ToString::to_string);
        (key, json!({ "value": value, "origin": origin }))
    };
    let settings: Map<_, _> = settings.iter().map(setting).collect();
    let warning = |warning: &Problem| {
        let Problem { at, key, text } = warning;
        json!({ "key": key, "problem": text, "origin": at.as_ref().map(ToString::to_string) })
    };
    let warnings: Vec<_> = warnings.iter().map(warning).collect();
    json!({ "settings": settings, "warnings": warnings }).to_string()
}
