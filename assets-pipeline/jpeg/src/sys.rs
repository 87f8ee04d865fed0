//! TurboJPEG's C, wrapped so that nothing outside of this module can misuse it.
//!
//! libjpeg reports an error by a jump that must not cross Rust. TurboJPEG jumps inside C and returns a code.

use std::{
    ffi::{CStr, c_char, c_int, c_uchar, c_ulong, c_void},
    ptr::NonNull,
};

// Links the library.
use mozjpeg_sys as _;

use crate::{Error, Samples};

// turbojpeg.h of libjpeg-turbo 2.1.
unsafe extern "C" {
    fn tjInitDecompress() -> *mut c_void;
    fn tjDecompressHeader3(
        handle: *mut c_void,
        jpeg: *const c_uchar,
        jpeg_bytes: c_ulong,
        width: *mut c_int,
        height: *mut c_int,
        subsampling: *mut c_int,
        colour_space: *mut c_int,
    ) -> c_int;
    fn tjDecompress2(
        handle: *mut c_void,
        jpeg: *const c_uchar,
        jpeg_bytes: c_ulong,
        pixels: *mut c_uchar,
        width: c_int,
        row_bytes: c_int,
        height: c_int,
        pixel_format: c_int,
        flags: c_int,
    ) -> c_int;
    fn tjGetErrorStr2(handle: *mut c_void) -> *mut c_char;
    fn tjDestroy(handle: *mut c_void) -> c_int;
}

const TJPF_GRAY: c_int = 6;
const TJPF_RGBA: c_int = 7;
const TJFLAG_STOPONWARNING: c_int = 8192;

/// What libjpeg-turbo says of sound files that it does not decode (jerror.h).
const NOT_IMPLEMENTED: [&str; 6] = [
    "Fractional sampling not implemented yet",
    "Sampling factors too large for interleaved scan",
    "Unsupported color conversion request",
    "Unsupported JPEG data precision",
    "Unsupported JPEG process",
    "Maximum supported image dimension",
];

/// What it says where there is no more data: a marker stands in place of data, or the end in place of the
/// next restart interval.
const ENDS_EARLY: [&str; 3] =
    ["premature end of data segment", "found marker 0xd9 instead", "Premature end of JPEG file"];

/// A decoder, for one picture.
pub(crate) struct Decoder(NonNull<c_void>);

impl Decoder {
    pub(crate) fn new() -> Result<Self, Error> {
        // SAFETY: there are no arguments; null in answer means that there is no memory.
        NonNull::new(unsafe { tjInitDecompress() }).map(Self).ok_or(Error::OutOfMemory)
    }

    pub(crate) fn decode(
        self,
        jpeg: &[u8],
        width: u32,
        height: u32,
        samples: Samples,
    ) -> Result<Vec<u8>, Error> {
        if self.size(jpeg)? != (width as c_int, height as c_int) {
            return Err(Error::OtherSize);
        }
        let row_bytes = width as usize * samples.per_pixel();
        let mut pixels = vec![0; row_bytes * height as usize];
        let format = match samples {
            Samples::Grey => TJPF_GRAY,
            Samples::Rgba => TJPF_RGBA,
        };
        // SAFETY: the decoder is valid and ours alone, and the file as long as is said. TurboJPEG writes
        // `height` rows of `width` pixels at most, each a row behind the one before it, and `pixels` holds as
        // many.
        let code = unsafe {
            tjDecompress2(
                self.0.as_ptr(),
                jpeg.as_ptr(),
                jpeg.len() as c_ulong,
                pixels.as_mut_ptr(),
                width as c_int,
                row_bytes as c_int,
                height as c_int,
                format,
                TJFLAG_STOPONWARNING,
            )
        };
        if code == 0 { Ok(pixels) } else { Err(self.error()) }
    }

    /// Width and height of the picture, which TurboJPEG also gives where it has no name for its sampling.
    fn size(&self, jpeg: &[u8]) -> Result<(c_int, c_int), Error> {
        let (mut width, mut height, mut subsampling, mut colour_space) = (0, 0, 0, 0);
        // SAFETY: the decoder is valid and ours alone, the file as long as is said, and the four numbers are
        // written or left as they are.
        let code = unsafe {
            tjDecompressHeader3(
                self.0.as_ptr(),
                jpeg.as_ptr(),
                jpeg.len() as c_ulong,
                &raw mut width,
                &raw mut height,
                &raw mut subsampling,
                &raw mut colour_space,
            )
        };
        if code != 0 && (width, height) == (0, 0) { Err(self.error()) } else { Ok((width, height)) }
    }

    /// What the last call failed of.
    fn error(&self) -> Error {
        // SAFETY: the decoder is valid, and the answer a string that lives in it.
        let text = unsafe { CStr::from_ptr(tjGetErrorStr2(self.0.as_ptr())) }.to_string_lossy();
        let text = text.trim_start_matches("Corrupt JPEG data: ").to_owned();
        if ENDS_EARLY.iter().any(|kind| text.starts_with(kind)) {
            Error::EndsEarly(text)
        } else if NOT_IMPLEMENTED.iter().any(|kind| text.starts_with(kind)) {
            Error::Unsupported(text)
        } else if text.starts_with("Insufficient memory") || text.contains("Memory allocation failure") {
            Error::OutOfMemory
        } else {
            Error::Damaged(text)
        }
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: the decoder is valid, and this is its last use.
        unsafe { tjDestroy(self.0.as_ptr()) };
    }
}
