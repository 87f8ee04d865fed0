//! `girasol ingest`, as an artist and a script use it.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Output, Stdio},
};

use image::{Rgba, RgbaImage};
use serde_json::Value;

use crate::girasol::{RING, Server, draw_turn, girasol, problem, sequence};

const GOLD: [u8; 3] = [212, 175, 95];

pub(crate) fn ingest(data: &Path, source: &Path) -> Command {
    let mut command = girasol();
    command.arg("ingest").arg(source).arg("--data").arg(data);
    command.args(["--product", "ring/solitaire", "--choice", "metal=yellow-gold"]);
    command.args(["--choice", "stone=diamond"]);
    command
}

pub(crate) fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr));
    })
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a version's bytes are named by, without its number.
fn digests(report: &Value) -> Vec<String> {
    let tiers = report["manifest"]["tiers"].as_object().unwrap();
    let formats = tiers.values().flat_map(|tier| tier["formats"].as_object().unwrap().values());
    formats
        .map(|rendition| format!("{} {} {}", rendition["set"], rendition["packs"], rendition["bare"]))
        .collect()
}

fn assert_within_budget(report: &Value) {
    for (key, tier) in report["manifest"]["tiers"].as_object().unwrap() {
        for (format, rendition) in tier["formats"].as_object().unwrap() {
            let (whole, budget) = (rendition["bytes"].as_u64().unwrap(), tier["budget"].as_u64().unwrap());
            let bytes = rendition["bare"]["bytes"].as_u64().unwrap_or(whole);
            assert!(bytes <= budget, "{key} {format}: {bytes} of {budget}");
            assert!(whole * 100 <= budget * 107, "{key} {format}: {whole} of {budget} as whole files");
            assert!(bytes > 0);
        }
    }
}

#[test]
fn an_ingest_ends_with_a_table_and_says_what_is_live() {
    let folder = tempfile::tempdir().unwrap();
    let turn = folder.path().join("raw");
    draw_turn(&turn, GOLD, 12);
    let output = ingest(&folder.path().join("data"), &turn).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", stderr(&output));
    for word in ["standard", "avif", "webp", "of 150.0 kB", "Version 2 of", "is live."] {
        assert!(said.contains(word), "no \"{word}\" in:\n{said}");
    }
}

#[test]
fn the_same_frames_again_encode_nothing_and_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let (turn, data) = (folder.path().join("raw"), folder.path().join("data"));
    draw_turn(&turn, GOLD, 12);
    let first = json(&ingest(&data, &turn).arg("--json").output().unwrap());
    assert_eq!(first["outcome"], "published");
    assert!(first["encoded"].as_u64().unwrap() > 0);
    let again = json(&ingest(&data, &turn).arg("--json").output().unwrap());
    assert_eq!((again["outcome"].as_str(), again["encoded"].as_u64()), (Some("unchanged"), Some(0)));
    assert_eq!(again["digest"], first["digest"]);
    let said = ingest(&data, &turn).output().unwrap();
    assert!(String::from_utf8_lossy(&said.stdout).contains("Nothing to do"));
    assert!(
        fs::read_dir(data.join("work")).unwrap().flatten().all(|entry| !entry.path().is_dir()),
        "work is left"
    );
}

#[test]
fn bytes_do_not_depend_on_threads() {
    let folder = tempfile::tempdir().unwrap();
    let turn = folder.path().join("raw");
    draw_turn(&turn, GOLD, 12);
    let run = |data: &str, threads: &str| {
        let mut command = ingest(&folder.path().join(data), &turn);
        json(&command.arg("--json").env("RAYON_NUM_THREADS", threads).output().unwrap())
    };
    assert_eq!(digests(&run("one", "1")), digests(&run("three", "3")));
}

