//! Rate limits: how many requests of a class a client may make in a minute, and as many at once.
//!
//! A server counts by itself, in memory that has a bound. Where servers share a Redis they also count together: each server
//! lets the first requests of a client through and reports them in one question, a sixty-fourth of the limit at a time, so
//! that a client is never given more than that too much by each server, and few requests wait for Redis. While Redis does not
//! answer, the server's own count decides.

mod local;

use std::{net::IpAddr, sync::Arc, time::Duration};

use governor::clock::DefaultClock;
use ipnet::IpNet;
use metrics::{Counter, counter};
use moka::sync::Cache;

use crate::{
    cache::shared::Shared,
    domain::limit::{Class, Subject},
};

use self::local::{Local, Taken};

/// Credentials that were good and are remembered as such, at most.
const MAX_PROVEN: u64 = 10_000;
/// How long they are remembered without a use.
const PROVEN_FOR: Duration = Duration::from_hours(1);

/// How a client stands after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What was counted.
    pub class: Class,
    /// Requests that the client may make in a minute.
    pub per_minute: u32,
    /// Requests that it may make at once from now on.
    pub remaining: u32,
    /// For how long it is refused, if it is.
    pub refused_for: Option<Duration>,
}

impl Standing {
    /// The time until the client has the whole of its limit again, or where it is refused, until its next request.
    pub fn reset(&self) -> Duration {
        let used = self.per_minute.saturating_sub(self.remaining);
        let whole = Duration::from_secs_f64(60.0 * f64::from(used) / f64::from(self.per_minute.max(1)));
        self.refused_for.unwrap_or(whole)
    }
}

/// The limits of one server.
#[derive(Debug)]
pub struct Limits {
    classes: [Option<Counted>; Class::ALL.len()],
    shared: Option<Shared>,
    exempt: Vec<IpNet>,
    counts_behind_strangers: bool,
    proven: Cache<[u8; blake3::OUT_LEN], ()>,
    answered: Counter,
    failed: Counter,
}

/// A class, and how many of its requests were refused.
#[derive(Debug)]
struct Counted {
    local: Local<DefaultClock>,
    refused: Counter,
}

impl Limits {
    /// Limits of so many requests a minute for each class; 0 is no limit.
    pub fn new(per_minute: impl Fn(Class) -> u32) -> Self {
        let counted = |class: Class| {
            let refused = counter!("girasol_limited_requests_total", "class" => class.as_str());
            Local::new(per_minute(class), DefaultClock::default()).map(|local| Counted { local, refused })
        };
        let shared = |outcome: &'static str| counter!("girasol_limits_shared_total", "outcome" => outcome);
        Self {
            classes: Class::ALL.map(counted),
            shared: None,
            exempt: Vec::new(),
            counts_behind_strangers: false,
            proven: Cache::builder().max_capacity(MAX_PROVEN).time_to_idle(PROVEN_FOR).build(),
            answered: shared("answered"),
            failed: shared("failed"),
        }
    }

    /// The same limits, counted together with other servers.
    #[must_use]
    pub fn sharing(self, shared: Option<Shared>) -> Self {
        Self { shared, ..self }
    }

    /// The same limits, without clients in these networks.
    #[must_use]
    pub fn exempting(self, exempt: Vec<IpNet>) -> Self {
        Self { exempt, ..self }
    }

    /// The same limits, which also hold for peers that seem to be proxies and are not trusted: each is one client then.
    #[must_use]
    pub fn counting_behind_strangers(self, counts: bool) -> Self {
        Self { counts_behind_strangers: counts, ..self }
    }

    /// Whether peers count as clients that name a client in a header that is not believed.
    pub fn counts_behind_strangers(&self) -> bool {
        self.counts_behind_strangers
    }

    /// The client at an address, unless it is exempt.
    pub fn subject(&self, address: IpAddr) -> Option<Subject> {
        let address = address.to_canonical();
        let is_exempt = self.exempt.iter().any(|network| network.contains(&address));
        (!is_exempt).then(|| Subject::at(address))
    }

    /// Counts a request. `None` where the class has no limit.
    pub async fn take(&self, class: Class, subject: &Subject) -> Option<Standing> {
        let counted = self.classes[class as usize].as_ref()?;
        let per_minute = counted.local.per_minute();
        let standing = |remaining, refused_for| Standing { class, per_minute, remaining, refused_for };
        let standing = match counted.local.take(subject) {
            Taken::Refused(wait) => standing(0, Some(wait)),
            Taken::Allowed { remaining, owed } => match self.report(class, subject, per_minute, owed).await {
                Some((_, Some(wait))) => {
                    counted.local.refuse(subject, wait);
                    standing(0, Some(wait))
                }
                Some((elsewhere, None)) => standing(remaining.min(elsewhere), None),
                None => standing(remaining, None),
            },
        };
        if standing.refused_for.is_some() {
            counted.refused.increment(1);
        }
        Some(standing)
    }

