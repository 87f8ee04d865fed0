//! How frames and figures are written out.

use crate::read::refusal::Name;

/// How many runs a sentence lists before it says "and so many more".
const LISTED: usize = 5;

/// Frames by name, those in a row as a run: "frames 010.png to 050.png", in the order in which they are given.
/// Each has its place in the turn, by which runs are told.
pub(super) fn frames(frames: &[(usize, &str)]) -> String {
    let word = if frames.len() == 1 { "frame" } else { "frames" };
    format!("{word} {}", listed(frames))
}

/// As [`frames`], for the beginning of a sentence.
pub(super) fn sentence_frames(of: &[(usize, &str)]) -> String {
    capital(&frames(of))
}

fn listed(frames: &[(usize, &str)]) -> String {
    let mut runs: Vec<&[(usize, &str)]> = frames.chunk_by(|a, b| a.0 + 1 == b.0).collect();
    let left_out: usize = runs.split_off(runs.len().min(LISTED)).iter().map(|run| run.len()).sum();
    let mut parts: Vec<String> = runs
        .iter()
        .flat_map(|run| match run {
            [one] => vec![Name(one.1).to_string()],
            [one, other] => vec![Name(one.1).to_string(), Name(other.1).to_string()],
            [first, .., last] => vec![format!("{} to {}", Name(first.1), Name(last.1))],
            [] => Vec::new(),
        })
        .collect();
    if left_out > 0 {
        parts.push(format!("{left_out} more"));
    }
    match parts.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => parts.concat(),
    }
}

/// With a capital letter.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The singular or the plural, by a count.
pub(super) const fn by_count<'a>(count: usize, one: &'a str, more: &'a str) -> &'a str {
    if count == 1 { one } else { more }
}

/// A share as a percentage.
pub(super) fn percent(share: f32) -> String {
    let percent = share.abs() * 100.0;
    if percent < 9.5 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_in_a_row_are_a_run() {
        let named = |places: &[usize]| {
            let names: Vec<String> = places.iter().map(|place| format!("{place:03}.png")).collect();
            let all: Vec<(usize, &str)> =
                places.iter().copied().zip(names.iter().map(String::as_str)).collect();
            frames(&all)
        };
        assert_eq!(named(&[4]), "frame 004.png");
        assert_eq!(named(&[4, 5]), "frames 004.png and 005.png");
        assert_eq!(named(&[4, 5, 6, 9]), "frames 004.png to 006.png and 009.png");
        assert_eq!(
            named(&[1, 3, 5, 7, 9, 11, 13]),
            "frames 001.png, 003.png, 005.png, 007.png, 009.png and 2 more"
        );
    }
}
