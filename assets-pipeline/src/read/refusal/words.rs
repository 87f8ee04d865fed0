//! How the parts of a refusal are written out.

use std::fmt::{self, Display, Formatter, Write as _};

use image::metadata::Orientation;

use super::{Excess, MissingRun, NameFault, TurnKind, TurnNames, Unit};

impl Display for Excess {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Width { pixels, max_pixels } => {
                write!(f, "it is {pixels} pixels wide, and {max_pixels} is the most")
            }
            Self::Height { pixels, max_pixels } => {
                write!(f, "it is {pixels} pixels high, and {max_pixels} is the most")
            }
            Self::Pixels { pixels, max_pixels } => write!(
                f,
                "it has {} million pixels, and {} million is the most",
                pixels.div_ceil(1_000_000),
                max_pixels / 1_000_000
            ),
            Self::Memory { bytes, max_bytes } => {
                write!(f, "it needs {} of memory, and {} is the most", Bytes(bytes), Bytes(max_bytes))
            }
            Self::FileBytes { bytes, max_bytes } => {
                write!(f, "the file has {}, and {} is the most", Bytes(bytes), Bytes(max_bytes))
            }
            Self::TotalBytes { bytes, max_bytes } => {
                write!(f, "the frames have {} together, and {} is the most", Bytes(bytes), Bytes(max_bytes))
            }
        }
    }
}

impl Display for NameFault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Escapes => "it leads out of the folder with \"..\"",
            Self::Absolute => "it is an absolute path",
            Self::Control => "it has control characters",
            Self::Nameless => "it is empty",
            Self::TooLong => "it is too long",
        })
    }
}

impl Display for MissingRun {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.first)?;
        match self.frames {
            1 => Ok(()),
            2 => write!(f, " and {}", self.last),
            _ => write!(f, " to {}", self.last),
        }
    }
}

/// A file name fit to be shown: control characters, line breaks and direction marks escaped, quoted where it
/// has spaces, cut in the middle where it is very long.
pub struct Name<'a>(pub &'a str);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 96;
        let quoted = self.0.is_empty() || self.0.contains(char::is_whitespace);
        if quoted {
            f.write_char('"')?;
        }
        let length = self.0.chars().count();
        for (i, c) in self.0.chars().enumerate() {
            if length > SHOWN && (SHOWN / 2..length - SHOWN / 2).contains(&i) {
                if i == SHOWN / 2 {
                    f.write_str("...")?;
                }
            } else if !is_plain(c) {
                write!(f, "{}", c.escape_unicode())?;
            } else {
                f.write_char(c)?;
            }
        }
        if quoted {
            f.write_char('"')?;
        }
        Ok(())
    }
}

/// Whether `c` can stand in a message and change nothing but itself.
pub(crate) fn is_plain(c: char) -> bool {
    !c.is_control() && !breaks_a_line(c) && !is_direction_mark(c)
}

/// The line and paragraph separators, which are no control characters and yet end a line.
fn breaks_a_line(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether `c` changes the direction of the text after it, which can make `gpj.exe` look like `exe.jpg`.
fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

struct Bytes(u64);

impl Display for Bytes {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            0..1_000 => write!(f, "{} bytes", self.0),
            1_000..1_000_000 => write!(f, "{:.1} KB", self.0 as f64 / 1e3),
            1_000_000..1_000_000_000 => write!(f, "{:.1} MB", self.0 as f64 / 1e6),
            _ => write!(f, "{:.1} GB", self.0 as f64 / 1e9),
        }
    }
}

/// How many names or runs a sentence lists before it says "and so many more".
const LISTED: usize = 5;

pub(super) fn list(names: &[String]) -> String {
    let shown: Vec<_> = names.iter().take(LISTED).map(|name| Name(name).to_string()).collect();
    match names.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

pub(super) fn but_others(others: &[String]) -> String {
    if others.is_empty() { String::new() } else { format!(", only {}", list(others)) }
}

pub(super) fn and_others(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => "; 1 more frame differs".into(),
        n => format!("; {n} more frames differ"),
    }
}

pub(super) fn content(is: Option<&'static str>) -> String {
    match is {
        Some(is) => format!("it is {is}"),
        None => "its content is not".into(),
    }
}

pub(super) fn missing_sentence(file: &str, runs: &[MissingRun], unit: Unit) -> String {
    let frames: u64 = runs.iter().fold(0, |sum, run| sum.saturating_add(run.frames));
    let shown: Vec<_> = runs.iter().take(LISTED).map(ToString::to_string).collect();
    let shown = match runs.len() - shown.len() {
        0 => shown.join(", "),
        _ => format!("{} and more", shown.join(", ")),
    };
    let who = match (unit, frames) {
        (Unit::Frames, 1) => format!("Frame {shown}"),
        (Unit::Frames, _) => format!("Frames {shown}"),
        (Unit::Degrees, 1) => format!("The frame at {shown} degrees"),
        (Unit::Degrees, _) => format!("The frames at {shown} degrees"),
    };
    match frames {
        1 => format!("{who} is missing: there is no {}", Name(file)),
        2 => format!("{who} are missing: there is no {}", Name(file)),
        _ => format!("{who} are missing, {frames} in all: there is no {}, for one", Name(file)),
    }
}

/// Where a name has digits and yet no number.
pub(super) fn but_digits(file: &str) -> &'static str {
    let has_digits =
        file.rsplit_once('.').map_or(file, |(stem, _)| stem).contains(|c: char| c.is_ascii_digit());
    if has_digits { ": its digits are too many to count frames" } else { "" }
}

impl Display for TurnNames {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", Name(&self.first), Name(&self.last))
    }
}

pub(super) fn turns_sentence(kind: TurnKind, turns: &[TurnNames]) -> String {
    let frames = turns.first().map_or(0, |turn| turn.frames);
    let each = if turns.iter().all(|turn| turn.frames == frames) {
        format!(" of {frames} frames")
    } else {
        String::new()
    };
    let shown: Vec<String> = turns.iter().take(LISTED).map(ToString::to_string).collect();
    let more = match turns.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (count, shown) = (turns.len(), shown.join(", "));
    let what = match kind {
        TurnKind::Rows => "rows",
        TurnKind::Words => "turns",
    };
    format!("The names are those of {count} {what}{each}, and a spin is one of them: {shown}{more}")
}

pub(super) fn turns_remedy(kind: TurnKind, turns: &[TurnNames]) -> String {
    let which = match kind {
        TurnKind::Rows => {
            "Choose the row that looks at the piece from the height that visitors should see it from"
        }
        TurnKind::Words => "Choose the turn that this spin should show",
    };
    let how = turns.first().map_or_else(String::new, |turn| format!(", such as {turn},"));
    format!("{which}, put its frames{how} into a folder of their own, and give that folder.")
}

/// What an orientation says of a picture.
pub(super) fn turned(orientation: Orientation) -> &'static str {
    match orientation {
        Orientation::NoTransforms => "stands as it is stored",
        Orientation::Rotate90 => "is turned by 90 degrees clockwise",
        Orientation::Rotate180 => "stands on its head",
        Orientation::Rotate270 => "is turned by 90 degrees anticlockwise",
        Orientation::FlipHorizontal => "is mirrored",
        Orientation::FlipVertical => "is mirrored and stands on its head",
        Orientation::Rotate90FlipH | Orientation::Rotate270FlipH => "is mirrored and lies on its side",
    }
}
