//! Rows from one side to the other, in the order of their keys.

use serde_json::Value as Json;

use crate::db::engine::{Bind, describe};

use super::{
    CopyError, Progress, Watch,
    catalog::{Pass, Step, Table},
    side::{Row, Side},
    value::{Kind, Value},
};

/// Rows that are read at once, and written in one transaction.
const BATCH: usize = if cfg!(test) { 100 } else { 1_000 };
/// Values that a statement has room for, on both engines.
const VALUES: usize = 30_000;

/// How far each step is, in the target: it moves in the transaction that writes the rows.
pub(super) const MAKE_PROGRESS: &str =
    "create table copy_progress (step text primary key, last_key text not null, is_done bigint not null)";
pub(super) const DROP_PROGRESS: &str = "drop table copy_progress";
const READ_PROGRESS: &str = "select step, last_key, is_done from copy_progress";
const NOTE_PROGRESS: &str = "insert into copy_progress (step, last_key, is_done) values ($1, $2, $3)
    on conflict (step) do update set last_key = excluded.last_key, is_done = excluded.is_done";

/// Copies what a step has left.
pub(super) async fn run(
    step: &Step,
    source: &mut Side,
    target: &mut Side,
    watch: &mut Watch<'_>,
) -> Result<(), CopyError> {
    let table = &step.table;
    let (columns, limit) = (step.reads(), batch(table));
    let mut after = match progress(target, &step.name()).await? {
        Some((_, true)) => {
            watch.add(count(source, table, None).await?);
            return Ok(());
        }
        Some((last, false)) => {
            watch.add(count(source, table, Some(&last)).await?);
            Some(last)
        }
        None => None,
    };
    loop {
        let rows = page(source, table, &columns, after.as_deref(), limit).await?;
        let is_done = rows.len() < limit;
        let last = rows.last().map(|row| step.key_of(row)).or(after).unwrap_or_default();
        write(step, &columns, target, &rows, (&last, is_done))
            .await
            .map_err(|source| CopyError::written(&table.name, source))?;
        watch.add(rows.len() as u64);
        if is_done {
            return Ok(());
        }
        after = Some(last);
    }
}

/// The last key that a step has written, and whether it has come to its end.
async fn progress(target: &mut Side, step: &str) -> Result<Option<(Row, bool)>, CopyError> {
    let kinds = [Kind::Text, Kind::Text, Kind::Int];
    let rows = target.rows(READ_PROGRESS.to_owned(), &[], &kinds).await;
    let rows = rows.map_err(|source| CopyError::read("copy_progress", source))?;
    let row = rows.into_iter().find(|row| row.first() == Some(&Value::Text(step.to_owned())));
    let Some([_, Value::Text(key), Value::Int(is_done)]) = row.as_deref() else { return Ok(None) };
    let unreadable = || CopyError::Schema(format!("the key {key} in copy_progress cannot be read"));
    let key: Vec<Json> = serde_json::from_str(key).map_err(|_wrong| unreadable())?;
    let value = |value| match value {
        Json::String(text) => Ok(Value::Text(text)),
        Json::Number(number) => number.as_i64().map(Value::Int).ok_or_else(unreadable),
        _ => Err(unreadable()),
    };
    Ok(Some((key.into_iter().map(value).collect::<Result<_, _>>()?, *is_done == 1)))
}

async fn write(
    step: &Step,
    columns: &[usize],
    target: &mut Side,
    rows: &[Row],
    (last, is_done): (&[Value], bool),
) -> Result<(), sqlx::Error> {
    target.execute("begin").await?;
    let values = match step.pass {
        Pass::Insert => inserted(step, rows),
        Pass::Fill => filled(step, columns, rows),
    };
    if let Some((rows, values)) = values {
        let sql = match step.pass {
            Pass::Insert => insert(&step.table, rows, target),
            Pass::Fill => fill(step, columns, rows, target),
        };
        target.write(sql, &values).await?;
    }
    let key: Vec<Json> = last.iter().map(as_json).collect();
    let progress =
        [Bind::from(step.name()), Bind::from(Json::from(key).to_string()), Bind::from(i64::from(is_done))];
    target.write(NOTE_PROGRESS.to_owned(), &progress).await?;
    target.execute("commit").await
}

