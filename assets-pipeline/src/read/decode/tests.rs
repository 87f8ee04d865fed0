use image::{DynamicImage, ImageBuffer, ImageEncoder, ImageFormat, Luma, LumaA, Rgb, Rgba, RgbaImage};
use moxcms::ColorProfile;

use super::{Decoded, decode};
use crate::read::integrity::inspect;
use crate::read::limits::Limits;
use crate::read::remark::Remark;
use crate::samples::{self, Tiff};

fn decoded(name: &str, bytes: &[u8]) -> Decoded {
    decode(name, bytes, &Limits::default()).unwrap()
}

fn png_with_profile(picture: &DynamicImage, profile: Vec<u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    encoder.set_icc_profile(profile).unwrap();
    encoder
        .write_image(picture.as_bytes(), picture.width(), picture.height(), picture.color().into())
        .unwrap();
    bytes
}

fn remarks(decoded: &Decoded) -> Vec<String> {
    decoded.remarks.iter().map(ToString::to_string).collect()
}

/// The largest difference of a channel between two pictures of one size.
fn distance(a: &RgbaImage, b: &RgbaImage) -> u8 {
    assert_eq!(a.dimensions(), b.dimensions());
    a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

#[test]
fn lossless_formats_give_back_the_very_pixels() {
    let picture = samples::picture(23, 17);
    for (name, bytes) in samples::of_each_format(23, 17) {
        let decoded = decoded(name, &bytes);
        if name == "r1.jpg" {
            assert!(!decoded.had_alpha);
            assert_eq!(decoded.image.dimensions(), (23, 17));
        } else {
            assert!(decoded.had_alpha, "{name}");
            assert_eq!(decoded.image, picture, "{name}");
        }
        assert_eq!(decoded.converted_profile, None);
    }
}

#[test]
fn an_alpha_channel_that_hides_nothing_is_no_alpha() {
    let opaque = RgbaImage::from_pixel(3, 3, Rgba([1, 2, 3, 255]));
    let png = samples::encoded(&opaque.into(), ImageFormat::Png);
    assert!(!decoded("r1.png", &png).had_alpha);
}

#[test]
fn sixteen_bits_are_rounded_to_the_nearest_eight() {
    let levels: [u16; 6] = [0, 128, 129, 257 * 100 + 128, 257 * 100 + 129, 65535];
    let picture = ImageBuffer::from_fn(6, 1, |x, _| Luma([levels[x as usize]]));
    let png = samples::encoded(&DynamicImage::ImageLuma16(picture), ImageFormat::Png);
    let greys: Vec<u8> = decoded("r1.png", &png).image.pixels().map(|pixel| pixel.0[0]).collect();
    assert_eq!(greys, [0, 0, 1, 100, 101, 255]);
}

#[test]
fn grey_becomes_equal_colours_and_keeps_its_alpha() {
    let picture = DynamicImage::ImageLumaA8(ImageBuffer::from_pixel(2, 2, LumaA([90, 40])));
    let decoded = decoded("r1.png", &samples::encoded(&picture, ImageFormat::Png));
    assert_eq!(*decoded.image.get_pixel(1, 1), Rgba([90, 90, 90, 40]));
}

#[test]
fn a_palette_is_looked_up() {
    let bits = [0b0001_1011_u8];
    let mut raw = vec![0];
    raw.extend(bits);
    let mut zlib = vec![0x78, 0x01, 1];
    zlib.extend((raw.len() as u16).to_le_bytes());
    zlib.extend((!(raw.len() as u16)).to_le_bytes());
    zlib.extend(&raw);
    let adler =
        raw.iter().fold((1_u32, 0_u32), |(a, b), &byte| (a + u32::from(byte), b + a + u32::from(byte)));
    zlib.extend((adler.1 << 16 | adler.0).to_be_bytes());
    let header = [&4_u32.to_be_bytes()[..], &1_u32.to_be_bytes(), &[2, 3, 0, 0, 0]].concat();
    let png = [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        samples::png_chunk(*b"IHDR", &header),
        samples::png_chunk(*b"PLTE", &[255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9]),
        samples::png_chunk(*b"tRNS", &[255, 128]),
        samples::png_chunk(*b"IDAT", &zlib),
        samples::png_chunk(*b"IEND", &[]),
    ]
    .concat();
    let colours: Vec<[u8; 4]> = decoded("r1.png", &png).image.pixels().map(|pixel| pixel.0).collect();
    assert_eq!(colours, [[255, 0, 0, 255], [0, 255, 0, 128], [0, 0, 255, 255], [9, 9, 9, 255]]);
}

#[test]
fn an_orientation_is_applied() {
    let upright = decoded("r1.png", &samples::png(5, 4)).image;
    let turned = samples::png_with(&samples::png(5, 4), *b"eXIf", &samples::exif(6));
    assert_eq!(decoded("r1.png", &turned).image, image::imageops::rotate90(&upright));

    let jpeg = samples::jpeg(5, 4);
    let exif = [b"Exif\0\0".to_vec(), samples::exif(8)].concat();
    let upright = decoded("r1.jpg", &jpeg).image;
    assert_eq!(
        decoded("r1.jpg", &samples::jpeg_with(&jpeg, 0xe1, &exif)).image,
        image::imageops::rotate270(&upright)
    );

    let flipped = Tiff { tags: vec![(274, vec![2])], ..Tiff::rgb(2, 1, vec![1, 2, 3, 4, 5, 6]) };
    assert_eq!(decoded("r1.tif", &flipped.bytes()).image.as_raw(), &[4, 5, 6, 255, 1, 2, 3, 255]);

    let webp = samples::webp_extended(&samples::webp(5, 4), 0x18, 5, 4, Some((*b"EXIF", &samples::exif(3))));
    let upright = decoded("r1.webp", &samples::webp(5, 4)).image;
    assert_eq!(decoded("r1.webp", &webp).image, image::imageops::rotate180(&upright));
}

#[test]
fn colours_multiplied_with_alpha_are_divided_again() {
    let premultiplied = Tiff {
        samples: 4,
        extra: vec![1],
        ..Tiff::rgb(3, 1, vec![50, 100, 0, 100, 7, 7, 7, 0, 200, 10, 10, 100])
    };
    let decoded8 = decoded("r1.tif", &premultiplied.bytes());
    // Half of 255, transparent black, and a colour brighter than its alpha allows.
    assert_eq!(decoded8.image.as_raw(), &[128, 255, 0, 100, 0, 0, 0, 0, 255, 26, 26, 100]);

    let samples16: Vec<u8> = [20_000_u16, 0, 10_000, 40_000].iter().flat_map(|s| s.to_le_bytes()).collect();
    let premultiplied = Tiff { samples: 4, bits: 16, extra: vec![1], ..Tiff::rgb(1, 1, samples16) };
    assert_eq!(decoded("r1.tif", &premultiplied.bytes()).image.as_raw(), &[128, 0, 64, 156]);
}

#[test]
fn every_kind_of_tiff_that_passes_inspection_is_decoded() {
    let rgb = Tiff::rgb(2, 1, vec![1, 2, 3, 4, 5, 6]);
    assert_eq!(decoded("r1.tif", &rgb.bytes()).image.as_raw(), &[1, 2, 3, 255, 4, 5, 6, 255]);
    let big = Tiff { big: true, ..rgb.clone() };
    assert_eq!(decoded("r1.tif", &big.bytes()).image.as_raw(), &[1, 2, 3, 255, 4, 5, 6, 255]);
    let straight = Tiff { samples: 4, extra: vec![2], data: vec![1, 2, 3, 9, 4, 5, 6, 8], ..rgb.clone() };
    assert_eq!(decoded("r1.tif", &straight.bytes()).image.as_raw(), &[1, 2, 3, 9, 4, 5, 6, 8]);
    let unnamed = Tiff { extra: vec![], ..straight.clone() };
    assert_eq!(decoded("r1.tif", &unnamed.bytes()).image.as_raw(), &[1, 2, 3, 9, 4, 5, 6, 8]);
    // A fourth channel that is no alpha, as image editors keep masks in.
    let mask = Tiff { extra: vec![0], ..straight };
    assert_eq!(decoded("r1.tif", &mask.bytes()).image.as_raw(), &[1, 2, 3, 255, 4, 5, 6, 255]);
    let grey = Tiff { photometric: 1, samples: 1, data: vec![7, 8], ..rgb.clone() };
    assert_eq!(decoded("r1.tif", &grey.bytes()).image.as_raw(), &[7, 7, 7, 255, 8, 8, 8, 255]);
    let negative = Tiff { photometric: 0, ..grey.clone() };
    assert_eq!(
        decoded("r1.tif", &negative.bytes()).image.as_raw(),
        &[248, 248, 248, 255, 247, 247, 247, 255]
    );
    let bitmap = Tiff { bits: 1, data: vec![0b0100_0000], ..grey.clone() };
    assert_eq!(decoded("r1.tif", &bitmap.bytes()).image.as_raw(), &[0, 0, 0, 255, 255, 255, 255, 255]);
    let grey16 = Tiff { bits: 16, data: vec![0, 128, 255, 255], ..grey };
    assert_eq!(decoded("r1.tif", &grey16.bytes()).image.as_raw(), &[128, 128, 128, 255, 255, 255, 255, 255]);
    let planar = Tiff { tags: vec![(284, vec![2])], ..rgb };
    let refusal = decode("r1.tif", &planar.bytes(), &Limits::default()).unwrap_err();
    assert_eq!(refusal.slug(), "unreadable", "three planes need three strips");
}

#[test]
fn a_profile_of_srgb_changes_nothing() {
    let picture = samples::picture(31, 9);
    let profile = ColorProfile::new_srgb().encode().unwrap();
    let decoded = decoded("r1.png", &png_with_profile(&picture.clone().into(), profile));
    assert_eq!((decoded.image, decoded.converted_profile, decoded.remarks), (picture, None, vec![]));
}

#[test]
fn a_wide_gamut_is_converted_at_both_depths() {
    let picture = RgbaImage::from_fn(256, 3, |x, y| {
        let x = x as u8;
        [Rgba([x, x, x, 255]), Rgba([x, 128, 64, x]), Rgba([200, 255 - x, x, 255])][y as usize]
    });
    let expected = RgbaImage::from_fn(256, 3, |x, y| display_p3_to_srgb(*picture.get_pixel(x, y)));
    let profile = ColorProfile::new_display_p3().encode().unwrap();
    let eight = decoded("r1.png", &png_with_profile(&picture.clone().into(), profile.clone()));
    let sixteen =
        decoded("r1.png", &png_with_profile(&DynamicImage::from(picture).to_rgba16().into(), profile));
    assert_eq!(eight.converted_profile.as_deref(), Some("Display P3"));
    assert_eq!(sixteen.converted_profile.as_deref(), Some("Display P3"));
    assert!(distance(&eight.image, &expected) <= 1, "{}", distance(&eight.image, &expected));
    assert!(distance(&sixteen.image, &expected) <= 1, "{}", distance(&sixteen.image, &expected));
}

/// SMPTE RP 431-2 primaries at D65 with the sRGB curve, to sRGB, in double precision.
fn display_p3_to_srgb(pixel: Rgba<u8>) -> Rgba<u8> {
    const MATRIX: [[f64; 3]; 3] = [
        [1.224_940_176, -0.224_940_176, 0.0],
        [-0.042_056_955, 1.042_056_955, 0.0],
        [-0.019_637_555, -0.078_636_046, 1.098_273_600],
    ];
    let linear = [0, 1, 2].map(|c| {
        let x = f64::from(pixel.0[c]) / 255.0;
        if x <= 0.04045 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) }
    });
    let encoded = MATRIX.map(|row| {
        let x: f64 = row.iter().zip(linear).map(|(m, l)| m * l).sum::<f64>().clamp(0.0, 1.0);
        let x = if x <= 0.003_130_8 { x * 12.92 } else { 1.055 * x.powf(1.0 / 2.4) - 0.055 };
        (x * 255.0).round() as u8
    });
    Rgba([encoded[0], encoded[1], encoded[2], pixel.0[3]])
}

