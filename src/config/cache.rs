//! `[cache]`

use super::{
    problem::{Problem, check},
    secret::SecretText,
    setting::{Kind, count_from, section, whole, whole_from},
};

section! {
    /// Memory in front of the database and the store.
    #[derive(Eq)]
    "cache" CacheConfig {
        /// Bytes of memory for frames, packs and stills.
        objects_max_bytes: u64 = 256 << 20, whole_from(0);
        /// Bytes of memory for manifests, products and compressed answers.
        answers_max_bytes: u64 = 32 << 20, whole_from(0);
        /// Seconds for which a server goes on with what it knew of a spin while the database cannot be asked. A take-down
        /// that it cannot hear of takes effect after that. 0 refuses with 503 at once.
        last_known_seconds: u32 = 600, whole(0, 86_400);
        /// Spins, the most popular first, that a server loads when it starts. Above 0 it also loads each spin that goes live.
        warm: u32 = 24, count_from(0);
        /// A Redis server that all servers of an installation share: manifests, products and compressed answers that one of
        /// them has made, the others take from there. Several installations may use the same one. Nothing is lost with it.
        redis: Option<SecretText> = None, Kind::Secret, "\"redis://cache.example:6379/0\"";
        /// Milliseconds that a question to Redis may take. A server that does not answer in time is asked once a second
        /// from then on, and answers come from the database and the store meanwhile.
        redis_timeout_ms: u64 = 50, whole(1, 5_000);
    }
}

impl CacheConfig {
    pub(crate) fn validate(&self) -> Result<(), Problem> {
        let Some(url) = &self.redis else { return Ok(()) };
        check(
            cfg!(feature = "cloud"),
            "cache.redis",
            "needs a build with the feature cloud, as make build makes it; make demo leaves it out",
        )?;
        check(
            is_address(url.expose()),
            "cache.redis",
            "must be an address as redis://host:6379/0, or rediss:// for TLS; of a password, @ : / ? # and % are percent-encoded",
        )
    }
}

/// Whether user, password and host are where they belong.
fn is_address(url: &str) -> bool {
    let rest = url.strip_prefix("redis://").or_else(|| url.strip_prefix("rediss://"));
    let Some(rest) = rest else { return false };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit('@').next().unwrap_or_default();
    let port = host.rsplit_once(':').filter(|_| !host.ends_with(']')).map(|(_, port)| port);
    !host.is_empty()
        && authority.matches('@').count() <= 1
        && port.is_none_or(|port| port.parse::<u16>().is_ok())
        && (path.is_empty() || path.parse::<u16>().is_ok())
        && !url.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_of_a_redis_server_is_refused() {
        let of = |url: &str| {
            CacheConfig { redis: Some(url.to_owned().into()), ..CacheConfig::default() }.validate()
        };
        for url in [
            "redis://cache",
            "redis://cache:6379/0",
            "rediss://user:p%40ss@cache:6380/15",
            "redis://:word@[::1]:6379",
        ] {
            assert_eq!(of(url).is_ok(), cfg!(feature = "cloud"), "{url}");
        }
        for url in [
            "cache:6379",
            "http://cache",
            "redis://",
            "redis://user:p@ss@cache",
            "redis://cache:port",
            "redis://cache/zero",
        ] {
            let problem = of(url).unwrap_err();
            assert!(!problem.to_string().contains("p@ss"), "{problem}");
        }
    }
}
