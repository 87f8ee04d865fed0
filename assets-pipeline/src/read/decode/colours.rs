//! What the colours of a file are: of all that it says, what counts, as browsers decide it.
//!
//! PNG, third edition, section 4.3 has the order: `cICP`, then a profile, then `sRGB`, then `gAMA` and `cHRM`; what
//! EXIF data say comes last. The details that the standard leaves open are those of Chromium 156, which was asked
//! with a chart for each:
//!
//! - `cICP` counts for RGB of full range with codes that name primaries and a curve. The curves of television (1, 6,
//!   11, 14 and 15) are shown as a gamma of 2.4.
//! - A profile that cannot be read is passed over. One for other colours than the file has (grey, CMYK) ends the
//!   search: the colours are sRGB.
//! - `gAMA` alone that is within 5 % of 1/2.2 stands for sRGB; with `cHRM` beside it, it is a plain power.
//! - `cHRM` alone, or with values that are no primaries, is ignored.
//!
//! In one thing this goes further than Chromium, which reads no colour space out of EXIF data: a camera that is set
//! to Adobe RGB says so nowhere else.

use std::borrow::Cow;

use moxcms::{Chromaticity, ColorPrimaries, ColorProfile, DataColorSpace, ProfileText, ToneReprCurve, XyY};

use super::curve::{linear, luminance};
use crate::read::integrity::{Colour, ColourTags, ExifColours, Header};
use crate::read::refusal::is_plain;
use crate::read::remark::Remark;

/// The colours of one file.
pub(super) struct Colours {
    /// What they are, under a name for it; `None` is sRGB.
    pub(super) profile: Option<(String, ColorProfile)>,
    pub(super) remarks: Vec<Remark>,
}

/// IEC 61966-2-1, as numbers of a parametric curve (ICC.1:2022, section 10.18).
const SRGB_CURVE: [f32; 5] = [2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045];

// The whites of ITU-T H.273 beside D65: illuminants C and E, and the one of film projection.
const C: Chromaticity = Chromaticity::new(0.31, 0.316);
const E: Chromaticity = Chromaticity::new(1.0 / 3.0, 1.0 / 3.0);
const DCI: Chromaticity = Chromaticity::new(0.314, 0.351);

/// Adobe RGB (1998), section 4.3.4.2.
const ADOBE_GAMMA: f32 = 563.0 / 256.0;

/// Decides what the colours are. `icc` is the profile as it is stored, empty where it could not be had.
pub(super) fn colours(icc: Option<&[u8]>, header: &Header) -> Colours {
    let tags = &header.colour_tags;
    let codes = tags.codes.map(|codes| (codes, from_codes(codes, header)));
    if let Some(([primaries, transfer, ..], Some(profile))) = codes {
        let name = format!("colour codes {primaries} and {transfer} (cICP)");
        return Colours { profile: Some((name, profile)), remarks: Vec::new() };
    }
    let parsed = icc.map(|icc| {
        let profile = ColorProfile::new_from_slice(&by_its_tables(icc)).ok().filter(is_whole);
        profile.map(by_luminance)
    });
    if let Some(Some(profile)) = parsed {
        let mismatched = mismatch(&profile, header).map(|profile| Remark::ProfileMismatched { profile });
        let named = mismatched.is_none().then(|| (name(&profile), profile));
        return Colours { profile: named, remarks: mismatched.into_iter().collect() };
    }
    let mut colours = described(tags, header);
    let taken_for = || colours.profile.as_ref().map_or_else(|| "sRGB".to_owned(), |(name, _)| name.clone());
    let passed_over = [
        codes.map(|_| Remark::CodesUnusable { taken_for: taken_for() }),
        icc.map(|_| Remark::ProfileUnusable { taken_for: taken_for() }),
    ];
    colours.remarks.extend(passed_over.into_iter().flatten());
    colours
}

