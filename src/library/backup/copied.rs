//! Copying what a database needs, into a backup and back: what is missing, damaged or unreadable is named, and the rest copied.

use std::{
    collections::{BTreeMap, HashSet},
    sync::atomic::{AtomicU64, Ordering},
};

use assets_pipeline::pack::SetList;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    db::backup::StagedFile,
    library::{
        intact::{self, AT_ONCE, Condition, Progress},
        verify::Fault,
    },
    staging::Staging,
    store::{Address, Found, Store},
};

use super::{
    BackupError, Needs, Reader, Writer, allowance::Allowance, fault_of, folder::Folder, length_of, sent,
};

/// What is in a backup already, and how many bytes were copied into it, or some more.
#[derive(Default)]
pub(super) struct Copied {
    names: HashSet<String>,
    bytes: AtomicU64,
}

impl Copied {
    pub(super) fn bytes(self) -> u64 {
        self.bytes.into_inner()
    }
}

/// Copies what is not in the backup yet. Answers what is faulty, by its name.
pub(super) async fn copy_out(
    needs: &Needs,
    store: &Store,
    staging: &Staging,
    to: &Writer,
    Copied { names: done, bytes: copied }: &mut Copied,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<BTreeMap<String, Fault>, BackupError> {
    let objects: Vec<Address> =
        needs.objects.iter().filter(|address| !done.contains(&address.to_string())).copied().collect();
    let steps = Steps::of(objects.len() + needs.staged.len(), report);
    let get = async |address: Address| -> Result<Found, BackupError> {
        Ok(store.within(address.namespace).look(&address.key).await?)
    };
    let put = async |address: Address, bytes: &[u8]| {
        copied.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        to.object(&address, bytes).await
    };
    let mut lost = BTreeMap::new();
    for (address, fault) in copy_objects(objects, &get, &put, &steps).await? {
        note(done, &mut lost, address.to_string(), fault);
    }
    for file in &needs.staged {
        let name = sent::name(file);
        // An upload grows, and is copied again.
        let is_done = matches!(file, StagedFile::Frame(..)) && done.contains(&name);
        if !is_done {
            let source = sent::place(file, staging);
            copied.fetch_add(length_of(&source).unwrap_or_default(), Ordering::Relaxed);
            note(done, &mut lost, name, fault_of(to.sent(file, &source).await, &source)?);
        }
        steps.take();
    }
    Ok(lost)
}

fn note(done: &mut HashSet<String>, lost: &mut BTreeMap<String, Fault>, name: String, fault: Option<Fault>) {
    match fault {
        None => drop(done.insert(name)),
        Some(fault) => drop(lost.insert(name, fault)),
    }
}

/// Copies all that a backup has. Answers what is faulty, by its name.
pub(super) async fn copy_in(
    needs: &Needs,
    (from, allowance): (&Reader, &Allowance),
    to: &Folder,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<BTreeMap<String, Fault>, BackupError> {
    let steps = Steps::of(needs.objects.len() + needs.staged.len(), report);
    let get = async |address: Address| from.object(&address).await;
    let put = async |address: Address, bytes: &[u8]| -> Result<(), BackupError> {
        allowance.take(&address.to_string(), bytes.len() as u64)?;
        Ok(to.store.within(address.namespace).put(&address.key, bytes).await?)
    };
    let copied = copy_objects(needs.objects.clone(), &get, &put, &steps).await?;
    let mut lost: BTreeMap<String, Fault> =
        copied.into_iter().filter_map(|(address, fault)| Some((address.to_string(), fault?))).collect();
    for file in &needs.staged {
        if let Some(fault) = from.sent(file, &sent::place(file, &to.staging), allowance).await? {
            lost.insert(sent::name(file), fault);
        }
        steps.take();
    }
    Ok(lost)
}

/// Copies objects, each with what is wrong with it, if something is.
async fn copy_objects(
    objects: Vec<Address>,
    get: &impl AsyncFn(Address) -> Result<Found, BackupError>,
    put: &impl AsyncFn(Address, &[u8]) -> Result<(), BackupError>,
    steps: &Steps<'_>,
) -> Result<Vec<(Address, Option<Fault>)>, BackupError> {
    let group = async |group: Vec<Address>| -> Result<Vec<(Address, Option<Fault>)>, BackupError> {
        let list = match intact::list_address(&group) {
            Some((address, set)) => get(address).await?.bytes().and_then(|bytes| SetList::read(set, bytes)),
            None => None,
        };
        let mut copied = Vec::new();
        for address in group {
            let condition = intact::condition(&address, list.as_ref(), get(address).await?);
            if let Condition::Intact(bytes) = &condition {
                put(address, bytes).await?;
            }
            copied.push((address, Fault::of(&condition)));
            steps.take();
        }
        Ok(copied)
    };
    let groups: Vec<_> = intact::groups(objects).into_iter().map(group).collect();
    let copied: Vec<Vec<_>> = stream::iter(groups).buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(copied.into_iter().flatten().collect())
}

/// Counts what is done.
struct Steps<'s> {
    done: AtomicU64,
    total: u64,
    report: &'s (dyn Fn(Progress) + Sync),
}

impl<'s> Steps<'s> {
    const fn of(total: usize, report: &'s (dyn Fn(Progress) + Sync)) -> Self {
        Self { done: AtomicU64::new(0), total: total as u64, report }
    }

    fn take(&self) {
        (self.report)(Progress { done: self.done.fetch_add(1, Ordering::Relaxed) + 1, total: self.total });
    }
}
