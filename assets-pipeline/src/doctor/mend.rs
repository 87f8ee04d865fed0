//! What can be put right safely, as edits of a copy of the set.

use std::collections::HashSet;
use std::io::Cursor;

use image::{ImageFormat, RgbaImage};
use rayon::prelude::*;

use super::{
    finding::{Diagnosis, Gain, Mend},
    numbers::{Place, numbers},
};
use crate::{
    gate::WORKING,
    prepare::colour::{encoded, linear},
    read::decode::decode,
    read::integrity::{Header, inspect},
    read::limits::Limits,
    read::naming,
    read::refusal::Refusal,
    read::source::Source,
};

/// Highlights above this share of white are bent, where a gain would take some of them beyond it.
const KNEE: f32 = 0.8;

/// One change to a set. The edits of a mend belong together: names are those from before any of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// The file is left out.
    LeaveOut {
        /// Its name.
        name: String,
    },
    /// The file has another name.
    Rename {
        /// Its name.
        from: String,
        /// Its name from now on.
        to: String,
    },
    /// The file has other content.
    Replace {
        /// Its name.
        name: String,
        /// Its name from now on; another one where the format changes.
        new_name: String,
        /// How much more light it gets, as a power of two. [`replaced`] makes the content, a frame at a time.
        stops: f32,
        /// The most that the content can have.
        max_bytes: u64,
    },
}

/// What a mend that a diagnosis offers changes. Nothing where it offers none of the kind.
///
/// A set to which the edits were made has no finding any more that offers this mend.
///
/// # Errors
///
/// Refuses frames that cannot be read or decoded any more.
pub fn mend(
    source: &Source,
    diagnosis: &Diagnosis,
    mend: Mend,
    limits: &Limits,
) -> Result<Vec<Edit>, Refusal> {
    let names: Vec<String> = source.entries().iter().map(|entry| entry.name.clone()).collect();
    let findings = diagnosis.findings.iter().filter(|finding| finding.mend == Some(mend));
    match mend {
        Mend::LeaveOut => {
            let out: HashSet<&str> =
                findings.flat_map(|finding| finding.frames.iter().map(String::as_str)).collect();
            Ok(leave_out(&names, &out))
        }
        Mend::Renumber => Ok(if findings.count() > 0 { closed_up(&names) } else { Vec::new() }),
        Mend::EvenExposure => {
            let gains: Vec<&Gain> = findings.flat_map(|finding| &finding.gains).collect();
            evened(source, &names, &gains, limits)
        }
    }
}

fn leave_out(names: &[String], out: &HashSet<&str>) -> Vec<Edit> {
    if out.is_empty() {
        return Vec::new();
    }
    let is_out = |name: &String| out.contains(name.as_str());
    let kept: Vec<String> = names.iter().filter(|name| !is_out(name)).cloned().collect();
    let mut edits: Vec<Edit> =
        names.iter().filter(|name| is_out(name)).map(|name| Edit::LeaveOut { name: name.clone() }).collect();
    // Numbers that were without gaps stay so; a set that has other faults in its names keeps them, and one whose names
    // are angles keeps each picture at its own.
    let before = numbers(names);
    let may_close = before.missing.is_empty() && before.angles.is_none();
    if may_close && naming::arrange(&kept).is_err() {
        edits.extend(closed_up(&kept));
    }
    edits
}

/// New numbers without gaps, in turn order. Where the numbers that there are will not do, since they count
/// degrees, new names do.
fn closed_up(names: &[String]) -> Vec<Edit> {
    let numbers = numbers(names);
    let mut turn = numbers.turn;
    // A frame whose number repeats 0 degrees comes last; with a picture of its own it is to be kept.
    let closing = numbers.odd.iter().filter(|(_, refusal)| matches!(refusal, Refusal::ClosingFrame { .. }));
    turn.extend(closing.map(|(index, _)| Place::Here(*index)));
    let order: Vec<usize> = turn
        .iter()
        .filter_map(|place| if let Place::Here(index) = place { Some(*index) } else { None })
        .collect();
    let numbered = |place: &Place| match place {
        Place::Here(index) => names[*index].clone(),
        Place::Missing(name) => name.clone(),
    };
    let moved: Vec<String> = order
        .iter()
        .zip(&turn)
        .map(|(&index, place)| with_extension_of(&numbered(place), &names[index]))
        .collect();
    let counted: Vec<String> = order
        .iter()
        .enumerate()
        .map(|(position, &index)| with_extension_of(&format!("frame-{:04}.png", position + 1), &names[index]))
        .collect();
    // A frame that has no place in the turn keeps its name, and no other one takes it.
    let others: HashSet<&String> =
        (0..names.len()).filter(|index| !order.contains(index)).map(|index| &names[index]).collect();
    let in_order = |new: &Vec<String>| {
        naming::arrange(new).is_ok_and(|turn| turn.order.iter().copied().eq(0..new.len()))
            && !new.iter().any(|name| others.contains(name))
    };
    let Some(new) = [moved, counted].into_iter().find(in_order) else { return Vec::new() };
    let renames = order.iter().zip(new).filter(|(index, to)| names[**index] != *to);
    renames.map(|(&index, to)| Edit::Rename { from: names[index].clone(), to }).collect()
}

fn with_extension_of(name: &str, other: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    match other.rsplit_once('.') {
        Some((_, extension)) => format!("{stem}.{extension}"),
        None => stem.to_owned(),
    }
}

