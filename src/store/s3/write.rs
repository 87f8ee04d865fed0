//! Writing to a bucket: what is small goes in one request, what is large in parts, of which one that fails is sent again alone.

use std::{collections::HashMap, io, path::Path};

use aws_sdk_s3::{
    Client,
    primitives::ByteStream,
    types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart},
};
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _, SeekFrom},
};

use super::Failure;

/// From here on an object goes in parts of this size, so that a bad line costs a part and not the whole.
pub(crate) const PART_BYTES: u64 = 8 << 20;

/// Writes to one bucket; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    pub(super) client: Client,
    pub(super) bucket: String,
    /// Of every part, where the server knows more than what the protocol requires.
    pub(super) checksum: Option<ChecksumAlgorithm>,
}

/// An object to be: its whole key and what is said of it.
#[derive(Debug, Default)]
pub(crate) struct Object {
    pub(crate) key: String,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) cache_control: Option<&'static str>,
    pub(crate) metadata: Option<HashMap<String, String>>,
    /// Whether it is refused where there is one of this key.
    pub(crate) only_if_new: bool,
}

impl Object {
    fn if_none_match(&self) -> Option<String> {
        self.only_if_new.then(|| "*".to_owned())
    }
}

/// What becomes of it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Body<'a> {
    /// Bytes in memory.
    Bytes(&'a [u8]),
    /// A file of this length, of which a part at a time is read.
    File(&'a Path, u64),
}

impl Body<'_> {
    fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(_, bytes) => *bytes,
        }
    }

    async fn range(&self, from: u64, length: u64) -> Result<ByteStream, Failure> {
        match self {
            Self::Bytes(bytes) => {
                let (from, until) = (from as usize, (from + length) as usize);
                Ok(ByteStream::from(bytes[from..until].to_vec()))
            }
            Self::File(path, _) => {
                let part = read(path, from, length).await.map_err(|error| Failure::Body(error.into()))?;
                Ok(ByteStream::from(part))
            }
        }
    }
}

/// A part of a file in memory: its digest is signed, and its checksum is a header. A body that is read as it is sent has both
/// in a trailer after it, which is a coding of Amazon's that other servers may refuse.
async fn read(path: &Path, from: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path).await?;
    file.seek(SeekFrom::Start(from)).await?;
    let mut part = vec![0; length as usize];
    file.read_exact(&mut part).await?;
    Ok(part)
}

impl Writer {
    /// Writes an object.
    pub(crate) async fn write(&self, object: &Object, body: Body<'_>) -> Result<(), Failure> {
        if body.len() > PART_BYTES {
            return Box::pin(self.write_in_parts(object, body)).await;
        }
        let request = self.client.put_object().bucket(&self.bucket).key(&object.key);
        let request = request
            .set_content_type(object.content_type.map(str::to_owned))
            .set_cache_control(object.cache_control.map(str::to_owned))
            .set_metadata(object.metadata.clone())
            .set_checksum_algorithm(self.checksum.clone())
            .set_if_none_match(object.if_none_match())
            .body(body.range(0, body.len()).await?);
        request.send().await?;
        Ok(())
    }

    async fn write_in_parts(&self, object: &Object, body: Body<'_>) -> Result<(), Failure> {
        let upload = self.begin(object).await?;
        let written = self.send_parts(object, &upload, body).await;
        if written.is_err() {
            let abort = self.client.abort_multipart_upload().bucket(&self.bucket).key(&object.key);
            // The first error is the one to tell; what is left is removed when it is old.
            let _ = abort.upload_id(&upload).send().await;
        }
        written
    }

    async fn begin(&self, object: &Object) -> Result<String, Failure> {
        let begin = self.client.create_multipart_upload().bucket(&self.bucket).key(&object.key);
        let begun = begin
            .set_content_type(object.content_type.map(str::to_owned))
            .set_cache_control(object.cache_control.map(str::to_owned))
            .set_metadata(object.metadata.clone())
            .set_checksum_algorithm(self.checksum.clone())
            .send()
            .await?;
        begun.upload_id.ok_or_else(|| Failure::NoAnswer("the upload has no id".into()))
    }

    async fn send_parts(&self, object: &Object, upload: &str, body: Body<'_>) -> Result<(), Failure> {
        let mut parts = CompletedMultipartUpload::builder();
        let starts = (0..body.len()).step_by(PART_BYTES as usize);
        for (number, from) in (1..).zip(starts) {
            let part = body.range(from, PART_BYTES.min(body.len() - from)).await?;
            let send = self.client.upload_part().bucket(&self.bucket).key(&object.key).upload_id(upload);
            let send = send.part_number(number).set_checksum_algorithm(self.checksum.clone());
            let sent = send.body(part).send().await?;
            let part = CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag);
            parts = parts.parts(part.set_checksum_sha256(sent.checksum_sha256).build());
        }
        let complete = self.client.complete_multipart_upload().bucket(&self.bucket).key(&object.key);
        complete
            .upload_id(upload)
            .multipart_upload(parts.build())
            .set_if_none_match(object.if_none_match())
            .send()
            .await?;
        Ok(())
    }
}
