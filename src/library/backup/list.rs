//! The list of what a backup has.

use std::{collections::BTreeMap, fmt, io, path::Path};

use serde::{Deserialize, Serialize};

use crate::{db, domain::identity::Identity, library::verify::Fault, whole_file};

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
    /// Bytes of all of them and of the database, or some more; older backups do not say it.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// Objects and files that were missing, damaged or unreadable where they were copied from.
    pub faulty: u64,
    /// Each of them, in the order of their names. A list that an older program has written does not say which they are.
    #[serde(default)]
    pub faults: Vec<FaultyFile>,
}

/// An object, or a file that an artist has sent, that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FaultyFile {
    /// What it is called in a backup, without `objects/`.
    pub name: String,
    /// `missing`, `damaged` or `unreadable`.
    pub fault: String,
    /// Why it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl fmt::Display for FaultyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, fault, why } = self;
        match why {
            None => write!(f, "{name} ({fault})"),
            Some(why) => write!(f, "{name} ({fault}: {why})"),
        }
    }
}

impl FaultyFile {
    pub(super) fn all(faults: BTreeMap<String, Fault>) -> Vec<Self> {
        let named = |(name, fault): (String, Fault)| Self {
            name,
            fault: fault.slug().to_owned(),
            why: fault.why().map(str::to_owned),
        };
        faults.into_iter().map(named).collect()
    }
}

impl BackupList {
    /// The list of a backup that has a database and nothing else.
    pub(super) fn of(identity: Identity, at_ms: i64, database: String) -> Self {
        let program = db::program();
        Self {
            format: FORMAT,
            program,
            at_ms,
            identity,
            database,
            objects: None,
            staged: 0,
            bytes: None,
            faulty: 0,
            faults: Vec::new(),
        }
    }

    /// Notes what could not be copied.
    pub(super) fn note(&mut self, faults: BTreeMap<String, Fault>) {
        self.faults = FaultyFile::all(faults);
        self.faulty = self.faults.len() as u64;
    }

    /// Those of these that were not faulty when the backup was made.
    pub(super) fn unexpected<'f>(&self, faults: &'f [FaultyFile]) -> Vec<&'f FaultyFile> {
        // All that an older list says is how many.
        if self.faults.is_empty() && faults.len() as u64 <= self.faulty {
            return Vec::new();
        }
        let was_faulty = |fault: &&FaultyFile| self.faults.iter().any(|known| known.name == fault.name);
        faults.iter().filter(|fault| !was_faulty(fault)).collect()
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
    hasher.update_reader(whole_file::open(file)?)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn list(faults: &[&str]) -> BackupList {
        let identity = "00112233445566778899aabbccddeeff".parse().unwrap();
        let mut list = BackupList::of(identity, 1, String::new());
        list.note(faults.iter().map(|name| ((*name).to_owned(), Fault::Missing)).collect());
        list
    }

    #[test]
    fn another_file_than_those_that_were_faulty_is_unexpected() {
        let found = FaultyFile::all(BTreeMap::from([
            ("a".to_owned(), Fault::Damaged),
            ("b".to_owned(), Fault::Unreadable("access is denied".to_owned())),
        ]));
        let unexpected = |list: &BackupList| {
            list.unexpected(&found).into_iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(unexpected(&list(&["a", "b", "c"])), [""; 0]);
        assert_eq!(unexpected(&list(&["a", "c"])), ["b (unreadable: access is denied)"]);
        assert_eq!(unexpected(&list(&[])).len(), 2);
        // One that an older program has written.
        let text = String::from_utf8(list(&["x", "y"]).write().unwrap()).unwrap();
        let (begin, rest) = text.split_once("\"faults\"").unwrap();
        let end = rest.rsplit_once(']').unwrap().1;
        let old = format!("{}{end}", begin.trim_end().trim_end_matches(','));
        let old = BackupList::read(old.as_bytes()).unwrap();
        assert_eq!((old.faulty, old.faults.len(), unexpected(&old).len()), (2, 0, 0));
    }
}
