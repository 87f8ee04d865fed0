//! Answers in the codings that clients ask for.
//!
//! There are as many answers as contexts of products and names of the demo's host, so that any client can ask for ones
//! that no client has asked for before. Each costs one quick compression, in the one coding that was asked for, and no
//! more of them run at once than each kind of answer has turns: manifests do not wait for products. An answer that was
//! asked for again and again is compressed once more as small as it gets, beside requests, one at a time.

use std::{io, sync::Arc, thread, time::Duration};

use actix_web::web::Bytes;
use metrics::counter;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
    time::timeout,
};

use super::{
    AnswerKey, Catalog,
    cached::{Answer, Cached},
    sharing::Sharing,
};
use crate::http::{
    encoding::{Coded, Effort, Encoding},
    problem::Error,
};

/// Turns of work that takes a core for a while.
#[derive(Debug)]
pub(in crate::http) struct Turns {
    pub(in crate::http) manifests: Turn,
    pub(in crate::http) products: Turn,
    pub(in crate::http) pages: Turn,
    best: Arc<Semaphore>,
}

/// So many pieces of work of one kind run at once; the others wait in order.
#[derive(Debug)]
pub(in crate::http) struct Turn(Semaphore);

impl Default for Turns {
    fn default() -> Self {
        let cores = thread::available_parallelism().map_or(2, Into::into);
        let turn = |at_once: usize| Turn(Semaphore::new(at_once.max(1)));
        Self {
            manifests: turn(cores),
            products: turn(cores / 2),
            pages: turn(1),
            best: Arc::new(Semaphore::new(1)),
        }
    }
}

impl Turns {
    fn of(&self, key: &AnswerKey) -> &Turn {
        match key {
            AnswerKey::Sequence { .. } | AnswerKey::Manifest(..) => &self.manifests,
            AnswerKey::Product { .. } => &self.products,
            AnswerKey::Demo { .. } | AnswerKey::Snippet { .. } => &self.pages,
        }
    }

    /// The only turn for the best compression, if it is free. Nothing waits for it: the next request tries again.
    fn try_best(&self) -> Option<OwnedSemaphorePermit> {
        self.best.clone().try_acquire_owned().ok()
    }
}

impl Turn {
    /// The same, if its turn comes in time.
    async fn run_within<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let turn = timeout(patience, self.0.acquire()).await;
        let Ok(_turn) = turn else {
            counter!("girasol_shed_loads_total", "kind" => "answers").increment(1);
            return Err(Error::Overloaded);
        };
        spawn_blocking(work).await.unwrap_or_else(|died| Err(compress_failed(io::Error::other(died))))
    }

    /// Works on a thread of its own, when it is its turn.
    pub(in crate::http) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let _turn = self.0.acquire().await;
        spawn_blocking(work).await.unwrap_or_else(|died| Err(compress_failed(io::Error::other(died))))
    }
}

impl Catalog {
    /// An answer in a coding. `body` builds it if it is not cached.
    pub(in crate::http) async fn answer(
        &self,
        key: AnswerKey,
        encoding: Encoding,
        body: impl Future<Output = Result<Vec<u8>, Error>>,
    ) -> Result<Arc<Answer>, Error> {
        let (cached, turn, patience) = (self.cached(), self.turns.of(&key), self.admission.patience);
        let identity = (key.clone(), Encoding::Identity);
        let key = (key, encoding);
        let plain = async {
            let coded = Coded::build(Bytes::from(body.await?), Encoding::Identity, Effort::Quick);
            Ok(Answer::of(coded.map_err(compress_failed)?, Effort::Quick))
        };
        if encoding == Encoding::Identity {
            return cached.answers.get_or_load(identity, plain).await;
        }
        if let Some(answer) = cached.answers.get(&key).await {
            if answer.is_due()
                && let Some(turn) = self.turns.try_best()
            {
                let plain = cached.answers.get_or_load(identity, plain).await?;
                tokio::spawn(improve(cached.clone(), self.sharing_of(&key.0), key, plain, turn));
            }
            return Ok(answer);
        }
        let compressed = Box::pin(async {
            let plain = cached.answers.get_or_load(identity, plain).await?;
            turn.run_within(patience, move || compress(&plain, encoding, Effort::Quick)).await
        });
        match self.sharing_of(&key.0) {
            Some(sharing) => {
                let shared = Box::pin(async { sharing.answer(&key, compressed).await });
                cached.answers.get_or_load(key.clone(), shared).await
            }
            None => cached.answers.get_or_load(key, compressed).await,
        }
    }

    fn sharing_of(&self, key: &AnswerKey) -> Option<Sharing> {
        self.sharing.clone().filter(|_| key.is_shared())
    }
}

