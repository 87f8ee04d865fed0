//! The name of the database that a bucket's objects belong to.

use aws_sdk_s3::primitives::ByteStream;

use crate::store::{Cause, identity::KEY};

use super::{Failure, S3};

/// The first words of objects' keys.
const FOLDERS: [&str; 5] = ["m", "s", "p", "still", "private"];

impl S3 {
    pub(in crate::store) async fn identity(&self) -> Result<Option<String>, Cause> {
        let read = self.get_patiently(&self.client, &format!("{}{KEY}", self.prefix)).await?;
        Ok(read.map(String::from_utf8).transpose()?)
    }

    pub(in crate::store) async fn set_identity(&self, text: &str) -> Result<(), Cause> {
        let request = self.client.put_object().bucket(&self.bucket).key(format!("{}{KEY}", self.prefix));
        let request = request.content_type("text/plain").cache_control("no-store");
        let request = request.set_checksum_algorithm(self.checksum());
        request.body(ByteStream::from(text.as_bytes().to_vec())).send().await.map_err(Failure::from)?;
        Ok(())
    }

    pub(in crate::store) async fn is_empty(&self) -> Result<bool, Cause> {
        for folder in FOLDERS {
            let request = self.client.list_objects_v2().bucket(&self.bucket).max_keys(1);
            let listed = request.prefix(format!("{}{folder}/", self.prefix)).send().await;
            if !listed.map_err(Failure::from)?.contents().is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
