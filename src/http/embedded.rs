//! Files that are built into the binary, in the codings that clients ask for.
//!
//! The first request of a coding waits for a quick compression, and no longer. It is replaced by one that is as small as it
//! gets, which is made once, beside requests, one file at a time.

use std::{
    io,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use actix_web::web::Bytes;
use tokio::{
    sync::{OnceCell, Semaphore},
    task::spawn_blocking,
};

use super::{
    encoding::{Coded, Effort, Encoding},
    problem::Error,
};

/// The best compression takes a core for a while.
static BEST_TURN: Semaphore = Semaphore::const_new(1);

/// A file of the binary.
pub(in crate::http) struct Embedded {
    pub(in crate::http) media_type: &'static str,
    body: fn() -> Bytes,
    codings: [Coding; Encoding::ALL.len()],
}

/// A file in one coding.
struct Coding {
    quick: OnceCell<Coded>,
    best: OnceLock<Coded>,
    is_improved: AtomicBool,
}

impl Coding {
    const fn new() -> Self {
        Self { quick: OnceCell::const_new(), best: OnceLock::new(), is_improved: AtomicBool::new(false) }
    }
}

impl Embedded {
    pub(in crate::http) const fn new(media_type: &'static str, body: fn() -> Bytes) -> Self {
        Self { media_type, body, codings: [const { Coding::new() }; Encoding::ALL.len()] }
    }

    /// The file in a coding, as small as it is by now. It is compressed once, however many requests wait for it.
    pub(in crate::http) async fn coded(&'static self, encoding: Encoding) -> Result<&'static Coded, Error> {
        let coding = &self.codings[encoding as usize];
        if let Some(best) = coding.best.get() {
            return Ok(best);
        }
        let quick = coding.quick.get_or_try_init(|| self.build(encoding, Effort::Quick)).await?;
        if encoding != Encoding::Identity && !coding.is_improved.swap(true, Ordering::Relaxed) {
            tokio::spawn(self.improve(encoding));
        }
        Ok(quick)
    }

    async fn build(&self, encoding: Encoding, effort: Effort) -> Result<Coded, Error> {
        let body = self.body;
        let built = spawn_blocking(move || Coded::build(body(), encoding, effort)).await;
        built.map_err(io::Error::other).flatten().map_err(|error| Error::Compress(Arc::new(error)))
    }

    async fn improve(&'static self, encoding: Encoding) {
        let _turn = BEST_TURN.acquire().await;
        match self.build(encoding, Effort::Best).await {
            Ok(best) => {
                // No other improvement of this coding is begun.
                let _ = self.codings[encoding as usize].best.set(best);
            }
            Err(error) => {
                tracing::warn!(%error, "a file of the binary could not be compressed as well as it can be");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script() -> Bytes {
        (0..500).flat_map(|n| format!("export const n{n} = {};\n", n * n).into_bytes()).collect()
    }

    #[tokio::test]
    async fn the_first_request_waits_for_a_quick_compression_and_later_ones_get_the_best() {
        static FILE: Embedded = Embedded::new("text/javascript", script);
        let tag = |effort| Coded::build(script(), Encoding::Brotli, effort).unwrap().etag;
        let (quick, best) = (tag(Effort::Quick), tag(Effort::Best));
        assert_ne!(quick, best);
        let unpacked = |coded: &Coded| {
            let mut unpacked = Vec::new();
            brotli::BrotliDecompress(&mut coded.body.as_ref(), &mut unpacked).unwrap();
            unpacked
        };
        let first = FILE.coded(Encoding::Brotli).await.unwrap();
        assert_eq!(first.etag, quick);
        assert_eq!(unpacked(first), script());
        let later = loop {
            let coded = FILE.coded(Encoding::Brotli).await.unwrap();
            if coded.etag != quick {
                break coded;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(later.etag, best);
        assert_eq!(unpacked(later), script());
    }

    #[tokio::test]
    async fn a_file_without_a_coding_is_what_it_is_from_the_first_request_on() {
        static FILE: Embedded = Embedded::new("text/javascript", script);
        let coded = FILE.coded(Encoding::Identity).await.unwrap();
        assert_eq!(coded.body, script());
        assert!(!FILE.codings[Encoding::Identity as usize].is_improved.load(Ordering::Relaxed));
    }
}
