//! Open files and connections: how many the system allows this process.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// What files, the database and requests to other servers take of them.
const RESERVED: u64 = 256;

/// Raises the limit to what the system allows, and answers how many connections that leaves.
pub(super) fn connections() -> u64 {
    let limit = raise().unwrap_or_else(|error| {
        tracing::warn!(%error, "the limit of open files is not known");
        1024
    });
    // With a very low limit, half of it.
    limit.saturating_sub(RESERVED).max(limit / 2)
}

fn raise() -> nix::Result<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft >= hard {
        return Ok(soft);
    }
    // macOS refuses more than OPEN_MAX although its limit is higher.
    match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        Ok(()) => Ok(hard),
        Err(_refused) => Ok(soft),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_as_high_as_it_may_be() {
        let left = connections();
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert_eq!(soft, hard);
        assert!(left < hard && left >= hard / 2);
    }
}
