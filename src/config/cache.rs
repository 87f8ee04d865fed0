//! `[cache]`

use super::setting::{count_from, section, whole, whole_from};

section! {
    /// Memory in front of the database and the store.
    #[derive(Eq)]
    "cache" CacheConfig {
        /// Bytes of memory for frames, packs and stills.
        objects_max_bytes: u64 = 256 << 20, whole_from(0);
        /// Bytes of memory for manifests, products and compressed answers.
        answers_max_bytes: u64 = 32 << 20, whole_from(0);
        /// Seconds for which a server goes on with what it knew of a spin while the database cannot be asked. A take-down
        /// that it cannot hear of takes effect after that. 0 refuses with 503 at once.
        last_known_seconds: u32 = 600, whole(0, 86_400);
        /// Spins, the most popular first, that a server loads when it starts. Above 0 it also loads each spin that goes live.
        warm: u32 = 24, count_from(0);
    }
}
