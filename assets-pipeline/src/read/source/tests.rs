use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;

use expect_test::{Expect, expect};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::Source;
use crate::read::limits::Limits;

/// Opens a folder, a zip and a tar of the same files, which must look the same.
#[track_caller]
fn check(files: &[&str], expected: &Expect) {
    let temp = tempfile::tempdir().unwrap();
    let [folder, zip, tar] = ["ring", "ring.zip", "ring.tar"].map(|name| temp.path().join(name));
    fs::create_dir(&folder).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let mut tars = tar::Builder::new(Vec::new());
    for file in files {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, file).unwrap();
        writer.start_file(*file, SimpleFileOptions::default()).unwrap();
        writer.write_all(file.as_bytes()).unwrap();
        tars.append_path_with_name(&path, file).unwrap();
    }
    fs::write(&zip, writer.finish().unwrap().into_inner()).unwrap();
    fs::write(&tar, tars.into_inner().unwrap()).unwrap();
    let folder = shown(&folder);
    assert_eq!(shown(&tar).replace("ring.tar", "ring"), folder);
    assert_eq!(shown(&zip).replace("ring.zip", "ring"), folder);
    expected.assert_eq(&folder);
}

fn shown(path: &Path) -> String {
    match Source::open(path, &Limits::default()) {
        Err(refusal) => format!("{}: {refusal}", refusal.slug()),
        Ok(source) => {
            for (i, entry) in source.entries().iter().enumerate() {
                let content = String::from_utf8(source.read(i).unwrap()).unwrap();
                assert!(content.ends_with(&entry.name));
                assert_eq!(content.len() as u64, entry.bytes);
            }
            let names: Vec<&str> = source.entries().iter().map(|entry| entry.name.as_str()).collect();
            format!("{} without [{}]", names.join(", "), source.ignored().join(", "))
        }
    }
}

#[test]
fn images_are_in_natural_order_and_junk_is_silent() {
    check(
        &["10.png", "2.PNG", "1.jpg", ".DS_Store", "Thumbs.db", "notes.txt", "__MACOSX/._1.jpg", "._1.jpg"],
        &expect!["1.jpg, 2.PNG, 10.png without []"],
    );
}

#[test]
fn what_is_neither_image_nor_junk_is_listed() {
    check(
        &["1.png", "2.png", "ring.blend", "small/1.png", "small/2.png"],
        &expect!["1.png, 2.png without [ring.blend, small/]"],
    );
}

#[test]
fn one_folder_inside_is_the_source() {
    check(&["ring/1.png", "ring/2.png"], &expect!["1.png, 2.png without []"]);
    check(
        &["renders/final/1.png", "renders/final/2.png", "renders/scene.blend"],
        &expect!["1.png, 2.png without [renders/scene.blend]"],
    );
}

#[test]
fn several_folders_with_images_are_refused() {
    check(
        &["gold/1.png", "silver/1.png", "notes/plan.pdf"],
        &expect!["several-folders: ring has images in several folders: gold, silver"],
    );
    check(
        &["all/gold/1.png", "all/silver/1.png"],
        &expect!["several-folders: ring has images in several folders: all/gold, all/silver"],
    );
}

#[test]
fn a_source_without_images_is_refused() {
    check(
        &["ring.psd", "notes.txt"],
        &expect!["no-images: ring has no PNG, JPEG, TIFF or WebP images, only ring.psd"],
    );
    check(&[], &expect!["no-images: ring has no PNG, JPEG, TIFF or WebP images"]);
}

