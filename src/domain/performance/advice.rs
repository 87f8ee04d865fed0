//! What would make a statement faster, by its plan and by how it is used.

/// Calls in a second from which fewer and larger ones are worth a thought.
const MANY_PER_SECOND: f64 = 50.0;

/// What may help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advice {
    /// A table is read from one end to the other.
    Index {
        /// The table.
        table: String,
        /// What rows are chosen by, where the plan says so.
        by: Option<String>,
    },
    /// Rows are sorted that an index could give in order.
    OrderedIndex,
    /// It is asked so often that several could be asked at once.
    Batch,
}

impl Advice {
    /// In words.
    pub fn text(&self) -> String {
        match self {
            Self::Index { table, by: Some(by) } => {
                format!("It reads all of {table}: an index on what it is chosen by would help, {by}.")
            }
            Self::Index { table, by: None } => {
                format!("It reads all of {table}: an index on the columns that it is chosen by would help.")
            }
            Self::OrderedIndex => {
                "It sorts rows: an index in the order of its `order by` would give them sorted.".to_owned()
            }
            Self::Batch => {
                "It is asked very often: to ask for several rows at once, or to cache them, would help."
                    .to_owned()
            }
        }
    }
}

/// What may help a statement that has this plan, of SQLite or Postgres, and is asked so often.
pub fn advise(plan: &str, calls_per_second: f64) -> Vec<Advice> {
    let mut advice = Vec::new();
    let mut lines = plan.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        if let Some(table) = scanned(line) {
            let filter = lines.peek().and_then(|next| next.strip_prefix("Filter: "));
            let found = Advice::Index { table, by: filter.map(str::to_owned) };
            if !advice.contains(&found) {
                advice.push(found);
            }
        }
        let sorts = line.contains("USE TEMP B-TREE FOR ORDER BY") || line.starts_with("Sort Key:");
        if sorts && !advice.contains(&Advice::OrderedIndex) {
            advice.push(Advice::OrderedIndex);
        }
    }
    if calls_per_second >= MANY_PER_SECOND {
        advice.push(Advice::Batch);
    }
    advice
}

/// The table that a line of a plan reads without an index.
fn scanned(line: &str) -> Option<String> {
    let sqlite =
        line.strip_prefix("SCAN ").filter(|rest| !rest.contains(" USING ") && !rest.contains("CONSTANT"));
    let postgres = line.split_once("Seq Scan on ").map(|(_, rest)| rest);
    sqlite.or(postgres)?.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(table: &str, by: Option<&str>) -> Advice {
        Advice::Index { table: table.to_owned(), by: by.map(str::to_owned) }
    }

    #[test]
    fn plans_of_both_engines_are_understood() {
        let sqlite = "SCAN jobs\nSEARCH framesets USING INDEX x (id=?)\nSCAN keys USING COVERING INDEX y\nSCAN CONSTANT ROW\nUSE TEMP B-TREE FOR ORDER BY";
        assert_eq!(advise(sqlite, 0.1), [index("jobs", None), Advice::OrderedIndex]);
        let postgres = "Sort  (cost=1..2)\n  Sort Key: at_ms\n  ->  Seq Scan on jobs j  (cost=0.00..1)\n        Filter: (state = $1)\n  ->  Index Scan using x on keys";
        assert_eq!(
            advise(postgres, 60.0),
            [Advice::OrderedIndex, index("jobs", Some("(state = $1)")), Advice::Batch]
        );
        assert_eq!(advise("SEARCH jobs USING PRIMARY KEY (id=?)", 1.0), []);
        assert_eq!(advise("", 0.0), []);
    }

    #[test]
    fn advice_names_the_table() {
        assert!(index("jobs", None).text().contains("all of jobs"));
    }

    proptest::proptest! {
        #[test]
        fn any_plan_is_read_without_a_panic(plan in ".*") {
            let _ = advise(&plan, 0.0);
        }
    }
}
