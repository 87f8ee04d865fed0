//! Jobs: committed frame sets on their way to a version.

use super::backoff::Backoff;

pub use super::frameset::JobId;

/// What becomes of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase", parse_err_ty = UnknownState, parse_err_fn = unknown)]
pub enum JobState {
    /// It waits for a worker, or for its next try.
    Queued,
    /// A worker has it.
    Running,
    /// Its version is there.
    Ready,
    /// It was tried often enough, or cannot succeed.
    Failed,
    /// A request cancelled it.
    Cancelled,
}

impl JobState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Running, Self::Ready, Self::Failed, Self::Cancelled];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether the job has ended; a retry queues it again.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Ready | Self::Failed | Self::Cancelled)
    }
}

/// The text names no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("that is no state of a job")]
pub struct UnknownState;

const fn unknown(_word: &str) -> UnknownState {
    UnknownState
}

/// How often a job is tried.
pub const ATTEMPTS: u32 = 5;
/// How long a failed job waits before its next attempt.
const RETRY: Backoff = Backoff { first_ms: 5_000, most_ms: 5_120_000 };

/// How long a queued job without a preview waits for a free worker, before one that is at standard and hd of another set gives
/// way.
pub const PREVIEW_WAIT_MS: i64 = 2_000;
/// How long standard and hd of a set wait for previews of others, from when its own was made. After this they take their turn
/// like every job, and are not interrupted.
pub const GIVES_WAY_MS: i64 = 600_000;

/// Milliseconds that a job waits after so many attempts.
pub const fn wait_ms(attempts: u32) -> i64 {
    RETRY.wait_ms(attempts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double() {
        assert_eq!([1, 2, 3, 4].map(wait_ms), [5_000, 10_000, 20_000, 40_000]);
        assert_eq!(wait_ms(0), 5_000);
        assert!(wait_ms(u32::MAX) > 0);
    }

    #[test]
    fn states_are_words() {
        for state in JobState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert_eq!("lost".parse::<JobState>(), Err(UnknownState));
    }
}
