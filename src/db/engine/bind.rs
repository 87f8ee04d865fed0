//! Values of placeholders: the types that every engine has. What has no conversion here cannot be bound.

use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::{Arguments, error::BoxDynError, postgres::PgArguments, sqlite::SqliteArguments, types::Json};

/// The value of a placeholder. It holds secrets too, so it cannot be shown.
#[derive(Clone)]
pub(in crate::db) enum Bind {
    /// Text, or null.
    Text(Option<String>),
    /// A number of 64 bits, or null.
    Int(Option<i64>),
    /// `true`, `false` or null.
    Bool(Option<bool>),
    /// A number of double precision, or null.
    Real(Option<f64>),
    /// A JSON text, or null.
    Json(Option<String>),
    /// What cannot be written as JSON, and why: the statement fails with it.
    Unwritable(String),
}

impl Bind {
    /// A JSON column's value.
    pub(in crate::db) fn json<T: Serialize + ?Sized>(value: &T) -> Self {
        match serde_json::to_string(value) {
            Ok(text) => Self::Json(Some(text)),
            Err(error) => Self::Unwritable(error.to_string()),
        }
    }

    /// The same, or null.
    pub(in crate::db) fn optional_json<T: Serialize + ?Sized>(value: Option<&T>) -> Self {
        value.map_or(Self::Json(None), Self::json)
    }
}

/// One conversion for the type, one for an option of it.
macro_rules! values {
    ($($variant:ident from $kind:ty => $convert:expr),* $(,)?) => {$(
        impl From<$kind> for Bind {
            fn from(value: $kind) -> Self {
                let convert: fn($kind) -> _ = $convert;
                Self::$variant(Some(convert(value)))
            }
        }

        impl From<Option<$kind>> for Bind {
            fn from(value: Option<$kind>) -> Self {
                Self::$variant(value.map($convert))
            }
        }
    )*};
}

values! {
    Text from &str => str::to_owned,
    Text from &String => String::clone,
    Text from String => |text| text,
    Int from i64 => |number| number,
    Int from i32 => i64::from,
    Int from u32 => i64::from,
    Bool from bool => |bool| bool,
    Real from f64 => |number| number,
}

/// The values as SQLite takes them: JSON is text there, and a truth value a number.
pub(in crate::db) fn sqlite(values: &[Bind]) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        let added: Result<(), BoxDynError> = match value.clone() {
            Bind::Text(text) | Bind::Json(text) => Arguments::add(&mut arguments, text),
            Bind::Int(number) => Arguments::add(&mut arguments, number),
            Bind::Bool(bool) => Arguments::add(&mut arguments, bool),
            Bind::Real(number) => Arguments::add(&mut arguments, number),
            Bind::Unwritable(why) => Err(why.into()),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// The values as Postgres takes them.
pub(in crate::db) fn postgres(values: &[Bind]) -> Result<PgArguments, sqlx::Error> {
    let mut arguments = PgArguments::default();
    for value in values {
        let added: Result<(), BoxDynError> = match value.clone() {
            Bind::Text(text) => Arguments::add(&mut arguments, text),
            Bind::Int(number) => Arguments::add(&mut arguments, number),
            Bind::Bool(bool) => Arguments::add(&mut arguments, bool),
            Bind::Real(number) => Arguments::add(&mut arguments, number),
            Bind::Json(text) => raw(text).and_then(|json| Arguments::add(&mut arguments, json)),
            Bind::Unwritable(why) => Err(why.into()),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// JSON that is written already, for the driver that writes it itself.
fn raw(text: Option<String>) -> Result<Option<Json<Box<RawValue>>>, BoxDynError> {
    Ok(text.map(RawValue::from_string).transpose()?.map(Json))
}
