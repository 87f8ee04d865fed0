//! Text that people write on one line, as names and reasons.

/// Whether a text stays one line and changes nothing but itself where it is shown: without control characters, line separators,
/// and characters that turn the direction of what follows (Unicode Standard Annex #9, explicit formatting).
pub fn is_line(text: &str) -> bool {
    !text.contains(|letter: char| {
        letter.is_control()
            || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

/// Whether a reader sees anything of a text.
pub fn is_seen(text: &str) -> bool {
    text.contains(|letter: char| {
        !letter.is_whitespace()
            && !letter.is_control()
            && !matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_more_than_itself_is_no_line() {
        for text in ["autumn sale", "Frühling", "مبيعات الخريف", "秋のセール", "50 % \u{1f33b}", ""]
        {
            assert!(is_line(text), "{text}");
        }
        for text in ["a\nb", "a\u{85}b", "a\u{2028}b", "a\u{202e}b", "a\u{2066}b", "\u{1b}[2J"] {
            assert!(!is_line(text), "{text:?}");
        }
    }

    #[test]
    fn what_no_reader_sees_says_nothing() {
        assert!(is_seen("a") && is_seen(" \u{200f}ا"));
        for text in ["", "  ", "\u{200b}\u{feff}", "\u{2060} \u{ad}"] {
            assert!(!is_seen(text), "{text:?}");
        }
    }
}
