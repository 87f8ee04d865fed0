//! What an artist is advised where a job came to nothing.

use crate::{
    ingest::Advice,
    staging::{NoRoom, UnpackError, fetch::FetchError},
};

pub(super) const FREE_DISK: &str = "Free space on the disk of the server: the job is tried again by itself.";
const QUOTA: &str = "Discard frame sets that are not needed: the job is tried again by itself.";

pub(super) fn about(slug: &'static str, file: Option<&str>, remedy: Option<String>) -> Advice {
    Advice { slug, file: file.map(str::to_owned), remedy }
}

/// What to do about what waits in the bucket.
pub(super) fn advice(error: &FetchError) -> Advice {
    const MEND: &str = "Mend it in the bucket and retry the job.";
    let mend = Some(MEND.to_owned());
    match error {
        FetchError::Name { name, .. } | FetchError::Unpack(UnpackError::Name { name, .. }) => {
            about("bad-name", Some(name), mend)
        }
        FetchError::TooLarge { name, .. } => about("file-too-large", Some(name.as_str()), mend),
        FetchError::TooManyFiles(_) => about("too-many-files", None, mend),
        FetchError::Unpack(UnpackError::Refused(refusal)) => {
            about(refusal.slug(), refusal.file(), Some(format!("{} {MEND}", refusal.remedy())))
        }
        FetchError::Unpack(UnpackError::NoRoom(no_room)) | FetchError::NoRoom(no_room) => match no_room {
            NoRoom::Disk => about("disk-full", None, Some(FREE_DISK.to_owned())),
            NoRoom::Quota(_) => about("quota-exceeded", None, Some(QUOTA.to_owned())),
            NoRoom::Staging(_) => about("staging", None, None),
            NoRoom::Db(_) => about("database", None, None),
        },
        FetchError::Closed(_) | FetchError::Stopped => about("overtaken", None, None),
        FetchError::Unpack(UnpackError::Staging(_)) | FetchError::Staging(_) => about("staging", None, None),
        FetchError::Inbox(_) => about("store", None, None),
        FetchError::Unpack(UnpackError::Db(_)) | FetchError::Db(_) => about("database", None, None),
    }
}
