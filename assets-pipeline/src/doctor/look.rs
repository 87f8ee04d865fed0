//! One look at every file: all that is kept of it once its pixels are gone.

use image::{RgbaImage, metadata::Orientation};
use rayon::prelude::*;

use super::{
    margins::{Side, cut_sides},
    sketch::sketch,
};
use crate::{
    IngestError,
    gate::WORKING,
    prepare::ground::{Bounds, Edge, edge, subject},
    progress::{Progress, Stage},
    read::decode::decode,
    read::integrity,
    read::limits::Limits,
    read::refusal::Refusal,
    read::remark::Remark,
    read::source::Source,
};

/// The share of a frame that has to be clear before it counts as having transparency: more than a codec's or a
/// palette's accident.
const CLEAR_SHARE: f64 = 0.002;

/// What became of one file.
#[derive(Debug)]
pub(super) struct Look {
    /// Of the file's bytes, if they could be read.
    pub(super) file: Option<blake3::Hash>,
    /// The file's name without its folder.
    pub(super) name: String,
    /// What the frame shows, or why that is unknown.
    pub(super) seen: Result<Seen, Refusal>,
}

/// What one frame shows.
#[derive(Debug)]
pub(super) struct Seen {
    /// Width and height in pixels, upright.
    pub(super) size: (u32, u32),
    /// Of the file's bytes.
    pub(super) file: blake3::Hash,
    /// Of the decoded pixels.
    pub(super) pixels: blake3::Hash,
    /// Whether more than an accident of it is clear.
    pub(super) has_alpha: bool,
    /// The colours that it was converted from.
    pub(super) profile: Option<String>,
    /// What was assumed of it.
    pub(super) remarks: Vec<Remark>,
    /// How its file says that it is to be turned; the picture is turned already.
    pub(super) orientation: Orientation,
    /// Bits of a channel in the file.
    pub(super) bits: u8,
    /// What lies around the piece.
    pub(super) edge: Edge,
    /// Where the piece lies, in pixels of the frame.
    pub(super) bounds: Option<Bounds>,
    /// The sides of the frame that cut the piece off.
    pub(super) cut: Vec<Side>,
    /// The frame, small.
    pub(super) sketch: RgbaImage,
}

/// A frame that can be compared with others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member<'a> {
    /// Its place in the turn, missing frames counted.
    pub(super) place: usize,
    /// Its file's name.
    pub(super) name: &'a str,
    /// What it shows.
    pub(super) seen: &'a Seen,
}

/// Reads and decodes every file, each once, on all threads of the current rayon pool.
pub(super) fn look(
    source: &Source,
    limits: &Limits,
    progress: &dyn Progress,
) -> Result<Vec<Look>, IngestError> {
    progress.begin(Stage::Decode, source.entries().len());
    (0..source.entries().len())
        .into_par_iter()
        .map(|index| {
            if progress.is_stopped() {
                return Err(IngestError::Stopped);
            }
            let name = source.entries()[index].name.clone();
            let bytes = source.read(index);
            let file = bytes.as_ref().ok().map(|bytes| blake3::hash(bytes));
            let seen = bytes.and_then(|bytes| see(bytes, &name, limits));
            progress.step();
            match seen {
                Err(refusal @ Refusal::Io { .. }) => Err(refusal.into()),
                seen => Ok(Look { file, name, seen }),
            }
        })
        .collect()
}

fn see(bytes: Vec<u8>, name: &str, limits: &Limits) -> Result<Seen, Refusal> {
    let header = integrity::inspect(name, &bytes, limits)?;
    let _room = WORKING.enter(header.decode_bytes());
    let decoded = decode(name, &bytes, limits)?;
    let (file, profile) = (blake3::hash(&bytes), decoded.converted_profile);
    let mut remarks = header.remarks;
    // That one is `profile`.
    remarks.extend(decoded.remarks.into_iter().filter(|remark| !matches!(remark, Remark::Converted { .. })));
    drop(bytes);
    let (orientation, bits) = (header.orientation, header.bits);
    Ok(Seen { file, profile, remarks, orientation, bits, ..seen(&decoded.image) })
}

/// What a picture shows by itself.
pub(super) fn seen(frame: &RgbaImage) -> Seen {
    let edge = edge(frame);
    let sketch = sketch(frame);
    let clear = sketch.pixels().filter(|pixel| pixel.0[3] < 250).count();
    let pixels = blake3::hash(frame.as_raw());
    Seen {
        size: frame.dimensions(),
        file: pixels,
        pixels,
        has_alpha: clear as f64 >= CLEAR_SHARE * f64::from(sketch.width() * sketch.height()),
        profile: None,
        remarks: Vec::new(),
        orientation: Orientation::NoTransforms,
        bits: 8,
        edge,
        bounds: subject(frame, edge),
        cut: cut_sides(frame),
        sketch,
    }
}
