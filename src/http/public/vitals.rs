//! What viewers measured, taken in without making anybody wait.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Mutex, PoisonError},
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};

use crate::{
    db::{Db, DbError, now_ms},
    domain::{names::ConfigId, vitals::Vitals},
};

use crate::http::{
    body,
    caching::{Caching, answer},
    problem::{At as _, Error, Failure},
    query,
    scope::Scope,
};

/// Views that wait to be kept, at most. In a flood what comes later is thrown away: the share that is kept says
/// as much.
const MAX_WAITING: usize = 2_000;
/// Configurations that wait to be counted, at most.
const MAX_COUNTED: usize = 10_000;
/// Of one look.
const MAX_BYTES: usize = 4 * 1024;
const EXAMPLE: &str =
    r#"{"schema": "girasol.vitals/1", "configuration": "ring.solitaire.metal-platinum", "tier": "standard"}"#;

/// What was seen since it was kept last.
#[derive(Debug)]
pub struct Views {
    share: f64,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    vitals: Vec<Vitals>,
    /// Of the next look, what is to be kept of it: it is kept when this reaches 1.
    due: f64,
    counts: BTreeMap<ConfigId, u32>,
}

impl Views {
    /// Keeps a share of what is measured, from 0 to 1. Views are counted all the same.
    pub fn new(share: f64) -> Self {
        Self { share, waiting: Mutex::default() }
    }

    /// Counts a look.
    pub(crate) fn count(&self, configuration: &ConfigId) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).count(configuration);
    }

    fn take_in(&self, vitals: Vitals) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.count(&vitals.configuration);
        waiting.due += self.share;
        if waiting.due >= 1.0 {
            waiting.due -= 1.0;
            if waiting.vitals.len() < MAX_WAITING {
                waiting.vitals.push(vitals);
            }
        }
    }

    /// Keeps all that has come. What a server that dies has not kept yet is lost, which is a few seconds' worth.
    pub async fn flush(&self, db: &Db) -> Result<(), DbError> {
        let (vitals, counts) = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            (mem::take(&mut waiting.vitals), mem::take(&mut waiting.counts))
        };
        let at_ms = now_ms();
        if !vitals.is_empty() {
            db.keep_vitals(&vitals, at_ms).await?;
        }
        if !counts.is_empty() {
            db.count_looks(&counts, at_ms).await?;
        }
        Ok(())
    }
}

impl Waiting {
    fn count(&mut self, configuration: &ConfigId) {
        if let Some(count) = self.counts.get_mut(configuration) {
            *count += 1;
        } else if self.counts.len() < MAX_COUNTED {
            self.counts.insert(configuration.clone(), 1);
        }
    }
}

/// `POST /api/vitals`, as `navigator.sendBeacon` sends text: without a preflight.
pub(crate) async fn vitals(
    request: HttpRequest,
    body: Payload,
    views: Data<Views>,
) -> Result<HttpResponse, Failure> {
    let scope = Scope::default();
    query::none(&request).at(&scope)?;
    let vitals: Vitals = body::read_text(&request, body, MAX_BYTES, EXAMPLE).await.at(&scope)?;
    vitals
        .plausible()
        .map_err(|field| Error::BadField(format!("{field}: no browser can have measured this")))
        .at(&scope)?;
    views.take_in(vitals);
    Ok(answer(StatusCode::NO_CONTENT, Caching::Private, &scope).finish())
}
