//! AV1 stills by libaom, on one thread.
//!
//! This crate is the one place of Girasol with unsafe code. Its safe surface is [`encode`]: planes in,
//! a bit stream out, and nothing of libaom's lives longer than the call.

use std::{
    ffi::{CStr, c_int},
    mem::MaybeUninit,
    ptr,
};

use libaom_sys as aom;

/// An 8-bit 4:4:4 picture in full range, BT.601: three planes of `width` x `height` bytes, row by row.
#[derive(Debug, Clone)]
pub struct Planes {
    width: u32,
    height: u32,
    /// Luma, then blue and red difference, back to back.
    samples: Vec<u8>,
}

/// Planes whose length is not three times width times height, or a side that AV1 cannot have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("planes must be three times width times height, and a side from 1 to 65535")]
pub struct BadPlanes;

impl Planes {
    /// Takes the three planes back to back.
    pub fn new(width: u32, height: u32, samples: Vec<u8>) -> Result<Self, BadPlanes> {
        let side = 1..=65_535;
        let fits = side.contains(&width) && side.contains(&height);
        if !fits || samples.len() as u64 != 3 * u64::from(width) * u64::from(height) {
            return Err(BadPlanes);
        }
        Ok(Self { width, height, samples })
    }
}

/// How a still is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// 0 is the slowest, 9 the fastest.
    pub speed: u8,
    /// 0 is the best, 63 the smallest.
    pub quantizer: u8,
    /// Quantizer matrices, 0 (steep) to 15 (flat): the steepest and the flattest that may be used.
    pub matrices: Option<(u8, u8)>,
    /// What libaom tries to keep.
    pub tune: Tune,
}

/// What libaom weighs its choices by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tune {
    /// The mean squared error.
    Psnr,
    /// Structural similarity.
    Ssim,
}

/// libaom refused. The text is its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("libaom could not {step}: {why}")]
pub struct Error {
    step: &'static str,
    why: String,
}

/// The version of libaom, as `v3.11.0`.
pub fn version() -> String {
    // SAFETY: libaom answers with a string that lives as long as the program.
    unsafe { CStr::from_ptr(aom::aom_codec_version_str()) }.to_string_lossy().into_owned()
}

/// Encodes one still picture and gives its open bitstream units. The same planes and settings give the
/// same bytes.
pub fn encode(planes: &Planes, settings: &Settings) -> Result<Vec<u8>, Error> {
    let mut encoder = Encoder::open(planes, settings)?;
    encoder.control("set the speed", aom::AOME_SET_CPUUSED, settings.speed)?;
    encoder.control("set the quantizer", aom::AOME_SET_CQ_LEVEL, settings.quantizer)?;
    let tune = match settings.tune {
        Tune::Psnr => aom::AOM_TUNE_PSNR,
        Tune::Ssim => aom::AOM_TUNE_SSIM,
    };
    encoder.control("set what to keep", aom::AOME_SET_TUNING, tune as u8)?;
    // On plain grounds a quantizer that varies within the frame starves the piece.
    encoder.control("fix the quantizer", aom::AV1E_SET_DELTAQ_MODE, 0)?;
    if let Some((steepest, flattest)) = settings.matrices {
        encoder.control("use quantizer matrices", aom::AV1E_SET_ENABLE_QM, 1)?;
        encoder.control("set the steepest matrix", aom::AV1E_SET_QM_MIN, steepest)?;
        encoder.control("set the flattest matrix", aom::AV1E_SET_QM_MAX, flattest)?;
    }
    // sRGB: primaries of BT.709, its transfer function, BT.601's matrix, full range (H.273).
    encoder.control("set the primaries", aom::AV1E_SET_COLOR_PRIMARIES, 1)?;
    encoder.control("set the transfer function", aom::AV1E_SET_TRANSFER_CHARACTERISTICS, 13)?;
    encoder.control("set the matrix", aom::AV1E_SET_MATRIX_COEFFICIENTS, 6)?;
    encoder.control("set the range", aom::AV1E_SET_COLOR_RANGE, 1)?;
    encoder.encode(planes)
}

/// An open encoder; closed when it goes.
struct Encoder {
    context: Box<aom::aom_codec_ctx_t>,
}

