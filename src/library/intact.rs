//! Whether objects are what their names say. A frame's digest stands in its set's list, all others in their own names.

use std::sync::Arc;

use assets_pipeline::pack::SetList;

use crate::store::{Address, ObjectKey, Store, StoreError};

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

/// The list of the set whose objects these are; `None` where it is missing or damaged, and where they are of no set.
pub(super) async fn list_of(store: &Store, group: &[Address]) -> Result<Option<SetList>, StoreError> {
    let Some(Address { namespace, key: ObjectKey::Frame { set, .. } }) =
        group.iter().find(|address| matches!(address.key, ObjectKey::Frame { .. }))
    else {
        return Ok(None);
    };
    let list = store.within(*namespace).get_from_backend(&ObjectKey::SetList(*set)).await?;
    Ok(list.and_then(|bytes| SetList::read(*set, bytes)))
}

/// Reads an object, never from a copy.
pub(super) async fn read(
    store: &Store,
    address: &Address,
    list: Option<&SetList>,
) -> Result<Condition, StoreError> {
    let Some(bytes) = store.within(address.namespace).get_from_backend(&address.key).await? else {
        return Ok(Condition::Missing);
    };
    let is_intact = match (address.key, list) {
        (ObjectKey::Frame { .. }, None) => return Ok(Condition::Unknown),
        (ObjectKey::Frame { degree, format, .. }, Some(list)) => {
            list.frame(degree, format) == Some(assets_pipeline::digest::Digest::of(&bytes))
        }
        (key, _) => key.may_name(&bytes),
    };
    Ok(if is_intact { Condition::Intact(bytes.into()) } else { Condition::Damaged })
}
