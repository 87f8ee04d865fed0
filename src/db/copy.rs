//! Copies a database into another one, of the same engine or the other: the way from an embedded installation to a server,
//! and back.
//!
//! Rows are read in the order of their keys and written in batches, each in a transaction with how far it is, so that a copy
//! that was killed goes on. In the end both sides are read and compared, and the source is sealed: no program runs on it any
//! more. The two have the same name, so that the store of the one is that of the other.

mod catalog;
mod side;
mod transfer;
mod value;

use std::{fs, io, path::PathBuf};

use super::{
    DbError, FILE, Found, Place,
    engine::{self, describe},
    mark::{Mark, UNMARK},
};

use self::{
    catalog::{Step, Table},
    side::Side,
};

pub use self::transfer::Compared;

/// What becomes of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// No program runs on it any more.
    Sealed,
    /// It stays as it is.
    Open,
}

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: &'static str,
    /// Rows done in this stage.
    pub done: u64,
    /// Rows in this stage.
    pub total: u64,
}

/// What a copy has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The name that both databases have, and their store.
    pub identity: String,
    /// Every table, in the order of their names.
    pub tables: Vec<Compared>,
    /// What was there before.
    pub began: Began,
}

/// With what in the target a copy began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Began {
    /// With nothing.
    Empty,
    /// With what an earlier run had copied.
    Resumed,
    /// With what an earlier run had copied, and the source had changed since: it was copied anew.
    Anew,
    /// With all of it: an earlier run had come to its end.
    Complete,
}

/// Why a copy ended before its end. What it has written stays, and the same copy goes on there.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Source and target are one database.
    #[error("{place} is the database that is to be copied")]
    Same {
        /// Where it is.
        place: String,
    },
    /// There is no database.
    #[error("there is no database {place}")]
    Missing {
        /// Where it should be.
        place: String,
    },
    /// A program runs on a database.
    #[error("a program of Girasol's is running on {place}")]
    InUse {
        /// Where it is.
        place: String,
    },
    /// The target has rows that are no copy of the source.
    #[error("{place} is not empty: {table} has {rows} rows")]
    NotEmpty {
        /// Where it is.
        place: String,
        /// A table that has rows.
        table: String,
        /// How many.
        rows: u64,
    },
    /// The target is an unfinished copy of another database.
    #[error("{place} is an unfinished copy of another database, {from}")]
    OtherCopy {
        /// Where it is.
        place: String,
        /// Of which one, as it was named then.
        from: String,
    },
    /// The databases cannot hold the same.
    #[error("the two databases do not fit: {0}")]
    Schema(String),
    /// What was written is not what was read.
    #[error("the copy differs from its source in {}", .0.join(", "))]
    Differs(Vec<String>),
    /// Rows of a table could not be read or written.
    #[error("{table} could not be {did}")]
    Table {
        /// Which one.
        table: String,
        /// The operation, as a participle.
        did: &'static str,
        /// Why.
        source: DbError,
    },
    /// The folder of the target cannot be made.
    #[error("the folder {path} cannot be made")]
    Folder {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A database failed otherwise.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl CopyError {
    fn read(table: &str, source: sqlx::Error) -> Self {
        Self::Table { table: table.to_owned(), did: "read", source: describe("copy.read", source) }
    }

    fn written(table: &str, source: sqlx::Error) -> Self {
        Self::Table { table: table.to_owned(), did: "written", source: describe("copy.write", source) }
    }
}

/// Counts rows, and reports each change.
struct Watch<'r> {
    report: &'r (dyn Fn(Progress) + Sync),
    stage: &'static str,
    done: u64,
    total: u64,
}