#[test]
fn a_zip_gives_the_same_spin_as_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (turn, zip) = (folder.path().join("raw"), folder.path().join("raw.zip"));
    draw_turn(&turn, GOLD, 12);
    let mut writer = zip::ZipWriter::new(fs::File::create(&zip).unwrap());
    let mut names: Vec<_> = fs::read_dir(&turn).unwrap().flatten().map(|entry| entry.path()).collect();
    names.sort();
    for path in names {
        let name = format!("renders/{}", path.file_name().unwrap().to_string_lossy());
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut writer, &fs::read(&path).unwrap()).unwrap();
    }
    writer.finish().unwrap();
    let of_folder = json(&ingest(&folder.path().join("a"), &turn).arg("--json").output().unwrap());
    let of_zip = json(&ingest(&folder.path().join("b"), &zip).arg("--json").output().unwrap());
    assert_eq!(digests(&of_folder), digests(&of_zip));
}

#[test]
fn every_rendition_fits_whatever_the_size_the_ground_and_the_count() {
    let folder = tempfile::tempdir().unwrap();
    let noise =
        |x: u32, y: u32, i: u32| (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503) ^ (i * 977)) >> 13;
    let draw = |name: &str, count: u32, size: (u32, u32), pixel: &dyn Fn(u32, u32, u32) -> [u8; 4]| {
        let turn = folder.path().join(name);
        fs::create_dir_all(&turn).unwrap();
        for index in 0..count {
            let frame = RgbaImage::from_fn(size.0, size.1, |x, y| Rgba(pixel(x, y, index)));
            frame.save(turn.join(format!("{name}_{index}.png"))).unwrap();
        }
        turn
    };
    // A small piece on grey; noise from edge to edge, which no encoder can press together; a prime
    // count of wide frames on a gradient.
    let grey = draw("grey", 60, (300, 220), &|x, y, i| {
        let inside = x.abs_diff(150) + y.abs_diff(110) < 40 + i;
        if inside { [200, (100 + i) as u8, (x % 60) as u8, 255] } else { [128, 128, 128, 255] }
    });
    let loud = draw("loud", 13, (500, 500), &|x, y, i| {
        let n = noise(x, y, i);
        [n as u8, (n >> 8) as u8, (n >> 4) as u8, 255]
    });
    let wide = draw("wide", 37, (700, 250), &|x, y, i| {
        let wave = (f64::from(x + 9 * i) / 23.0).sin() * (f64::from(y) / 11.0).cos();
        [(x / 3) as u8, (128.0 + 120.0 * wave) as u8, y as u8, 255]
    });
    for turn in [grey, loud, wide] {
        let output = ingest(&folder.path().join("data"), &turn).arg("--json").output().unwrap();
        let report = json(&output);
        assert_eq!(report["outcome"], "published", "{report}");
        assert_within_budget(&report);
    }
}

fn from_hex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// Puts the frames of a rendition together from its bare packs, as the manifest says. By degree.
pub(crate) fn put_together(rendition: &Value, pack: impl Fn(&str) -> Vec<u8>) -> BTreeMap<u64, Vec<u8>> {
    let numbers = |value: &Value| -> Vec<u64> { serde_json::from_value(value.clone()).unwrap() };
    let bare = &rendition["bare"];
    let head = from_hex(bare["head"].as_str().unwrap());
    let holes = numbers(&bare["holes"]);
    let mut frames = BTreeMap::new();
    for (entry, own) in rendition["packs"].as_array().unwrap().iter().zip(bare["packs"].as_array().unwrap()) {
        let bytes = pack(own.as_str().unwrap());
        let mut from = 0;
        for (degree, length) in numbers(&entry["degrees"]).into_iter().zip(numbers(&entry["lengths"])) {
            let to = from + length as usize - head.len() + holes.len();
            let (own, rest) = bytes[from..to].split_at(holes.len());
            let mut frame = [head.as_slice(), rest].concat();
            for (hole, byte) in holes.iter().zip(own) {
                frame[*hole as usize] = *byte;
            }
            assert_eq!(frame.len() as u64, length);
            frames.insert(degree, frame);
            from = to;
        }
        assert_eq!(from, bytes.len());
    }
    frames
}

