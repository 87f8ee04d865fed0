//! Varnish.

use crate::domain::spelling;

use super::{Setup, fill, vcl};

pub(super) fn print(setup: &Setup<'_>) -> String {
    fill(
        include_str!("templates/varnish.vcl"),
        &[
            ("host", setup.origin.host.trim_matches(['[', ']'])),
            ("port", &setup.origin.port.to_string()),
            ("subroutines", vcl::subroutines(setup).trim_end()),
            ("delegation", DELEGATION),
            ("path", spelling::PATH),
            ("query", spelling::QUERY),
        ],
    )
}

/// What the storefront's own page has to say so that Chromium sends hints here.
const DELEGATION: &str = super::script::DELEGATION;
