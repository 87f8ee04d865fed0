use std::fmt::Write as _;

use expect_test::{Expect, expect};
use image::metadata::Orientation;
use image::{DynamicImage, ImageFormat};

use super::{Header, inspect};
use crate::read::limits::Limits;
use crate::samples::{self, Tiff};

#[track_caller]
fn check(name: &str, bytes: &[u8], expected: &Expect) {
    let shown = match inspect(name, bytes, &Limits::default()) {
        Ok(header) => shown(&header),
        Err(refusal) => format!("{}: {refusal}", refusal.slug()),
    };
    expected.assert_eq(&shown);
}

fn shown(header: &Header) -> String {
    let (width, height) = header.size();
    let mut shown =
        format!("{} {width} x {height} {:?} {}", header.format.label(), header.colour, header.bits);
    if header.alpha {
        shown.push_str(if header.premultiplied { " premultiplied alpha" } else { " alpha" });
    }
    if header.orientation != Orientation::NoTransforms {
        write!(shown, " {:?}", header.orientation).unwrap();
    }
    for remark in &header.remarks {
        write!(shown, ", {remark}").unwrap();
    }
    shown
}

fn rgb() -> DynamicImage {
    DynamicImage::from(samples::picture(5, 4)).into_rgb8().into()
}

#[test]
fn a_png_tells_its_size_depth_and_alpha() {
    let picture = DynamicImage::from(samples::picture(5, 4));
    let png = |picture: DynamicImage| samples::encoded(&picture, ImageFormat::Png);
    check("r1.png", &png(picture.clone()), &expect!["PNG 5 x 4 Rgb 8 alpha"]);
    check("r1.PNG", &png(picture.to_rgb16().into()), &expect!["PNG 5 x 4 Rgb 16"]);
    check("r1.png", &png(picture.to_luma8().into()), &expect!["PNG 5 x 4 Grey 8"]);
    check("r1.png", &png(picture.to_luma_alpha16().into()), &expect!["PNG 5 x 4 Grey 16 alpha"]);
    check("r1.png", &samples::png_with(&png(rgb()), *b"tRNS", &[0; 6]), &expect!["PNG 5 x 4 Rgb 8 alpha"]);
    check(
        "r1.png",
        &samples::png_with(&png(rgb()), *b"eXIf", &samples::exif(6)),
        &expect!["PNG 4 x 5 Rgb 8 Rotate90"],
    );
    // What follows the end of a picture is none of it.
    check("r1.png", &[png(rgb()), vec![0; 9]].concat(), &expect!["PNG 5 x 4 Rgb 8"]);
}

