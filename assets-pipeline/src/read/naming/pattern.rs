//! The pattern that all names keep, and the numbers in which they differ.

use std::collections::HashMap;
use std::ops::Range;

use crate::read::integrity::Format;
use crate::read::refusal::Refusal;

/// Longer runs of digits are no count: hashes, identifiers, timestamps in nanoseconds.
const MAX_DIGITS: usize = 15;
/// Degrees are never written finer than this.
const MAX_DECIMALS: usize = 4;

/// The number that stands at one place of the pattern, for each name.
#[derive(Debug)]
pub(super) struct Numbers {
    /// The numbers times `scale`.
    pub(super) values: Vec<u64>,
    /// 1 for whole numbers, a power of ten for decimals.
    pub(super) scale: u64,
    /// Where the number stands in each name, in bytes.
    spans: Vec<Range<usize>>,
    /// To how many digits the whole part is padded with zeros.
    padded_to: usize,
}

/// The numbers that vary between the names, the likeliest frame number first; never empty.
///
/// Where several numbers vary (`IMG_8821_001`), the last one that is about as distinct as any is the
/// likeliest.
pub(super) fn whole_numbers(names: &[String]) -> Result<Vec<Numbers>, Refusal> {
    let columns = columns(names, Digits::Whole)?;
    let distinct: Vec<usize> = columns.iter().map(|column| count_distinct(&column.values)).collect();
    let most = distinct.iter().copied().max().unwrap_or(0);
    let likely = columns.into_iter().zip(distinct);
    // Nine tenths, so that a frame number with a duplicate in it still comes before a camera's counter.
    Ok(likely.filter(|(_, n)| n * 10 >= most * 9).map(|(column, _)| column).rev().collect())
}

/// The number with decimals that counts degrees, where there is one: `r-007.5.png`, but not
/// `take.2.0001.png`.
pub(super) fn decimal_degrees(names: &[String]) -> Option<Numbers> {
    let columns = columns(names, Digits::Decimal).ok()?;
    columns.into_iter().rev().find(|column| {
        let whole: Vec<u64> = column.values.iter().map(|v| v / column.scale).collect();
        let fraction: Vec<u64> = column.values.iter().map(|v| v % column.scale).collect();
        column.scale > 1
            && whole.iter().all(|&degrees| degrees <= 360)
            && count_distinct(&fraction) > 1
            && count_distinct(&whole) >= count_distinct(&fraction)
    })
}

impl Numbers {
    /// The name of frame `index` with another number in it.
    pub(super) fn renumbered(&self, names: &[String], index: usize, value: u64) -> String {
        let (name, span) = (&names[index], &self.spans[index]);
        let width = self.padded_to;
        let number = match self.scale {
            1 => format!("{value:0width$}"),
            scale => {
                let decimals = scale.ilog10() as usize;
                format!("{:0width$}.{:0decimals$}", value / scale, value % scale)
            }
        };
        format!("{}{number}{}", &name[..span.start], &name[span.end..])
    }

    /// A number as a person writes it.
    pub(super) fn plain(&self, value: u64) -> String {
        if value.is_multiple_of(self.scale) {
            return (value / self.scale).to_string();
        }
        let decimals = self.scale.ilog10() as usize;
        let text = format!("{}.{:0decimals$}", value / self.scale, value % self.scale);
        text.trim_end_matches('0').to_string()
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Digits {
    /// `007.5` is two numbers.
    Whole,
    /// `007.5` is one number.
    Decimal,
}

fn columns(names: &[String], digits: Digits) -> Result<Vec<Numbers>, Refusal> {
    let spans: Vec<Vec<Range<usize>>> = names.iter().map(|name| number_spans(name, digits)).collect();
    same_pattern(names, &spans)?;
    Ok((0..spans[0].len())
        .map(|place| column(names, spans.iter().map(|spans| spans[place].clone()).collect()))
        .collect())
}

fn column(names: &[String], spans: Vec<Range<usize>>) -> Numbers {
    let parts: Vec<(&str, &str)> = names
        .iter()
        .zip(&spans)
        .map(|(name, span)| {
            let text = &name[span.clone()];
            text.split_once('.').unwrap_or((text, ""))
        })
        .collect();
    let decimals = parts.iter().map(|(_, fraction)| fraction.len()).max().unwrap_or(0);
    let scale = 10_u64.pow(decimals as u32);
    let values = parts
        .iter()
        .map(|(whole, fraction)| {
            let padding = 10_u64.pow((decimals - fraction.len()) as u32);
            // Both parts have only digits, and few enough of them; an empty fraction counts as 0.
            whole.parse::<u64>().unwrap_or(0) * scale + fraction.parse::<u64>().unwrap_or(0) * padding
        })
        .collect();
    let padded =
        parts.iter().map(|(whole, _)| whole).filter(|whole| whole.len() > 1 && whole.starts_with('0'));
    let padded_to = padded.map(|whole| whole.len()).max().unwrap_or(0);
    Numbers { values, scale, spans, padded_to }
}

/// Refuses the first name, in natural order, that has another pattern than most.
fn same_pattern(names: &[String], spans: &[Vec<Range<usize>>]) -> Result<(), Refusal> {
    let mut natural: Vec<usize> = (0..names.len()).collect();
    natural.sort_by(|&a, &b| {
        alphanumeric_sort::compare_str(&names[a], &names[b]).then_with(|| names[a].cmp(&names[b]))
    });
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
    pattern.to_lowercase()
}

/// Where numbers stand in the name before its extension.
fn number_spans(name: &str, digits: Digits) -> Vec<Range<usize>> {
    let bytes = stem(name).as_bytes();
    let run_at = |start: usize| bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut spans = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let run = run_at(at);
        let mut end = at + run;
        if (1..=MAX_DIGITS).contains(&run) {
            if digits == Digits::Decimal && bytes.get(end) == Some(&b'.') {
                let decimals = run_at(end + 1);
                if (1..=MAX_DECIMALS).contains(&decimals) {
                    end += 1 + decimals;
                }
            }
            spans.push(at..end);
        }
        at = end.max(at + 1);
    }
    spans
}

fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, _)) if Format::of_name(name).is_some() => stem,
        _ => name,
    }
}

fn count_distinct(values: &[u64]) -> usize {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.len()
}
