//! What an artist or the config file decides about an ingest.

use crate::{
    digest::Digest,
    encode::{Effort, Encoder, Engine, Material},
    plan::tiers::{Format, TierTable},
    prepare::ground::Ground,
};

/// Moves whenever the same input and settings would give other bytes than before.
const REVISION: u32 = 6;

/// Everything that shapes the renditions of a turn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// Counts, sizes and ceilings.
    pub table: TierTable,
    /// The angle that stands for the piece, in degrees; snapped to one that all tiers have.
    pub hero_degrees: f64,
    /// The angle that the first raw frame shows, in degrees.
    pub start_degrees: f64,
    /// Whether the raw turn goes clockwise seen from above.
    pub clockwise: bool,
    /// What frames are laid on: by default white for transparent ones, and what they show for opaque ones.
    pub ground: Option<Ground>,
    /// Whether a photograph's noise is taken out before encoding.
    pub denoise: bool,
    /// Who encodes AVIF.
    pub engine: Engine,
    /// How long encoders may take.
    pub effort: Effort,
}

impl Settings {
    /// Names the settings and the encoders: with the same name, the same frames give the same bytes.
    pub fn digest(&self) -> Digest {
        let encoders = self.table.formats.iter().flat_map(|format| {
            let encoder = self.encoder(*format);
            encoder.materials().iter().map(move |material| Encoder { material: *material, ..encoder }.name())
        });
        let encoders = encoders.collect::<Vec<_>>().join("; ");
        Digest::of(format!("{REVISION} {encoders} {self:?}").as_bytes())
    }

    /// Who encodes a format, of a plain turn.
    pub const fn encoder(&self, format: Format) -> Encoder {
        Encoder { format, engine: self.engine, effort: self.effort, material: Material::Plain }
    }

    /// The raw frame, by its place in the set, at each position of a turn of `frames`.
    ///
    /// Positions go counter-clockwise from degree 0; the set may go the other way and start elsewhere.
    pub fn raw_frame(&self, position: usize, frames: usize) -> usize {
        let start = (self.start_degrees.rem_euclid(360.0) * frames as f64 / 360.0).round() as usize % frames;
        if self.clockwise {
            (start + frames - position) % frames
        } else {
            (position + frames - start) % frames
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clockwise_turns_are_turned_round() {
        let order = |settings: &Settings| (0..4).map(|p| settings.raw_frame(p, 4)).collect::<Vec<_>>();
        assert_eq!(order(&Settings::default()), [0, 1, 2, 3]);
        assert_eq!(order(&Settings { clockwise: true, ..Settings::default() }), [0, 3, 2, 1]);
        assert_eq!(order(&Settings { start_degrees: 90.0, ..Settings::default() }), [3, 0, 1, 2]);
        let both = Settings { clockwise: true, start_degrees: 90.0, ..Settings::default() };
        assert_eq!(order(&both), [1, 0, 3, 2]);
    }

    #[test]
    fn whatever_shapes_the_bytes_changes_the_digest() {
        let digest = Settings::default().digest();
        assert_eq!(digest, Settings::default().digest());
        assert_ne!(digest, Settings { hero_degrees: 30.0, ..Settings::default() }.digest());
        assert_ne!(digest, Settings { effort: Effort::Max, ..Settings::default() }.digest());
        assert_ne!(digest, Settings { ground: Some(Ground::Transparent), ..Settings::default() }.digest());
    }
}
