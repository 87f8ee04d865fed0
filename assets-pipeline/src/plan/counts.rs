//! How many frames each tier takes, and which: chosen together.
//!
//! Tiers of one size share their frames, and each has a ceiling of its own. A preview that has fewer bytes a frame than
//! the tiers that are filled up around it looks poorer, and a set of poorer and better frames pumps as the piece turns. So
//! the preview's frames are among those of every other tier, and are as large a part of standard's as its bytes are.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::plan::tiers::{TierKey, TierSpec};

/// The positions of each tier but the still, ascending, on a turn of `turn` raw frames. Position 0 is in every tier.
///
/// A tier takes the divisor of the turn that is nearest to its count in ratio, from two thirds of it to a quarter above it.
/// Of several divisors those are taken that belong together: the preview's part of standard is the one that the table asks
/// for; as many tiers as can be hold the preview's frames; and then the counts are near to those of the table. Without such
/// a divisor a tier takes all frames, where there are fewer than its count, or those nearest to even angles.
pub(super) fn choose(turn: usize, table: &BTreeMap<TierKey, TierSpec>) -> BTreeMap<TierKey, Vec<usize>> {
    let wanted = |key: TierKey| table.get(&key).map(|spec| spec.frames as usize);
    let mut best: Option<(Cost, BTreeMap<TierKey, Vec<usize>>)> = None;
    let (preview, standard) = (wanted(TierKey::Preview), wanted(TierKey::Standard));
    for (preview, standard) in pairs(turn, preview.unwrap_or(1), standard.unwrap_or(1)) {
        let mut cost = Cost { is_part: preview.is_part && standard.is_part, ..Cost::default() };
        cost.apart = preview.apart + standard.apart;
        let mut tiers = BTreeMap::new();
        for key in [TierKey::Standard24, TierKey::Hd] {
            let Some(wanted) = wanted(key) else { continue };
            let choice = around(turn, wanted, &preview.positions);
            cost.strays += usize::from(!choice.is_part);
            cost.apart += choice.apart;
            tiers.insert(key, choice.positions);
        }
        tiers.insert(TierKey::Preview, preview.positions);
        tiers.insert(TierKey::Standard, standard.positions);
        if best.as_ref().is_none_or(|(least, _)| cost.compare(least).is_lt()) {
            best = Some((cost, tiers));
        }
    }
    let mut tiers = best.map(|(_, tiers)| tiers).unwrap_or_default();
    tiers.retain(|key, _| table.contains_key(key));
    tiers
}

/// What counts against a choice, the weightiest first.
#[derive(Debug, Default)]
struct Cost {
    /// Whether the preview is the part of standard that the table asks for.
    is_part: bool,
    /// Tiers that do not hold the preview's frames.
    strays: usize,
    /// How far the counts are from those of the table: the logarithms of the ratios together.
    apart: f64,
}

impl Cost {
    fn compare(&self, other: &Self) -> Ordering {
        (other.is_part.cmp(&self.is_part))
            .then(self.strays.cmp(&other.strays))
            .then(self.apart.total_cmp(&other.apart))
    }
}

/// A tier's frames.
#[derive(Debug, Clone)]
struct Choice {
    positions: Vec<usize>,
    /// Whether it goes with the tier that it was chosen beside.
    is_part: bool,
    /// How far its count is from the table's: the logarithm of the ratio.
    apart: f64,
}

impl Choice {
    fn new(positions: Vec<usize>, wanted: usize, is_part: bool) -> Self {
        let apart = ratio(positions.len(), wanted);
        Self { positions, is_part, apart }
    }
}

/// Frames for preview and standard that go together, the preview's always among standard's.
fn pairs(turn: usize, preview: usize, standard: usize) -> Vec<(Choice, Choice)> {
    let previews = even_counts(turn, preview);
    let standards = even_counts(turn, standard);
    let pair = |few: Vec<usize>, many: Vec<usize>| {
        let is_part = few.len() * standard == many.len() * preview;
        (Choice::new(few, preview, is_part), Choice::new(many, standard, is_part))
    };
    let fit = |many: usize| previews.iter().copied().filter(move |few| many.is_multiple_of(*few));
    let both: Vec<_> = standards
        .iter()
        .flat_map(|many| fit(*many).map(|few| pair(even(turn, few), even(turn, *many))))
        .collect();
    if !both.is_empty() {
        return both;
    }
    if !standards.is_empty() {
        // Most visitors see standard, and so its steps are the even ones.
        let with_part = |many: &usize| {
            // The whole part, so that the preview has no fewer bytes a frame.
            let few = (many * preview / standard).clamp(fewest(preview), most(preview)).min(*many);
            let many = even(turn, *many);
            let few = (0..few).map(|i| many[nearest(i, many.len(), few)]).collect();
            pair(few, many)
        };
        return standards.iter().map(with_part).collect();
    }
    let of_divisor = |few: &usize| {
        let few = even(turn, *few);
        let many = multiple(turn, times(standard, preview), &few);
        pair(few, many)
    };
    if previews.is_empty() { vec![of_divisor(&preview)] } else { previews.iter().map(of_divisor).collect() }
}

/// Frames for a tier that are to hold the preview's.
fn around(turn: usize, wanted: usize, preview: &[usize]) -> Choice {
    let choices = even_counts(turn, wanted).into_iter().map(|count| {
        let positions = even(turn, count);
        let holds = preview.iter().all(|position| positions.binary_search(position).is_ok());
        Choice::new(positions, wanted, holds)
    });
    // A stray of even steps before one that has none, and the larger of two that are as near.
    let better = |a: &Choice, b: &Choice| {
        let nearer = a.apart.total_cmp(&b.apart).then(b.positions.len().cmp(&a.positions.len()));
        b.is_part.cmp(&a.is_part).then(nearer)
    };
    choices.min_by(better).unwrap_or_else(|| {
        let positions = multiple(turn, times(wanted, preview.len()), preview);
        Choice::new(positions, wanted, true)
    })
}

