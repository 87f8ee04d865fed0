//! All frames of a source, checked and put in turn order: what a pipeline may rely on before it decodes one
//! pixel.

mod alike;

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::gate::WORKING;
use crate::read::decode::decode;
use crate::read::integrity::{self, Header};
use crate::read::limits::Limits;
use crate::read::naming::{self, Numbering};
use crate::read::refusal::Refusal;
use crate::read::remark;
use crate::read::source::Source;

/// A source that passed every check which needs no decoding.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The frames in turn order; at least two.
    pub frames: Vec<SurveyedFrame>,
    /// What the numbers in the names count.
    pub numbering: Numbering,
    /// Width and height of every frame in pixels, upright.
    pub size: (u32, u32),
    /// Files and folders that are neither images nor junk, and are left out.
    pub ignored: Vec<String>,
    /// What is odd, though not wrong: sentences for the artist.
    pub remarks: Vec<String>,
}

impl Survey {
    /// All that an artist may want to know of the files, as sentences.
    pub fn all_remarks(&self) -> Vec<String> {
        let mut remarks = self.remarks.clone();
        if let Numbering::Degrees { start, .. } = self.numbering
            && start != 0.0
        {
            remarks
                .push(format!("The first frame is at {start} degrees by its name, and counts as degree 0"));
        }
        if !self.ignored.is_empty() {
            remarks.push(format!("Not used, since they are no frames: {}", self.ignored.join(", ")));
        }
        remarks
    }
}

/// A frame that passed every check which needs no decoding.
#[derive(Clone, Debug)]
pub struct SurveyedFrame {
    /// The file's name without its folder.
    pub name: String,
    /// The frame's index in [`Source::entries`], for [`Source::read`].
    pub entry: usize,
    /// What the file says of its image.
    pub header: Header,
    /// The digest of the file's bytes.
    pub hash: blake3::Hash,
}

/// Reads and checks all frames, on all threads of the current rayon pool.
///
/// `progress` is called with the number of frames done and their total, from any thread and not always in
/// order. Each thread holds one file in memory at a time.
///
/// # Errors
///
/// Refuses what [`naming::arrange`], [`Source::read`] and [`integrity::inspect`] refuse, and frames that are
/// not all of one size and orientation. Of several faulty files it is the first in turn order that is named, whichever thread
/// met its own first.
pub fn survey(
    source: &Source,
    limits: &Limits,
    progress: Option<&(dyn Fn(usize, usize) + Sync)>,
) -> Result<Survey, Refusal> {
    let names: Vec<String> = source.entries().iter().map(|entry| entry.name.clone()).collect();
    let turn = naming::arrange(&names)?;
    let (done, first_refused) = (AtomicUsize::new(0), AtomicUsize::new(usize::MAX));
    let results: Vec<Option<Result<SurveyedFrame, Refusal>>> = turn
        .order
        .par_iter()
        .enumerate()
        .map(|(position, &entry)| {
            // What comes after a refused frame cannot change the outcome.
            if position > first_refused.load(Ordering::Relaxed) {
                return None;
            }
            let frame = frame(source, &names[entry], entry, limits);
            match (&frame, progress) {
                (Err(_), _) => {
                    first_refused.fetch_min(position, Ordering::Relaxed);
                }
                (Ok(_), Some(progress)) => progress(done.fetch_add(1, Ordering::Relaxed) + 1, names.len()),
                (Ok(_), None) => {}
            }
            Some(frame)
        })
        .collect();
    let frames = results.into_iter().flatten().collect::<Result<Vec<_>, _>>()?;
    let size = alike::common_size(&frames)?;
    let mut remarks = turn.remarks;
    remarks.extend(alike::differences(&frames));
    remarks.extend(remark::sentences(
        frames
            .iter()
            .enumerate()
            .map(|(place, frame)| (place, frame.name.as_str(), &frame.header.remarks[..])),
    ));
    if let [first, .., last] = frames.as_slice()
        && first.hash == last.hash
    {
        remarks.push(format!(
            "The last frame, {}, is the same as the first, {}",
            crate::read::refusal::Name(&last.name),
            crate::read::refusal::Name(&first.name)
        ));
    }
    Ok(Survey { frames, numbering: turn.numbering, size, ignored: source.ignored().to_vec(), remarks })
}

/// Decodes every frame of a survey and keeps none: what [`integrity::inspect`] cannot see, this finds. Gives what
/// was assumed, as sentences for the artist.
///
/// # Errors
///
/// Refuses what [`decode`] refuses; of several faulty files one of the first in turn order.
pub fn decode_all(
    source: &Source,
    survey: &Survey,
    limits: &Limits,
    progress: &(dyn Fn() + Sync),
) -> Result<Vec<String>, Refusal> {
    let remarks = survey.frames.par_iter().map(|frame| {
        let _room = WORKING.enter(frame.header.decode_bytes());
        let decoded = decode(&frame.name, &source.read(frame.entry)?, limits)?;
        progress();
        Ok(decoded.remarks)
    });
    let remarks: Vec<_> = remarks.collect::<Result<_, Refusal>>()?;
    let named = survey.frames.iter().zip(&remarks).enumerate();
    Ok(remark::sentences(named.map(|(place, (frame, remarks))| (place, frame.name.as_str(), &remarks[..]))))
}

fn frame(source: &Source, name: &str, entry: usize, limits: &Limits) -> Result<SurveyedFrame, Refusal> {
    let _room = WORKING.enter(source.entries()[entry].bytes);
    let bytes = source.read(entry)?;
    let header = integrity::inspect(name, &bytes, limits)?;
    Ok(SurveyedFrame { name: name.into(), entry, header, hash: blake3::hash(&bytes) })
}
