//! How frames and figures are written out.

pub(super) use crate::read::remark::{capital, frames, sentence_frames};

/// The singular or the plural, by a count.
pub(super) const fn by_count<'a>(count: usize, one: &'a str, more: &'a str) -> &'a str {
    if count == 1 { one } else { more }
}

/// A share as a percentage.
pub(super) fn percent(share: f32) -> String {
    let percent = share.abs() * 100.0;
    if percent < 9.5 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}
