//! The count of one server for one class, in memory that has a bound.

use std::{
    fmt,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use governor::{
    NotUntil, Quota, RateLimiter,
    clock::{Clock, Reference},
    middleware::StateInformationMiddleware,
    state::{InMemoryState, NotKeyed},
};
use moka::sync::Cache;

use crate::domain::limit::Subject;

/// Clients that a class remembers, at most; each takes some 300 bytes. Of more clients than that the cache keeps those that
/// come often, so that one that floods the server is not forgotten for many that come once.
const MAX_CLIENTS: u64 = 50_000;
/// How long a client is remembered that does not come: longer than it takes to have the whole limit again.
const IDLE: Duration = Duration::from_mins(2);
/// The time in which a limit is whole again.
const WINDOW: Duration = Duration::from_mins(1);
/// The part of a limit that a server gives out before it reports to the others.
const PARTS: u32 = 64;

type Limiter<C> = RateLimiter<NotKeyed, InMemoryState, C, StateInformationMiddleware>;

/// The count of each client.
pub(super) struct Local<C: Clock> {
    limit: NonZeroU32,
    quota: Quota,
    clients: Cache<Subject, Arc<Client<C>>>,
    clock: C,
}

struct Client<C: Clock> {
    limiter: Limiter<C>,
    account: Mutex<Account<C::Instant>>,
}

/// What a server and the others have to tell each other of a client.
#[derive(Debug, Clone, Copy)]
struct Account<I> {
    /// Requests that were not reported yet.
    owed: u32,
    /// When the first of them came.
    since: I,
    /// Until when the client is refused, whatever this server has counted.
    refused_until: I,
}

/// Whether a request may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Allowed {
        /// Requests that the client may make at once from now on.
        remaining: u32,
        /// Requests to report now.
        owed: Option<u32>,
    },
    /// For so long.
    Refused(Duration),
}

impl<C: Clock> fmt::Debug for Local<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local").field("per_minute", &self.limit).finish_non_exhaustive()
    }
}

impl<C: Clock + Clone + Send + Sync + 'static> Local<C> {
    /// A count with a limit; `None` for 0, which is no limit.
    pub(super) fn new(per_minute: u32, clock: C) -> Option<Self> {
        Self::of_at_most(MAX_CLIENTS, per_minute, clock)
    }

    fn of_at_most(clients: u64, per_minute: u32, clock: C) -> Option<Self> {
        let limit = NonZeroU32::new(per_minute)?;
        let clients = Cache::builder().max_capacity(clients).time_to_idle(IDLE).build();
        Some(Self { limit, quota: Quota::per_minute(limit), clients, clock })
    }

    pub(super) const fn per_minute(&self) -> u32 {
        self.limit.get()
    }

    /// Counts a request.
    pub(super) fn take(&self, subject: &Subject) -> Taken {
        let client = self.client(subject);
        let now = self.clock.now();
        let mut account = client.account.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(wait) = account.refused_for(now) {
            return Taken::Refused(wait);
        }
        match client.limiter.check() {
            Ok(state) => {
                let owed = account.owe(now, (self.per_minute() / PARTS).max(1));
                Taken::Allowed { remaining: state.remaining_burst_capacity(), owed }
            }
            Err(until) => {
                let wait = wait(&until, now);
                account.refused_until = now + wait.into();
                Taken::Refused(wait)
            }
        }
    }

    /// Refuses a client for a while.
    pub(super) fn refuse(&self, subject: &Subject, wait: Duration) {
        let client = self.client(subject);
        let mut account = client.account.lock().unwrap_or_else(PoisonError::into_inner);
        account.refused_until = self.clock.now() + wait.min(WINDOW).into();
    }

    /// How long a client is refused from now on, if it is known to be.
    pub(super) fn refused_for(&self, subject: &Subject) -> Option<Duration> {
        let client = self.clients.get(subject)?;
        let account = client.account.lock().unwrap_or_else(PoisonError::into_inner);
        account.refused_for(self.clock.now())
    }

    fn client(&self, subject: &Subject) -> Arc<Client<C>> {
        let begin = || {
            let now = self.clock.now();
            let limiter = RateLimiter::direct_with_clock(self.quota, self.clock.clone()).with_middleware();
            Arc::new(Client {
                limiter,
                account: Mutex::new(Account { owed: 0, since: now, refused_until: now }),
            })
        };
        self.clients.get(subject).unwrap_or_else(|| self.clients.get_with_by_ref(subject, begin))
    }
}

