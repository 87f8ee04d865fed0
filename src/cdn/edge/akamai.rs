//! Akamai.

use super::{Setup, script};

pub(super) fn print(setup: &Setup<'_>) -> String {
    script::around(include_str!("templates/akamai.js"), setup)
}
