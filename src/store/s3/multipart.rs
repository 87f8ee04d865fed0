//! What uploads in parts leave that were never finished.

use std::time::SystemTime;

use aws_sdk_s3::primitives::DateTime;

use crate::store::Address;

use super::{Failure, S3};

impl S3 {
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