/// Replaces a popular answer by one that is smaller.
async fn improve(
    cached: Arc<Cached>,
    sharing: Option<Sharing>,
    key: (AnswerKey, Encoding),
    plain: Arc<Answer>,
    turn: OwnedSemaphorePermit,
) {
    let encoding = key.1;
    let best = spawn_blocking(move || compress(&plain, encoding, Effort::Best)).await;
    match best.map_err(|died| compress_failed(io::Error::other(died))).flatten() {
        Ok(best) => {
            if let Some(sharing) = sharing {
                sharing.replace(&key, &best).await;
            }
            cached.answers.replace(key, best).await;
        }
        Err(error) => tracing::warn!(%error, "a popular answer could not be compressed"),
    }
    drop(turn);
}

fn compress(plain: &Answer, encoding: Encoding, effort: Effort) -> Result<Answer, Error> {
    let coded = Coded::build(plain.coded.body.clone(), encoding, effort).map_err(compress_failed)?;
    Ok(Answer::of(coded, effort))
}

fn compress_failed(error: io::Error) -> Error {
    Error::Compress(Arc::new(error))
}

#[cfg(test)]
mod tests {
    use crate::{
        db::Db,
        domain::{names::Choices, policy::Policy},
        http::catalog::CacheBytes,
        store::Store,
    };

    use super::{super::cached::POPULAR_AFTER, *};

    async fn catalog(folder: &tempfile::TempDir) -> Catalog {
        let db = Db::open(folder.path()).await.unwrap();
        let store = Store::folder(folder.path()).unwrap();
        Catalog::new(db, store, Policy::default(), CacheBytes { objects: 1 << 20, answers: 1 << 20 })
    }

    fn product(revision: i64) -> AnswerKey {
        AnswerKey::Product { id: "ring.solitaire".parse().unwrap(), revision, context: Choices::new() }
    }

    fn body() -> impl Future<Output = Result<Vec<u8>, Error>> {
        std::future::ready(Ok((0..500).flat_map(|n| format!("{{\"n\": {n}}}").into_bytes()).collect()))
    }

    #[tokio::test]
    async fn a_request_compresses_the_coding_that_it_asks_for_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = catalog(&folder).await;
        let answer = catalog.answer(product(1), Encoding::Gzip, body()).await.unwrap();
        assert_eq!((answer.coded.encoding, answer.effort), (Encoding::Gzip, Effort::Quick));
        let cached = catalog.cached();
        for encoding in [Encoding::Brotli, Encoding::Zstd] {
            assert!(cached.answers.get(&(product(1), encoding)).await.is_none(), "{encoding:?}");
        }
        assert!(cached.answers.get(&(product(1), Encoding::Identity)).await.is_some());
    }

    #[tokio::test]
    async fn an_answer_that_is_asked_for_again_and_again_becomes_smaller_once() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = catalog(&folder).await;
        let first = catalog.answer(product(1), Encoding::Brotli, body()).await.unwrap();
        for _ in 1..POPULAR_AFTER {
            let answer = catalog.answer(product(1), Encoding::Brotli, body()).await.unwrap();
            assert_eq!(answer.coded.etag, first.coded.etag);
        }
        // The improvement has begun with the last request, and its turn is free again when it is there.
        let unused = async { Err(Error::NoSuchPath) };
        catalog.answer(product(1), Encoding::Brotli, unused).await.unwrap();
        let _ended = catalog.turns.best.acquire().await.unwrap();
        let best = catalog.answer(product(1), Encoding::Brotli, body()).await.unwrap();
        assert_eq!(best.effort, Effort::Best);
        assert_ne!(best.coded.etag, first.coded.etag);
        assert!(!best.is_due());
    }

    #[tokio::test]
    async fn answers_that_are_asked_for_once_are_compressed_quickly_and_kept_within_a_bound() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = catalog(&folder).await;
        for revision in 0..400 {
            let answer = catalog.answer(product(revision), Encoding::Brotli, body()).await.unwrap();
            assert_eq!(answer.effort, Effort::Quick);
        }
        let cached = catalog.cached();
        assert!(cached.answers.weight().await <= (1 << 20) / 4);
    }

    #[tokio::test]
    async fn a_kind_of_answer_does_not_wait_for_another() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = catalog(&folder).await;
        // As if products without end were being compressed.
        let held = catalog.turns.products.0.acquire_many(catalog.turns.products.0.available_permits() as u32);
        let _held = held.await.unwrap();
        let demo = AnswerKey::Demo { revision: None, base: "http://shop.example".to_owned() };
        catalog.answer(demo, Encoding::Brotli, body()).await.unwrap();
    }
}