#[test]
fn a_png_that_is_damaged_animated_or_hdr_is_refused() {
    let png = samples::encoded(&rgb(), ImageFormat::Png);
    let mut flipped = png.clone();
    flipped[45] ^= 1;
    check(
        "r1.png",
        &flipped,
        &expect!["unreadable: r1.png cannot be read: its data is damaged (the checksum of IDAT is wrong)"],
    );
    let mut header = png.clone();
    header[20] ^= 1;
    check("r1.png", &header, &expect!["unreadable: r1.png cannot be read: its header is damaged"]);
    check(
        "r1.png",
        &samples::png_with(&png, *b"acTL", &[0; 8]),
        &expect!["unsupported: r1.png is an animated PNG, which is not supported"],
    );
    check(
        "r1.png",
        &samples::png_with(&png, *b"cICP", &[9, 16, 0, 1]),
        &expect!["unsupported: r1.png is an HDR image, which is not supported"],
    );
    check(
        "r1.png",
        &samples::png_with(&png, *b"cICP", &[12, 17, 0, 1]),
        &expect!["unsupported: r1.png is an image for film projection, which is not supported"],
    );
    for codes in [&[12, 13, 1, 1][..], &[12, 13, 0, 2], &[12, 13]] {
        check(
            "r1.png",
            &samples::png_with(&png, *b"cICP", codes),
            &expect![
                "unsupported: r1.png is a PNG with colour codes (cICP) that are not of RGB, which is not supported"
            ],
        );
    }
    check(
        "r1.png",
        &samples::png_with(&png, *b"IHDR", &[0; 13]),
        &expect!["unreadable: r1.png cannot be read: it has two PNG headers"],
    );
    let endless = &png[..png.len() - 12];
    check(
        "r1.png",
        endless,
        &expect!["truncated: r1.png is cut short: it ends after 120 bytes, before its end mark (IEND)"],
    );
    let headless = [&png[..8], &samples::png_chunk(*b"IEND", &[])].concat();
    check(
        "r1.png",
        &headless,
        &expect!["unreadable: r1.png cannot be read: it does not begin with a PNG header"],
    );
    let empty = [&png[..33], &samples::png_chunk(*b"IEND", &[])].concat();
    check("r1.png", &empty, &expect!["unreadable: r1.png cannot be read: it has no pixels"]);
    check(
        "r1.png",
        &samples::png_of_size(30_000, 30_000),
        &expect!["too-large: r1.png is too large: it is 30000 pixels wide, and 16384 is the most"],
    );
    check(
        "r1.png",
        &samples::png_of_size(16_000, 16_000),
        &expect!["too-large: r1.png is too large: it has 256 million pixels, and 100 million is the most"],
    );
    check(
        "r1.png",
        &samples::png_of_size(12_000, 12_000),
        &expect!["too-large: r1.png is too large: it has 144 million pixels, and 100 million is the most"],
    );
    check(
        "r1.png",
        &samples::png_of_size(0, 10),
        &expect!["unreadable: r1.png cannot be read: its width or height is zero"],
    );
}

#[test]
fn a_jpeg_tells_its_size_and_orientation() {
    let jpeg = samples::jpeg(5, 4);
    check("r1.jpg", &jpeg, &expect!["JPEG 5 x 4 Rgb 8"]);
    check(
        "r1.jpeg",
        &samples::encoded(&rgb().to_luma8().into(), ImageFormat::Jpeg),
        &expect!["JPEG 5 x 4 Grey 8"],
    );
    let exif = [b"Exif\0\0".to_vec(), samples::exif(8)].concat();
    check("r1.jpg", &samples::jpeg_with(&jpeg, 0xe1, &exif), &expect!["JPEG 4 x 5 Rgb 8 Rotate270"]);
    // Cameras append previews and videos.
    check("r1.jpg", &[jpeg.clone(), vec![1; 100]].concat(), &expect!["JPEG 5 x 4 Rgb 8"]);
    check("r1.jpg", &samples::jpeg_of_kind(0xc2, 8, 50, 40, 3), &expect!["JPEG 50 x 40 Rgb 8"]);
    check("r1.jpg", &samples::jpeg_of_kind(0xc9, 8, 50, 40, 3), &expect!["JPEG 50 x 40 Rgb 8"]);
}

