//! What an input may cost before it is refused.

use crate::memory::KEPT_BYTES;

/// Limits on an input. All are inclusive: an input that reaches a limit is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Frames of one turn.
    pub max_frames: usize,
    /// Files of any kind in a folder or zip; bounds the work of listing it.
    pub max_files: usize,
    /// Bytes of one file, unpacked.
    pub max_file_bytes: u64,
    /// Bytes of all image files together, unpacked.
    pub max_total_bytes: u64,
    /// Width of a frame, in pixels.
    pub max_width: u32,
    /// Height of a frame, in pixels.
    pub max_height: u32,
    /// Width times height of a frame, in pixels.
    pub max_pixels: u64,
    /// Bytes that decoding one frame may allocate for its pixels: 4 to 8 a pixel for 8-bit images, 12 for
    /// 16-bit RGBA.
    pub max_alloc_bytes: u64,
    /// Bytes of decoded frames that are kept between finding the piece and cutting it out. The rest are decoded twice.
    pub max_kept_bytes: u64,
    /// Unpacked size over packed size of a zip entry. Renders compress to a third or so; even a flat,
    /// uncompressed TIFF stays far below.
    pub max_zip_ratio: u64,
    /// Zip entries of at most so many unpacked bytes may exceed `max_zip_ratio`: they are too small to harm.
    pub zip_ratio_from_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_frames: 720,
            max_files: 20_000,
            max_file_bytes: 256 << 20,
            max_total_bytes: 16 << 30,
            max_width: 16_384,
            max_height: 16_384,
            max_pixels: 100_000_000,
            max_alloc_bytes: 512 << 20,
            max_kept_bytes: KEPT_BYTES,
            max_zip_ratio: 250,
            zip_ratio_from_bytes: 8 << 20,
        }
    }
}
