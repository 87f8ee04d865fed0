//! The list of what a backup has.

use std::{fs::File, io, path::Path};

use serde::{Deserialize, Serialize};

use crate::{db, domain::identity::Identity};

/// The name of the list in a backup.
pub const LIST: &str = "backup.json";
/// The list's own version.
const FORMAT: u32 = 1;

/// What a backup has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupList {
    format: u32,
    /// The program that made it.
    pub program: String,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// The name of the database.
    #[serde(with = "as_text")]
    pub identity: Identity,
    /// Of the database's file, in hex.
    pub database: String,
    /// Objects; none where they are in a bucket.
    pub objects: Option<u64>,
    /// Files that artists have sent.
    pub staged: u64,
    /// Objects and files that were missing or damaged where they were copied from.
    pub faulty: u64,
}

impl BackupList {
    /// The list of a backup that has a database and nothing else.
    pub(super) fn of(identity: Identity, at_ms: i64, database: String) -> Self {
        let program = db::program();
        Self { format: FORMAT, program, at_ms, identity, database, objects: None, staged: 0, faulty: 0 }
    }

    pub(super) fn read(bytes: &[u8]) -> io::Result<Self> {
        let list: Self = serde_json::from_slice(bytes)?;
        if list.format != FORMAT {
            return Err(io::Error::other(format!(
                "{LIST} has the format {}, and {FORMAT} is known",
                list.format
            )));
        }
        Ok(list)
    }

    pub(super) fn write(&self) -> io::Result<Vec<u8>> {
        Ok(serde_json::to_vec_pretty(self)?)
    }
}

/// The digest of a whole file, in hex.
pub(super) fn digest_of(file: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(file)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// An identity as its text.
mod as_text {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::domain::identity::Identity;

    pub(super) fn serialize<S: Serializer>(identity: &Identity, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(identity.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Identity, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
