//! What viewers measured, accepted without a wait for the database.

use std::{
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};
use metrics::{counter, histogram};

use crate::{
    config::VitalsConfig,
    db::{Db, DbError, demand::Wanted, vitals::Seen},
    domain::{
        hints::Hints,
        names::{Choices, ConfigId, ProductId},
        performance::users::country as country_code,
        vitals::Vitals,
    },
    performance::users::UserRecorder,
};

use crate::http::{
    body,
    caching::{Caching, answer},
    catalog::Catalog,
    forwarded,
    problem::{At as _, Error, Failure},
    query,
    scope::Scope,
    wire::{self, problems},
};

/// Measurements that wait to be recorded, at most. In a flood the server drops what comes later: the share that is recorded
/// says as much.
const MAX_WAITING: usize = 2_000;
/// Configurations whose views wait to be counted, at most, and as many whose demand does.
const MAX_COUNTED: usize = 10_000;
/// Of one measurement.
const MAX_BYTES: usize = 4 * 1024;
const EXAMPLE: &str =
    r#"{"schema": "girasol.vitals/1", "configuration": "ring.solitaire.metal-platinum", "tier": "standard"}"#;

/// What the server has seen of its visitors since it recorded it last.
#[derive(Debug)]
pub struct Views {
    share: f64,
    keep_demand: u32,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    seen: Seen,
    /// The part of the next measurement that is to be recorded: it is recorded when this reaches 1.
    due: f64,
}

impl Views {
    /// Records a share of what is measured, from 0 to 1, and the demand for so many configurations. Views are counted all
    /// the same.
    pub fn new(share: f64, keep_demand: u32) -> Self {
        Self { share, keep_demand, waiting: Mutex::default() }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a view.
    pub(crate) fn count(&self, configuration: &ConfigId) {
        self.waiting().count(configuration.clone(), 1);
    }

    /// Counts a request for a configuration without a spin.
    pub(crate) fn want(&self, configuration: &ConfigId, product: &ProductId, choices: &Choices) {
        let wanted = Wanted { product: product.clone(), choices: choices.clone(), requests: 1 };
        self.waiting().want(configuration.clone(), wanted);
    }

    /// Counts a view. Answers whether its measurements are of the share that is recorded.
    fn take_in(&self, vitals: Vitals) -> bool {
        let mut waiting = self.waiting();
        waiting.count(vitals.configuration.clone(), 1);
        waiting.due += self.share;
        let is_due = waiting.due >= 1.0;
        if is_due {
            waiting.due -= 1.0;
            if waiting.seen.vitals.len() < MAX_WAITING {
                waiting.seen.vitals.push(vitals);
            }
        }
        is_due
    }

    /// Writes everything that has come to the database. What cannot be written waits for the next time. A server that
    /// dies loses what it has not written, which is a few seconds' worth.
    pub async fn flush(&self, db: &Db) -> Result<(), DbError> {
        let seen = mem::take(&mut self.waiting().seen);
        if seen == Seen::default() {
            return Ok(());
        }
        if let Err(error) = db.record(&seen, self.keep_demand, db.now_ms()).await {
            self.waiting().put_back(seen);
            return Err(error);
        }
        Ok(())
    }
}

impl Waiting {
    fn count(&mut self, configuration: ConfigId, views: u32) {
        if let Some(count) = self.seen.views.get_mut(&configuration) {
            *count = count.saturating_add(views);
        } else if self.seen.views.len() < MAX_COUNTED {
            self.seen.views.insert(configuration, views);
        }
    }

    fn want(&mut self, configuration: ConfigId, wanted: Wanted) {
        if let Some(known) = self.seen.demand.get_mut(&configuration) {
            known.requests = known.requests.saturating_add(wanted.requests);
        } else if self.seen.demand.len() < MAX_COUNTED {
            self.seen.demand.insert(configuration, wanted);
        }
    }

