//! The turn order of frames, read from their names.
//!
//! All names keep one pattern and differ in one number, which counts frames (`ring_0001.png`) or degrees
//! (`r-000.webp, r-006.webp, ...`). A number that counts degrees may have decimals and a sign. Extensions and case are
//! ignored, and so is how accents are stored.

mod groups;
mod pattern;
mod steps;
mod times;

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
        start: i64,
        /// The difference from a frame to the next.
        step: u64,
    },
    /// Degrees: a whole turn of them in even steps above 1 (or with decimals or signs), where 360 stands for 0.
    /// Degrees that were rounded (`000, 051, 103, ...` are seven frames) count as even.
    Degrees {
        /// The angle of the first frame, in degrees.
        start: f64,
        /// The angle from a frame to the next, in degrees.
        step: f64,
    },
    /// Seconds: the moments at which the frames were taken.
    Times,
}

/// Puts file names in turn order.
///
/// # Errors
///
/// Refuses no names and a single one; a name without a number or of another pattern; a number that stands
/// twice; a gap (a missing last frame shows only where the numbers count degrees); a number out of step; numbers that
/// count nothing; names of several turns; and degrees that include the same view twice.
pub fn arrange(names: &[String]) -> Result<Turn, Refusal> {
    match names {
        [] => return Err(Refusal::NoNames),
        [file] => return Err(Refusal::SingleFrame { file: file.clone() }),
        _ => {}
    }
    if let Some(degrees) = pattern::decimal_degrees(names) {
        return steps::turn(names, &degrees).or_else(|refusal| {
            // The hour and minute of 9.59.58 look like degrees too.
            let columns = pattern::numbers(names).ok();
            columns.and_then(|columns| times::turn(names, &columns)).ok_or(refusal)
        });
    }
    let columns = match pattern::numbers(names) {
        Ok(columns) => columns,
        Err(refusal) => return Err(groups::turns(names).unwrap_or(refusal)),
    };
    let mut first_refusal = None;
    for numbers in pattern::likeliest(&columns) {
        match steps::turn(names, numbers) {
            Ok(turn) => return Ok(turn),
            Err(refusal) => {
                first_refusal.get_or_insert(refusal);
            }
        }
        // A number that is nothing like a count (a time of day, say) gives way to an earlier one in the name.
        // A count with a mistake in it does not, or the mistake would pass unseen.
        if steps::looks_like_a_count(numbers) {
            break;
        }
    }
    let Some(refusal) = first_refusal else { return Err(Refusal::NoNumber { file: names[0].clone() }) };
    if let Some(turn) = times::turn(names, &columns) {
        return Ok(turn);
    }
    match refusal {
        Refusal::NumberTwice { .. } => Err(groups::rows(names, &columns).unwrap_or(refusal)),
        refusal => Err(refusal),
    }
}

#[cfg(test)]
mod tests;
