//! The names of objects.
//!
//! A key is the path of the object's public URL, so that a CDN can read the store itself. Private objects are kept
//! apart from all public ones: under `private/`, in the namespace of their configuration.

use std::{fmt, str::FromStr};

use assets_pipeline::{digest::Digest, plan::tiers::Format};

use super::{manifest::Manifest, namespace::Namespace};

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

/// What kinds of objects there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum ObjectKind {
    /// Frames of sets.
    Frames,
    /// Packs.
    Packs,
    /// Lists of sets.
    SetLists,
    /// Manifests.
    Manifests,
    /// Hero frames as JPEGs.
    Stills,
}

impl ObjectKind {
    /// All of them, each at the place of its number.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;
}

impl ObjectKey {
    /// What kind of object it names.
    pub const fn kind(&self) -> ObjectKind {
        match self {
            Self::Frame { .. } => ObjectKind::Frames,
            Self::Pack(_) => ObjectKind::Packs,
            Self::SetList(_) => ObjectKind::SetLists,
            Self::Manifest(_) => ObjectKind::Manifests,
            Self::Jpeg(_) => ObjectKind::Stills,
        }
    }

    /// The image format of a frame; `None` for all else.
    pub const fn format(&self) -> Option<Format> {
        match self {
            Self::Frame { format, .. } => Some(*format),
            Self::Pack(_) | Self::SetList(_) | Self::Manifest(_) | Self::Jpeg(_) => None,
        }
    }

    /// Where the object lies in a namespace.
    pub const fn within(self, namespace: Namespace) -> Address {
        Address { namespace, key: self }
    }

    /// Every object of a version, each once: its manifest, which has this digest, its JPEG, and the frames, lists and
    /// packs that the manifest names.
    pub fn of_version(digest: Digest, jpeg: Digest, manifest: &Manifest) -> Vec<Self> {
        let mut keys = vec![Self::Manifest(digest), Self::Jpeg(jpeg)];
        for tier in manifest.tiers.values() {
            for (format, rendition) in &tier.formats {
                let (set, format) = (rendition.set, *format);
                keys.push(Self::SetList(set));
                keys.extend(tier.degrees.iter().map(|degree| Self::Frame { set, degree: *degree, format }));
                keys.extend(rendition.packs.iter().map(|pack| Self::Pack(pack.pack)));
                let bare = rendition.bare.iter().flat_map(|bare| &bare.packs);
                keys.extend(bare.copied().map(Self::Pack));
            }
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }

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

/// An object in a namespace: its place in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// Which namespace.
    pub namespace: Namespace,
    /// Which object there.
    pub key: ObjectKey,
}

/// What stands before the names of private namespaces.
const PRIVATE: &str = "private/";

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace {
            Namespace::Public => self.key.fmt(f),
            Namespace::Private(id) => write!(f, "{PRIVATE}{id}/{}", self.key),
        }
    }
}

impl FromStr for Address {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let Some(rest) = text.strip_prefix(PRIVATE) else {
            return Ok(text.parse::<ObjectKey>()?.within(Namespace::Public));
        };
        let (namespace, key) = rest.split_once('/').ok_or(NotAKey)?;
        let namespace = Namespace::Private(namespace.parse().map_err(|_no_namespace| NotAKey)?);
        Ok(key.parse::<ObjectKey>()?.within(namespace))
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

    #[test]
    fn what_is_private_lies_apart() {
        let pack = ObjectKey::Pack(Digest::of(b""));
        assert_eq!(pack.within(Namespace::Public).to_string(), pack.to_string());
        let namespace = Namespace::Private("00112233445566778899aabbccddeeff".parse().unwrap());
        let path = pack.within(namespace).to_string();
        assert_eq!(path, format!("private/00112233445566778899aabbccddeeff/{pack}"));
        assert_eq!(path.parse(), Ok(pack.within(namespace)));
        for other in [
            "private/".to_owned(),
            format!("private/{pack}"),
            path.replace("ff/", "FF/"),
            format!("private/{path}"),
        ] {
            assert_eq!(other.parse::<Address>(), Err(NotAKey), "{other}");
        }
    }
}
