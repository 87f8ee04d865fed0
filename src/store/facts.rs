//! What is recorded of objects that are large enough to be given before all of them has come.

/// What is recorded of an object, so that it can be announced before it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Bytes of the whole.
    pub length: usize,
    /// Of the whole.
    pub sha256: [u8; 32],
}
