//! Backups in a bucket. Names are those of a backup in a folder, but for the database and the list of each run, which are
//! under a name of its own, `backups/RUN/`: objects and what artists have sent are the same for all runs.
//!
//! A run writes its database, and then its list. One that has both counts, and of several the newest is restored. A run that
//! has written its list removes the databases and lists of older runs that count, and nothing of one that does not: another
//! process may be about to finish that. So whatever several processes do at once, and however late a request of theirs
//! takes effect, the newest run that counts stays.
//!
//! What is there already is read, and sent only where it is not what it has to be: a backup that was interrupted goes on
//! where it was, and a later one sends what has come since. What a later one does not need any more stays.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs,
    io::{self, Write as _},
    path::Path,
    time::Duration,
};

use assets_pipeline::digest::Digest;

use crate::{
    db::{self, backup::StagedFile},
    domain::identity::Identity,
    staging::{Area, InboxError},
    store::{Address, Store, Trouble},
};

use super::{
    BackupError, failed,
    list::{BackupList, LIST},
    sent::{self, Found},
};

/// Where what artists have sent is.
const SENT: &str = "incoming/";
/// Where runs are.
const RUNS: &str = "backups/";
/// Digits of the moment in a run's name, in milliseconds: names sort by it.
const MOMENT_DIGITS: usize = 13;
/// Digits of the database's digest in a run's name.
const DIGEST_DIGITS: usize = 16;
/// How often a database is sent that another process takes for abandoned.
const SENDINGS: u32 = 3;
/// After so long, a run that has written no list does not go on: should it do so, it finds that out.
const ABANDONED_AFTER: Duration = Duration::from_hours(7 * 24);
/// The file that a store has in its place.
const OF_A_STORE: &str = "identity.txt";

/// A backup's place in a bucket.
pub(super) struct Bucket {
    name: String,
    pub(super) objects: Store,
    area: Option<Area>,
    /// How long each file is that is no object.
    lengths: HashMap<String, u64>,
    /// The newest run that counts.
    run: Option<String>,
}

/// A backup that is being made, and what is in its place already.
pub(super) struct BucketWriter {
    bucket: Bucket,
    objects: HashSet<Address>,
}

impl Bucket {
    pub(super) fn of(name: &str, prefix: &str, objects: &Store) -> Self {
        let area = objects.connection().map(|connection| Area::of(connection, prefix.to_owned()));
        Self { name: name.to_owned(), objects: objects.clone(), area, lengths: HashMap::new(), run: None }
    }

    /// Finds the newest backup that was finished.
    pub(super) async fn open(mut self) -> Result<(Self, BackupList), BackupError> {
        self.look().await?;
        match self.list().await? {
            Some(list) => Ok((self, list)),
            None => {
                Err(self
                    .no_backup(io::Error::other(format!("it has no {LIST} with a {} beside it", db::FILE))))
            }
        }
    }

    /// The list of the newest run that counts.
    async fn list(&self) -> Result<Option<BackupList>, BackupError> {
        let Some(run) = &self.run else { return Ok(None) };
        let Some(bytes) = self.get(&list_of(run)).await? else { return Ok(None) };
        BackupList::read(&bytes).map(Some).map_err(|source| self.no_backup(source))
    }

    fn no_backup(&self, source: io::Error) -> BackupError {
        BackupError::NoBackup { place: self.name.clone(), source }
    }

    /// Begins a backup, or finds what there is of one.
    pub(super) async fn begin(
        mut self,
        identity: &Identity,
        has_objects: bool,
    ) -> Result<BucketWriter, BackupError> {
        self.objects.probe().await?;
        if self.get(OF_A_STORE).await?.is_some() {
            return Err(BackupError::NotEmpty { place: self.name, has: "the objects of a store".to_owned() });
        }
        self.look().await?;
        let named = match self.list().await {
            Ok(Some(list)) => Some(list.identity),
            Ok(None) | Err(BackupError::NoBackup { .. }) => self.objects.identity().await?,
            Err(error) => return Err(error),
        };
        if let Some(identity) = named.filter(|named| named != identity) {
            return Err(BackupError::Other { place: self.name, identity });
        }
        if has_objects {
            self.objects.set_identity(identity).await?;
        }
        // No unfinished file of a writer is old enough to be deleted.
        let objects = self.objects.list(Duration::MAX).await?.into_iter().collect();
        Ok(BucketWriter { bucket: self, objects })
    }

