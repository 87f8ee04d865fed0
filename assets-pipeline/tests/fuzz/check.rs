//! What must hold for every input.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use assets_pipeline::read::decode::{Decoded, decode};
use assets_pipeline::read::integrity::{Format, Header, inspect};
use assets_pipeline::read::limits::Limits;
use assets_pipeline::read::naming;
use assets_pipeline::read::refusal::{Excess, Refusal};
use assets_pipeline::read::source::Source;
use assets_pipeline::read::survey::survey;
use tempfile::TempDir;

use crate::case::{Case, Kind};
use crate::heap::peak_of;
use crate::panics::watched;

/// Beside what `Header::decode_bytes` promises and copies of the file: Huffman and quantisation tables,
/// inflate windows, colour profiles and the transforms built from them.
const CODEC_ALLOWANCE: u64 = 8 << 20;
/// A lossy WebP states the lengths of its partitions in 24 bits, and each is allocated before it is read.
const WEBP_ALLOWANCE: u64 = 18 << 20;
/// What a PNG unpacks beside its pixels is bounded to so much, and exists in up to four copies: as it grows,
/// whole, handed over and parsed.
const PNG_METADATA: u64 = 8 << 20;
/// Of `inspect`, which holds no pixels.
const INSPECT_ALLOWANCE: u64 = 64 << 10;
/// Of a zip's directory, beside a record for each entry: its tail, and a window to unpack with.
const ZIP_ALLOWANCE: u64 = 1 << 20;

/// What came of a case.
#[derive(Debug)]
pub(crate) struct Report {
    /// The answer in words.
    pub(crate) text: String,
    /// The answer without its figures, to tell how many kinds of answers there were.
    pub(crate) outcome: String,
    /// Where codecs panicked and were caught.
    pub(crate) caught: Vec<String>,
    pub(crate) refused: bool,
    /// What did not hold.
    pub(crate) failure: Option<Failure>,
    /// Bytes at the peak beyond what was promised.
    pub(crate) excess: u64,
}

#[derive(Debug)]
pub(crate) struct Failure {
    /// One or a few words, alike for failures of one cause.
    pub(crate) what: String,
    pub(crate) detail: String,
}

type Checked<T> = Result<T, Failure>;

/// Holds the case against everything.
pub(crate) fn check(case: &Case) -> Report {
    let (checked, panics) = watched(|| match case.kind() {
        Kind::Image => image(case),
        Kind::Zip => zip(case),
        Kind::Names => names(case),
    });
    let mut report = Report {
        text: String::new(),
        outcome: String::new(),
        caught: panics,
        refused: false,
        failure: None,
        excess: 0,
    };
    match checked {
        Some(Ok(answer)) => {
            report.outcome = without_figures(&answer.text);
            report.text.clone_from(&answer.text);
            report.refused = answer.refused;
            report.excess = answer.excess;
            if !answer.refused && !report.caught.is_empty() {
                let detail =
                    format!("{} panicked, and yet there is an answer: {}", report.caught[0], answer.text);
                report.failure = Some(Failure { what: "panic-ignored".into(), detail });
            }
        }
        Some(Err(failure)) => report.failure = Some(failure),
        None => {
            let place = report.caught.pop().unwrap_or_default();
            report.failure = Some(Failure { what: format!("panic-{place}"), detail: place });
        }
    }
    report
}

struct Answer {
    text: String,
    refused: bool,
    excess: u64,
}

fn image(case: &Case) -> Checked<Answer> {
    let (name, bytes, limits) = (case.name.as_str(), case.bytes.as_slice(), &case.limits);
    let (header, peak) = peak_of(|| inspect(name, bytes, limits));
    within("inspect", peak, INSPECT_ALLOWANCE)?;
    let promised = header.as_ref().map_or(0, Header::decode_bytes);
    let (decoded, peak) = peak_of(|| decode(name, bytes, limits));
    // Copies of the file that are made, and what is allowed beside them.
    let (copies, allowance) = match Format::of_content(bytes) {
        Some(Format::WebP) => (1, WEBP_ALLOWANCE),
        Some(Format::Png) => (1, CODEC_ALLOWANCE + 4 * PNG_METADATA.min(limits.max_alloc_bytes)),
        Some(Format::Jpeg) => (2, CODEC_ALLOWANCE),
        Some(Format::Tiff) | None => (0, CODEC_ALLOWANCE),
    };
    let copies = copies * bytes.len() as u64;
    within("decode", peak, promised + copies + allowance)?;
    let excess = peak.saturating_sub(promised + copies);
    let (text, refused) = match (header, decoded) {
        (Ok(header), Ok(decoded)) => (picture(&header, &decoded, limits)?, false),
        (Err(first), Ok(_)) => return fails("decode-lenient", format!("inspect refused: {first}")),
        (Ok(_), Err(refusal)) => (refusal_of(&refusal, name)?, true),
        (Err(first), Err(refusal)) if first.to_string() == refusal.to_string() => {
            (refusal_of(&refusal, name)?, true)
        }
        (Err(first), Err(refusal)) => return fails("two-refusals", format!("{first}; {refusal}")),
    };
    Ok(Answer { text, refused, excess })
}

