//! Signed addresses: an address with a valid token shows one configuration, public or not, until the token expires.
//!
//! A token is `CONFIGURATION~SHOWN~UNTIL~KEY~SIGNATURE`. `SHOWN` is `live` or the number of a version, `UNTIL` is in seconds
//! since 1970-01-01 UTC, and `SIGNATURE` is the HMAC-SHA256 (RFC 2104), in lower-case hex, of everything before the last
//! `~`. Shops sign tokens too, so the format does not change.

use std::{fmt, str::FromStr};

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::{
    keys::{hex, is_hex},
    names::ConfigId,
};

/// Separates the parts: no name contains it, and URLs do not escape it.
const BETWEEN: char = '~';
const LIVE: &str = "live";
/// Random bytes of a key's id.
pub const KEY_ID_BYTES: usize = 4;
/// Random bytes of a key.
pub const KEY_BYTES: usize = 32;

/// The public name of a signing key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SigningKeyId(String);

impl SigningKeyId {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SigningKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signing key's id is 8 digits of lower-case hex")]
pub struct NotAKeyId;

impl FromStr for SigningKeyId {
    type Err = NotAKeyId;

    fn from_str(text: &str) -> Result<Self, NotAKeyId> {
        if is_hex(text, KEY_ID_BYTES) { Ok(Self(text.to_owned())) } else { Err(NotAKeyId) }
    }
}

/// A key that signs addresses.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Part of every token that the key signs.
    pub id: SigningKeyId,
    secret: [u8; KEY_BYTES],
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// A key of these random bytes.
    pub fn new(id: [u8; KEY_ID_BYTES], secret: [u8; KEY_BYTES]) -> Self {
        Self { id: SigningKeyId(hex(&id)), secret }
    }

    /// A stored key; `None` if the secret is not 64 digits of hex.
    pub fn read(id: SigningKeyId, secret: &str) -> Option<Self> {
        let is_secret = is_hex(secret, KEY_BYTES);
        let byte = |at: usize| u8::from_str_radix(secret.get(2 * at..2 * at + 2)?, 16).ok();
        let bytes: Vec<u8> = (0..KEY_BYTES).map_while(byte).collect();
        Some(Self { id, secret: bytes.try_into().ok().filter(|_| is_secret)? })
    }

    /// The secret in lower-case hex, for the database and for the answer that creates the key.
    pub fn secret(&self) -> String {
        hex(&self.secret)
    }

    fn sign(&self, text: &str) -> String {
        let mac = Hmac::<Sha256>::new_from_slice(&self.secret);
        let mac = mac.expect("HMAC takes a key of any length (RFC 2104, section 3)");
        hex(&mac.chain_update(text).finalize().into_bytes())
    }
}

/// The version that an address shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// The version that is live at the time of the request.
    Live,
    /// This one.
    Version(i64),
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live => f.write_str(LIVE),
            Self::Version(version) => version.fmt(f),
        }
    }
}

/// The permission in a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The configuration whose spin it shows.
    pub configuration: ConfigId,
    /// The version that it shows.
    pub shown: Shown,
    /// When it expires, in seconds since 1970-01-01 UTC.
    pub until_s: i64,
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{BETWEEN}{}{BETWEEN}{}", self.configuration, self.shown, self.until_s)
    }
}

impl Grant {
    /// The token.
    pub fn sign(&self, key: &SigningKey) -> String {
        let said = format!("{self}{BETWEEN}{}", key.id);
        let signature = key.sign(&said);
        format!("{said}{BETWEEN}{signature}")
    }

    /// Reads a token; `None` if none of these keys signed it.
    pub fn read(token: &str, keys: &[SigningKey]) -> Option<Self> {
        let (said, signature) = token.rsplit_once(BETWEEN)?;
        let (grant, id) = said.rsplit_once(BETWEEN)?;
        let key = keys.iter().find(|key| key.id.as_str() == id)?;
        if !bool::from(key.sign(said).as_bytes().ct_eq(signature.as_bytes())) {
            return None;
        }
        let mut parts = grant.split(BETWEEN);
        let (configuration, shown, until) = (parts.next()?, parts.next()?, parts.next()?);
        let shown = match shown {
            LIVE => Shown::Live,
            version => Shown::Version(version.parse().ok()?),
        };
        let read = Self { configuration: configuration.parse().ok()?, shown, until_s: until.parse().ok()? };
        // Each permission has one spelling.
        (read.to_string() == grant).then_some(read)
    }

    /// Whether it has expired.
    pub fn is_expired(&self, now_ms: i64) -> bool {
        self.until_s.saturating_mul(1000) <= now_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: u8) -> SigningKey {
        SigningKey::new([id; 4], [id; 32])
    }

    fn grant(shown: Shown) -> Grant {
        let configuration = "ring.solitaire.metal-platinum".parse().unwrap();
        Grant { configuration, shown, until_s: 1_800_000_000 }
    }

    /// The tokens of docs/guides/protected-designs.md, which were made with OpenSSL.
    #[test]
    fn tokens_are_as_the_guide_says() {
        let secret = hex(&std::array::from_fn::<u8, KEY_BYTES, _>(|at| at as u8));
        let key = SigningKey::read("0a1b2c3d".parse().unwrap(), &secret).unwrap();
        assert_eq!(key.secret(), secret);
        let guide = include_str!("../../docs/guides/protected-designs.md");
        for shown in [Shown::Live, Shown::Version(3)] {
            let token = grant(shown).sign(&key);
            assert!(guide.contains(&token), "{token}");
        }
    }

    #[test]
    fn a_token_is_what_was_signed_and_nothing_else() {
        for shown in [Shown::Live, Shown::Version(3)] {
            let token = grant(shown).sign(&key(7));
            assert!(
                token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-~".contains(&byte)),
                "{token}"
            );
            assert_eq!(Grant::read(&token, &[key(8), key(7)]), Some(grant(shown)));
            assert_eq!(Grant::read(&token, &[key(8)]), None);
            assert_eq!(Grant::read(&token, &[SigningKey::new([7; 4], [8; 32])]), None);
            for at in 0..token.len() {
                for other in ["0", "1", "a", "f", "~", ".", "-", "A", ""] {
                    let mut altered = token.clone();
                    altered.replace_range(at..=at, other);
                    if altered != token {
                        assert_eq!(Grant::read(&altered, &[key(7)]), None, "{altered}");
                    }
                }
            }
        }
        assert_eq!(Grant::read("", &[key(7)]), None);
    }

    #[test]
    fn another_spelling_of_a_signed_permission_is_refused() {
        for said in [
            "ring.solitaire~live~01800000000",
            "ring.solitaire~03~1800000000",
            "ring.solitaire~live~1800000000~1",
            "ring.solitaire~Live~1800000000",
        ] {
            let said = format!("{said}~{}", key(7).id);
            let token = format!("{said}~{}", key(7).sign(&said));
            assert_eq!(Grant::read(&token, &[key(7)]), None, "{token}");
        }
    }

    #[test]
    fn a_token_expires() {
        let grant = grant(Shown::Live);
        assert!(!grant.is_expired(1_799_999_999_999));
        assert!(grant.is_expired(1_800_000_000_000));
        assert!(!Grant { until_s: i64::MAX, ..grant }.is_expired(1_800_000_000_000));
    }

    #[test]
    fn a_key_does_not_show_itself() {
        assert_eq!(format!("{:?}", key(7)), r#"SigningKey { id: SigningKeyId("07070707"), .. }"#);
    }
}
