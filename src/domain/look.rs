//! Links to versions that are not live: signed, and worth something for a while only.

use std::{fmt, str::FromStr};

use assets_pipeline::digest::Digest;
use subtle::ConstantTimeEq as _;

use super::names::ConfigId;

/// What links are signed with.
pub type Secret = [u8; 32];

/// A look at one version, until some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Whose spin.
    pub configuration: ConfigId,
    /// Which version of it.
    pub version: i64,
    /// Milliseconds since 1970-01-01 UTC.
    pub until_ms: i64,
}

/// Stands between the parts: it is in no name, and URLs do not escape it.
const BETWEEN: char = '~';

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{BETWEEN}{}{BETWEEN}{}", self.configuration, self.version, self.until_ms)
    }
}

impl Look {
    /// The link's last part.
    pub fn sign(&self, secret: &Secret) -> String {
        format!("{self}{BETWEEN}{}", self.signature(secret))
    }

    fn signature(&self, secret: &Secret) -> Digest {
        Digest::from_hash(blake3::keyed_hash(secret, format!("look {self}").as_bytes()))
    }

    /// Reads a link's last part; `None` where nobody with the secret has signed it.
    pub fn read(token: &str, secret: &Secret) -> Option<Self> {
        let (said, signature) = token.rsplit_once(BETWEEN)?;
        let mut parts = said.split(BETWEEN);
        let look = Self {
            configuration: parts.next()?.parse().ok()?,
            version: number(parts.next()?)?,
            until_ms: number(parts.next()?)?,
        };
        let expected = look.signature(secret).to_string();
        let is_signed = bool::from(expected.as_bytes().ct_eq(signature.as_bytes()));
        (is_signed && look.to_string() == said).then_some(look)
    }
}

fn number<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_what_was_signed_and_nothing_else() {
        let configuration = "ring.solitaire.metal-platinum".parse().unwrap();
        let look = Look { configuration, version: 3, until_ms: 1_800_000_000_000 };
        let token = look.sign(&[7; 32]);
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-~".contains(&byte)), "{token}");
        assert_eq!(Look::read(&token, &[7; 32]), Some(look));
        assert_eq!(Look::read(&token, &[8; 32]), None);
        for other in [
            token.replace("~3~", "~4~"),
            token.replace("~3~", "~03~"),
            token.replace("~18", "~19"),
            token.replace("platinum", "gold"),
            token[..token.len() - 1].to_owned(),
            format!("{token}~"),
            String::new(),
        ] {
            assert_eq!(Look::read(&other, &[7; 32]), None, "{other}");
        }
    }
}
