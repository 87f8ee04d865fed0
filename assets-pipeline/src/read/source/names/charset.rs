//! Which encoding names are in.
//!
//! Names are short, and the same few letters stand in all of them. The detector is that of a browser: made for pages of
//! text, and without the code pages of DOS. So what each encoding makes of the names is looked at as well: words of one
//! script, or characters that are common in it.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    BIG5, BIG5_INIT, EUC_JP, EUC_KR, EUC_KR_INIT, Encoding, GB18030, GBK, GBK_INIT, SHIFT_JIS,
    SHIFT_JIS_INIT, WINDOWS_1252,
};
use oem_cp::code_table::{DECODING_TABLE_CP437, DECODING_TABLE_CP850};
use oem_cp::decode_string_complete_table;

/// The share of characters, one in so many, that a reading may have wrong.
const TOLERATED: usize = 8;

/// How bytes are read as text.
#[derive(Clone, Copy)]
pub(super) enum Charset {
    /// The upper half of a code page of DOS, which has a character for every byte.
    Oem(&'static [char; 128]),
    /// An encoding that browsers know.
    Web(&'static Encoding),
}

/// Encodings of East Asia, the commonest first: short names can be words in several of them.
static EAST_ASIAN: [&Encoding; 4] = [&GBK_INIT, &SHIFT_JIS_INIT, &BIG5_INIT, &EUC_KR_INIT];

impl Charset {
    /// The encoding of names of which at least one is not UTF-8.
    pub(super) fn detect(names: &[&[u8]]) -> Self {
        let text = names.join(&b'\n');
        let high = text.iter().filter(|byte| !byte.is_ascii()).count();
        let makes_words = |faults: usize| faults * TOLERATED <= high;

        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        detector.feed(&text, true);
        let guess = detector.guess(None, Utf8Detection::Deny);
        let guessed = Self::Web(guess).whole(&text);
        if let Some(guessed) = &guessed
            && !is_east_asian(guess)
            && makes_words(faults_in_other_script(guessed))
        {
            return Self::Web(guess);
        }
        let readings = [
            Self::Oem(&DECODING_TABLE_CP437),
            Self::Oem(&DECODING_TABLE_CP850),
            Self::Web(WINDOWS_1252),
            Self::Web(guess),
        ];
        let faults = |reading: &Self| reading.whole(&text).map_or(usize::MAX, |text| faults_in_latin(&text));
        let (latin, latin_faults) = readings
            .map(|reading| (reading, faults(&reading)))
            .into_iter()
            .min_by_key(|(_, faults)| *faults)
            .unwrap_or((readings[0], usize::MAX));
        let east_asian = |stands_alone: bool| {
            let guess = EAST_ASIAN.into_iter().chain([EUC_JP]).find(|encoding| is_alike(encoding, guess));
            let all = guess.into_iter().chain(EAST_ASIAN).map(|encoding| (encoding, Self::Web(encoding)));
            let mut common = all.filter(|(encoding, _)| is_common_text(encoding, &text, stands_alone));
            common.find_map(|(_, reading)| reading.whole(&text).map(|_| reading))
        };
        if let Some(reading) = east_asian(true) {
            reading
        } else if latin_faults < usize::MAX && makes_words(latin_faults) {
            latin
        } else if let Some(reading) = east_asian(false) {
            reading
        } else if guessed.is_some() {
            Self::Web(guess)
        } else {
            latin
        }
    }

    /// The text; what is none in this encoding becomes U+FFFD.
    pub(super) fn decode(self, bytes: &[u8]) -> String {
        match self {
            Self::Oem(table) => decode_string_complete_table(bytes, table),
            Self::Web(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
        }
    }

    /// The text, if all of it is some.
    fn whole(self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Oem(_) => Some(self.decode(bytes)),
            Self::Web(encoding) => {
                encoding.decode_without_bom_handling_and_without_replacement(bytes).map(Into::into)
            }
        }
    }
}

/// Maximal runs of letters and of what is not ASCII.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| letter.is_ascii() && !letter.is_ascii_alphabetic())
}

/// How many characters beyond ASCII cannot be letters of words in Latin script: signs, letters of other scripts,
/// capitals inside a word, and whole words without a plain letter. Names with slashes have no backslashes beside them.
fn faults_in_latin(text: &str) -> usize {
    let backslashes = if text.contains('/') { text.matches('\\').count() } else { 0 };
    words(text).map(faults_in_latin_word).sum::<usize>() + backslashes
}

fn faults_in_latin_word(word: &str) -> usize {
    let accented = word.chars().filter(|letter| !letter.is_ascii()).count();
    let plain = word.chars().count() - accented;
    if accented > 1 && accented > 2 * plain {
        return accented;
    }
    let is_fault = |(before, letter): (Option<char>, char)| {
        let is_inner_capital = letter.is_uppercase() && before.is_some_and(char::is_lowercase);
        if letter.is_ascii() {
            is_inner_capital && before.is_some_and(|before| !before.is_ascii())
        } else {
            is_inner_capital || !is_latin(letter)
        }
    };
    with_neighbour(word).filter(|pair| is_fault(*pair)).count()
}

/// The same for words of any other script, in which no letter is Latin.
fn faults_in_other_script(text: &str) -> usize {
    let is_fault = |(before, letter): (Option<char>, char)| match (before, letter.is_ascii()) {
        (before, true) => before.is_some_and(|before| !before.is_ascii()),
        (before, false) => {
            let is_inner_capital = letter.is_uppercase() && before.is_some_and(char::is_lowercase);
            let is_mixed = before.is_some_and(|before| before.is_ascii());
            !letter.is_alphabetic() || is_latin(letter) || is_inner_capital || is_mixed
        }
    };
    words(text).flat_map(with_neighbour).filter(|pair| is_fault(*pair)).count()
}

/// Each letter, and the one before it.
fn with_neighbour(word: &str) -> impl Iterator<Item = (Option<char>, char)> {
    std::iter::once(None).chain(word.chars().map(Some)).zip(word.chars())
}

/// Whether it is a letter of a European language in Latin script.
fn is_latin(letter: char) -> bool {
    matches!(letter, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}') && letter.is_alphabetic()
}

fn is_east_asian(encoding: &'static Encoding) -> bool {
    EAST_ASIAN.iter().chain(&[EUC_JP]).any(|of| is_alike(of, encoding))
}

/// GB 18030 is GBK, and more that is rare.
fn is_alike(one: &'static Encoding, other: &'static Encoding) -> bool {
    one == other || one == GBK && other == GB18030
}

/// Whether nearly all characters are among the common ones of an encoding of East Asia, which each of these holds in a
/// range of its own; and, where each `stands_alone`, none beside a Latin letter.
fn is_common_text(encoding: &'static Encoding, text: &[u8], stands_alone: bool) -> bool {
    let (mut pairs, mut faults) = (0, 0);
    let (mut before, mut rest) = (b' ', text);
    while let [byte, after @ ..] = rest {
        rest = after;
        if let [trail, behind @ ..] = after
            && is_lead(encoding, *byte)
        {
            rest = behind;
            pairs += 1;
            let next_is_latin = behind.first().is_some_and(u8::is_ascii_alphabetic);
            let in_word = stands_alone && (before.is_ascii_alphabetic() || next_is_latin);
            faults += usize::from(in_word || !is_common(encoding, *byte, *trail));
        } else {
            faults += usize::from(!byte.is_ascii());
        }
        before = *byte;
    }
    pairs > 0 && faults * TOLERATED <= pairs
}

fn is_lead(encoding: &'static Encoding, byte: u8) -> bool {
    matches!(byte, 0x81..=0xfe) && !(encoding == SHIFT_JIS && matches!(byte, 0xa0..=0xdf))
}

/// Kana, the hanzi and kanji of the first level, and the syllables of the Korean standard.
fn is_common(encoding: &'static Encoding, lead: u8, trail: u8) -> bool {
    if encoding == SHIFT_JIS {
        let pair = u16::from_be_bytes([lead, trail]);
        matches!(pair, 0x829f..=0x82f1 | 0x8340..=0x8396 | 0x889f..=0x9872)
    } else if encoding == BIG5 {
        matches!(lead, 0xa4..=0xc6)
    } else {
        let last = if encoding == EUC_KR { 0xc8 } else { 0xd7 };
        let is_kana = encoding == EUC_JP && matches!(lead, 0xa4 | 0xa5);
        trail >= 0xa1 && ((0xb0..=last).contains(&lead) || is_kana)
    }
}
