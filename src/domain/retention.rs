//! How long what visitors do not see is kept.

/// The rules for versions that are not live, and for objects that no version needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The newest versions of a configuration that always are.
    pub keep: u32,
    /// Others, from when they were made or live last.
    pub keep_ms: i64,
    /// From when a version is gone until its objects are: cached manifests name them so long.
    pub grace_ms: i64,
}
