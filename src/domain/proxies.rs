//! Proxies whose headers are believed: those that the operator names by address.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// The networks of the proxies in front of the server.
///
/// A client can write any header. What a request says of its way here therefore counts only where the peer of the
/// connection is one of these.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// A text is neither a network nor an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be a network or an address, as 10.0.0.0/8 or 2001:db8::7, not {0:?}")]
pub struct BadNetwork(String);

impl FromIterator<IpNet> for TrustedProxies {
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> Self {
        Self(networks.into_iter().collect())
    }
}

impl TrustedProxies {
    /// Reads one network: `10.0.0.0/8`, or an address, which is a network of one.
    pub fn network(text: &str) -> Result<IpNet, BadNetwork> {
        let network = text.parse().or_else(|_no_network| text.parse::<IpAddr>().map(IpNet::from));
        network.map_err(|_no_address| BadNetwork(text.to_owned()))
    }

    /// Whether the peer of a connection is one of the proxies. A socket of both families shows an IPv4 peer inside an
    /// IPv6 address; it counts as IPv4.
    pub fn trusted(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.0.iter().any(|network| network.contains(&peer))
    }

    /// The client's address: the peer, or behind proxies what they wrote into `X-Forwarded-For` (`lines`, in order).
    ///
    /// Each proxy adds the address that it was connected from, so the list is read from its end, and the first address
    /// that is no proxy is the client. What stands before it was written by the client itself.
    pub fn client<'a>(&self, peer: IpAddr, lines: impl DoubleEndedIterator<Item = &'a str>) -> IpAddr {
        let mut client = peer.to_canonical();
        let mut hops = lines.rev().flat_map(|line| line.rsplit(','));
        while self.trusted(client) {
            let Some(before) = hops.next().and_then(address) else { break };
            client = before;
        }
        client
    }
}

/// An address, which some proxies write with a port.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse().or_else(|_other| hop.parse().map(|socket: SocketAddr| socket.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(networks: &[&str]) -> TrustedProxies {
        networks.iter().map(|network| TrustedProxies::network(network).unwrap()).collect()
    }

    fn client(networks: &[&str], peer: &str, lines: &[&str]) -> String {
        proxies(networks).client(peer.parse().unwrap(), lines.iter().copied()).to_string()
    }

    #[test]
    fn networks_and_addresses_are_read() {
        let trusted = proxies(&["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1"]);
        for peer in ["10.255.0.1", "192.0.2.7", "2001:db8:1::1", "::1", "::ffff:10.0.0.1"] {
            assert!(trusted.trusted(peer.parse().unwrap()), "{peer}");
        }
        for peer in ["11.0.0.1", "192.0.2.8", "2001:db9::1", "::2", "::ffff:11.0.0.1", "127.0.0.1"] {
            assert!(!trusted.trusted(peer.parse().unwrap()), "{peer}");
        }
        for bad in ["", "10.0.0.0/33", "10.0.0", "localhost", "10.0.0.0/8 ", "::1/129"] {
            assert_eq!(TrustedProxies::network(bad), Err(BadNetwork(bad.to_owned())));
        }
    }

    #[test]
    fn without_proxies_the_peer_is_the_client() {
        assert_eq!(client(&[], "192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
        assert_eq!(client(&["10.0.0.0/8"], "192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
        assert_eq!(client(&["10.0.0.0/8"], "::ffff:192.0.2.1", &[]), "192.0.2.1");
    }

    #[test]
    fn the_client_is_the_last_address_that_is_no_proxy() {
        let ours = ["10.0.0.0/8", "198.51.100.0/24"];
        assert_eq!(client(&ours, "10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        // What the client wrote stands before what the proxies know.
        assert_eq!(client(&ours, "10.0.0.1", &["1.2.3.4, 203.0.113.9, 198.51.100.3"]), "203.0.113.9");
        assert_eq!(client(&ours, "10.0.0.1", &["1.2.3.4", "203.0.113.9 , 198.51.100.3"]), "203.0.113.9");
        assert_eq!(client(&ours, "10.0.0.1", &["203.0.113.9:4711"]), "203.0.113.9");
        assert_eq!(client(&ours, "10.0.0.1", &["[2001:db8::9]:4711"]), "2001:db8::9");
        assert_eq!(client(&ours, "10.0.0.1", &["[2001:db8::9]"]), "2001:db8::9");
    }

    #[test]
    fn a_list_that_ends_early_leaves_the_last_proxy_as_the_client() {
        let ours = ["10.0.0.0/8"];
        assert_eq!(client(&ours, "10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client(&ours, "10.0.0.1", &["unknown"]), "10.0.0.1");
        assert_eq!(client(&ours, "10.0.0.1", &["203.0.113.9, _hidden, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(client(&ours, "10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
    }
}
