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