/// Copies a database, whose schema is up to date, into another one. Both are closed to other programs meanwhile.
pub async fn copy(
    from: &Place,
    to: &Place,
    becomes: Source,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<Copied, CopyError> {
    if named(from) == named(to) {
        return Err(CopyError::Same { place: to.to_string() });
    }
    require(from).await?;
    let mut source = Side::open(from).await?;
    if let Place::Folder(data) = to {
        let made = fs::create_dir_all(data);
        made.map_err(|source| CopyError::Folder { path: data.clone(), source })?;
    }
    // The database of another program is an error.
    engine::look(to).await?;
    let mut target = Side::open(to).await?;
    source.begin_snapshot().await.map_err(|source| describe("copy.snapshot", source))?;

    let mut copy = Copy::begin(from, to, &mut source, &mut target, report).await?;
    let copied = copy.run(&mut source, &mut target).await?;
    target.close().await?;
    source.execute("rollback").await.map_err(|source| describe("copy.snapshot", source))?;
    if becomes == Source::Sealed {
        source.require_alone(from).await?;
        let seal = format!("begin; {}; commit", Mark::Sealed(named(to)).sql());
        source.execute(seal).await.map_err(|source| describe("copy.seal", source))?;
    }
    source.close().await?;
    Ok(copied)
}

/// Opens a sealed database again. Answers where its copy is; nothing where it was not sealed.
pub async fn unseal(place: &Place) -> Result<Option<String>, CopyError> {
    require(place).await?;
    let mut side = Side::open(place).await?;
    let to = match Mark::of(&side.programs().await) {
        Some(Mark::Sealed(to)) => to,
        Some(mark @ Mark::Unfinished(_)) => return Err(mark.refusal().into()),
        None => return Ok(None),
    };
    let unseal = format!("begin; {UNMARK}; commit");
    side.execute(unseal).await.map_err(|source| describe("copy.unseal", source))?;
    side.close().await?;
    Ok(Some(to))
}

async fn require(place: &Place) -> Result<(), CopyError> {
    match engine::look(place).await?.found {
        Found::Database => Ok(()),
        Found::Nothing | Found::Empty => Err(CopyError::Missing { place: place.to_string() }),
    }
}

/// A place as it is named wherever it is read later: a path from the root, without a password.
fn named(place: &Place) -> String {
    match place {
        Place::Folder(data) => {
            let absolute = fs::canonicalize(data).or_else(|_missing| std::path::absolute(data));
            absolute.unwrap_or_else(|_no_folder| data.clone()).join(FILE).display().to_string()
        }
        Place::Server(address) => address.to_string(),
    }
}

/// A copy under way.
struct Copy<'r> {
    identity: String,
    tables: Vec<Table>,
    steps: Vec<Step>,
    began: Began,
    report: &'r (dyn Fn(Progress) + Sync),
}

impl<'r> Copy<'r> {
    /// Looks at what the target has, and marks it.
    async fn begin(
        from: &Place,
        to: &Place,
        source: &mut Side,
        target: &mut Side,
        report: &'r (dyn Fn(Progress) + Sync),
    ) -> Result<Self, CopyError> {
        let mark = match Mark::of(&target.programs().await) {
            Some(mark @ Mark::Sealed(_)) => return Err(mark.refusal().into()),
            Some(Mark::Unfinished(of)) => Some(of),
            None => {
                target.migrate().await?;
                None
            }
        };
        let tables = catalog::common(catalog::tables(source).await?, &catalog::tables(target).await?)?;
        let steps = catalog::steps(&tables)?;
        let identity = identity(source).await?.unwrap_or_default();
        let there = identity_of_copy(target, &identity).await?;
        let began = match (mark, there) {
            (Some(_), Whose::None | Whose::Same) => Began::Resumed,
            (Some(from), Whose::Other) => {
                return Err(CopyError::OtherCopy { place: to.to_string(), from });
            }
            (None, Whose::Same) => Began::Complete,
            (None, Whose::None | Whose::Other) => {
                require_empty(&tables, target, to).await?;
                let begin = Mark::Unfinished(named(from)).sql();
                let begin = format!("begin; {begin}; {}; commit", transfer::MAKE_PROGRESS);
                target.execute(begin).await.map_err(|source| describe("copy.begin", source))?;
                Began::Empty
            }
        };
        let copy = Self { identity, tables, steps, began, report };
        if began == Began::Complete && copy.differences(source, target).await?.1.is_some() {
            require_empty(&copy.tables, target, to).await?;
        }
        Ok(copy)
    }

