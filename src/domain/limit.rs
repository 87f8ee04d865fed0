//! What rate limits count: requests of a class, by client.

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use super::keys::KeyId;

/// Requests that are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Class {
    /// Visitors' requests that may cost the database or the store something: manifests, products, configurations, stills,
    /// progress.
    Reads,
    /// What viewers measured.
    Vitals,
    /// Keys and sessions that were not accepted.
    Failures,
    /// Frames and packs that were looked for and are not there.
    Absent,
    /// Requests with a key that read.
    KeyReads,
    /// Requests with a key that write.
    KeyWrites,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Reads, Self::Vitals, Self::Failures, Self::Absent, Self::KeyReads, Self::KeyWrites];

    /// The word for it, in headers and measurements.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The client that a request is counted for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// An address, as [`network`] has it.
    Address(IpAddr),
    /// A key, and every session of it.
    Key(KeyId),
}

impl Subject {
    /// The client at an address.
    pub fn at(address: IpAddr) -> Self {
        Self::Address(network(address))
    }

    /// Its name, which no other client has.
    pub fn name(&self) -> String {
        match self {
            Self::Address(address) => format!("address {address}"),
            Self::Key(key) => format!("key {key}"),
        }
    }
}

/// What one client has for itself: an IPv4 address, or the first 64 bits of an IPv6 address.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Whole seconds, rounded up: a client that waits for so long is not too early.
pub fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_an_address_or_a_network_of_64_bits() {
        let at = |address: &str| Subject::at(address.parse().unwrap());
        assert_eq!(at("192.0.2.1"), at("::ffff:192.0.2.1"));
        assert_ne!(at("192.0.2.1"), at("192.0.2.2"));
        assert_eq!(at("2001:db8::1"), at("2001:db8::ffff:1"));
        assert_ne!(at("2001:db8::1"), at("2001:db8:0:1::1"));
        let key = Subject::Key("010101010101".parse().unwrap());
        assert_ne!(key.name(), at("192.0.2.1").name());
    }

    #[test]
    fn seconds_are_rounded_up() {
        let seconds = [0, 1, 1_000, 1_001].map(|ms| whole_seconds(Duration::from_millis(ms)));
        assert_eq!(seconds, [0, 1, 1, 2]);
    }

    #[test]
    fn classes_stand_in_order() {
        assert!(Class::ALL.iter().enumerate().all(|(at, class)| *class as usize == at));
        assert_eq!(Class::KeyWrites.as_str(), "key-writes");
    }
}
