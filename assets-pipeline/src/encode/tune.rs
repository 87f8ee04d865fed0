//! Which settings of an encoder suit a turn: told by trying, since grounds that look alike to a person may
//! not be alike to an encoder.

use crate::{
    encode::Encoder,
    encode::solve::{Encoded, Level, PROBE, spread},
};

/// Frames that are tried with each material.
const TRIED: usize = 3;

/// An encoder that suits a turn, and what is known of it already.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuned {
    /// The encoder.
    pub encoder: Encoder,
    /// What it made while it was tried, by frame and level.
    pub known: Vec<((usize, Level), Encoded)>,
}

/// The encoder for the material that makes the best of as many bytes. `encode` encodes the frames and levels
/// that it is given with the encoder that it is given; they are among those that the solver asks for first.
pub fn tuned<E>(
    encoder: Encoder,
    positions: &[usize],
    mut encode: impl FnMut(Encoder, &[(usize, Level)]) -> Result<Vec<Encoded>, E>,
) -> Result<Tuned, E> {
    let levels = encoder.levels();
    if encoder.materials().len() < 2 {
        return Ok(Tuned { encoder, known: Vec::new() });
    }
    let frames = spread(&spread(positions, PROBE), TRIED);
    let tried: Vec<_> = frames.into_iter().map(|frame| (frame, levels.first)).collect();
    let points_a_byte = levels.slopes.score / levels.slopes.log_bytes;
    let worth = |one: &Encoded| one.score - points_a_byte * (one.bytes.len() as f64).max(1.0).ln();
    let mut best = (f64::NEG_INFINITY, Tuned { encoder, known: Vec::new() });
    for material in encoder.materials() {
        let encoder = Encoder { material: *material, ..encoder };
        let encoded = encode(encoder, &tried)?;
        let sum: f64 = encoded.iter().map(worth).sum();
        if sum > best.0 {
            best = (sum, Tuned { encoder, known: tried.iter().copied().zip(encoded).collect() });
        }
    }
    Ok(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(feature = "libaom")]
    use crate::encode::Material;
    use crate::{encode::Engine, plan::tiers::Format, settings::Settings};

    #[cfg(feature = "libaom")]
    fn check(outcome: impl Fn(Material) -> (usize, f64), want: Material) {
        let encoder = Settings::default().encoder(Format::Avif);
        let encode = |encoder: Encoder, tried: &[(usize, Level)]| {
            assert_eq!(tried.len(), TRIED);
            let (bytes, score) = outcome(encoder.material);
            Ok::<_, ()>(vec![Encoded { bytes: vec![0; bytes], score }; TRIED])
        };
        let positions: Vec<usize> = (0..12).collect();
        let Tuned { encoder, known } = tuned(encoder, &positions, encode).unwrap();
        assert_eq!((encoder.material, known.len()), (want, TRIED));
    }

    #[test]
    #[cfg(feature = "libaom")]
    fn better_at_as_many_bytes_wins_and_the_plainest_of_equals() {
        check(|_| (4000, 60.0), Material::Plain);
        check(
            |material| (4000, if material == Material::Textured { 61.0 } else { 60.0 }),
            Material::Textured,
        );
        check(
            |material| (if material == Material::Textured { 3800 } else { 4000 }, 60.0),
            Material::Textured,
        );
        // Twice the bytes for one point is no bargain.
        check(
            |material| if material == Material::Textured { (8000, 61.0) } else { (4000, 60.0) },
            Material::Plain,
        );
    }

    #[test]
    fn an_encoder_of_one_material_is_not_tried() {
        let encoder = Encoder { engine: Engine::Rav1e, ..Settings::default().encoder(Format::Avif) };
        let never = |_: Encoder, _: &[(usize, Level)]| Err("asked");
        assert_eq!(tuned(encoder, &[0, 1, 2], never), Ok(Tuned { encoder, known: vec![] }));
    }
}