    async fn run(&mut self, source: &mut Side, target: &mut Side) -> Result<Copied, CopyError> {
        if self.began != Began::Complete {
            self.write(source, target).await?;
        }
        let (mut tables, mut differ) = self.differences(source, target).await?;
        if differ.is_some() && self.began == Began::Resumed {
            // The source has changed since the copy was begun.
            transfer::clear(&self.steps, target).await?;
            self.began = Began::Anew;
            self.write(source, target).await?;
            (tables, differ) = self.differences(source, target).await?;
        }
        if let Some(differ) = differ {
            return Err(CopyError::Differs(differ));
        }
        if self.began != Began::Complete {
            self.finish(source, target).await?;
        }
        Ok(Copied { identity: self.identity.clone(), tables, began: self.began })
    }

    async fn write(&self, source: &mut Side, target: &mut Side) -> Result<(), CopyError> {
        let mut total = 0;
        for step in &self.steps {
            total += transfer::count(source, &step.table, None).await?;
        }
        let mut watch = Watch { report: self.report, stage: "copy rows", done: 0, total };
        for step in &self.steps {
            transfer::run(step, source, target, &mut watch).await?;
        }
        Ok(())
    }

    /// Every table, and those that differ, if there are any.
    async fn differences(
        &self,
        source: &mut Side,
        target: &mut Side,
    ) -> Result<(Vec<Compared>, Option<Vec<String>>), CopyError> {
        let mut total = 0;
        for table in &self.tables {
            total += 2 * transfer::count(source, table, None).await?;
        }
        let mut watch = Watch { report: self.report, stage: "compare rows", done: 0, total };
        let compared = transfer::compare(&self.tables, source, target, &mut watch).await?;
        let differ: Vec<String> =
            compared.iter().filter(|table| !table.is_equal).map(|table| table.table.clone()).collect();
        Ok((compared, (!differ.is_empty()).then_some(differ)))
    }

    /// Sets what counts, and removes the mark.
    async fn finish(&self, source: &mut Side, target: &mut Side) -> Result<(), CopyError> {
        let mut end = Vec::new();
        for table in &self.tables {
            let Some(column) = table.number() else { continue };
            let read = |source| CopyError::read(&table.name, source);
            let counted = source.counted(&table.name, column).await.map_err(read)?;
            end.extend(target.count_on(&table.name, column, counted).await.map_err(read)?);
        }
        end.extend([transfer::DROP_PROGRESS.to_owned(), UNMARK.to_owned()]);
        let end = format!("begin; {}; commit", end.join("; "));
        Ok(target.execute(end).await.map_err(|source| describe("copy.finish", source))?)
    }
}

/// Whose copy a target is.
enum Whose {
    /// It has no name.
    None,
    Same,
    Other,
}

async fn identity_of_copy(target: &mut Side, source: &str) -> Result<Whose, CopyError> {
    Ok(match identity(target).await? {
        None => Whose::None,
        Some(name) if name == source => Whose::Same,
        Some(_) => Whose::Other,
    })
}

async fn identity(side: &mut Side) -> Result<Option<String>, CopyError> {
    let rows = side.rows("select name from identity".to_owned(), &[], &[value::Kind::Text]).await;
    let row = rows.map_err(|source| CopyError::read("identity", source))?.pop();
    Ok(row.and_then(|mut row| match row.pop() {
        Some(value::Value::Text(name)) => Some(name),
        _ => None,
    }))
}

async fn require_empty(tables: &[Table], target: &mut Side, to: &Place) -> Result<(), CopyError> {
    for table in tables {
        let rows = transfer::count(target, table, None).await?;
        if rows > 0 {
            return Err(CopyError::NotEmpty { place: to.to_string(), table: table.name.clone(), rows });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
