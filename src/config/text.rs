//! Rules for texts that more than one section takes.

pub(super) use crate::domain::alerts::is_endpoint;

/// Letters, digits, dots, hyphens and underscores.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}
