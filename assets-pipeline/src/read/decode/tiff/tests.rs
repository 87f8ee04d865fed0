use crate::read::decode::{Decoded, decode};
use crate::read::limits::Limits;
use crate::read::refusal::Refusal;
use crate::samples::{self, Tiff};

fn decoded(tiff: &Tiff) -> Result<Decoded, Refusal> {
    decode("r1.tif", &tiff.bytes(), &Limits::default())
}

/// The picture's channels, without alpha where it has none.
fn pixels(tiff: &Tiff) -> Vec<u8> {
    let decoded = decoded(tiff).unwrap();
    let has_alpha = decoded.had_alpha;
    decoded.image.pixels().flat_map(|pixel| pixel.0[..if has_alpha { 4 } else { 3 }].to_vec()).collect()
}

#[track_caller]
fn assert_refused(tiff: &Tiff, expected: &str) {
    assert_eq!(decoded(tiff).unwrap_err().to_string(), expected);
}

fn reversed(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| byte.reverse_bits()).collect()
}

/// Bytes in which long and short repeats stand beside noise.
fn raw(length: usize) -> Vec<u8> {
    let mut noise = fastrand::Rng::with_seed(length as u64);
    (0..length).map(|at| if at / 40 % 2 == 0 { (at / 7) as u8 } else { noise.u8(..) }).collect()
}

fn rgb() -> Tiff {
    Tiff::rgb(5, 4, raw(60))
}

fn tagged(tiff: &Tiff, tags: &[(u16, u16)]) -> Tiff {
    Tiff { tags: tags.iter().map(|&(tag, value)| (tag, vec![value])).collect(), ..tiff.clone() }
}

const COMPRESSION: u16 = 259;
const FILL_ORDER: u16 = 266;
const PLANAR: u16 = 284;
const PREDICTOR: u16 = 317;

/// Codes of nine bits each, as TIFF has them.
fn nine_bits(codes: impl IntoIterator<Item = u16>) -> Vec<u8> {
    let bits: Vec<u8> =
        codes.into_iter().flat_map(|code| (0..9).rev().map(move |bit| (code >> bit & 1) as u8)).collect();
    bits.chunks(8).map(|bits| bits.iter().enumerate().map(|(at, bit)| bit << (7 - at)).sum()).collect()
}

#[test]
fn bits_in_reverse_order_are_turned_round() {
    let turned = |tiff: &Tiff, tags: &[(u16, u16)]| Tiff {
        data: reversed(&tiff.data),
        ..tagged(tiff, &[&[(FILL_ORDER, 2)], tags].concat())
    };
    assert_eq!(pixels(&turned(&rgb(), &[])), raw(60));
    // More than is turned round at once.
    let large = Tiff::rgb(50, 40, samples::zlib(&raw(6000)));
    assert_eq!(pixels(&turned(&large, &[(COMPRESSION, 8)])), raw(6000));
    let deep = Tiff { bits: 16, data: [0x12_34_u16; 60].map(u16::to_le_bytes).concat(), ..rgb() };
    assert_eq!(pixels(&turned(&deep, &[])), [0x12; 60]);
}

#[test]
fn lzw_needs_no_end_code() {
    const CLEAR: u16 = 256;
    const END: u16 = 257;
    for length in 1..200_u16 {
        let raw = raw(usize::from(length) * 3);
        let codes = |chunk: usize| -> Vec<u16> {
            raw.chunks(chunk)
                .flat_map(|run| {
                    [&[CLEAR][..], &run.iter().map(|&byte| byte.into()).collect::<Vec<_>>()].concat()
                })
                .collect()
        };
        for chunk in [1, 2, 7, 250] {
            for tail in [&[][..], &[END], &[CLEAR], &[CLEAR, END], &[CLEAR, CLEAR, CLEAR, END]] {
                let data = nine_bits([&codes(chunk), tail].concat());
                let tiff = tagged(&Tiff::rgb(length, 1, data), &[(COMPRESSION, 5)]);
                assert_eq!(pixels(&tiff), raw, "{length} {chunk} {tail:?}");
            }
        }
    }
}