#[test]
fn a_jpeg_that_screens_or_decoders_cannot_show_is_refused() {
    check(
        "r1.jpg",
        &samples::jpeg_of_kind(0xc0, 8, 50, 40, 4),
        &expect!["cmyk: r1.jpg is in CMYK, the colours of print, and a spin is shown on screens"],
    );
    check(
        "r1.jpg",
        &samples::jpeg_of_kind(0xc1, 12, 50, 40, 3),
        &expect!["unsupported: r1.jpg is a JPEG with 12 bits a channel, which is not supported"],
    );
    check(
        "r1.jpg",
        &samples::jpeg_of_kind(0xc3, 8, 50, 40, 3),
        &expect!["unsupported: r1.jpg is a lossless or hierarchical JPEG, which is not supported"],
    );
    check(
        "r1.jpg",
        &samples::jpeg_of_kind(0xc0, 8, 50, 40, 2),
        &expect!["unsupported: r1.jpg is a JPEG with 2 channels, which is not supported"],
    );
    check(
        "r1.jpg",
        &samples::jpeg_of_kind(0xc0, 8, 50, 0, 3),
        &expect!["unreadable: r1.jpg cannot be read: its width or height is zero"],
    );
    check(
        "r1.jpg",
        &samples::jpeg_of_kind(0xc0, 8, 30_000, 30_000, 3),
        &expect!["too-large: r1.jpg is too large: it is 30000 pixels wide, and 16384 is the most"],
    );
    // As large a baseline JPEG is taken; a progressive one needs all its coefficients at once.
    check("r1.jpg", &samples::jpeg_of_kind(0xc0, 8, 8_000, 8_000, 3), &expect!["JPEG 8000 x 8000 Rgb 8"]);
    check(
        "r1.jpg",
        &samples::jpeg_of_kind(0xc2, 8, 8_000, 8_000, 3),
        &expect!["too-large: r1.jpg is too large: it needs 640.0 MB of memory, and 536.9 MB is the most"],
    );
    check(
        "r1.jpg",
        &[0xff, 0xd8, 0xff, 0xd9],
        &expect!["unreadable: r1.jpg cannot be read: it has no pixels"],
    );
    check(
        "r1.jpg",
        &[0xff, 0xd8, 0xff, 0xe0, 0, 1, 0xff, 0xd9],
        &expect!["unreadable: r1.jpg cannot be read: its data is damaged"],
    );
}

#[test]
fn a_webp_tells_its_size_and_alpha() {
    let webp = samples::webp(5, 4);
    check("r1.webp", &webp, &expect!["WebP 5 x 4 Rgb 8 alpha"]);
    check("r1.webp", &samples::encoded(&rgb(), ImageFormat::WebP), &expect!["WebP 5 x 4 Rgb 8"]);
    check("r1.webp", &samples::webp_extended(&webp, 0x10, 5, 4, None), &expect!["WebP 5 x 4 Rgb 8 alpha"]);
    check(
        "r1.webp",
        &samples::webp_extended(&webp, 0, 5, 4, None),
        &expect![
            "WebP 5 x 4 Rgb 8 alpha, the transparency is not stored as the format prescribes, and programs differ in whether they show it"
        ],
    );
    let late = samples::webp_extended(&webp, 0x10, 5, 4, Some((*b"ALPH", &[0; 21])));
    check("r1.webp", &late, &expect!["WebP 5 x 4 Rgb 8 alpha"]);
    let exif = samples::exif(6);
    check(
        "r1.webp",
        &samples::webp_extended(&webp, 0x18, 5, 4, Some((*b"EXIF", &exif))),
        &expect!["WebP 4 x 5 Rgb 8 alpha Rotate90"],
    );
}

#[test]
fn a_webp_that_is_animated_or_contradicts_itself_is_refused() {
    let webp = samples::webp(5, 4);
    check(
        "r1.webp",
        &samples::webp_extended(&webp, 0x02, 5, 4, None),
        &expect!["unsupported: r1.webp is an animated WebP, which is not supported"],
    );
    check(
        "r1.webp",
        &samples::webp_extended(&webp, 0, 5, 4, Some((*b"ANMF", &[0; 24]))),
        &expect!["unsupported: r1.webp is an animated WebP, which is not supported"],
    );
    check(
        "r1.webp",
        &samples::webp_extended(&webp, 0, 6, 4, None),
        &expect!["unreadable: r1.webp cannot be read: its picture has another size than its header says"],
    );
    check("r1.webp", b"RIFF\x04\0\0\0WEBP", &expect!["unreadable: r1.webp cannot be read: it has no pixels"]);
}

