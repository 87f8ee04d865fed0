//! Whether objects are what their names say. A frame's digest stands in its set's list, all others in their own names.

use std::sync::Arc;

use assets_pipeline::{digest::Digest, pack::SetList};

use crate::store::{Address, Found, ObjectKey, Store, StoreError};

/// Groups that are read at once: each waits for the store.
pub(super) const AT_ONCE: usize = 16;

/// How far something is that reads many objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Objects done.
    pub done: u64,
    /// All of them.
    pub total: u64,
}

/// What became of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    Intact(Arc<[u8]>),
    Missing,
    Damaged,
    /// Something is in its place that cannot be read, and why.
    Unreadable(String),
    /// The list that has its digest is missing or damaged.
    Unknown,
}

/// Puts the objects together that are read together: those of a set, whose list tells of its frames.
pub(super) fn groups(mut addresses: Vec<Address>) -> Vec<Vec<Address>> {
    let set = |address: &Address| match address.key {
        ObjectKey::Frame { set, .. } | ObjectKey::SetList(set) => Some((address.namespace, set)),
        _ => None,
    };
    addresses.sort_unstable_by_key(|address| (set(address), *address));
    let same = |one: &Address, other: &Address| set(one).is_some() && set(one) == set(other);
    addresses.chunk_by(same).map(<[Address]>::to_vec).collect()
}

/// The list of the set whose objects these are; `None` where it is missing, damaged or unreadable, and where they are of no
/// set.
pub(super) async fn list_of(store: &Store, group: &[Address]) -> Result<Option<SetList>, StoreError> {
    let Some((address, set)) = list_address(group) else { return Ok(None) };
    let list = store.within(address.namespace).look(&address.key).await?;
    Ok(list.bytes().and_then(|bytes| SetList::read(set, bytes)))
}

/// Where the list is of the set whose objects these are.
pub(super) fn list_address(group: &[Address]) -> Option<(Address, Digest)> {
    group.iter().find_map(|address| match address.key {
        ObjectKey::Frame { set, .. } => Some((ObjectKey::SetList(set).within(address.namespace), set)),
        _ => None,
    })
}

/// Reads an object, never from a copy.
pub(super) async fn read(
    store: &Store,
    address: &Address,
    list: Option<&SetList>,
) -> Result<Condition, StoreError> {
    let found = store.within(address.namespace).look(&address.key).await?;
    Ok(condition(address, list, found))
}

/// What became of an object, by what is there.
pub(super) fn condition(address: &Address, list: Option<&SetList>, found: Found) -> Condition {
    let bytes = match found {
        Found::Bytes(bytes) => bytes,
        Found::Nothing => return Condition::Missing,
        Found::Unreadable(why) => return Condition::Unreadable(why),
    };
    let is_intact = match (address.key, list) {
        (ObjectKey::Frame { .. }, None) => return Condition::Unknown,
        (ObjectKey::Frame { degree, format, .. }, Some(list)) => {
            list.frame(degree, format) == Some(Digest::of(&bytes))
        }
        (key, _) => key.may_name(&bytes),
    };
    if is_intact { Condition::Intact(bytes.into()) } else { Condition::Damaged }
}
