//! Admission of what artists and operators ask for: how much of it goes on at once.
//!
//! Each kind has turns of its own, so that none takes those of another: artists who send frames never keep an operator from
//! looking. A credential that was not good a while ago is tried in one of a few turns, and a kind's turn is taken by a client
//! whose key is known: clients without a key take none from those that have one. Health, pages and answers to OPTIONS ask
//! no part, and take no turn.

use std::time::Duration;

use actix_web::{HttpMessage as _, HttpRequest, http::Method, web::Data};

use super::{
    gate::{Gate, Turn},
    problem::Error,
};

/// Credentials that are tried at once which were not good a while ago.
const TRIED_AT_ONCE: usize = 8;
/// Exports at once: each reads page after page, for as long as its client takes.
const EXPORTS: usize = 4;
/// An operator looks when the server has too much to do: what operators ask for waits this many times as long.
const PATIENCE_FOR_OPERATORS: u32 = 4;

/// How much goes on at once.
#[derive(Debug, Clone, Copy)]
pub struct PrivateBounds {
    /// Requests of artists, but for what they send.
    pub artists: usize,
    /// Files that are received.
    pub uploads: usize,
    /// Requests of operators.
    pub operators: usize,
    /// Live streams of artists, and as many of operators.
    pub streams: usize,
    /// How long a request waits for its turn; that of an operator four times as long.
    pub patience: Duration,
}

/// The turns of each kind.
#[derive(Debug)]
pub struct PrivateAdmission {
    tried: Gate,
    artists: Gate,
    uploads: Gate,
    operators: Gate,
    exports: Gate,
    streams_of_artists: Gate,
    streams_of_operators: Gate,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Artists,
    Uploads,
    Operators,
}

/// The turn of a request, which ends with it.
struct OfRequest {
    _turn: Turn,
}

impl PrivateAdmission {
    /// Nothing is admitted yet.
    pub fn of(bounds: PrivateBounds) -> Self {
        let PrivateBounds { artists, uploads, operators, streams, patience } = bounds;
        let longer = patience * PATIENCE_FOR_OPERATORS;
        Self {
            tried: Gate::new("keys", TRIED_AT_ONCE, longer),
            artists: Gate::new("artists", artists, patience),
            uploads: Gate::new("uploads", uploads, patience),
            operators: Gate::new("operators", operators, longer),
            exports: Gate::new("exports", EXPORTS, patience),
            streams_of_artists: Gate::new("streams of artists", streams, patience),
            streams_of_operators: Gate::new("streams of operators", streams, patience),
        }
    }
}

/// Waits for a turn to try a credential; `None` where every one may be tried.
pub(super) async fn to_be_tried(request: &HttpRequest) -> Result<Option<Turn>, Error> {
    match admission(request) {
        Some(admission) => admission.tried.enter().await.map(Some),
        None => Ok(None),
    }
}

/// Waits for the turn of a request, which it has until it is answered.
pub(super) async fn enter(request: &HttpRequest) -> Result<(), Error> {
    let Some(admission) = admission(request) else { return Ok(()) };
    let gate = match kind_of(request.method(), request.path()) {
        Kind::Artists => &admission.artists,
        Kind::Uploads => &admission.uploads,
        Kind::Operators => &admission.operators,
    };
    let turn = gate.enter().await?;
    request.extensions_mut().insert(OfRequest { _turn: turn });
    Ok(())
}

/// The turn of an export, in place of that of its request.
pub(super) async fn export(request: &HttpRequest) -> Result<Option<Turn>, Error> {
    let Some(admission) = admission(request) else { return Ok(None) };
    let turn = admission.exports.enter().await?;
    request.extensions_mut().remove::<OfRequest>();
    Ok(Some(turn))
}

/// The turn of a live stream, in place of that of its request. It is refused at once: one that is open stays so.
pub(super) fn stream(request: &HttpRequest) -> Result<Option<Turn>, Error> {
    let Some(admission) = admission(request) else { return Ok(None) };
    let gate = match kind_of(request.method(), request.path()) {
        Kind::Operators => &admission.streams_of_operators,
        Kind::Artists | Kind::Uploads => &admission.streams_of_artists,
    };
    let turn = gate.enter_now()?;
    request.extensions_mut().remove::<OfRequest>();
    Ok(Some(turn))
}

fn admission(request: &HttpRequest) -> Option<&Data<PrivateAdmission>> {
    request.app_data::<Data<PrivateAdmission>>()
}

fn kind_of(method: &Method, path: &str) -> Kind {
    let Some(rest) = path.strip_prefix("/api/") else { return Kind::Operators };
    let mut segments = rest.split('/');
    match (segments.next().unwrap_or_default(), segments.next()) {
        ("uploads", _) if matches!(*method, Method::POST | Method::PATCH) => Kind::Uploads,
        ("framesets", Some(_)) => match segments.next() {
            Some("frames") if *method == Method::PUT => Kind::Uploads,
            Some("fetch") => Kind::Uploads,
            _ => Kind::Artists,
        },
        ("products", None) | ("demand" | "uploads" | "framesets" | "jobs" | "sequences", _) => Kind::Artists,
        // A product's file, and all that has no artist's address: what is added is an operator's until it is named here.
        _ => Kind::Operators,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artists_their_files_and_operators_are_told_apart() {
        let kind = |method: Method, path: &str| kind_of(&method, path);
        for path in ["/api/framesets", "/api/jobs/7/events", "/api/sequences/ring.x/publish", "/api/products"]
        {
            assert_eq!(kind(Method::GET, path), Kind::Artists, "{path}");
        }
        for (method, path) in [
            (Method::PUT, "/api/framesets/7/frames/001.png"),
            (Method::POST, "/api/uploads"),
            (Method::PATCH, "/api/uploads/7"),
            // As a proxy spells it that knows no PATCH.
            (Method::POST, "/api/uploads/7"),
            (Method::POST, "/api/framesets/7/fetch"),
        ] {
            assert_eq!(kind(method, path), Kind::Uploads, "{path}");
        }
        assert_eq!(kind(Method::HEAD, "/api/uploads/7"), Kind::Artists);
        assert_eq!(kind(Method::DELETE, "/api/framesets/7/frames/001.png"), Kind::Artists);
        for path in [
            "/metrics",
            "/api/session",
            "/api/performance",
            "/api/performance/events",
            "/api/alerts",
            "/api/launches/reports",
            "/api/products/ring.solitaire",
            "/api/keys",
        ] {
            assert_eq!(kind(Method::GET, path), Kind::Operators, "{path}");
        }
    }
}
