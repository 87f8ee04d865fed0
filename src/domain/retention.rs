//! How long versions that are not live are kept.

/// The rules for versions that are not live, and for objects that no version needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The newest versions of a configuration that always stay.
    pub keep: u32,
    /// How long others stay, from when they were made or live last, in milliseconds.
    pub keep_ms: i64,
    /// How long the objects of a retired version stay, in milliseconds: cached manifests name them so long.
    pub grace_ms: i64,
}