#[test]
fn lzw_of_before_tiff_6_is_read() {
    for length in [1_u16, 20, 3000] {
        let raw = raw(usize::from(length) * 3);
        let data = weezl::encode::Encoder::new(weezl::BitOrder::Lsb, 8).encode(&raw).unwrap();
        assert_eq!(pixels(&tagged(&Tiff::rgb(length, 1, data), &[(COMPRESSION, 5)])), raw);
    }
}

#[test]
fn runs_are_unpacked() {
    // TIFF 6.0, section 9.
    let data = vec![0xfe, 0xaa, 2, 0x80, 0, 0x2a, 0xfd, 0xaa, 0x80, 3, 0x80, 0, 0x2a, 0x22, 0xf7, 0xaa];
    let raw = [
        0xaa, 0xaa, 0xaa, 0x80, 0, 0x2a, 0xaa, 0xaa, 0xaa, 0xaa, 0x80, 0, 0x2a, 0x22, 0xaa, 0xaa, 0xaa, 0xaa,
        0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
    ];
    assert_eq!(pixels(&tagged(&Tiff::rgb(8, 1, data), &[(COMPRESSION, 32_773)])), raw);
}

#[test]
fn strips_and_tiles_of_all_channels_or_each_give_one_picture() {
    let (width, height) = (21_usize, 19_usize);
    for bits in [8, 16] {
        let bytes = bits / 8;
        let picture = raw(width * height * 3 * bytes);
        let sample = |x: usize, y: usize, channel: usize| {
            let at = ((y * width + x) * 3 + channel) * bytes;
            picture[at..at + bytes].to_vec()
        };
        let plain = Tiff { bits: bits as u16, data: picture.clone(), ..Tiff::rgb(21, 19, vec![]) };
        for (piece_width, piece_height, tile) in
            [(21, 4, None), (16, 16, Some((16, 16))), (32, 48, Some((32, 48)))]
        {
            for channels in [vec![vec![0, 1, 2]], vec![vec![0], vec![1], vec![2]]] {
                let mut pieces = Vec::new();
                for channels in &channels {
                    for top in (0..height).step_by(piece_height) {
                        for left in (0..width).step_by(piece_width) {
                            let rows =
                                if tile.is_some() { piece_height } else { piece_height.min(height - top) };
                            let within = |x, y| (x < width && y < height).then_some((x, y));
                            pieces.push(
                                (top..top + rows)
                                    .flat_map(|y| (left..left + piece_width).map(move |x| (x, y)))
                                    .flat_map(|(x, y)| {
                                        let sample = |&channel| {
                                            within(x, y)
                                                .map_or(vec![7; bytes], |(x, y)| sample(x, y, channel))
                                        };
                                        channels.iter().flat_map(sample).collect::<Vec<u8>>()
                                    })
                                    .collect::<Vec<u8>>(),
                            );
                        }
                    }
                }
                let more = pieces.split_off(1);
                let rows = if tile.is_none() { vec![(278, vec![piece_height as u16])] } else { vec![] };
                let planar = vec![(PLANAR, vec![if channels.len() == 3 { 2 } else { 1 }])];
                let tags = [rows, planar].concat();
                let tiff = Tiff { tags, data: pieces.remove(0), more, tile, ..plain.clone() };
                assert_eq!(pixels(&tiff), pixels(&plain), "{bits} {tile:?} {}", channels.len());
            }
        }
    }
}

#[test]
fn differences_are_added_up_at_both_depths_and_in_both_byte_orders() {
    for (bits, big_endian) in [(8, false), (16, false), (16, true)] {
        let picture: Vec<u16> =
            raw(60).iter().map(|&level| u16::from(level) * if bits == 16 { 257 } else { 1 }).collect();
        let stored: Vec<u8> = (0..60)
            .flat_map(|at| {
                let left = if at % 15 < 3 { 0 } else { picture[at - 3] };
                let difference = picture[at].wrapping_sub(left);
                match (bits, big_endian) {
                    (8, _) => vec![difference as u8],
                    (_, true) => difference.to_be_bytes().to_vec(),
                    (_, false) => difference.to_le_bytes().to_vec(),
                }
            })
            .collect();
        let tiff = Tiff { bits, big_endian, data: samples::zlib(&stored), ..rgb() };
        assert_eq!(pixels(&tagged(&tiff, &[(COMPRESSION, 8), (PREDICTOR, 2)])), raw(60));
    }
    // The tag counts for LZW and Deflate alone.
    assert_eq!(pixels(&tagged(&rgb(), &[(PREDICTOR, 2)])), raw(60));
}

