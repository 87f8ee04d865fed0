//! Exports: everything of a kind as a file, streamed.

use actix_web::{
    HttpResponseBuilder,
    http::{
        StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
};

use super::{private_scope::secret, problem::Error, query, spreadsheet};

/// The format of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExportFormat {
    /// JSON: what of it is an address's own matter.
    Json,
    /// An object a line.
    Ndjson,
    /// For a spreadsheet.
    Csv,
}

impl ExportFormat {
    /// Reads the value of a key of a query.
    pub(super) fn parse(key: &str, value: &str) -> Result<Self, Error> {
        match value {
            "json" => Ok(Self::Json),
            "ndjson" => Ok(Self::Ndjson),
            "csv" => Ok(Self::Csv),
            _ => Err(query::no_such_value(key, value, "one of json, ndjson, csv")),
        }
    }

    /// The head of an answer that browsers save as a file of this name.
    pub(super) fn file(self, name: &str) -> HttpResponseBuilder {
        let (media_type, extension) = match self {
            Self::Json => ("application/json", "json"),
            Self::Ndjson => ("application/x-ndjson", "ndjson"),
            Self::Csv => (spreadsheet::MEDIA_TYPE, "csv"),
        };
        let disposition = format!("attachment; filename=\"{name}.{extension}\"");
        let mut response = secret(StatusCode::OK);
        response.insert_header((CONTENT_TYPE, media_type)).insert_header((CONTENT_DISPOSITION, disposition));
        response
    }
}
