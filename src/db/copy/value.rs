//! Values as both engines have them, and their digest.

use std::fmt::Write as _;

use blake3::Hasher;
use sqlx::{Row, postgres::PgRow, sqlite::SqliteRow};

use crate::db::engine::Bind;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// A type of its own in Postgres, and text in SQLite.
    Json,
    Int,
    /// A type of its own in Postgres, and 0 or 1 in SQLite.
    Bool,
    Real,
}

impl Kind {
    /// Which kind a column has, by what its two databases call it: the one that tells more.
    pub(super) fn common(self, other: Self) -> Option<Self> {
        match (self, other) {
            (one, other) if one == other => Some(one),
            (Self::Text, Self::Json) | (Self::Json, Self::Text) => Some(Self::Json),
            (Self::Int, Self::Bool) | (Self::Bool, Self::Int) => Some(Self::Bool),
            _ => None,
        }
    }

    /// Its name in Postgres.
    pub(super) const fn in_postgres(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "jsonb",
            Self::Int => "bigint",
            Self::Bool => "boolean",
            Self::Real => "double precision",
        }
    }
}

/// The value of a column of one row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    /// Text, or JSON as [`canonical`] writes it.
    Text(String),
    Int(i64),
    Bool(bool),
    Real(f64),
}

impl Value {
    pub(super) fn of_sqlite(row: &SqliteRow, at: usize, kind: Kind) -> Result<Self, sqlx::Error> {
        Ok(match kind {
            Kind::Text | Kind::Json => Self::text(row.try_get(at)?, kind)?,
            Kind::Int => row.try_get::<Option<i64>, _>(at)?.map_or(Self::Null, Self::Int),
            Kind::Bool => match row.try_get::<Option<i64>, _>(at)? {
                None => Self::Null,
                Some(0) => Self::Bool(false),
                Some(1) => Self::Bool(true),
                Some(other) => {
                    return Err(sqlx::Error::Decode(format!("{other} is neither 0 nor 1").into()));
                }
            },
            Kind::Real => row.try_get::<Option<f64>, _>(at)?.map_or(Self::Null, Self::Real),
        })
    }

    /// JSON has been selected as text.
    pub(super) fn of_postgres(row: &PgRow, at: usize, kind: Kind) -> Result<Self, sqlx::Error> {
        Ok(match kind {
            Kind::Text | Kind::Json => Self::text(row.try_get(at)?, kind)?,
            Kind::Int => row.try_get::<Option<i64>, _>(at)?.map_or(Self::Null, Self::Int),
            Kind::Bool => row.try_get::<Option<bool>, _>(at)?.map_or(Self::Null, Self::Bool),
            Kind::Real => row.try_get::<Option<f64>, _>(at)?.map_or(Self::Null, Self::Real),
        })
    }

    fn text(text: Option<String>, kind: Kind) -> Result<Self, sqlx::Error> {
        let Some(text) = text else { return Ok(Self::Null) };
        if kind != Kind::Json {
            return Ok(Self::Text(text));
        }
        let json = serde_json::from_str(&text).map_err(|error| sqlx::Error::Decode(error.into()))?;
        Ok(Self::Text(canonical(&json)))
    }

    /// As a placeholder's value. Null has a kind too.
    pub(super) fn bind(&self, kind: Kind) -> Bind {
        match (self, kind) {
            (Self::Text(text), Kind::Json) => Bind::Json(Some(text.clone())),
            (Self::Text(text), _) => text.into(),
            (Self::Int(number), _) => (*number).into(),
            (Self::Bool(bool), _) => (*bool).into(),
            (Self::Real(number), _) => (*number).into(),
            (Self::Null, Kind::Text) => Bind::Text(None),
            (Self::Null, Kind::Json) => Bind::Json(None),
            (Self::Null, Kind::Int) => Bind::Int(None),
            (Self::Null, Kind::Bool) => Bind::Bool(None),
            (Self::Null, Kind::Real) => Bind::Real(None),
        }
    }

    /// Adds it to a digest, so that no two rows of different values have the same bytes.
    pub(super) fn digest(&self, hasher: &mut Hasher) {
        match self {
            Self::Null => hasher.update(b"n"),
            Self::Text(text) => {
                hasher.update(b"t").update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes())
            }
            Self::Int(number) => hasher.update(b"i").update(&number.to_le_bytes()),
            Self::Bool(bool) => hasher.update(b"b").update(&[u8::from(*bool)]),
            Self::Real(number) => hasher.update(b"r").update(&number.to_bits().to_le_bytes()),
        };
    }
}

/// JSON in the one spelling that both engines lead to: without spaces, names in their order, equal numbers alike. Postgres
/// keeps neither the order of names nor the spelling of a number.
fn canonical(json: &serde_json::Value) -> String {
    let mut text = String::new();
    write_canonical(json, &mut text);
    text
}

fn write_canonical(json: &serde_json::Value, text: &mut String) {
    use serde_json::Value as Json;
    match json {
        Json::Array(values) => {
            text.push('[');
            for (i, value) in values.iter().enumerate() {
                if i > 0 {
                    text.push(',');
                }
                write_canonical(value, text);
            }
            text.push(']');
        }
        Json::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            text.push('{');
            for (i, (name, value)) in fields.into_iter().enumerate() {
                let comma = if i > 0 { "," } else { "" };
                let _ = write!(text, "{comma}{}:", Json::from(name.as_str()));
                write_canonical(value, text);
            }
            text.push('}');
        }
        Json::Number(number) => {
            let whole = number.as_f64().filter(|_| number.is_f64()).filter(|float| float.fract() == 0.0);
            let _ = match whole {
                // Exact: the bounds are powers of two.
                Some(float) if (-(2f64.powi(63))..2f64.powi(63)).contains(&float) => {
                    write!(text, "{}", float as i64)
                }
                _ => write!(text, "{number}"),
            };
        }
        other => {
            let _ = write!(text, "{other}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_one_spelling() {
        for (written, expected) in [
            (r#"{ "b": 1, "a": [true, null, "é\n\""] }"#, r#"{"a":[true,null,"é\n\""],"b":1}"#),
            (
                "[1.0, 1e2, 100, -0.0, 1e16, 10000000000000000]",
                "[1,100,100,0,10000000000000000,10000000000000000]",
            ),
            ("[0.1, 1e-7, 66.50000000000001]", "[0.1,1e-7,66.50000000000001]"),
            ("[9223372036854775807, 18446744073709551615]", "[9223372036854775807,18446744073709551615]"),
        ] {
            assert_eq!(canonical(&serde_json::from_str(written).unwrap()), expected);
        }
    }

    #[test]
    fn rows_of_other_values_have_other_digests() {
        let digest = |values: &[Value]| {
            let mut hasher = Hasher::new();
            for value in values {
                value.digest(&mut hasher);
            }
            hasher.finalize()
        };
        let text = |text: &str| Value::Text(text.to_owned());
        let rows = [
            vec![Value::Null, text("")],
            vec![text(""), Value::Null],
            vec![text("n"), Value::Null],
            vec![text("ab"), text("c")],
            vec![text("a"), text("bc")],
            vec![Value::Int(1), Value::Null],
            vec![Value::Bool(true), Value::Null],
            vec![Value::Real(1.0), Value::Null],
        ];
        let digests: std::collections::HashSet<_> = rows.iter().map(|row| digest(row)).collect();
        assert_eq!(digests.len(), rows.len());
    }
}
