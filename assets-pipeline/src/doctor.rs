//! Checks a turntable set, and says what is wrong with it in the words of the person who made it.
//!
//! An ingest refuses a set for the first fault that it meets, and never sees most of what makes a spin look
//! bad. This looks at every frame once, goes on whatever it finds, and compares each frame with its neighbours.
//! What it measures it holds against the rest of the same turn, since a step of one degree and one of thirty, a
//! plain band and a stone with fifty facets have nothing in common but that they go on as they began.

mod between;
mod centring;
mod copies;
mod distance;
mod evidence;
mod files;
mod finding;
mod foreign;
mod jumps;
mod kept;
mod light;
mod look;
mod margins;
mod mend;
mod motion;
mod numbers;
mod robust;
mod sequence;
mod set;
mod sketch;
mod steps;
mod thumbnail;
mod tones;
mod turn;
mod words;

pub use finding::{Diagnosis, Finding, Kind, Mend, Severity};
pub use mend::{Edit, mend, replaced};
pub use thumbnail::thumbnail;

use crate::{IngestError, progress::Progress, read::limits::Limits, read::source::Source};
use copies::{Copies, copies};
use look::{Look, look};
use motion::Motion;
use numbers::numbers;
use set::Set;
use turn::compare;

/// Reads and decodes every file of a set, and finds what is wrong.
///
/// It decodes on all threads of the current rayon pool, and tells `progress` of a stage with a step for each
/// file. Beside what threads decode at once it holds some 150 KB a frame.
///
/// # Errors
///
/// [`IngestError::Refused`] where the disk fails, and [`IngestError::Stopped`] where `progress` says so.
/// Whatever is wrong with the files themselves is a finding.
pub fn examine(source: &Source, limits: &Limits, progress: &dyn Progress) -> Result<Diagnosis, IngestError> {
    let looks = look(source, limits, progress)?;
    if progress.is_stopped() {
        return Err(IngestError::Stopped);
    }
    Ok(diagnose(&looks))
}

fn diagnose(looks: &[Look]) -> Diagnosis {
    let names: Vec<String> = looks.iter().map(|look| look.name.clone()).collect();
    let mut numbers = numbers(&names);
    motion::take_back_closing(looks, &mut numbers);
    let set = Set::new(looks, &numbers);
    let members = set.members();
    let copies = if members.is_empty() {
        Copies::default()
    } else {
        copies(&members, |a, b| turn::apart(&members[a].seen.sketch, &members[b].seen.sketch))
    };
    let compared = if copies.all_alike { None } else { compare(&members, numbers.turn.len(), &copies) };
    let motion = Motion { set: &set, members: &members, copies: &copies, compared: compared.as_ref() };

    let mut findings = files::unreadable(&set);
    findings.extend(files::too_few(&set));
    findings.extend(files::mixed_names(&set));
    findings.extend(motion::missing(&motion));
    findings.extend(motion::closing_by_name(&motion));
    findings.extend(files::sizes(&set));
    findings.extend(files::orientations(&set));
    findings.extend(motion::copied(&motion));
    findings.extend(motion::foreign(&motion));
    findings.extend(motion::out_of_order(&motion));
    findings.extend(motion::steps(&motion));
    if let Some(compared) = &compared {
        findings.extend(tones::exposure(&members, compared));
        findings.extend(tones::colour(&members, compared));
        findings.extend(tones::centring(&members, compared));
    }
    findings.extend(files::alpha(&set));
    findings.extend(files::touches_edge(&set));
    findings.extend(files::too_small(&set));
    findings.extend(files::profiles(&set));
    findings.extend(files::assumed(&set));
    findings.extend(files::depths(&set));
    findings.sort_by_key(|finding| (finding.severity, finding.kind));
    Diagnosis {
        frames: looks.len(),
        files: looks.iter().map(|look| look.file).collect(),
        transparent: set.has_alpha,
        findings,
    }
}

#[cfg(test)]
mod tests;