#[test]
fn bare_frames_and_their_head_are_the_frames_byte_for_byte_on_every_ground() {
    let folder = tempfile::tempdir().unwrap();
    let turn = folder.path().join("raw");
    draw_turn(&turn, GOLD, 24);
    for ground in ["#ffffff", "transparent"] {
        let data = folder.path().join(ground.trim_start_matches('#'));
        let report = json(&ingest(&data, &turn).args(["--json", "--ground", ground]).output().unwrap());
        assert_within_budget(&report);
        let tiers = report["manifest"]["tiers"].as_object().unwrap();
        for (key, tier) in tiers {
            let rendition = &tier["formats"]["avif"];
            assert_eq!(tier["formats"]["webp"]["bare"], Value::Null, "a WebP file has next to no head");
            if key == "still" {
                assert_eq!(rendition["bare"], Value::Null, "one frame has its head once");
                continue;
            }
            let object = |path: String| fs::read(data.join("objects").join(path)).unwrap();
            let frames = put_together(rendition, |pack| object(format!("p/{pack}.pack")));
            assert_eq!(frames.len() as u64, tier["frames"].as_u64().unwrap(), "{ground} {key}");
            for (degree, frame) in &frames {
                let file = format!("s/{}/{degree:03}.avif", rendition["set"].as_str().unwrap());
                assert!(*frame == object(file), "{ground} {key}: {degree}");
            }
            let head = from_hex(rendition["bare"]["head"].as_str().unwrap());
            let holes = rendition["bare"]["holes"].as_array().unwrap().len();
            let spared = (frames.len() * (head.len() - holes)) as u64;
            let whole = rendition["bytes"].as_u64().unwrap();
            assert_eq!(rendition["bare"]["bytes"].as_u64().unwrap(), whole - spared + head.len() as u64);
        }
    }
}

