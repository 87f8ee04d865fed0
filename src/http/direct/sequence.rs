//! Negotiated manifests that were answered before to a request that was alike in all that decides.
//!
//! The routes negotiate, and leave what came of it with the request. It is kept by the bytes of the request that it came from,
//! and holds as long as the configuration's pointer is the same, which is looked up each time.

use std::{cell::RefCell, collections::HashMap, rc::Rc, time::Duration};

use actix_http::{Request, Response, ResponseHead};
use actix_web::{
    HttpMessage as _,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, ETAG, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, LINK},
    },
};

use super::Head;
use crate::{
    http::{
        caching::{Caching, SERVER_TIMING, server_timing},
        catalog::Catalog,
        encoding::Coded,
        measure::Served,
        negotiated::Negotiated,
        representation::{JSON, Representation, respond},
        scope::NEGOTIATED,
    },
    traces::Took,
};

/// What the answers 200 and 304 have besides their policy.
const OF_EVERY_STATUS: [HeaderName; 2] = [LINK, SERVER_TIMING];

/// Answers that a thread remembers, at most. When there are more it begins anew.
const MOST: usize = 2048;
/// Bytes of a request that is remembered, at most: with [`MOST`] they bound the memory.
const LONGEST: usize = 1024;

/// What decides of a request: its path, its query, and each header that `Vary` names.
pub(super) type Asked = Box<[u8]>;

/// An answer that may be given again.
#[derive(Debug)]
pub(super) struct Known {
    negotiated: Negotiated,
    served: Served,
    /// The head of the answer to a request without conditions.
    lines: Vec<(HeaderName, HeaderValue)>,
}

impl Known {
    /// Of an answer that was made just now; `None` if it is for one client alone.
    fn of(negotiated: Negotiated, head: &ResponseHead) -> Option<Self> {
        let caching = head.headers().get(CACHE_CONTROL)?;
        if head.status != StatusCode::OK || !caching.as_bytes().starts_with(b"public") {
            return None;
        }
        let class = negotiated.live.class();
        let served = Served { tier: Some(class.tier), format: Some(class.format) };
        let lines = head.headers().iter().map(|(name, value)| (name.clone(), value.clone()));
        let mut lines: Vec<_> = lines.filter(|(name, _)| *name != SERVER_TIMING).collect();
        // What is in memory takes no time that has a digit there.
        lines.extend(server_timing(Duration::ZERO, Took::default()));
        Some(Self { negotiated, served, lines })
    }

    /// Counts one more negotiation with the same end.
    pub(super) fn count(&self, catalog: &Catalog) {
        catalog.negotiations.count(self.negotiated.live.class());
    }
}

/// What one thread has answered.
#[derive(Debug)]
pub(super) struct Answers {
    decisive: Vec<HeaderName>,
    scratch: RefCell<Vec<u8>>,
    known: RefCell<HashMap<Asked, Rc<Known>>>,
}

impl Default for Answers {
    fn default() -> Self {
        let decisive = NEGOTIATED.split(", ").filter_map(|name| name.parse().ok()).collect();
        Self { decisive, scratch: RefCell::default(), known: RefCell::default() }
    }
}

impl Answers {
    /// What came of the last request that was alike.
    pub(super) fn find(&self, request: &Request) -> Option<Rc<Known>> {
        let mut scratch = self.scratch.borrow_mut();
        self.write(request, &mut scratch)?;
        self.known.borrow().get(scratch.as_slice()).cloned()
    }

    /// What decides of a request, to remember its answer by.
    pub(super) fn asked(&self, request: &Request) -> Option<Asked> {
        let mut asked = Vec::new();
        self.write(request, &mut asked)?;
        Some(asked.into())
    }

    /// Remembers an answer, unless it is for one client alone.
    pub(super) fn remember(&self, asked: Asked, negotiated: Negotiated, head: &ResponseHead) {
        let Some(answer) = Known::of(negotiated, head) else { return };
        let mut known = self.known.borrow_mut();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(asked, Rc::new(answer));
    }

    /// Writes what decides; `None` where it is too long. No part of a request holds the bytes that end them here.
    fn write(&self, request: &Request, asked: &mut Vec<u8>) -> Option<()> {
        const END_OF_LINE: u8 = b'\n';
        const END_OF_FIELD: u8 = b'\r';
        asked.clear();
        let target = request.uri().path_and_query()?;
        asked.extend_from_slice(target.as_str().as_bytes());
        asked.push(END_OF_FIELD);
        for name in &self.decisive {
            for line in request.headers().get_all(name) {
                asked.extend_from_slice(line.as_bytes());
                asked.push(END_OF_LINE);
            }
            asked.push(END_OF_FIELD);
        }
        (asked.len() <= LONGEST).then_some(())
    }
}

/// Whether a path names a negotiated manifest, in the right spelling.
pub(super) fn is_sequence(path: &str) -> bool {
    let configuration = || {
        path.strip_prefix("/api/products/customizable/")?
            .strip_suffix("/sequence")
            .filter(|id| !id.contains('/'))
    };
    configuration().is_some()
}

/// The same answer for another request, if it is still true; `None` where the routes have to give it.
pub(super) fn answer(catalog: &Catalog, known: &Known, request: &Request) -> Option<Head> {
    let Known { negotiated: Negotiated { live, scope }, served, lines } = known;
    let answer = catalog.still_live(live)?;
    let Coded { body, etag, encoding } = &answer.coded;
    let headers = request.headers();
    let is_unconditional = [IF_NONE_MATCH, IF_MATCH].iter().all(|name| !headers.contains_key(name));
    let (response, body) = if is_unconditional {
        // A popular answer is compressed anew.
        lines.iter().find(|(name, value)| *name == ETAG && value == etag)?;
        let mut response = Response::with_body(StatusCode::OK, ());
        for (name, value) in lines {
            response.headers_mut().insert(name.clone(), value.clone());
        }
        (response, Some(body.clone()))
    } else {
        let representation =
            Representation { media_type: JSON, length: body.len(), etag, encoding: *encoding, digest: None };
        let (mut answer, part) =
            respond(request.method(), headers, Caching::Manifest, scope, &representation).ok()?;
        for (name, value) in lines.iter().filter(|(name, _)| OF_EVERY_STATUS.contains(name)) {
            answer.insert_header((name.clone(), value.clone()));
        }
        (Response::from(answer.finish()).drop_body(), part.map(|part| body.slice(part)))
    };
    Some(Head { response, body, served: *served })
}
