//! Spaces of the store: the public one, and private ones that only signed addresses reach.

use std::{fmt, str::FromStr};

use super::keys::{hex, is_hex};

/// Random bytes of a private space's name.
pub const ID_BYTES: usize = 16;

/// A private space: nobody guesses another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpaceId([u8; ID_BYTES]);

impl SpaceId {
    /// A space of these random bytes.
    pub const fn new(bytes: [u8; ID_BYTES]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for SpaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// The text names no space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a space is 32 digits of lower-case hex")]
pub struct NotASpace;

impl FromStr for SpaceId {
    type Err = NotASpace;

    fn from_str(text: &str) -> Result<Self, NotASpace> {
        if !is_hex(text, ID_BYTES) {
            return Err(NotASpace);
        }
        u128::from_str_radix(text, 16).map(|bits| Self(bits.to_be_bytes())).map_err(|_no_hex| NotASpace)
    }
}

/// Where the objects of a version lie. What is in one space is in no other, though its bytes may be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Space {
    /// Whoever knows an object's name has it.
    Public,
    /// Of one configuration, as long as that is protected.
    Private(SpaceId),
}

impl Space {
    /// The name of a private space.
    pub fn id(self) -> Option<SpaceId> {
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