fn picture(header: &Header, decoded: &Decoded, limits: &Limits) -> Checked<String> {
    let (width, height) = decoded.image.dimensions();
    if (width, height) != header.size() {
        let said = header.size();
        return fails("size", format!("{width} x {height}, though its header says {} x {}", said.0, said.1));
    }
    let pixels = u64::from(width) * u64::from(height);
    if header.width > limits.max_width
        || header.height > limits.max_height
        || pixels > limits.max_pixels
        || header.decode_bytes() > limits.max_alloc_bytes
    {
        return fails("limits", format!("{width} x {height}"));
    }
    if decoded.had_alpha && !header.alpha {
        return fails("alpha", "transparent, though its header says opaque".into());
    }
    for remark in header.remarks.iter().chain(&decoded.remarks) {
        readable(&remark.to_string())?;
    }
    decoded.converted_profile.as_deref().map_or(Ok(()), readable)?;
    Ok(format!(
        "{} {:?} {} alpha {} {:?} converted {} {:?}",
        header.format.label(),
        header.colour,
        header.bits,
        decoded.had_alpha,
        header.orientation,
        decoded.converted_profile.is_some(),
        decoded.remarks
    ))
}

/// A folder in a folder, so that a file which is written beside the zip or one above it is seen.
static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("inner")).unwrap();
    folder
});

fn zip(case: &Case) -> Checked<Answer> {
    let inner = FOLDER.path().join("inner");
    let path = inner.join("ring.zip");
    fs::write(&path, &case.bytes).unwrap();
    let result = zip_at(&path, case);
    if listed(&inner) != ["ring.zip"] || listed(FOLDER.path()) != ["inner"] {
        return fails("written", format!("{:?} {:?}", listed(&inner), listed(FOLDER.path())));
    }
    if fs::read(&path).unwrap() != case.bytes {
        return fails("written", "the zip itself was changed".into());
    }
    result
}