#[test]
fn colour_codes_of_a_png_overrule() {
    let picture = samples::picture(8, 8);
    let png = samples::encoded(&picture.clone().into(), ImageFormat::Png);
    let srgb = decoded("r1.png", &samples::png_with(&png, *b"cICP", &[1, 13, 0, 1]));
    assert_eq!((srgb.image, srgb.converted_profile), (picture.clone(), None));
    let p3 = decoded("r1.png", &samples::png_with(&png, *b"cICP", &[12, 13, 0, 1]));
    assert!(p3.converted_profile.is_some());
    let expected = RgbaImage::from_fn(8, 8, |x, y| display_p3_to_srgb(*picture.get_pixel(x, y)));
    assert!(distance(&p3.image, &expected) <= 1);
}

#[test]
fn a_grey_profile_is_converted() {
    let ramp = ImageBuffer::from_fn(256, 1, |x, _| Luma([x as u8]));
    let profile = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    let png = png_with_profile(&DynamicImage::ImageLuma8(ramp), profile);
    let decoded = decoded("r1.png", &png);
    assert!(decoded.converted_profile.is_some(), "{:?}", decoded.remarks);
    // Linear light of one half is 188 of 255 in sRGB.
    assert!(decoded.image.get_pixel(128, 0).0[0].abs_diff(188) <= 1);
    assert!(decoded.image.pixels().all(|Rgba([r, g, b, a])| r == g && g == b && *a == 255));
}

