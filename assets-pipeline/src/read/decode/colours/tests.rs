use image::{DynamicImage, GrayImage, ImageBuffer, ImageFormat, Rgb, RgbImage};
use moxcms::ColorProfile;

use crate::read::decode::{Decoded, decode};
use crate::read::limits::Limits;
use crate::read::remark::Remark;
use crate::samples::{self, Tiff};

type Chart = [[u8; 3]; 8];
type Chunk = ([u8; 4], Vec<u8>);

/// Gold, rose gold, greys, and colours that other primaries show elsewhere.
const CHART: Chart = [
    [212, 175, 55],
    [183, 110, 121],
    [128, 128, 128],
    [20, 20, 20],
    [90, 160, 60],
    [30, 120, 200],
    [5, 5, 5],
    [255, 0, 0],
];

/// The chart, where its levels are those of Adobe RGB, as Chromium 156 shows it in sRGB.
const ADOBE_CHART: Chart = [
    [226, 177, 35],
    [205, 110, 122],
    [129, 129, 129],
    [12, 12, 12],
    [0, 161, 46],
    [0, 121, 204],
    [1, 1, 1],
    [255, 0, 0],
];

const SRGB: [u32; 8] = [31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000];
const ADOBE: [u32; 8] = [31_270, 32_900, 64_000, 33_000, 21_000, 71_000, 15_000, 6_000];
const PROPHOTO: [u32; 8] = [34_567, 35_850, 73_470, 26_530, 15_960, 84_040, 3_660, 10];
const LINE: [u32; 8] = [31_270, 32_900, 64_000, 33_000, 64_000, 33_000, 15_000, 6_000];

fn gama(gamma: u32) -> Chunk {
    (*b"gAMA", gamma.to_be_bytes().to_vec())
}

fn chrm(values: [u32; 8]) -> Chunk {
    (*b"cHRM", values.iter().flat_map(|value| value.to_be_bytes()).collect())
}

fn srgb(intent: u8) -> Chunk {
    (*b"sRGB", vec![intent])
}

fn cicp(codes: [u8; 4]) -> Chunk {
    (*b"cICP", codes.to_vec())
}

fn iccp(profile: &[u8]) -> Chunk {
    (*b"iCCP", [&b"profile\0\0"[..], &samples::zlib(profile)].concat())
}

fn chart() -> RgbImage {
    RgbImage::from_fn(8, 1, |x, _| Rgb(CHART[x as usize]))
}

/// The PNG with these chunks behind its header, in this order.
fn with(png: &[u8], chunks: &[Chunk]) -> Vec<u8> {
    chunks.iter().rev().fold(png.to_vec(), |png, (kind, data)| samples::png_with(&png, *kind, data))
}

fn decoded(name: &str, bytes: &[u8]) -> Decoded {
    decode(name, bytes, &Limits::default()).unwrap()
}

fn shown(decoded: &Decoded) -> Chart {
    std::array::from_fn(|x| {
        let [red, green, blue, _] = decoded.image.get_pixel(x as u32, 0).0;
        [red, green, blue]
    })
}

