//! Why an input is refused, in the words of the person who made it.
//!
//! Each refusal names the file, the reason and, in [`Refusal::remedy`], what to do about it. File names come from
//! strangers, so they are shown through [`Name`], which no control character survives.

use std::fmt::{self, Display, Formatter, Write as _};
use std::io;

/// Why an input is refused. `Display` is one plain sentence that names the file and the reason.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The path is neither a folder nor a zip file.
    #[error("{} is neither a folder nor a zip file", Name(.file))]
    NotASource {
        /// The path as it was given.
        file: String,
    },
    /// There is no PNG, JPEG, TIFF or WebP file in it.
    #[error("{} has no PNG, JPEG, TIFF or WebP images{}", Name(.place), but_others(.others))]
    Empty {
        /// The folder or zip file.
        place: String,
        /// Files that are there but are no images that can be read; junk is not among them.
        others: Vec<String>,
    },
    /// One image where a spin was asked for.
    #[error("{} is the only image, and a spin needs at least two frames", Name(.file))]
    SingleFrame {
        /// The only image.
        file: String,
    },
    /// More frames than a turn may have.
    #[error("{} has {frames} frames, and a turn may have at most {max_frames}", Name(.place))]
    TooManyFrames {
        /// The folder or zip file.
        place: String,
        /// How many frames there are.
        frames: usize,
        /// How many there may be.
        max_frames: usize,
    },
    /// More files of any kind than a folder or zip may have.
    #[error("{} has more than {max_files} files", Name(.place))]
    TooManyFiles {
        /// The folder or zip file.
        place: String,
        /// How many there may be.
        max_files: usize,
    },
    /// Images in several folders, and nothing says which of them is the spin.
    #[error("{} has images in several folders: {}", Name(.place), list(.folders))]
    SeveralFolders {
        /// The folder or zip file.
        place: String,
        /// The folders with images, relative to it, in natural order.
        folders: Vec<String>,
    },
    /// Numbers are missing where the others step evenly.
    #[error("{}", missing_sentence(.file, .missing))]
    FramesMissing {
        /// The name that the first missing frame would have.
        file: String,
        /// The missing numbers in runs, in order; never empty.
        missing: Vec<MissingRun>,
    },
    /// One number stands in two names.
    #[error("Number {number} stands twice: {} and {}", Name(.file), Name(.other))]
    NumberTwice {
        /// The number as it is written in `file`.
        number: String,
        /// The first of the two files.
        file: String,
        /// The second of the two files.
        other: String,
    },
    /// A number does not fit the even step of the others.
    #[error("{} is out of step: the other frames count in steps of {step}", Name(.file))]
    OutOfStep {
        /// The file whose number does not fit.
        file: String,
        /// The step that most frames keep.
        step: String,
    },
    /// Degrees from 0 to 360, both included: the turn's first view is there twice.
    #[error("{} shows the same view as {}: 360 degrees is 0 degrees again", Name(.file), Name(.first))]
    ClosingFrame {
        /// The frame at 360 degrees.
        file: String,
        /// The frame at 0 degrees.
        first: String,
    },
    /// No number in the name, so nothing says where in the turn the frame belongs.
    #[error("{} has no frame number in its name", Name(.file))]
    NoNumber {
        /// The file.
        file: String,
    },
    /// A name of another pattern than the others'.
    #[error("{} is not named like the other frames, such as {}", Name(.file), Name(.example))]
    StrayName {
        /// The file that differs.
        file: String,
        /// A file of the pattern that most names keep.
        example: String,
    },
    /// The bytes are no image that can be decoded.
    #[error("{} cannot be read: {reason}", Name(.file))]
    Unreadable {
        /// The file.
        file: String,
        /// What is wrong with it, as far as the decoder can tell.
        reason: String,
    },
    /// The file ends before its image does.
    #[error("{} is cut short: {reason}", Name(.file))]
    Truncated {
        /// The file.
        file: String,
        /// Where it ends.
        reason: String,
    },
    /// The content is of another kind than the name says.
    #[error("{} is named as {said}, but {}", Name(.file), content(*.is))]
    NotWhatItSays {
        /// The file.
        file: String,
        /// The kind that the name stands for.
        said: &'static str,
        /// The kind of the content, where it is known.
        is: Option<&'static str>,
    },
    /// The frames are not all of one size.
    #[error("{} is {} x {} pixels, but {} is {} x {}{}",
        Name(.file), .size.0, .size.1, Name(.example), .expected.0, .expected.1, and_others(*.others))]
    SizesDiffer {
        /// The first frame that differs.
        file: String,
        /// Its width and height in pixels, upright.
        size: (u32, u32),
        /// A frame of the size that most frames have.
        example: String,
        /// That size, in pixels.
        expected: (u32, u32),
        /// How many more frames differ.
        others: usize,
    },
    /// More than the limits allow.
    #[error("{} is too large: {excess}", Name(.file))]
    TooLarge {
        /// The file, or the folder or zip file where it is all frames together.
        file: String,
        /// What exceeds which limit.
        excess: Excess,
    },
    /// Ink colours, which have no one meaning on a screen.
    #[error("{} is in CMYK, the colours of print, and a spin is shown on screens", Name(.file))]
    Cmyk {
        /// The file.
        file: String,
    },
    /// An image of a kind that is not taken, such as an animated one.
    #[error("{} is {what}, which is not supported", Name(.file))]
    Unsupported {
        /// The file.
        file: String,
        /// What it is, with its article: "an animated WebP".
        what: String,
    },
    /// A zip entry whose name could lead out of the folder it is unpacked to.
    #[error("The zip has a file with an unsafe name, {}: {fault}", Name(.file))]
    ZipUnsafeName {
        /// The name as it stands in the zip.
        file: String,
        /// What is unsafe about it.
        fault: NameFault,
    },
    /// A zip entry that is a symbolic link or another special file.
    #[error("The zip has {} as a link or special file, not as an ordinary file", Name(.file))]
    ZipSymlink {
        /// The name as it stands in the zip.
        file: String,
    },
    /// A zip entry that needs a password.
    #[error("{} is locked with a password", Name(.file))]
    ZipEncrypted {
        /// The name as it stands in the zip.
        file: String,
    },
    /// A zip that unpacks to far more than it could honestly hold.
    #[error("{} looks like a zip bomb: {reason}", Name(.file))]
    ZipBomb {
        /// The entry, or the zip itself.
        file: String,
        /// What gave it away.
        reason: String,
    },
    /// The same name stands twice in the zip.
    #[error("The zip has {} twice", Name(.file))]
    ZipDuplicate {
        /// The name as it stands in the zip.
        file: String,
    },
    /// The zip's directory cannot be read.
    #[error("{} cannot be opened as a zip file", Name(.file))]
    ZipBroken {
        /// The zip file.
        file: String,
        /// What the zip reader says.
        source: zip::result::ZipError,
    },
    /// The disk or the system failed, not the input.
    #[error("{} could not be read from disk", Name(.file))]
    Io {
        /// The file or folder.
        file: String,
        /// What the system says.
        source: io::Error,
    },
}