#[test]
fn greys_of_few_bits_take_all_levels_and_palettes_are_looked_up() {
    let grey = Tiff { photometric: 1, samples: 1, ..Tiff::rgb(3, 2, vec![]) };
    let greys = |tiff: Tiff| pixels(&tiff).into_iter().step_by(3).collect::<Vec<u8>>();
    let two = Tiff { bits: 2, data: vec![0b0001_1000, 0b1110_0100], ..grey.clone() };
    assert_eq!(greys(two.clone()), [0, 85, 170, 255, 170, 85]);
    assert_eq!(greys(Tiff { photometric: 0, ..two.clone() }), [255, 170, 85, 0, 85, 170]);
    let four = Tiff { bits: 4, data: vec![0x01, 0x20, 0xfe, 0xd0], ..grey };
    assert_eq!(greys(four), [0, 17, 34, 255, 238, 221]);
    let levels = [0, 0x1111, 0x2222, 0xffff, 0, 0, 0, 0x8080, 0xff00, 0, 0, 0x0101];
    let palette = Tiff { photometric: 3, tags: vec![(320, levels.to_vec())], ..two.clone() };
    let [first, second, third, last] = [[0, 0, 0xff], [0x11, 0, 0], [0x22, 0, 0], [0xff, 0x80, 1]];
    assert_eq!(pixels(&palette), [first, second, third, last, third, second].concat());
    // Levels of 8 bits, as some programs write them.
    let shallow = levels.map(|level| level >> 8).to_vec();
    assert_eq!(pixels(&Tiff { tags: vec![(320, shallow)], ..palette.clone() }), pixels(&palette));
    assert_refused(
        &Tiff { tags: vec![(320, vec![0; 11])], ..palette },
        "r1.tif cannot be read: its palette is missing or too short",
    );
}

