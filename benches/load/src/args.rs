//! The command line of `make load`.

use std::time::Duration;

use crate::scenarios::{SCENARIOS, Scenario};

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Args {
    /// The scenarios to run, in order.
    pub(crate) scenarios: Vec<&'static Scenario>,
    /// How long each of them takes, where its own time is not meant.
    pub(crate) time: Option<Duration>,
    /// Visits a second, where a scenario's own rate is not meant.
    pub(crate) rate: Option<f64>,
    /// Whether the run becomes the one that later runs are compared with.
    pub(crate) record: bool,
}

const USAGE: &str = "\
make load ARGS=\"[SCENARIO ...] [--seconds N] [--rate N] [--record]\"

Without a scenario all run but the soak. --seconds and --rate replace a scenario's own time and visits a second.
--record keeps the ratios of this run in benches/load/recorded.json: later runs are held against them.

";

impl Args {
    /// Reads the command line; `Err` is what to print instead of a run.
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut args = Self { scenarios: Vec::new(), time: None, rate: None, record: false };
        while let Some(argument) = arguments.next() {
            let mut number = || -> Result<f64, String> {
                let text = arguments.next().unwrap_or_default();
                let number = text.parse().ok().filter(|number: &f64| *number > 0.0 && number.is_finite());
                number.ok_or_else(|| format!("{argument} takes a number above 0, not {text:?}."))
            };
            match argument.as_str() {
                "--seconds" => args.time = Some(Duration::from_secs_f64(number()?)),
                "--rate" => args.rate = Some(number()?),
                "--record" => args.record = true,
                "--help" | "--list" => return Err(usage()),
                name => match SCENARIOS.iter().find(|scenario| scenario.name == name) {
                    Some(scenario) => args.scenarios.push(scenario),
                    None => return Err(format!("There is no scenario {name:?}.\n\n{}", usage())),
                },
            }
        }
        if args.scenarios.is_empty() {
            args.scenarios = SCENARIOS.iter().filter(|scenario| !scenario.only_by_name).collect();
        }
        Ok(args)
    }
}

fn usage() -> String {
    let lines = SCENARIOS.iter().map(|scenario| format!("  {:<10} {}\n", scenario.name, scenario.what));
    USAGE.to_owned() + &lines.collect::<String>()
}
