//! Why a store cannot be used, as far as an operator can do something about it.

use std::{error::Error, fmt, io};

/// What is wrong with a store. Its words name no bucket, host or key, so that the public health check may say them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// No credentials were found.
    NoCredentials,
    /// The server does not accept the credentials.
    BadCredentials,
    /// The clocks of the server and of this machine differ.
    WrongClock,
    /// The bucket does not exist.
    NoSuchBucket,
    /// The credentials do not include the action.
    AccessDenied,
    /// The bucket is in this other region, if the server names it.
    WrongRegion(Option<String>),
    /// No answer came.
    Unreachable,
    /// The server answers that it cannot serve now.
    Busy,
    /// The disk has no room.
    DiskFull,
    /// Something else.
    Other,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCredentials => "there are no credentials",
            Self::BadCredentials => "the credentials are not accepted",
            Self::WrongClock => "the clocks of the server and of this machine differ",
            Self::NoSuchBucket => "the bucket does not exist",
            Self::AccessDenied => "access is denied",
            Self::WrongRegion(_) => "the bucket is in another region",
            Self::Unreachable => "no answer comes",
            Self::Busy => "its server is busy or fails",
            Self::DiskFull => "the disk is full",
            Self::Other => "a request failed",
        })
    }
}

impl Trouble {
    /// Reads it from a backend's own error.
    pub(super) fn of(cause: &(dyn Error + Send + Sync + 'static)) -> Self {
        if let Some(trouble) = super::s3::trouble(cause) {
            return trouble;
        }
        match cause.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => Self::DiskFull,
            Some(io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => Self::AccessDenied,
            _ => Self::Other,
        }
    }

    /// Whether an error is about one object, while others can be read and written: its permissions, its place on the disk.
    pub fn is_of_object(cause: &(dyn Error + Send + Sync + 'static)) -> bool {
        if let Some(is_of_object) = super::s3::is_of_object(cause) {
            return is_of_object;
        }
        let Some(error) = cause.downcast_ref::<io::Error>() else { return false };
        let is_of_process = [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE]
            .iter()
            .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()));
        let is_of_store = matches!(
            error.kind(),
            io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::ReadOnlyFilesystem
                | io::ErrorKind::OutOfMemory
                // The folder of the store is gone.
                | io::ErrorKind::NotFound
        );
        !is_of_process && !is_of_store
    }

    /// What is wrong, where the error is one of a bucket.
    pub fn of_bucket(cause: &(dyn Error + Send + Sync + 'static)) -> Option<Self> {
        super::s3::trouble(cause)
    }

    /// Whether the same question may be answered in a while.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable | Self::Busy)
    }

    /// Whether it stays until an operator changes something. An answer that does not come may come later.
    pub fn is_lasting(&self) -> bool {
        !matches!(self, Self::Unreachable | Self::Busy | Self::Other)
    }

    /// What to do, in a sentence.
    pub fn remedy(&self) -> String {
        match self {
            Self::NoCredentials => {
                "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the process a profile or a \
                                    role, as for Amazon's own tools."
                    .to_owned()
            }
            Self::BadCredentials => "Check the key's id and its secret.".to_owned(),
            Self::WrongClock => {
                "Set the clock of this machine: what is signed a quarter of an hour early or late is refused."
                    .to_owned()
            }
            Self::NoSuchBucket => {
                "Create the bucket, or correct store.bucket, store.endpoint and store.path_style.".to_owned()
            }
            Self::AccessDenied => {
                "Allow s3:GetObject, PutObject, DeleteObject, ListBucket, AbortMultipartUpload and \
                                   ListBucketMultipartUploads; for a folder, allow this user to write."
                    .to_owned()
            }
            Self::WrongRegion(Some(region)) => format!("Set store.region = \"{region}\"."),
            Self::WrongRegion(None) => "Set store.region to the region of the bucket.".to_owned(),
            Self::Unreachable => {
                "Check that the server runs, that this machine reaches it, and store.endpoint.".to_owned()
            }
            Self::Busy => {
                "Run the same command again in a while. If it stays so, look at the server's own log."
                    .to_owned()
            }
            Self::DiskFull => "Make room on the disk, and run the same command again.".to_owned(),
            Self::Other => "The log has the cause. Run the same command again.".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_a_folder_of_another_user_are_told_apart() {
        let of = |kind: io::ErrorKind| Trouble::of(&io::Error::from(kind));
        assert_eq!(of(io::ErrorKind::StorageFull), Trouble::DiskFull);
        assert_eq!(of(io::ErrorKind::PermissionDenied), Trouble::AccessDenied);
        assert_eq!(of(io::ErrorKind::InvalidData), Trouble::Other);
    }

    #[test]
    fn what_one_object_suffers_from_is_no_trouble_of_the_store() {
        use rustix::io::Errno;
        let of = |errno: Errno| Trouble::is_of_object(&io::Error::from(errno));
        for errno in [Errno::ACCESS, Errno::ISDIR, Errno::NOTDIR, Errno::IO, Errno::LOOP, Errno::NOTEMPTY] {
            assert!(of(errno), "{errno}");
        }
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOSPC, Errno::ROFS, Errno::NOMEM, Errno::NOENT] {
            assert!(!of(errno), "{errno}");
        }
    }
}
