//! What is recorded of objects that are large enough to be given before all of them has come.

/// A shorter object comes as soon as its beginning does.
const LARGE_BYTES: usize = 64 * 1024;

/// Whether an object of this length may be given before all of it has come.
pub(super) const fn is_large(length: usize) -> bool {
    length > LARGE_BYTES
}

/// What is recorded of an object, so that it can be announced before it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Bytes of the whole.
    pub length: usize,
    /// Of the whole.
    pub sha256: [u8; 32],
}