    /// Writes the bytes of a name into a file. Answers whether they are there.
    pub(super) async fn copy(&self, name: &str, target: &Path) -> Result<bool, BackupError> {
        let (Some(area), Some(bytes)) = (&self.area, self.lengths.get(name)) else { return Ok(false) };
        let mut file = sent::create(target).map_err(failed(target))?;
        let mut contents = area.read(name, *bytes, None);
        loop {
            match contents.next().await {
                Ok(Some(chunk)) => file.write_all(chunk.as_ref()).map_err(failed(target))?,
                Ok(None) => break,
                Err(InboxError::Gone) => {
                    fs::remove_file(target).map_err(failed(target))?;
                    return Ok(false);
                }
                Err(InboxError::Bucket { source, .. }) => return Err(self.failed(name)(source)),
            }
        }
        file.sync_all().map_err(failed(target))?;
        Ok(true)
    }

    /// How many bytes a name has, if it is there.
    pub(super) fn length(&self, name: &str) -> Option<u64> {
        self.lengths.get(name).copied()
    }

    /// How many bytes the database has, if it is there.
    pub(super) fn database_length(&self) -> Option<u64> {
        self.length(&database_of(self.run.as_deref()?))
    }

    /// Copies the database. Answers whether it is there.
    pub(super) async fn database(&self, target: &Path) -> Result<bool, BackupError> {
        match &self.run {
            Some(run) => self.copy(&database_of(run), target).await,
            None => Ok(false),
        }
    }

    /// Finds out what is there besides objects.
    async fn look(&mut self) -> Result<(), BackupError> {
        let Some(area) = &self.area else { return Ok(()) };
        let mut lengths = HashMap::new();
        for place in [SENT, RUNS] {
            for there in area.list(place, usize::MAX).await.map_err(self.failed(place))? {
                lengths.insert(format!("{place}{}", there.name), there.bytes);
            }
        }
        let runs = Runs::among(lengths.keys());
        (self.lengths, self.run) = (lengths, runs.whole().next_back().map(str::to_owned));
        Ok(())
    }

    /// The runs that are there now.
    async fn runs(&self, area: &Area) -> Result<Runs, BackupError> {
        let there = area.list(RUNS, usize::MAX).await.map_err(self.failed(RUNS))?;
        let names: Vec<String> = there.into_iter().map(|file| format!("{RUNS}{}", file.name)).collect();
        Ok(Runs::among(names.iter()))
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, BackupError> {
        let Some(area) = &self.area else { return Ok(None) };
        area.get(name).await.map_err(self.failed(name))
    }

    fn failed<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        &self,
        name: &str,
    ) -> impl FnOnce(E) -> BackupError {
        let (place, file) = (self.name.clone(), name.to_owned());
        move |source| {
            let source = source.into();
            let trouble = Trouble::of_bucket(source.as_ref()).unwrap_or(Trouble::Other);
            BackupError::Bucket { place, file, trouble, source }
        }
    }
}

impl BucketWriter {
    pub(super) async fn object(&self, address: &Address, bytes: &[u8]) -> Result<(), BackupError> {
        let store = self.bucket.objects.within(address.namespace);
        if self.objects.contains(address)
            && store.get_from_backend(&address.key).await?.as_deref() == Some(bytes)
        {
            return Ok(());
        }
        Ok(store.put(&address.key, bytes).await?)
    }

    /// Sends what an artist has sent. Answers whether it is there, and whole.
    pub(super) async fn sent(&self, file: &StagedFile, source: &Path) -> Result<bool, BackupError> {
        let (Some(area), name) = (&self.bucket.area, sent::name(file)) else { return Ok(false) };
        match sent::open(file, source)? {
            None => return Ok(false),
            Some(Found::Whole(bytes)) => {
                let may_be_there = self.bucket.lengths.get(&name) == Some(&(bytes.len() as u64));
                if may_be_there
                    && self.bucket.get(&name).await?.map(|there| Digest::of(&there))
                        == Some(Digest::of(&bytes))
                {
                    return Ok(true);
                }
                area.put(&name, &bytes).await.map_err(self.bucket.failed(&name))?;
            }
            Some(Found::Begun(_, received)) => {
                area.put_file(&name, source, received).await.map_err(self.bucket.failed(&name))?;
            }
        }
        Ok(true)
    }

