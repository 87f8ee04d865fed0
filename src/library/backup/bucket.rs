//! A backup in a bucket. Names are those of a backup in a folder, but for the database, whose name has its digest: a backup
//! that is brought up to date is the former one until the list of the new one is in its place.
//!
//! What is there already is read, and sent only where it is not what it has to be: a backup that was interrupted goes on
//! where it was, and a later one sends what has come since. What a later one does not need any more stays.

use std::{
    collections::{HashMap, HashSet},
    fs,
    io::{self, Write as _},
    path::Path,
    time::Duration,
};

use assets_pipeline::digest::Digest;

use crate::{
    db::backup::StagedFile,
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
/// How the names of databases begin.
const DATABASE: &str = "girasol-";
/// The file that a store has in its place.
const OF_A_STORE: &str = "identity.txt";

/// A backup's place in a bucket.
pub(super) struct Bucket {
    name: String,
    pub(super) objects: Store,
    area: Option<Area>,
    /// How long each file is that is no object.
    lengths: HashMap<String, u64>,
}

/// A backup that is being made, and what is in its place already.
pub(super) struct BucketWriter {
    bucket: Bucket,
    objects: HashSet<Address>,
}

impl Bucket {
    pub(super) fn of(name: &str, prefix: &str, objects: &Store) -> Self {
        let area = objects.connection().map(|connection| Area::of(connection, prefix.to_owned()));
        Self { name: name.to_owned(), objects: objects.clone(), area, lengths: HashMap::new() }
    }

    /// Finds a backup that was finished.
    pub(super) async fn open(mut self) -> Result<(Self, BackupList), BackupError> {
        let no_backup = |place: &str, source| BackupError::NoBackup { place: place.to_owned(), source };
        let Some(list) = self.get(LIST).await? else {
            return Err(no_backup(&self.name, io::Error::other(format!("it has no {LIST}"))));
        };
        let list = BackupList::read(&list).map_err(|source| no_backup(&self.name, source))?;
        self.look().await?;
        Ok((self, list))
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
        let listed = self.get(LIST).await?.and_then(|list| BackupList::read(&list).ok());
        let named = match listed {
            Some(list) => Some(list.identity),
            None => self.objects.identity().await?,
        };
        if let Some(identity) = named.filter(|named| named != identity) {
            return Err(BackupError::Other { place: self.name, identity });
        }
        if has_objects {
            self.objects.set_identity(identity).await?;
        }
        self.look().await?;
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

    /// Copies the database. Answers whether it is there.
    pub(super) async fn database(&self, list: &BackupList, target: &Path) -> Result<bool, BackupError> {
        self.copy(&database(list), target).await
    }

    /// Finds out what is there besides objects.
    async fn look(&mut self) -> Result<(), BackupError> {
        let Some(area) = &self.area else { return Ok(()) };
        let mut lengths = HashMap::new();
        for place in [SENT, DATABASE] {
            for there in area.list(place, usize::MAX).await.map_err(self.failed(place))? {
                lengths.insert(format!("{place}{}", there.name), there.bytes);
            }
        }
        self.lengths = lengths;
        Ok(())
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

    /// Sends the database and then the list, and removes the database of the backup before.
    pub(super) async fn finish(&self, file: &Path, list: &BackupList) -> Result<(), BackupError> {
        let Some(area) = &self.bucket.area else { return Ok(()) };
        let bytes = fs::metadata(file).map_err(failed(file))?.len();
        let name = database(list);
        area.put_file(&name, file, bytes).await.map_err(self.bucket.failed(&name))?;
        let text = list.write().map_err(failed(Path::new(LIST)))?;
        area.put(LIST, &text).await.map_err(self.bucket.failed(LIST))?;
        for former in
            self.bucket.lengths.keys().filter(|former| former.starts_with(DATABASE) && **former != name)
        {
            if let Err(error) = area.remove(former).await {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, former, "the database of the backup before could not be removed");
            }
        }
        Ok(())
    }
}

/// What a backup's database is called.
fn database(list: &BackupList) -> String {
    format!("{DATABASE}{}.db", list.database)
}
