//! Which format a file is of, by its name and by its first bytes.

use crate::read::refusal::Refusal;

/// The formats that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Format {
    Png,
    Jpeg,
    Tiff,
    WebP,
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

impl Format {
    /// The format that a file name's extension stands for.
    pub fn of_name(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        Some(match extension.to_ascii_lowercase().as_str() {
            "png" => Self::Png,
            "jpg" | "jpeg" | "jpe" | "jfif" => Self::Jpeg,
            "tif" | "tiff" => Self::Tiff,
            "webp" => Self::WebP,
            _ => return None,
        })
    }

    /// The format that a file's first bytes tell.
    pub fn of_content(bytes: &[u8]) -> Option<Self> {
        match bytes {
            _ if bytes.starts_with(PNG) => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            // Plain TIFF and BigTIFF, in both byte orders.
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(Self::Tiff),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            _ => None,
        }
    }

    /// The format's name.
    pub fn label(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Tiff => "TIFF",
            Self::WebP => "WebP",
        }
    }

    /// Whether so few bytes could be the start of this format.
    fn may_start_with(self, bytes: &[u8]) -> bool {
        let starts: &[&[u8]] = match self {
            Self::Png => &[PNG],
            Self::Jpeg => &[b"\xff\xd8\xff"],
            Self::Tiff => &[b"II\x2a\0", b"II\x2b\0", b"MM\0\x2a", b"MM\0\x2b"],
            // The size follows, then "WEBP".
            Self::WebP => {
                return bytes.len() < 12 && (bytes.starts_with(b"RIFF") || b"RIFF".starts_with(bytes));
            }
        };
        starts.iter().any(|start| start.starts_with(bytes))
    }
}

/// The format on which name and content agree. A name without an image's extension agrees with any.
pub(super) fn agreed(name: &str, bytes: &[u8]) -> Result<Format, Refusal> {
    let file = || name.to_string();
    if bytes.is_empty() {
        return Err(Refusal::Truncated { file: file(), reason: "the file is empty".into() });
    }
    match (Format::of_name(name), Format::of_content(bytes)) {
        (Some(said), Some(is)) if said == is => Ok(is),
        (None, Some(is)) => Ok(is),
        (Some(said), None) if said.may_start_with(bytes) => {
            Err(Refusal::Truncated { file: file(), reason: format!("it ends after {} bytes", bytes.len()) })
        }
        (Some(said), is) => {
            let is = is.map(Format::label).or_else(|| other_kind(bytes));
            Err(Refusal::NotWhatItSays { file: file(), said: said.label(), is })
        }
        (None, None) => {
            let reason = "it is no PNG, JPEG, TIFF or WebP image".into();
            Err(Refusal::Unreadable { file: file(), reason })
        }
    }
}

/// The record that ends a zip, without its comment.
pub(super) const END_RECORD_BYTES: usize = 22;

/// Whether a zip reader would take the bytes for a zip: its last record stands at their end, with a comment that
/// is as long as it says (APPNOTE 6.3.10, section 4.3.16). A file that is two things at once is made to pass where
/// one of them would not.
pub(super) fn ends_as_a_zip(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(super::TAIL_BYTES)..];
    tail.windows(END_RECORD_BYTES).enumerate().any(|(at, record)| {
        let comment_bytes = usize::from(u16::from_le_bytes([record[20], record[21]]));
        record.starts_with(b"PK\x05\x06") && at + END_RECORD_BYTES + comment_bytes == tail.len()
    })
}

/// Kinds that often hide behind an image's extension.
fn other_kind(bytes: &[u8]) -> Option<&'static str> {
    let kinds: [(usize, &[u8], &str); 12] = [
        (0, b"GIF8", "GIF"),
        (0, b"BM", "BMP"),
        (0, b"8BPS", "a Photoshop document"),
        (0, b"v/1\x01", "OpenEXR"),
        (0, b"%PDF", "PDF"),
        (0, b"PK\x03\x04", "a zip file"),
        (0, b"<", "a web page or other text"),
        (0, b"\0\0\0\x0cJXL ", "JPEG XL"),
        (0, b"\xff\x0a", "JPEG XL"),
        (4, b"ftypavif", "AVIF"),
        (4, b"ftyphei", "HEIC"),
        (4, b"ftyp", "a video or HEIC"),
    ];
    kinds
        .into_iter()
        .find(|(at, magic, _)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(magic)))
        .map(|kind| kind.2)
}