/// By what is said without a profile and without codes.
fn described(tags: &ColourTags, header: &Header) -> Colours {
    let srgb = |remarks: Vec<Remark>| Colours { profile: None, remarks };
    let as_named = |profile, name| Colours { profile: Some((name, profile)), remarks: Vec::new() };
    if tags.is_srgb {
        return srgb(Vec::new());
    }
    let gamma = tags.gamma.map(|gamma| 1e5 / gamma as f32);
    match (gamma, tags.chromaticities) {
        (Some(gamma), Some(chromaticities)) => match primaries(chromaticities) {
            Some((white, primaries)) => {
                let profile = shaped(white, primaries, power(gamma), header);
                as_named(profile, format!("gamma {gamma:.2} and primaries of their own (gAMA and cHRM)"))
            }
            None => srgb(vec![Remark::PrimariesUnused]),
        },
        (Some(gamma), None) if is_about_srgb(gamma) => srgb(Vec::new()),
        (Some(gamma), None) => {
            let profile = shaped(Chromaticity::D65.to_xyyb(), ColorPrimaries::BT_709, power(gamma), header);
            as_named(profile, format!("gamma {gamma:.2} (gAMA)"))
        }
        (None, chromaticities) => match tags.exif {
            Some(ExifColours::AdobeRgb) => {
                let white = Chromaticity::D65.to_xyyb();
                let profile = shaped(white, ColorPrimaries::ADOBE_RGB, power(ADOBE_GAMMA), header);
                as_named(profile, "Adobe RGB (EXIF)".to_owned())
            }
            Some(ExifColours::Uncalibrated) => srgb(vec![Remark::Uncalibrated]),
            Some(ExifColours::Srgb) | None => {
                let others = chromaticities.filter(|chromaticities| !are_srgb(chromaticities));
                srgb(others.map(|_| Remark::PrimariesUnused).into_iter().collect())
            }
        },
    }
}

/// The profile of ITU-T H.273 codes, where they name RGB colours that a screen can show.
fn from_codes([primaries, transfer, _, range]: [u8; 4], header: &Header) -> Option<ColorProfile> {
    if range != 1 {
        return None;
    }
    let curve = match transfer {
        1 | 6 | 11 | 14 | 15 => power(2.4),
        4 => power(2.2),
        5 => power(2.8),
        // SMPTE ST 240.
        7 => ToneReprCurve::Parametric(vec![1.0 / 0.45, 1.0 / 1.1115, 0.1115 / 1.1115, 0.25, 0.0913]),
        8 => power(1.0),
        13 => ToneReprCurve::Parametric(SRGB_CURVE.to_vec()),
        _ => return None,
    };
    let (primaries, white) = match primaries {
        1 => (ColorPrimaries::BT_709, Chromaticity::D65),
        4 => (ColorPrimaries::BT_470M, C),
        5 => (ColorPrimaries::BT_470BG, Chromaticity::D65),
        6 | 7 => (ColorPrimaries::BT_601, Chromaticity::D65),
        8 => (ColorPrimaries::GENERIC_FILM, C),
        9 => (ColorPrimaries::BT_2020, Chromaticity::D65),
        10 => (ColorPrimaries::XYZ, E),
        11 => (ColorPrimaries::SMPTE_431, DCI),
        12 => (ColorPrimaries::SMPTE_432, Chromaticity::D65),
        22 => (ColorPrimaries::EBU_3213, Chromaticity::D65),
        _ => return None,
    };
    Some(shaped(white.to_xyyb(), primaries, curve, header))
}

fn power(gamma: f32) -> ToneReprCurve {
    ToneReprCurve::Parametric(vec![gamma])
}

/// A profile of primaries and one curve. The greys of all primaries are alike, so that a grey picture needs the
/// curve alone.
fn shaped(white: XyY, primaries: ColorPrimaries, curve: ToneReprCurve, header: &Header) -> ColorProfile {
    if header.colour == Colour::Grey {
        let mut profile = ColorProfile::new_gray_with_gamma(1.0);
        profile.gray_trc = Some(curve);
        return profile;
    }
    let mut profile = ColorProfile::new_srgb();
    let [red, green, blue] = [primaries.red, primaries.green, primaries.blue].map(|c| c.to_scaled_xyzd());
    profile.update_rgb_colorimetry_triplet(white, red, green, blue);
    profile.red_trc = Some(curve.clone());
    profile.green_trc = Some(curve.clone());
    profile.blue_trc = Some(curve);
    profile
}

/// The white point and primaries of a `cHRM` chunk, where they are some.
fn primaries(stored: [u32; 8]) -> Option<(XyY, ColorPrimaries)> {
    let [white, red, green, blue] = [0, 2, 4, 6].map(|at| {
        let value = |at: usize| (f64::from(stored[at]) / 1e5) as f32;
        Chromaticity::new(value(at), value(at + 1))
    });
    let valid = [white, red, green, blue].iter().all(|c| c.x <= 1.0 && c.y <= 1.0) && white.y > 0.0;
    // Twice the area of their triangle: primaries on a line span no colours.
    let area = (green.x - red.x) * (blue.y - red.y) - (blue.x - red.x) * (green.y - red.y);
    (valid && area.abs() > 1e-4).then(|| (white.to_xyyb(), ColorPrimaries { red, green, blue }))
}

