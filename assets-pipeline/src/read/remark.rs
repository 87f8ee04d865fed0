//! What is odd about a file though not wrong, and what was assumed of it.

use std::fmt::{self, Display, Formatter};

use crate::read::refusal::Name;

/// One odd thing about a file. `Display` is a clause that suits one file and many.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remark {
    /// Colours that were not sRGB.
    Converted {
        /// What they were.
        from: String,
    },
    /// More pages than the one that is used.
    MorePages,
    /// A fourth channel of which the file does not say that it is alpha.
    AlphaUnnamed,
    /// Transparency that the header of a WebP does not announce, or that stands behind the picture.
    AlphaIrregular,
    /// Channels beside the colours that the file does not call alpha.
    ChannelsLeftOut {
        /// How many.
        channels: usize,
    },
    /// A colour profile that no colours can be converted with.
    ProfileUnusable {
        /// What the colours are taken for.
        taken_for: String,
    },
    /// A colour profile for another kind of colours than the file has.
    ProfileMismatched {
        /// The kind that it is for.
        profile: &'static str,
    },
    /// Colour codes (`cICP`) that stand for no RGB colours.
    CodesUnusable {
        /// What the colours are taken for.
        taken_for: String,
    },
    /// Primaries that are none, or that stand without a gamma.
    PrimariesUnused,
    /// EXIF data that say that the colours are not sRGB, and not what they are.
    Uncalibrated,
}

impl Remark {
    /// What to do about it: one plain sentence in the imperative.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Converted { .. } => {
                "Compare the colours with your own; to decide them yourself, export the frames in sRGB."
            }
            Self::MorePages => "Export each frame as a file of its own.",
            Self::AlphaUnnamed | Self::AlphaIrregular | Self::ChannelsLeftOut { .. } => {
                "Check the ground; where it is wrong, export the frames as PNG, with transparency or without."
            }
            Self::ProfileUnusable { .. }
            | Self::ProfileMismatched { .. }
            | Self::CodesUnusable { .. }
            | Self::PrimariesUnused
            | Self::Uncalibrated => {
                "Compare the colours with your own; where they differ, export the frames in sRGB with its profile."
            }
        }
    }
}

impl Display for Remark {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Converted { from } => write!(f, "the colours are converted to sRGB from {from}"),
            Self::MorePages => f.write_str("there is more than one page, of which the first is used"),
            Self::AlphaUnnamed => {
                f.write_str("the meaning of the fourth channel is not said, and it is taken for transparency")
            }
            Self::AlphaIrregular => {
                f.write_str("the transparency is not stored as the format prescribes, and programs differ in whether they show it")
            }
            Self::ChannelsLeftOut { channels: 1 } => f.write_str(
                "a channel beside the colours is not called transparency, and is left out",
            ),
            Self::ChannelsLeftOut { channels } => write!(
                f,
                "{channels} channels beside the colours are not called transparency, and are left out"
            ),
            Self::ProfileUnusable { taken_for } => {
                write!(f, "the colour profile cannot be used, and the colours are taken for {taken_for}")
            }
            Self::ProfileMismatched { profile } => {
                write!(f, "the colour profile is for {profile}, and the colours are taken for sRGB")
            }
            Self::CodesUnusable { taken_for } => {
                write!(
                    f,
                    "the colour codes (cICP) have no meaning for a picture, and the colours are taken for \
                     {taken_for}"
                )
            }
            Self::PrimariesUnused => f.write_str(
                "the primaries that are named cannot be used, and the colours are taken for sRGB, as browsers do it",
            ),
            Self::Uncalibrated => f.write_str(
                "the EXIF data say that the colours are not sRGB, but not what they are, and they are taken for sRGB",
            ),
        }
    }
}

/// Remarks by what they say, each once with the frames that it is about, in the order of the frames. Each frame
/// has its place in the turn.
pub fn by_remark<'a>(
    frames: impl IntoIterator<Item = (usize, &'a str, &'a [Remark])>,
) -> Vec<(&'a Remark, Vec<(usize, &'a str)>)> {
    let mut grouped: Vec<(&Remark, Vec<(usize, &str)>)> = Vec::new();
    for (place, name, remarks) in frames {
        for remark in remarks {
            match grouped.iter_mut().find(|(known, _)| *known == remark) {
                Some((_, frames)) => frames.push((place, name)),
                None => grouped.push((remark, vec![(place, name)])),
            }
        }
    }
    grouped
}

/// As [`by_remark`], a sentence each.
pub fn sentences<'a>(frames: impl IntoIterator<Item = (usize, &'a str, &'a [Remark])>) -> Vec<String> {
    let sentence = |(remark, frames): (&Remark, Vec<_>)| format!("{}: {remark}", sentence_frames(&frames));
    by_remark(frames).into_iter().map(sentence).collect()
}

/// How many runs a sentence lists before it says "and so many more".
const LISTED: usize = 5;

/// Frames by name, those in a row as a run: "frames 010.png to 050.png", in the order in which they are given.
/// Each has its place in the turn, by which runs are told.
pub(crate) fn frames(frames: &[(usize, &str)]) -> String {
    let word = if frames.len() == 1 { "frame" } else { "frames" };
    format!("{word} {}", listed(frames))
}

/// As [`frames`], for the beginning of a sentence.
pub(crate) fn sentence_frames(of: &[(usize, &str)]) -> String {
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
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
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

    #[test]
    fn a_remark_is_made_once_with_all_its_frames() {
        let (pages, both) = ([Remark::MorePages], [Remark::Uncalibrated, Remark::MorePages]);
        let grouped = by_remark([(0, "1.tif", &pages[..]), (1, "2.tif", &[]), (2, "3.tif", &both)]);
        assert_eq!(
            grouped,
            [
                (&Remark::MorePages, vec![(0, "1.tif"), (2, "3.tif")]),
                (&Remark::Uncalibrated, vec![(2, "3.tif")])
            ]
        );
    }
}
