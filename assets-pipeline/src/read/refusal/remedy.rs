//! What to do about each refusal.

use super::{Excess, Name, NameFault, Refusal, Unit, words::turns_remedy};

impl Refusal {
    /// What to do about it: one plain sentence in the imperative.
    pub fn remedy(&self) -> String {
        match self {
            Self::NotASource { .. } => {
                "Give the folder with the frames, or a zip file of it, or a tar file that is not compressed."
                    .into()
            }
            Self::Empty { .. } => "Export the frames as PNG, JPEG, TIFF or WebP files into it.".into(),
            Self::NoNames => "Export the frames as PNG, JPEG, TIFF or WebP files.".into(),
            Self::SingleFrame { .. } => {
                "Render the other angles too, and put all frames of the turn into one folder.".into()
            }
            Self::TooManyFrames { max_frames, .. } => {
                format!("Keep every second frame or fewer, so that at most {max_frames} remain.")
            }
            Self::TooManyFiles { .. } => "Put the frames of this one spin into a folder of their own.".into(),
            Self::SeveralFolders { .. } => {
                "Give one of these folders: each spin is its own set of frames.".into()
            }
            Self::NameTwice { .. } => "Remove or rename one of the two.".into(),
            Self::SeveralTurns { kind, turns } => turns_remedy(*kind, turns),
            Self::NoCount { anew, .. } => {
                let [one, two] = anew.as_ref();
                format!(
                    "Number the frames in turn order without gaps, such as {} and {}.",
                    Name(one),
                    Name(two)
                )
            }
            Self::FramesMissing { missing, unit, .. } => match (missing.as_slice(), unit) {
                ([one], Unit::Frames) if one.frames == 1 => {
                    format!("Render frame {} again and add it to the others.", one.first)
                }
                ([one], Unit::Degrees) if one.frames == 1 => {
                    format!("Render the frame at {} degrees and add it to the others.", one.first)
                }
                (_, Unit::Frames) => {
                    "Render the missing frames again and add them, or number the frames without gaps.".into()
                }
                (_, Unit::Degrees) => "Render the missing frames and add them to the others.".into(),
            },
            Self::NumberTwice { file, other, .. } => {
                format!("Remove or renumber one of {} and {}.", Name(file), Name(other))
            }
            Self::OutOfStep { file, .. } => format!("Remove or renumber {}.", Name(file)),
            Self::ClosingFrame { file, .. } => format!("Leave out the closing frame {}.", Name(file)),
            Self::NoNumber { .. } => {
                "Name the frames with their number, such as ring_0001.png, or move this file elsewhere."
                    .into()
            }
            Self::StrayName { file, .. } => {
                format!("Rename {} like the others, or move it elsewhere.", Name(file))
            }
            Self::Unreadable { file, .. } => format!("Render {} again.", Name(file)),
            Self::Truncated { file, .. } => {
                format!("Copy or upload {} again, or render it again.", Name(file))
            }
            Self::NotWhatItSays { file, is: Some(is @ ("PNG" | "JPEG" | "TIFF" | "WebP")), .. } => {
                format!("Give {} the ending of {is}, or export it again.", Name(file))
            }
            Self::NotWhatItSays { file, said, .. } => format!("Export {} again, as {said}.", Name(file)),
            Self::SizesDiffer { expected: (width, height), .. } => {
                format!("Render all frames at the same size, such as {width} x {height} pixels.")
            }
            Self::OrientationsDiffer { .. } => {
                "Turn these frames upright in a photo program and export them again, so that all frames have the same \
                 orientation or none."
                    .into()
            }
            Self::TooLarge { excess, .. } => match excess {
                Excess::FileBytes { .. } => {
                    "Export the frame with compression, or with 8 bits a channel.".into()
                }
                Excess::TotalBytes { .. } => {
                    "Export the frames smaller, with compression, or with 8 bits a channel.".into()
                }
                Excess::Width { .. }
                | Excess::Height { .. }
                | Excess::Pixels { .. }
                | Excess::Memory { .. } => {
                    "Export the frames with fewer pixels: 2000 to 4000 a side are plenty.".into()
                }
            },
            Self::Cmyk { .. } => "Export the frames in sRGB.".into(),
            Self::Unsupported { .. } => {
                "Export each frame as a PNG of its own, with 8 or 16 bits a channel, in sRGB.".into()
            }
            Self::ArchiveUnsafeName { fault, .. } => match fault {
                NameFault::Escapes | NameFault::Absolute => {
                    "Pack the folder of frames itself, so that names in the archive begin with that folder.".into()
                }
                NameFault::Control | NameFault::Nameless => {
                    "Give the file a name of letters and digits, and pack the folder again.".into()
                }
                NameFault::TooLong => {
                    "Give the file and its folders shorter names, and pack the folder again.".into()
                }
            },
            Self::ArchiveLink { .. } => {
                "Put the file itself in the place of the link, and pack the folder again.".into()
            }
            Self::ArchiveDuplicate { .. } => {
                "Unpack the archive, keep one of the two files, and pack the folder again.".into()
            }
            Self::ZipEncrypted { .. } => "Zip the frames without a password.".into(),
            Self::ZipBomb { .. } => "Zip the frames again, or give the folder instead.".into(),
            Self::ZipMethod { .. } => "Zip the frames again with the usual method, Deflate.".into(),
            Self::TarBroken { .. } => "Copy or upload the tar again, or pack the folder again.".into(),
            Self::ZipBroken { .. } => "Copy or upload the zip again, or zip the folder again.".into(),
            Self::Io { .. } => "Check that the file exists and may be read, then try again.".into(),
        }
    }
}
