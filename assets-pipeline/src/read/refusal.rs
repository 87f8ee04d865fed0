//! Why an input is refused, in the words of the person who made it.
//!
//! Each refusal names the file, the reason and, in [`Refusal::remedy`], what to do about it. File names come
//! from strangers, so they are shown through [`Name`], which no control character survives.

mod remedy;
mod words;

use std::io;

use image::metadata::Orientation;

pub use words::Name;
pub(crate) use words::is_plain;
use words::{and_others, but_digits, but_others, content, list, missing_sentence, turned, turns_sentence};

/// Why an input is refused. `Display` is one plain sentence that names the file and the reason.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The path is neither a folder nor an archive that can be read.
    #[error("{} is neither a folder nor a zip or tar file", Name(.file))]
    NotASource {
        /// The path as it was given.
        file: String,
    },
    /// There is no PNG, JPEG, TIFF or WebP file in it.
    #[error("{} has no PNG, JPEG, TIFF or WebP images{}", Name(.place), but_others(.others))]
    Empty {
        /// The folder or archive.
        place: String,
        /// Files that are there but are no images that can be read; junk is not among them.
        others: Vec<String>,
    },
    /// There are no names at all.
    #[error("There are no PNG, JPEG, TIFF or WebP images")]
    NoNames,
    /// One image where a spin was asked for.
    #[error("{} is the only image, and a spin needs at least two frames", Name(.file))]
    SingleFrame {
        /// The only image.
        file: String,
    },
    /// More frames than a turn may have.
    #[error("{} has {frames} frames, and a turn may have at most {max_frames}", Name(.place))]
    TooManyFrames {
        /// The folder or archive.
        place: String,
        /// How many frames there are.
        frames: usize,
        /// How many there may be.
        max_frames: usize,
    },
    /// More files of any kind than a folder or archive may have.
    #[error("{} has more than {max_files} files", Name(.place))]
    TooManyFiles {
        /// The folder or archive.
        place: String,
        /// How many there may be.
        max_files: usize,
    },
    /// Images in several folders, and nothing says which of them is the spin.
    #[error("{} has images in several folders: {}", Name(.place), list(.folders))]
    SeveralFolders {
        /// The folder or archive.
        place: String,
        /// The folders with images, relative to it, in natural order.
        folders: Vec<String>,
    },
    /// Two files of a folder whose names differ in nothing that shows.
    #[error("Two files are called {}: their names differ only in how accents are stored", Name(.file))]
    NameTwice {
        /// Their name.
        file: String,
    },
    /// Names of several turns: rows of a spin that is seen from several heights, or several pieces.
    #[error("{}", turns_sentence(*.kind, .turns))]
    SeveralTurns {
        /// What tells the turns apart.
        kind: TurnKind,
        /// Each of them, in natural order.
        turns: Vec<TurnNames>,
    },
    /// Numbers in which there is no order that a turn could have.
    #[error("The numbers in the names count neither frames nor degrees: {files} files have numbers from {} to {}", .numbers[0], .numbers[1])]
    NoCount {
        /// The file with the lowest number.
        file: String,
        /// The lowest and the highest number.
        numbers: [String; 2],
        /// How many files there are.
        files: usize,
        /// How the first two frames could be called.
        anew: Box<[String; 2]>,
    },
    /// Numbers are missing where the others step evenly.
    #[error("{}", missing_sentence(.file, .missing, *.unit))]
    FramesMissing {
        /// The name that the first missing frame would have.
        file: String,
        /// The missing numbers in runs, in order; never empty.
        missing: Vec<MissingRun>,
        /// What they count.
        unit: Unit,
    },
    /// One number stands in two names.
    #[error("Number {number} stands twice: {} and {}", Name(.file), Name(.other))]
    NumberTwice {
        /// The number, without leading zeros.
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
    /// Degrees from 0 to 360, both included, or from -180 to 180: one view is there twice.
    #[error("{} shows the same view as {}: {} degrees is {} degrees again",
        Name(.file), Name(.first), .angles[0], .angles[1])]
    ClosingFrame {
        /// The frame after a whole turn.
        file: String,
        /// The frame that shows the same view, a whole turn before.
        first: String,
        /// Their angles in degrees.
        angles: [String; 2],
    },
    /// No number in the name, so nothing says where in the turn the frame belongs.
    #[error("{} has no frame number in its name{}", Name(.file), but_digits(.file))]
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
    /// Some frames of a set say that they stand on their side, and the others do not.
    #[error("{} {} by its EXIF orientation, and {} {}{}", Name(.file), turned(*.orientation), Name(.example),
        turned(*.expected), and_others(*.others))]
    OrientationsDiffer {
        /// The first frame that differs.
        file: String,
        /// How it is to be turned upright.
        orientation: Orientation,
        /// A frame with the orientation that most frames have.
        example: String,
        /// That orientation.
        expected: Orientation,
        /// How many more frames differ.
        others: usize,
    },
    /// More than the limits allow.
    #[error("{} is too large: {excess}", Name(.file))]
    TooLarge {
        /// The file, or the folder or archive where it is all frames together.
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
    /// An entry of a zip or tar whose name could lead out of the folder it is unpacked to.
    #[error("The archive has a file with an unsafe name, {}: {fault}", Name(.file))]
    ArchiveUnsafeName {
        /// The name as it stands in the archive.
        file: String,
        /// What is unsafe about it.
        fault: NameFault,
    },
    /// An entry of a zip or tar that is a symbolic link or another special file.
    #[error("The archive has {} as a link or special file, not as an ordinary file", Name(.file))]
    ArchiveLink {
        /// The name as it stands in the archive.
        file: String,
    },
    /// A zip entry that needs a password.
    #[error("{} is locked with a password", Name(.file))]
    ZipEncrypted {
        /// The name as it stands in the archive.
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
    /// The same name stands twice in the zip or tar.
    #[error("The archive has {} twice", Name(.file))]
    ArchiveDuplicate {
        /// The name as it stands in the archive.
        file: String,
    },
    /// A zip entry packed by a method other than Deflate.
    #[error("{} is packed by a method that is not supported", Name(.file))]
    ZipMethod {
        /// The name as it stands in the archive.
        file: String,
    },
    /// A tar whose entries cannot be told from each other.
    #[error("{} cannot be read as a tar file", Name(.file))]
    TarBroken {
        /// The tar file.
        file: String,
        /// What the tar reader says.
        source: io::Error,
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

/// What missing numbers count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Unit {
    Frames,
    Degrees,
}

/// What tells several turns in one set apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnKind {
    /// A number: the rows of a spin that is seen from several heights.
    Rows,
    /// The words in the names: several pieces, or views of one.
    Words,
}

/// One of several turns in a set, by its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnNames {
    /// The first frame.
    pub first: String,
    /// The last frame.
    pub last: String,
    /// How many frames it has.
    pub frames: usize,
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

/// What is unsafe about a name in an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameFault {
    /// A `..` component.
    Escapes,
    /// A leading slash or a drive letter.
    Absolute,
    /// A NUL or another control character.
    Control,
    /// No name at all.
    Nameless,
    /// Longer, or in more folders inside each other, than a disk could hold it.
    TooLong,
}