/// Numbers that follow each other and are missing, as they would be written in the names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingRun {
    /// The first missing number.
    pub first: String,
    /// The last missing number; equals `first` where one is missing.
    pub last: String,
    /// How many are missing from `first` to `last`.
    pub frames: u64,
}

/// What exceeds a limit; both numbers have the unit that the name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is a measure and its limit")]
pub enum Excess {
    Width { pixels: u32, max_pixels: u32 },
    Height { pixels: u32, max_pixels: u32 },
    Pixels { pixels: u64, max_pixels: u64 },
    Memory { bytes: u64, max_bytes: u64 },
    FileBytes { bytes: u64, max_bytes: u64 },
    TotalBytes { bytes: u64, max_bytes: u64 },
}

/// What is unsafe about a name in a zip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameFault {
    /// A `..` component.
    Escapes,
    /// A leading slash or a drive letter.
    Absolute,
    /// A backslash, which some systems take for a separator.
    Backslash,
    /// A NUL or another control character.
    Control,
    /// No name at all.
    Nameless,
}

impl Refusal {
    /// The file at fault, where it is one file: a path inside the folder or zip, or a name that is missing from it.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Empty { .. } | Self::TooManyFrames { .. } | Self::TooManyFiles { .. } | Self::SeveralFolders { .. } => None,
            Self::NotASource { file }
            | Self::SingleFrame { file }
            | Self::FramesMissing { file, .. }
            | Self::NumberTwice { file, .. }
            | Self::OutOfStep { file, .. }
            | Self::ClosingFrame { file, .. }
            | Self::NoNumber { file }
            | Self::StrayName { file, .. }
            | Self::Unreadable { file, .. }
            | Self::Truncated { file, .. }
            | Self::NotWhatItSays { file, .. }
            | Self::SizesDiffer { file, .. }
            | Self::TooLarge { file, .. }
            | Self::Cmyk { file }
            | Self::Unsupported { file, .. }
            | Self::ZipUnsafeName { file, .. }
            | Self::ZipSymlink { file }
            | Self::ZipEncrypted { file }
            | Self::ZipBomb { file, .. }
            | Self::ZipDuplicate { file }
            | Self::ZipBroken { file, .. }
            | Self::Io { file, .. } => Some(file),
        }
    }

    /// A stable name of the kind of refusal, for machines.
    pub fn slug(&self) -> &'static str {
        match self {
            Self::NotASource { .. } => "not-a-folder-or-zip",
            Self::Empty { .. } => "no-images",
            Self::SingleFrame { .. } => "single-frame",
            Self::TooManyFrames { .. } => "too-many-frames",
            Self::TooManyFiles { .. } => "too-many-files",
            Self::SeveralFolders { .. } => "several-folders",
            Self::FramesMissing { .. } => "frame-missing",
            Self::NumberTwice { .. } => "number-twice",
            Self::OutOfStep { .. } => "out-of-step",
            Self::ClosingFrame { .. } => "closing-frame",
            Self::NoNumber { .. } => "no-number",
            Self::StrayName { .. } => "stray-name",
            Self::Unreadable { .. } => "unreadable",
            Self::Truncated { .. } => "truncated",
            Self::NotWhatItSays { .. } => "not-what-its-name-says",
            Self::SizesDiffer { .. } => "sizes-differ",
            Self::TooLarge { .. } => "too-large",
            Self::Cmyk { .. } => "cmyk",
            Self::Unsupported { .. } => "unsupported",
            Self::ZipUnsafeName { .. } => "zip-unsafe-name",
            Self::ZipSymlink { .. } => "zip-symlink",
            Self::ZipEncrypted { .. } => "zip-encrypted",
            Self::ZipBomb { .. } => "zip-bomb",
            Self::ZipDuplicate { .. } => "zip-duplicate",
            Self::ZipBroken { .. } => "zip-broken",
            Self::Io { .. } => "io",
        }
    }

    /// What to do about it: one plain sentence in the imperative.
    pub fn remedy(&self) -> String {
        match self {
            Self::NotASource { .. } => "Give the folder with the frames, or a zip file of it.".into(),
            Self::Empty { .. } => "Export the frames as PNG, JPEG, TIFF or WebP files into it.".into(),
            Self::SingleFrame { .. } => "Render the other angles too, and put all frames of the turn into one folder.".into(),
            Self::TooManyFrames { max_frames, .. } => {
                format!("Keep every second frame or fewer, so that at most {max_frames} remain.")
            }
            Self::TooManyFiles { .. } => "Put the frames of this one spin into a folder of their own.".into(),
            Self::SeveralFolders { .. } => "Give one of these folders: each spin is its own set of frames.".into(),
            Self::FramesMissing { missing, .. } => match missing.as_slice() {
                [one] if one.frames == 1 => format!("Render frame {} again and add it to the others.", one.first),
                _ => "Render the missing frames again and add them, or number the frames without gaps.".into(),
            },
            Self::NumberTwice { file, other, .. } => {
                format!("Remove or renumber one of {} and {}.", Name(file), Name(other))
            }
            Self::OutOfStep { file, .. } => format!("Remove or renumber {}.", Name(file)),
            Self::ClosingFrame { file, .. } => format!("Leave out the closing frame {}.", Name(file)),
            Self::NoNumber { .. } => "Name the frames with their number, such as ring_0001.png, or move this file elsewhere.".into(),
            Self::StrayName { file, .. } => format!("Rename {} like the others, or move it elsewhere.", Name(file)),
            Self::Unreadable { file, .. } => format!("Render {} again.", Name(file)),
            Self::Truncated { file, .. } => format!("Copy or upload {} again, or render it again.", Name(file)),
            Self::NotWhatItSays { file, is, .. } => match is {
                Some(is) => format!("Give {} the ending of {is}, or export it again.", Name(file)),
                None => format!("Export {} again.", Name(file)),
            },
            Self::SizesDiffer { expected: (width, height), .. } => {
                format!("Render all frames at the same size, such as {width} x {height} pixels.")
            }
            Self::TooLarge { excess, .. } => match excess {
                Excess::FileBytes { .. } => "Export the frame with compression, or with 8 bits a channel.".into(),
                Excess::TotalBytes { .. } => "Export the frames smaller, with compression, or with 8 bits a channel.".into(),
                Excess::Width { .. } | Excess::Height { .. } | Excess::Pixels { .. } | Excess::Memory { .. } => {
                    "Export the frames with fewer pixels: 2000 to 4000 a side are plenty.".into()
                }
            },
            Self::Cmyk { .. } => "Export the frames in sRGB.".into(),
            Self::Unsupported { .. } => "Export each frame as a PNG of its own, with 8 or 16 bits a channel, in sRGB.".into(),
            Self::ZipUnsafeName { .. } | Self::ZipSymlink { .. } | Self::ZipDuplicate { .. } => {
                "Zip the folder of frames again, with nothing else in it.".into()
            }
            Self::ZipEncrypted { .. } => "Zip the frames without a password.".into(),
            Self::ZipBomb { .. } => "Zip the frames again, or give the folder instead.".into(),
            Self::ZipBroken { .. } => "Copy or upload the zip again, or zip the folder again.".into(),
            Self::Io { .. } => "Check that the file exists and may be read, then try again.".into(),
        }
    }
}