/// The largest difference of a channel.
fn distance(a: &Chart, b: &Chart) -> u8 {
    a.as_flattened().iter().zip(b.as_flattened()).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

#[track_caller]
fn assert_close(what: &str, found: &Decoded, expected: &Chart) {
    let found = shown(found);
    assert!(distance(&found, expected) <= 2, "{what}: {found:?} instead of {expected:?}");
}

#[test]
#[rustfmt::skip]
fn chunks_of_a_png_count_as_in_chromium() {
    // What Chromium 156 draws of the chart onto a canvas in sRGB.
    let cases: Vec<(&str, Vec<Chunk>, Chart)> = vec![
        ("gamma 1.0", vec![gama(100_000)], [[235, 216, 128], [220, 176, 183], [188, 188, 188], [79, 79, 79], [160, 208, 133], [96, 183, 229], [38, 38, 38], [255, 0, 0]]),
        ("a gamma of sRGB", vec![gama(45_455)], CHART),
        ("gamma 2.0", vec![gama(50_000)], [[217, 183, 61], [190, 119, 131], [137, 137, 137], [18, 18, 18], [99, 168, 67], [31, 130, 206], [1, 1, 1], [255, 0, 0]]),
        ("a gamma at the edge of sRGB's", vec![gama(43_185)], CHART),
        ("a gamma beyond it", vec![gama(43_180)], [[211, 173, 47], [181, 105, 117], [124, 124, 124], [9, 9, 9], [84, 158, 53], [20, 116, 199], [0, 0, 0], [255, 0, 0]]),
        ("gAMA and cHRM of sRGB", vec![gama(45_455), chrm(SRGB)], [[213, 177, 52], [184, 110, 122], [129, 129, 129], [12, 12, 12], [90, 161, 57], [24, 121, 201], [1, 1, 1], [255, 0, 0]]),
        ("Adobe RGB", vec![gama(45_471), chrm(ADOBE)], [[226, 177, 35], [205, 110, 122], [129, 129, 129], [12, 12, 12], [0, 161, 46], [0, 121, 204], [1, 1, 1], [255, 0, 0]]),
        ("ProPhoto", vec![gama(55_556), chrm(PROPHOTO)], [[255, 181, 0], [241, 106, 141], [146, 146, 146], [26, 26, 26], [0, 187, 37], [0, 151, 219], [3, 3, 3], [255, 0, 0]]),
        ("primaries alone", vec![chrm(ADOBE)], CHART),
        ("primaries on a line", vec![gama(60_000), chrm(LINE)], CHART),
        ("sRGB before gAMA", vec![srgb(0), gama(100_000)], CHART),
        ("gAMA before sRGB", vec![gama(100_000), srgb(0)], CHART),
        ("the first of two gammas", vec![gama(100_000), gama(50_000)], [[235, 216, 128], [220, 176, 183], [188, 188, 188], [79, 79, 79], [160, 208, 133], [96, 183, 229], [38, 38, 38], [255, 0, 0]]),
        ("an sRGB chunk of no meaning", vec![srgb(9), gama(60_000)], [[223, 193, 79], [200, 136, 146], [153, 153, 153], [32, 32, 32], [117, 181, 84], [47, 145, 213], [5, 5, 5], [255, 0, 0]]),
        ("cICP 12 13", vec![cicp([12, 13, 0, 1])], [[219, 173, 0], [195, 105, 120], [128, 128, 128], [20, 20, 20], [61, 162, 39], [0, 122, 206], [5, 5, 5], [255, 0, 0]]),
        ("cICP 9 1", vec![cicp([9, 1, 0, 1])], [[234, 166, 0], [212, 86, 113], [121, 121, 121], [7, 7, 7], [0, 162, 1], [0, 118, 205], [0, 0, 0], [255, 0, 0]]),
        ("cICP 1 8", vec![cicp([1, 8, 0, 1])], [[235, 216, 128], [220, 176, 183], [188, 188, 188], [79, 79, 79], [160, 208, 133], [96, 183, 229], [38, 38, 38], [255, 0, 0]]),
        ("cICP 1 4", vec![cicp([1, 4, 0, 1])], [[213, 176, 52], [184, 110, 122], [129, 129, 129], [12, 12, 12], [90, 161, 57], [24, 121, 201], [1, 1, 1], [255, 0, 0]]),
        ("cICP 1 5", vec![cicp([1, 5, 0, 1])], [[203, 159, 31], [169, 87, 99], [106, 106, 106], [3, 3, 3], [66, 142, 36], [8, 98, 189], [0, 0, 0], [255, 0, 0]]),
        ("cICP 1 7", vec![cicp([1, 7, 0, 1])], [[217, 184, 73], [191, 125, 135], [141, 141, 141], [38, 38, 38], [106, 170, 77], [48, 134, 206], [15, 15, 15], [255, 0, 0]]),
        ("cICP 4 13", vec![cicp([4, 13, 0, 1])], [[231, 169, 13], [207, 108, 119], [128, 128, 128], [20, 20, 20], [19, 157, 49], [0, 129, 205], [5, 5, 5], [255, 0, 0]]),
        ("cICP 5 13", vec![cicp([5, 13, 0, 1])], [[213, 175, 58], [185, 110, 121], [128, 128, 128], [20, 20, 20], [85, 160, 62], [16, 120, 199], [5, 5, 5], [255, 0, 0]]),
        ("cICP 6 13", vec![cicp([6, 13, 0, 1])], [[209, 175, 53], [180, 112, 121], [128, 128, 128], [20, 20, 20], [95, 158, 59], [46, 121, 200], [5, 5, 5], [248, 36, 0]]),
        ("cICP 8 13", vec![cicp([8, 13, 0, 1])], [[223, 174, 3], [201, 105, 120], [128, 128, 128], [20, 20, 20], [36, 164, 44], [0, 120, 205], [5, 5, 5], [255, 0, 0]]),
        ("cICP 10 13", vec![cicp([10, 13, 0, 1])], [[255, 119, 0], [255, 0, 128], [128, 128, 128], [20, 20, 20], [0, 202, 0], [0, 165, 207], [5, 5, 5], [255, 0, 71]]),
        ("cICP 11 13", vec![cicp([11, 13, 0, 1])], [[217, 174, 0], [191, 105, 120], [128, 128, 128], [20, 20, 20], [71, 162, 39], [0, 122, 206], [5, 5, 5], [255, 0, 0]]),
        ("cICP 22 13", vec![cicp([22, 13, 0, 1])], [[213, 173, 54], [184, 112, 121], [128, 128, 128], [20, 20, 20], [87, 157, 60], [24, 123, 200], [5, 5, 5], [255, 38, 0]]),
        ("cICP 1 12", vec![cicp([1, 12, 0, 1])], CHART),
        ("cICP 3 13", vec![cicp([3, 13, 0, 1])], CHART),
        ("cICP 2 2", vec![cicp([2, 2, 0, 1])], CHART),
        ("cICP of narrow range", vec![cicp([12, 13, 0, 0])], CHART),
        ("cICP of narrow range before gAMA", vec![cicp([12, 13, 0, 0]), gama(100_000)], [[235, 216, 128], [220, 176, 183], [188, 188, 188], [79, 79, 79], [160, 208, 133], [96, 183, 229], [38, 38, 38], [255, 0, 0]]),
        ("cICP of sRGB before gAMA", vec![cicp([1, 13, 0, 1]), gama(100_000)], CHART),
    ];
    let png = samples::encoded(&chart().into(), ImageFormat::Png);
    for (what, chunks, expected) in cases {
        assert_close(what, &decoded("r1.png", &with(&png, &chunks)), &expected);
    }
}

#[test]
fn every_kind_of_png_is_converted_alike() {
    let adobe = [gama(45_471), chrm(ADOBE)];
    let picture = DynamicImage::from(chart());
    let kinds =
        [picture.clone(), picture.to_rgb16().into(), picture.to_rgba8().into(), picture.to_rgba16().into()];
    for kind in kinds {
        let png = samples::encoded(&kind, ImageFormat::Png);
        assert_close(&format!("{:?}", kind.color()), &decoded("r1.png", &with(&png, &adobe)), &ADOBE_CHART);
    }
    let palette = samples::palette_png(&CHART);
    assert_close("a palette", &decoded("r1.png", &with(&palette, &adobe)), &ADOBE_CHART);
    let greys: Chart = CHART.map(|[_, green, _]| [green; 3]);
    let picture = DynamicImage::from(RgbImage::from_fn(8, 1, |x, _| Rgb(greys[x as usize])));
    // Of gamma 1, by Chromium 156.
    let expected = [216, 175, 188, 79, 208, 181, 38, 0].map(|grey| [grey; 3]);
    for kind in
        [DynamicImage::from(picture.to_luma8()), picture.to_luma16().into(), picture.to_luma_alpha8().into()]
    {
        let png = with(&samples::encoded(&kind, ImageFormat::Png), &[gama(100_000)]);
        let decoded = decoded("r1.png", &png);
        assert_close(&format!("{:?}", kind.color()), &decoded, &expected);
        assert!(decoded.image.pixels().all(|pixel| pixel.0[0] == pixel.0[1] && pixel.0[1] == pixel.0[2]));
    }
}

#[test]
fn linear_light_of_16_bits_gives_back_the_chart() {
    let linear = ImageBuffer::from_fn(8, 1, |x, _| {
        Rgb(CHART[x as usize].map(|level| {
            let x = f64::from(level) / 255.0;
            let linear = if x <= 0.040_45 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) };
            (linear * 65_535.0).round() as u16
        }))
    });
    let png = samples::encoded(&DynamicImage::ImageRgb16(linear), ImageFormat::Png);
    let decoded = decoded("r1.png", &with(&png, &[gama(100_000)]));
    assert_close("linear light", &decoded, &CHART);
    assert_eq!(decoded.converted_profile.as_deref(), Some("gamma 1.00 (gAMA)"));
    assert_eq!(decoded.remarks, [Remark::Converted { from: "gamma 1.00 (gAMA)".into() }]);
}