#[test]
fn a_profile_that_cannot_be_used_is_remarked() {
    let picture = DynamicImage::ImageRgb8(ImageBuffer::from_pixel(2, 2, Rgb([10, 20, 30])));
    let grey = ColorProfile::new_gray_with_gamma(2.2).encode().unwrap();
    for profile in [b"not a profile".to_vec(), grey] {
        let decoded = decoded("r1.png", &png_with_profile(&picture, profile));
        assert_eq!(*decoded.image.get_pixel(0, 0), Rgba([10, 20, 30, 255]));
        assert_eq!(decoded.remarks.len(), 1);
    }
}

#[test]
fn pixels_that_are_missing_within_a_sound_structure_are_refused() {
    let refusal = decode("r1.png", &samples::png_of_size(100, 100), &Limits::default()).unwrap_err();
    assert!(matches!(refusal.slug(), "truncated" | "unreadable"), "{refusal}");
    assert_eq!(refusal.file(), Some("r1.png"));
}

#[test]
fn a_profile_that_unpacks_to_more_than_a_profile_is_remarked() {
    let picture = DynamicImage::from(samples::picture(2, 2));
    for bytes in [1 << 20, 20 << 20] {
        let decoded = decoded("r1.png", &png_with_profile(&picture, vec![0; bytes]));
        assert_eq!(decoded.remarks.len(), 1);
    }
}

