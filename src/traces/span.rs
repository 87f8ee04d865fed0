//! Spans, from their beginning to the exporter.

use std::time::{Duration, Instant, SystemTime};

use opentelemetry_proto::tonic::{
    common::v1::any_value::Value,
    trace::v1::{Span as Message, Status, span::SpanKind, status::StatusCode},
};

use crate::domain::trace::TraceContext;

use super::{
    exporter,
    message::attribute,
    work::{self, Part, Work},
};

/// Bytes of a text in a span, at most.
const MAX_TEXT: usize = 1024;

/// On which side of a request a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It answers one.
    Server,
    /// It makes one and waits for the answer.
    Client,
    /// It does what was queued.
    Consumer,
    /// None of these.
    Internal,
}

impl From<Kind> for SpanKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Server => Self::Server,
            Kind::Client => Self::Client,
            Kind::Consumer => Self::Consumer,
            Kind::Internal => Self::Internal,
        }
    }
}

/// A span under way, which ends when it is dropped; empty where nothing is recorded.
#[derive(Debug, Default)]
pub struct Span(Option<Box<Recording>>);

#[derive(Debug)]
struct Recording {
    work: Work,
    context: TraceContext,
    began: Instant,
    message: Message,
}

impl Span {
    /// Begins a piece of work that is recorded, where this process exports. It continues the trace of `parent`, or begins one.
    pub fn root(name: &'static str, kind: Kind, parent: Option<TraceContext>) -> Self {
        if !exporter::is_on() {
            return Self::default();
        }
        Self::of(&Work::new(None), name, kind, parent)
    }

    /// Continues a trace that is recorded, for work that was queued in it; empty where it is not.
    pub fn continuing(name: &'static str, parent: Option<TraceContext>) -> Self {
        match parent {
            Some(parent) if parent.is_sampled => Self::root(name, Kind::Consumer, Some(parent)),
            _ => Self::default(),
        }
    }

    /// Begins a span inside of what the current task does.
    pub fn child(name: &'static str, kind: Kind) -> Self {
        match work::current() {
            Some(work) if work.is_recorded() => Self::child_of(&work, name, kind),
            _ => Self::default(),
        }
    }

    /// Begins a span inside of this work, which is recorded.
    pub(super) fn child_of(work: &Work, name: &'static str, kind: Kind) -> Self {
        if !work.whole.takes_span() {
            exporter::dropped();
            return Self::default();
        }
        Self::of(work, name, kind, work.context)
    }

    fn of(work: &Work, name: &'static str, kind: Kind, parent: Option<TraceContext>) -> Self {
        let mut random = [0; 24];
        if getrandom::fill(&mut random).is_err() {
            return Self::default();
        }
        let [id @ .., _, _, _, _, _, _, _, _] = random;
        let span = u64::from_ne_bytes(std::array::from_fn(|at| random[16 + at])).max(1);
        let trace = parent.map_or_else(|| u128::from_ne_bytes(id).max(1), |parent| parent.trace);
        let context = TraceContext { trace, span, is_sampled: true };
        let message = Message {
            trace_id: trace.to_be_bytes().into(),
            span_id: span.to_be_bytes().into(),
            parent_span_id: parent.map(|parent| parent.span.to_be_bytes().into()).unwrap_or_default(),
            // That it is sampled (W3C Trace Context, section 3.2.2.5).
            flags: 1,
            name: name.to_owned(),
            kind: SpanKind::from(kind).into(),
            start_time_unix_nano: unix_nano(SystemTime::now()),
            ..Message::default()
        };
        let work = Work { context: Some(context), whole: work.whole.clone() };
        Self(Some(Box::new(Recording { work, context, began: Instant::now(), message })))
    }

    /// The same span, which began so long ago.
    pub(super) fn lasting(mut self, took: Duration) -> Self {
        if let Some(recording) = &mut self.0 {
            // A clock may be at its beginning.
            let start = &mut recording.message.start_time_unix_nano;
            *start = start.saturating_sub(took.as_nanos() as u64);
            if let Some(began) = recording.began.checked_sub(took) {
                recording.began = began;
            }
        }
        self
    }

    /// Its place in the trace; `None` where it is not recorded.
    pub fn context(&self) -> Option<TraceContext> {
        self.0.as_ref().map(|recording| recording.context)
    }

    /// What a task carries that works inside of it; `None` where it is not recorded.
    pub fn work(&self) -> Option<Work> {
        self.0.as_ref().map(|recording| recording.work.clone())
    }

    /// Waits for an answer of a part, which knows the span as its parent.
    pub async fn ask<T>(&self, part: Part, asked: impl Future<Output = T> + Unpin) -> T {
        let began = Instant::now();
        let answer = match self.work() {
            Some(work) => work.run(asked).await,
            None => asked.await,
        };
        work::count(part, began.elapsed());
        answer
    }

    /// Gives it another name.
    pub fn rename(&mut self, name: impl FnOnce() -> String) {
        if let Some(recording) = &mut self.0 {
            recording.message.name = name();
        }
    }

    /// Says something about it in a word or a text.
    pub fn text(&mut self, key: &'static str, text: impl AsRef<str>) {
        let text = text.as_ref();
        let text = &text[..text.floor_char_boundary(MAX_TEXT)];
        self.set(key, || Value::StringValue(text.to_owned()));
    }

    /// Says something about it in a number.
    pub fn number(&mut self, key: &'static str, number: impl TryInto<i64>) {
        let number = number.try_into().unwrap_or(i64::MAX);
        self.set(key, || Value::IntValue(number));
    }

    /// Notes that what it did failed, without a reason: reasons are in the log, and may name what is secret.
    pub fn fail(&mut self) {
        if let Some(recording) = &mut self.0 {
            recording.message.status =
                Some(Status { message: String::new(), code: StatusCode::Error.into() });
        }
    }

    fn set(&mut self, key: &'static str, value: impl FnOnce() -> Value) {
        if let Some(recording) = &mut self.0 {
            recording.message.attributes.push(attribute(key, value()));
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        let Some(recording) = self.0.take() else { return };
        let Recording { began, mut message, .. } = *recording;
        // By the clock that never goes back.
        message.end_time_unix_nano =
            message.start_time_unix_nano.saturating_add(began.elapsed().as_nanos() as u64);
        exporter::send(message);
    }
}

fn unix_nano(at: SystemTime) -> u64 {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_never_older_than_its_clock() {
        let span =
            Span::of(&Work::new(None), "x", Kind::Internal, None).lasting(Duration::from_nanos(u64::MAX));
        assert_eq!(span.0.as_ref().map(|recording| recording.message.start_time_unix_nano), Some(0));
    }
}