#[test]
fn published_frames_decode_with_other_decoders_and_look_like_the_source() {
    if !tools_are_there(&["avifdec", "dwebp"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (turn, data) = (folder.path().join("raw"), folder.path().join("data"));
    draw_turn(&turn, GOLD, 12);
    let report = json(&ingest(&data, &turn).arg("--json").output().unwrap());
    assert_within_budget(&report);
    let crop: Vec<u32> = serde_json::from_value(report["manifest"]["view"]["crop"].clone()).unwrap();
    for degree in [0, 90, 210] {
        let source = image::open(turn.join(format!("{:03}.png", degree / 30))).unwrap().to_rgba8();
        let mut on_white = RgbaImage::from_pixel(source.width(), source.height(), Rgba([255; 4]));
        image::imageops::overlay(&mut on_white, &source, 0, 0);
        let want = image::imageops::crop_imm(&on_white, crop[0], crop[1], crop[2], crop[3]).to_image();
        for (format, decoder) in [("avif", "avifdec"), ("webp", "dwebp")] {
            let set = report["manifest"]["tiers"]["standard"]["formats"][format]["set"].as_str().unwrap();
            let frame = data.join(format!("objects/s/{set}/{degree:03}.{format}"));
            let png = folder.path().join("decoded.png");
            let mut decode = Command::new(decoder);
            if decoder == "dwebp" {
                decode.arg(&frame).arg("-o")
            } else {
                decode.arg(&frame)
            };
            let decoded = decode.arg(&png).output().unwrap();
            assert!(decoded.status.success(), "{}", stderr(&decoded));
            let got = image::open(&png).unwrap().to_rgba8();
            assert_eq!(got.dimensions(), want.dimensions(), "{format}");
            let error: f64 =
                got.iter().zip(want.iter()).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
            let psnr = 10.0 * (255.0f64.powi(2) / (error / want.len() as f64)).log10();
            assert!(psnr > 30.0, "{format} at {degree}: {psnr} dB");
        }
    }
}

#[test]
fn a_killed_ingest_goes_on_where_it_was_and_what_was_live_stays_live() {
    let folder = tempfile::tempdir().unwrap();
    let (turn, other) = (folder.path().join("raw"), folder.path().join("other"));
    draw_turn(&turn, GOLD, 24);
    draw_turn(&other, [150, 150, 160], 12);
    let undisturbed =
        json(&with_sizes(ingest(&folder.path().join("calm"), &turn), SMALL).arg("--json").output().unwrap());

    let data = folder.path().join("data");
    let ingest = |data: &Path, turn: &Path| with_sizes(ingest(data, turn), SMALL);
    let before = json(&ingest(&data, &other).arg("--json").output().unwrap());
    kill_at(&mut ingest(&data, &turn), "encode standard and hd");
    let report = json(&ingest(&data, &other).arg("--json").output().unwrap());
    assert_eq!((&report["outcome"], &report["digest"]), (&Value::from("unchanged"), &before["digest"]));

    let resumed = json(&ingest(&data, &turn).arg("--json").output().unwrap());
    assert_eq!(resumed["outcome"], "published");
    assert!(resumed["reused"].as_u64().unwrap() > 0, "{resumed}");
    let (all, now) = (undisturbed["encoded"].as_u64().unwrap(), resumed["encoded"].as_u64().unwrap());
    assert_eq!(now + resumed["reused"].as_u64().unwrap(), all, "nothing is encoded twice");
    assert_eq!(digests(&resumed), digests(&undisturbed));
}

#[test]
fn an_interrupt_ends_an_ingest_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let (turn, data) = (folder.path().join("raw"), folder.path().join("data"));
    draw_turn(&turn, GOLD, 24);
    let mut child = ingest(&data, &turn).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("encode standard and hd")));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let said: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(said.join("\n").contains("Run the same command again"), "{said:?}");
    let resumed = json(&ingest(&data, &turn).arg("--json").output().unwrap());
    assert!(resumed["reused"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn the_preview_is_live_before_the_rest_is_encoded() {
    let folder = tempfile::tempdir().unwrap();
    let (turn, data) = (folder.path().join("raw"), folder.path().join("data"));
    draw_turn(&turn, GOLD, 24);
    kill_at(&mut ingest(&data, &turn), "preview is live");

    let server = Server::start_over(&data, &["serve"]);
    let early = server.json(&sequence(RING)).await;
    let tiers: Vec<_> = early["tiers"].as_object().unwrap().keys().collect();
    assert_eq!(tiers, ["preview", "still"]);
    assert_eq!(early["selected"]["tier"], "preview");

    let full = json(&ingest(&data, &turn).arg("--json").output().unwrap());
    let of = |manifest: &Value, format: &str| manifest["tiers"]["preview"]["formats"][format].clone();
    let (one, other) = (of(&early, "webp"), of(&full["manifest"], "webp"));
    assert_eq!(one["packs"], other["packs"], "what a visitor has loaded stays good");
    // A frame that the rest cannot come near to changes; where none does, bare packs stay good too.
    let (one, other) = (of(&early, "avif"), of(&full["manifest"], "avif"));
    assert_eq!(one["packs"] == other["packs"], one["bare"] == other["bare"]);
    assert_eq!(one["bare"]["head"], other["bare"]["head"]);
    assert_eq!(full["outcome"], "published");
}

#[test]
fn a_dry_run_checks_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (turn, data) = (folder.path().join("raw"), folder.path().join("data"));
    draw_turn(&turn, GOLD, 24);
    let report = json(&ingest(&data, &turn).args(["--dry-run", "--json"]).output().unwrap());
    assert_eq!((report["frames"].as_u64(), report["tiers"]["hd"]["frames"].as_u64()), (Some(24), Some(24)));
    assert!(!data.exists());

    // Whole by its length and its checksum, and yet no picture: only decoding finds it.
    let mut bytes = fs::read(turn.join("005.png")).unwrap();
    let data_chunk = bytes.windows(4).position(|window| window == b"IDAT").unwrap();
    bytes[data_chunk + 4..data_chunk + 12].fill(0xff);
    let length = u32::from_be_bytes(bytes[data_chunk - 4..data_chunk].try_into().unwrap()) as usize;
    let end = data_chunk + 4 + length;
    let crc = crc32fast::hash(&bytes[data_chunk..end]);
    bytes[end..end + 4].copy_from_slice(&crc.to_be_bytes());
    fs::write(turn.join("005.png"), bytes).unwrap();
    let error = json(&ingest(&data, &turn).args(["--dry-run", "--json"]).output().unwrap());
    assert_eq!(error["error"]["file"], "005.png", "{error}");
}

#[test]
fn what_waits_to_be_published_is_not_live_until_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (turn, data) = (folder.path().join("raw"), folder.path().join("data"));
    draw_turn(&turn, GOLD, 12);
    let ready = ingest(&data, &turn).arg("--no-publish").output().unwrap();
    let said = String::from_utf8_lossy(&ready.stdout).into_owned();
    assert!(said.contains(&format!("girasol publish {RING} 1")), "{said}");
    let publish =
        |version: &str| girasol().args(["publish", RING, version, "--data"]).arg(&data).output().unwrap();
    assert_eq!(publish("7").status.code(), Some(1));
    assert!(publish("1").status.success());
    let report = json(&ingest(&data, &turn).arg("--json").output().unwrap());
    assert_eq!(report["outcome"], "unchanged");
}

