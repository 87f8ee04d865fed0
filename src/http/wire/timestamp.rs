//! Points in time.

use std::fmt;

use serde::Serialize;
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ObjectBuilder, RefOr, Schema,
        schema::{SchemaFormat, Type},
    },
};

/// Milliseconds since 1970-01-01 UTC, written in RFC 3339, in UTC, to the millisecond.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timestamp(pub(crate) i64);

impl Timestamp {
    /// For people: 24 November 2026, 16:05 UTC.
    pub(crate) fn readable(self) -> String {
        let format = time::macros::format_description!(
            "[day padding:none] [month repr:long] [year], [hour]:[minute] UTC"
        );
        OffsetDateTime::from_unix_timestamp(self.0 / 1000)
            .ok()
            .and_then(|time| time.format(format).ok())
            .unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanoseconds = i128::from(self.0) * 1_000_000;
        let text = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds)
            .ok()
            .and_then(|time| time.format(&Rfc3339).ok());
        f.write_str(&text.unwrap_or_default())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("RFC 3339, in UTC, to the millisecond."))
            .format(Some(SchemaFormat::Custom("date-time".to_owned())))
            .examples([json!("2026-11-24T16:05:00.25Z")])
            .into()
    }
}

impl ToSchema for Timestamp {}
