//! Full disks: one rule that finds them among the causes of any error.

use std::{
    error::Error,
    io::{self, ErrorKind},
};

/// Whether an error comes from a disk that takes no more bytes: full, over a quota, or at the largest file that the
/// system allows.
pub fn is_full(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref().is_some_and(takes_no_more) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// `source` of an error that holds another one leaves that one out, so it is looked at here.
fn takes_no_more(error: &io::Error) -> bool {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => true,
        _ => error.get_ref().is_some_and(|held| is_full(held)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outside")]
    struct Outside(#[source] io::Error);

    #[derive(Debug, thiserror::Error)]
    #[error(transparent)]
    struct Wrapper(#[from] Outside);

    #[test]
    fn a_full_disk_is_found_at_any_depth() {
        for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded, ErrorKind::FileTooLarge] {
            assert!(is_full(&io::Error::from(kind)), "{kind}");
            assert!(is_full(&Wrapper(Outside(kind.into()))), "{kind}");
            let held = io::Error::other(io::Error::other(Outside(kind.into())));
            assert!(is_full(&Wrapper(Outside(held))), "{kind}");
        }
        // ENOSPC, EDQUOT and EFBIG as the system gives them.
        for errno in [rustix::io::Errno::NOSPC, rustix::io::Errno::DQUOT, rustix::io::Errno::FBIG] {
            assert!(is_full(&io::Error::from(errno)), "{errno}");
        }
    }

    #[test]
    fn other_errors_are_not_full_disks() {
        assert!(!is_full(&Wrapper(Outside(ErrorKind::PermissionDenied.into()))));
        assert!(!is_full(&io::Error::other("no space left on device")));
    }
}