/// Counts of which each gives even steps and is near enough to the one that is wanted: divisors of the turn; or the whole
/// turn, where it has no such divisor and fewer frames.
fn even_counts(turn: usize, wanted: usize) -> Vec<usize> {
    let divisors: Vec<usize> =
        (fewest(wanted)..=most(wanted).min(turn)).filter(|count| turn.is_multiple_of(*count)).collect();
    if divisors.is_empty() && turn <= wanted { vec![turn] } else { divisors }
}

fn fewest(wanted: usize) -> usize {
    (2 * wanted).div_ceil(3)
}

fn most(wanted: usize) -> usize {
    (5 * wanted / 4).max(1)
}

/// `count` positions at even angles, or as near to them as there are frames; all, where there are fewer.
fn even(turn: usize, count: usize) -> Vec<usize> {
    let count = count.min(turn);
    (0..count).map(|i| nearest(i, turn, count)).collect()
}

/// The whole number that is nearest to `of * i / count`.
const fn nearest(i: usize, of: usize, count: usize) -> usize {
    (2 * i * of + count) / (2 * count)
}

/// So many times the preview's frames, those among them.
fn multiple(turn: usize, times: usize, preview: &[usize]) -> Vec<usize> {
    let direct = even(turn, times * preview.len());
    if preview.iter().all(|position| direct.binary_search(position).is_ok()) {
        return direct;
    }
    let ends = preview.iter().skip(1).chain([&turn]);
    let between = preview
        .iter()
        .zip(ends)
        .flat_map(|(start, end)| (0..times).map(move |i| start + nearest(i, end - start, times)));
    let mut positions: Vec<usize> = between.collect();
    positions.dedup();
    positions
}

fn times(wanted: usize, preview: usize) -> usize {
    ((wanted as f64 / preview as f64).round() as usize).max(1)
}

fn ratio(count: usize, wanted: usize) -> f64 {
    (count as f64 / wanted as f64).ln().abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tiers::TierTable;

    fn chosen(turn: usize) -> BTreeMap<TierKey, Vec<usize>> {
        choose(turn, &TierTable::default().tiers)
    }

    fn holds(tier: &[usize], preview: &[usize]) -> bool {
        preview.iter().all(|position| tier.binary_search(position).is_ok())
    }

    fn divisors(turn: usize, range: std::ops::RangeInclusive<usize>) -> Vec<usize> {
        range.filter(|count| turn.is_multiple_of(*count)).collect()
    }

    #[test]
    fn of_every_turn_the_preview_is_in_standard_and_a_third_of_it_where_divisors_allow() {
        for turn in 8..=720 {
            let tiers = chosen(turn);
            let (preview, standard) = (&tiers[&TierKey::Preview], &tiers[&TierKey::Standard]);
            assert!(holds(standard, preview), "{turn}: {preview:?} in {standard:?}");
            let thirds = divisors(turn, 8..=15).into_iter().any(|few| turn.is_multiple_of(3 * few));
            assert!(
                !thirds || standard.len() == 3 * preview.len(),
                "{turn}: {} of {}",
                preview.len(),
                standard.len()
            );
        }
    }

    #[test]
    fn of_every_turn_a_tier_without_the_previews_frames_has_even_steps_and_no_divisor_that_would_hold_them() {
        for turn in 8..=720 {
            let tiers = chosen(turn);
            let preview = &tiers[&TierKey::Preview];
            for (key, range) in [(TierKey::Standard24, 16..=30), (TierKey::Hd, 40..=75)] {
                let tier = &tiers[&key];
                if !holds(tier, preview) {
                    assert!(turn.is_multiple_of(tier.len()), "{turn}: {key} of {}", tier.len());
                    let holding =
                        divisors(turn, range).into_iter().find(|count| holds(&even(turn, *count), preview));
                    assert_eq!(holding, None, "{turn}: {key} of {} around {}", tier.len(), preview.len());
                }
            }
        }
    }

    #[test]
    fn of_every_turn_no_step_of_a_tier_is_more_than_three_times_as_long_as_another() {
        for turn in 8..=720 {
            for (key, tier) in chosen(turn) {
                assert!(tier.is_sorted_by(|a, b| a < b) && tier[0] == 0 && tier[tier.len() - 1] < turn);
                let ends = tier.iter().skip(1).chain([&turn]);
                let steps: Vec<usize> = tier.iter().zip(ends).map(|(from, to)| to - from).collect();
                let (least, most) = (steps.iter().min().unwrap(), steps.iter().max().unwrap());
                // Frames that were put between those of a preview without even steps are rounded twice.
                assert!(*most <= 3 * least, "{key} of {turn}: {steps:?}");
            }
        }
    }

    #[test]
    fn a_table_with_other_counts_is_followed() {
        let mut table = TierTable::default().tiers;
        table.get_mut(&TierKey::Preview).unwrap().frames = 9;
        table.remove(&TierKey::Hd);
        let tiers = choose(360, &table);
        let counts: Vec<(TierKey, usize)> = tiers.iter().map(|(key, tier)| (*key, tier.len())).collect();
        // 24 would be nearer, and not hold the preview's frames.
        assert_eq!(counts, [(TierKey::Preview, 9), (TierKey::Standard24, 18), (TierKey::Standard, 36)]);
    }
}
