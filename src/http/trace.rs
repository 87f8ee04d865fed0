//! The trace that a request belongs to, as the client says it (W3C Trace Context, section 3.2).

use actix_web::http::header::HeaderMap;

/// The digits of a trace's id.
const ID_DIGITS: usize = 32;
/// Version, trace, parent and flags, and the hyphens between.
const LENGTH: usize = 2 + 1 + ID_DIGITS + 1 + 16 + 1 + 2;

/// The id of the trace in `traceparent`, if there is a sound one.
pub(super) fn id(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all("traceparent");
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    parse(value.to_str().ok()?)
}

fn parse(value: &str) -> Option<&str> {
    let mut parts = value.splitn(5, '-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, digits: usize| {
        text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_set = |text: &str| text.bytes().any(|byte| byte != b'0');
    // Later versions may go on after the flags.
    let has_end = parts.next().is_none() && value.len() == LENGTH || version != "00";
    let is_sound = is_hex(version, 2)
        && version != "ff"
        && is_hex(trace, ID_DIGITS)
        && is_set(trace)
        && is_hex(parent, 16)
        && is_set(parent)
        && is_hex(flags, 2)
        && has_end;
    is_sound.then_some(trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_sound_trace_has_an_id() {
        for value in [
            format!("00-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-00f067aa0ba902b7-00"),
            format!("cc-{TRACE}-00f067aa0ba902b7-01-what-comes-later"),
        ] {
            assert_eq!(parse(&value), Some(TRACE), "{value}");
        }
    }

    #[test]
    fn what_is_no_trace_is_not_written_down() {
        for value in [
            String::new(),
            "nonsense".to_owned(),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            format!("00-{}-00f067aa0ba902b7-01", &TRACE[1..]),
            format!("00-{TRACE}-00f067aa0ba902b7-0"),
            format!("00-{TRACE}"),
            format!("00-{TRACE}\n-00f067aa0ba902b7-01"),
        ] {
            assert_eq!(parse(&value), None, "{value}");
        }
    }
}
