//! The pattern that all names keep, and the numbers in which they differ.

use std::collections::HashMap;
use std::ops::Range;

use crate::read::integrity::Format;
use crate::read::refusal::Refusal;
use crate::read::source::composed;

/// Longer runs of digits are no number: hashes, identifiers.
const MAX_DIGITS: usize = 18;
/// Degrees are never written finer than this.
const MAX_DECIMALS: usize = 4;
/// Nor are there more digits before decimals, so that all of them are one number.
const MAX_WHOLE_DIGITS: usize = MAX_DIGITS - MAX_DECIMALS;

/// The number that stands at one place of the pattern, for each name.
#[derive(Clone, Debug)]
pub(super) struct Numbers {
    /// The numbers times `scale`, as they are counted.
    pub(super) values: Vec<i64>,
    /// 1 for whole numbers, a power of ten for decimals.
    pub(super) scale: i64,
    /// How names write what is counted.
    pub(super) written: Written,
    /// Where the number stands in each name, in bytes.
    pub(super) spans: Vec<Range<usize>>,
    /// To how many digits the whole part is padded with zeros.
    padded_to: usize,
    /// What stands before decimals.
    point: char,
}

/// Half of the world writes a comma before decimals.
const POINT: [char; 2] = ['.', ','];

/// How names write a number that is counted otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Written {
    AsCounted,
    /// Angles from here on stand as less than nothing, a `whole` turn less.
    Negative {
        from: i64,
        whole: i64,
    },
    /// A counter that starts over after its last number.
    StartsOver {
        last: i64,
        at: i64,
    },
}

/// How runs of digits are read as numbers.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Reading {
    /// `007.5` is one number, and not two.
    decimals: bool,
    signs: Signs,
}

/// Whether a minus or plus before digits belongs to their number.
#[derive(Clone, Copy, PartialEq)]
enum Signs {
    Never,
    /// Where no letter stands before it: `ring_-30`, but not `ring-30`.
    AfterSeparators,
    /// Where no digit stands before it: `ring-30`, but not `01-30`.
    AfterLetters,
}

/// Without a sign wherever that will do.
const SIGNS: [Signs; 3] = [Signs::Never, Signs::AfterSeparators, Signs::AfterLetters];

impl Reading {
    /// `007.5` is two numbers.
    pub(super) const WHOLE: Self = Self { decimals: false, signs: Signs::Never };
}

/// The numbers of the names, in their order in a name; never empty.
pub(super) fn numbers(names: &[String]) -> Result<Vec<Numbers>, Refusal> {
    let mut refusal = match columns(names, Reading::WHOLE) {
        Err(refusal) => refusal,
        // A minus stands in all names or in none, and means nothing.
        whole => return whole,
    };
    for signs in [Signs::AfterSeparators, Signs::AfterLetters] {
        match columns(names, Reading { decimals: false, signs }) {
            Ok(columns) if columns.iter().any(Numbers::has_both_signs) => return Ok(columns),
            // Names with signs are no strays because there is one.
            Err(no_number @ Refusal::NoNumber { .. }) => refusal = no_number,
            Ok(_) | Err(_) => {}
        }
    }
    Err(refusal)
}

/// The likeliest frame numbers, the best first; never empty where there are numbers.
///
/// Where several numbers vary (`IMG_8821_001`), the last one that is about as distinct as any is the
/// likeliest.
pub(super) fn likeliest(columns: &[Numbers]) -> impl Iterator<Item = &Numbers> {
    let distinct: Vec<usize> = columns.iter().map(Numbers::distinct).collect();
    let most = distinct.iter().copied().max().unwrap_or(0);
    // Nine tenths, so that a frame number with a duplicate in it still comes before a camera's counter.
    columns.iter().zip(distinct).filter(move |(_, n)| n * 10 >= most * 9).map(|(column, _)| column).rev()
}

/// The number with decimals that counts degrees, where there is one: `r-007.5.png`, but not
/// `take.2.0001.png`.
pub(super) fn decimal_degrees(names: &[String]) -> Option<Numbers> {
    SIGNS.iter().find_map(|&signs| {
        let columns = columns(names, Reading { decimals: true, signs }).ok()?;
        columns.into_iter().rev().find(|column| {
            let whole: Vec<i64> = column.values.iter().map(|v| v / column.scale).collect();
            let fraction: Vec<i64> = column.values.iter().map(|v| v % column.scale).collect();
            column.scale > 1
                && whole.iter().all(|degrees| (-360..=360).contains(degrees))
                && count_distinct(&fraction) > 1
                && count_distinct(&whole) >= count_distinct(&fraction)
                && (signs == Signs::Never || column.has_both_signs())
        })
    })
}

