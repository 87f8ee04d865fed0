//! Resumable uploads: a file on this disk, and where the store is a bucket its bytes there too, from which any server goes on.
//!
//! Bytes are put into the bucket before the database counts them. A part is at most [`PART_BYTES`] long; a client that sends
//! little at a time makes small parts, and two neighbours of about one size become one, so that there are few of them and each
//! byte is put a few times at most.

use std::{io, time::Duration};

use assets_pipeline::digest::Digest;
use tokio::{
    fs::{self, File},
    io::{AsyncReadExt as _, AsyncSeekExt as _, SeekFrom},
};

use crate::{
    db::uploads::{StoredUpload, UploadPart},
    domain::frameset::{FramesetId, UploadId},
};

use super::{Incoming, Part, Staging, StagingError, absent, failed, shared::unread};

/// The most bytes of a part in the bucket.
const PART_BYTES: u64 = 8 << 20;
/// How often a file is tried that another process of this folder has open, and how long it waits in between: that one hears
/// within a second that it has to let go.
const LOCK_TRIES: u32 = 100;
const LOCK_WAIT: Duration = Duration::from_millis(50);

/// What is new of an upload in the bucket.
#[derive(Debug, Default)]
pub struct Secured {
    /// To be written down with the offset.
    pub added: Vec<UploadPart>,
    /// To be [removed](Staging::remove_replaced) once that is done.
    pub replaced: Vec<UploadPart>,
}

impl Staging {
    /// Resumes an upload at the bytes that are safe. Bytes after them are cut off. Dropped, it leaves its part.
    pub async fn resume(&self, upload: &StoredUpload) -> Result<Incoming, StagingError> {
        let StoredUpload { frameset, id, received, writer, .. } = upload;
        let part = Part { path: self.part(frameset, id.as_str()), is_single: false };
        let mut incoming = Incoming::open(part).await?;
        lock(&incoming.file).await?;
        let there = incoming.file.metadata().await.map_err(failed("open"))?.len();
        // Another process may have gone on with it in a folder of its own.
        let is_here = there >= *received && (writer.is_empty() || *writer == *self.process);
        if is_here || self.shared.is_none() {
            if there < *received {
                return Err(lost("a part is shorter than it was"));
            }
            incoming.cut(*received).await?;
            return Ok(incoming);
        }
        if upload.parts.last().map_or(0, UploadPart::end) != *received {
            // Of an older program: what is here may be all that there is.
            let elsewhere = io::Error::other("the bytes are on the disk of the server that received them");
            return Err(failed("resume")(elsewhere));
        }
        incoming.cut(0).await?;
        if let Err(error) = self.rebuild(upload, &mut incoming).await {
            // Nothing of it is taken for what was sent.
            incoming.cut(0).await?;
            return Err(error);
        }
        Ok(incoming)
    }

    async fn rebuild(&self, upload: &StoredUpload, file: &mut Incoming) -> Result<(), StagingError> {
        let StoredUpload { frameset, id, received, parts, .. } = upload;
        let Some(shared) = &self.shared else { return Ok(()) };
        for part in parts {
            let mut contents = shared.read_part(frameset, id, part);
            let mut hasher = blake3::Hasher::new();
            while let Some(chunk) = contents.next().await.map_err(unread)? {
                let chunk: &[u8] = chunk.as_ref();
                hasher.update(chunk);
                file.append(chunk).await?;
            }
            if Digest::from_hash(hasher.finalize()) != part.digest || file.written() != part.end() {
                return Err(lost("a part in the bucket is not what it was"));
            }
        }
        if file.written() == *received { Ok(()) } else { Err(lost("a part is not in the bucket")) }
    }

