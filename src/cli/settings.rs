//! Options of every command that encodes: the settings that shape renditions.

use assets_pipeline::{encode::Effort, prepare::ground::Ground, settings::Settings};
use clap::Args;

use crate::{config::Config, domain::frameset::TurnSettings};

use super::words::one_of;

/// Angles, direction, ground and effort.
#[derive(Debug, Args)]
#[command(next_help_heading = "Encoding")]
pub(super) struct SettingsArgs {
    /// Angle that represents the piece, in degrees; snapped to one that all tiers have.
    #[arg(long, value_name = "DEGREES", default_value_t = 0.0, allow_negative_numbers = true, value_parser = parse_degrees)]
    hero: f64,
    /// Angle that the first frame shows, in degrees.
    #[arg(long, value_name = "DEGREES", default_value_t = 0.0, allow_negative_numbers = true, value_parser = parse_degrees)]
    start: f64,
    /// The piece turns clockwise, seen from above.
    #[arg(long)]
    clockwise: bool,
    /// Colour behind the frames, or `transparent` to keep their transparency [default: white for
    /// transparent frames, their own ground for opaque ones].
    #[arg(long, value_name = "#RRGGBB|transparent")]
    ground: Option<Ground>,
    /// Remove the noise of photographs before encoding.
    #[arg(long)]
    denoise: bool,
    /// Time that encoders may take: max takes several times as long, for a better spin [default: encode.effort].
    #[arg(long, value_name = "EFFORT", value_parser = one_of::<Effort>(Effort::ALL.iter().map(|effort| effort.as_str())))]
    effort: Option<Effort>,
}

impl SettingsArgs {
    /// The settings: an option given on the command line wins over the configuration.
    pub(super) fn over(self, config: &Config) -> Settings {
        let Self { hero, start, clockwise, ground, denoise, effort } = self;
        TurnSettings { hero, start, clockwise, ground, denoise, effort }.over(&config.settings())
    }
}

fn parse_degrees(text: &str) -> Result<f64, String> {
    let degrees: f64 = text.parse().map_err(|_wrong| "write an angle in degrees, as 30")?;
    if (-360.0..=360.0).contains(&degrees) { Ok(degrees) } else { Err("must be from -360 to 360".to_owned()) }
}
