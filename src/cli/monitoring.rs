//! `girasol monitoring`.

mod dashboard;

use clap::{Args, Subcommand};

use crate::{
    config::Config,
    domain::alerts::{rules, rules_file},
};

use super::print_result;

/// Arguments of `girasol monitoring`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol monitoring rules > rules.yaml
  girasol monitoring dashboard > dashboard.json")]
pub(super) struct MonitoringArgs {
    #[command(subcommand)]
    what: Monitoring,
}

#[derive(Debug, Subcommand)]
enum Monitoring {
    /// The rules of alerts for Prometheus.
    #[command(after_help = "Example:
  girasol monitoring rules > rules.yaml")]
    Rules,
    /// The dashboard for Grafana.
    #[command(after_help = "Example:
  girasol monitoring dashboard > dashboard.json")]
    Dashboard,
}

/// Prints what Prometheus or Grafana reads, by the settings. No database is needed.
pub(super) fn run(config: &Config, args: &MonitoringArgs) {
    let targets = config.objectives.targets();
    let text = match args.what {
        Monitoring::Rules => rules_file(&rules(&config.alerts.overrides(), false), &targets),
        Monitoring::Dashboard => dashboard::of(&targets),
    };
    print_result(text.trim_end());
}