impl Display for Excess {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Width { pixels, max_pixels } => write!(f, "it is {pixels} pixels wide, and {max_pixels} is the most"),
            Self::Height { pixels, max_pixels } => write!(f, "it is {pixels} pixels high, and {max_pixels} is the most"),
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
            Self::Backslash => "it has a backslash",
            Self::Control => "it has control characters",
            Self::Nameless => "it is empty",
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

/// A file name fit to be shown: control and direction characters escaped, quoted where it has spaces, cut in the middle
/// where it is very long.
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
            } else if c.is_control() || is_direction_mark(c) {
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

/// Whether `c` changes the direction of the text after it, which can make `gpj.exe` look like `exe.jpg`.
fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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

fn list(names: &[String]) -> String {
    let shown: Vec<_> = names.iter().take(LISTED).map(|name| Name(name).to_string()).collect();
    match names.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn but_others(others: &[String]) -> String {
    if others.is_empty() { String::new() } else { format!(", only {}", list(others)) }
}

fn and_others(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => "; 1 more frame differs".into(),
        n => format!("; {n} more frames differ"),
    }
}

fn content(is: Option<&'static str>) -> String {
    match is {
        Some(is) => format!("it is {is}"),
        None => "its content is not".into(),
    }
}

fn missing_sentence(file: &str, runs: &[MissingRun]) -> String {
    let frames: u64 = runs.iter().fold(0, |sum, run| sum.saturating_add(run.frames));
    let shown: Vec<_> = runs.iter().take(LISTED).map(ToString::to_string).collect();
    let shown = match runs.len() - shown.len() {
        0 => shown.join(", "),
        _ => format!("{} and more", shown.join(", ")),
    };
    match frames {
        1 => format!("Frame {shown} is missing: there is no {}", Name(file)),
        2 => format!("Frames {shown} are missing: there is no {}", Name(file)),
        _ => format!("Frames {shown} are missing, {frames} in all: there is no {}, for one", Name(file)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check(refusal: &Refusal, expected: &Expect) {
        expected.assert_eq(&format!("{}: {refusal}. {}", refusal.slug(), refusal.remedy()));
    }

    fn run(first: &str, last: &str, frames: u64) -> MissingRun {
        MissingRun { first: first.into(), last: last.into(), frames }
    }

    #[test]
    fn a_refusal_names_the_file_the_reason_and_the_remedy() {
        check(
            &Refusal::FramesMissing { file: "ring_0017.png".into(), missing: vec![run("17", "17", 1)] },
            &expect!["frame-missing: Frame 17 is missing: there is no ring_0017.png. Render frame 17 again and add it to the others."],
        );
        check(
            &Refusal::FramesMissing {
                file: "ring_0017.png".into(),
                missing: vec![run("17", "18", 2), run("40", "52", 13), run("60", "60", 1)],
            },
            &expect!["frame-missing: Frames 17 and 18, 40 to 52, 60 are missing, 16 in all: there is no ring_0017.png, for one. Render the missing frames again and add them, or number the frames without gaps."],
        );
        check(
            &Refusal::SizesDiffer {
                file: "r 1.png".into(),
                size: (10, 20),
                example: "r 2.png".into(),
                expected: (20, 20),
                others: 2,
            },
            &expect![[r#"sizes-differ: "r 1.png" is 10 x 20 pixels, but "r 2.png" is 20 x 20; 2 more frames differ. Render all frames at the same size, such as 20 x 20 pixels."#]],
        );
        check(
            &Refusal::NotWhatItSays { file: "r1.jpg".into(), said: "JPEG", is: Some("PNG") },
            &expect!["not-what-its-name-says: r1.jpg is named as JPEG, but it is PNG. Give r1.jpg the ending of PNG, or export it again."],
        );
        check(
            &Refusal::Empty { place: "renders".into(), others: vec!["ring.psd".into()] },
            &expect!["no-images: renders has no PNG, JPEG, TIFF or WebP images, only ring.psd. Export the frames as PNG, JPEG, TIFF or WebP files into it."],
        );
        check(
            &Refusal::TooLarge {
                file: "r1.png".into(),
                excess: Excess::FileBytes { bytes: 300_000_000, max_bytes: 256 << 20 },
            },
            &expect!["too-large: r1.png is too large: the file has 300.0 MB, and 268.4 MB is the most. Export the frame with compression, or with 8 bits a channel."],
        );
    }

    #[test]
    fn a_hostile_name_is_shown_without_its_control_characters() {
        let name = format!("a\u{1b}[2J\n\u{202e}gpj.{}exe", "x".repeat(500));
        let shown = Name(&name).to_string();
        assert!(!shown.contains(['\u{1b}', '\n', '\u{202e}']), "{shown}");
        assert!(shown.len() < 200, "{shown}");
    }

    #[test]
    fn an_io_error_keeps_its_source() {
        let refusal = Refusal::Io { file: "r1.png".into(), source: io::Error::other("the disk is gone") };
        let source = std::error::Error::source(&refusal).map(ToString::to_string);
        assert_eq!(source.as_deref(), Some("the disk is gone"));
    }
}