    /// Sends the database and then the list, and removes what older runs have left.
    pub(super) async fn finish(self, file: &Path, list: &BackupList) -> Result<(), BackupError> {
        let Some(area) = &self.bucket.area else { return Ok(()) };
        let bytes = fs::metadata(file).map_err(failed(file))?.len();
        let text = list.write().map_err(failed(Path::new(LIST)))?;
        let run = run_of(list);
        let (database, listed) = (database_of(&run), list_of(&run));
        for _ in 0..SENDINGS {
            area.put_file(&database, file, bytes).await.map_err(self.bucket.failed(&database))?;
            area.put(&listed, &text).await.map_err(self.bucket.failed(&listed))?;
            let runs = self.bucket.runs(area).await?;
            // Another process took it for abandoned, and has removed its database before its list came.
            if !runs.lacks_database(&run) {
                self.remove_former(area, &runs, list).await;
                return Ok(());
            }
        }
        Err(self.bucket.no_backup(io::Error::other("another process removes what this one writes")))
    }

    /// Removes the runs of the same database that are older than the newest one that counts, and those that do not go on.
    async fn remove_former(&self, area: &Area, runs: &Runs, list: &BackupList) {
        let whole: Vec<&str> = runs.whole().collect();
        let former = whole.split_last().map_or(&[][..], |(_newest, former)| former);
        for run in former {
            let listed = self.bucket.get(&list_of(run)).await;
            let listed = listed.ok().flatten().and_then(|bytes| BackupList::read(&bytes).ok());
            if listed.is_some_and(|listed| listed.identity == list.identity) {
                remove(area, run).await;
            }
        }
        let abandoned_before_ms = list.at_ms.saturating_sub(ABANDONED_AFTER.as_millis() as i64);
        for run in runs.abandoned(abandoned_before_ms) {
            remove(area, run).await;
        }
    }
}

/// Removes a run, its list first: a reader of a list finds the database.
async fn remove(area: &Area, run: &str) {
    for name in [list_of(run), database_of(run)] {
        if let Err(error) = area.remove(&name).await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, name, "a former backup could not be removed");
            return;
        }
    }
}

/// What a run is called: its moment, and something of its database.
fn run_of(list: &BackupList) -> String {
    let digest: String = list.database.chars().take(DIGEST_DIGITS).collect();
    format!("{:0MOMENT_DIGITS$}-{digest}", list.at_ms)
}

fn database_of(run: &str) -> String {
    format!("{RUNS}{run}/{}", db::FILE)
}

fn list_of(run: &str) -> String {
    format!("{RUNS}{run}/{LIST}")
}

/// Runs by their names, each with whether its database and its list are there.
#[derive(Debug, Default, PartialEq, Eq)]
struct Runs(BTreeMap<String, (bool, bool)>);

impl Runs {
    fn among<'a>(names: impl Iterator<Item = &'a String>) -> Self {
        let mut runs = Self::default();
        for (run, file) in names.filter_map(|name| name.strip_prefix(RUNS)?.split_once('/')) {
            let (has_database, has_list) = runs.0.entry(run.to_owned()).or_default();
            *has_database |= file == db::FILE;
            *has_list |= file == LIST;
        }
        runs
    }

    /// Those that count, the newest last.
    fn whole(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.iter().filter(|(_, there)| **there == (true, true)).map(|(run, _)| run.as_str())
    }

    /// Those that do not count and began before a moment.
    fn abandoned(&self, before_ms: i64) -> impl Iterator<Item = &str> {
        let unfinished = self.0.iter().filter(|(_, there)| **there != (true, true));
        unfinished.map(|(run, _)| run.as_str()).filter(move |run| {
            let moment = run.split('-').next().and_then(|moment| moment.parse::<i64>().ok());
            moment.is_some_and(|at_ms| at_ms < before_ms)
        })
    }

    fn lacks_database(&self, run: &str) -> bool {
        self.0.get(run).is_some_and(|there| *there == (false, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_run_that_has_database_and_list_counts() {
        let names = |names: &[&str]| names.iter().map(|name| format!("{RUNS}{name}")).collect::<Vec<_>>();
        let names = names(&[
            "0000000000900-c/girasol.db",
            "0000000000900-c/backup.json",
            "0000000001000-a/backup.json",
            "0000000001000-a/girasol.db",
            "0000000002000-d/girasol.db",
            "0000000003000-e/backup.json",
            "0000000000100-b/girasol.db",
            "unknown",
        ]);
        let runs = Runs::among(names.iter());
        assert_eq!(runs.whole().collect::<Vec<_>>(), ["0000000000900-c", "0000000001000-a"]);
        assert_eq!(runs.abandoned(500).collect::<Vec<_>>(), ["0000000000100-b"]);
        assert!(runs.lacks_database("0000000003000-e") && !runs.lacks_database("0000000002000-d"));
        assert!(!runs.lacks_database("of a list that lags"));
    }
}
