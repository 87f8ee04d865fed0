//! Which tables there are, as the databases themselves know it, and in which order their rows can be written.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{PgConnection, SqliteConnection};

use super::{CopyError, side::Side, value::Kind};

/// What each database has of its own: how its schema came to be, when it was written to last, how far a copy is, and how far
/// the slow reading of the store.
pub(super) const OWN: [&str; 5] =
    ["_sqlx_migrations", "copy_progress", "heartbeat", "schema_programs", "scrub"];

/// A table with rows to copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: String,
    /// In the order of their names.
    pub(super) columns: Vec<Column>,
    /// Places in `columns` of those that make the primary key, in its order.
    pub(super) key: Vec<usize>,
    references: Vec<Reference>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
    is_required: bool,
}

/// Columns whose values have to be in another table.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reference {
    to: String,
    columns: Vec<String>,
}

/// One pass over the rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// Writes the rows, without the columns that refer to what is not there yet.
    Insert,
    /// Writes these columns.
    Fill,
}

/// A pass over a table, and the columns (places in the table's) that the two passes share out.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) table: Table,
    pub(super) pass: Pass,
    pub(super) later: Vec<usize>,
}

/// Table, column, type, required, place in the primary key or -1.
type ColumnRow = (String, String, String, bool, i64);
/// Table, number, column, the table that it refers to.
type ReferenceRow = (String, i64, String, String);

const SQLITE_COLUMNS: &str = "select t.name, c.name, lower(c.type), c.\"notnull\" or c.pk > 0, c.pk - 1
    from sqlite_schema t, pragma_table_info(t.name) c
    where t.type = 'table' and t.name not like 'sqlite#_%' escape '#' order by t.name, c.name";
const SQLITE_REFERENCES: &str = "select t.name, f.id, f.\"from\", f.\"table\"
    from sqlite_schema t, pragma_foreign_key_list(t.name) f where t.type = 'table' order by t.name, f.id, f.seq";

const POSTGRES_COLUMNS: &str =
    "select t.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull,
        coalesce(array_position(x.indkey::int2[], a.attnum), -1)::bigint
    from pg_class t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
    left join pg_index x on x.indrelid = t.oid and x.indisprimary
    where t.relkind = 'r' and t.relnamespace = current_schema()::regnamespace
    order by t.relname collate \"C\", a.attname collate \"C\"";
const POSTGRES_REFERENCES: &str = "select t.relname::text, k.oid::bigint, a.attname::text, r.relname::text
    from pg_constraint k join pg_class t on t.oid = k.conrelid join pg_class r on r.oid = k.confrelid
    cross join unnest(k.conkey) with ordinality as c (attnum, n)
    join pg_attribute a on a.attrelid = t.oid and a.attnum = c.attnum
    where k.contype = 'f' and t.relnamespace = current_schema()::regnamespace
    order by t.relname collate \"C\", k.oid, c.n";

/// The tables of a database, in the order of their names.
pub(super) async fn tables(side: &mut Side) -> Result<Vec<Table>, CopyError> {
    let read = match side {
        Side::Sqlite(connection) => of_sqlite(connection).await,
        Side::Postgres(connection) => of_postgres(connection).await,
    };
    let (columns, references) = read.map_err(|source| CopyError::read("its catalogue", source))?;
    build(columns, &references)
}

async fn of_sqlite(
    connection: &mut SqliteConnection,
) -> Result<(Vec<ColumnRow>, Vec<ReferenceRow>), sqlx::Error> {
    let columns = sqlx::query_as(SQLITE_COLUMNS).fetch_all(&mut *connection).await?;
    Ok((columns, sqlx::query_as(SQLITE_REFERENCES).fetch_all(connection).await?))
}

async fn of_postgres(
    connection: &mut PgConnection,
) -> Result<(Vec<ColumnRow>, Vec<ReferenceRow>), sqlx::Error> {
    let columns = sqlx::query_as(POSTGRES_COLUMNS).fetch_all(&mut *connection).await?;
    Ok((columns, sqlx::query_as(POSTGRES_REFERENCES).fetch_all(connection).await?))
}

fn build(columns: Vec<ColumnRow>, references: &[ReferenceRow]) -> Result<Vec<Table>, CopyError> {
    let mut tables: Vec<Table> = Vec::new();
    let mut keys: Vec<BTreeMap<i64, usize>> = Vec::new();
    for (name, column, kind, is_required, at) in columns {
        if OWN.contains(&name.as_str()) {
            continue;
        }
        if tables.last().is_none_or(|table| table.name != name) {
            tables.push(Table {
                name: name.clone(),
                columns: Vec::new(),
                key: Vec::new(),
                references: Vec::new(),
            });
            keys.push(BTreeMap::new());
        }
        let (Some(table), Some(key)) = (tables.last_mut(), keys.last_mut()) else { continue };
        let kind = match kind.as_str() {
            "text" => Kind::Text,
            "jsonb" => Kind::Json,
            "integer" | "bigint" => Kind::Int,
            "boolean" => Kind::Bool,
            "real" | "double precision" => Kind::Real,
            kind => {
                return Err(CopyError::Schema(format!(
                    "{name}.{column} has the type {kind}, which is not known"
                )));
            }
        };
        if at >= 0 {
            key.insert(at, table.columns.len());
        }
        table.columns.push(Column { name: column, kind, is_required });
    }
    for (table, key) in tables.iter_mut().zip(keys) {
        table.key = key.into_values().collect();
        if table.key.is_empty() {
            return Err(CopyError::Schema(format!("{} has no primary key", table.name)));
        }
        let own = references.iter().filter(|(from, ..)| *from == table.name);
        let mut by_number: BTreeMap<i64, Reference> = BTreeMap::new();
        for (_, number, column, to) in own {
            let reference =
                by_number.entry(*number).or_insert_with(|| Reference { to: to.clone(), columns: Vec::new() });
            reference.columns.push(column.clone());
        }
        table.references = by_number.into_values().collect();
    }
    Ok(tables)
}