#[test]
fn adobe_rgb_that_exif_data_name_is_converted_in_every_format() {
    let picture = DynamicImage::from(chart());
    let r03 = samples::exif_colours(0xffff, *b"R03\0");
    let png = samples::encoded(&picture, ImageFormat::Png);
    let in_png = decoded("r1.png", &samples::png_with(&png, *b"eXIf", &r03));
    assert_close("PNG", &in_png, &ADOBE_CHART);
    assert_eq!(in_png.converted_profile.as_deref(), Some("Adobe RGB (EXIF)"));

    let webp = samples::encoded(&picture, ImageFormat::WebP);
    let webp = samples::webp_extended(&webp, 0x08, 8, 1, Some((*b"EXIF", &r03)));
    assert_close("WebP", &decoded("r1.webp", &webp), &ADOBE_CHART);

    let with_pointer = |at: u16| {
        let pixels = chart().into_raw();
        Tiff { tags: vec![(0x8769, vec![at])], ..Tiff::rgb(8, 1, pixels) }.bytes()
    };
    let at = with_pointer(0).len();
    let tiff = [with_pointer(at as u16), samples::exif_directory(at as u32, 0xffff, *b"R03\0")].concat();
    assert_close("TIFF", &decoded("r1.tif", &tiff), &ADOBE_CHART);

    // A plain patch each, which JPEG keeps to a level.
    let block = [&b"Exif\0\0"[..], &r03].concat();
    for (stored, expected) in CHART.into_iter().zip(ADOBE_CHART) {
        let patch = DynamicImage::from(RgbImage::from_pixel(16, 16, Rgb(stored)));
        let jpeg = samples::jpeg_with(&samples::encoded(&patch, ImageFormat::Jpeg), 0xe1, &block);
        let [red, green, blue, _] = decoded("r1.jpg", &jpeg).image.get_pixel(8, 8).0;
        let plain = samples::encoded(&patch, ImageFormat::Jpeg);
        let [_, kept_green, ..] = decoded("r1.jpg", &plain).image.get_pixel(8, 8).0;
        assert!(green.abs_diff(expected[1]) <= 3 + kept_green.abs_diff(stored[1]), "{green} of {expected:?}");
        assert!(
            distance(&[[red, green, blue]; 8], &[expected; 8]) <= 12,
            "{red} {green} {blue} of {expected:?}"
        );
    }
}

