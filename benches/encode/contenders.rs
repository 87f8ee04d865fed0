//! Who takes part, and a turn at one tier in one format that all of them are given.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use assets_pipeline::plan::tiers::{Format, TierKey};
use image::RgbImage;

use crate::{
    Result,
    girasol::{self, ENCODES, Turn},
    measure::{Quality, cpu_time},
};

/// The word that makes a contender of this program.
pub(crate) const CHILD: &str = "contend";

/// The scripts that drive the peers, and what they need.
const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/encode/peers");

/// An encoder in the comparison.
#[derive(Clone, Debug)]
pub(crate) struct Contender {
    /// As the report calls it; no two of a format are called alike.
    pub(crate) name: &'static str,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Girasol([&'static str; 3]),
    /// Who runs which script, and what it is given besides frames, ceiling and folder.
    Script(&'static str, &'static str, &'static [&'static str]),
}

type Peer = (&'static str, &'static str, &'static str, &'static [&'static str]);

/// The peers, each at its default and at its best useful settings: beyond them hardly more than CPU time is had.
const AVIF_PEERS: [Peer; 6] = [
    ("sharp", "node", "sharp.mjs", &[]),
    ("sharp, effort 6", "node", "sharp.mjs", &[r#"{"effort":6,"chromaSubsampling":"4:4:4"}"#]),
    ("avifenc -s 6 -y 444", "bash", "avifenc.sh", &["-s", "6", "-y", "444"]),
    ("avifenc -s 4 -y 444", "bash", "avifenc.sh", &["-s", "4", "-y", "444"]),
    ("cavif", "bash", "cavif.sh", &["-s", "4"]),
    ("cavif -s 2", "bash", "cavif.sh", &["-s", "2"]),
];
const WEBP_PEERS: [Peer; 3] = [
    ("cwebp", "bash", "cwebp.sh", &[]),
    ("cwebp -m 6", "bash", "cwebp.sh", &["-m", "6"]),
    ("cwebp -m 6 -sharp_yuv", "bash", "cwebp.sh", &["-m", "6", "-sharp_yuv"]),
];

/// Every contender that writes a format, Girasol first.
pub(crate) fn of(format: Format) -> Vec<Contender> {
    let girasol = girasol::variants(format).into_iter();
    let girasol = girasol.map(|(name, words)| Contender { name, kind: Kind::Girasol(words) });
    let peers: &[Peer] = match format {
        Format::Avif => &AVIF_PEERS,
        Format::Webp => &WEBP_PEERS,
    };
    let peers = peers.iter().map(|(name, interpreter, script, options)| Contender {
        name,
        kind: Kind::Script(interpreter, script, options),
    });
    girasol.chain(peers).collect()
}

/// Every contender with its version, a line each.
pub(crate) fn versions() -> Result<Vec<String>> {
    let first_line = |command: &str, arguments: &[&str]| -> Result<String> {
        let output = Command::new(command).args(arguments).current_dir(PEERS).output().map_err(|error| {
            format!("{command} cannot be started: {error}; `make bench-encode` installs it")
        })?;
        if !output.status.success() {
            return Err(format!("{command}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.lines().next().unwrap_or_default().trim().to_owned())
    };
    let sharp =
        "import sharp from 'sharp'; console.log(`${sharp.versions.sharp} (libaom ${sharp.versions.aom})`)";
    let mut lines = Vec::new();
    for (name, words) in Format::ALL.into_iter().flat_map(girasol::variants) {
        lines.push(format!("{name} ({}): {}", words[0], girasol::describe(words)?));
    }
    let avifenc = first_line("avifenc", &["--version"])?;
    lines.extend([
        format!("sharp {}", first_line("node", &["--input-type=module", "--eval", sharp])?),
        format!("avifenc {}", avifenc.trim_start_matches("Version: ")),
        first_line("cavif", &["--version"])?,
        format!("cwebp {}", first_line("cwebp", &["-version"])?),
    ]);
    Ok(lines)
}

/// A turn at one tier in one format.
pub(crate) struct Cell {
    material: String,
    tier: TierKey,
    format: Format,
    max_bytes: u64,
    /// Has `frames`, a PNG file each, and a folder for each contender.
    folder: PathBuf,
    references: Vec<RgbImage>,
}

/// What a contender made of a [`Cell`].
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) material: String,
    pub(crate) tier: TierKey,
    pub(crate) format: Format,
    pub(crate) size: (u32, u32),
    pub(crate) frames: usize,
    pub(crate) max_bytes: u64,
    pub(crate) contender: &'static str,
    /// The best that fits; `None` where nothing does.
    pub(crate) published: Option<Quality>,
    /// The next better that does not fit, where one was tried.
    pub(crate) above: Option<Quality>,
    /// User and system, the search included.
    pub(crate) cpu: Duration,
    /// Frames encoded, the search included.
    pub(crate) encodes: usize,
}

impl Cell {
    /// Writes the frames as PNG files.
    pub(crate) fn lay_out(
        folder: &Path,
        material: &str,
        turn: &Turn,
        tier: TierKey,
        format: Format,
    ) -> Result<Self> {
        let folder = folder.join(format!("{tier}-{format}"));
        let frames = folder.join("frames");
        fs::create_dir_all(&frames)?;
        let mut references = Vec::new();
        for (index, picture) in turn.frames(tier, format)?.into_iter().enumerate() {
            picture.colour.save(frames.join(format!("{index:03}.png")))?;
            references.push(picture.colour.clone());
        }
        let max_bytes = turn.max_bytes(tier);
        Ok(Self { material: material.to_owned(), tier, format, max_bytes, folder, references })
    }

    /// Lets a contender encode the turn and scores what it made.
    pub(crate) fn run(&self, contender: &Contender) -> Result<Outcome> {
        let slug = contender.name.replace(|c: char| !c.is_alphanumeric(), "-");
        let out = self.folder.join(slug);
        fs::create_dir_all(&out)?;
        let mut command = match &contender.kind {
            Kind::Girasol(_) => {
                let mut command = Command::new(env::current_exe()?);
                command.arg(CHILD);
                command
            }
            Kind::Script(interpreter, script, _) => {
                let mut command = Command::new(interpreter);
                command.arg(Path::new(PEERS).join(script));
                command
            }
        };
        command.arg(self.folder.join("frames")).arg(self.max_bytes.to_string()).arg(&out);
        match &contender.kind {
            Kind::Girasol(words) => command.args(words),
            Kind::Script(_, _, options) => command.args(*options),
        };
        let cpu = cpu_time(command.stdin(Stdio::null()).stdout(Stdio::null()))?;
        let tries = Tries::read(&out, self.format, self.references.len())?;
        let (published, above) = tries.around(self.max_bytes);
        let quality = |files: Option<&Vec<PathBuf>>| {
            files.map(|files| Quality::of(files, &self.references)).transpose()
        };
        Ok(Outcome {
            material: self.material.clone(),
            tier: self.tier,
            format: self.format,
            size: self.references.first().map_or((0, 0), RgbImage::dimensions),
            frames: self.references.len(),
            max_bytes: self.max_bytes,
            contender: contender.name,
            published: quality(published)?,
            above: quality(above)?,
            cpu,
            encodes: tries.encodes,
        })
    }
}

/// The qualities that a contender tried, a folder each.
struct Tries {
    /// Whole turns by their bytes.
    turns: BTreeMap<u64, Vec<PathBuf>>,
    encodes: usize,
}

impl Tries {
    fn read(out: &Path, format: Format, frames: usize) -> Result<Self> {
        let (mut turns, mut encodes) = (BTreeMap::new(), 0);
        for folder in fs::read_dir(out)? {
            let folder = folder?.path();
            if folder.is_dir() {
                let files = files(&folder, format.as_str())?;
                encodes += files.len();
                if files.len() == frames {
                    let lengths = files.iter().map(|file| Ok(file.metadata()?.len()));
                    turns.insert(lengths.sum::<Result<u64>>()?, files);
                }
            }
        }
        // Who keeps no more than what is published says how much was tried.
        if let Ok(said) = fs::read_to_string(out.join(ENCODES)) {
            encodes = said.parse()?;
        }
        Ok(Self { turns, encodes })
    }

    /// The largest that fits, and the smallest that does not.
    fn around(&self, max_bytes: u64) -> (Option<&Vec<PathBuf>>, Option<&Vec<PathBuf>>) {
        let fits = self.turns.range(..=max_bytes).next_back();
        let exceeds = self.turns.range(max_bytes + 1..).next();
        (fits.map(|(_, files)| files), exceeds.map(|(_, files)| files))
    }
}

/// The files of a folder with an extension, by name.
pub(crate) fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
