//! Conditional requests by entity tag (RFC 9110, section 13). There is no `Last-Modified`: what is
//! served has digests, so conditions on dates are ignored.

/// Whether `If-None-Match` holds for the current tag: the client has it already.
/// The comparison is weak (section 13.1.2).
pub(crate) fn client_has<'a>(if_none_match: impl IntoIterator<Item = &'a str>, etag: &str) -> bool {
    names(if_none_match, |listed| strip_weak(listed) == strip_weak(etag))
}

/// Whether `If-Match` is absent or holds. The comparison is strong (section 13.1.1).
pub(crate) fn client_expects<'a>(if_match: impl IntoIterator<Item = &'a str>, etag: &str) -> bool {
    let mut lines = if_match.into_iter().peekable();
    lines.peek().is_none() || names(lines, |listed| listed == etag)
}

/// Whether a range may be answered with a part: `If-Range` is absent or names exactly this tag.
/// The comparison is strong (section 13.1.5), and a date never matches.
pub(crate) fn part_allowed(if_range: Option<&str>, etag: &str) -> bool {
    if_range.is_none_or(|condition| condition.trim() == etag)
}

fn names<'a>(lines: impl IntoIterator<Item = &'a str>, same: impl Fn(&str) -> bool) -> bool {
    lines.into_iter().any(|line| line.trim() == "*" || tags(line).any(&same))
}

/// The entity tags of one line; reading ends at the first thing that is none.
fn tags(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let opaque = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?;
        let end = opaque.find('"')? + rest.len() - opaque.len() + 1;
        let (tag, after) = rest.split_at(end);
        rest = after;
        Some(tag)
    })
}

fn strip_weak(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_none_match_takes_lists_weak_tags_and_a_star() {
        for holds in [r#""a""#, r#"W/"a""#, r#""b", "a""#, r#""b" ,,W/"a","c""#, "*", " * ", r#""x,y", "a""#]
        {
            assert!(client_has([holds], "\"a\""), "{holds}");
        }
        for fails in ["", "a", r#""b""#, r#""A""#, r#""a"#, r#"w/"a""#, r#"b "a""#, r#""*""#] {
            assert!(!client_has([fails], "\"a\""), "{fails}");
        }
        assert!(client_has([r#""b""#, r#""a""#], "\"a\""), "several lines are one list");
        assert!(!client_has([], "\"a\""));
    }

    #[test]
    fn if_match_compares_strongly() {
        assert!(client_expects([], "\"a\""));
        assert!(client_expects([r#""b", "a""#], "\"a\""));
        assert!(client_expects(["*"], "\"a\""));
        assert!(!client_expects([r#"W/"a""#], "\"a\""));
        assert!(!client_expects([r#""b""#], "\"a\""));
    }

    #[test]
    fn if_range_wants_the_very_tag() {
        assert!(part_allowed(None, "\"a\""));
        assert!(part_allowed(Some("\"a\""), "\"a\""));
        for other in ["W/\"a\"", "\"b\"", "Wed, 21 Oct 2026 07:28:00 GMT", ""] {
            assert!(!part_allowed(Some(other), "\"a\""), "{other}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_header_is_read_without_a_panic(header in ".*") {
            client_has([header.as_str()], "\"a\"");
            client_expects([header.as_str()], "\"a\"");
        }
    }
}