    /// Puts into the bucket what is on disk and not there yet: after this, any server can go on after `received` bytes.
    /// `parts` are those that are there, and those that will be.
    pub async fn secure(
        &self,
        upload: &StoredUpload,
        parts: &mut Vec<UploadPart>,
        received: u64,
    ) -> Result<Secured, StagingError> {
        let Some(shared) = &self.shared else { return Ok(Secured::default()) };
        let (mut first, replaced) = merge(parts, received);
        let mut secured = Secured { added: Vec::new(), replaced };
        if first == received {
            return Ok(secured);
        }
        let (set, id) = (&upload.frameset, &upload.id);
        let mut file = File::open(self.part(set, id.as_str())).await.map_err(failed("read"))?;
        file.seek(SeekFrom::Start(first)).await.map_err(failed("read"))?;
        while first < received {
            let mut bytes = vec![0; PART_BYTES.min(received - first) as usize];
            file.read_exact(&mut bytes).await.map_err(failed("read"))?;
            let (fence, digest) = (upload.fence, Digest::of(&bytes));
            let part = UploadPart { fence, first_byte: first, bytes: bytes.len() as u64, digest };
            shared.keep_part(set, id, &part, &bytes).await?;
            first = part.end();
            parts.push(part.clone());
            secured.added.push(part);
        }
        Ok(secured)
    }

    /// Removes all parts of an upload, where there may be any: it is finished.
    pub async fn remove_parts(&self, upload: &StoredUpload, parts: &[UploadPart]) {
        // An earlier request may have put some that it never noted.
        if let Some(shared) = &self.shared
            && (upload.fence > 1 || !parts.is_empty())
            && let Err(error) = shared.remove_parts(&upload.frameset, &upload.id).await
        {
            let error: &dyn std::error::Error = &error;
            tracing::debug!(error, upload.id = %upload.id, "the parts of a finished upload stay for now");
        }
    }

    /// Removes parts that others have taken the place of. What cannot be removed now goes with the upload.
    pub async fn remove_replaced(&self, upload: &StoredUpload, replaced: &[UploadPart]) {
        let Some(shared) = &self.shared else { return };
        for part in replaced {
            if let Err(error) = shared.remove_part(&upload.frameset, &upload.id, part).await {
                let error: &dyn std::error::Error = &error;
                tracing::debug!(error, upload.id = %upload.id, "a part that was replaced stays for now");
            }
        }
    }

    /// Removes a resumable upload's bytes, wherever there are any.
    pub async fn discard_part(&self, set: &FramesetId, upload: &UploadId) -> Result<(), StagingError> {
        absent(fs::remove_file(self.part(set, upload.as_str())).await)?;
        match &self.shared {
            Some(shared) => shared.remove_parts(set, upload).await,
            None => Ok(()),
        }
    }
}

/// Takes off what a longer part should take the place of. Answers where that one begins, and what was taken off.
fn merge(parts: &mut Vec<UploadPart>, received: u64) -> (u64, Vec<UploadPart>) {
    let mut first = parts.last().map_or(0, UploadPart::end);
    let mut kept = parts.len();
    while first < received
        && let Some(last) = kept.checked_sub(1).map(|last| &parts[last])
        && last.bytes <= received - first
        && received - last.first_byte <= PART_BYTES
    {
        (first, kept) = (last.first_byte, kept - 1);
    }
    let replaced = parts.split_off(kept);
    (first, replaced)
}

fn lost(what: &'static str) -> StagingError {
    failed("resume")(io::Error::new(io::ErrorKind::UnexpectedEof, what))
}