#[tokio::test]
async fn what_was_damaged_in_the_store_is_not_served_and_made_good_by_ingesting_again() {
    let folder = tempfile::tempdir().unwrap();
    let (turn, data) = (folder.path().join("raw"), folder.path().join("data"));
    draw_turn(&turn, GOLD, 12);
    let report = json(&ingest(&data, &turn).arg("--json").output().unwrap());
    let bare = &report["manifest"]["tiers"]["preview"]["formats"]["avif"]["bare"]["packs"][0];
    let bare = format!("p/{}.pack", bare.as_str().unwrap());
    let rendition = &report["manifest"]["tiers"]["preview"]["formats"]["webp"];
    let frame = format!("s/{}/030.webp", rendition["set"].as_str().unwrap());
    let pack = format!("p/{}.pack", rendition["packs"][0]["pack"].as_str().unwrap());
    let object = |path: &str| data.join("objects").join(path);
    let whole = fs::read(object(&frame)).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    fs::write(object(&frame), flipped).unwrap();
    fs::remove_file(object(&pack)).unwrap();

    let server = Server::start_over(&data, &["serve"]);
    assert_eq!(problem(server.get(&format!("/{frame}"), &[]).await, 500).await, "internal");
    let again = json(&ingest(&data, &turn).arg("--json").output().unwrap());
    assert_eq!(again["outcome"], "published", "{again}");
    assert_eq!(digests(&again), digests(&report));
    assert_eq!(fs::read(object(&frame)).unwrap(), whole);
    assert_eq!(server.get(&format!("/{frame}"), &[]).await.status(), 200);
    assert_eq!(server.get(&format!("/{pack}"), &[]).await.status(), 200);

    fs::remove_file(object(&bare)).unwrap();
    let again = json(&ingest(&data, &turn).arg("--json").output().unwrap());
    assert_eq!(again["outcome"], "published", "{again}");
    assert!(object(&bare).exists());
}

#[test]
fn a_full_spin_is_not_replaced_by_its_early_version() {
    let folder = tempfile::tempdir().unwrap();
    let (turn, data) = (folder.path().join("raw"), folder.path().join("data"));
    draw_turn(&turn, GOLD, 12);
    let report = json(&ingest(&data, &turn).arg("--json").output().unwrap());
    assert_eq!(report["version"], 2);
    let output = girasol().args(["publish", RING, "1", "--data"]).arg(&data).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("early"), "{}", stderr(&output));
}

