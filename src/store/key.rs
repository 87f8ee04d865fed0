//! What objects are called.
//!
//! A key is the path of the object's public URL, so that a CDN may read the store itself.

use std::{fmt, str::FromStr};

use assets_pipeline::{digest::Digest, tiers::Format};

/// Names an object. Path and media type follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectKey {
    /// One frame of a set.
    Frame {
        /// The set's digest.
        set: Digest,
        /// 0 to 359.
        degree: u16,
        /// The set's format.
        format: Format,
    },
    /// A pack, by its digest.
    Pack(Digest),
    /// The list of a set's frames, by the set's digest, which is the list's own.
    SetList(Digest),
    /// A version's manifest, by its digest.
    Manifest(Digest),
    /// A hero frame as a JPEG, by its digest.
    Jpeg(Digest),
}

impl ObjectKey {
    /// The media type that the object is served with.
    pub const fn media_type(&self) -> &'static str {
        match self {
            Self::Frame { format, .. } => format.media_type(),
            Self::Pack(_) => "application/octet-stream",
            Self::SetList(_) => "text/plain",
            Self::Manifest(_) => "application/json",
            Self::Jpeg(_) => "image/jpeg",
        }
    }

    /// What purges the object from a CDN that reads the store itself: the digest that stands in its path.
    pub fn cache_tag(&self) -> String {
        let (Self::Frame { set: digest, .. }
        | Self::Pack(digest)
        | Self::SetList(digest)
        | Self::Manifest(digest)
        | Self::Jpeg(digest)) = self;
        format!("s-{digest}")
    }

    /// Whether these bytes can be the object. A frame's key does not tell: its digest stands in its set's list.
    pub fn may_name(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Frame { .. } => true,
            Self::Pack(digest) | Self::SetList(digest) | Self::Manifest(digest) | Self::Jpeg(digest) => {
                Digest::of(bytes) == *digest
            }
        }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame { set, degree, format } => write!(f, "s/{set}/{degree:03}.{format}"),
            Self::Pack(digest) => write!(f, "p/{digest}.pack"),
            Self::Manifest(digest) => write!(f, "m/{digest}.json"),
            Self::SetList(set) => write!(f, "s/{set}/frames.txt"),
            Self::Jpeg(digest) => write!(f, "still/{digest}.jpg"),
        }
    }
}

/// The text is no object's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no object has this key")]
pub struct NotAKey;

impl FromStr for ObjectKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let key = || {
            let (kind, rest) = text.split_once('/')?;
            match kind {
                "p" => Some(Self::Pack(rest.strip_suffix(".pack")?.parse().ok()?)),
                "m" => Some(Self::Manifest(rest.strip_suffix(".json")?.parse().ok()?)),
                "still" => Some(Self::Jpeg(rest.strip_suffix(".jpg")?.parse().ok()?)),
                "s" => {
                    let (set, file) = rest.split_once('/')?;
                    let set = set.parse().ok()?;
                    if file == "frames.txt" {
                        return Some(Self::SetList(set));
                    }
                    let (degree, format) = file.split_once('.')?;
                    Some(Self::Frame { set, degree: degree.parse().ok()?, format: format.parse().ok()? })
                }
                _ => None,
            }
        };
        // What is written otherwise than it would be is another file.
        key().filter(|key| key.to_string() == text).ok_or(NotAKey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_paths_of_urls() {
        let set = Digest::of(b"");
        for other in ["s/x/000.avif", "p/..pack", "m/", "still", "q/1", &format!("s/{set}/6.avif")] {
            assert_eq!(other.parse::<ObjectKey>(), Err(NotAKey), "{other}");
        }
        let frame = ObjectKey::Frame { set, degree: 6, format: Format::Avif };
        assert_eq!(frame.to_string(), format!("s/{set}/006.avif"));
        assert_eq!(ObjectKey::Jpeg(set).to_string(), format!("still/{set}.jpg"));
    }
}