#[test]
fn a_damaged_profile_is_remarked() {
    const REMARK: &str = "the colour profile cannot be used, and the colours are taken for sRGB";
    let png = samples::png_with(&samples::png(4, 4), *b"iCCP", b"name\0\0no deflate stream");
    assert_eq!(remarks(&decoded("r1.png", &png)), [REMARK]);
    let half = [b"ICC_PROFILE\0\x01\x02".to_vec(), ColorProfile::new_display_p3().encode().unwrap()].concat();
    let jpeg = samples::jpeg_with(&samples::jpeg(4, 4), 0xe2, &half);
    assert_eq!(remarks(&decoded("r1.jpg", &jpeg)), [REMARK]);
    let webp = samples::webp_extended(&samples::webp(4, 4), 0x30, 4, 4, Some((*b"ICCP", b"nothing")));
    assert_eq!(remarks(&decoded("r1.webp", &webp)), [REMARK]);
    let tiff = Tiff { tags: vec![(34_675, vec![1; 9])], ..Tiff::rgb(4, 4, vec![0; 48]) }.bytes();
    let entry = tiff.windows(4).position(|bytes| bytes == [0x73, 0x87, 3, 0]).unwrap();
    // Bytes without a meaning, text, and numbers.
    for kind in [7, 2, 3] {
        let tiff = [&tiff[..entry + 2], &[kind], &tiff[entry + 3..]].concat();
        assert_eq!(remarks(&decoded("r1.tif", &tiff)), [REMARK], "{kind}");
    }
}

