//! How a copy says that it is whole: a BLAKE3 hash of its key and its bytes, after them.

use crate::store::Address;

const SEAL_BYTES: usize = blake3::OUT_LEN;

/// What stands in the file of a copy.
pub(super) fn seal(key: &Address, bytes: &[u8]) -> Vec<u8> {
    [bytes, seal_of(key, bytes).as_bytes()].concat()
}

/// Takes the seal off, and answers whether it was the right one.
pub(super) fn unseal(key: &Address, sealed: &mut Vec<u8>) -> bool {
    let Some(length) = sealed.len().checked_sub(SEAL_BYTES) else { return false };
    let (bytes, seal) = sealed.split_at(length);
    let is_whole = seal_of(key, bytes).as_bytes() == seal;
    sealed.truncate(length);
    is_whole
}

fn seal_of(key: &Address, bytes: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(key.to_string().as_bytes()).update(b"\n").update(bytes);
    hasher.finalize()
}
