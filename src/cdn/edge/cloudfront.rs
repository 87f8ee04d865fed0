//! Amazon CloudFront.

use super::{Setup, script};

pub(super) fn print(setup: &Setup<'_>) -> String {
    script::around(include_str!("templates/cloudfront.js"), setup)
}
