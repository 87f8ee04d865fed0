//! Encodes that are kept while an ingest runs, so that one that was interrupted does none twice.

use std::{collections::HashSet, fs, io, path::PathBuf};

use crate::digest::Digest;

/// Keeps encodes by everything that decides their bytes (see [`crate::encode::Encoder::key`]).
pub trait EncodeCache: Sync {
    /// An encode that was kept.
    fn load(&self, key: Digest) -> Option<Kept>;
    /// Keeps an encode. A failure costs no more than encoding it again.
    fn save(&self, key: Digest, bytes: &[u8]);
}

/// An encode that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The file.
    pub bytes: Vec<u8>,
    /// Whether an ingest that was interrupted left it, and not this one.
    pub from_before: bool,
}

/// Keeps nothing.
#[derive(Debug, Clone, Copy)]
pub struct NoCache;

impl EncodeCache for NoCache {
    fn load(&self, _key: Digest) -> Option<Kept> {
        None
    }

    fn save(&self, _key: Digest, _bytes: &[u8]) {}
}

/// A file an encode, in one folder.
#[derive(Debug, Clone)]
pub struct FolderCache {
    folder: PathBuf,
    /// Names of files that were there when it was opened.
    before: HashSet<std::ffi::OsString>,
}

impl FolderCache {
    /// Uses a folder and makes it where it is missing.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let before = fs::read_dir(&folder)?.flatten().map(|entry| entry.file_name()).collect();
        Ok(Self { folder, before })
    }

    /// Removes the folder: what it kept has been stored for good.
    pub fn remove(self) -> io::Result<()> {
        fs::remove_dir_all(self.folder)
    }
}

/// Guards against a file that a crash of the machine left cut short: a renamed file may be there
/// before its bytes are, and syncing each encode would cost more than encoding it again.
const CHECK_BYTES: usize = 32;

impl EncodeCache for FolderCache {
    fn load(&self, key: Digest) -> Option<Kept> {
        let name = key.to_string();
        let mut bytes = fs::read(self.folder.join(&name)).ok()?;
        let check = bytes.split_off(bytes.len().checked_sub(CHECK_BYTES)?);
        let whole = check == Digest::of(&bytes).to_string().as_bytes();
        whole.then(|| Kept { bytes, from_before: self.before.contains(name.as_ref() as &std::ffi::OsStr) })
    }

    fn save(&self, key: Digest, bytes: &[u8]) {
        let temporary = self.folder.join(format!("{key}.{:?}", std::thread::current().id()));
        let whole = [bytes, Digest::of(bytes).to_string().as_bytes()].concat();
        if fs::write(&temporary, whole).is_ok() {
            let _ = fs::rename(temporary, self.folder.join(key.to_string()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encode_is_found_again_but_not_a_damaged_one() {
        let folder = tempfile::tempdir().unwrap();
        let cache = FolderCache::open(folder.path().join("encodes")).unwrap();
        let key = Digest::of(b"key");
        assert_eq!(cache.load(key), None);
        cache.save(key, b"frame");
        let kept = |from_before| Some(Kept { bytes: b"frame".to_vec(), from_before });
        assert_eq!(cache.load(key), kept(false));
        let later = FolderCache::open(folder.path().join("encodes")).unwrap();
        assert_eq!(later.load(key), kept(true));
        let file = folder.path().join("encodes").join(key.to_string());
        let whole = fs::read(&file).unwrap();
        for cut in [0, 3, whole.len() - 1] {
            fs::write(&file, &whole[..cut]).unwrap();
            assert_eq!(cache.load(key), None, "cut to {cut} bytes");
        }
    }
}