fn listed(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

fn zip_at(path: &Path, case: &Case) -> Checked<Answer> {
    let limits = &case.limits;
    let zip_bytes = case.bytes.len() as u64;
    let (source, peak) = peak_of(|| Source::open(path, limits));
    within("open", peak, ZIP_ALLOWANCE + 64 * zip_bytes)?;
    let source = match source {
        Err(refusal) => return Ok(Answer { text: zip_refusal(&refusal)?, refused: true, excess: peak }),
        Ok(source) => source,
    };
    let total: u64 = source.entries().iter().map(|entry| entry.bytes).sum();
    let largest = source.entries().iter().map(|entry| entry.bytes).max().unwrap_or(0);
    let count = source.entries().len();
    if count == 0
        || count > limits.max_frames
        || total > limits.max_total_bytes
        || largest > limits.max_file_bytes
    {
        return fails("limits", format!("{count} files of {total} bytes, {largest} at most"));
    }
    let mut first = None;
    for (index, entry) in source.entries().iter().enumerate() {
        let (read, peak) = peak_of(|| source.read(index));
        within("read", peak, ZIP_ALLOWANCE + entry.bytes)?;
        match read {
            Ok(bytes) if bytes.len() as u64 != entry.bytes => {
                return fails("entry-size", format!("{} of {} bytes", bytes.len(), entry.bytes));
            }
            Ok(bytes) => drop(first.get_or_insert((entry.name.clone(), bytes))),
            Err(refusal) => drop(zip_refusal(&refusal)?),
        }
    }
    let surveyed = match survey(&source, limits, None) {
        Ok(survey) if survey.frames.len() != count => return fails("survey", "frames are missing".into()),
        Ok(survey) => {
            survey.remarks.iter().try_for_each(|remark| readable(remark))?;
            format!("surveyed {:?}", survey.remarks)
        }
        Err(refusal) => zip_refusal(&refusal)?,
    };
    if let Some((name, bytes)) = first {
        image(&Case { name, bytes, limits: limits.clone(), edits: 0 })?;
    }
    Ok(Answer { text: format!("zip: {surveyed}"), refused: false, excess: peak })
}

/// The disk did not fail: whatever is wrong is wrong with the zip, and is to be said so.
fn zip_refusal(refusal: &Refusal) -> Checked<String> {
    match refusal {
        Refusal::Io { source, .. } => fails("io", format!("{refusal} ({source})")),
        _ => said(refusal),
    }
}

fn names(case: &Case) -> Checked<Answer> {
    let names: Vec<String> = String::from_utf8_lossy(&case.bytes).lines().map(ToOwned::to_owned).collect();
    let (turn, peak) = peak_of(|| naming::arrange(&names));
    within("arrange", peak, INSPECT_ALLOWANCE + 256 * case.bytes.len() as u64)?;
    match turn {
        Ok(turn) => {
            let mut order = turn.order.clone();
            order.sort_unstable();
            if order != (0..names.len()).collect::<Vec<_>>() {
                return fails("order", format!("{:?}", turn.order));
            }
            turn.remarks.iter().try_for_each(|remark| readable(remark))?;
            let text = format!("names: {:?} {:?}", turn.numbering, turn.remarks);
            Ok(Answer { text, refused: false, excess: 0 })
        }
        Err(refusal) => Ok(Answer { text: said(&refusal)?, refused: true, excess: 0 }),
    }
}

fn refusal_of(refusal: &Refusal, name: &str) -> Checked<String> {
    match refusal.file() {
        Some(file) if file == name => said(refusal),
        file => fails("refusal-file", format!("{file:?} is not {name:?}")),
    }
}

/// The refusal in one line, once it is found fit to be shown.
fn said(refusal: &Refusal) -> Checked<String> {
    let (message, remedy) = (refusal.to_string(), refusal.remedy());
    readable(&message)?;
    readable(&remedy)?;
    if let Refusal::TooLarge { excess: Excess::Memory { bytes, max_bytes }, .. } = refusal
        && bytes <= max_bytes
    {
        return fails("text", format!("it is not too large: {message}"));
    }
    if !remedy.ends_with('.') {
        return fails("text", format!("no sentence: {remedy}"));
    }
    let kind = match refusal {
        Refusal::Unreadable { reason, .. } | Refusal::Truncated { reason, .. } => reason.clone(),
        Refusal::Unsupported { what, .. } => what.clone(),
        Refusal::ArchiveUnsafeName { fault, .. } => fault.to_string(),
        Refusal::NotWhatItSays { said, is, .. } => format!("{said} {is:?}"),
        // Names and figures, which say nothing of the kind.
        _ => String::new(),
    };
    Ok(format!("{}: {kind}", refusal.slug()))
}

fn readable(text: &str) -> Checked<()> {
    const LONGEST: usize = 1_000;
    let unfit = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.trim().is_empty()
        || text.contains(unfit)
        || text.chars().count() > LONGEST
        || text.contains("/src/")
    {
        return fails("text", format!("{text:?}"));
    }
    Ok(())
}

fn within(what: &str, peak: u64, allowed: u64) -> Checked<()> {
    if peak > allowed {
        return fails(&format!("memory-{what}"), format!("{peak} bytes at the peak, {allowed} allowed"));
    }
    Ok(())
}

fn fails<T>(what: &str, detail: String) -> Checked<T> {
    Err(Failure { what: what.into(), detail })
}

/// Every run of digits as one `#`, and nothing of what is quoted.
fn without_figures(text: &str) -> String {
    let mut out = String::new();
    let mut quoted = false;
    for c in text.chars() {
        if c == '"' {
            quoted = !quoted;
        } else if quoted {
        } else if !c.is_ascii_digit() {
            out.push(c);
        } else if !out.ends_with('#') {
            out.push('#');
        }
    }
    out
}
