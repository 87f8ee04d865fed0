//! The shop that is visited: eight types of jewelry, one of them in ten metals, made of a sample ring.

use std::{
    fs,
    path::{Path, PathBuf},
};

use image::RgbaImage;

use crate::{root, servers::run};

/// The type that is there in all metals.
pub(crate) const RING: &str = "ring/solitaire";
pub(crate) const TYPES: [&str; 8] = [
    RING,
    "band/eternity",
    "pendant/drop",
    "earring/hoop",
    "bracelet/tennis",
    "necklace/station",
    "brooch/leaf",
    "watch/dress",
];
/// The metals, and how much light of each channel they send back, against the sample's.
pub(crate) const METALS: [(&str, [f32; 3]); 10] = [
    ("platinum", [1.0, 1.0, 1.0]),
    ("yellow-gold", [1.0, 0.83, 0.5]),
    ("rose-gold", [1.0, 0.76, 0.68]),
    ("white-gold", [1.0, 0.98, 0.93]),
    ("champagne-gold", [1.0, 0.88, 0.72]),
    ("green-gold", [0.92, 0.95, 0.62]),
    ("palladium", [0.88, 0.88, 0.9]),
    ("silver", [0.98, 0.97, 0.95]),
    ("titanium", [0.72, 0.73, 0.76]),
    ("black-gold", [0.36, 0.35, 0.38]),
];
/// Raised when what is made here changes.
const EDITION: &str = "2\n";

/// The configurations of all types.
pub(crate) fn configurations() -> Vec<String> {
    let others = TYPES[1..].iter().map(|product| configuration(product, METALS[0].0));
    METALS.iter().map(|(metal, _)| configuration(RING, metal)).chain(others).collect()
}

pub(crate) fn configuration(product: &str, metal: &str) -> String {
    format!("{}.metal-{metal}", product.replace('/', "."))
}

/// The data folder, made where it is not there yet: that takes some minutes, once.
pub(crate) fn data(scratch: &Path) -> PathBuf {
    let (data, mark) = (scratch.join("shop"), scratch.join("shop/edition"));
    if fs::read_to_string(&mark).is_ok_and(|edition| edition == EDITION) {
        return data;
    }
    let _absent = fs::remove_dir_all(&data);
    let turn = sample();
    let spins =
        METALS.iter().map(|metal| (RING, metal)).chain(TYPES[1..].iter().map(|&one| (one, &METALS[0])));
    for (number, (product, (metal, light))) in spins.enumerate() {
        eprintln!(
            "the shop, made once: {} of {}, {product} in {metal}",
            number + 1,
            TYPES.len() + METALS.len() - 1
        );
        let frames = scratch.join("frames");
        // Each type is another picture, so that no two spins share a byte.
        write(&frames, &turn, light.map(|light| light * (1.0 - number as f32 / 200.0)));
        let choice = format!("metal={metal}");
        let (frames, data) = (frames.to_str().unwrap(), data.to_str().unwrap());
        run(&["ingest", frames, "--product", product, "--choice", &choice, "--new-choice", "--data", data]);
    }
    fs::write(mark, EDITION).unwrap();
    data
}

/// The frames of a sample ring, by name.
pub(crate) fn sample() -> Vec<(String, RgbaImage)> {
    let folder = root().join("fixtures/solitaire-platinum");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let name = |file: &Path| file.file_stem().unwrap().to_str().unwrap().to_owned();
    files.iter().map(|file| (name(file), image::open(file).unwrap().into_rgba8())).collect()
}

/// Writes the frames as PNG into a folder that holds nothing else then, each channel with so much of its light.
pub(crate) fn write(folder: &Path, frames: &[(String, RgbaImage)], light: [f32; 3]) {
    let _absent = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).unwrap();
    for (name, frame) in frames {
        let mut frame = frame.clone();
        for pixel in frame.pixels_mut() {
            for (channel, light) in pixel.0.iter_mut().zip(light) {
                *channel = (f32::from(*channel) * light) as u8;
            }
        }
        frame.save(folder.join(format!("{name}.png"))).unwrap();
    }
}