impl Numbers {
    /// How many different numbers there are.
    pub(super) fn distinct(&self) -> usize {
        count_distinct(&self.values)
    }

    fn has_negative(&self) -> bool {
        self.values.iter().any(|&value| value < 0)
    }

    fn has_both_signs(&self) -> bool {
        self.has_negative() && self.values.iter().any(|&value| value >= 0)
    }

    /// The same names, counted otherwise.
    pub(super) fn counted(&self, count: impl Fn(i64) -> i64, written: Written) -> Self {
        Self { values: self.values.iter().map(|&value| count(value)).collect(), written, ..self.clone() }
    }

    /// The name of frame `index` with another number in it.
    pub(super) fn renumbered(&self, names: &[String], index: usize, value: i64) -> String {
        let (name, span) = (&names[index], &self.spans[index]);
        let (value, width) = (self.written.of(value), self.padded_to);
        let (sign, value) = (if value < 0 { "-" } else { "" }, value.abs());
        let number = match self.scale {
            1 => format!("{sign}{value:0width$}"),
            scale => {
                let decimals = scale.ilog10() as usize;
                let point = self.point;
                format!("{sign}{:0width$}{point}{:0decimals$}", value / scale, value % scale)
            }
        };
        format!("{}{number}{}", &name[..span.start], &name[span.end..])
    }

    /// A number as a person writes it.
    pub(super) fn plain(&self, value: i64) -> String {
        let value = self.written.of(value);
        if value % self.scale == 0 {
            return (value / self.scale).to_string();
        }
        let decimals = self.scale.ilog10() as usize;
        let (sign, value) = (if value < 0 { "-" } else { "" }, value.abs());
        let text = format!("{sign}{}.{:0decimals$}", value / self.scale, value % self.scale);
        text.trim_end_matches('0').to_string()
    }
}

impl Written {
    fn of(self, counted: i64) -> i64 {
        match self {
            Self::Negative { from, whole } if counted >= from => counted - whole,
            Self::StartsOver { last, at } if counted > last => counted - last - 1 + at,
            _ => counted,
        }
    }
}

fn columns(names: &[String], reading: Reading) -> Result<Vec<Numbers>, Refusal> {
    let spans: Vec<Vec<Range<usize>>> = names.iter().map(|name| number_spans(name, reading)).collect();
    same_pattern(names, &spans)?;
    Ok((0..spans[0].len())
        .map(|place| column(names, spans.iter().map(|spans| spans[place].clone()).collect()))
        .collect())
}

fn column(names: &[String], spans: Vec<Range<usize>>) -> Numbers {
    let parts: Vec<(bool, &str, &str)> = names
        .iter()
        .zip(&spans)
        .map(|(name, span)| {
            let text = &name[span.clone()];
            let digits = text.trim_start_matches(SIGN);
            let (whole, fraction) = digits.split_once(POINT).unwrap_or((digits, ""));
            (text.starts_with(MINUS), whole, fraction)
        })
        .collect();
    let decimals = parts.iter().map(|(_, _, fraction)| fraction.len()).max().unwrap_or(0);
    let scale = 10_i64.pow(decimals as u32);
    let values = parts
        .iter()
        .map(|(is_negative, whole, fraction)| {
            let padding = 10_i64.pow((decimals - fraction.len()) as u32);
            // Both parts have only digits, and few enough of them; an empty fraction counts as 0. A number that is too large
            // for the others' decimals is no angle, whatever it is.
            let (whole, fraction) = (whole.parse().unwrap_or(0_i64), fraction.parse().unwrap_or(0_i64));
            let value = whole.saturating_mul(scale).saturating_add(fraction * padding);
            if *is_negative { -value } else { value }
        })
        .collect();
    let padded =
        parts.iter().map(|(_, whole, _)| whole).filter(|whole| whole.len() > 1 && whole.starts_with('0'));
    let padded_to = padded.map(|whole| whole.len()).max().unwrap_or(0);
    let mut written = names.iter().zip(&spans).flat_map(|(name, span)| name[span.clone()].chars());
    let point = written.find(|letter| POINT.contains(letter)).unwrap_or('.');
    Numbers { values, scale, written: Written::AsCounted, spans, padded_to, point }
}