#[test]
fn exif_data_count_where_nothing_else_is_said() {
    let png = samples::encoded(&chart().into(), ImageFormat::Png);
    let exif = |space, index: &[u8; 4]| (*b"eXIf", samples::exif_colours(space, *index));
    let r03 = exif(0xffff, b"R03\0");
    for (what, chunks, expected) in [
        ("sRGB", vec![exif(1, b"R98\0")], CHART),
        ("sRGB, with the index of Adobe RGB", vec![exif(1, b"R03\0")], CHART),
        ("a space that the standard does not have", vec![exif(2, b"R98\0")], ADOBE_CHART),
        ("an sRGB chunk", vec![srgb(0), r03.clone()], CHART),
        ("a gamma", vec![gama(45_455), r03.clone()], CHART),
        ("codes", vec![r03.clone(), cicp([1, 13, 0, 1])], CHART),
        ("a profile", vec![r03.clone(), iccp(&ColorProfile::new_srgb().encode().unwrap())], CHART),
        ("a profile that is none", vec![r03, iccp(b"none")], ADOBE_CHART),
    ] {
        assert_close(what, &decoded("r1.png", &with(&png, &chunks)), &expected);
    }
    let uncalibrated = decoded("r1.png", &with(&png, &[exif(0xffff, b"R98\0")]));
    assert_eq!((shown(&uncalibrated), uncalibrated.remarks), (CHART, vec![Remark::Uncalibrated]));
}

/// A profile for other colours than red, green and blue, by its header.
fn cmyk() -> Vec<u8> {
    let mut profile = ColorProfile::new_gray_with_gamma(2.2).encode().unwrap();
    profile[16..20].copy_from_slice(b"CMYK");
    profile
}