/// The tables of both databases, with the kinds that both can hold. They have to be the same.
pub(super) fn common(source: Vec<Table>, target: &[Table]) -> Result<Vec<Table>, CopyError> {
    let names =
        |tables: &[Table]| -> BTreeSet<String> { tables.iter().map(|table| table.name.clone()).collect() };
    if let Some(name) = names(&source).symmetric_difference(&names(target)).next() {
        return Err(CopyError::Schema(format!("only one of them has the table {name}")));
    }
    source.into_iter().zip(target).map(|(source, target)| table_in_common(source, target)).collect()
}

fn table_in_common(mut source: Table, target: &Table) -> Result<Table, CopyError> {
    let differ = || CopyError::Schema(format!("the columns of {} differ", target.name));
    if source.columns.len() != target.columns.len() || source.key != target.key {
        return Err(differ());
    }
    for (column, other) in source.columns.iter_mut().zip(&target.columns) {
        if column.name != other.name || column.is_required != other.is_required {
            return Err(differ());
        }
        column.kind = column.kind.common(other.kind).ok_or_else(differ)?;
    }
    Ok(source)
}

/// The steps in an order in which every row finds what it refers to. Where tables refer to each other in a circle, columns
/// that may be null are written in a pass of their own. The name of the database comes first: it says whose copy the
/// target is.
pub(super) fn steps(tables: &[Table]) -> Result<Vec<Step>, CopyError> {
    let mut waiting: Vec<&Table> = tables.iter().collect();
    waiting.sort_by_key(|table| table.name != "identity");
    let (mut placed, mut steps, mut fills) = (BTreeSet::new(), Vec::new(), Vec::new());
    while !waiting.is_empty() {
        let later_of = |table: &Table| -> Option<Vec<usize>> {
            let unmet = table.references.iter().filter(|reference| !placed.contains(&reference.to));
            unmet
                .map(|reference| table.that_may_wait(reference))
                .collect::<Option<Vec<_>>>()
                .map(|all| all.concat())
        };
        let ready = |table: &&Table| later_of(table).is_some_and(|later| later.is_empty());
        let next = waiting
            .iter()
            .position(ready)
            .or_else(|| waiting.iter().position(|table| later_of(table).is_some()));
        let Some(next) = next else {
            return Err(CopyError::Schema("its tables refer to each other in a circle".to_owned()));
        };
        let table = waiting.remove(next);
        let later = later_of(table).unwrap_or_default();
        placed.insert(table.name.clone());
        steps.push(Step { table: table.clone(), pass: Pass::Insert, later: later.clone() });
        if !later.is_empty() {
            fills.push(Step { table: table.clone(), pass: Pass::Fill, later });
        }
    }
    steps.extend(fills);
    Ok(steps)
}

impl Table {
    /// The columns of a reference that are null until its other table has rows; `None` where there is none.
    fn that_may_wait(&self, reference: &Reference) -> Option<Vec<usize>> {
        let may_wait = |(at, column): &(usize, &Column)| {
            reference.columns.contains(&column.name) && !column.is_required && !self.key.contains(at)
        };
        let columns: Vec<usize> =
            self.columns.iter().enumerate().filter(may_wait).map(|(at, _)| at).collect();
        (!columns.is_empty()).then_some(columns)
    }

    /// The only column of the primary key, if it is a number.
    pub(super) fn number(&self) -> Option<&str> {
        let [at] = self.key[..] else { return None };
        let column = self.columns.get(at)?;
        (column.kind == Kind::Int).then_some(column.name.as_str())
    }
}

impl Step {
    /// The name that its progress is kept under.
    pub(super) fn name(&self) -> String {
        match self.pass {
            Pass::Insert => self.table.name.clone(),
            Pass::Fill => format!("{}, later", self.table.name),
        }
    }

    /// Places of the columns that the step reads: all of them, or the key and those that it fills.
    pub(super) fn reads(&self) -> Vec<usize> {
        match self.pass {
            Pass::Insert => (0..self.table.columns.len()).collect(),
            Pass::Fill => self.table.key.iter().chain(&self.later).copied().collect(),
        }
    }
}