#[test]
fn programs_that_meet_in_a_new_data_folder_all_start() {
    let folder = tempfile::tempdir().unwrap();
    let create = || {
        let mut command = girasol();
        command.args(["key", "create", "--role", "artist", "--data"]).arg(folder.path().join("data"));
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let all: Vec<_> = (0..6).map(|_| create()).collect();
    for child in all {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
}

#[test]
fn a_choice_that_the_product_does_not_have_is_a_question_first() {
    let folder = tempfile::tempdir().unwrap();
    let (turn, data) = (folder.path().join("raw"), folder.path().join("data"));
    draw_turn(&turn, GOLD, 12);
    assert!(ingest(&data, &turn).output().unwrap().status.success(), "a new product is no question");
    let with = |more: &[&str]| {
        let mut command = girasol();
        command.arg("ingest").arg(&turn).args(["--product", "ring/solitaire", "--choice", "stone=diamond"]);
        command.args(more).arg("--data").arg(&data).stdin(Stdio::null()).output().unwrap()
    };
    let misspelt = ["--choice", "metal=yellow-glod"];
    for (choice, says) in [
        (&misspelt[..], "did you mean metal=yellow-gold?"),
        (&["--choice", "metal=yellow-gold", "--choice", "metl=gold"], "has no option \"metl\""),
    ] {
        let refused = with(choice);
        assert_eq!(refused.status.code(), Some(1));
        assert!(
            stderr(&refused).contains(says) && stderr(&refused).contains("--new-choice"),
            "{}",
            stderr(&refused)
        );
    }
    let exported = || {
        let output =
            girasol().args(["product", "export", "ring/solitaire", "--data"]).arg(&data).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(!exported().contains("glod") && !exported().contains("metl"), "{}", exported());

    // It was no mistake, or so it seemed.
    assert!(with(&[&misspelt[..], &["--new-choice"]].concat()).status.success());
    assert!(exported().contains("yellow-glod"));
    let id = "ring.solitaire.metal-yellow-glod.stone-diamond";
    let run = |arguments: &[&str]| girasol().args(arguments).arg("--data").arg(&data).output().unwrap();
    let remove = ["product", "remove-configuration", id];
    assert!(stderr(&run(&remove)).contains("girasol take-down"), "{}", stderr(&run(&remove)));
    run(&["take-down", id, "--yes"]);
    let removed = run(&remove);
    assert!(removed.status.success(), "{}", stderr(&removed));
    assert_eq!(
        String::from_utf8(removed.stdout).unwrap().trim(),
        format!("{id} is removed, and so is metal=yellow-glod.")
    );
    assert!(!exported().contains("glod") && exported().contains("yellow-gold"), "{}", exported());
    assert_eq!(run(&remove).status.code(), Some(1), "it is gone");
    // Links to its old versions lead to no new one.
    let again = with(&[&misspelt[..], &["--new-choice", "--json"]].concat());
    assert!(json(&again)["version"].as_i64().unwrap() > 2, "{}", String::from_utf8_lossy(&again.stdout));
}

#[test]
fn every_option_of_the_product_has_to_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let (turn, data) = (folder.path().join("raw"), folder.path().join("data"));
    draw_turn(&turn, GOLD, 12);
    assert!(ingest(&data, &turn).output().unwrap().status.success());
    let mut command = girasol();
    command.arg("ingest").arg(&turn).arg("--data").arg(&data);
    let output =
        command.args(["--product", "ring/solitaire", "--choice", "metal=platinum"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("Add --choice stone=VALUE"), "{}", stderr(&output));
}

#[test]
fn bad_input_names_the_file_and_the_remedy_and_leaves_nothing_visible() {
    let folder = tempfile::tempdir().unwrap();
    let (turn, data) = (folder.path().join("raw"), folder.path().join("data"));
    draw_turn(&turn, GOLD, 12);
    let whole = fs::read(turn.join("007.png")).unwrap();
    fs::write(turn.join("007.png"), &whole[..whole.len() / 2]).unwrap();

    let output = ingest(&data, &turn).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("007.png"), "{}", stderr(&output));
    assert!(stderr(&output).lines().count() >= 2, "a remedy follows: {}", stderr(&output));

    let error = json(&ingest(&data, &turn).arg("--json").output().unwrap());
    assert_eq!(
        (error["error"]["slug"].as_str(), error["error"]["file"].as_str()),
        (Some("truncated"), Some("007.png"))
    );
    assert!(error["error"]["remedy"].is_string());
    assert!(!data.join("objects/m").exists() && !data.join("objects/s").exists());
}

#[test]
fn wrong_usage_is_exit_code_2() {
    for arguments in [
        &["ingest", "frames"][..],
        &["ingest", "frames", "--product", "Ring"],
        &["ingest", "frames", "--product", "ring/solitaire", "--choice", "metal"],
        &["ingest", "frames", "--product", "ring/solitaire", "--choice", "style=gold"],
        &["ingest", "frames", "--product", "ring/solitaire", "--hero", "north"],
        &["engrave"],
    ] {
        assert_eq!(girasol().args(arguments).output().unwrap().status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn more_effort_replaces_what_is_live_where_it_is_better_and_is_not_undone() {
    let folder = tempfile::tempdir().unwrap();
    let (turn, data) = (folder.path().join("raw"), folder.path().join("data"));
    fs::create_dir(&turn).unwrap();
    for degree in (0..360).step_by(30) {
        let name = format!("{degree:03}.webp");
        fs::copy(Path::new("fixtures/ring-yellow-gold").join(&name), turn.join(name)).unwrap();
    }
    let ingest = |arguments: &[&str]| {
        // Few bytes, so that effort tells.
        let mut command = with_sizes(ingest(&data, &turn), [256, 160, 200]);
        command.env("GIRASOL_TIERS__STANDARD__MAX_BYTES", "20000");
        command
            .env("GIRASOL_TIERS__HD__MAX_BYTES", "26000")
            .env("GIRASOL_TIERS__PREVIEW__MAX_BYTES", "20000");
        json(&command.arg("--json").args(arguments).output().unwrap())
    };
    assert_eq!(ingest(&[])["outcome"], "published");
    let polished = ingest(&["--effort", "max"]);
    let gains = polished["gains"].as_array().unwrap();
    let hd = gains.iter().find(|gain| (&gain["tier"], &gain["format"]) == (&"hd".into(), &"avif".into()));
    let hd = hd.unwrap_or_else(|| panic!("{polished}"));
    assert!(hd["after"].as_f64() > hd["before"].as_f64(), "{polished}");
    assert_eq!(polished["outcome"], "published", "{polished}");
    let live = polished["version"].clone();
    let again = ingest(&[]);
    assert_eq!((&again["outcome"], &again["version"]), (&"unchanged".into(), &live), "{again}");
}

/// Sizes of still, spin and hd, in pixels, that are soon encoded. Each has one of its own, so that none finds its encodes done
/// by another.
const SMALL: [u32; 3] = [128, 96, 112];

/// Makes pictures of these sizes.
fn with_sizes(mut command: Command, sizes: [u32; 3]) -> Command {
    for (family, px) in ["STILL", "SPIN", "HD"].into_iter().zip(sizes) {
        command.env(format!("GIRASOL_SIZES__{family}__AVIF_PX"), px.to_string());
        command.env(format!("GIRASOL_SIZES__{family}__WEBP_PX"), px.to_string());
    }
    command
}

/// Starts a command, and kills it as soon as it says a word.
fn kill_at(command: &mut Command, word: &str) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains(word)), "it never said \"{word}\"");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Tools that judge what was published: missing they are a skip on a laptop, and a failure in CI.
fn tools_are_there(tools: &[&str]) -> bool {
    let missing: Vec<_> = tools.iter().filter(|tool| Command::new(tool).output().is_err()).collect();
    assert!(missing.is_empty() || std::env::var_os("CI").is_none(), "{missing:?} must be installed");
    missing.is_empty()
}
