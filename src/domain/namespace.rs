//! Namespaces of the store: the public one, and private ones that only signed addresses reach.

use std::{fmt, str::FromStr};

use super::keys::{hex, is_hex};

/// Random bytes of a private namespace's name.
pub const ID_BYTES: usize = 16;

/// A private namespace, whose name cannot be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamespaceId([u8; ID_BYTES]);

impl NamespaceId {
    /// A namespace of these random bytes.
    pub const fn new(bytes: [u8; ID_BYTES]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for NamespaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// The text names no namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a namespace is 32 digits of lower-case hex")]
pub struct NotANamespace;

impl FromStr for NamespaceId {
    type Err = NotANamespace;

    fn from_str(text: &str) -> Result<Self, NotANamespace> {
        if !is_hex(text, ID_BYTES) {
            return Err(NotANamespace);
        }
        u128::from_str_radix(text, 16).map(|bits| Self(bits.to_be_bytes())).map_err(|_no_hex| NotANamespace)
    }
}

/// Where the objects of a version are stored. Each namespace has its own copies, even of the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Namespace {
    /// Open to every client that knows an object's name.
    Public,
    /// Of one configuration, as long as it is protected.
    Private(NamespaceId),
}

impl Namespace {
    /// The name of a private namespace.
    pub fn id(self) -> Option<NamespaceId> {
        match self {
            Self::Public => None,
            Self::Private(id) => Some(id),
        }
    }

    /// Whether only signed addresses reach it.
    pub fn is_private(self) -> bool {
        self.id().is_some()
    }
}
