//! What codecs say, in the words of a refusal.

use std::error::Error;
use std::io;

use image::ImageError;

use crate::integrity::Header;
use crate::limits::Limits;
use crate::refusal::{Excess, Refusal};

pub(super) fn refusal(name: &str, error: ImageError, header: &Header, limits: &Limits) -> Refusal {
    let file = name.to_string();
    let format = header.format.label();
    match error {
        error if ends_early(&error) => {
            Refusal::Truncated { file, reason: "its picture data ends too early".into() }
        }
        ImageError::Limits(_) => {
            let excess = Excess::Memory { bytes: header.decode_bytes(), max_bytes: limits.max_alloc_bytes };
            Refusal::TooLarge { file, excess }
        }
        ImageError::Unsupported(error) => {
            Refusal::Unsupported { file, what: format!("an uncommon kind of {format} ({error})") }
        }
        error => Refusal::Unreadable { file, reason: format!("its picture data is damaged ({error})") },
    }
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
