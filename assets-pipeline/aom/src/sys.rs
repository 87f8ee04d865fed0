//! libaom's C, wrapped so that nothing outside of this module can misuse it.

use std::{
    ffi::{CStr, c_int, c_uint},
    mem::MaybeUninit,
    ptr::{self, NonNull},
    slice,
};

use libaom_sys as aom;

use crate::{Error, Picture};

/// A control that takes an int.
#[derive(Clone, Copy)]
pub(crate) struct Control(c_int, &'static str);

pub(crate) const SPEED: Control = Control(aom::AOME_SET_CPUUSED as c_int, "cpu-used");
pub(crate) const QUANTIZER: Control = Control(aom::AOME_SET_CQ_LEVEL as c_int, "cq-level");
pub(crate) const FULL_RANGE: Control = Control(aom::AV1E_SET_COLOR_RANGE as c_int, "color-range");

/// 8 bits 4:2:0 or monochrome; and 8 bits 4:4:4.
const MAIN_PROFILE: c_uint = 0;
const HIGH_PROFILE: c_uint = 1;
/// A chroma sample without colour.
const GREY: u8 = 128;
/// Bytes that rows of an image are aligned to.
const ALIGNED: c_uint = 32;

pub(crate) fn version() -> String {
    // SAFETY: libaom answers with a constant string that ends in a zero byte.
    unsafe { CStr::from_ptr(aom::aom_codec_version_str()) }.to_string_lossy().into_owned()
}

pub(crate) fn version_number() -> c_int {
    // SAFETY: libaom answers with a constant.
    unsafe { aom::aom_codec_version() }
}

/// A picture in libaom's own memory.
pub(crate) struct Image(NonNull<aom::aom_image_t>);

impl Image {
    pub(crate) fn new(picture: &Picture<'_>) -> Result<Self, Error> {
        let format = if picture.chroma.is_some() { aom::AOM_IMG_FMT_I444 } else { aom::AOM_IMG_FMT_I420 };
        // SAFETY: a null image asks libaom to allocate one; null in answer means that it could not.
        let image =
            unsafe { aom::aom_img_alloc(ptr::null_mut(), format, picture.width, picture.height, ALIGNED) };
        let Some(mut image) = NonNull::new(image).map(Self) else {
            return Err(Error::Libaom { step: "allocates a picture", why: "out of memory".to_owned() });
        };
        // SAFETY: the pointer is valid and ours alone until `drop`.
        let fields = unsafe { image.0.as_mut() };
        fields.range = aom::AOM_CR_FULL_RANGE;
        fields.monochrome = picture.chroma.is_none().into();
        image.fill(0, picture.width, Some(picture.luma), picture.height);
        match picture.chroma {
            Some([blue, red]) => {
                image.fill(1, picture.width, Some(blue), picture.height);
                image.fill(2, picture.width, Some(red), picture.height);
            }
            None => {
                for plane in [1, 2] {
                    image.fill(plane, picture.width.div_ceil(2), None, picture.height.div_ceil(2));
                }
            }
        }
        Ok(image)
    }

    /// Fills a plane with samples, or with grey.
    fn fill(&mut self, plane: usize, width: u32, samples: Option<&[u8]>, height: u32) {
        // SAFETY: as in `new`.
        let fields = unsafe { self.0.as_mut() };
        let stride = fields.stride[plane] as usize;
        let width = width as usize;
        for row in 0..height as usize {
            // SAFETY: `aom_img_alloc` made `height` rows of `stride` bytes for each plane, at least `width` of
            // them meant for samples; chroma planes of 4:2:0 have half of both, rounded up.
            let target = unsafe { slice::from_raw_parts_mut(fields.planes[plane].add(row * stride), width) };
            match samples {
                Some(samples) => target.copy_from_slice(&samples[row * width..][..width]),
                None => target.fill(GREY),
            }
        }
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // SAFETY: libaom allocated it, and it is freed once.
        unsafe { aom::aom_img_free(self.0.as_ptr()) }
    }
}

/// An encoder of one picture.
pub(crate) struct Encoder {
    /// In a box, since libaom may keep its address.
    context: Box<aom::aom_codec_ctx_t>,
}

impl Encoder {
    pub(crate) fn new(picture: &Picture<'_>) -> Result<Self, Error> {
        // SAFETY: libaom fills the configuration where it answers OK, which is checked before it is read; the
        // context is all zeros before it is set up, as C callers have it, and both types are plain C structs for
        // which zeros are valid. Where the set-up fails, destroying the context does nothing.
        unsafe {
            let interface = aom::aom_codec_av1_cx();
            let mut config = MaybeUninit::<aom::aom_codec_enc_cfg_t>::zeroed();
            let status =
                aom::aom_codec_enc_config_default(interface, config.as_mut_ptr(), aom::AOM_USAGE_ALL_INTRA);
            if status != aom::AOM_CODEC_OK {
                return Err(Error::Libaom { step: "sets itself up", why: format!("error {status}") });
            }
            let mut config = config.assume_init();
            config.g_w = picture.width;
            config.g_h = picture.height;
            config.g_limit = 1;
            config.g_lag_in_frames = 0;
            config.g_threads = 1;
            config.g_profile = if picture.chroma.is_some() { HIGH_PROFILE } else { MAIN_PROFILE };
            config.monochrome = picture.chroma.is_none().into();
            config.rc_end_usage = aom::AOM_Q;

            let mut context: Box<aom::aom_codec_ctx_t> = Box::new(MaybeUninit::zeroed().assume_init());
            let version = aom::AOM_ENCODER_ABI_VERSION as c_int;
            let status =
                aom::aom_codec_enc_init_ver(context.as_mut(), interface, &raw const config, 0, version);
            let encoder = Self { context };
            encoder.check("sets itself up", status)?;
            Ok(encoder)
        }
    }

    pub(crate) fn set_number(&mut self, control: Control, value: c_int) -> Result<(), Error> {
        let Control(id, name) = control;
        // SAFETY: the encoder is set up, and each `Control` of this module takes one int.
        let status = unsafe { aom::aom_codec_control(self.context.as_mut(), id, value) };
        self.check(name, status)
    }

    pub(crate) fn set_option(&mut self, name: &CStr, value: &CStr) -> Result<(), Error> {
        // SAFETY: the encoder is set up, and libaom copies what it needs of both strings.
        let status =
            unsafe { aom::aom_codec_set_option(self.context.as_mut(), name.as_ptr(), value.as_ptr()) };
        self.check("takes an option", status).map_err(|error| match error {
            Error::Libaom { step, why } => Error::Libaom { step, why: format!("{name:?} {value:?}: {why}") },
            other @ Error::Planes => other,
        })
    }

    pub(crate) fn encode(mut self, image: &mut Image) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        // The picture, then the flush. libaom forgets packets that are not fetched before its next call.
        for image in [image.0.as_ptr().cast_const(), ptr::null()] {
            // SAFETY: the encoder is set up, and the image is valid or null, which flushes.
            let status = unsafe { aom::aom_codec_encode(self.context.as_mut(), image, 0, 1, 0) };
            self.check("encodes", status)?;
            self.fetch(&mut bytes);
        }
        if bytes.is_empty() {
            return Err(Error::Libaom { step: "encodes", why: "nothing came out".to_owned() });
        }
        Ok(bytes)
    }

    fn fetch(&mut self, bytes: &mut Vec<u8>) {
        let mut iterator: aom::aom_codec_iter_t = ptr::null();
        loop {
            // SAFETY: the encoder is set up; packets are valid until its next call, and null ends them.
            let packet =
                unsafe { aom::aom_codec_get_cx_data(self.context.as_mut(), &raw mut iterator).as_ref() };
            let Some(packet) = packet else { return };
            if packet.kind == aom::AOM_CODEC_CX_FRAME_PKT {
                // SAFETY: for this kind the union holds `frame`, and its buffer has `sz` bytes.
                bytes.extend_from_slice(unsafe {
                    let frame = &packet.data.frame;
                    slice::from_raw_parts(frame.buf.cast::<u8>(), frame.sz)
                });
            }
        }
    }

    fn check(&self, step: &'static str, status: aom::aom_codec_err_t) -> Result<(), Error> {
        if status == aom::AOM_CODEC_OK { Ok(()) } else { Err(self.error(step, status)) }
    }

    fn error(&self, step: &'static str, status: aom::aom_codec_err_t) -> Error {
        let context: *const aom::aom_codec_ctx_t = self.context.as_ref();
        // SAFETY: both answer with strings of libaom's that end in a zero byte and live as long as the context, or
        // with null.
        let words = unsafe {
            let detail = aom::aom_codec_error_detail(context);
            let words = if detail.is_null() { aom::aom_codec_error(context) } else { detail };
            (!words.is_null()).then(|| CStr::from_ptr(words).to_string_lossy().into_owned())
        };
        Error::Libaom { step, why: words.unwrap_or_else(|| format!("error {status}")) }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: the codec was initialised, and is destroyed once. Its result leaves nothing to do.
        unsafe { aom::aom_codec_destroy(self.context.as_mut()) };
    }
}
