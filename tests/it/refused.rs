//! Bad input of every kind: the error says what to do, and no visitor ever sees any of it.

use std::{
    fs,
    io::{Cursor, Write as _},
    path::{Path, PathBuf},
};

use assets_pipeline::{plan::Plan, plan::tiers::TierTable};
use image::{ImageFormat, Rgba, RgbaImage};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    girasol::{RING, Server, problem, sequence},
    ingest::{ingest, json, stderr},
    samples::{encoded, png_chunk},
};

#[tokio::test]
async fn every_bad_input_is_refused_by_the_name_of_its_file_and_leaves_nothing_visible() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for bad in every_bad_input() {
        assert_refused(&bad, &folder.path().join(bad.what), &data);
        for kind in ["m", "s", "p", "still"] {
            assert!(!data.join("objects").join(kind).exists(), "{}: objects/{kind} is there", bad.what);
        }
    }
    let server = Server::start_over(&data, &["serve"]);
    let addresses = [
        "/api/products/customizable/ring/solitaire",
        &sequence(RING),
        &format!("/m/{RING}/auto"),
        &format!("/still/{RING}.jpg"),
    ];
    for path in addresses {
        problem(server.get(path, &[]).await, 404).await;
    }
}

#[tokio::test]
async fn a_refused_ingest_leaves_what_was_live_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let good = Input::Folder(turn(12)).write(&folder.path().join("good"));
    let live = json(&ingest(&data, &good).arg("--json").output().unwrap());
    assert_eq!(live["outcome"], "published", "{live}");
    let objects = files_below(&data.join("objects"));
    for bad in every_bad_input() {
        assert_refused(&bad, &folder.path().join(bad.what), &data);
        assert_eq!(files_below(&data.join("objects")), objects, "{}", bad.what);
    }
    let server = Server::start_over(&data, &["serve"]);
    let manifest = server.ring().await;
    assert_eq!((&manifest["digest"], &manifest["version"]), (&live["digest"], &live["version"]));

    // What is wrong with the hostile zips is what was added to them.
    let zip = zip_with(|_| ()).write(&folder.path().join("good zip"));
    let again = json(&ingest(&data, &zip).arg("--json").output().unwrap());
    assert_eq!((&again["outcome"], &again["digest"]), (&"unchanged".into(), &live["digest"]));
}

/// Ingests with and without JSON: both errors name the file, the reason and the remedy.
#[track_caller]
fn assert_refused(bad: &Bad, folder: &Path, data: &Path) {
    let source = bad.input.write(folder);
    let output = ingest(data, &source).arg("--json").output().unwrap();
    let what = bad.what;
    assert_eq!(output.status.code(), Some(1), "{what}: {}", stderr(&output));
    let error = &json(&output)["error"];
    let (slug, file) = (error["slug"].as_str(), error["file"].as_str());
    assert_eq!((slug, file), (Some(bad.slug), bad.file.as_deref()), "{what}: {error}");
    let (message, remedy) = (error["message"].as_str().unwrap(), error["remedy"].as_str().unwrap());
    // Where no one file is to blame, it is the folder.
    let named = file.unwrap_or("raw");
    assert!(message.contains(named) && message.len() > named.len(), "{what}: {message}");
    let is_sentence = remedy.starts_with(char::is_uppercase) && remedy.contains(' ') && remedy.ends_with('.');
    assert!(is_sentence, "{what}: {remedy}");

    let output = ingest(data, &source).output().unwrap();
    let said = stderr(&output);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{what}: {said}");
    assert!(said.ends_with(&format!("error: {message}\n  {remedy}\n")), "{what}: {said}");
}

/// An input, and how it is refused.
struct Bad {
    what: &'static str,
    slug: &'static str,
    /// The file at fault, where it is one file.
    file: Option<String>,
    input: Input,
}

fn every_bad_input() -> Vec<Bad> {
    let gap = turn_but(12, |files| drop(files.remove(7)));
    let twice = turn_but(12, |files| files.push(("0007.png".into(), frame(7))));
    let ink = turn_but(12, |files| files[6] = ("006.jpg".into(), cmyk_jpeg()));
    let other_size = encoded(&RgbaImage::new(16, 17).into(), ImageFormat::Png);
    let broken = png(16, 16, &BROKEN);
    // Frames that no tier shows are not decoded; their checksums are.
    let unused = turn_but(96, |files| files[1].1 = png_with_wrong_checksum());
    assert!(!Plan::new(96, 0.0, &TierTable::default()).used().contains(&1), "a tier shows 001.png of 96");
    let too_many = (0..721).map(|index| (format!("{index:03}.png"), frame(0))).collect();
    vec![
        bad("a gap", "frame-missing", "007.png", gap),
        bad("a number twice", "number-twice", "0007.png", twice),
        bad_frame("a wrong checksum", "unreadable", png_with_wrong_checksum()),
        bad_frame("broken picture data", "unreadable", broken.clone()),
        bad_frame("no picture data", "unreadable", png(16, 16, &NO_PIXELS)),
        bad("a broken frame that no tier shows", "unreadable", "001.png", unused),
        bad_frame("another size", "sizes-differ", other_size),
        bad_frame("a truncated file", "truncated", frame(5)[..60].to_vec()),
        bad_frame("a file of no bytes", "truncated", vec![]),
        bad_frame("a JPEG named PNG", "not-what-its-name-says", jpeg()),
        bad_frame("a text named PNG", "not-what-its-name-says", b"<!doctype html>".to_vec()),
        bad_frame("a header of 30000 x 30000", "too-large", png(30_000, 30_000, &NO_PIXELS)),
        bad("CMYK", "cmyk", "006.jpg", ink),
        bad("one frame", "single-frame", "000.png", Input::Folder(turn(1))),
        bad_as_a_whole("an empty folder", "no-images", Input::Folder(vec![])),
        bad_as_a_whole("721 frames", "too-many-frames", Input::Folder(too_many)),
        bad_in_zip("a zip bomb", "zip-bomb", "012.png", &vec![0; 9 << 20]),
        bad_in_zip("a zip that leads out", "archive-unsafe-name", "../012.png", &frame(12)),
        bad_in_zip("a zip with an absolute path", "archive-unsafe-name", "/etc/012.png", &frame(12)),
        bad_in_zip("a zip with a drive", "archive-unsafe-name", "C:/012.png", &frame(12)),
        bad("a zip with a symlink", "archive-link", "012.png", zip_with_symlink("012.png")),
        bad_in_zip("a zip with a broken frame", "unreadable", "012.png", &broken),
        bad("a zip cut short", "zip-broken", "raw.zip", zip_cut_short()),
    ]
}

