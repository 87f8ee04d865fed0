//! Content codings: the choice among them by `Accept-Encoding`, and bodies in them.

use std::io::{self, Write as _};

use actix_web::web::Bytes;
use assets_pipeline::digest::Digest;

/// A content coding (RFC 9110, section 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Encoding {
    Brotli,
    Zstd,
    Gzip,
    Identity,
}

impl Encoding {
    /// Smallest first: the order among equals.
    pub(crate) const ALL: [Self; 4] = [Self::Brotli, Self::Zstd, Self::Gzip, Self::Identity];

    /// The token in headers.
    pub(crate) const fn token(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
            Self::Identity => "identity",
        }
    }
}

/// Chooses by the lines of `Accept-Encoding` (RFC 9110, section 12.5.3). Never refuses: identity is
/// sent even where it was forbidden, which is kinder than 406.
pub(crate) fn choose<'a>(lines: impl IntoIterator<Item = &'a str>) -> Encoding {
    let accepted: Vec<(&str, f32)> =
        lines.into_iter().flat_map(|line| line.split(',')).filter_map(weighted).collect();
    let stated = |token: &str| {
        accepted.iter().find(|(name, _)| name.eq_ignore_ascii_case(token)).map(|(_, weight)| *weight)
    };
    let weight = |encoding: Encoding| {
        let token = encoding.token();
        let old_name = if encoding == Encoding::Gzip { stated("x-gzip") } else { None };
        stated(token).or(old_name).or_else(|| stated("*")).unwrap_or(match encoding {
            // Acceptable when unlisted, but after everything that is listed.
            Encoding::Identity => f32::MIN_POSITIVE,
            _ => 0.0,
        })
    };
    let mut best = (Encoding::Identity, 0.0);
    for encoding in Encoding::ALL {
        if weight(encoding) > best.1 {
            best = (encoding, weight(encoding));
        }
    }
    best.0
}

/// `token;q=0.5`; an element whose weight does not parse is left out.
fn weighted(element: &str) -> Option<(&str, f32)> {
    let mut parts = element.split(';').map(str::trim);
    let token = parts.next().filter(|token| !token.is_empty())?;
    let mut weight = 1.0;
    for parameter in parts {
        let (name, value) = parameter.split_once('=')?;
        if name.trim().eq_ignore_ascii_case("q") {
            weight = value.trim().parse().ok().filter(|q| (0.0..=1.0).contains(q))?;
        }
    }
    Some((token, weight))
}

/// How hard a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Within a fraction of a millisecond for some KB, as a request can wait for.
    Quick,
    /// As small as it gets, which takes up to a hundred times as long.
    Best,
}

/// A body in one coding, with a strong entity tag of its own.
#[derive(Debug)]
pub(crate) struct Coded {
    /// Which coding.
    pub(crate) encoding: Encoding,
    /// The coded bytes.
    pub(crate) body: Bytes,
    /// Quoted, as in `ETag`.
    pub(crate) etag: String,
}

impl Coded {
    /// Codes a body.
    pub(crate) fn build(body: Bytes, encoding: Encoding, effort: Effort) -> io::Result<Self> {
        let body = match encoding {
            Encoding::Brotli => compress_brotli(&body, effort)?.into(),
            Encoding::Zstd => zstd::bulk::compress(&body, effort.of(3, 19))?.into(),
            Encoding::Gzip => compress_gzip(&body, effort)?.into(),
            Encoding::Identity => body,
        };
        Ok(Self::of(body, encoding))
    }

    /// A body that is coded already.
    pub(crate) fn of(body: Bytes, encoding: Encoding) -> Self {
        let etag = format!("\"{}\"", Digest::of(&body));
        Self { encoding, body, etag }
    }
}

impl Effort {
    fn of<T>(self, quick: T, best: T) -> T {
        match self {
            Self::Quick => quick,
            Self::Best => best,
        }
    }
}

fn compress_brotli(body: &[u8], effort: Effort) -> io::Result<Vec<u8>> {
    let mut coded = Vec::new();
    let quality = effort.of(4, 11);
    let params = brotli::enc::BrotliEncoderParams { quality, lgwin: 18, ..Default::default() };
    brotli::BrotliCompress(&mut io::Cursor::new(body), &mut coded, &params)?;
    Ok(coded)
}

fn compress_gzip(body: &[u8], effort: Effort) -> io::Result<Vec<u8>> {
    let level = effort.of(flate2::Compression::new(4), flate2::Compression::best());
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
    encoder.write_all(body)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn the_heaviest_coding_wins_and_the_smallest_among_equals() {
        for (header, token) in [
            ("gzip, deflate, br, zstd", "br"),
            ("gzip, deflate, zstd", "zstd"),
            ("gzip;q=1.0, br;q=0.5", "gzip"),
            ("gzip", "gzip"),
            ("x-gzip", "gzip"),
            ("BR", "br"),
            ("*", "br"),
            ("br;q=0, *", "zstd"),
            ("*;q=0", "identity"),
            ("br;q=0", "identity"),
            ("identity;q=0, gzip;q=0.1", "gzip"),
            ("identity;q=0", "identity"),
            ("identity, gzip;q=0.5", "identity"),
            ("br;q=0.001", "br"),
            ("", "identity"),
            ("deflate", "identity"),
            ("br;q=high, gzip", "gzip"),
            ("br;q=2, zstd;q=-1, gzip;q=NaN", "identity"),
            (",,;;q=1,", "identity"),
        ] {
            assert_eq!(choose([header]).token(), token, "{header}");
        }
        assert_eq!(choose(["gzip", "br"]).token(), "br", "several lines are one list");
        assert_eq!(choose([]), Encoding::Identity);
    }

    #[test]
    fn every_coding_gives_the_body_back_under_a_tag_of_its_own() {
        let body = Bytes::from(br#"{"schema":"girasol.manifest/1"}"#.repeat(50));
        let mut tags = Vec::new();
        for effort in [Effort::Quick, Effort::Best] {
            let coded = Encoding::ALL.map(|encoding| Coded::build(body.clone(), encoding, effort).unwrap());
            let [brotli, zstd, gzip, identity] = &coded;
            let mut unpacked = Vec::new();
            brotli::BrotliDecompress(&mut brotli.body.as_ref(), &mut unpacked).unwrap();
            assert_eq!(unpacked, body);
            assert_eq!(zstd::bulk::decompress(&zstd.body, body.len()).unwrap(), body);
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(gzip.body.as_ref()).read_to_end(&mut unpacked).unwrap();
            assert_eq!(unpacked, body);
            assert_eq!(identity.body, body);
            assert!(coded.iter().zip(Encoding::ALL).all(|(coded, encoding)| coded.encoding == encoding));
            let mut own: Vec<_> = coded.into_iter().map(|coded| coded.etag).collect();
            own.sort();
            own.dedup();
            assert_eq!(own.len(), 4);
            tags.extend(own);
        }
        // The same bytes have the same tag: identity alone is the same twice.
        tags.sort();
        tags.dedup();
        assert!(tags.len() > 4);
    }
}
