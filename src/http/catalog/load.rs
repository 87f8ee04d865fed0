//! Frames, packs, stills and lists: from memory, or from the store, and never before they are known to be what their names say.

use std::sync::Arc;

use actix_web::web::{Bytes, Data};
use assets_pipeline::{digest::Digest, pack::SetList};
use metrics::counter;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;
use tracing::Instrument as _;

use crate::{
    store::{Address, Incoming, ObjectKey, Opened},
    traces,
};

use super::{
    Catalog,
    arrivals::{Fetched, Reading},
    cached::Cached,
    object::Object,
};
use crate::http::problem::Error;

/// What an object has to be.
struct Named {
    digest: Digest,
    /// Whether something says that it exists.
    is_listed: bool,
}

impl Catalog {
    /// A frame, a pack or a still, which is all there.
    pub(crate) async fn object(&self, address: Address) -> Result<Arc<Object>, Error> {
        let load = async { Ok(Object::of(&address.key, Bytes::from(self.read(address).await?))) };
        self.cached().objects.get_or_load(address, load).await
    }

    /// The same, as it comes if it is large and has to come from far. A task of its own reads it.
    pub(in crate::http) async fn fetch(catalog: &Data<Self>, address: Address) -> Result<Fetched, Error> {
        let cached = catalog.cached();
        if let Some(object) = cached.objects.get(&address).await {
            return Ok(Fetched::Whole(object));
        }
        let (asked, reading) = cached.arrivals.ask(address);
        if let Some(reading) = reading {
            let bring = bring(catalog.clone(), cached, reading).in_current_span();
            let Some(reading) = catalog.reading.clone().or_else(|| Handle::try_current().ok()) else {
                return Err(Error::Overloaded);
            };
            match traces::current() {
                Some(work) => drop(reading.spawn(work.run(bring))),
                None => drop(reading.spawn(bring)),
            }
        }
        asked.begun().await
    }

    /// The same, if it is in memory.
    pub(in crate::http) fn object_in_memory(&self, address: &Address) -> Option<Arc<Object>> {
        self.cached().objects.get_now(address)
    }

    /// Whether an object is known to be there: a manifest that was read names it, or this machine has a copy of what is in the
    /// bucket.
    pub(in crate::http) async fn is_known(&self, address: &Address) -> bool {
        self.cached().is_named(address) || self.store.has_copy(address).await
    }

    /// Reads an object and hands on what comes of it.
    async fn read_for(&self, reading: &Reading) -> Result<Object, Error> {
        let address = reading.address();
        let named = self.named(address).await?;
        if let Some(frame) = self.cached().frame_of_a_pack(&address, named.digest) {
            return Ok(frame);
        }
        match self.open(address, named.digest, reading).await? {
            Some(object) => Ok(object),
            None => Err(self.missing_object(address, &named).await),
        }
    }

    /// The disk cache may hold a damaged copy of a sound object, so it is evicted and read once more from the backend.
    async fn open(
        &self,
        address: Address,
        digest: Digest,
        reading: &Reading,
    ) -> Result<Option<Object>, Error> {
        let _turn = self.admission.objects.enter().await?;
        let store = self.store.within(address.namespace);
        for _ in 0..2 {
            match store.open_object(&address.key).await? {
                None => return Ok(None),
                Some(Opened::Incoming(incoming)) => {
                    return receive(incoming, digest, reading).await.map(Some);
                }
                Some(Opened::Whole(bytes)) if Digest::of(&bytes) == digest => {
                    return Ok(Some(Object::of(&address.key, bytes.into())));
                }
                Some(Opened::Whole(_)) => store.evict(&address.key).await,
            }
        }
        Err(Error::ObjectDamaged(address))
    }

    /// Reads an object and verifies its digest; a damaged object is never served.
    pub(super) async fn read(&self, address: Address) -> Result<Vec<u8>, Error> {
        let named = self.named(address).await?;
        match self.read_whole(address, named.digest).await? {
            Some(bytes) => Ok(bytes),
            None => Err(self.missing_object(address, &named).await),
        }
    }

