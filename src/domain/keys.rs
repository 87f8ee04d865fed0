//! API keys and what they may do.

use std::{fmt, str::FromStr};

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase", parse_err_ty = UnknownRole, parse_err_fn = unknown)]
pub enum Role {
    /// Uploads frame sets and publishes them.
    Artist,
    /// Does everything.
    Admin,
    /// Reads measurements.
    Metrics,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Artist, Self::Admin, Self::Metrics];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether this role includes the other one.
    pub fn includes(self, other: Self) -> bool {
        self == Self::Admin || self == other
    }
}

/// The text is not a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a role is artist, admin or metrics")]
pub struct UnknownRole;

const fn unknown(_word: &str) -> UnknownRole {
    UnknownRole
}

/// Random bytes of an id, which is public.
pub const ID_BYTES: usize = 6;
/// Random bytes of a secret.
pub const SECRET_BYTES: usize = 32;

const PREFIX: &str = "girasol";

/// A key in full: `girasol_ID_SECRET`, both in lower-case hex. Only `Display` prints it; `Debug` leaves the secret out.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    id: KeyId,
    secret: String,
}

impl ApiKey {
    /// A key of these random bytes.
    pub fn new(id: [u8; ID_BYTES], secret: [u8; SECRET_BYTES]) -> Self {
        Self { id: KeyId(hex(&id)), secret: hex(&secret) }
    }

    /// The public part.
    pub const fn id(&self) -> &KeyId {
        &self.id
    }

    /// The secret part.
    pub fn secret(&self) -> &str {
        &self.secret
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}_{}_{}", self.id, self.secret)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({})", self.id)
    }
}

impl FromStr for ApiKey {
    type Err = NoKey;

    fn from_str(text: &str) -> Result<Self, NoKey> {
        let mut parts = text.split('_');
        let (Some(PREFIX), Some(id), Some(secret), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NoKey);
        };
        if !is_hex(secret, SECRET_BYTES) {
            return Err(NoKey);
        }
        Ok(Self { id: id.parse().map_err(|NoKeyId| NoKey)?, secret: secret.to_owned() })
    }
}

/// The public part of a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(String);

impl KeyId {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for KeyId {
    type Err = NoKeyId;

    fn from_str(text: &str) -> Result<Self, NoKeyId> {
        if is_hex(text, ID_BYTES) { Ok(Self(text.to_owned())) } else { Err(NoKeyId) }
    }
}

/// The text is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a key of Girasol")]
pub struct NoKey;

/// The text is no id of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key's id is 12 digits of lower-case hex, as girasol key list shows it")]
pub struct NoKeyId;

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether the text is so many bytes in lower-case hex.
pub fn is_hex(text: &str, bytes: usize) -> bool {
    text.len() == 2 * bytes && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_parses_from_its_text_and_debug_hides_the_secret() {
        let key = ApiKey::new([1; ID_BYTES], [0xab; SECRET_BYTES]);
        assert_eq!(key.to_string().parse(), Ok(key.clone()));
        assert_eq!(key.id().as_str(), "010101010101");
        assert!(!format!("{key:?}").contains("abab"));
    }

    #[test]
    fn other_texts_are_refused() {
        let good = ApiKey::new([1; ID_BYTES], [0xab; SECRET_BYTES]).to_string();
        for bad in [
            "",
            "girasol",
            &good[..good.len() - 1],
            &format!("{good}0"),
            &format!("{good}_"),
            &good.to_uppercase(),
            &good.replacen("girasol", "other", 1),
            &good.replace("abab", "ab\u{e9}"),
        ] {
            assert_eq!(bad.parse::<ApiKey>(), Err(NoKey), "{bad}");
        }
    }

    #[test]
    fn only_admin_includes_the_other_roles() {
        for role in Role::ALL {
            assert!(Role::Admin.includes(role) && role.includes(role));
            assert_eq!(role.to_string().parse(), Ok(role));
        }
        assert!(!Role::Artist.includes(Role::Admin) && !Role::Artist.includes(Role::Metrics));
        assert!(!Role::Metrics.includes(Role::Artist));
        assert_eq!("root".parse::<Role>(), Err(UnknownRole));
    }
}