impl<I: Reference> Account<I> {
    fn refused_for(&self, now: I) -> Option<Duration> {
        let wait: Duration = self.refused_until.duration_since(now).into();
        (!wait.is_zero()).then_some(wait)
    }

    /// Notes a request, and answers how many are to be reported, once they are enough.
    fn owe(&mut self, now: I, enough: u32) -> Option<u32> {
        // What is older than the window is free again.
        if self.owed == 0 || Duration::from(now.duration_since(self.since)) >= WINDOW {
            (self.owed, self.since) = (0, now);
        }
        self.owed += 1;
        (self.owed >= enough).then(|| std::mem::take(&mut self.owed))
    }
}

/// At least a millisecond: a refusal without a wait would be none.
fn wait<I: Reference>(until: &NotUntil<I>, now: I) -> Duration {
    until.wait_time_from(now).max(Duration::from_millis(1))
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn client(number: u32) -> Subject {
        Subject::at(std::net::Ipv4Addr::from(0x0a00_0000 + number).into())
    }

    fn local(per_minute: u32) -> (Local<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Local::new(per_minute, clock.clone()).unwrap(), clock)
    }

    fn is_allowed<C: Clock + Clone + Send + Sync + 'static>(local: &Local<C>, subject: &Subject) -> bool {
        matches!(local.take(subject), Taken::Allowed { .. })
    }

    #[test]
    fn a_client_may_use_its_limit_at_once_and_then_as_it_grows_again() {
        let (local, clock) = local(60);
        for remaining in (0..60).rev() {
            assert_eq!(local.take(&client(1)), Taken::Allowed { remaining, owed: Some(1) });
        }
        assert_eq!(local.take(&client(1)), Taken::Refused(Duration::from_secs(1)));
        assert_eq!(local.refused_for(&client(1)), Some(Duration::from_secs(1)));
        assert!(is_allowed(&local, &client(2)), "another client");
        clock.advance(Duration::from_millis(999));
        assert_eq!(local.take(&client(1)), Taken::Refused(Duration::from_millis(1)));
        clock.advance(Duration::from_millis(1));
        assert_eq!(local.refused_for(&client(1)), None);
        assert!(is_allowed(&local, &client(1)));
        assert!(!is_allowed(&local, &client(1)), "one for each second");
        clock.advance(WINDOW);
        assert_eq!((0..100).filter(|_| is_allowed(&local, &client(1))).count(), 60);
    }

    #[test]
    fn no_limit_counts_nothing() {
        assert!(Local::new(0, FakeRelativeClock::default()).is_none());
    }

    #[test]
    fn a_part_of_the_limit_is_reported_at_a_time_and_what_is_old_is_not() {
        let (local, clock) = local(640);
        let owed = |local: &Local<_>| match local.take(&client(1)) {
            Taken::Allowed { owed, .. } => owed,
            Taken::Refused(_) => panic!("refused"),
        };
        for round in 0..3 {
            assert!((0..9).all(|_| owed(&local).is_none()), "{round}");
            assert_eq!(owed(&local), Some(10), "{round}");
        }
        assert!((0..9).all(|_| owed(&local).is_none()));
        clock.advance(WINDOW);
        assert!((0..9).all(|_| owed(&local).is_none()), "nine that are old");
        assert_eq!(owed(&local), Some(10));
    }

    #[test]
    fn a_client_that_others_refuse_is_refused_here_for_as_long() {
        let (local, clock) = local(60);
        local.refuse(&client(1), Duration::from_secs(7));
        assert_eq!(local.take(&client(1)), Taken::Refused(Duration::from_secs(7)));
        clock.advance(Duration::from_secs(7));
        assert!(is_allowed(&local, &client(1)));
        local.refuse(&client(1), Duration::from_hours(9));
        assert_eq!(local.take(&client(1)), Taken::Refused(WINDOW), "nothing lasts longer than the window");
    }

    #[test]
    fn however_many_clients_come_memory_has_a_bound_and_the_one_that_floods_is_remembered() {
        let clock = FakeRelativeClock::default();
        let local = Local::of_at_most(100, 2, clock).unwrap();
        for number in 1..5_000 {
            local.take(&client(0));
            local.take(&client(number));
        }
        local.clients.run_pending_tasks();
        assert!(local.clients.entry_count() <= 100, "{}", local.clients.entry_count());
        assert!(!is_allowed(&local, &client(0)));
    }
}
