//! The turn order of frames, read from their names.
//!
//! All names keep one pattern and differ in one number, which counts frames (`ring_0001.png`) or degrees
//! (`r-000.webp, r-006.webp, ...`). A number that counts degrees may have decimals. Extensions and case are ignored.

mod pattern;
mod steps;

use crate::refusal::Refusal;
use pattern::{Numbers, Pattern};

/// A turn, as the names tell it.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// Indices into the names, in turn order: a permutation of all of them.
    pub order: Vec<usize>,
    /// What the numbers count.
    pub numbering: Numbering,
    /// What is odd about the numbers, though not wrong: sentences for the artist.
    pub remarks: Vec<String>,
}

/// What the numbers in the names count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Numbering {
    /// Frames: `0..359`, `1..360`. Steps of 1 always count frames; larger ones do where they do not make a whole turn.
    Index {
        /// The number of the first frame.
        start: u64,
        /// The difference from a frame to the next.
        step: u64,
    },
    /// Degrees, a whole turn of them in even steps above 1 (or with decimals), where 360 stands for 0.
    Degrees {
        /// The angle of the first frame, in degrees.
        start: f64,
        /// The angle from a frame to the next, in degrees.
        step: f64,
    },
}

/// Puts file names in turn order.
///
/// # Errors
///
/// Refuses no names and a single one; a name without a number or of another pattern; a number that stands twice; a gap;
/// a number out of step; and degrees that include both 0 and 360.
pub fn arrange(names: &[String]) -> Result<Turn, Refusal> {
    match names {
        [] => return Err(Refusal::Empty { place: "The set".into(), others: Vec::new() }),
        [file] => return Err(Refusal::SingleFrame { file: file.clone() }),
        _ => {}
    }
    let whole = Pattern::of(names, pattern::Digits::Whole)?;
    let mut first_refusal = None;
    for (candidate, numbers) in whole.varying().into_iter().enumerate() {
        match steps::turn(names, &numbers) {
            Ok(turn) => return Ok(turn),
            // A later number that is nothing like a count (a time of day, say) gives way to an earlier one; a count with a
            // mistake in it does not, or the mistake would pass unseen.
            Err(refusal) if candidate == 0 || steps::looks_like_a_count(&numbers) => {
                let decimal = decimal_turn(names, &numbers);
                if let Some(result) = decimal {
                    return result;
                }
                if steps::looks_like_a_count(&numbers) {
                    return Err(refusal);
                }
                first_refusal.get_or_insert(refusal);
            }
            Err(_) => {}
        }
    }
    Err(first_refusal.unwrap_or_else(|| Refusal::NoNumber { file: names[0].clone() }))
}
