//! The plain spelling of a request target, which is the only one that a cache may store an answer for.
//!
//! Percent codes, doubled slashes, dot segments, path parameters and empty queries are read in one way by this server, in
//! another by a proxy, and in a third by a CDN. Where a cache stores an answer under a tidier spelling than the one that the
//! origin was asked for, a stranger can put the 404 of one address in the place of another's answer. A plain target is one
//! that none of them rewrites. No name of Girasol's needs another spelling, except those of artists' files, whose answers no
//! cache stores.

/// A plain path, as a regular expression of every kind that edges know, without anchors. Segments are words with single
/// dots between, so that neither `//` nor `.` nor `..` fits.
pub const PATH: &str = "(?:/[A-Za-z0-9_~-]+(?:[.][A-Za-z0-9_~-]+)*)+";
/// A plain query, likewise, without its question mark. It is not empty.
pub const QUERY: &str = "[A-Za-z0-9_.~=-]+(?:&[A-Za-z0-9_.~=-]+)*";

/// Whether the path is plain, as [`PATH`] says; so is the root.
pub fn is_plain_path(path: &str) -> bool {
    let is_segment = |segment: &str| {
        segment
            .split('.')
            .all(|word| !word.is_empty() && word.bytes().all(|byte| is_of_words(byte) || byte == b'~'))
    };
    path == "/" || path.strip_prefix('/').is_some_and(|path| path.split('/').all(is_segment))
}

/// Whether the query is plain, as [`QUERY`] says; so is none at all.
pub fn is_plain_query(query: Option<&str>) -> bool {
    let is_pair =
        |pair: &str| !pair.is_empty() && pair.bytes().all(|byte| is_of_words(byte) || b".~=".contains(&byte));
    query.is_none_or(|query| query.split('&').all(is_pair))
}

const fn is_of_words(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_this_server_writes_them_are_plain() {
        for path in [
            "/",
            "/girasol-spin.classic.js",
            "/api/products/customizable/ring.solitaire.metal-gold/sequence",
            "/s/0123456789abcdef0123456789abcdef/000.avif",
            "/signed/ring.solitaire~live~1~0a1b2c3d~5e6f/still.jpg",
        ] {
            assert!(is_plain_path(path), "{path}");
        }
        for query in [None, Some("tier=standard&frames=36&format=avif"), Some("explain=1")] {
            assert!(is_plain_query(query), "{query:?}");
        }
    }

    #[test]
    fn what_a_proxy_may_rewrite_is_not_plain() {
        for path in [
            "",
            "*",
            "//",
            "/still/",
            "/still//ID.webp",
            "//still/ID.webp",
            "/./still/ID.webp",
            "/x/../still/ID.webp",
            "/still/ID.webp/.",
            "/still/ID.webp.",
            "/still./ID.webp",
            "/still/ID..webp",
            "/.still/ID.webp",
            "/still/%49D.webp",
            "/still%2fID.webp",
            "/still/ID.webp;v=1",
            "/still/;/ID.webp",
            "/still\\ID.webp",
            "/still/ID.webp,",
            "/still/ID+x.webp",
            "/still/ID:80",
            "/still/I\u{e4}.webp",
        ] {
            assert!(!is_plain_path(path), "{path}");
        }
        for query in [
            "",
            "&",
            "tier=hd&",
            "&tier=hd",
            "tier=hd&&format=avif",
            "%74ier=hd",
            "tier=hd+",
            "a;b",
            "?tier=hd",
        ] {
            assert!(!is_plain_query(Some(query)), "{query}");
        }
    }
}
