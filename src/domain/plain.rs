//! Errors of the operating system in plain words.

use std::error::Error;

/// An error in words: the number that Rust puts behind those of the operating system is left out.
pub fn plain(error: &dyn Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" (os error ") {
        Some((words, number))
            if number.strip_suffix(')').is_some_and(|number| number.parse::<i32>().is_ok()) =>
        {
            words.to_owned()
        }
        _ => text,
    }
}
