//! Settings that hold secrets.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, Serializer};

/// A text that no log, list or error shows.
#[derive(Clone, Deserialize)]
pub struct SecretText(SecretString);

impl SecretText {
    /// The text.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The text for another holder of secrets.
    pub fn secret(&self) -> SecretString {
        self.0.clone()
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl PartialEq for SecretText {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for SecretText {}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("(secret)")
    }
}
