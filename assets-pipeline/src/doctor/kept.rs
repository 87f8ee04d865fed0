//! A diagnosis as text, for another process.

use std::fmt::Display;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Hashes of files, as hex.
pub(super) mod hashes {
    use super::{Deserialize as _, Deserializer, Serialize as _, Serializer, bad};

    pub(in crate::doctor) fn serialize<S: Serializer>(
        hashes: &[Option<blake3::Hash>],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let texts: Vec<Option<String>> =
            hashes.iter().map(|hash| hash.map(|hash| hash.to_string())).collect();
        texts.serialize(serializer)
    }

    pub(in crate::doctor) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Option<blake3::Hash>>, D::Error> {
        let texts = Vec::<Option<String>>::deserialize(deserializer)?;
        let hash = |text: String| blake3::Hash::from_hex(text).map_err(bad);
        texts.into_iter().map(|text| text.map(hash).transpose()).collect()
    }
}

/// A picture, as base64.
pub(super) mod picture {
    use base64::{Engine as _, prelude::BASE64_STANDARD};

    use super::{Deserialize as _, Deserializer, Serialize as _, Serializer, bad};

    #[expect(clippy::ref_option, reason = "serde gives the field itself")]
    pub(in crate::doctor) fn serialize<S: Serializer>(
        picture: &Option<Vec<u8>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        picture.as_ref().map(|bytes| BASE64_STANDARD.encode(bytes)).serialize(serializer)
    }

    pub(in crate::doctor) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| BASE64_STANDARD.decode(text).map_err(bad)).transpose()
    }
}

fn bad<E: Error>(error: impl Display) -> E {
    E::custom(error)
}