fn are_srgb(stored: &[u32; 8]) -> bool {
    const SRGB: [u32; 8] = [31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000];
    stored.iter().zip(SRGB).all(|(stored, srgb)| stored.abs_diff(srgb) <= 100)
}

/// Whether a gamma that stands alone is within 5 % of sRGB's.
fn is_about_srgb(gamma: f32) -> bool {
    (2.2 / gamma - 1.0).abs() <= 0.05
}

/// The profile in the version whose encoding of Lab its tables have: that is a matter of their type (ICC.1:2022, sections
/// 10.10 and 10.11), where moxcms takes it from the version. `mft2` keeps the one of version 2 in every version, and bytes,
/// `mft1`, are the same in both, which only the newer reading gives.
fn by_its_tables(icc: &[u8]) -> Cow<'_, [u8]> {
    const VERSION: usize = 8;
    const TAGS: usize = 128;
    if icc.get(20..24) != Some(b"Lab ") {
        return icc.into();
    }
    let u32_at = |at: usize| Some(u32::from_be_bytes(*icc.get(at..)?.first_chunk::<4>()?) as usize);
    let tags = icc.get(TAGS + 4..).unwrap_or_default().chunks_exact(12).take(u32_at(TAGS).unwrap_or(0));
    let table = tags.filter(|tag| tag.starts_with(b"A2B")).find_map(|tag| {
        let at = u32::from_be_bytes(*tag[4..].first_chunk::<4>()?) as usize;
        icc.get(at..)?.first_chunk::<4>().copied()
    });
    let version: u8 = match (table.as_ref(), icc[VERSION]) {
        (Some(b"mft2"), 4..) => 2,
        (Some(b"mft1"), ..4) => 4,
        _ => return icc.into(),
    };
    let mut icc = icc.to_vec();
    icc[VERSION..VERSION + 4].copy_from_slice(&[version, 0x20, 0, 0]);
    icc.into()
}

/// A grey profile whose curve gives L* (ICC.1:2022, section 8.3.4.2) as one whose curve gives luminance, which is what moxcms
/// converts; others as they are.
fn by_luminance(mut profile: ColorProfile) -> ColorProfile {
    const STEPS: u16 = 4096;
    if profile.color_space != DataColorSpace::Gray || profile.pcs != DataColorSpace::Lab {
        return profile;
    }
    let Some(curve) = &profile.gray_trc else { return profile };
    let table = (0..STEPS).map(|at| {
        let lightness = 100.0 * linear(curve, f32::from(at) / f32::from(STEPS - 1));
        (luminance(lightness).clamp(0.0, 1.0) * f32::from(u16::MAX)).round() as u16
    });
    profile.gray_trc = Some(ToneReprCurve::Lut(table.collect()));
    profile.pcs = DataColorSpace::Xyz;
    profile
}

/// Whether a profile has what a conversion needs.
fn is_whole(profile: &ColorProfile) -> bool {
    let has_table = profile.lut_a_to_b_perceptual.is_some()
        || profile.lut_a_to_b_colorimetric.is_some()
        || profile.lut_a_to_b_saturation.is_some();
    has_table
        || match profile.color_space {
            DataColorSpace::Gray => profile.gray_trc.is_some(),
            DataColorSpace::Rgb => {
                profile.red_trc.is_some() && profile.green_trc.is_some() && profile.blue_trc.is_some()
            }
            _ => true,
        }
}

/// The kind of colours that a profile is for, where the file has others. A grey picture may carry an RGB profile:
/// its grey is then equal red, green and blue.
fn mismatch(profile: &ColorProfile, header: &Header) -> Option<&'static str> {
    match profile.color_space {
        DataColorSpace::Rgb => None,
        DataColorSpace::Gray if header.colour == Colour::Grey => None,
        DataColorSpace::Gray => Some("grey"),
        DataColorSpace::Cmyk => Some("CMYK"),
        DataColorSpace::Lab => Some("Lab"),
        _ => Some("another kind of colours"),
    }
}

fn name(profile: &ColorProfile) -> String {
    let text = match &profile.description {
        Some(ProfileText::PlainString(text)) => text.as_str(),
        Some(ProfileText::Localizable(texts)) => texts.first().map_or("", |text| &text.value),
        Some(ProfileText::Description(text)) => &text.ascii_string,
        None => "",
    };
    let shown: String = text.chars().filter(|&c| is_plain(c)).take(80).collect();
    match shown.trim() {
        "" => "an unnamed profile".into(),
        name => name.into(),
    }
}

#[cfg(test)]
mod tests;