/// Waits until no other process of this folder writes to a file.
async fn lock(file: &File) -> Result<(), StagingError> {
    for _ in 0..LOCK_TRIES {
        let held = file.try_clone().await.map_err(failed("lock"))?.into_std().await;
        match tokio::task::spawn_blocking(move || held.try_lock()).await.map_err(io::Error::other) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(std::fs::TryLockError::WouldBlock)) => tokio::time::sleep(LOCK_WAIT).await,
            Ok(Err(std::fs::TryLockError::Error(error))) | Err(error) => return Err(failed("lock")(error)),
        }
    }
    Err(failed("lock")(io::ErrorKind::WouldBlock.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::frameset::Conditions;

    fn part(first_byte: u64, bytes: u64) -> UploadPart {
        UploadPart { fence: 0, first_byte, bytes, digest: Digest::of(&first_byte.to_le_bytes()) }
    }

    /// What `merge` leaves, as lengths, after notes at these offsets; and how many bytes were put.
    fn merged(step: u64, until: u64) -> (Vec<u64>, u64) {
        let (mut parts, mut put) = (Vec::new(), 0);
        for received in (step..=until).step_by(step as usize) {
            let (mut first, _replaced) = merge(&mut parts, received);
            while first < received {
                let bytes = PART_BYTES.min(received - first);
                parts.push(part(first, bytes));
                (first, put) = (first + bytes, put + bytes);
            }
        }
        assert_eq!(parts.iter().map(|part| part.bytes).sum::<u64>(), until);
        (parts.iter().map(|part| part.bytes).collect(), put)
    }

    #[tokio::test]
    async fn an_upload_goes_on_where_its_bytes_are_certain() {
        let folder = tempfile::tempdir().unwrap();
        let staging = Staging::open(folder.path(), None).unwrap();
        let upload = |received| StoredUpload {
            id: UploadId::new([8; 16]),
            frameset: FramesetId::new([7; 16]),
            name: "1.png".parse().unwrap(),
            length: 100,
            received,
            metadata: String::new(),
            conditions: Conditions::default(),
            finished: false,
            touched_at_ms: 0,
            fence: 0,
            writer: "another process of this folder".to_owned(),
            parts: Vec::new(),
        };
        let mut file = staging.resume(&upload(0)).await.unwrap();
        file.append(b"certain and not").await.unwrap();
        file.sync().await.unwrap();
        drop(file);
        let mut file = staging.resume(&upload(7)).await.unwrap();
        assert_eq!(file.written(), 7);
        file.append(b"ty, wrong").await.unwrap();
        file.cut(9).await.unwrap();
        file.append(b"!").await.unwrap();
        assert_eq!(file.whole().await.unwrap().digest, Digest::of(b"certainty!"));
        drop(file);
        assert!(staging.resume(&upload(11)).await.is_err(), "bytes that are lost are not made up");

        // A file of the set stays as it is, whatever is sent to the upload that it came by.
        let mut file = staging.resume(&upload(9)).await.unwrap();
        let whole = file.whole().await.unwrap();
        file.keep(&staging, &upload(9).frameset, &whole).await.unwrap();
        drop(file);
        let mut file = staging.resume(&upload(4)).await.unwrap();
        file.append(b"more").await.unwrap();
        file.sync().await.unwrap();
        let kept = staging.file(&upload(9).frameset, whole.digest);
        assert_eq!(std::fs::read(&kept).unwrap(), b"certainty");
        // One that was damaged is put anew.
        std::fs::write(&kept, b"cert").unwrap();
        drop(file);
        let mut file = staging.resume(&upload(0)).await.unwrap();
        file.append(b"certainty").await.unwrap();
        file.sync().await.unwrap();
        file.keep(&staging, &upload(9).frameset, &whole).await.unwrap();
        assert_eq!(std::fs::read(&kept).unwrap(), b"certainty");
        drop(file);
        let StoredUpload { id, frameset, .. } = upload(0);
        staging.discard_part(&frameset, &id).await.unwrap();
    }

    #[test]
    fn small_parts_become_large_ones_and_each_byte_is_put_a_few_times() {
        let (parts, put) = merged(1 << 20, 24 << 20);
        assert_eq!(parts, [PART_BYTES; 3]);
        assert_eq!(put, (24 << 20) * 5 / 2);
        let (parts, put) = merged(64 << 10, 100 << 20);
        assert!(parts.len() <= 13 + 8, "{parts:?}");
        assert!(put <= 8 * (100 << 20), "{put}");
        // What is large already is put once.
        let (parts, put) = merged(9 << 20, 90 << 20);
        assert!(parts.len() <= 20, "{parts:?}");
        assert!(put <= 2 * (90 << 20), "{put}");
    }
}
