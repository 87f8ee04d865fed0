//! From the colours of a file to sRGB.

use std::sync::Arc;

use moxcms::{
    ColorProfile, DataColorSpace, Layout, Transform8BitExecutor, Transform16BitExecutor, TransformExecutor,
    TransformOptions,
};

use super::colours::{Colours, colours};
use super::curve::is_srgb_curve;
use crate::read::integrity::Header;
use crate::read::remark::Remark;

/// How the samples of one file become sRGB.
pub(super) struct Conversion {
    steps: Steps,
    /// The name of what is converted from.
    pub(super) profile: Option<String>,
    /// What was done, and what was assumed.
    pub(super) remarks: Vec<Remark>,
}

enum Steps {
    None,
    Eight(Source, Arc<Transform8BitExecutor>),
    Sixteen(Source, Arc<Transform16BitExecutor>),
}

/// What a transform takes; it always gives RGBA.
#[derive(Clone, Copy)]
pub(super) enum Source {
    /// RGBA.
    Rgb,
    /// Grey and alpha.
    Grey,
}

impl Conversion {
    /// Of a file with this header and profile, which is empty where it is there and could not be had.
    pub(super) fn to_srgb(icc: Option<&[u8]>, header: &Header) -> Self {
        let Colours { profile, mut remarks } = colours(icc, header);
        let Some((name, profile)) = profile.filter(|(_, profile)| !is_srgb(profile)) else {
            return Self { steps: Steps::None, profile: None, remarks };
        };
        let Some(steps) = steps(&profile, header) else {
            remarks.push(Remark::ProfileUnusable { taken_for: "sRGB".into() });
            return Self { steps: Steps::None, profile: None, remarks };
        };
        remarks.push(Remark::Converted { from: name.clone() });
        Self { steps, profile: Some(name), remarks }
    }

    pub(super) fn is_none(&self) -> bool {
        matches!(self.steps, Steps::None)
    }

    /// The transform of 8-bit samples.
    pub(super) fn eight(&self) -> Option<(Source, &dyn TransformExecutor<u8>)> {
        match &self.steps {
            Steps::Eight(source, transform) => Some((*source, transform.as_ref())),
            Steps::None | Steps::Sixteen(..) => None,
        }
    }

    /// The transform of 16-bit samples.
    pub(super) fn sixteen(&self) -> Option<(Source, &dyn TransformExecutor<u16>)> {
        match &self.steps {
            Steps::Sixteen(source, transform) => Some((*source, transform.as_ref())),
            Steps::None | Steps::Eight(..) => None,
        }
    }
}

fn steps(profile: &ColorProfile, header: &Header) -> Option<Steps> {
    let (source, layout) = match profile.color_space {
        DataColorSpace::Gray => (Source::Grey, Layout::GrayAlpha),
        _ => (Source::Rgb, Layout::Rgba),
    };
    // In whole numbers a matrix may have no entry beyond 4, and primaries that a file names can need more.
    let options = TransformOptions { prefer_fixed_point: false, ..TransformOptions::default() };
    let srgb = ColorProfile::new_srgb();
    if header.bits == 16 {
        let transform = profile.create_transform_16bit(layout, &srgb, Layout::Rgba, options).ok()?;
        Some(Steps::Sixteen(source, transform))
    } else {
        let transform = profile.create_transform_8bit(layout, &srgb, Layout::Rgba, options).ok()?;
        Some(Steps::Eight(source, transform))
    }
}

/// Whether converting from this profile would change nothing that 8 bits can show.
///
/// There are dozens of sRGB profiles about, so it is the numbers that are compared, not the names.
fn is_srgb(profile: &ColorProfile) -> bool {
    let has_table = profile.lut_a_to_b_perceptual.is_some()
        || profile.lut_a_to_b_colorimetric.is_some()
        || profile.lut_a_to_b_saturation.is_some();
    if has_table {
        return false;
    }
    match profile.color_space {
        DataColorSpace::Gray => profile.gray_trc.as_ref().is_some_and(is_srgb_curve),
        DataColorSpace::Rgb => {
            let srgb = ColorProfile::new_srgb();
            let close = |a: moxcms::Xyzd, b: moxcms::Xyzd| {
                [a.x - b.x, a.y - b.y, a.z - b.z].iter().all(|difference| difference.abs() < 0.002)
            };
            close(profile.red_colorant, srgb.red_colorant)
                && close(profile.green_colorant, srgb.green_colorant)
                && close(profile.blue_colorant, srgb.blue_colorant)
                && [&profile.red_trc, &profile.green_trc, &profile.blue_trc]
                    .into_iter()
                    .all(|curve| curve.as_ref().is_some_and(is_srgb_curve))
        }
        _ => false,
    }
}
