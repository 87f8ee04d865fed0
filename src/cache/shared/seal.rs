//! Keys and seals of shared values.

use std::fmt;

/// Bytes of a seal.
const SEAL_BYTES: usize = blake3::OUT_LEN;

/// Names and seals what one installation shares under one set of settings.
pub(super) struct Seal {
    key: [u8; blake3::KEY_LEN],
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seal").finish_non_exhaustive()
    }
}

impl Seal {
    /// Two installations, and two sets of settings, have neither keys nor seals in common.
    pub(super) fn new(secret: &[u8], settings: &str) -> Self {
        let secret = blake3::derive_key("girasol 2026-11 shared cache", secret);
        Self { key: *blake3::keyed_hash(&secret, settings.as_bytes()).as_bytes() }
    }

    /// The name of a value: short, and without a word of what it depends on.
    pub(super) fn key(&self, kind: &str, of: &str) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(kind.as_bytes()).update(&[0]).update(of.as_bytes());
        format!("girasol:{kind}:{}", &hasher.finalize().to_hex()[..32])
    }

    /// A value under its key, for `open`.
    pub(super) fn seal(&self, key: &str, value: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(SEAL_BYTES + value.len());
        sealed.extend_from_slice(self.of(key, value).as_bytes());
        sealed.extend_from_slice(value);
        sealed
    }

    /// The value, if the seal is the one of this key and these bytes.
    pub(super) fn open(&self, key: &str, mut sealed: Vec<u8>) -> Option<Vec<u8>> {
        let seal: [u8; SEAL_BYTES] = *sealed.first_chunk()?;
        sealed.drain(..SEAL_BYTES);
        // Compared in constant time.
        (self.of(key, &sealed) == blake3::Hash::from_bytes(seal)).then_some(sealed)
    }

    fn of(&self, key: &str, value: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&(key.len() as u64).to_le_bytes()).update(key.as_bytes()).update(value);
        hasher.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_opens_under_its_own_key_alone() {
        let seal = Seal::new(b"secret", "policy");
        let key = seal.key("answers", "ring.solitaire");
        let sealed = seal.seal(&key, b"value");
        assert_eq!(seal.open(&key, sealed.clone()).as_deref(), Some(&b"value"[..]));
        assert_eq!(seal.open(&seal.key("products", "ring.solitaire"), sealed.clone()), None);
        assert_eq!(seal.open(&key, sealed[..sealed.len() - 1].to_vec()), None, "cut off");
        assert_eq!(seal.open(&key, sealed[..7].to_vec()), None, "shorter than a seal");
        assert_eq!(seal.open(&key, Vec::new()), None);
        for other in [Seal::new(b"another", "policy"), Seal::new(b"secret", "another")] {
            assert_ne!(other.key("answers", "ring.solitaire"), key);
            assert_eq!(other.open(&key, sealed.clone()), None);
        }
    }

    #[test]
    fn kinds_and_names_do_not_run_into_each_other() {
        let seal = Seal::new(b"secret", "policy");
        assert_ne!(seal.key("a", "bc")[10..], seal.key("ab", "c")[11..]);
    }
}