#[test]
fn a_cover_beside_the_folder_of_frames_is_left_out() {
    check(
        &["cover.png", "frames/1.png", "frames/2.png", "frames/3.png", "frames/4.png", "notes.pdf"],
        &expect!["1.png, 2.png, 3.png, 4.png without [cover.png, notes.pdf]"],
    );
    check(
        &["a/cover.jpg", "a/gold/1.png", "a/gold/2.png", "a/silver/1.png", "a/silver/2.png"],
        &expect!["several-folders: ring has images in several folders: a/gold, a/silver"],
    );
    // As many pictures as this are frames, and the ones inside are something else.
    check(
        &["1.png", "2.png", "small/1.png", "small/2.png", "small/3.png", "small/4.png"],
        &expect!["1.png, 2.png without [small/]"],
    );
}

#[test]
fn what_a_mac_and_windows_leave_behind_is_silent_in_every_source() {
    check(
        &[
            "ring/1.png",
            "ring/2.png",
            "ring/Icon\r",
            "ring/desktop.ini",
            "ring/@eaDir/1.png",
            "$RECYCLE.BIN/3.png",
        ],
        &expect!["1.png, 2.png without []"],
    );
}

/// A zip whose entries have these very bytes as names, without the flag for UTF-8.
fn zip_of(names: &[&[u8]]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for name in names {
        let (at, bytes) = (out.len() as u32, b"png");
        let same = [
            &[20, 0, 0, 0, 0, 0, 0, 0, 0, 0][..],
            &crc32fast::hash(bytes).to_le_bytes(),
            &3_u32.to_le_bytes(),
            &3_u32.to_le_bytes(),
            &(name.len() as u16).to_le_bytes(),
            &[0, 0],
        ]
        .concat();
        out.extend([b"PK\x03\x04", same.as_slice(), name, bytes].concat());
        directory
            .extend([b"PK\x01\x02\x14\0", same.as_slice(), &[0; 12][..10], &at.to_le_bytes(), name].concat());
    }
    let (count, start) = ((names.len() as u16).to_le_bytes(), out.len() as u32);
    out.extend(&directory);
    let end = [
        &b"PK\x05\x06\0\0\0\0"[..],
        &count,
        &count,
        &(directory.len() as u32).to_le_bytes(),
        &start.to_le_bytes(),
        &[0, 0],
    ];
    out.extend(end.concat());
    out
}

#[track_caller]
fn check_names(names: &[&[u8]], expected: &Expect) {
    let temp = tempfile::tempdir().unwrap();
    let zip = temp.path().join("ring.zip");
    fs::write(&zip, zip_of(names)).unwrap();
    let shown = match Source::open(&zip, &Limits::default()) {
        Err(refusal) => format!("{}: {refusal}", refusal.slug()),
        Ok(source) => {
            assert!((0..source.entries().len()).all(|index| source.read(index).unwrap() == b"png"));
            let names: Vec<&str> = source.entries().iter().map(|entry| entry.name.as_str()).collect();
            format!("{} without [{}]", names.join(", "), source.ignored().join(", "))
        }
    };
    expected.assert_eq(&shown);
}

#[test]
fn a_folder_in_a_zip_is_one_in_whichever_form_its_name_is() {
    let names = ["\u{e9}/r_00.png", "e\u{301}/r_01.png"].map(str::as_bytes);
    check_names(&names, &expect!["r_00.png, r_01.png without []"]);
}

#[test]
fn names_in_a_zip_are_decoded_before_they_are_judged() {
    // Windows PowerShell writes backslashes.
    check_names(
        &[b"ring\\r_1.png", b"ring\\r_2.png", b"ring\\small\\"],
        &expect!["r_1.png, r_2.png without []"],
    );
    // The second byte of \u{8868} in Shift-JIS, and of \u{529f} in Big5, is a backslash.
    let japanese: [&[u8]; 2] = [b"\x95\x5c\x96\xca/\x95\x5c_1.png", b"\x95\x5c\x96\xca/\x95\x5c_2.png"];
    check_names(&japanese, &expect!["\u{8868}_1.png, \u{8868}_2.png without []"]);
    let chinese: [&[u8]; 2] =
        [b"\xa5\x5c\xaf\xe0\xa5\xbf\xad\xb1_1.png", b"\xa5\x5c\xaf\xe0\xa5\xbf\xad\xb1_2.png"];
    check_names(
        &chinese,
        &expect!["\u{529f}\u{80fd}\u{6b63}\u{9762}_1.png, \u{529f}\u{80fd}\u{6b63}\u{9762}_2.png without []"],
    );
    check_names(
        &[b"\x82t\x82_1.png", b"\x82t\x82_2.png"],
        &expect!["\u{e9}t\u{e9}_1.png, \u{e9}t\u{e9}_2.png without []"],
    );
}

