//! Range requests for bytes (RFC 9110, section 14).

use std::ops::Range;

/// What a `Range` header comes to for a body of known length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// No range, one that does not parse, or several: the whole body answers all of them.
    Whole,
    /// One part, inside the body.
    Part(Range<usize>),
    /// A range that begins after the end.
    Unsatisfiable,
}

/// Reads a `Range` header.
pub(crate) fn wanted(header: Option<&str>, length: usize) -> Wanted {
    match header.and_then(parse) {
        None => Wanted::Whole,
        Some(Spec::From { first, last }) if first < length => {
            Wanted::Part(first..last.saturating_add(1).min(length))
        }
        Some(Spec::Suffix(suffix)) if suffix > 0 && length > 0 => {
            Wanted::Part(length - suffix.min(length)..length)
        }
        Some(Spec::From { .. } | Spec::Suffix(_)) => Wanted::Unsatisfiable,
    }
}

/// One range as it was asked for.
enum Spec {
    /// `first-last`, or `first-` with the largest last.
    From { first: usize, last: usize },
    /// `-suffix`: the last so many bytes.
    Suffix(usize),
}

/// `None` for several ranges, for other units, and for what does not parse.
fn parse(header: &str) -> Option<Spec> {
    let (unit, spec) = header.split_once('=')?;
    let (first, last) = spec.trim().split_once('-')?;
    let spec = match (first, last) {
        ("", suffix) => Spec::Suffix(position(suffix)?),
        (first, "") => Spec::From { first: position(first)?, last: usize::MAX },
        (first, last) => Spec::From { first: position(first)?, last: position(last)? },
    };
    let backwards = matches!(spec, Spec::From { first, last } if last < first);
    (unit.trim().eq_ignore_ascii_case("bytes") && !backwards).then_some(spec)
}

/// A number that is too large for any body is the largest.
fn position(text: &str) -> Option<usize> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_range_is_cut_to_the_body() {
        for (header, part) in [
            ("bytes=0-99", 0..100),
            ("bytes=0-0", 0..1),
            ("bytes=999-", 999..1000),
            ("bytes=900-5000", 900..1000),
            ("bytes=-1", 999..1000),
            ("bytes=-5000", 0..1000),
            ("BYTES = 1-2", 1..3),
            ("bytes=0-99999999999999999999999", 0..1000),
        ] {
            assert_eq!(wanted(Some(header), 1000), Wanted::Part(part), "{header}");
        }
    }

    #[test]
    fn a_range_after_the_end_cannot_be_satisfied() {
        for header in ["bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(wanted(Some(header), 1000), Wanted::Unsatisfiable, "{header}");
        }
        assert_eq!(wanted(Some("bytes=-1"), 0), Wanted::Unsatisfiable);
    }

    #[test]
    fn several_ranges_and_nonsense_give_the_whole_body() {
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=2-1",
            "bytes=0-1,4-5",
            "frames=0-1",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=1--2",
            "bytes=0 - 1",
        ] {
            assert_eq!(wanted(Some(header), 1000), Wanted::Whole, "{header}");
        }
        assert_eq!(wanted(None, 1000), Wanted::Whole);
    }

    proptest! {
        #[test]
        fn a_part_is_that_slice_of_the_body(first in 0_usize..300, last in 0_usize..300, length in 0_usize..200) {
            let body: Vec<u8> = (0..length).map(|byte| byte as u8).collect();
            let wanted = wanted(Some(&format!("bytes={first}-{last}")), length);
            if let Wanted::Part(part) = wanted {
                let expected: Vec<u8> = body.iter().copied().skip(first).take(last - first + 1).collect();
                prop_assert_eq!(&body[part], &expected[..]);
            } else {
                prop_assert!(last < first || first >= length);
            }
        }

        #[test]
        fn any_header_gives_a_part_inside_the_body(header in ".*", length in 0_usize..200) {
            if let Wanted::Part(part) = wanted(Some(&header), length) {
                prop_assert!(part.start < part.end && part.end <= length);
            }
        }
    }
}
