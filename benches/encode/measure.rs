//! How good what a contender made is, and what it took.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use assets_pipeline::encode::score::ssimulacra2;
use butteraugli::{ButteraugliParams, Img, RGB8, butteraugli};
use image::RgbImage;
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike as _,
};
use rayon::prelude::*;

use crate::Result;

/// Runs a command and answers with the CPU time, user and system, of it and of all that it started.
///
/// Nothing else may be started meanwhile: the system counts all children of a process together.
pub(crate) fn cpu_time(command: &mut Command) -> Result<Duration> {
    let before = children()?;
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if !status.success() {
        return Err(format!("{command:?} failed: {status}").into());
    }
    Ok(children()?.saturating_sub(before))
}

fn children() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let microseconds = (usage.user_time() + usage.system_time()).num_microseconds();
    Ok(Duration::from_micros(microseconds.unsigned_abs()))
}

/// The quality of a turn.
#[derive(Clone, Debug)]
pub(crate) struct Quality {
    /// All frames together.
    pub(crate) bytes: u64,
    /// SSIMULACRA2, the mean of all frames.
    pub(crate) s2: f64,
    /// That of the worst frame.
    pub(crate) s2_min: f64,
    /// The standard deviation round the turn.
    pub(crate) s2_deviation: f64,
    /// Butteraugli's distance (3-norm), the mean of all frames; less is better.
    pub(crate) butteraugli: f64,
}

impl Quality {
    /// Decodes files and compares each with the pixels that it was made from.
    pub(crate) fn of(files: &[PathBuf], references: &[RgbImage]) -> Result<Self> {
        let scores: Vec<(u64, f64, f64)> = files
            .par_iter()
            .zip(references)
            .map(|(file, reference)| {
                let decoded = decode(file)?;
                let s2 = ssimulacra2(reference, &decoded).ok_or("a frame has another size than before")?;
                Ok((file.metadata()?.len(), s2, distance(reference, &decoded)?))
            })
            .collect::<Result<_>>()?;
        let mean = |values: &dyn Fn(&(u64, f64, f64)) -> f64| {
            scores.iter().map(values).sum::<f64>() / scores.len() as f64
        };
        let s2 = mean(&|score| score.1);
        Ok(Self {
            bytes: scores.iter().map(|score| score.0).sum(),
            s2,
            s2_min: scores.iter().map(|score| score.1).fold(f64::INFINITY, f64::min),
            s2_deviation: mean(&|score| (score.1 - s2).powi(2)).sqrt(),
            butteraugli: mean(&|score| score.2),
        })
    }
}

fn distance(reference: &RgbImage, decoded: &RgbImage) -> Result<f64> {
    let image = |image: &RgbImage| {
        let pixels: Vec<RGB8> = image.pixels().map(|pixel| RGB8::from(pixel.0)).collect();
        Img::new(pixels, image.width() as usize, image.height() as usize)
    };
    let (reference, decoded) = (image(reference), image(decoded));
    Ok(butteraugli(reference.as_ref(), decoded.as_ref(), &ButteraugliParams::default())?.pnorm_3)
}

/// Decodes with the formats' own tools, the same for every contender's files.
fn decode(file: &Path) -> Result<RgbImage> {
    let png = file.with_extension("decoded.png");
    let mut command = if file.extension().is_some_and(|extension| extension == "webp") {
        let mut dwebp = Command::new("dwebp");
        dwebp.arg("-quiet").arg(file).arg("-o").arg(&png);
        dwebp
    } else {
        let mut avifdec = Command::new("avifdec");
        avifdec.args(["--depth", "8", "--png-compress", "1"]).arg(file).arg(&png);
        avifdec
    };
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let decoded = image::open(&png)?.into_rgb8();
    std::fs::remove_file(&png)?;
    Ok(decoded)
}
