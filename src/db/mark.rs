//! What a copy leaves in a database that no program may run on: in its source a seal, and in its target, until the copy has
//! come to its end, a mark that it has not.
//!
//! A mark is a migration that no program knows, made by a program whose schema fits no other. So programs that know nothing
//! of marks refuse such a database too.

use super::{DbError, now_ms};

const SEALED: i64 = i64::MAX;
const UNFINISHED: i64 = i64::MAX - 1;
/// What an older program calls the program that made the schema.
const TO: &str = "db copy to ";
const FROM: &str = "db copy from ";

/// Removes a mark, in two statements.
pub(super) const UNMARK: &str = "delete from schema_programs where schema_version >= 9223372036854775806;
    delete from _sqlx_migrations where version >= 9223372036854775806";

/// Why no program may run on a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    /// It was copied to this place.
    Sealed(String),
    /// It is the target of a copy of this place that has not come to its end.
    Unfinished(String),
}

impl Mark {
    /// The mark among the programs of a database: schema, program and the oldest schema that fits it, in their order.
    pub(super) fn of(programs: &[(i64, String, i64)]) -> Option<Self> {
        let (version, program, _) = programs.last()?;
        let place = |words: &str| program.strip_prefix(words).unwrap_or(program).to_owned();
        match *version {
            SEALED => Some(Self::Sealed(place(TO))),
            UNFINISHED => Some(Self::Unfinished(place(FROM))),
            _ => None,
        }
    }

    /// Sets it, in two statements.
    pub(super) fn sql(&self) -> String {
        let (version, about, words, place) = match self {
            Self::Sealed(to) => (SEALED, "sealed: it was copied", TO, to),
            Self::Unfinished(from) => (UNFINISHED, "an unfinished copy", FROM, from),
        };
        let (place, at_ms) = (place.replace('\'', "''"), now_ms());
        format!(
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
             select {version}, '{about}', true, checksum, 0 from _sqlx_migrations where version = 1;
             insert into schema_programs (schema_version, program, at_ms, oldest_schema)
             values ({version}, '{words}{place}', {at_ms}, 0)"
        )
    }

    /// Why a program is refused.
    pub(super) fn refusal(self) -> DbError {
        match self {
            Self::Sealed(to) => DbError::Sealed { to },
            Self::Unfinished(from) => DbError::Unfinished { from },
        }
    }
}