fn as_json(value: &Value) -> Json {
    match value {
        Value::Text(text) => Json::from(text.as_str()),
        Value::Int(number) => Json::from(*number),
        // Keys are texts and numbers.
        _ => Json::Null,
    }
}

/// How many rows there are to write, and their values.
fn inserted(step: &Step, rows: &[Row]) -> Option<(usize, Vec<Bind>)> {
    let columns = &step.table.columns;
    let bind = |(at, value): (usize, &Value)| {
        let value = if step.later.contains(&at) { &Value::Null } else { value };
        value.bind(columns[at].kind)
    };
    let values = rows.iter().flat_map(|row| row.iter().enumerate().map(bind)).collect();
    (!rows.is_empty()).then_some((rows.len(), values))
}

/// The same of those rows that have something to fill in.
fn filled(step: &Step, columns: &[usize], rows: &[Row]) -> Option<(usize, Vec<Bind>)> {
    let keys = step.table.key.len();
    let rows: Vec<&Row> =
        rows.iter().filter(|row| row[keys..].iter().any(|value| *value != Value::Null)).collect();
    let bind = |(value, at): (&Value, &usize)| value.bind(step.table.columns[*at].kind);
    let values = rows.iter().flat_map(|row| row.iter().zip(columns).map(bind)).collect();
    (!rows.is_empty()).then_some((rows.len(), values))
}

fn insert(table: &Table, rows: usize, target: &Side) -> String {
    let names: Vec<String> = table.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
    let tuples = tuples(rows, names.len(), |number, at| target.placeholder(number, table.columns[at].kind));
    format!("insert into \"{}\" ({}) values {tuples}", table.name, names.join(", "))
}

fn fill(step: &Step, columns: &[usize], rows: usize, target: &Side) -> String {
    let (table, keys) = (&step.table, step.table.key.len());
    let tuples =
        tuples(rows, columns.len(), |number, at| target.placeholder(number, table.columns[columns[at]].kind));
    let equal = |from: usize, column: &usize, prefix: &str| {
        format!("{prefix}\"{}\" = v.column{}", table.columns[*column].name, from + 1)
    };
    let sets: Vec<String> =
        columns.iter().enumerate().skip(keys).map(|(at, column)| equal(at, column, "")).collect();
    let prefix = format!("\"{}\".", table.name);
    let conditions: Vec<String> =
        columns.iter().enumerate().take(keys).map(|(at, column)| equal(at, column, &prefix)).collect();
    format!(
        "update \"{}\" set {} from (values {tuples}) as v where {}",
        table.name,
        sets.join(", "),
        conditions.join(" and ")
    )
}

/// `($1, $2), ($3, $4)`
fn tuples(rows: usize, columns: usize, placeholder: impl Fn(usize, usize) -> String) -> String {
    let tuple = |row: usize| {
        let values: Vec<String> = (0..columns).map(|at| placeholder(row * columns + at + 1, at)).collect();
        format!("({})", values.join(", "))
    };
    (0..rows).map(tuple).collect::<Vec<_>>().join(", ")
}

fn batch(table: &Table) -> usize {
    BATCH.min(VALUES / table.columns.len().max(1))
}

/// Columns of the rows after a key, in the order of their keys.
async fn page(
    side: &mut Side,
    table: &Table,
    columns: &[usize],
    after: Option<&[Value]>,
    limit: usize,
) -> Result<Vec<Row>, CopyError> {
    let selected: Vec<String> =
        columns.iter().map(|at| side.selected(&table.columns[*at].name, table.columns[*at].kind)).collect();
    let kinds: Vec<Kind> = columns.iter().map(|at| table.columns[*at].kind).collect();
    let sql = format!(
        "select {} from \"{}\"{} order by {} limit {limit}",
        selected.join(", "),
        table.name,
        if after.is_some() { format!(" where {}", table.after()) } else { String::new() },
        table.key_names()
    );
    let values = table.bind_key(after.unwrap_or_default());
    side.rows(sql, &values, &kinds).await.map_err(|source| CopyError::read(&table.name, source))
}

