//! Answers that are compressed once, and the choice among them by `Accept-Encoding`.

use std::io::{self, Write as _};

use actix_web::web::Bytes;
use assets_pipeline::digest::Digest;

/// A content coding (RFC 9110, section 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Brotli,
    Zstd,
    Gzip,
    Identity,
}

impl Encoding {
    /// Smallest first: the order among equals.
    const ALL: [Self; 4] = [Self::Brotli, Self::Zstd, Self::Gzip, Self::Identity];

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

/// One body in every coding, each with a strong entity tag of its own.
#[derive(Debug)]
pub(crate) struct Precompressed([Coded; 4]);

/// A body in one coding.
#[derive(Debug)]
pub(crate) struct Coded {
    /// Which coding.
    pub(crate) encoding: Encoding,
    /// The coded bytes.
    pub(crate) body: Bytes,
    /// Quoted, as in `ETag`.
    pub(crate) etag: String,
}

impl Precompressed {
    /// Compresses a body of a few KB; the best levels take some milliseconds.
    pub(crate) fn build(body: Vec<u8>) -> io::Result<Self> {
        let coded = |encoding, body: Vec<u8>| Coded {
            encoding,
            etag: format!("\"{}\"", Digest::of(&body)),
            body: body.into(),
        };
        let (brotli, zstd, gzip) =
            (compress_brotli(&body)?, zstd::bulk::compress(&body, 19)?, compress_gzip(&body)?);
        Ok(Self([
            coded(Encoding::Brotli, brotli),
            coded(Encoding::Zstd, zstd),
            coded(Encoding::Gzip, gzip),
            coded(Encoding::Identity, body),
        ]))
    }

    /// The body in one coding.
    pub(crate) fn get(&self, encoding: Encoding) -> &Coded {
        &self.0[encoding as usize]
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.0.iter().map(|coded| coded.body.len() + coded.etag.len()).sum()
    }
}

fn compress_brotli(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut coded = Vec::new();
    let params = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 18, ..Default::default() };
    brotli::BrotliCompress(&mut io::Cursor::new(body), &mut coded, &params)?;
    Ok(coded)
}

fn compress_gzip(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
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
        let body = br#"{"schema":"girasol.manifest/1"}"#.repeat(50);
        let answers = Precompressed::build(body.clone()).unwrap();
        let coded = |encoding| answers.get(encoding).body.clone();
        let mut unpacked = Vec::new();
        brotli::BrotliDecompress(&mut coded(Encoding::Brotli).as_ref(), &mut unpacked).unwrap();
        assert_eq!(unpacked, body);
        assert_eq!(zstd::bulk::decompress(&coded(Encoding::Zstd), body.len()).unwrap(), body);
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(coded(Encoding::Gzip).as_ref()).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, body);
        assert_eq!(coded(Encoding::Identity), body);
        let mut tags: Vec<_> = Encoding::ALL.iter().map(|encoding| &answers.get(*encoding).etag).collect();
        tags.sort();
        tags.dedup();
        assert_eq!(tags.len(), 4);
        assert!(Encoding::ALL.iter().all(|encoding| answers.get(*encoding).encoding == *encoding));
    }
}
