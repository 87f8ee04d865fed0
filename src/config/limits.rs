//! `[limits]`

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::domain::{limit::Class, proxies::TrustedProxies};

use super::{
    problem::Problem,
    setting::{Kind, count_from, section, word},
};

/// What becomes of clients behind a proxy that is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownProxies {
    /// They are not limited by address.
    #[default]
    Unlimited,
    /// They are one client.
    Limited,
}

section! {
    /// Rate limits: requests that one client may make in a minute, and as many at once. A client is a key, or without one an
    /// IPv4 address or an IPv6 network of 64 bits. Frames, packs and the viewer that are there are never limited. Servers that share a Redis
    /// (`cache.redis`) count together.
    #[derive(Eq)]
    "limits" LimitsConfig {
        /// Whether there are limits. A load test from one address switches them off, or names the address in `exempt`.
        enabled: bool = true, Kind::Flag;
        /// Requests a minute from one address for manifests, products, stills, progress and configurations; 0 is no limit.
        /// A CDN in front answers most of them, and names the client in `X-Forwarded-For` (`server.trusted_proxies`).
        reads_per_minute: u32 = 12_000, count_from(0);
        /// The same for measurements that viewers send: one or two a view.
        vitals_per_minute: u32 = 1_200, count_from(0);
        /// Keys and sessions a minute from one address that are not accepted; 0 is no limit. Further ones are refused before
        /// the database is asked. Keys that were accepted in the last hour are not concerned.
        failures_per_minute: u32 = 60, count_from(0);
        /// Frames and packs that an address asks for in a minute and that are not there; 0 is no limit. From then on the store is
        /// not asked for what no manifest in memory names: what is in memory, on the disk cache or named is delivered all the same.
        absent_per_minute: u32 = 600, count_from(0);
        /// Requests a minute with one key that read; 0 is no limit. The studio shows a turn with a request for each frame.
        key_reads_per_minute: u32 = 30_000, count_from(0);
        /// Requests a minute with one key that write: a frame is one request.
        key_writes_per_minute: u32 = 30_000, count_from(0);
        /// Networks and addresses whose clients are not limited by address, such as one that measures the server.
        exempt: Vec<String> = Vec::new(), Kind::Texts, "[\"192.0.2.7\", \"10.9.0.0/16\"]";
        /// What becomes of requests that name a client in `X-Forwarded-For`, `X-Real-IP` or `Forwarded` and that no trusted
        /// proxy has sent. `unlimited`: a proxy seems to be in front that `server.trusted_proxies` does not name, and its
        /// visitors, who have one address together, are not limited by address; `/api/health` says so. `limited`: there is
        /// none, and the header changes nothing.
        unknown_proxies: UnknownProxies = UnknownProxies::Unlimited, word(&["unlimited", "limited"]);
    }
}

impl LimitsConfig {
    pub(super) fn validate(&self) -> Result<(), Problem> {
        for (at, network) in self.exempt.iter().enumerate() {
            let key = format!("limits.exempt[{at}]");
            TrustedProxies::network(network).map_err(|error| Problem::of(&key, &error.to_string()))?;
        }
        Ok(())
    }

    /// Requests of a class that a client may make in a minute; 0 is no limit.
    pub fn per_minute(&self, class: Class) -> u32 {
        if !self.enabled {
            return 0;
        }
        match class {
            Class::Reads => self.reads_per_minute,
            Class::Vitals => self.vitals_per_minute,
            Class::Failures => self.failures_per_minute,
            Class::Absent => self.absent_per_minute,
            Class::KeyReads => self.key_reads_per_minute,
            Class::KeyWrites => self.key_writes_per_minute,
        }
    }

    /// The networks of [`exempt`](Self::exempt), which have been validated.
    pub fn exempt(&self) -> Vec<IpNet> {
        self.exempt.iter().filter_map(|network| TrustedProxies::network(network).ok()).collect()
    }
}
