//! Conditions on a frame: an edit names the state that it is made from, and fails where the frame is another one by now.

use actix_web::http::header::{HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH};
use assets_pipeline::digest::Digest;

use crate::{
    domain::frameset::Conditions,
    http::conditional::{client_expects, client_has},
};

/// The conditions of a request. The entity tag of a frame is its digest.
pub(super) fn of(headers: &HeaderMap) -> Conditions {
    let list = |name: HeaderName| {
        // Several lines are one list.
        let lines: Vec<_> = headers.get_all(name).map(|line| line.to_str().unwrap_or_default()).collect();
        (!lines.is_empty()).then(|| lines.join(", "))
    };
    Conditions { if_match: list(IF_MATCH), if_none_match: list(IF_NONE_MATCH) }
}

/// Whether the conditions hold for the frame as it is now, or for a name that has none.
pub(super) fn hold(conditions: &Conditions, now: Option<Digest>) -> bool {
    let Conditions { if_match, if_none_match } = conditions;
    match now.map(|digest| format!("\"{digest}\"")) {
        Some(tag) => client_expects(if_match.as_deref(), &tag) && !client_has(if_none_match.as_deref(), &tag),
        None => if_match.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_name_a_frame_or_that_there_is_none() {
        let frame = Digest::of(b"frame");
        let tag = format!("\"{frame}\"");
        let other = format!("\"{}\"", Digest::of(b"other"));
        let holds = |if_match: Option<&str>, if_none_match: Option<&str>| {
            let own = |text: Option<&str>| text.map(str::to_owned);
            let conditions = Conditions { if_match: own(if_match), if_none_match: own(if_none_match) };
            (hold(&conditions, Some(frame)), hold(&conditions, None))
        };
        assert_eq!(holds(None, None), (true, true));
        assert_eq!(holds(Some(&tag), None), (true, false));
        assert_eq!(holds(Some("*"), None), (true, false));
        assert_eq!(holds(Some(&format!("{other}, {tag}")), None), (true, false));
        assert_eq!(holds(Some(&other), None), (false, false));
        assert_eq!(holds(Some(""), None), (false, false));
        assert_eq!(holds(None, Some("*")), (false, true));
        assert_eq!(holds(None, Some(&tag)), (false, true));
        assert_eq!(holds(None, Some(&other)), (true, true));
    }
}