fn evened(source: &Source, names: &[String], gains: &[&Gain], limits: &Limits) -> Result<Vec<Edit>, Refusal> {
    gains
        .par_iter()
        .filter_map(|gain| Some((names.iter().position(|name| *name == gain.name)?, gain)))
        .map(|(index, gain)| {
            let new_name = with_extension_of(&gain.name, "x.png");
            if new_name != gain.name && names.contains(&new_name) {
                // Under the one name that says what it would be stands another frame.
                return Ok(None);
            }
            let header = inspect(&gain.name, &source.read(index)?, limits)?;
            let (name, stops, max_bytes) = (gain.name.clone(), gain.stops, png_bytes(&header));
            Ok(Some(Edit::Replace { name, new_name, stops, max_bytes }))
        })
        .filter_map(Result::transpose)
        .collect()
}

/// The most that the PNG of a frame can have: a filter's byte a row, and what Deflate adds to bytes that it cannot pack.
fn png_bytes(header: &Header) -> u64 {
    let (width, height) = header.size();
    let channels = if header.alpha { 4 } else { 3 };
    let raw = (u64::from(width) * channels + 1) * u64::from(height);
    raw + raw / 1000 + (1 << 12)
}

/// The content of a frame that an edit [replaces](Edit::Replace): a PNG, 8 bits a channel, sRGB, with the alpha that the
/// frame had. `bytes` is the frame as it is.
///
/// # Errors
///
/// Refuses a frame that cannot be decoded any more.
pub fn replaced(name: &str, bytes: &[u8], stops: f32, limits: &Limits) -> Result<Vec<u8>, Refusal> {
    let header = inspect(name, bytes, limits)?;
    // The frame, without its alpha, and as a PNG that is hardly smaller.
    let (width, height) = header.size();
    let written = (4 + 3 + 4) * u64::from(width) * u64::from(height);
    let _room = WORKING.enter(header.decode_bytes().max(written));
    let mut frame = decode(name, bytes, limits)?.image;
    brighten(&mut frame, stops);
    let mut png = Cursor::new(Vec::new());
    let written = if header.alpha {
        frame.write_to(&mut png, ImageFormat::Png)
    } else {
        image::DynamicImage::from(frame).into_rgb8().write_to(&mut png, ImageFormat::Png)
    };
    written.map_err(|error| Refusal::Unreadable { file: name.to_owned(), reason: error.to_string() })?;
    Ok(png.into_inner())
}

/// Multiplies light by a power of two, and bends highlights where some would get beyond white: whatever was
/// white stays white, and nothing else becomes it.
fn brighten(frame: &mut RgbaImage, stops: f32) {
    let factor = stops.exp2();
    let brightest =
        frame.pixels().filter(|pixel| pixel.0[3] > 0).flat_map(|pixel| pixel.0[..3].to_vec()).max();
    let brightest = f32::from(linear(brightest.unwrap_or(0))) / 65535.0;
    let bends = if factor > 1.0 { brightest * factor > 1.02 } else { brightest >= 1.0 };
    let new: [u8; 256] = std::array::from_fn(|value| {
        let light = f32::from(linear(value as u8)) / 65535.0;
        let light = match (bends, factor > 1.0) {
            (false, _) => light * factor,
            (true, true) => bent(light, factor),
            (true, false) => unbent(light, factor.recip()),
        };
        encoded((light.clamp(0.0, 1.0) * 65535.0).round() as u16)
    });
    for pixel in frame.pixels_mut() {
        for value in &mut pixel.0[..3] {
            *value = new[usize::from(*value)];
        }
    }
}

/// Light times a factor above 1, above the knee along a hyperbola that goes on at the same slope and ends at
/// white.
fn bent(light: f32, factor: f32) -> f32 {
    let knee = KNEE / factor;
    if light <= knee {
        return light * factor;
    }
    let slope = factor * (1.0 - knee) / (1.0 - KNEE);
    let along = (light - knee) / (1.0 - knee);
    KNEE + (1.0 - KNEE) * slope * along / (1.0 + (slope - 1.0) * along)
}

/// The light that [`bent`] makes this of.
fn unbent(light: f32, factor: f32) -> f32 {
    if light <= KNEE {
        return light / factor;
    }
    let knee = KNEE / factor;
    let slope = factor * (1.0 - knee) / (1.0 - KNEE);
    let share = (light - KNEE) / (1.0 - KNEE);
    knee + (1.0 - knee) * share / (slope - (slope - 1.0) * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn numbers_are_closed_up_in_turn_order() {
        let rename = |from: &str, to: &str| Edit::Rename { from: from.into(), to: to.into() };
        let edits = closed_up(&names(&["r1.png", "r2.jpg", "r4.png", "r5.jpg"]));
        assert_eq!(edits, [rename("r4.png", "r3.png"), rename("r5.jpg", "r4.jpg")]);
        let degrees: Vec<String> =
            (0..36).filter(|i| *i != 7).map(|i| format!("{:03}.png", i * 10)).collect();
        let edits = closed_up(&degrees);
        assert_eq!(edits.len(), 35);
        assert_eq!(edits[7], rename("080.png", "frame-0008.png"));
    }

    #[test]
    fn no_name_is_given_twice() {
        let mut degrees: Vec<String> =
            (0..36).filter(|i| *i != 7).map(|i| format!("{:03}.png", i * 10)).collect();
        degrees.push("frame-0003.png".into());
        assert_eq!(closed_up(&degrees), []);
    }

    #[test]
    fn highlights_bend_and_come_back() {
        for factor in [1.1, 1.5, 2.5] {
            let mut before = -1.0;
            for step in 0..=100 {
                let light = step as f32 / 100.0;
                let brighter = bent(light, factor);
                assert!(brighter > before && brighter <= 1.0 + 1e-6, "{factor}: {light} {brighter}");
                assert!((unbent(brighter, factor) - light).abs() < 1e-4, "{factor}: {light}");
                before = brighter;
            }
            assert!((bent(0.2, factor) - 0.2 * factor).abs() < 1e-6);
        }
    }
}
