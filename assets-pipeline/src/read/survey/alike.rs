//! What frames of one set have to have in common, and what they had better have.

use std::collections::HashMap;
use std::hash::Hash;

use super::SurveyedFrame;
use crate::read::refusal::{Name, Refusal};

/// The size of all frames, or a refusal of the first that differs from most, or is turned otherwise.
pub(super) fn common_size(frames: &[SurveyedFrame]) -> Result<(u32, u32), Refusal> {
    // A picture that its file turns by mistake has another size for that reason alone.
    if let Some(Odd { usual, odd }) = odd(frames, |frame| frame.header.orientation.to_exif()) {
        return Err(Refusal::OrientationsDiffer {
            file: odd[0].name.clone(),
            orientation: odd[0].header.orientation,
            example: usual.name.clone(),
            expected: usual.header.orientation,
            others: odd.len() - 1,
        });
    }
    if let Some(Odd { usual, odd }) = odd(frames, |frame| frame.header.size()) {
        return Err(Refusal::SizesDiffer {
            file: odd[0].name.clone(),
            size: odd[0].header.size(),
            example: usual.name.clone(),
            expected: usual.header.size(),
            others: odd.len() - 1,
        });
    }
    Ok(frames.first().map_or((0, 0), |frame| frame.header.size()))
}

/// What differs between the frames and may show, though each by itself is sound: sentences for the artist.
pub(super) fn differences(frames: &[SurveyedFrame]) -> Vec<String> {
    let bits = odd(frames, |frame| frame.header.bits).map(|Odd { usual, odd }| {
        let (has, others) = (odd[0].header.bits, usual.header.bits);
        format!("{} {has} bits a channel, and the other frames have {others}", have(&odd))
    });
    let profiles = odd(frames, |frame| frame.header.has_profile).map(|Odd { usual, odd }| {
        let (has, others) = if usual.header.has_profile { ("no", "one") } else { ("a", "none") };
        format!(
            "{} {has} colour profile, and the other frames have {others}: colours may jump there",
            have(&odd)
        )
    });
    bits.into_iter().chain(profiles).collect()
}

/// Frames that differ from most in something.
struct Odd<'a> {
    /// One that does not.
    usual: &'a SurveyedFrame,
    /// Never empty.
    odd: Vec<&'a SurveyedFrame>,
}

fn odd<K: Hash + Eq>(frames: &[SurveyedFrame], of: impl Fn(&SurveyedFrame) -> K) -> Option<Odd<'_>> {
    let mut counts: HashMap<K, usize> = HashMap::new();
    for frame in frames {
        *counts.entry(of(frame)).or_default() += 1;
    }
    // Of equally common values the one that comes first in the turn counts, since `max_by_key` gives the last
    // of equals.
    let usual = frames.iter().rev().max_by_key(|frame| counts[&of(frame)])?;
    let odd: Vec<_> = frames.iter().filter(|frame| of(frame) != of(usual)).collect();
    (!odd.is_empty()).then_some(Odd { usual, odd })
}

/// The beginning of a sentence about frames.
fn have(frames: &[&SurveyedFrame]) -> String {
    match frames {
        [] => String::new(),
        [one] => format!("{} has", Name(&one.name)),
        [one, other] => format!("{} and {} have", Name(&one.name), Name(&other.name)),
        [one, others @ ..] => format!("{} and {} more frames have", Name(&one.name), others.len()),
    }
}
