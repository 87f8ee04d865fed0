//! Figures of answers: how long each took and how long it is, by the address's pattern and what was answered.
//!
//! Every address keeps the series that it has used, on each thread that answers requests: a request that is like one before
//! looks no label up.

mod negotiations;

use std::{
    cell::{OnceCell, RefCell},
    time::Duration,
};

use actix_web::{
    HttpMessage as _, HttpRequest,
    body::{BodySize, MessageBody},
    dev::ServiceResponse,
    http::{Method, StatusCode},
    web::Data,
};
use assets_pipeline::plan::tiers::{Format, TierKey};
use metrics::{Counter, Histogram, SharedString, counter, histogram};

use crate::{
    domain::performance::{report::is_of_visitors, series::FromMemory},
    performance::{Cell, Recorder},
};

use super::trace::Traced;

pub(super) use self::negotiations::Negotiations;

/// The pattern of what has no address.
const NOWHERE: &str = "none";

/// The figures of one address.
#[derive(Debug)]
pub(super) struct Route {
    pattern: SharedString,
    /// Whether it counts which answers were in memory. Of other addresses, the memory knows keys alone.
    is_of_visitors: bool,
    used: RefCell<Vec<(Like, Series)>>,
}

/// What is handed out, where a delivery class or its format is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Served {
    pub(super) tier: Option<TierKey>,
    pub(super) format: Option<Format>,
}

impl Served {
    /// `standard/avif`, or what is known of it.
    fn class(self) -> String {
        let known = [self.tier.map(TierKey::as_str), self.format.map(Format::as_str)];
        known.into_iter().flatten().collect::<Vec<_>>().join("/")
    }

    /// Notes what the answer to this request hands out.
    pub(super) fn note(self, request: &HttpRequest) {
        request.extensions_mut().insert(self);
    }
}

/// What answers of one series are alike in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Like {
    method: &'static str,
    status: u16,
    served: Served,
}

#[derive(Debug, Clone)]
struct Series {
    duration: Histogram,
    bytes: Counter,
    /// Hits and misses of the memory, once there is one.
    memory: [OnceCell<Counter>; 2],
    /// For the figures of the installation.
    cell: Option<Cell>,
}

impl Route {
    /// Of an address by its pattern.
    pub(super) fn of(pattern: &str) -> Self {
        Self {
            pattern: pattern.to_owned().into(),
            is_of_visitors: is_of_visitors(pattern),
            used: RefCell::default(),
        }
    }

    /// Of every request that no address is there for.
    pub(super) fn of_nothing() -> Self {
        Self::of(NOWHERE)
    }

    /// Counts an answer to a request for this address that was in memory.
    pub(super) fn answered_from_memory(
        &self,
        method: &Method,
        status: StatusCode,
        served: Served,
        bytes: u64,
        took: Duration,
        recorder: &Recorder,
    ) {
        let like = Like { method: word(method), status: status.as_u16(), served };
        self.count(like, took, bytes, Some(FromMemory::Hit), Some(recorder));
    }

    fn count(
        &self,
        like: Like,
        took: Duration,
        bytes: u64,
        from: Option<FromMemory>,
        recorder: Option<&Recorder>,
    ) {
        let mut used = self.used.borrow_mut();
        let known = used.iter().position(|(known, _)| *known == like);
        let at = known.unwrap_or_else(|| {
            used.push((like, self.series(like, recorder)));
            used.len() - 1
        });
        let Series { duration, bytes: sent, memory, cell } = &used[at].1;
        duration.record(took.as_secs_f64());
        sent.increment(bytes);
        let from = from.filter(|_| self.is_of_visitors);
        if let Some(from) = from {
            memory[from as usize].get_or_init(|| self.memory(like.served, from)).increment(1);
        }
        if let Some(cell) = cell {
            cell.record(like.status >= 500, bytes, took, from);
        }
    }