fn bad(what: &'static str, slug: &'static str, file: &str, input: Input) -> Bad {
    Bad { what, slug, file: Some(file.to_owned()), input }
}

/// A turn that is good but for one frame.
fn bad_frame(what: &'static str, slug: &'static str, bytes: Vec<u8>) -> Bad {
    bad(what, slug, "005.png", turn_but(12, |files| files[5].1 = bytes))
}

/// A zip of a turn that is good, and of one file more.
fn bad_in_zip(what: &'static str, slug: &'static str, file: &str, bytes: &[u8]) -> Bad {
    let input = zip_with(|zip| {
        zip.start_file(file, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    });
    bad(what, slug, file, input)
}

/// No one file is to blame.
fn bad_as_a_whole(what: &'static str, slug: &'static str, input: Input) -> Bad {
    Bad { what, slug, file: None, input }
}

/// Names and contents.
type Files = Vec<(String, Vec<u8>)>;

enum Input {
    Folder(Files),
    Zip(Vec<u8>),
}

impl Input {
    /// Writes it as `raw` or `raw.zip` into a folder, and gives its path.
    fn write(&self, folder: &Path) -> PathBuf {
        let raw = folder.join("raw");
        fs::create_dir_all(&raw).unwrap();
        match self {
            Self::Folder(files) => {
                for (name, bytes) in files {
                    fs::write(raw.join(name), bytes).unwrap();
                }
                raw
            }
            Self::Zip(bytes) => {
                let zip = raw.with_extension("zip");
                fs::write(&zip, bytes).unwrap();
                zip
            }
        }
    }
}

/// A turn that is good, from `000.png` on.
fn turn(frames: u32) -> Files {
    (0..frames).map(|index| (format!("{index:03}.png"), frame(index))).collect()
}

fn turn_but(frames: u32, spoil: impl FnOnce(&mut Files)) -> Input {
    let mut files = turn(frames);
    spoil(&mut files);
    Input::Folder(files)
}

fn zip_with(add: impl FnOnce(&mut ZipWriter<Cursor<Vec<u8>>>)) -> Input {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in turn(12) {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    add(&mut zip);
    Input::Zip(zip.finish().unwrap().into_inner())
}

fn zip_with_symlink(name: &str) -> Input {
    zip_with(|zip| zip.add_symlink(name, "/etc/passwd", SimpleFileOptions::default()).unwrap())
}

fn zip_cut_short() -> Input {
    let Input::Zip(mut bytes) = zip_with(|_| ()) else { unreachable!("it makes zips") };
    bytes.truncate(bytes.len() - 30);
    Input::Zip(bytes)
}

/// A block on nothing, of another colour in every frame.
fn frame(index: u32) -> Vec<u8> {
    let picture = RgbaImage::from_fn(16, 16, |x, y| {
        let inside = (4..12).contains(&x) && (5..11).contains(&y);
        if inside { Rgba([200, 255 - index as u8, 90, 255]) } else { Rgba([0; 4]) }
    });
    encoded(&picture.into(), ImageFormat::Png)
}

/// No zlib stream at all.
const BROKEN: [u8; 24] = [0xff; 24];
/// A sound zlib stream of nothing.
const NO_PIXELS: [u8; 8] = [0x78, 0x9c, 3, 0, 0, 0, 0, 1];

/// A PNG that is sound by its chunks, whatever its picture data is.
fn png(width: u32, height: u32, picture_data: &[u8]) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        png_chunk(*b"IHDR", &header),
        png_chunk(*b"IDAT", picture_data),
        png_chunk(*b"IEND", &[]),
    ]
    .concat()
}

fn png_with_wrong_checksum() -> Vec<u8> {
    const END_CHUNK_BYTES: usize = 12;
    let mut bytes = frame(0);
    let last_of_picture = bytes.len() - END_CHUNK_BYTES - 1;
    bytes[last_of_picture] ^= 1;
    bytes
}

fn jpeg() -> Vec<u8> {
    encoded(&image::RgbImage::new(16, 16).into(), ImageFormat::Jpeg)
}

/// A JPEG whose frame header has four components, 16 x 16 pixels (ITU-T T.81, B.2.2).
fn cmyk_jpeg() -> Vec<u8> {
    let segment = |marker: u8, content: &[u8]| {
        [&[0xff, marker], &(content.len() as u16 + 2).to_be_bytes()[..], content].concat()
    };
    let components = [1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0];
    let header = [&[8, 0, 16, 0, 16, 4], &components[..]].concat();
    let scan = [4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0];
    let picture_and_end = [0x12, 0x34, 0xff, 0xd9];
    [&[0xff, 0xd8], &segment(0xc0, &header)[..], &segment(0xda, &scan), &picture_and_end].concat()
}

/// Every file below a folder, in order.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            files.extend(files_below(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files.sort();
    files
}
