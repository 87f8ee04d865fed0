//! Which committed frame sets are a configuration's: those whose job has made something of it, and those whose job will, or
//! would have, once it has named what it encodes.

use sqlx::types::Json;

use crate::domain::{
    frameset::FramesetId,
    job::{JobId, JobState},
    names::{Choices, ConfigId},
    product::Product,
};

use super::{Db, DbError, bytes, engine::Tx, parse, products};

/// Raw frames of a configuration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RawFrames {
    /// Frame sets that have some.
    pub sets: u64,
    /// Frames in them.
    pub frames: u64,
    /// Their bytes together.
    pub bytes: u64,
    /// Sets whose jobs are not over, with frames or without.
    pub under_way: u64,
}

/// A committed set of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SetOf {
    pub(super) set: FramesetId,
    pub(super) job: JobId,
    pub(super) state: JobState,
    in_bucket: bool,
    frames: u64,
    bytes: u64,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    job_id: String,
    state: String,
    is_named: bool,
    choices: Json<Choices>,
    in_bucket: bool,
    frames: i64,
    bytes: i64,
}

impl Row {
    fn set(self) -> Result<SetOf, DbError> {
        Ok(SetOf {
            set: parse("frame set", &self.id)?,
            job: parse("job", &self.job_id)?,
            state: parse("state", &self.state)?,
            in_bucket: self.in_bucket,
            frames: bytes(self.frames),
            bytes: bytes(self.bytes),
        })
    }
}

/// The committed sets of a configuration, also of one that has no row yet.
pub(super) async fn sets_of(tx: &mut Tx, id: &ConfigId) -> Result<Vec<SetOf>, DbError> {
    const SQL: &str =
        "select s.id, j.id as job_id, j.state, j.configuration_id is not null as is_named, s.choices,
        s.in_bucket, (select count(*) from frames f where f.frameset_id = s.id) as frames,
        (select cast(coalesce(sum(f.bytes), 0) as bigint) from frames f where f.frameset_id = s.id) as bytes
        from framesets s join jobs j on j.frameset_id = s.id
        where j.configuration_id = $1 or (j.configuration_id is null and s.product_id = $2) order by s.id";
    let product = id.product();
    let statement = tx.run("framesets.of_configuration", SQL).bind(id.as_str());
    let rows: Vec<Row> = statement.bind(product.to_string()).all().await?;
    let names = if rows.iter().all(|row| row.is_named) { None } else { Some(Names::of(tx, id).await?) };
    let is_of = |row: &Row| row.is_named || names.as_ref().is_some_and(|names| names.are(&row.choices.0));
    rows.into_iter().filter(is_of).map(Row::set).collect()
}

/// What names a configuration.
struct Names<'a> {
    id: &'a ConfigId,
    product: Option<Product>,
    stored: Vec<(ConfigId, Choices)>,
}

impl<'a> Names<'a> {
    async fn of(tx: &mut Tx, id: &'a ConfigId) -> Result<Self, DbError> {
        let product = products::load(tx, &id.product()).await?;
        Ok(Self { id, product, stored: products::configurations(tx, &id.product()).await? })
    }

    /// Whether these choices are the configuration's.
    fn are(&self, choices: &Choices) -> bool {
        let pairs: Vec<_> = choices.clone().into_iter().collect();
        let named = match &self.product {
            Some(product) => product.clone().name(&self.stored, &pairs).ok(),
            None => ConfigId::new(&self.id.product(), choices.iter()).ok(),
        };
        named.as_ref() == Some(self.id)
    }
}

impl Db {
    /// The committed sets of a configuration whose job is over, and that have frames or may have some in the bucket.
    pub async fn framesets_of(&self, id: &ConfigId) -> Result<Vec<FramesetId>, DbError> {
        let mut tx = self.snapshot_of_primary("framesets.list_of_configuration").await?;
        let sets = sets_of(&mut tx, id).await?.into_iter();
        Ok(sets
            .filter(|one| one.state.is_over() && (one.in_bucket || one.frames > 0))
            .map(|one| one.set)
            .collect())
    }

    /// What raw frames there are of a configuration, and how many of its sets are still being encoded.
    pub async fn raw_frames_of(&self, id: &ConfigId) -> Result<RawFrames, DbError> {
        let mut tx = self.snapshot_of_primary("frames.of_configuration").await?;
        let mut raw = RawFrames::default();
        for SetOf { state, frames, bytes, .. } in sets_of(&mut tx, id).await? {
            raw.sets += u64::from(frames > 0);
            raw.frames += frames;
            raw.bytes += bytes;
            raw.under_way += u64::from(!state.is_over());
        }
        Ok(raw)
    }
}
