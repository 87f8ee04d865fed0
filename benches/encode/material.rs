//! The turns that encoders are compared on.

use std::{
    fs,
    path::{Path, PathBuf},
};

use assets_pipeline::{read::decode::decode, read::limits::Limits};
use rayon::prelude::*;

use crate::{
    Result,
    contenders::files,
    photograph::{SLATE, SWEEP, Studio, photograph},
};

/// A turn, or how to make one.
pub(crate) struct Material {
    /// As the report calls it.
    pub(crate) name: String,
    from: PathBuf,
    studio: Option<(&'static Studio, usize)>,
}

impl Material {
    /// The sample ring, two turns that are made as photographs of it, and what else was asked for.
    pub(crate) fn all(also: &[(String, PathBuf)]) -> Vec<Self> {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let yellow = fixtures.join("ring-yellow-gold");
        let rose = fixtures.join("ring-rose-gold");
        let mut all = vec![
            Self { name: "ring, rendered".into(), from: yellow.clone(), studio: None },
            Self { name: "ring on a grey sweep".into(), from: yellow, studio: Some((&SWEEP, 72)) },
            Self { name: "ring on slate".into(), from: rose, studio: Some((&SLATE, 36)) },
        ];
        all.extend(also.iter().map(|(name, from)| Self {
            name: name.clone(),
            from: from.clone(),
            studio: None,
        }));
        all
    }

    /// The name as a folder's.
    pub(crate) fn slug(&self) -> String {
        self.name.replace(|c: char| !c.is_alphanumeric(), "-")
    }

    /// The folder with the raw frames; what has to be made, or thinned to so many frames, goes to `folder`.
    pub(crate) fn frames(&self, folder: &Path, thinned: Option<usize>) -> Result<PathBuf> {
        if self.studio.is_none() && thinned.is_none() {
            return Ok(self.from.clone());
        }
        fs::create_dir_all(folder)?;
        let mut raw = Vec::new();
        for extension in ["webp", "png", "jpg"] {
            raw.extend(files(&self.from, extension)?);
        }
        let count = thinned.or(self.studio.map(|(_, count)| count)).unwrap_or(raw.len()).min(raw.len());
        let chosen: Vec<&PathBuf> = (0..count).map(|i| &raw[i * raw.len() / count]).collect();
        chosen.par_iter().enumerate().try_for_each(|(index, file)| -> Result<()> {
            let raw = fs::read(file)?;
            let to = folder.join(format!("{index:03}"));
            let Some((studio, _)) = self.studio else {
                return Ok(fs::write(to.with_extension(file.extension().unwrap_or_default()), raw)?);
            };
            let piece = decode("piece", &raw, &Limits::default())?.image;
            let jpeg = photograph(&piece, studio, index as f32 / count as f32, index as u64)?;
            Ok(fs::write(to.with_extension("jpg"), jpeg)?)
        })?;
        Ok(folder.to_owned())
    }
}
