//! The whole pipeline on one source, and what came of it.

use std::{
    path::{Path, PathBuf},
    sync::atomic::Ordering,
};

use assets_pipeline::{
    IngestError,
    encode::cache::NoCache,
    encode::family::Tally,
    ingest::Spin,
    measure::{measure, threads},
    prepare::prepare,
    progress::{Progress, Stage},
    read::limits::Limits,
    read::source::Source,
    read::survey::survey,
    settings::Settings,
};

use super::{
    Costs, Report,
    clock::{StageClock, peak_bytes},
};

/// Checks, prepares, encodes and measures a folder or zip of raw frames. `made` is the time to print.
pub fn gather(
    path: &Path,
    settings: Settings,
    made: String,
    progress: &dyn Progress,
) -> Result<Report, IngestError> {
    let limits = Limits::default();
    let clock = StageClock::new(progress);
    let source = Source::open(path, &limits)?;
    clock.begin(Stage::Check, source.entries().len());
    let survey = survey(&source, &limits, Some(&|_, _| clock.step()))?;
    let prepared = prepare(&source, &survey, &settings, &limits, &clock)?;
    let tally = Tally::default();
    let mut spin = Spin::new(&prepared, &settings, &NoCache, &tally, &clock)?;
    spin.encode_preview()?;
    let renditions = spin.encode_rest()?;
    let (encodes, peak_bytes) = (tally.encoded.load(Ordering::Relaxed), peak_bytes());
    let families = measure(&prepared, &renditions, &settings, &clock)?;

    let turn = survey.frames.len();
    let file = |position| survey.frames[settings.raw_frame(position, turn)].name.clone();
    let mut remarks = survey.all_remarks();
    remarks.extend(prepared.remarks.iter().chain(&renditions.remarks).cloned());
    Ok(Report {
        source: name(path),
        made,
        files: (0..turn).map(file).collect(),
        plan: prepared.plan.clone(),
        source_size: prepared.source_size,
        crop: prepared.crop,
        ground: prepared.ground,
        colour: prepared.colour,
        families,
        costs: Costs { threads: threads(), encodes, peak_bytes, stages: clock.stop() },
        remarks,
        settings,
    })
}

/// The last part of a path, also where that is `.` or ends in `..`.
fn name(path: &Path) -> String {
    let whole = || path.canonicalize().unwrap_or_else(|_| PathBuf::from("frames"));
    let name =
        path.file_name().map_or_else(|| whole().file_name().map(ToOwned::to_owned), |n| Some(n.to_owned()));
    name.unwrap_or_default().to_string_lossy().into_owned()
}
