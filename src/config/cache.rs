//! `[cache]`

use super::setting::{count_from, section, whole_from};

section! {
    /// Memory in front of the database and the store.
    #[derive(Eq)]
    "cache" CacheConfig {
        /// Bytes of memory for frames, packs and stills.
        objects_max_bytes: u64 = 256 << 20, whole_from(0);
        /// Bytes of memory for manifests, products and compressed answers.
        answers_max_bytes: u64 = 32 << 20, whole_from(0);
        /// Spins, the most popular first, that a server loads when it starts. Above 0 it also loads each spin that goes live.
        warm: u32 = 24, count_from(0);
    }
}