/// How many rows a table has, up to a key if there is one.
pub(super) async fn count(side: &mut Side, table: &Table, to: Option<&[Value]>) -> Result<u64, CopyError> {
    let condition = if to.is_some() { format!(" where not {}", table.after()) } else { String::new() };
    let sql = format!("select count(*) from \"{}\"{condition}", table.name);
    let values = table.bind_key(to.unwrap_or_default());
    let rows = side.rows(sql, &values, &[Kind::Int]).await;
    let rows = rows.map_err(|source| CopyError::read(&table.name, source))?;
    match rows.first().and_then(|row| row.first()) {
        Some(Value::Int(count)) => Ok(u64::try_from(*count).unwrap_or(0)),
        _ => Ok(0),
    }
}

impl Table {
    fn key_names(&self) -> String {
        let names: Vec<String> =
            self.key.iter().map(|at| format!("\"{}\"", self.columns[*at].name)).collect();
        names.join(", ")
    }

    /// The condition of rows after a key.
    fn after(&self) -> String {
        let placeholders: Vec<String> = (1..=self.key.len()).map(|number| format!("${number}")).collect();
        format!("({}) > ({})", self.key_names(), placeholders.join(", "))
    }

    fn bind_key(&self, key: &[Value]) -> Vec<Bind> {
        key.iter().zip(&self.key).map(|(value, at)| value.bind(self.columns[*at].kind)).collect()
    }
}

impl Step {
    fn key_of(&self, row: &Row) -> Row {
        match self.pass {
            Pass::Insert => self.table.key.iter().map(|at| row[*at].clone()).collect(),
            Pass::Fill => row[..self.table.key.len()].to_vec(),
        }
    }
}

/// A table as both sides have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// Its name.
    pub table: String,
    /// How many rows the source has.
    pub rows: u64,
    /// Of the source's rows, in hex.
    pub digest: String,
    /// Whether the target has the same rows.
    pub is_equal: bool,
}

/// Reads both sides, and compares counts and digests of each table.
pub(super) async fn compare(
    tables: &[Table],
    source: &mut Side,
    target: &mut Side,
    watch: &mut Watch<'_>,
) -> Result<Vec<Compared>, CopyError> {
    let mut compared = Vec::new();
    for table in tables {
        let (rows, digest) = digest(source, table, watch).await?;
        let is_equal = (rows, digest) == self::digest(target, table, watch).await?;
        let digest = digest.to_hex().to_string();
        compared.push(Compared { table: table.name.clone(), rows, digest, is_equal });
    }
    Ok(compared)
}

/// How many rows a table has, and the digest of their values in the order of their keys.
pub(super) async fn digest(
    side: &mut Side,
    table: &Table,
    watch: &mut Watch<'_>,
) -> Result<(u64, blake3::Hash), CopyError> {
    let columns: Vec<usize> = (0..table.columns.len()).collect();
    let (mut hasher, mut rows, mut after) = (blake3::Hasher::new(), 0, None::<Row>);
    loop {
        let page = page(side, table, &columns, after.as_deref(), BATCH).await?;
        page.iter().flatten().for_each(|value| value.digest(&mut hasher));
        rows += page.len() as u64;
        watch.add(page.len() as u64);
        match page.last() {
            Some(row) if page.len() == BATCH => {
                after = Some(table.key.iter().map(|at| row[*at].clone()).collect());
            }
            _ => return Ok((rows, hasher.finalize())),
        }
    }
}

/// Deletes what a copy has written.
pub(super) async fn clear(steps: &[Step], target: &mut Side) -> Result<(), CopyError> {
    let fills = steps.iter().filter(|step| step.pass == Pass::Fill).map(|step| {
        let sets: Vec<String> =
            step.later.iter().map(|at| format!("\"{}\" = null", step.table.columns[*at].name)).collect();
        format!("update \"{}\" set {}", step.table.name, sets.join(", "))
    });
    let inserts = steps.iter().rev().filter(|step| step.pass == Pass::Insert);
    let deletes = inserts.map(|step| format!("delete from \"{}\"", step.table.name));
    let mut sql: Vec<String> = fills.chain(deletes).collect();
    sql.push("delete from copy_progress".to_owned());
    let sql = format!("begin; {}; commit", sql.join("; "));
    target.execute(sql).await.map_err(|source| CopyError::Db(describe("copy.clear", source)))
}

impl Watch<'_> {
    fn add(&mut self, rows: u64) {
        self.done += rows;
        (self.report)(Progress { stage: self.stage, done: self.done, total: self.total.max(self.done) });
    }
}
