//! The shops that are visited, made of a sample ring: one of eight types of jewelry, one of them in ten metals, and a small one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use image::RgbaImage;

use crate::{root, servers::run_with};

/// A metal, and how much light of each channel it sends back, against the sample's.
type Metal = (&'static str, [f32; 3]);

/// What a shop sells, and how large its pictures are.
#[derive(Debug, PartialEq)]
pub(crate) struct Shop {
    /// Below `target`.
    folder: &'static str,
    /// Products; the first one is there in all metals.
    pub(crate) types: &'static [&'static str],
    pub(crate) metals: &'static [Metal],
    /// The width of all pictures, where it is not that of the settings.
    px: Option<u32>,
    /// What its server is told besides.
    pub(crate) settings: &'static str,
    /// Whether it is made once, and not for every run.
    is_kept: bool,
}

/// The shop of most scenarios.
pub(crate) static WHOLE: Shop = Shop {
    folder: "load",
    types: &[
        "ring/solitaire",
        "band/eternity",
        "pendant/drop",
        "earring/hoop",
        "bracelet/tennis",
        "necklace/station",
        "brooch/leaf",
        "watch/dress",
    ],
    metals: &[
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
    ],
    px: None,
    settings: "",
    is_kept: true,
};

/// A shop that is made in seconds, of what the encoder gives today.
pub(crate) static SMALL: Shop = Shop {
    folder: "test-load",
    types: &["ring/solitaire", "band/eternity"],
    metals: &[
        ("platinum", [1.0, 1.0, 1.0]),
        ("yellow-gold", [1.0, 0.83, 0.5]),
        ("rose-gold", [1.0, 0.76, 0.68]),
    ],
    px: Some(160),
    // What a thread keeps is no reason why a machine of more cores is over the budget.
    settings: "[server]\nworkers = 2\n",
    is_kept: false,
};

/// Raised when what is made here changes.
const EDITION: &str = "2\n";

impl Shop {
    /// Each configuration: its product, its metal, and its light.
    fn spins(&self) -> impl Iterator<Item = (&'static str, &'static Metal)> {
        let (first, others) = (self.types[0], &self.types[1..]);
        let of_metals = self.metals.iter().map(move |metal| (first, metal));
        of_metals.chain(others.iter().map(|product| (*product, &self.metals[0])))
    }

    /// The configurations of all types, the metals of the first one before the others.
    pub(crate) fn configurations(&self) -> Vec<String> {
        self.spins()
            .map(|(product, (metal, _))| format!("{}.metal-{metal}", product.replace('/', ".")))
            .collect()
    }

    /// Where it is, and what is made of it.
    pub(crate) fn folder(&self) -> PathBuf {
        root().join("target").join(self.folder)
    }

    /// The data folder, made where it is not there yet. The whole shop takes some minutes, once.
    pub(crate) fn data(&self) -> PathBuf {
        let scratch = self.folder();
        let (data, mark) = (scratch.join("shop"), scratch.join("shop/edition"));
        if self.is_kept && fs::read_to_string(&mark).is_ok_and(|edition| edition == EDITION) {
            return data;
        }
        let _absent = fs::remove_dir_all(&data);
        let (turn, all) = (sample(), self.spins().count());
        let px = self.px.map(|px| px.to_string());
        let sizes: Vec<(String, &str)> = ["STILL", "SPIN", "HD"]
            .iter()
            .flat_map(|family| ["AVIF", "WEBP"].map(|format| format!("GIRASOL_SIZES__{family}__{format}_PX")))
            .filter_map(|name| Some((name, px.as_deref()?)))
            .collect();
        for (number, (product, (metal, light))) in self.spins().enumerate() {
            eprintln!("the shop: {} of {all}, {product} in {metal}", number + 1);
            let frames = scratch.join("frames");
            // Each type is another picture, so that no two spins share a byte.
            write(&frames, &turn, light.map(|light| light * (1.0 - number as f32 / 200.0)));
            let choice = format!("metal={metal}");
            let (frames, data) = (frames.to_str().unwrap(), data.to_str().unwrap());
            let ingest =
                ["ingest", frames, "--product", product, "--choice", &choice, "--new-choice", "--data", data];
            run_with(&ingest, &sizes);
        }
        fs::write(mark, EDITION).unwrap();
        data
    }
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
