//! The turn order of frames, read from their names.
//!
//! All names keep one pattern and differ in one number, which counts frames (`ring_0001.png`) or degrees
//! (`r-000.webp, r-006.webp, ...`). A number that counts degrees may have decimals. Extensions and case are
//! ignored.

mod pattern;
mod steps;

use crate::read::refusal::Refusal;

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
    /// Frames: `0..359`, `1..360`. Steps of 1 always count frames; larger ones do where they make no whole
    /// turn.
    Index {
        /// The number of the first frame.
        start: u64,
        /// The difference from a frame to the next.
        step: u64,
    },
    /// Degrees: a whole turn of them in even steps above 1 (or with decimals), where 360 stands for 0.
    /// Degrees that were rounded (`000, 051, 103, ...` are seven frames) count as even.
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
/// Refuses no names and a single one; a name without a number or of another pattern; a number that stands
/// twice; a gap (a missing last frame shows only where the numbers count degrees); a number out of step; and
/// degrees that include both 0 and 360.
pub fn arrange(names: &[String]) -> Result<Turn, Refusal> {
    match names {
        [] => {
            let place = "The set".into();
            return Err(Refusal::Empty { place, others: Vec::new() });
        }
        [file] => return Err(Refusal::SingleFrame { file: file.clone() }),
        _ => {}
    }
    if let Some(degrees) = pattern::decimal_degrees(names) {
        return steps::turn(names, &degrees);
    }
    let mut first_refusal = None;
    for numbers in pattern::whole_numbers(names)? {
        match steps::turn(names, &numbers) {
            Ok(turn) => return Ok(turn),
            Err(refusal) => {
                first_refusal.get_or_insert(refusal);
            }
        }
        // A number that is nothing like a count (a time of day, say) gives way to an earlier one in the name.
        // A count with a mistake in it does not, or the mistake would pass unseen.
        if steps::looks_like_a_count(&numbers) {
            break;
        }
    }
    Err(first_refusal.unwrap_or_else(|| Refusal::NoNumber { file: names[0].clone() }))
}

#[cfg(test)]
mod tests;
