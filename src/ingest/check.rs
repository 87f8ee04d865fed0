//! Frames that are read and checked, before anything is prepared or written.

use std::sync::Arc;

use assets_pipeline::{
    memory::{Concurrency, Need, TooLittleMemory},
    plan::Plan,
    progress::{Progress as _, Stage},
    read::limits::Limits,
    read::source::Source,
    read::survey::{Survey, decode_all, survey},
};

use super::{Failure, Order, check_choices, tracker::Tracker};

/// A checked set of frames.
#[derive(Debug)]
pub struct Checked {
    /// The files.
    pub source: Source,
    /// What they are.
    pub survey: Survey,
    /// Which of them go where.
    pub plan: Plan,
}

impl Checked {
    /// How much of the ingest goes on at once, so that it fits into the machine.
    pub fn fit(&self, order: &Order) -> Result<Concurrency, TooLittleMemory> {
        Need::of(&self.source, &self.survey, &self.plan, &order.settings).within(order.machine)
    }
}

/// Reads every frame and checks what needs no decoding. It needs no data folder.
pub async fn check(order: &Order, tracker: &Arc<Tracker>) -> Result<Checked, Failure> {
    check_choices(order)?;
    let (path, settings, tracker) = (order.source.clone(), order.settings.clone(), tracker.clone());
    tokio::task::spawn_blocking(move || {
        let limits = Limits::default();
        let source = Source::open(&path, &limits)?;
        tracker.begin(Stage::Check, source.entries().len());
        let survey = survey(&source, &limits, Some(&|_, _| tracker.step()))?;
        let plan = Plan::new(survey.frames.len(), settings.hero_degrees, &settings.table);
        Ok(Checked { source, survey, plan })
    })
    .await?
}

/// Checks as [`ingest`](super::ingest) does, decoding every frame, and encodes nothing.
pub async fn check_thoroughly(order: &Order, tracker: &Arc<Tracker>) -> Result<Checked, Failure> {
    let mut checked = check(order, tracker).await?;
    let tracker = tracker.clone();
    tokio::task::spawn_blocking(move || {
        tracker.begin(Stage::Decode, checked.survey.frames.len());
        let limits = Limits::default();
        let assumed = decode_all(&checked.source, &checked.survey, &limits, &|| tracker.step())?;
        checked.survey.remarks.extend(assumed);
        Ok(checked)
    })
    .await?
}
