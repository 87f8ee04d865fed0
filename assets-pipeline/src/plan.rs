//! Which frames of a turn each tier takes.

mod counts;
pub mod load_order;
pub mod tiers;

use std::collections::BTreeMap;

use crate::plan::tiers::{Family, TierKey, TierTable};

/// Every tier's frames, as positions on the turn: position `p` of `n` shows `360 p / n` degrees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Raw frames in the whole turn.
    pub turn: usize,
    /// Position of the hero frame: one that every tier has.
    pub hero: usize,
    /// Positions of each tier, ascending. `standard-24` is missing where it would equal standard.
    pub tiers: BTreeMap<TierKey, Vec<usize>>,
}

impl Plan {
    /// Chooses frames for a turn of `turn` raw frames, at least one; `hero_degree` is snapped to the
    /// nearest position that all tiers have.
    pub fn new(turn: usize, hero_degree: f64, table: &TierTable) -> Self {
        let mut tiers = counts::choose(turn, &table.tiers);
        // Turns of more than 360 frames can put two positions on one whole degree.
        for positions in tiers.values_mut() {
            positions.dedup_by_key(|position| degree(*position, turn));
        }
        if tiers.get(&TierKey::Standard24).map(Vec::len) == tiers.get(&TierKey::Standard).map(Vec::len) {
            tiers.remove(&TierKey::Standard24);
        }
        let hero = snap(turn, hero_degree, &tiers);
        tiers.insert(TierKey::Still, vec![hero]);
        Self { turn, hero, tiers }
    }

    /// Positions that any tier of the family shows, ascending.
    pub fn family(&self, family: Family) -> Vec<usize> {
        let mut all: Vec<usize> = self
            .tiers
            .iter()
            .filter(|(key, _)| key.family() == family)
            .flat_map(|(_, p)| p)
            .copied()
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Positions that any tier shows, ascending: the frames that have to be decoded.
    pub fn used(&self) -> Vec<usize> {
        let mut all: Vec<usize> = self.tiers.values().flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The whole degree of a position, 0 to 359.
    pub fn degree(&self, position: usize) -> u16 {
        degree(position, self.turn)
    }

    /// The true angle of a position in degrees.
    pub fn angle(&self, position: usize) -> f64 {
        360.0 * position as f64 / self.turn as f64
    }
}

fn degree(position: usize, turn: usize) -> u16 {
    ((720 * position + turn) / (2 * turn) % 360) as u16
}

fn snap(turn: usize, hero_degree: f64, tiers: &BTreeMap<TierKey, Vec<usize>>) -> usize {
    let wanted = hero_degree.rem_euclid(360.0) * turn as f64 / 360.0;
    let apart = |position: usize| {
        let step = (position as f64 - wanted).abs();
        step.min(turn as f64 - step)
    };
    (0..turn)
        .filter(|position| tiers.values().all(|tier| tier.binary_search(position).is_ok()))
        .min_by(|a, b| apart(*a).total_cmp(&apart(*b)))
        // Position 0 is in every tier.
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(turn: usize) -> Vec<(TierKey, usize)> {
        Plan::new(turn, 0.0, &TierTable::default()).tiers.iter().map(|(key, p)| (*key, p.len())).collect()
    }

    #[test]
    fn turns_take_divisors_of_their_own_that_belong_together() {
        use TierKey::{Hd, Preview, Standard, Standard24, Still};
        let check = |turn, preview, standard_24: Option<usize>, standard, hd| {
            let mut want = vec![(Still, 1), (Preview, preview)];
            want.extend(standard_24.map(|count| (Standard24, count)));
            want.extend([(Standard, standard), (Hd, hd)]);
            assert_eq!(counts(turn), want, "{turn} frames");
        };
        check(360, 12, Some(24), 36, 60);
        check(72, 12, Some(24), 36, 72);
        check(60, 10, Some(20), 30, 60);
        check(52, 13, None, 26, 52);
        check(48, 8, None, 24, 48);
        check(90, 15, Some(30), 45, 45);
        check(120, 10, Some(20), 30, 60);
        check(180, 10, Some(20), 30, 60);
        check(36, 12, Some(18), 36, 36);
        check(26, 13, None, 26, 26);
        check(24, 8, None, 24, 24);
        check(12, 12, None, 12, 12);
        check(8, 8, None, 8, 8);
        check(5, 5, None, 5, 5);
        check(97, 12, Some(24), 36, 60);
        check(720, 12, Some(24), 36, 60);
    }

    #[test]
    fn a_prime_turn_takes_the_nearest_frames_and_rounds_degrees() {
        let plan = Plan::new(97, 0.0, &TierTable::default());
        assert_eq!(plan.tiers[&TierKey::Preview], [0, 8, 16, 24, 32, 40, 49, 57, 65, 73, 81, 89]);
        assert_eq!(plan.degree(8), 30);
        assert!((plan.angle(8) - 29.69).abs() < 0.01);
    }

    #[test]
    fn the_hero_is_snapped_to_what_all_tiers_have() {
        assert_eq!(Plan::new(360, 44.0, &TierTable::default()).hero, 30);
        assert_eq!(Plan::new(360, 46.0, &TierTable::default()).hero, 60);
        assert_eq!(Plan::new(360, -14.0, &TierTable::default()).hero, 0);
        assert_eq!(
            Plan::new(97, 200.0, &TierTable::default()).hero % 97,
            Plan::new(97, 200.0, &TierTable::default()).hero
        );
    }

    #[test]
    fn preview_lies_on_the_grid_of_standard_where_counts_nest() {
        let plan = Plan::new(360, 0.0, &TierTable::default());
        let standard = &plan.tiers[&TierKey::Standard];
        assert!(plan.tiers[&TierKey::Preview].iter().all(|p| standard.contains(p)));
        assert_eq!(plan.family(Family::Spin).len(), 48);
        assert_eq!(plan.used().len(), 96);
    }

    #[test]
    fn no_two_frames_of_a_tier_stand_on_one_degree() {
        for turn in 1..=720 {
            let plan = Plan::new(turn, 0.0, &TierTable::default());
            for (key, positions) in &plan.tiers {
                let mut degrees: Vec<u16> = positions.iter().map(|p| plan.degree(*p)).collect();
                degrees.dedup();
                assert_eq!(degrees.len(), positions.len(), "{key} of {turn}");
            }
        }
    }
}
