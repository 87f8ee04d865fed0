//! Tables for spreadsheets: CSV (RFC 4180).

use std::sync::Arc;

use super::problem::Error;

/// The media type of a table whose first line names its columns.
pub(super) const MEDIA_TYPE: &str = "text/csv; charset=utf-8; header=present";

/// Appends a line for each row.
pub(super) fn write<const CELLS: usize>(
    text: &mut Vec<u8>,
    rows: impl Iterator<Item = [String; CELLS]>,
) -> Result<(), Error> {
    let mut table = csv::WriterBuilder::new().has_headers(false).from_writer(text);
    for row in rows {
        table
            .write_record(row.map(inert))
            .map_err(|error| Error::Export(Arc::new(std::io::Error::other(error))))?;
    }
    table.flush().map_err(|error| Error::Export(Arc::new(error)))
}

/// Keeps spreadsheets from running a cell as a formula, which they do by its first character.
fn inert(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}
