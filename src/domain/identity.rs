//! What a database and its store know each other by.

use std::{fmt, str::FromStr};

use super::keys::{hex, is_hex};

/// Random bytes of an identity.
pub const IDENTITY_BYTES: usize = 16;

/// The name that a database gives itself, and leaves in the store that its objects lie in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity(String);

impl Identity {
    /// An identity of these random bytes.
    pub fn new(bytes: [u8; IDENTITY_BYTES]) -> Self {
        Self(hex(&bytes))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is no identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an identity is 32 digits of lower-case hex")]
pub struct NotAnIdentity;

impl FromStr for Identity {
    type Err = NotAnIdentity;

    fn from_str(text: &str) -> Result<Self, NotAnIdentity> {
        if is_hex(text, IDENTITY_BYTES) { Ok(Self(text.to_owned())) } else { Err(NotAnIdentity) }
    }
}
