//! What codecs say, in the words of a refusal.

use std::error::Error;
use std::fmt::Display;
use std::io;

use image::ImageError;

use super::tiff;
use crate::read::integrity::{Format, Header};
use crate::read::refusal::Refusal;

/// Why there are no pixels.
pub(super) enum Fault {
    Codec(ImageError),
    Jpeg(jpeg_still::Error),
    Tiff(tiff::Fault),
    /// The codec reads another size out of the file than its header was found to have.
    OtherSize,
}

impl From<ImageError> for Fault {
    fn from(error: ImageError) -> Self {
        Self::Codec(error)
    }
}

impl From<jpeg_still::Error> for Fault {
    fn from(error: jpeg_still::Error) -> Self {
        Self::Jpeg(error)
    }
}

pub(super) fn refusal(name: &str, fault: Fault, header: &Header) -> Refusal {
    let file = name.to_string();
    let format = header.format.label();
    let error = match fault {
        Fault::Codec(error) => error,
        Fault::Tiff(tiff::Fault::Incomplete) => {
            let reason = "a part of its picture has fewer bytes than its pixels need".into();
            return Refusal::Unreadable { file, reason };
        }
        Fault::Tiff(tiff::Fault::Damaged(error)) => {
            let reason = format!("its picture data is damaged ({})", line(&error));
            return Refusal::Unreadable { file, reason };
        }
        Fault::Jpeg(error) => return jpeg_refusal(file, &error),
        Fault::OtherSize => return other_size(file),
    };
    match error {
        error if ends_early(&error) => truncated(file),
        // The picture itself was found small enough before a codec saw it.
        ImageError::Limits(_) => Refusal::Unsupported {
            file,
            what: format!("a {format} with more metadata, or larger parts, than its picture calls for"),
        },
        ImageError::Unsupported(error) => uncommon(file, format, &error),
        error => damaged(file, &error),
    }
}

fn jpeg_refusal(file: String, error: &jpeg_still::Error) -> Refusal {
    match error {
        jpeg_still::Error::EndsEarly(_) => truncated(file),
        jpeg_still::Error::Unsupported(what) => uncommon(file, Format::Jpeg.label(), what),
        jpeg_still::Error::Damaged(what) => damaged(file, what),
        jpeg_still::Error::OtherSize => other_size(file),
        jpeg_still::Error::OutOfMemory => {
            Refusal::Unsupported { file, what: "a JPEG that needs more memory than there is".into() }
        }
    }
}

fn truncated(file: String) -> Refusal {
    Refusal::Truncated { file, reason: "its picture data ends too early".into() }
}

fn other_size(file: String) -> Refusal {
    let reason = "it contradicts itself about the size of its picture".into();
    Refusal::Unreadable { file, reason }
}

fn uncommon(file: String, format: &str, error: &impl Display) -> Refusal {
    Refusal::Unsupported { file, what: format!("an uncommon kind of {format} ({})", line(error)) }
}

fn damaged(file: String, error: &impl Display) -> Refusal {
    Refusal::Unreadable { file, reason: format!("its picture data is damaged ({})", line(error)) }
}

/// What a codec says, as a part of a sentence: without line breaks, and no longer than a person reads.
fn line(error: &impl Display) -> String {
    const SHOWN: usize = 200;
    let text = error.to_string().replace(char::is_control, " ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let line: String = words.join(" ").chars().take(SHOWN).collect();
    line.trim_end_matches([':', ' ']).to_string()
}

/// Whether the error comes of bytes that are not there.
fn ends_early(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<io::Error>();
        if io.is_some_and(|io| io.kind() == io::ErrorKind::UnexpectedEof) {
            return true;
        }
        cause = error.source();
    }
    false
}
