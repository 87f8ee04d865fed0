//! The levels that the catalog answers from: how full the caches are, and what the database is asked behind them.

use crate::cache::levels::{Fill, Level, Requests};

use super::{Catalog, LastKnown};

/// What the database is asked for visitors.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) pointers: Requests,
    pub(super) revisions: Requests,
    pub(super) products: Requests,
    pub(super) signing_keys: Requests,
}

impl Default for Asked {
    fn default() -> Self {
        let of = |kind| Requests::of(Level::Database, kind);
        Self {
            pointers: of("pointers"),
            revisions: of("revisions"),
            products: of("products"),
            signing_keys: of("signing keys"),
        }
    }
}

impl Catalog {
    /// How full the caches of this process are.
    pub fn fill(&self) -> Vec<Fill> {
        let LastKnown { pointers, revisions } = &self.last_known;
        let mut fill =
            vec![self.pointers.fill(), self.revisions.fill(), self.products.fill(), self.signing.fill()];
        fill.extend([pointers.fill(), revisions.fill()]);
        fill.extend(self.cached().fill());
        fill.extend(self.store.copies_fill());
        fill
    }

    /// Evicts what has expired from the caches, and what is over a bound. Answers how many bytes that were.
    pub(crate) async fn trim(&self) -> u64 {
        let cached = self.cached();
        let pointers = self.pointers.trim().await + self.revisions.trim().await + self.signing.trim().await;
        let last = self.last_known.pointers.trim().await + self.last_known.revisions.trim().await;
        pointers + last + self.products.trim().await + cached.trim().await
    }
}