#[test]
fn metadata_far_beyond_its_picture_is_refused() {
    let png = samples::png_with(
        &samples::png(2, 2),
        *b"tEXt",
        &[b"Comment\0".to_vec(), vec![b' '; 9 << 20]].concat(),
    );
    let refusal = decode("r1.png", &png, &Limits::default()).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "r1.png is a PNG with more metadata, or larger parts, than its picture calls for, which is not supported"
    );
}

#[test]
fn the_name_of_a_profile_cannot_turn_the_text_around_it() {
    let mut profile = ColorProfile::new_display_p3();
    profile.description = Some(moxcms::ProfileText::PlainString("P\u{202e}3\u{2028}\u{7}".into()));
    let icc = profile.encode().unwrap();
    let png = png_with_profile(&DynamicImage::from(samples::picture(2, 2)), icc);
    let name = decoded("r1.png", &png).converted_profile.unwrap();
    assert!(name.chars().all(|c| c.is_ascii() && !c.is_control()), "{name:?}");
}

#[test]
fn what_a_codec_says_is_told_in_one_line() {
    let mut jpeg = samples::jpeg(8, 8);
    // The first table ends behind its own end.
    let table = jpeg.windows(2).position(|bytes| bytes == [0xff, 0xdb]).unwrap();
    jpeg.splice(table..table, samples::jpeg_segment(0xdb, &[0]));
    let text = decode("r1.jpg", &jpeg, &Limits::default()).unwrap_err().to_string();
    assert!(text.starts_with("r1.jpg cannot be read: ") && !text.contains(char::is_control), "{text:?}");
}

#[test]
fn transparency_of_a_webp_is_that_of_libwebp_however_it_is_stored() {
    const FLAGS: usize = 20;
    let picture = RgbaImage::from_fn(8, 6, |x, y| Rgba([200, 170, 60, (x * 30 + y) as u8]));
    let encoder = webp::Encoder::from_rgba(&picture, 8, 6);
    let lossy = encoder.encode(90.0).to_vec();
    let lossless = samples::webp_extended(&encoder.encode_lossless(), 0, 8, 6, None);
    let mut unannounced = lossy.clone();
    unannounced[FLAGS] = 0;
    // The chunk of transparency comes first after the header.
    let length = 8 + u32::from_le_bytes(lossy[34..38].try_into().unwrap()).next_multiple_of(2) as usize;
    assert_eq!(&lossy[30..34], b"ALPH");
    let mut none = [&lossy[..30], &lossy[30 + length..]].concat();
    let riff_bytes = none.len() as u32 - 8;
    none[4..8].copy_from_slice(&riff_bytes.to_le_bytes());
    let late = [&lossy[..30], &lossy[30 + length..], &lossy[30..30 + length]].concat();
    let mut damaged = late.clone();
    let end = damaged.len();
    damaged[end - (length - 8)..].fill(0xff);
    let cases = [
        ("lossy", unannounced, true),
        ("lossless", lossless, true),
        ("late", late, false),
        ("late and damaged", damaged, false),
        ("announced, and none", none, false),
    ];
    for (what, webp, has_alpha) in cases {
        let found = decoded("r1.webp", &webp);
        let reference = webp::Decoder::new(&webp).decode().unwrap();
        assert_eq!(found.had_alpha, has_alpha, "{what}");
        let expected: Vec<u8> = if reference.is_alpha() {
            reference.iter().skip(3).step_by(4).copied().collect()
        } else {
            vec![255; 48]
        };
        let alphas: Vec<u8> = found.image.pixels().map(|pixel| pixel.0[3]).collect();
        assert_eq!(alphas, expected, "{what}");
        let header = inspect("r1.webp", &webp, &Limits::default()).unwrap();
        assert_eq!(
            header.remarks.contains(&Remark::AlphaIrregular),
            !what.starts_with("announced"),
            "{what}"
        );
    }
}