/// Refuses the first name, in natural order, that has another pattern than most.
fn same_pattern(names: &[String], spans: &[Vec<Range<usize>>]) -> Result<(), Refusal> {
    let natural = in_natural_order(names);
    // The count stands beside the text because a name may itself have a NUL in it.
    let patterns: Vec<(usize, String)> =
        names.iter().zip(spans).map(|(name, spans)| (spans.len(), pattern(name, spans))).collect();
    let mut members: HashMap<&(usize, String), usize> = HashMap::new();
    for pattern in &patterns {
        *members.entry(pattern).or_default() += 1;
    }
    // The first of the largest groups in natural order, not in the order of the hash map.
    let most = natural.iter().rev().max_by_key(|&&i| members[&patterns[i]]);
    let Some(&example) = most else { return Ok(()) };
    let stray = natural.iter().find(|&&i| spans[i].is_empty() || patterns[i] != patterns[example]);
    match stray {
        None => Ok(()),
        Some(&i) if spans[i].is_empty() => Err(Refusal::NoNumber { file: names[i].clone() }),
        Some(&i) => Err(Refusal::StrayName { file: names[i].clone(), example: names[example].clone() }),
    }
}

/// The names of each pattern that whole numbers leave, as indices; patterns and names in natural order.
pub(super) fn by_pattern(names: &[String]) -> Vec<Vec<usize>> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for index in in_natural_order(names) {
        let name = &names[index];
        let place = *places.entry(pattern(name, &number_spans(name, Reading::WHOLE))).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::new());
        }
        groups[place].push(index);
    }
    groups
}

pub(super) fn in_natural_order(names: &[String]) -> Vec<usize> {
    let mut natural: Vec<usize> = (0..names.len()).collect();
    natural.sort_by(|&a, &b| {
        alphanumeric_sort::compare_str(&names[a], &names[b]).then_with(|| names[a].cmp(&names[b]))
    });
    natural
}

/// The name without its extension, in lower case, with a NUL in place of each number.
fn pattern(name: &str, spans: &[Range<usize>]) -> String {
    let mut pattern = String::with_capacity(name.len());
    let mut from = 0;
    for span in spans {
        pattern.push_str(&name[from..span.start]);
        pattern.push('\0');
        from = span.end;
    }
    pattern.push_str(&stem(name)[from..]);
    composed(&pattern.to_lowercase())
}

const MINUS: [char; 2] = ['-', '\u{2212}'];
const SIGN: [char; 3] = ['-', '\u{2212}', '+'];

/// Where numbers stand in the name before its extension.
fn number_spans(name: &str, reading: Reading) -> Vec<Range<usize>> {
    let stem = stem(name);
    let bytes = stem.as_bytes();
    let run_at = |start: usize| bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut spans = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let run = run_at(at);
        let mut end = at + run;
        if (1..=MAX_DIGITS).contains(&run) {
            if reading.decimals && run <= MAX_WHOLE_DIGITS && matches!(bytes.get(end), Some(b'.' | b',')) {
                let decimals = run_at(end + 1);
                if (1..=MAX_DECIMALS).contains(&decimals) {
                    end += 1 + decimals;
                }
            }
            spans.push(at - sign_before(&stem[..at], reading.signs)..end);
        }
        at = end.max(at + 1);
    }
    spans
}

/// The bytes of the sign that ends `before` and belongs to the number behind it, or 0.
fn sign_before(before: &str, signs: Signs) -> usize {
    let Some(rest) = before.strip_suffix(SIGN) else { return 0 };
    let stands_after = rest.chars().next_back();
    let is_sign = match signs {
        Signs::Never => false,
        Signs::AfterSeparators => !stands_after.is_some_and(char::is_alphanumeric),
        Signs::AfterLetters => !stands_after.is_some_and(char::is_numeric),
    };
    if is_sign { before.len() - rest.len() } else { 0 }
}

fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, _)) if Format::of_name(name).is_some() => stem,
        _ => name,
    }
}

pub(super) fn count_distinct(values: &[i64]) -> usize {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.len()
}
