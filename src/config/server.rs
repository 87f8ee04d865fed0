//! `[server]`

use std::num::NonZeroUsize;

use crate::domain::proxies::TrustedProxies;

use super::{
    problem::{Problem, check},
    setting::{Kind, count_from, section, whole},
};

section! {
    /// The HTTP server.
    #[derive(Eq)]
    "server" ServerConfig {
        /// Address and port that the server listens on. Port 0 takes a free port.
        listen: String = "127.0.0.1:8360".to_owned(), Kind::Text;
        /// Address and port of a listener for operators. Their addresses (keys, product files, purges, the audit trail, figures) then
        /// answer there alone, and are 404 at `listen`; sessions and health answer at both. Without it every address answers
        /// at `listen`.
        operator_listen: Option<String> = None, Kind::Text, "\"127.0.0.1:8361\"";
        /// Threads that answer requests. Without it the server starts one for each core.
        workers: Option<NonZeroUsize> = None, whole(1, 512), "4";
        /// Seconds that requests under way have to finish when the server stops.
        shutdown_seconds: u64 = 30, whole(0, 3600);
        /// Seconds that the server goes on as before after it was told to stop, while `/api/health/ready` answers 503: load
        /// balancers that ask it send their clients elsewhere. Behind one that asks every five seconds, 10 will do.
        unready_seconds: u64 = 0, whole(0, 600);
        /// Seconds at most that the server still accepts connections after it was told to stop, while every answer asks its
        /// client to close the connection. It stops earlier where no more requests come.
        drain_seconds: u64 = 2, whole(0, 600);
        /// Seconds that a client has to send the headers of a request.
        header_seconds: u64 = 10, whole(1, 300);
        /// Seconds that an idle connection stays open.
        keep_alive_seconds: u64 = 75, whole(1, 3600);
        /// Seconds in which a client has to take at least 4 KiB of the answer that waits for it; otherwise the server closes
        /// the connection.
        write_seconds: u64 = 60, whole(1, 3600);
        /// Connections that each thread holds at once. The server raises the limit of open files as far as the system
        /// allows, and holds no more connections than that leaves.
        max_connections: usize = 10_000, count_from(1);
        /// Connections that one peer holds at once: an IPv4 address or an IPv6 network of 64 bits. It is never more than
        /// half of all connections. `trusted_proxies` hold any number.
        max_connections_per_peer: usize = 1024, count_from(1);
        /// Reads of the database that visitors wait for, at once. What has to wait longer than `shed_after_ms` is refused with
        /// 503 and `Retry-After`; what is in memory is always answered.
        max_database_loads: usize = 64, whole(1, 10_000);
        /// The same for reads of manifests in the store.
        max_manifest_loads: usize = 64, whole(1, 10_000);
        /// The same for reads of frames, packs and stills in the store, which wait four times as long.
        max_object_loads: usize = 256, whole(1, 10_000);
        /// Milliseconds that such a read waits for its turn, and a request of an artist.
        shed_after_ms: u64 = 250, whole(1, 60_000);
        /// Requests of artists at once, but for the files that they send. What has to wait longer than `shed_after_ms` is refused
        /// with 503 and `Retry-After`.
        max_artist_requests: usize = 64, whole(1, 10_000);
        /// The same for files that artists send, each until it is there.
        max_uploads: usize = 256, whole(1, 10_000);
        /// The same for requests of operators, which wait four times as long. Artists and visitors take none of their turns.
        max_operator_requests: usize = 32, whole(1, 10_000);
        /// Live streams that artists have open at once, and as many of operators. A further one is refused with 503 and
        /// `Retry-After`.
        max_streams: usize = 100, whole(1, 10_000);
        /// Networks and addresses of the proxies in front of the server. The server believes `X-Forwarded-For`,
        /// `X-Forwarded-Proto` and `X-Forwarded-Host` only in requests that come from one of them; it never reads
        /// `Forwarded`. Empty: requests come from the clients themselves.
        trusted_proxies: Vec<String> = Vec::new(), Kind::Texts, "[\"127.0.0.1\", \"10.0.0.0/8\"]";
    }
}

impl ServerConfig {
    pub(super) fn validate(&self) -> Result<(), Problem> {
        check(is_address(&self.listen), "server.listen", "must be an address and a port, as 127.0.0.1:8360")?;
        if let Some(listen) = &self.operator_listen {
            let key = "server.operator_listen";
            check(is_address(listen), key, "must be an address and a port, as 127.0.0.1:8361")?;
            let is_same = *listen == self.listen && !listen.ends_with(":0");
            check(!is_same, key, "must be another address or port than server.listen")?;
        }
        for (at, network) in self.trusted_proxies.iter().enumerate() {
            let key = format!("server.trusted_proxies[{at}]");
            TrustedProxies::network(network).map_err(|error| Problem::of(&key, &error.to_string()))?;
        }
        Ok(())
    }

    /// The proxies of [`trusted_proxies`](Self::trusted_proxies), which have been validated.
    pub fn proxies(&self) -> TrustedProxies {
        self.trusted_proxies.iter().filter_map(|network| TrustedProxies::network(network).ok()).collect()
    }
}

fn is_address(text: &str) -> bool {
    let parts = text.rsplit_once(':');
    parts.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}
