//! Where a piece of work stands in a trace, as `traceparent` carries it (W3C Trace Context, section 3.2).

use std::fmt;

/// The digits of a trace's id.
const ID_DIGITS: usize = 32;
/// The digits of a span's id.
const SPAN_DIGITS: usize = 16;
/// Version, trace, parent and flags, and the hyphens between.
const LENGTH: usize = 2 + 1 + ID_DIGITS + 1 + SPAN_DIGITS + 1 + 2;
/// The flag that says that the trace is recorded.
const SAMPLED: u8 = 1;

/// A trace, and the span in it that caused a piece of work. Its text is a `traceparent` of version 00.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    /// The id of the trace; never 0.
    pub trace: u128,
    /// The id of the span; never 0.
    pub span: u64,
    /// Whether the trace is recorded.
    pub is_sampled: bool,
}

impl TraceContext {
    /// What a `traceparent` says, if it is a sound one. Of versions later than 00 the part is read that they have in common.
    pub fn parse(value: &str) -> Option<Self> {
        let mut parts = value.splitn(5, '-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_hex = |text: &str, digits: usize| {
            text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        // Later versions may go on after the flags.
        let has_end = parts.next().is_none() && value.len() == LENGTH || version != "00";
        let is_sound = is_hex(version, 2)
            && version != "ff"
            && is_hex(trace, ID_DIGITS)
            && is_hex(span, SPAN_DIGITS)
            && is_hex(flags, 2)
            && has_end;
        if !is_sound {
            return None;
        }
        let trace = u128::from_str_radix(trace, 16).ok().filter(|trace| *trace != 0)?;
        let span = u64::from_str_radix(span, 16).ok().filter(|span| *span != 0)?;
        let flags = u8::from_str_radix(flags, 16).ok()?;
        Some(Self { trace, span, is_sampled: flags & SAMPLED != 0 })
    }

    /// The id of the trace, in 32 digits.
    pub fn id(&self) -> String {
        format!("{:032x}", self.trace)
    }

    /// The same place in a trace that is not recorded.
    #[must_use]
    pub const fn unsampled(self) -> Self {
        Self { is_sampled: false, ..self }
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, span, is_sampled } = self;
        write!(f, "00-{trace:032x}-{span:016x}-{:02x}", u8::from(*is_sampled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_sound_trace_has_an_id() {
        for (value, is_sampled) in [
            (format!("00-{TRACE}-00f067aa0ba902b7-01"), true),
            (format!("00-{TRACE}-00f067aa0ba902b7-00"), false),
            (format!("00-{TRACE}-00f067aa0ba902b7-03"), true),
            (format!("cc-{TRACE}-00f067aa0ba902b7-01-what-comes-later"), true),
        ] {
            let context = TraceContext::parse(&value).unwrap();
            assert_eq!((context.id().as_str(), context.is_sampled), (TRACE, is_sampled), "{value}");
        }
    }

    #[test]
    fn a_context_is_written_as_it_is_read() {
        for flags in ["00", "01"] {
            let value = format!("00-{TRACE}-00f067aa0ba902b7-{flags}");
            assert_eq!(TraceContext::parse(&value).unwrap().to_string(), value);
        }
        let context = TraceContext { trace: 1, span: 2, is_sampled: true };
        assert_eq!(TraceContext::parse(&context.to_string()), Some(context));
    }

    #[test]
    fn what_is_no_trace_is_not_read() {
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
            format!("00-{TRACE}-+000000000000001-01"),
            format!("00-{TRACE}"),
            format!("00-{TRACE}\n-00f067aa0ba902b7-01"),
        ] {
            assert_eq!(TraceContext::parse(&value), None, "{value}");
        }
    }
}