impl Refusal {
    /// The file at fault, where it is one file: a path inside the folder or zip, or a name that is missing
    /// from it.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Empty { .. }
            | Self::NoNames
            | Self::SeveralTurns { .. }
            | Self::TooManyFrames { .. }
            | Self::TooManyFiles { .. }
            | Self::SeveralFolders { .. } => None,
            Self::NotASource { file }
            | Self::SingleFrame { file }
            | Self::NameTwice { file }
            | Self::NoCount { file, .. }
            | Self::OrientationsDiffer { file, .. }
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
            | Self::ArchiveUnsafeName { file, .. }
            | Self::ArchiveLink { file }
            | Self::ZipEncrypted { file }
            | Self::ZipBomb { file, .. }
            | Self::ArchiveDuplicate { file }
            | Self::ZipMethod { file }
            | Self::TarBroken { file, .. }
            | Self::ZipBroken { file, .. }
            | Self::Io { file, .. } => Some(file),
        }
    }

    /// A stable name of the kind of refusal, for machines.
    pub fn slug(&self) -> &'static str {
        match self {
            Self::NotASource { .. } => "not-a-folder-or-archive",
            Self::Empty { .. } | Self::NoNames => "no-images",
            Self::SingleFrame { .. } => "single-frame",
            Self::TooManyFrames { .. } => "too-many-frames",
            Self::TooManyFiles { .. } => "too-many-files",
            Self::SeveralFolders { .. } => "several-folders",
            Self::NameTwice { .. } => "name-twice",
            Self::SeveralTurns { .. } => "several-turns",
            Self::NoCount { .. } => "no-count",
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
            Self::OrientationsDiffer { .. } => "orientations-differ",
            Self::TooLarge { .. } => "too-large",
            Self::Cmyk { .. } => "cmyk",
            Self::Unsupported { .. } => "unsupported",
            Self::ArchiveUnsafeName { .. } => "archive-unsafe-name",
            Self::ArchiveLink { .. } => "archive-link",
            Self::ZipEncrypted { .. } => "zip-encrypted",
            Self::ZipBomb { .. } => "zip-bomb",
            Self::ArchiveDuplicate { .. } => "archive-duplicate",
            Self::ZipMethod { .. } => "zip-method",
            Self::TarBroken { .. } => "tar-broken",
            Self::ZipBroken { .. } => "zip-broken",
            Self::Io { .. } => "io",
        }
    }
}

#[cfg(test)]
mod tests;