impl Encoder {
    fn open(planes: &Planes, settings: &Settings) -> Result<Self, Error> {
        // SAFETY: the interface is a static of libaom's; the configuration is filled by libaom before
        // it is read, and is plain data, for which all zeros are valid.
        let (interface, mut config) = unsafe {
            let interface = aom::aom_codec_av1_cx();
            let mut config = MaybeUninit::<aom::aom_codec_enc_cfg_t>::zeroed();
            let code = aom::aom_codec_enc_config_default(interface, config.as_mut_ptr(), aom::AOM_USAGE_ALL_INTRA);
            check("choose its defaults", code)?;
            (interface, config.assume_init())
        };
        config.g_w = planes.width;
        config.g_h = planes.height;
        // One thread, so that bytes do not depend on the machine.
        config.g_threads = 1;
        // High: 4:4:4.
        config.g_profile = 1;
        config.g_limit = 1;
        config.g_lag_in_frames = 0;
        config.rc_end_usage = aom::AOM_Q;
        config.rc_min_quantizer = 0;
        config.rc_max_quantizer = 63;
        let _ = settings;
        // SAFETY: the context is plain data, zeroed; libaom copies the configuration.
        let context = unsafe {
            let mut context = Box::new(MaybeUninit::<aom::aom_codec_ctx_t>::zeroed().assume_init());
            let version = aom::AOM_ENCODER_ABI_VERSION as c_int;
            check("open", aom::aom_codec_enc_init_ver(&raw mut *context, interface, &raw const config, 0, version))?;
            context
        };
        Ok(Self { context })
    }

    fn control(&mut self, step: &'static str, control: u32, value: u8) -> Result<(), Error> {
        // SAFETY: the context is open, and every control used here takes an int.
        let code = unsafe { aom::aom_codec_control(&raw mut *self.context, control as c_int, c_int::from(value)) };
        check(step, code)
    }

    fn encode(&mut self, planes: &Planes) -> Result<Vec<u8>, Error> {
        // SAFETY: the image only points at `planes`, which outlives it, whose length was checked when
        // it was made, and which libaom does not write to. Packets are copied before the next call.
        unsafe {
            let mut image = MaybeUninit::<aom::aom_image_t>::zeroed();
            let samples = planes.samples.as_ptr().cast_mut();
            let (format, align) = (aom::AOM_IMG_FMT_I444, 1);
            let wrapped =
                aom::aom_img_wrap(image.as_mut_ptr(), format, planes.width, planes.height, align, samples);
            if wrapped.is_null() {
                return Err(Error { step: "wrap the picture", why: "no memory".to_owned() });
            }
            (*wrapped).range = aom::AOM_CR_FULL_RANGE;
            self.step("encode", |context| aom::aom_codec_encode(context, wrapped, 0, 1, 0))?;
            self.step("finish", |context| aom::aom_codec_encode(context, ptr::null(), 0, 1, 0))?;
            let (mut units, mut position) = (Vec::new(), ptr::null());
            loop {
                let packet = aom::aom_codec_get_cx_data(&raw mut *self.context, &raw mut position);
                if packet.is_null() {
                    return Ok(units);
                }
                if (*packet).kind == aom::AOM_CODEC_CX_FRAME_PKT {
                    let frame = (*packet).data.frame;
                    units.extend_from_slice(std::slice::from_raw_parts(frame.buf.cast(), frame.sz));
                }
            }
        }
    }

    fn step(
        &mut self,
        step: &'static str,
        call: impl FnOnce(*mut aom::aom_codec_ctx_t) -> aom::aom_codec_err_t,
    ) -> Result<(), Error> {
        check(step, call(&raw mut *self.context))
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: the context was opened, and is not used again.
        unsafe { aom::aom_codec_destroy(&raw mut *self.context) };
    }
}

fn check(step: &'static str, code: aom::aom_codec_err_t) -> Result<(), Error> {
    if code == aom::AOM_CODEC_OK {
        return Ok(());
    }
    // SAFETY: libaom answers with a string that lives as long as the program.
    let why = unsafe { CStr::from_ptr(aom::aom_codec_err_to_string(code)) };
    Err(Error { step, why: why.to_string_lossy().into_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAST: Settings = Settings { speed: 9, quantizer: 30, matrices: None, tune: Tune::Psnr };

    fn picture(width: u32, height: u32) -> Planes {
        let samples = (0..3 * width * height).map(|i| (i % width * 3 + i / width) as u8).collect();
        Planes::new(width, height, samples).unwrap()
    }

    #[test]
    fn the_same_picture_gives_the_same_bytes_at_odd_sizes_too() {
        for (width, height) in [(1, 1), (7, 3), (65, 64), (130, 97)] {
            let bytes = encode(&picture(width, height), &FAST).unwrap();
            assert!(!bytes.is_empty());
            assert_eq!(bytes, encode(&picture(width, height), &FAST).unwrap());
        }
    }

    #[test]
    fn a_coarser_quantizer_takes_fewer_bytes() {
        let size = |quantizer| encode(&picture(130, 97), &Settings { quantizer, ..FAST }).unwrap().len();
        assert!(size(10) > size(30) && size(30) > size(60));
    }

    #[test]
    fn planes_of_the_wrong_length_are_refused() {
        assert_eq!(Planes::new(4, 4, vec![0; 47]).unwrap_err(), BadPlanes);
        assert_eq!(Planes::new(0, 4, vec![]).unwrap_err(), BadPlanes);
    }

    #[test]
    fn what_libaom_refuses_is_an_error() {
        let error = encode(&picture(8, 8), &Settings { quantizer: 64, ..FAST }).unwrap_err();
        assert!(error.to_string().contains("set the quantizer"), "{error}");
    }
}
