//! Lists at the command line: aligned columns, pages, and moments in time.

use clap::Args;

use crate::db::listing::{Listed, Page};

use super::words::from_to;

/// Options of every command that lists.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Paging")]
pub(super) struct PageArgs {
    /// The most entries to list.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = from_to::<u32>(1, 10_000))]
    limit: u32,
    /// Entries to leave out at the beginning of the list.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = from_to(0, u32::MAX))]
    skip: u32,
}

impl PageArgs {
    pub(super) fn page(self) -> Page {
        Page { limit: self.limit, skip: self.skip }
    }

    /// A sentence about the rest of the list, where the page is not all of it.
    pub(super) fn rest<T>(self, listed: &Listed<T>) -> Option<String> {
        let shown = u64::from(self.skip) + listed.entries.len() as u64;
        (shown < listed.total).then(|| {
            let (from, total) = (u64::from(self.skip) + 1, listed.total);
            format!("{from} to {shown} of {total}. The next page: --skip {shown}")
        })
    }
}

/// Rows under their heads, each column as wide as its widest cell.
pub(super) fn table<const COLUMNS: usize>(
    heads: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> String {
    let mut lines = vec![heads.map(str::to_owned)];
    lines.extend(rows);
    let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
        lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0)
    });
    let line = |cells: &[String; COLUMNS]| {
        let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["1".to_owned(), "live".to_owned()], ["12".to_owned(), String::new()]];
        assert_eq!(table(["n", "state"], rows), "n   state\n1   live\n12");
    }

    #[test]
    fn a_page_names_the_next_one() {
        let args = PageArgs { limit: 2, skip: 2 };
        let listed = |total| Listed { entries: vec![(), ()], total };
        assert_eq!(args.rest(&listed(5)).as_deref(), Some("3 to 4 of 5. The next page: --skip 4"));
        assert_eq!(args.rest(&listed(4)), None);
    }
}