#[test]
fn names_that_lead_out_of_a_zip_are_refused_however_they_are_written() {
    for name in [
        &b"..\\3.png"[..],
        b"ring\\..\\..\\3.png",
        b"\\\\server\\3.png",
        b"C:\\3.png",
        b"../.bashrc",
        b"/.DS_Store",
    ] {
        let temp = tempfile::tempdir().unwrap();
        let zip = temp.path().join("ring.zip");
        fs::write(&zip, zip_of(&[b"1.png", b"2.png", name])).unwrap();
        let refused = Source::open(&zip, &Limits::default()).map(|_| ()).map_err(|refusal| refusal.slug());
        assert_eq!(refused, Err("archive-unsafe-name"), "{}", name.escape_ascii());
    }
    // Which is one character in another encoding leads nowhere.
    check_names(&[b"\x95\x5c..png", b"\x95\x5c.1.png"], &expect!["\u{8868}..png, \u{8868}.1.png without []"]);
}

#[test]
fn the_unicode_path_of_info_zip_counts() {
    let mut zip = zip_of(&[b"r_1.png", b"r_2.png"]);
    let name = "\u{65e0}_1.png";
    let field = [
        &0x7075_u16.to_le_bytes()[..],
        &(5 + name.len() as u16).to_le_bytes(),
        &[1],
        &crc32fast::hash(b"r_1.png").to_le_bytes(),
        name.as_bytes(),
    ]
    .concat();
    let entry = zip.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    zip[entry + 30..entry + 32].copy_from_slice(&(field.len() as u16).to_le_bytes());
    zip.splice(entry + 46 + 7..entry + 46 + 7, field.iter().copied());
    let end = zip.windows(4).position(|four| four == b"PK\x05\x06").unwrap();
    let bytes = u32::from_le_bytes(*zip[end + 12..].first_chunk().unwrap()) + field.len() as u32;
    zip[end + 12..end + 16].copy_from_slice(&bytes.to_le_bytes());
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("ring.zip");
    fs::write(&path, zip).unwrap();
    let source = Source::open(&path, &Limits::default()).unwrap();
    let mut names: Vec<&str> = source.entries().iter().map(|entry| entry.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["r_2.png", name]);
}

#[cfg(target_os = "linux")]
#[test]
fn names_on_disk_that_look_the_same_are_told() {
    use std::os::unix::ffi::OsStrExt as _;

    let temp = tempfile::tempdir().unwrap();
    for name in ["\u{e9}_1.png", "e\u{301}_1.png", "\u{e9}_2.png"] {
        fs::write(temp.path().join(name), "x").unwrap();
    }
    let refusal = Source::open(temp.path(), &Limits::default()).unwrap_err();
    assert_eq!((refusal.slug(), refusal.file()), ("name-twice", Some("\u{e9}_1.png")));

    // Unpacked from an archive of a Japanese machine.
    let temp = tempfile::tempdir().unwrap();
    for name in [b"\x8ew\x97\xd6_1.png", b"\x8ew\x97\xd6_2.png"] {
        fs::write(temp.path().join(std::ffi::OsStr::from_bytes(name)), "x").unwrap();
    }
    let source = Source::open(temp.path(), &Limits::default()).unwrap();
    assert_eq!(source.entries()[1].name, "\u{6307}\u{8f2a}_2.png");
    assert_eq!(source.read(1).unwrap(), b"x");
}
