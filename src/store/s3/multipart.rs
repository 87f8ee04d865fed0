//! Large objects go in parts: one that fails is sent again alone.

use std::time::SystemTime;

use aws_sdk_s3::{
    primitives::{ByteStream, DateTime},
    types::{CompletedMultipartUpload, CompletedPart},
};

use crate::store::Address;

use super::{Failure, PART_BYTES, Place, S3, cache_control, metadata};

impl S3 {
    pub(super) async fn write_in_parts(
        &self,
        key: &Address,
        bytes: &[u8],
        place: Place,
    ) -> Result<(), Failure> {
        let upload = self.begin(key).await?;
        let written = self.send_parts(key, &upload, bytes, place).await;
        if written.is_err() {
            let abort = self.client.abort_multipart_upload().bucket(&self.bucket).key(self.name(key));
            // The first error is the one to tell; what is left is removed when it is old.
            let _ = abort.upload_id(&upload).send().await;
        }
        written
    }

    async fn begin(&self, key: &Address) -> Result<String, Failure> {
        let begin = self.client.create_multipart_upload().bucket(&self.bucket).key(self.name(key));
        let begun = begin
            .content_type(key.key.media_type())
            .cache_control(cache_control(key))
            .set_metadata(metadata(key))
            .set_checksum_algorithm(self.checksum.clone())
            .send()
            .await?;
        begun.upload_id.ok_or_else(|| Failure::NoAnswer("the upload has no id".into()))
    }

    async fn send_parts(
        &self,
        key: &Address,
        upload: &str,
        bytes: &[u8],
        place: Place,
    ) -> Result<(), Failure> {
        let mut parts = CompletedMultipartUpload::builder();
        for (number, part) in (1..).zip(bytes.chunks(PART_BYTES)) {
            let send = self.client.upload_part().bucket(&self.bucket).key(self.name(key)).upload_id(upload);
            let send = send.part_number(number).set_checksum_algorithm(self.checksum.clone());
            let sent = send.body(ByteStream::from(part.to_vec())).send().await?;
            let part = CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag);
            parts = parts.parts(part.set_checksum_sha256(sent.checksum_sha256).build());
        }
        let complete = self.client.complete_multipart_upload().bucket(&self.bucket).key(self.name(key));
        complete
            .upload_id(upload)
            .multipart_upload(parts.build())
            .set_if_none_match(place.if_none_match())
            .send()
            .await?;
        Ok(())
    }

    /// Removes what uploads have left that began before that and were never finished; at most a thousand at a time.
    pub(super) async fn abort_parts(&self, before: SystemTime) -> Result<(), Failure> {
        let list = self.client.list_multipart_uploads().bucket(&self.bucket).prefix(&self.prefix);
        let before = DateTime::from(before);
        for upload in list.send().await?.uploads() {
            let (Some(name), Some(id), Some(since)) = (upload.key(), upload.upload_id(), upload.initiated())
            else {
                continue;
            };
            let is_ours = name.strip_prefix(&self.prefix).is_some_and(|name| name.parse::<Address>().is_ok());
            if is_ours && *since <= before {
                let abort = self.client.abort_multipart_upload().bucket(&self.bucket).key(name);
                abort.upload_id(id).send().await?;
            }
        }
        Ok(())
    }
}