    /// The digest of an object, by its name or by the list of its set.
    async fn named(&self, address: Address) -> Result<Named, Error> {
        let (set, degree, format) = match address.key {
            ObjectKey::Frame { set, degree, format } => (set, degree, format),
            ObjectKey::Pack(digest)
            | ObjectKey::SetList(digest)
            | ObjectKey::Manifest(digest)
            | ObjectKey::Jpeg(digest) => return Ok(Named { digest, is_listed: false }),
        };
        let load = async {
            let list = ObjectKey::SetList(set).within(address.namespace);
            let bytes = self.read_whole(list, set).await?.ok_or(Error::NoSuchFile)?;
            SetList::read(set, bytes).ok_or(Error::ObjectDamaged(list))
        };
        let list = self.cached().set_lists.get_or_load((address.namespace, set), load).await?;
        let digest = list.frame(degree, format).ok_or(Error::NoSuchFile)?;
        Ok(Named { digest, is_listed: true })
    }

    /// The error about an object that is not in the store.
    async fn missing_object(&self, address: Address, named: &Named) -> Error {
        if !named.is_listed {
            return Error::NoSuchFile;
        }
        match self.db.may_be_needed(address).await {
            // The set lists the frame, so its file has to exist.
            Ok(true) => Error::ObjectMissing(address),
            // A frame whose set is being deleted: its list is deleted at another moment.
            Ok(false) => Error::NoSuchFile,
            Err(error) => error.into(),
        }
    }

    /// The disk cache may hold a damaged copy of a sound object, so it is evicted and read once more from the backend.
    async fn read_whole(&self, address: Address, digest: Digest) -> Result<Option<Vec<u8>>, Error> {
        let gate = match address.key {
            ObjectKey::Manifest(_) => &self.admission.store,
            ObjectKey::Frame { .. } | ObjectKey::Pack(_) | ObjectKey::SetList(_) | ObjectKey::Jpeg(_) => {
                &self.admission.objects
            }
        };
        let _turn = gate.enter().await?;
        let store = self.store.within(address.namespace);
        for _ in 0..2 {
            match store.get(&address.key).await? {
                Some(bytes) if Digest::of(&bytes) != digest => store.evict(&address.key).await,
                read => return Ok(read),
            }
        }
        Err(Error::ObjectDamaged(address))
    }
}

/// Reads an object into memory, for all that ask for it.
async fn bring(catalog: Data<Catalog>, cached: Arc<Cached>, reading: Reading) {
    let read = cached.objects.load(reading.address(), catalog.read_for(&reading)).await;
    if let Err(error) = &read
        && reading.has_begun()
    {
        // No answer says so: it has begun.
        error.log_broken_off();
    }
    reading.end(read);
}

/// Hands an object on as it comes, and keeps it once it is known to be the one with this digest.
async fn receive(mut incoming: Incoming, digest: Digest, reading: &Reading) -> Result<Object, Error> {
    let count = |outcome: &'static str| counter!("girasol_streamed_objects_total", "outcome" => outcome);
    let (facts, address) = (incoming.facts(), reading.address());
    reading.begin(digest, &facts);
    let (mut blake3, mut sha256) = (blake3::Hasher::new(), Sha256::new());
    let (mut pieces, mut got) = (Vec::new(), 0);
    loop {
        let piece = match incoming.next().await {
            Ok(Some(piece)) => piece,
            Ok(None) => break,
            Err(error) => {
                count("failed").increment(1);
                return Err(error.into());
            }
        };
        blake3.update(&piece);
        sha256.update(&piece);
        got += piece.len();
        if got < facts.length {
            reading.hand_on(piece.clone());
        }
        pieces.push(piece);
    }
    if Digest::from_hash(blake3.finalize()) != digest {
        count("damaged").increment(1);
        return Err(Error::ObjectDamaged(address));
    }
    let body = Bytes::from(pieces.concat());
    drop(pieces);
    incoming.keep(&body).await;
    let sha256 = sha256.finalize().into();
    if sha256 == facts.sha256 {
        count("whole").increment(1);
    } else {
        // The object is sound and what was announced of it is not.
        count("damaged").increment(1);
        tracing::warn!(object = %address, "the SHA-256 that the bucket has beside an object is another one than the object's");
        reading.end(Err(Error::ObjectDamaged(address)));
    }
    Ok(Object::known(&address.key, digest, &sha256, body))
}
