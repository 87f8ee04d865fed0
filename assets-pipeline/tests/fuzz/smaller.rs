//! Failing inputs made smaller.

use crate::case::Case;
use crate::check::{Report, check};
use crate::png;

/// How often the case may be run again.
const TRIES: usize = 400;

/// The case with fewer edits and fewer bytes, as long as its report is still of the same kind.
pub(crate) fn smaller(number: u64, same: impl Fn(&Report) -> bool) -> Case {
    let mut without = Vec::new();
    let mut best = Case::numbered(number, &without);
    for edit in 0..best.edits {
        without.push(edit);
        let fewer = Case::numbered(number, &without);
        if same(&check(&fewer)) {
            best = fewer;
        } else {
            without.pop();
        }
    }
    let mut tries = TRIES;
    let mut piece = best.bytes.len() / 2;
    while piece >= 4 {
        let mut at = 0;
        while at < best.bytes.len() && tries > 0 {
            tries -= 1;
            let mut shorter = best.clone();
            shorter.bytes.drain(at..(at + piece).min(best.bytes.len()));
            if shorter.extension() == "png" {
                png::set_right_checksums(&mut shorter.bytes);
            }
            if same(&check(&shorter)) {
                best = shorter;
            } else {
                at += piece;
            }
        }
        piece /= 2;
    }
    best
}
