//! What uploads in parts leave that were never finished.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::primitives::DateTime;

use crate::store::Address;

use super::{Failure, S3};

/// The longest that a program takes for one file.
const A_DAY: Duration = Duration::from_hours(24);

impl S3 {
    /// Removes what uploads have left that began before that and were never finished; at most a thousand at a time.
    pub(super) async fn abort_parts(&self, before: SystemTime) -> Result<(), Failure> {
        let list = self.client.list_multipart_uploads().bucket(&self.bucket).prefix(&self.prefix);
        // What artists have sent is copied into the bucket within hours.
        let a_day_ago = SystemTime::now().checked_sub(A_DAY).unwrap_or(SystemTime::UNIX_EPOCH);
        let (before, a_day_ago) = (DateTime::from(before), DateTime::from(a_day_ago.min(before)));
        let staged = self.connection.staged_prefix();
        for upload in list.send().await?.uploads() {
            let (Some(name), Some(id), Some(since)) = (upload.key(), upload.upload_id(), upload.initiated())
            else {
                continue;
            };
            let is_object =
                name.strip_prefix(&self.prefix).is_some_and(|name| name.parse::<Address>().is_ok());
            let is_old =
                if is_object { *since <= before } else { name.starts_with(&staged) && *since <= a_day_ago };
            if is_old {
                let abort = self.client.abort_multipart_upload().bucket(&self.bucket).key(name);
                abort.upload_id(id).send().await?;
            }
        }
        Ok(())
    }
}