#[test]
fn a_profile_for_other_colours_ends_the_search_and_one_that_is_none_does_not() {
    let png = samples::encoded(&chart().into(), ImageFormat::Png);
    let grey = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    let half = ColorProfile::new_adobe_rgb().encode().unwrap()[..200].to_vec();
    let adobe = [gama(45_471), chrm(ADOBE)];
    for (profile, kind) in [(grey, "grey"), (cmyk(), "CMYK")] {
        for rest in [&adobe[..], &[]] {
            let decoded = decoded("r1.png", &with(&png, &[&[iccp(&profile)], rest].concat()));
            assert_eq!(shown(&decoded), CHART);
            assert_eq!(decoded.remarks, [Remark::ProfileMismatched { profile: kind }]);
        }
    }
    for profile in [half, b"not a profile".to_vec()] {
        let decoded_with =
            |rest: &[Chunk]| decoded("r1.png", &with(&png, &[&[iccp(&profile)], rest].concat()));
        let alone = decoded_with(&[]);
        assert_eq!(shown(&alone), CHART);
        assert_eq!(alone.remarks, [Remark::ProfileUnusable { taken_for: "sRGB".into() }]);
        let passed_over = decoded_with(&adobe);
        assert_close("behind half a profile", &passed_over, &ADOBE_CHART);
        assert_eq!(passed_over.remarks.len(), 2, "{:?}", passed_over.remarks);
        assert_eq!(shown(&decoded_with(&[srgb(0), gama(100_000)])), CHART);
    }
    // Elsewhere too.
    let jpeg =
        samples::jpeg_with(&samples::jpeg(8, 8), 0xe2, &[&b"ICC_PROFILE\0\x01\x01"[..], &cmyk()].concat());
    let webp = samples::webp_extended(&samples::webp(4, 4), 0x30, 4, 4, Some((*b"ICCP", &cmyk())));
    for (name, bytes) in [("r1.jpg", jpeg), ("r1.webp", webp)] {
        assert_eq!(decoded(name, &bytes).remarks, [Remark::ProfileMismatched { profile: "CMYK" }], "{name}");
    }
}

#[test]
fn a_profile_that_a_webp_does_not_announce_does_not_count() {
    let webp = samples::encoded(&chart().into(), ImageFormat::WebP);
    let adobe = ColorProfile::new_adobe_rgb().encode().unwrap();
    let with_flags = |flags| samples::webp_extended(&webp, flags, 8, 1, Some((*b"ICCP", &adobe)));
    assert_close("announced", &decoded("r1.webp", &with_flags(0x20)), &ADOBE_CHART);
    let silent = decoded("r1.webp", &with_flags(0));
    assert_eq!((shown(&silent), silent.remarks), (CHART, vec![]));
}

#[test]
fn what_is_passed_over_is_remarked() {
    let png = samples::encoded(&chart().into(), ImageFormat::Png);
    let remarks = |chunks: &[Chunk]| decoded("r1.png", &with(&png, chunks)).remarks;
    let codes = || Remark::CodesUnusable { taken_for: "sRGB".into() };
    assert_eq!(remarks(&[cicp([12, 13, 0, 0])]), [codes()]);
    assert_eq!(remarks(&[cicp([2, 2, 0, 1])]), [codes()]);
    assert_eq!(remarks(&[chrm(ADOBE)]), [Remark::PrimariesUnused]);
    assert_eq!(remarks(&[gama(50_000), chrm(LINE)]), [Remark::PrimariesUnused]);
    let with_primaries = |green: [u16; 2]| {
        let primaries = [[640, 330], green, [150, 60]].concat();
        let tags = vec![(318, vec![313, 329]), (319, primaries)];
        let tiff = Tiff { tags, ..Tiff::rgb(8, 1, chart().into_raw()) };
        decoded("r1.tif", &tiff.bytes()).remarks
    };
    assert_eq!(with_primaries([210, 710]), [Remark::PrimariesUnused]);
    assert_eq!(with_primaries([300, 600]), []);
    // These say sRGB, or next to nothing.
    for chunks in [vec![chrm(SRGB)], vec![gama(45_455)], vec![srgb(0)], vec![cicp([1, 13, 0, 1])], vec![]] {
        assert_eq!(remarks(&chunks), []);
    }
}

#[test]
fn a_damaged_chunk_says_nothing() {
    let png = samples::encoded(&chart().into(), ImageFormat::Png);
    let mut damaged = with(&png, &[gama(100_000)]);
    let at = damaged.windows(4).position(|bytes| bytes == b"gAMA").unwrap();
    damaged[at + 8] ^= 1;
    assert_eq!(shown(&decoded("r1.png", &damaged)), CHART);
    // So does one behind the pixels.
    let end = png.len() - 12;
    let late = [&png[..end], &samples::png_chunk(*b"gAMA", &gama(100_000).1), &png[end..]].concat();
    assert_eq!(shown(&decoded("r1.png", &late)), CHART);
}