#[test]
fn a_tiff_tells_its_size_depth_and_alpha() {
    let rgb = Tiff::rgb(5, 4, vec![9; 60]);
    let rgba = Tiff { samples: 4, data: vec![9; 80], ..rgb.clone() };
    check(
        "r1.tif",
        &samples::tiff(5, 4),
        &expect![
            "TIFF 5 x 4 Rgb 8 alpha, the meaning of the fourth channel is not said, and it is taken for transparency"
        ],
    );
    check("r1.tiff", &rgb.bytes(), &expect!["TIFF 5 x 4 Rgb 8"]);
    check("r1.tif", &Tiff { big: true, ..rgb.clone() }.bytes(), &expect!["TIFF 5 x 4 Rgb 8"]);
    check(
        "r1.tif",
        &Tiff { bits: 16, data: vec![9; 120], ..rgb.clone() }.bytes(),
        &expect!["TIFF 5 x 4 Rgb 16"],
    );
    check("r1.tif", &Tiff { extra: vec![2], ..rgba.clone() }.bytes(), &expect!["TIFF 5 x 4 Rgb 8 alpha"]);
    check(
        "r1.tif",
        &Tiff { extra: vec![1], ..rgba.clone() }.bytes(),
        &expect!["TIFF 5 x 4 Rgb 8 premultiplied alpha"],
    );
    check(
        "r1.tif",
        &Tiff { extra: vec![0], ..rgba }.bytes(),
        &expect![
            "TIFF 5 x 4 Rgb 8, a channel beside the colours is not called transparency, and is left out"
        ],
    );
    check(
        "r1.tif",
        &Tiff { tags: vec![(274, vec![6])], ..rgb.clone() }.bytes(),
        &expect!["TIFF 4 x 5 Rgb 8 Rotate90"],
    );
    let mut two_pages = rgb.bytes();
    let next_page = 8 + 2 + 8 * 12;
    two_pages[next_page] = 8;
    check(
        "r1.tif",
        &two_pages,
        &expect!["TIFF 5 x 4 Rgb 8, there is more than one page, of which the first is used"],
    );
}

#[test]
fn a_tiff_of_another_kind_is_refused() {
    let rgb = Tiff::rgb(5, 4, vec![9; 60]);
    check(
        "r1.tif",
        &Tiff { photometric: 5, samples: 4, data: vec![9; 80], ..rgb.clone() }.bytes(),
        &expect!["cmyk: r1.tif is in CMYK, the colours of print, and a spin is shown on screens"],
    );
    check(
        "r1.tif",
        &Tiff { photometric: 3, samples: 1, ..rgb.clone() }.bytes(),
        &expect!["unreadable: r1.tif cannot be read: its palette is missing or too short"],
    );
    check(
        "r1.tif",
        &Tiff { photometric: 6, ..rgb.clone() }.bytes(),
        &expect!["unsupported: r1.tif is a TIFF in YCbCr, which is not supported"],
    );
    check(
        "r1.tif",
        &Tiff { photometric: 8, ..rgb.clone() }.bytes(),
        &expect!["unsupported: r1.tif is a TIFF in Lab, which is not supported"],
    );
    check(
        "r1.tif",
        &Tiff { bits: 32, tags: vec![(339, vec![3; 3])], ..rgb.clone() }.bytes(),
        &expect!["unsupported: r1.tif is a TIFF with floating-point colours, which is not supported"],
    );
    check(
        "r1.tif",
        &Tiff { bits: 12, ..rgb.clone() }.bytes(),
        &expect!["unsupported: r1.tif is a TIFF with 12 bits a channel, which is not supported"],
    );
    check(
        "r1.tif",
        &Tiff { tags: vec![(259, vec![7])], ..rgb.clone() }.bytes(),
        &expect!["unsupported: r1.tif is a TIFF with JPEG compression, which is not supported"],
    );
    check(
        "r1.tif",
        &Tiff { samples: 65, ..rgb.clone() }.bytes(),
        &expect!["unsupported: r1.tif is a TIFF with 65 channels, which is not supported"],
    );
    check(
        "r1.tif",
        &Tiff { width: 30_000, height: 30_000, ..rgb.clone() }.bytes(),
        &expect!["too-large: r1.tif is too large: it is 30000 pixels wide, and 16384 is the most"],
    );
    check(
        "r1.tif",
        &Tiff { data: vec![], ..rgb }.bytes(),
        &expect!["unreadable: r1.tif cannot be read: a part of its picture is empty"],
    );
}

