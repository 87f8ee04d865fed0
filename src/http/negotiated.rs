//! What came of a negotiation, as the route leaves it with its request for those that answer the next one.

use super::{catalog::Live, scope::Scope};

/// What is live, the answer made of it, and what that is about.
#[derive(Debug)]
pub(super) struct Negotiated {
    pub(super) live: Live,
    pub(super) scope: Scope,
}
