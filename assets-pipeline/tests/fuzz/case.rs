//! From a number to an input: the same one, always.

use assets_pipeline::read::integrity::Format;
use assets_pipeline::read::limits::Limits;

use crate::random::{Edits, Rng, one_in, pick};
use crate::{bombs, generic, jpeg, names, png, tiff, webp, zips};

/// One input, and the limits that it is to be held against.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) limits: Limits,
    /// How many edits made it.
    pub(crate) edits: usize,
}

/// What an input is read as.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Image,
    Zip,
    /// A file name a line.
    Names,
}

/// So many cases bring one bomb, which takes as long as thousands of the others.
const CASES_A_BOMB: u64 = 4_000;

impl Case {
    /// The case of this number, without some of its edits.
    pub(crate) fn numbered(number: u64, without: &[usize]) -> Self {
        let mut edits = Edits::new(number, without);
        if number % CASES_A_BOMB == CASES_A_BOMB - 1 {
            let (name, bytes) = bombs::file(edits.rng());
            return Self { name: name.into(), bytes, limits: Limits::default(), edits: 0 };
        }
        let name = pick(
            edits.rng(),
            &[
                "png", "png", "png", "jpg", "jpg", "jpg", "tif", "tif", "tif", "webp", "webp", "webp", "zip",
                "names",
            ],
        );
        let mut bytes = sound_or_edited(name, &mut edits);
        if one_in(edits.rng(), 3) {
            let other = pick(edits.rng(), &["png", "jpg", "tif", "webp", "zip"]);
            let other = sound_or_edited(if one_in(edits.rng(), 4) { other } else { name }, &mut edits);
            edits.up_to(3, |rng| generic::damage(rng, &mut bytes, &other));
        }
        if name == "png" && edits.rng().bool() {
            png::set_right_checksums(&mut bytes);
        }
        let name = if one_in(edits.rng(), 32) && name != "zip" && name != "names" {
            odd_name(edits.rng())
        } else {
            format!("r1.{name}")
        };
        Self { name, bytes, limits: small(), edits: edits.done() }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self.extension() {
            "zip" => Kind::Zip,
            "names" => Kind::Names,
            _ => Kind::Image,
        }
    }

    /// What the corpus keeps the case under, so that it is read as the same again.
    pub(crate) fn extension(&self) -> &str {
        match self.name.rsplit_once('.') {
            Some((_, extension @ ("zip" | "names"))) => extension,
            Some((_, extension)) if Format::of_name(&self.name).is_some() => extension,
            _ => "bin",
        }
    }
}

/// Limits so tight that a decoder which ignores them is caught, and that a case takes no time.
pub(crate) fn small() -> Limits {
    Limits {
        max_frames: 16,
        max_files: 64,
        max_file_bytes: 256 << 10,
        max_total_bytes: 1 << 20,
        max_width: 96,
        max_height: 96,
        max_pixels: 96 * 80,
        max_alloc_bytes: 64 << 10,
        max_kept_bytes: 64 << 10,
        max_zip_ratio: 250,
        zip_ratio_from_bytes: 64 << 10,
    }
}

fn sound_or_edited(format: &str, edits: &mut Edits<'_>) -> Vec<u8> {
    match format {
        "png" => png::file(edits),
        "jpg" => jpeg::file(edits),
        "tif" => tiff::file(edits),
        "webp" => webp::file(edits),
        "zip" => zips::file(edits),
        _ => names::file(edits),
    }
}

fn odd_name(rng: &mut Rng) -> String {
    let names = [
        "r1",
        "",
        "r1.JPEG",
        "r1.png",
        "r1.tiff",
        "r 1.webp",
        "bell\u{7}.png",
        "gpj.\u{202e}exe.jpg",
        "\u{2028}.png",
    ];
    pick(rng, &names).into()
}
