//! Archives that artists send: taken apart into a set's files, all of them or none.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use assets_pipeline::{
    digest::Digest,
    read::integrity::{TAIL_BYTES, no_zip_behind},
    read::limits::Limits,
    read::refusal::Refusal,
    read::source::Source,
};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    db::DbError,
    domain::frameset::{BadFileName, FileName, FramesetId, UploadLimits},
};

use super::{Account, Incoming, NoRoom, Staging, StagingError, absent, failed};

/// Files of an archive that are put into the bucket at once.
const SHARED_AT_ONCE: usize = 4;
/// What a file is called until its content is known.
const UNNAMED: &str = "unnamed";

/// A file of a set, which came by itself or in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpacked {
    /// Its own name, without its folder in an archive.
    pub name: FileName,
    /// Its length.
    pub bytes: u64,
    /// Of its bytes.
    pub digest: Digest,
}

/// Why an archive's frames are not there.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The archive or a file in it cannot be used.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A file in it has a name that no frame can have.
    #[error("{name:?} in it: {why}")]
    Name {
        /// As it stands in the archive.
        name: String,
        /// What is wrong with it.
        why: BadFileName,
    },
    /// What is in it does not fit.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// The disk failed.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What an archive may hold.
#[derive(Debug, Clone, Copy)]
struct ArchiveLimits {
    /// Frames.
    max_files: u32,
    /// Bytes of one of them.
    file_max_bytes: u64,
    /// Bytes of all of them.
    total_max_bytes: u64,
}

impl From<&UploadLimits> for ArchiveLimits {
    fn from(limits: &UploadLimits) -> Self {
        Self {
            max_files: limits.set_max_files,
            file_max_bytes: limits.frame_max_bytes,
            total_max_bytes: limits.archive_max_bytes,
        }
    }
}

impl Staging {
    /// Makes a whole file one of the set's, or the files that are in it, where it is an archive. It is there still.
    pub async fn accept(
        &self,
        account: Account<'_>,
        set: &FramesetId,
        name: &FileName,
        file: &mut Incoming,
    ) -> Result<Vec<Unpacked>, UnpackError> {
        if name.is_archive() {
            file.sync().await?;
            return self.unpack(account, set, file, name).await;
        }
        no_zip_behind(name.as_str(), &file.tail(TAIL_BYTES).await?)?;
        let whole = file.whole().await?;
        account.db.stage_files(set, &[(whole.digest, whole.bytes)]).await?;
        file.keep(self, set, &whole).await?;
        Ok(vec![Unpacked { name: name.clone(), bytes: whole.bytes, digest: whole.digest }])
    }

    /// Makes files of the set of what is in a whole archive, and gives them. The archive is there still.
    ///
    /// Nothing becomes a file of the set before all of it was read.
    async fn unpack(
        &self,
        account: Account<'_>,
        set: &FramesetId,
        archive: &Incoming,
        name: &FileName,
    ) -> Result<Vec<Unpacked>, UnpackError> {
        // An archive at a time takes a core.
        let _turn = self.unpacking.acquire().await;
        let (part, limits) = (archive.part.path.clone(), ArchiveLimits::from(account.limits));
        let source = blocking({
            let (part, name) = (part.clone(), name.clone());
            move || open(&part, &name, limits)
        });
        let source = source.await?;
        let bytes = source.entries().iter().map(|entry| entry.bytes).sum();
        let _room = self.reserve(account, bytes).await?;
        let folder = part.with_extension("unpacked");
        let _removed = RemovedAtLast(folder.clone());
        let unpacked = blocking({
            let folder = folder.clone();
            move || {
                // What a server that died has left.
                absent(fs::remove_dir_all(&folder))?;
                fs::create_dir(&folder).map_err(failed("make room for"))?;
                unpack_into(&folder, &source)
            }
        });
        let kept = async {
            let unpacked = unpacked.await?;
            let files: Vec<_> = unpacked.iter().map(|file| (file.digest, file.bytes)).collect();
            account.db.stage_files(set, &files).await?;
            let linked = blocking({
                let (staging, set, folder) = (self.clone(), set.clone(), folder.clone());
                move || {
                    staging.link_all(&set, &folder, &unpacked)?;
                    Ok(unpacked)
                }
            });
            let unpacked = linked.await?;
            let shared: Vec<_> =
                unpacked.iter().map(|file| self.share(set, file.digest, file.bytes)).collect();
            stream::iter(shared).buffer_unordered(SHARED_AT_ONCE).try_collect::<()>().await?;
            Ok(unpacked)
        };
        let kept = kept.await;
        blocking(move || Ok(absent(fs::remove_dir_all(&folder))?)).await?;
        kept
    }

    fn link_all(&self, set: &FramesetId, folder: &Path, unpacked: &[Unpacked]) -> Result<(), StagingError> {
        let files = self.files(set);
        fs::create_dir_all(&files).map_err(failed("make room for"))?;
        for Unpacked { digest, .. } in unpacked {
            let unpacked = folder.join(digest.to_string());
            // One that is in the archive twice was put there already.
            match fs::rename(unpacked, self.file(set, *digest)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("keep")(error)),
                _ => {}
            }
        }
        File::open(&files).and_then(|folder| folder.sync_all()).map_err(failed("keep"))
    }
}

/// A folder that does not outlive a request that is dropped while it unpacks.
struct RemovedAtLast(PathBuf);

impl Drop for RemovedAtLast {
    fn drop(&mut self) {
        // It is gone already, unless the request was dropped.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs work that waits for the disk.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, UnpackError> + Send + 'static,
) -> Result<T, UnpackError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|died| failed("unpack")(io::Error::other(died)))?
}

fn open(part: &Path, name: &FileName, limits: ArchiveLimits) -> Result<Source, UnpackError> {
    let limits = Limits {
        max_frames: limits.max_files as usize,
        max_file_bytes: limits.file_max_bytes,
        max_total_bytes: limits.total_max_bytes,
        ..Limits::default()
    };
    Ok(Source::open_as(part, name.as_str(), &limits)?)
}

fn unpack_into(folder: &Path, source: &Source) -> Result<Vec<Unpacked>, UnpackError> {
    let mut unpacked = Vec::with_capacity(source.entries().len());
    for (index, entry) in source.entries().iter().enumerate() {
        let name = entry.name.parse();
        let name = name.map_err(|why| UnpackError::Name { name: entry.name.clone(), why })?;
        let mut file = Hashed::create(&folder.join(UNNAMED)).map_err(failed("write"))?;
        let copied = source.copy(index, &mut file);
        let digest = file.end().map_err(failed("write"))?;
        let bytes = copied?;
        fs::rename(folder.join(UNNAMED), folder.join(digest.to_string())).map_err(failed("write"))?;
        unpacked.push(Unpacked { name, bytes, digest });
    }
    Ok(unpacked)
}

/// A file that is hashed while it is written.
struct Hashed {
    file: File,
    hasher: blake3::Hasher,
    /// Why the disk took no more.
    failure: Option<io::Error>,
}

impl Hashed {
    fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::create(path)?, hasher: blake3::Hasher::new(), failure: None })
    }

    /// The digest of the file, once it is on disk.
    fn end(self) -> io::Result<Digest> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        self.file.sync_data()?;
        Ok(Digest::from_hash(self.hasher.finalize()))
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.file.write(bytes) {
            Ok(written) => {
                self.hasher.update(&bytes[..written]);
                Ok(written)
            }
            // The copy cannot say whether its reader or its writer failed: this is the writer.
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                let kind = error.kind();
                self.failure = Some(error);
                Err(kind.into())
            }
            Err(error) => Err(error),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
