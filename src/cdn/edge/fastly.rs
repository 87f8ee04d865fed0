//! Fastly.

use crate::domain::spelling;

use super::{Setup, fill, script::DELEGATION, vcl};

pub(super) fn print(setup: &Setup<'_>) -> String {
    fill(
        include_str!("templates/fastly.vcl"),
        &[
            ("origin", &setup.origin.to_string()),
            ("subroutines", vcl::subroutines(setup).trim_end()),
            ("delegation", DELEGATION),
            ("path", spelling::PATH),
            ("query", spelling::QUERY),
        ],
    )
}
