//! Names as bytes, in whichever encoding their system wrote them.
//!
//! A zip says of a name that it is UTF-8, or is silent: its bytes are in the code page of the machine that packed it
//! then, which no field names (APPNOTE 6.3.10, appendix D). Tars and disks are always silent. All names of a source
//! come from one machine, and a few letters tell little, so that they are judged together.

mod charset;

use charset::Charset;
use unicode_normalization::UnicodeNormalization as _;

/// The text of a name in one form: an é is one character, also where a Mac stores it as two.
pub fn composed(name: &str) -> String {
    name.nfc().collect()
}

/// A name as it is stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored<'a> {
    pub(super) bytes: &'a [u8],
    /// Whether the source says that it is UTF-8.
    pub(super) is_utf8: bool,
}

/// The names of one source as text, composed.
pub(super) fn decoded(names: &[Stored<'_>]) -> Vec<String> {
    let is_silent = |name: &&Stored<'_>| !name.bytes.is_ascii() && (!name.is_utf8 || !is_utf8(name.bytes));
    let mut silent: Vec<&[u8]> = names.iter().filter(is_silent).map(|name| name.bytes).collect();
    let valid = silent.iter().filter(|bytes| is_utf8(bytes)).count();
    // A short name in another encoding may be UTF-8 by chance, and a damaged one may stand among names in UTF-8.
    let mostly_utf8 = 2 * valid > silent.len();
    let is_all_utf8 = valid == silent.len();
    if mostly_utf8 {
        silent.retain(|bytes| !is_utf8(bytes));
    }
    let charset = (!is_all_utf8).then(|| Charset::detect(&silent));
    let text = |name: &Stored<'_>| match (std::str::from_utf8(name.bytes), charset) {
        (Ok(text), None) => composed(text),
        (Ok(text), Some(_)) if name.is_utf8 || mostly_utf8 || text.is_ascii() => composed(text),
        (_, Some(charset)) => composed(&charset.decode(name.bytes)),
        (Err(_), None) => composed(&String::from_utf8_lossy(name.bytes)),
    };
    names.iter().map(text).collect()
}

fn is_utf8(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok()
}

#[cfg(test)]
mod tests {
    use encoding_rs::{
        BIG5, EUC_KR, Encoding, GBK, IBM866, KOI8_R, SHIFT_JIS, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252,
        WINDOWS_1253,
    };
    use oem_cp::code_table::{DECODING_TABLE_CP437, DECODING_TABLE_CP850};

    use super::*;

    fn read(names: &[Vec<u8>]) -> Vec<String> {
        let stored: Vec<Stored<'_>> = names.iter().map(|bytes| Stored { bytes, is_utf8: false }).collect();
        decoded(&stored)
    }

    /// Twelve names in a folder, as a program of that encoding packs them.
    #[track_caller]
    fn check(encode: impl Fn(&str) -> Vec<u8>, stems: &[&str]) {
        for stem in stems {
            let names: Vec<String> = (0..12).map(|n| format!("{stem}{n:03}.png")).collect();
            let bytes: Vec<Vec<u8>> = names.iter().map(|name| encode(name)).collect();
            assert_eq!(read(&bytes), names);
        }
    }

    fn web(encoding: &'static Encoding) -> impl Fn(&str) -> Vec<u8> {
        move |name| encoding.encode(name).0.into_owned()
    }

    fn oem(table: &'static [char; 128]) -> impl Fn(&str) -> Vec<u8> {
        let byte = |c: char| table.iter().position(|&of| of == c).map_or(c as u8, |at| at as u8 + 128);
        move |name| name.chars().map(byte).collect()
    }

    #[test]
    fn names_of_east_asian_machines_are_read() {
        check(
            web(SHIFT_JIS),
            &["表面/r_", "指輪/", "リング_正面_", "ソ/能_", "ゆびわ", "ring表/r_", "金_", "花柄リング/"],
        );
        check(web(GBK), &["戒指/", "正面_", "黄金戒指/r_", "18K金_", "金/r_", "钻石_"]);
        check(web(BIG5), &["戒指/", "正面_", "功能_許蓋/r_", "白金戒指/", "功_", "鑽戒_"]);
        check(web(EUC_KR), &["반지/", "정면_", "화이트 골드/r_"]);
    }

    #[test]
    fn names_of_european_machines_are_read() {
        for table in [&DECODING_TABLE_CP437, &DECODING_TABLE_CP850] {
            let stems = ["bague_été_", "schöner Ring/", "größe_", "señal/r_", "Über_", "Glück_", "grès_"];
            check(oem(table), &stems);
        }
        check(oem(&DECODING_TABLE_CP850), &["coração/r_", "ENTRÉE À/", "søm_"]);
        check(web(WINDOWS_1252), &["bague_été_", "schöner Ring/", "coração/", "Größe_"]);
        check(web(WINDOWS_1250), &["złoty pierścień/"]);
        check(web(WINDOWS_1251), &["кольцо/", "КОЛЬЦО/", "Кольцо золотое_"]);
        check(web(IBM866), &["кольцо/", "КОЛЬЦО_", "Золотое кольцо_"]);
        check(web(KOI8_R), &["кольцо/"]);
        check(web(WINDOWS_1253), &["δαχτυλίδι/"]);
    }

    #[test]
    fn utf_8_is_read_as_it_is_and_composed() {
        let name = "bague_e\u{301}te\u{301}.png".as_bytes().to_vec();
        assert_eq!(read(&[name.clone(), b"1.png".to_vec()]), ["bague_été.png", "1.png"]);
        // One damaged name does not change how the others are read.
        let texts = read(&[name.clone(), name.clone(), name, b"caf\x82.png".to_vec()]);
        assert_eq!((texts[0].as_str(), texts[3].as_str()), ("bague_été.png", "café.png"));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_text(names in proptest::collection::vec(proptest::collection::vec(0..=u8::MAX, 0..12), 0..6)) {
            proptest::prop_assert_eq!(read(&names).len(), names.len());
        }
    }
}