    /// Counts a request that is answered at once, and says whether it may be. What other servers have to know is reported
    /// meanwhile: a client that is refused there is refused from its next request on.
    pub fn admits(self: &Arc<Self>, class: Class, subject: Subject) -> bool {
        let Some(counted) = self.classes[class as usize].as_ref() else { return true };
        match counted.local.take(&subject) {
            Taken::Refused(_) => false,
            Taken::Allowed { owed, .. } => {
                if owed.is_some() && self.shared.is_some() {
                    let (limits, per_minute) = (self.clone(), counted.local.per_minute());
                    tokio::spawn(async move {
                        let answer = limits.report(class, &subject, per_minute, owed).await;
                        if let (Some((_, Some(wait))), Some(counted)) =
                            (answer, &limits.classes[class as usize])
                        {
                            counted.local.refuse(&subject, wait);
                        }
                    });
                }
                true
            }
        }
    }

    /// Whether a client is refused already.
    pub fn is_refused(&self, class: Class, subject: &Subject) -> bool {
        self.classes[class as usize]
            .as_ref()
            .is_some_and(|counted| counted.local.refused_for(subject).is_some())
    }

    /// How a client stands that is refused already; no request is counted.
    pub fn refused(&self, class: Class, subject: &Subject) -> Option<Standing> {
        let Counted { local, refused } = self.classes[class as usize].as_ref()?;
        let refused_for = Some(local.refused_for(subject)?);
        refused.increment(1);
        Some(Standing { class, per_minute: local.per_minute(), remaining: 0, refused_for })
    }

    /// Remembers that a credential was good or not. One that was good a while ago is tried however often others from the
    /// same address fail.
    pub fn prove(&self, credential: &str, is_good: bool) {
        let digest = *blake3::hash(credential.as_bytes()).as_bytes();
        if is_good {
            self.proven.insert(digest, ());
        } else {
            self.proven.invalidate(&digest);
        }
    }

    /// Whether a credential was good when it was used last.
    pub fn is_proven(&self, credential: &str) -> bool {
        self.proven.contains_key(blake3::hash(credential.as_bytes()).as_bytes())
    }

    /// Reports requests to the count that servers share: what remains there, and how long the client has to wait.
    async fn report(
        &self,
        class: Class,
        subject: &Subject,
        per_minute: u32,
        owed: Option<u32>,
    ) -> Option<(u32, Option<Duration>)> {
        let (shared, owed) = (self.shared.as_ref()?, owed?);
        let of = format!("{} {}", class.as_str(), subject.name());
        let answer = shared.count(&of, per_minute, owed).await;
        if answer.is_some() { &self.answered } else { &self.failed }.increment(1);
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits::new(|class| if class == Class::Vitals { 0 } else { 2 })
    }

    #[tokio::test]
    async fn a_client_is_refused_beyond_its_limit_and_told_how_it_stands() {
        let limits = limits();
        let client = Subject::at("192.0.2.1".parse().unwrap());
        let first = limits.take(Class::Reads, &client).await.unwrap();
        assert_eq!((first.per_minute, first.remaining, first.refused_for), (2, 1, None));
        assert_eq!(first.reset(), Duration::from_secs(30));
        assert_eq!(limits.take(Class::Reads, &client).await.unwrap().remaining, 0);
        let refused = limits.take(Class::Reads, &client).await.unwrap();
        assert!(refused.refused_for.is_some_and(|wait| wait <= Duration::from_secs(30)), "{refused:?}");
        assert_eq!(refused.reset(), refused.refused_for.unwrap());
        // Another class, another client, and a class without a limit.
        assert!(limits.take(Class::Failures, &client).await.unwrap().refused_for.is_none());
        let other = Subject::at("192.0.2.2".parse().unwrap());
        assert!(limits.take(Class::Reads, &other).await.unwrap().refused_for.is_none());
        assert_eq!(limits.take(Class::Vitals, &client).await, None);
    }

    #[test]
    fn clients_in_exempt_networks_are_not_counted() {
        let limits = limits().exempting(vec!["192.0.2.0/24".parse().unwrap()]);
        assert_eq!(limits.subject("192.0.2.9".parse().unwrap()), None);
        assert_eq!(limits.subject("::ffff:192.0.2.9".parse().unwrap()), None);
        assert!(limits.subject("198.51.100.9".parse().unwrap()).is_some());
    }

    #[test]
    fn a_credential_is_proven_until_it_fails() {
        let limits = limits();
        assert!(!limits.is_proven("good"));
        limits.prove("good", true);
        assert!(limits.is_proven("good") && !limits.is_proven("other"));
        limits.prove("good", false);
        assert!(!limits.is_proven("good"));
    }
}