    fn series(&self, Like { method, status, served }: Like, recorder: Option<&Recorder>) -> Series {
        let labels: [(&str, SharedString); 5] = [
            ("method", method.into()),
            ("route", self.pattern.clone()),
            ("tier", served.tier.map_or("", TierKey::as_str).into()),
            ("format", served.format.map_or("", Format::as_str).into()),
            ("status", status.to_string().into()),
        ];
        Series {
            duration: histogram!("girasol_http_request_duration_seconds", &labels),
            bytes: counter!("girasol_http_response_body_bytes_total", &labels),
            memory: Default::default(),
            cell: recorder.map(|recorder| recorder.cell(&self.pattern, &served.class())),
        }
    }

    fn memory(&self, served: Served, from: FromMemory) -> Counter {
        let labels: [(&str, SharedString); 4] = [
            ("route", self.pattern.clone()),
            ("tier", served.tier.map_or("", TierKey::as_str).into()),
            ("format", served.format.map_or("", Format::as_str).into()),
            ("outcome", from.as_str().into()),
        ];
        counter!("girasol_http_memory_answers_total", &labels)
    }
}

/// Counts an answer.
pub(super) fn answered<B: MessageBody>(response: &ServiceResponse<B>, took: Duration) {
    let request = response.request();
    let Some(route) = request.app_data::<Route>() else { return };
    let served = request.extensions().get::<Served>().copied().unwrap_or_default();
    let like = Like { method: word(request.method()), status: response.status().as_u16(), served };
    let bytes = match response.response().body().size() {
        // The length is that of an answer to GET.
        BodySize::Sized(bytes) if request.method() != Method::HEAD => bytes,
        _ => 0,
    };
    // What is refused says nothing of the memory.
    let is_given = like.status < 400;
    let from = is_given.then(|| request.extensions().get::<Traced>()?.work.from_memory()).flatten();
    let recorder = request.app_data::<Data<Recorder>>().map(|recorder| &***recorder);
    route.count(like, took, bytes, from, recorder);
}

/// The pattern of the address of a request, once its route is known.
pub(super) fn pattern(request: &HttpRequest) -> &str {
    request.app_data::<Route>().map_or(NOWHERE, |route| &route.pattern)
}

/// Clients may make up methods.
pub(super) fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use metrics_util::debugging::DebuggingRecorder;

    use super::*;

    #[test]
    fn an_address_has_one_series_for_answers_that_are_alike() {
        let recorder = DebuggingRecorder::new();
        let snapshotter = recorder.snapshotter();
        metrics::with_local_recorder(&recorder, || {
            let route = Route::of("/s/{set}/{file}");
            let served = Served { tier: None, format: Some(Format::Avif) };
            for status in [200, 200, 304] {
                let from = (status == 200).then_some(FromMemory::Hit);
                route.count(Like { method: "GET", status, served }, Duration::from_millis(1), 10, from, None);
            }
            assert_eq!(route.used.borrow().len(), 2);
        });
        let mut series: Vec<String> = snapshotter
            .snapshot()
            .into_vec()
            .into_iter()
            .map(|(key, _, _, value)| {
                let labels: Vec<&str> = key.key().labels().map(metrics::Label::value).collect();
                format!("{} {} {value:?}", key.key().name(), labels.join(" "))
            })
            .collect();
        series.sort();
        assert_eq!(
            series,
            [
                "girasol_http_memory_answers_total /s/{set}/{file}  avif hit Counter(2)",
                "girasol_http_request_duration_seconds GET /s/{set}/{file}  avif 200 Histogram([0.001, 0.001])",
                "girasol_http_request_duration_seconds GET /s/{set}/{file}  avif 304 Histogram([0.001])",
                "girasol_http_response_body_bytes_total GET /s/{set}/{file}  avif 200 Counter(20)",
                "girasol_http_response_body_bytes_total GET /s/{set}/{file}  avif 304 Counter(10)",
            ]
        );
    }

    #[test]
    fn a_made_up_method_is_no_label() {
        assert_eq!(word(&Method::from_bytes(b"BREW").unwrap()), "other");
        assert_eq!(word(&Method::GET), "GET");
    }
}
