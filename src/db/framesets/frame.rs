//! The frames of a set, and the revision that names them all.

use assets_pipeline::digest::Digest;

use crate::{
    db::{DbError, bytes, parse},
    domain::frameset::FileName,
};

/// A frame that has arrived whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFrame {
    /// Its file's name.
    pub name: FileName,
    /// Its length.
    pub bytes: u64,
    /// Of the file.
    pub digest: Digest,
}

/// Names the frames of a set as they are, with their contents: an edit is made from these, and from no others.
pub fn revision(frames: &[StoredFrame]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    for frame in frames {
        // Names have no control characters.
        hasher.update(format!("{}\0{}\0", frame.name, frame.digest).as_bytes());
    }
    Digest::from_hash(hasher.finalize())
}

/// The frames of a set by name.
pub(super) const FRAMES: &str = "select name, bytes, digest from frames where frameset_id = $1 order by name";

/// The frames that [`FRAMES`] gives.
pub(super) fn stored_frames(rows: Vec<(String, i64, String)>) -> Result<Vec<StoredFrame>, DbError> {
    let frame = |(name, stored, digest): (String, i64, String)| {
        let digest = parse("digest", &digest)?;
        Ok(StoredFrame { name: FileName::known(name), bytes: bytes(stored), digest })
    };
    rows.into_iter().map(frame).collect()
}