/// A profile whose table maps the sum of the channels to lightness, and every colour to a grey.
fn to_grey(kind: [u8; 4], version: u8) -> Vec<u8> {
    let corners = (0..8_u32).map(u32::count_ones);
    let one = [[1_i32 << 16, 0, 0], [0, 1 << 16, 0], [0, 0, 1 << 16]].concat();
    let head = [&kind[..], &[0; 4], &[3, 3, 2, 0]].concat();
    let matrix: Vec<u8> = one.into_iter().flat_map(i32::to_be_bytes).collect();
    let wide = |values: &[u16]| values.iter().flat_map(|value| value.to_be_bytes()).collect::<Vec<u8>>();
    let table = if kind == *b"mft2" {
        let curves = wide(&[0, 65_535].repeat(3));
        let grid: Vec<u16> = corners.flat_map(|ones| [(ones * 21_760) as u16, 0x8000, 0x8000]).collect();
        [head, matrix, wide(&[2, 2]), curves.clone(), wide(&grid), curves].concat()
    } else {
        let curves: Vec<u8> = (0..3).flat_map(|_| 0..=255).collect();
        let grid: Vec<u8> = corners.flat_map(|ones| [(ones * 85) as u8, 128, 128]).collect();
        [head, matrix, curves.clone(), grid, curves].concat()
    };
    let white: Vec<u8> = [63_190, 65_536, 54_061].into_iter().flat_map(i32::to_be_bytes).collect();
    let xyz = [b"XYZ \0\0\0\0".as_slice(), &white].concat();
    let tags: [(&[u8; 4], &[u8]); 2] = [(b"wtpt", &xyz), (b"A2B0", &table)];
    let (mut directory, mut data) = (vec![0, 0, 0, 2], Vec::new());
    for (name, content) in tags {
        directory.extend(name);
        directory.extend((156 + data.len() as u32).to_be_bytes());
        directory.extend((content.len() as u32).to_be_bytes());
        data.extend(content);
    }
    let mut profile = vec![0; 128];
    profile[..4].copy_from_slice(&(156 + data.len() as u32).to_be_bytes());
    profile[8..10].copy_from_slice(&[version, 0x20]);
    profile[12..24].copy_from_slice(b"prtrRGB Lab ");
    profile[36..40].copy_from_slice(b"acsp");
    profile[68..80].copy_from_slice(&white);
    [profile, directory, data].concat()
}

#[test]
fn a_table_has_the_encoding_of_its_type_whatever_the_version() {
    for kind in [*b"mft1", *b"mft2"] {
        for version in [2, 4] {
            let what = format!("{} {version}", String::from_utf8_lossy(&kind));
            let profile = to_grey(kind, version);
            let profile = ColorProfile::new_from_slice(&super::by_its_tables(&profile)).expect(&what);
            let (layout, options) = (moxcms::Layout::Rgb, moxcms::TransformOptions::default());
            let transform =
                profile.create_transform_8bit(layout, &ColorProfile::new_srgb(), layout, options).unwrap();
            let mut greys = [0; 9];
            transform.transform(&[255, 255, 255, 128, 128, 128, 0, 0, 0], &mut greys).unwrap();
            assert_eq!(greys[..3], [255; 3], "{what}");
            // L* 50.2 is 119.
            assert!(greys[3..6].iter().all(|grey| (118..=120).contains(grey)), "{what}: {greys:?}");
            assert!(greys[3..6].iter().all(|grey| *grey == greys[3]), "{what}: {greys:?}");
        }
    }
}

#[test]
fn a_grey_curve_of_lightness_is_one() {
    let mut profile = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    profile[20..24].copy_from_slice(b"Lab ");
    let greys = [0_u8, 10, 20, 128, 200, 255];
    let picture = DynamicImage::from(GrayImage::from_raw(6, 1, greys.into()).unwrap());
    let png = with(&samples::encoded(&picture, ImageFormat::Png), &[iccp(&profile)]);
    let decoded = decoded("a.png", &png);
    // L* of 0, 3.92, 7.84, 50.2, 78.4 and 100.
    let expected = [0, 14, 23, 119, 194, 255];
    for (x, expected) in expected.into_iter().enumerate() {
        let shown = decoded.image.get_pixel(x as u32, 0)[0];
        assert!(shown.abs_diff(expected) <= 1, "{}: {shown}, not {expected}", greys[x]);
    }
    assert!(decoded.remarks.iter().all(|remark| !matches!(remark, Remark::ProfileUnusable { .. })));
}