#[test]
fn a_tiff_that_states_something_twice_is_refused() {
    let rgb = Tiff::rgb(5, 4, vec![9; 60]);
    for twice in [256, 257, 317, 320] {
        let tags =
            if twice < 258 { vec![(twice, vec![50])] } else { vec![(twice, vec![1]), (twice, vec![2])] };
        let refusal =
            inspect("r1.tif", &Tiff { tags, ..rgb.clone() }.bytes(), &Limits::default()).unwrap_err();
        assert_eq!(refusal.slug(), "unreadable", "{refusal}");
    }
    check(
        "r1.tif",
        &Tiff { tags: vec![(256, vec![6])], ..rgb }.bytes(),
        &expect!["unreadable: r1.tif cannot be read: its table of contents has the same entry twice"],
    );
}

#[test]
fn a_tiff_with_more_values_than_a_picture_can_have_is_refused() {
    let rgb = Tiff::rgb(5, 4, vec![9; 60]);
    let mut few = Tiff { tags: vec![(317, vec![1; 3])], ..rgb.clone() }.bytes();
    let entry = few.windows(4).position(|bytes| bytes == [0x3d, 1, 3, 0]).unwrap();
    few[entry + 4..entry + 8].copy_from_slice(&3_000_000_u32.to_le_bytes());
    check(
        "r1.tif",
        &few,
        &expect!["truncated: r1.tif is cut short: it ends after 194 bytes, inside the picture"],
    );
    let tiles = vec![(322, vec![1]), (323, vec![1]), (324, vec![8])];
    check(
        "r1.tif",
        &Tiff { width: 600, height: 600, tags: tiles, ..rgb }.bytes(),
        &expect![
            "unsupported: r1.tif is a TIFF with more than 131072 strips or tiles, which is not supported"
        ],
    );
}

#[test]
fn a_palette_with_half_a_colour_is_refused() {
    let png = samples::encoded(&rgb(), ImageFormat::Png);
    check(
        "r1.png",
        &samples::png_with(&png, *b"PLTE", &[1, 2, 3, 4]),
        &expect!["unreadable: r1.png cannot be read: its palette is damaged"],
    );
}

#[test]
fn content_of_another_kind_than_the_name_says_is_refused() {
    check(
        "r1.jpg",
        &samples::png(5, 4),
        &expect!["not-what-its-name-says: r1.jpg is named as JPEG, but it is PNG"],
    );
    check(
        "r1.png",
        &samples::jpeg(5, 4),
        &expect!["not-what-its-name-says: r1.png is named as PNG, but it is JPEG"],
    );
    check(
        "r1.png",
        b"<!doctype html><title>Not found</title>",
        &expect!["not-what-its-name-says: r1.png is named as PNG, but it is a web page or other text"],
    );
    check("r1.png", b"GIF89a", &expect!["not-what-its-name-says: r1.png is named as PNG, but it is GIF"]);
    check(
        "r1.tif",
        b"\0\0\0\x20ftypavif",
        &expect!["not-what-its-name-says: r1.tif is named as TIFF, but it is AVIF"],
    );
    check(
        "r1.png",
        b"nothing known",
        &expect!["not-what-its-name-says: r1.png is named as PNG, but its content is not"],
    );
    check("r1.png", b"", &expect!["truncated: r1.png is cut short: the file is empty"]);
    check("r1.png", b"\x89PN", &expect!["truncated: r1.png is cut short: it ends after 3 bytes"]);
    check("r1", &samples::png(5, 4), &expect!["PNG 5 x 4 Rgb 8 alpha"]);
    check(
        "r1",
        b"nothing known",
        &expect!["unreadable: r1 cannot be read: it is no PNG, JPEG, TIFF or WebP image"],
    );
}

#[test]
fn a_file_of_too_many_bytes_is_refused() {
    let limits = Limits { max_file_bytes: 100, ..Limits::default() };
    let refusal = inspect("r1.png", &samples::png(50, 50), &limits).unwrap_err();
    assert_eq!((refusal.slug(), refusal.file()), ("too-large", Some("r1.png")));
}
