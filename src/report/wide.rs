//! What may be wider than a phone.

use maud::{Markup, html};

/// Scrolls within itself, by keys too, so that the page never does sideways.
pub(super) fn wide(label: &str, content: &Markup) -> Markup {
    html! { div.wide tabindex="0" role="region" aria-label=(label) { (content) } }
}
