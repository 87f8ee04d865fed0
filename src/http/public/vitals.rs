//! What viewers measured, accepted without a wait for the database.

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
    wire::{self, problems},
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

    /// Writes everything that has come to the database. What cannot be written waits for the next time. A server that
    /// dies loses what it has not written, which is a few seconds' worth.
    pub async fn flush(&self, db: &Db) -> Result<(), DbError> {
        let (vitals, counts) = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            (mem::take(&mut waiting.vitals), mem::take(&mut waiting.counts))
        };
        if vitals.is_empty() && counts.is_empty() {
            return Ok(());
        }
        if let Err(error) = db.record_views(&vitals, &counts, now_ms()).await {
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).put_back(vitals, counts);
            return Err(error);
        }
        Ok(())
    }
}

impl Waiting {
    fn count(&mut self, configuration: &ConfigId) {
        self.add(configuration, 1);
    }

    fn add(&mut self, configuration: &ConfigId, views: u32) {
        if let Some(count) = self.counts.get_mut(configuration) {
            *count = count.saturating_add(views);
        } else if self.counts.len() < MAX_COUNTED {
            self.counts.insert(configuration.clone(), views);
        }
    }

    /// Takes back what could not be written, within the same limits.
    fn put_back(&mut self, vitals: Vec<Vitals>, counts: BTreeMap<ConfigId, u32>) {
        let room = MAX_WAITING.saturating_sub(self.vitals.len());
        self.vitals.extend(vitals.into_iter().take(room));
        for (configuration, views) in counts {
            self.add(&configuration, views);
        }
    }
}

/// What a viewer measured during a view
///
/// Browsers send it with `navigator.sendBeacon`, as text and without a preflight. It names no visitor. The server stores
/// a configured share.
#[utoipa::path(
    post,
    path = "/api/vitals",
    operation_id = "sendVitals",
    tag = "Storefront",
    request_body(
        content = wire::vitals::Vitals,
        content_type = "application/json",
        example = json!({
            "configuration": "ring.solitaire.metal-yellow-gold.stone-diamond",
            "tier": "standard",
            "schema": "girasol.vitals/1",
            "frame_ms": 180,
            "spin_ms": 420,
            "full_ms": 1100,
            "switches": 1,
            "switch_ms": 95,
            "turned": 120,
            "wanted": 118,
            "bytes": 151_000,
            "errors": 0,
        }),
    ),
    responses(
        (status = 204, description = "Accepted."),
        problems::BadBody,
        problems::BodyTooSlow,
        problems::BodyTooLarge,
        problems::NotJson,
        problems::BadField,
        problems::Internal,
    ),
)]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn views_that_could_not_be_written_are_written_the_next_time() {
        let folder = tempfile::tempdir().unwrap();
        let views = Views::new(1.0);
        let ring: ConfigId = "ring.solitaire".parse().unwrap();
        views.take_in(serde_json::from_str(&EXAMPLE.replace(".metal-platinum", "")).unwrap());
        let closed = Db::open(folder.path()).await.unwrap();
        closed.close().await;
        assert!(views.flush(&closed).await.is_err());
        views.count(&ring);
        let waiting = views.waiting.lock().unwrap();
        assert_eq!((waiting.vitals.len(), waiting.counts[&ring]), (1, 2));
    }
}
