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
        let left = Left { objects: &self.prefix, staged: &self.connection.staged_prefix(), before };
        for upload in list.send().await?.uploads() {
            let (Some(name), Some(id), Some(since)) = (upload.key(), upload.upload_id(), upload.initiated())
            else {
                continue;
            };
            if left.has(name, since, SystemTime::now()) {
                let abort = self.client.abort_multipart_upload().bucket(&self.bucket).key(name);
                abort.upload_id(id).send().await?;
            }
        }
        Ok(())
    }
}

/// What counts as left: of objects what began before a time, and of what artists have sent what began a day ago as well,
/// since it is copied into the bucket within hours.
struct Left<'l> {
    objects: &'l str,
    staged: &'l str,
    before: SystemTime,
}

impl Left<'_> {
    fn has(&self, name: &str, since: &DateTime, now: SystemTime) -> bool {
        let Self { objects, staged, before } = self;
        if name.strip_prefix(objects).is_some_and(|name| name.parse::<Address>().is_ok()) {
            return *since <= DateTime::from(*before);
        }
        let a_day_ago = now.checked_sub(A_DAY).unwrap_or(SystemTime::UNIX_EPOCH);
        name.starts_with(staged) && *since <= DateTime::from(a_day_ago.min(*before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_artists_send_has_a_day_and_what_others_do_is_not_ours() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(1000);
        let ago = |hours: u64| now - Duration::from_hours(hours);
        let left = Left { objects: "live/", staged: "live/staged/", before: ago(2) };
        let pack = format!("live/p/{}.pack", assets_pipeline::digest::Digest::of(b"frames"));
        for (name, hours, is_left) in [
            (pack.as_str(), 3, true),
            (&pack, 1, false),
            ("live/staged/set/files/digest", 3, false),
            ("live/staged/set/files/digest", 25, true),
            ("live/other", 25, false),
            ("staged/set/files/digest", 25, false),
        ] {
            assert_eq!(left.has(name, &DateTime::from(ago(hours)), now), is_left, "{name} {hours}");
        }
        let patient = Left { before: ago(30), ..left };
        assert!(!patient.has("live/staged/set/files/digest", &DateTime::from(ago(25)), now));
    }
}
