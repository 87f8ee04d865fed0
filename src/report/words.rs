//! Figures and names as a person reads them.

use assets_pipeline::{measure::MeasuredFamily, plan::tiers::Format};
use base64::{Engine as _, prelude::BASE64_STANDARD};

/// Bytes as `4.2 kB`.
pub(super) fn kilobytes(bytes: f64) -> String {
    format!("{:.1} kB", bytes / 1000.0)
}

/// A figure with its sign and a true minus.
pub(super) fn signed(value: f64, digits: usize) -> String {
    let text = format!("{:.digits$}", value.abs());
    let is_zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    match () {
        () if is_zero => text,
        () if value < 0.0 => format!("\u{2212}{text}"),
        () => format!("+{text}"),
    }
}

/// A format as people write it.
pub(super) const fn name(format: Format) -> &'static str {
    match format {
        Format::Avif => "AVIF",
        Format::Webp => "WebP",
    }
}

/// What a SSIMULACRA2 score means.
pub(super) fn verdict(score: f64) -> &'static str {
    match score {
        90.0.. => "cannot be told from its source",
        80.0.. => "very good",
        70.0.. => "good",
        50.0.. => "passable",
        _ => "poor",
    }
}

/// A family by its fullest tier, and the tiers that share its set.
pub(super) fn tiers(family: &MeasuredFamily) -> String {
    let mut others: Vec<_> = family.frames.iter().flat_map(|frame| &frame.tiers).collect();
    others.sort_unstable();
    others.dedup();
    others.retain(|tier| **tier != family.fullest);
    let words: Vec<&str> = others.iter().map(|tier| tier.as_str()).collect();
    match words.split_last() {
        None => family.fullest.to_string(),
        Some((last, [])) => format!("{}, with {last}", family.fullest),
        Some((last, before)) => format!("{}, with {} and {last}", family.fullest, before.join(", ")),
    }
}

/// A file as an address that holds it.
pub(super) fn data_uri(media_type: &str, bytes: &[u8]) -> String {
    format!("data:{media_type};base64,{}", BASE64_STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_typographic_and_zero_has_none() {
        let signed = [(1.26, 1), (-1.26, 1), (0.04, 1), (-0.04, 1), (-3.0, 0)].map(|(v, d)| signed(v, d));
        assert_eq!(signed, ["+1.3", "\u{2212}1.3", "0.0", "0.0", "\u{2212}3"]);
    }

    #[test]
    fn verdicts_follow_the_scale() {
        let verdicts = [95.0, 84.0, 70.0, 69.9, -5.0].map(verdict);
        assert_eq!(verdicts, ["cannot be told from its source", "very good", "good", "passable", "poor"]);
    }
}
