//! What every command that encodes takes: the settings that shape renditions.

use assets_pipeline::{encode::Effort, ground::Ground, settings::Settings};
use clap::Args;

use crate::config::Config;

/// Angles, direction, ground and effort.
#[derive(Debug, Args)]
pub(super) struct SettingsArgs {
    /// Angle that stands for the piece, in degrees; snapped to one that all tiers have.
    #[arg(long, value_name = "DEGREES", default_value_t = 0.0, allow_negative_numbers = true, value_parser = parse_degrees)]
    hero: f64,
    /// Angle that the first frame shows, in degrees.
    #[arg(long, value_name = "DEGREES", default_value_t = 0.0, allow_negative_numbers = true, value_parser = parse_degrees)]
    start: f64,
    /// The piece turns clockwise seen from above.
    #[arg(long)]
    clockwise: bool,
    /// What to lay the frames on, or `transparent` to keep their transparency [default: white for
    /// transparent frames, their own ground for opaque ones].
    #[arg(long, value_name = "#RRGGBB|transparent")]
    ground: Option<Ground>,
    /// Take a photograph's noise out before encoding.
    #[arg(long)]
    denoise: bool,
    /// How long encoders may take: default, or max for several times as long and a better spin.
    #[arg(long, value_name = "default|max")]
    effort: Option<Effort>,
}

impl SettingsArgs {
    /// The settings, where they are given before those of the config.
    pub(super) fn over(self, config: &Config) -> Settings {
        Settings {
            hero_degrees: self.hero,
            start_degrees: self.start,
            clockwise: self.clockwise,
            ground: self.ground,
            denoise: self.denoise,
            effort: self.effort.unwrap_or(config.encode.effort),
            ..config.settings()
        }
    }
}

fn parse_degrees(text: &str) -> Result<f64, String> {
    let degrees: f64 = text.parse().map_err(|_wrong| "write an angle in degrees, as 30")?;
    if (-360.0..=360.0).contains(&degrees) { Ok(degrees) } else { Err("must be from -360 to 360".to_owned()) }
}