    /// Takes back what could not be written, within the same limits.
    fn put_back(&mut self, seen: Seen) {
        let Seen { vitals, views, demand } = seen;
        let room = MAX_WAITING.saturating_sub(self.seen.vitals.len());
        self.seen.vitals.extend(vitals.into_iter().take(room));
        for (configuration, views) in views {
            self.count(configuration, views);
        }
        for (configuration, wanted) in demand {
            self.want(configuration, wanted);
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
            "format": "avif",
            "looks": [4100, 300],
        }),
    ),
    responses(
        (status = 204, description = "Accepted."),
        problems::BadBody,
        problems::BodyTooSlow,
        problems::VitalsTooLarge,
        problems::NotJson,
        problems::BadField,
        problems::TooManyRequests,
        problems::Internal,
    ),
)]
pub(crate) async fn vitals(
    request: HttpRequest,
    body: Payload,
    views: Data<Views>,
    users: Data<UserRecorder>,
    catalog: Data<Catalog>,
    settings: Data<VitalsConfig>,
) -> Result<HttpResponse, Failure> {
    let scope = Scope::default();
    query::none(&request).at(&scope)?;
    let vitals: Vitals = body::read_text(&request, body, MAX_BYTES, EXAMPLE).await.at(&scope)?;
    vitals
        .plausible()
        .map_err(|field| Error::BadField(format!("{field}: no browser can have measured this")))
        .at(&scope)?;
    if views.take_in(vitals.clone()) {
        count(&vitals);
        let hints = Hints::parse(|name| {
            request.headers().get_all(name).map(|value| value.to_str().unwrap_or_default()).collect()
        });
        let network = catalog.policy.network(&hints).map_or("", |rule| &rule.name);
        let device = catalog.policy.device(&hints).map_or("", |rule| &rule.name);
        let country = settings.country_header.as_deref().and_then(|name| forwarded::of_cdn(&request, name));
        users.record(&vitals, network, device, country.and_then(country_code));
    }
    Ok(answer(StatusCode::NO_CONTENT, Caching::Private, &scope).finish())
}

/// Counts a view for Prometheus.
fn count(vitals: &Vitals) {
    counter!("girasol_viewer_views_total").increment(1);
    let Vitals { frame_ms, full_ms, switch_ms, turned, wanted, rested, loupes, .. } = vitals;
    if let Some(frame_ms) = frame_ms {
        histogram!("girasol_viewer_first_frame_duration_seconds").record(f64::from(*frame_ms) / 1000.0);
    }
    if let Some(full_ms) = full_ms {
        histogram!("girasol_viewer_whole_turn_duration_seconds").record(f64::from(*full_ms) / 1000.0);
    }
    if let Some(switch_ms) = switch_ms {
        histogram!("girasol_viewer_switch_duration_seconds").record(f64::from(*switch_ms) / 1000.0);
    }
    counter!("girasol_viewer_turned_frames_total", "outcome" => "wanted").increment((*wanted).into());
    let neighbours = turned.saturating_sub(*wanted);
    counter!("girasol_viewer_turned_frames_total", "outcome" => "neighbour").increment(neighbours.into());
    counter!("girasol_viewer_rested_frames_total").increment((*rested).into());
    counter!("girasol_viewer_loupe_frames_total").increment((*loupes).into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_could_not_be_written_is_written_the_next_time() {
        let folder = tempfile::tempdir().unwrap();
        let views = Views::new(1.0, 10);
        let ring: ConfigId = "ring.solitaire".parse().unwrap();
        let product: ProductId = "ring.solitaire".parse().unwrap();
        views.take_in(serde_json::from_str(&EXAMPLE.replace(".metal-platinum", "")).unwrap());
        views.want(&ring, &product, &Choices::new());
        let closed = Db::open(folder.path()).await.unwrap();
        closed.close().await;
        assert!(views.flush(&closed).await.is_err());
        views.count(&ring);
        views.want(&ring, &product, &Choices::new());
        let Seen { vitals, views, demand } = &views.waiting().seen;
        assert_eq!((vitals.len(), views[&ring], demand[&ring].requests), (1, 2, 2));
    }

    #[test]
    fn a_flood_of_made_up_configurations_is_dropped_beyond_the_bound() {
        let views = Views::new(1.0, 10);
        let product: ProductId = "ring.solitaire".parse().unwrap();
        for number in 0..2 * MAX_COUNTED {
            let id: ConfigId = format!("ring.solitaire.metal-{number}").parse().unwrap();
            views.count(&id);
            views.want(&id, &product, &Choices::new());
        }
        let seen = &views.waiting().seen;
        assert_eq!((seen.views.len(), seen.demand.len()), (MAX_COUNTED, MAX_COUNTED));
    }
}