#[test]
fn channels_that_are_not_called_transparency_are_left_out_with_a_remark() {
    let said = |tiff: &Tiff| {
        let header = crate::read::integrity::inspect("r1.tif", &tiff.bytes(), &Limits::default()).unwrap();
        header.remarks.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let four = Tiff { samples: 4, data: (1..=8).collect(), ..Tiff::rgb(2, 1, vec![]) };
    let unspecified = Tiff { extra: vec![0], ..four.clone() };
    assert_eq!(pixels(&unspecified), [1, 2, 3, 5, 6, 7]);
    assert_eq!(
        said(&unspecified),
        ["a channel beside the colours is not called transparency, and is left out"]
    );
    assert_eq!(pixels(&four), (1..=8).collect::<Vec<u8>>());
    assert_eq!(
        said(&four),
        ["the meaning of the fourth channel is not said, and it is taken for transparency"]
    );
    for named in [2, 999] {
        let named = Tiff { extra: vec![named], ..four.clone() };
        assert_eq!((pixels(&named), said(&named)), ((1..=8).collect(), vec![]));
    }
    // Red, green, blue, a mask, alpha.
    let five = Tiff { samples: 5, extra: vec![0, 2], data: (1..=10).collect(), ..four.clone() };
    assert_eq!(pixels(&five), [1, 2, 3, 5, 6, 7, 8, 10]);
    assert_eq!(said(&five).len(), 1);
    let grey = Tiff { photometric: 1, samples: 2, data: vec![1, 2, 3, 4], ..four };
    assert_eq!(pixels(&Tiff { extra: vec![2], ..grey.clone() }), [1, 1, 1, 2, 3, 3, 3, 4]);
    assert_eq!(pixels(&Tiff { extra: vec![0], ..grey.clone() }), [1, 1, 1, 3, 3, 3]);
    assert_eq!(said(&grey).len(), 1);
}

#[test]
fn what_old_programs_leave_out_is_known_without_it() {
    let all = pixels(&rgb());
    for without in [279, 278, 262] {
        assert_eq!(pixels(&Tiff { without: vec![without], ..rgb() }), all, "{without}");
    }
    let packed = Tiff { data: samples::zlib(&raw(60)), without: vec![279], ..rgb() };
    assert_eq!(pixels(&tagged(&packed, &[(COMPRESSION, 8)])), all);
    // One value for the depths of all channels, a strip that is said to be higher than the picture.
    assert_eq!(pixels(&tagged(&rgb(), &[(258, 8), (278, 0xffff)])), all);
    // Photoshop's layers lie beside a picture of all of them.
    assert_eq!(pixels(&Tiff { tags: vec![(37_724, vec![0x4441; 40])], ..rgb() }), all);
}

#[test]
fn what_libtiff_alone_reads_is_refused_by_its_name() {
    for (tags, what) in [
        (&[(COMPRESSION, 4)][..], "with fax (CCITT) compression"),
        (&[(COMPRESSION, 7)], "with JPEG compression"),
        (&[(COMPRESSION, 50_000)], "with Zstandard compression"),
        (&[(COMPRESSION, 34_925)], "with LZMA compression"),
        (&[(COMPRESSION, 777)], "with compression 777"),
        (&[(COMPRESSION, 8), (PREDICTOR, 3)], "with a floating-point predictor"),
        (&[(254, 1), (330, 8)], "whose first picture is a preview of another"),
        (&[(254, 4)], "whose first picture is a mask of another"),
        (&[(339, 3)], "with floating-point colours"),
        (&[(339, 2)], "with signed or complex colours"),
    ] {
        assert_refused(&tagged(&rgb(), tags), &format!("r1.tif is a TIFF {what}, which is not supported"));
    }
    for (photometric, what) in
        [(6, "in YCbCr"), (8, "in Lab"), (32_803, "of a camera's raw data"), (4, "that is a mask")]
    {
        let tiff = Tiff { photometric, ..rgb() };
        assert_refused(&tiff, &format!("r1.tif is a TIFF {what}, which is not supported"));
    }
    for bits in [12, 24, 32, 64] {
        let tiff = Tiff { bits, ..rgb() };
        assert_refused(
            &tiff,
            &format!("r1.tif is a TIFF with {bits} bits a channel, which is not supported"),
        );
    }
    let far = Tiff { tile: Some((60_000, 60_000)), ..rgb() };
    assert_refused(&far, "r1.tif is a TIFF with tiles far larger than its picture, which is not supported");
}

#[test]
fn a_strip_of_too_few_bytes_is_damage() {
    const INCOMPLETE: &str =
        "r1.tif cannot be read: a part of its picture has fewer bytes than its pixels need";
    for (compression, packed) in
        [(8, samples::zlib(&raw(50))), (5, nine_bits([256, 1, 2, 3])), (32_773, vec![0xf7, 1])]
    {
        assert_refused(&tagged(&Tiff { data: packed, ..rgb() }, &[(COMPRESSION, compression)]), INCOMPLETE);
    }
    let two_strips = Tiff { data: raw(30), more: vec![raw(20)], ..rgb() };
    assert_refused(&tagged(&two_strips, &[(278, 2)]), INCOMPLETE);
    // A code that does not exist yet, and enough behind it.
    let codes = [&[256, 1, 2, 300][..], &[7; 100]].concat();
    let broken = tagged(&Tiff { data: nine_bits(codes), ..rgb() }, &[(COMPRESSION, 5)]);
    let refusal = decoded(&broken).unwrap_err().to_string();
    assert!(refusal.starts_with("r1.tif cannot be read: its picture data is damaged"), "{refusal}");
}

#[test]
fn what_lies_beyond_the_picture_is_passed_over() {
    // A row of the tile is far longer than one of the picture, and most of it is passed over.
    let tile = samples::zlib(&vec![9; 16_000 * 16 * 3]);
    let tiff = tagged(&Tiff { data: tile, tile: Some((16_000, 16)), ..rgb() }, &[(COMPRESSION, 8)]);
    assert_eq!(pixels(&tiff), [9; 60]);
}
