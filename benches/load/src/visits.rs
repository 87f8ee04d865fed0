//! What one visitor asks for, and when.

use std::time::Duration;

use crate::{
    catalog::{At, Catalog, Spin},
    dice::Dice,
    scenarios::Visits,
};

/// What a visitor waits for as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Whole {
    /// From the manifest to the last frame of the selected tier.
    Spin,
    /// From the choice of another metal to its first pack.
    Switch,
}

impl Whole {
    pub(crate) const ALL: [Self; 2] = [Self::Spin, Self::Switch];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Spin => "whole spin",
            Self::Switch => "switch",
        }
    }
}

/// A part of a visit that begins after a pause. Requests of one round go out together, the next round after them.
#[derive(Debug)]
pub(crate) struct Phase {
    pub(crate) pause: Duration,
    pub(crate) whole: Option<Whole>,
    pub(crate) rounds: Vec<Vec<At>>,
}

impl Phase {
    fn after(pause_ms: usize, whole: Option<Whole>, rounds: Vec<Vec<At>>) -> Self {
        let rounds = rounds.into_iter().filter(|round| !round.is_empty()).collect();
        Self { pause: Duration::from_millis(pause_ms as u64), whole, rounds }
    }
}

/// The next visit.
pub(crate) fn draw(visits: Visits, catalog: &Catalog, dice: &mut Dice, number: usize) -> Vec<Phase> {
    match visits {
        Visits::Browse => browse(catalog, dice),
        Visits::TenMetals => ten_metals(catalog, dice),
        Visits::Types => types(catalog, dice),
        Visits::Everything => {
            let at = number % catalog.requests.len();
            vec![Phase::after(0, None, vec![vec![at]])]
        }
    }
}

/// A few configurations are looked at by most.
fn popular(dice: &mut Dice, of: usize) -> usize {
    dice.below(of).min(dice.below(of))
}

fn spin(spin: &Spin) -> Vec<Vec<At>> {
    let (first, others) = spin.packs.split_at(spin.packs.len().min(1));
    vec![vec![spin.manifest], first.to_vec(), others.to_vec()]
}

fn switch(spin: &Spin) -> Vec<Vec<At>> {
    let first = spin.packs.first().copied();
    vec![vec![spin.configure, spin.frame], vec![spin.manifest], first.into_iter().collect()]
}

fn browse(catalog: &Catalog, dice: &mut Dice) -> Vec<Phase> {
    let visitor = Catalog::visitor(dice);
    let spins = catalog.spins(visitor);
    let at = popular(dice, spins.len());
    let mut before = Vec::new();
    if dice.percent(40) {
        before.push(catalog.product(visitor, at));
    }
    if dice.percent(20) {
        before.push(spins[at].still);
    }
    let mut phases =
        vec![Phase::after(0, None, vec![before]), Phase::after(0, Some(Whole::Spin), spin(&spins[at]))];
    if at < catalog.rings {
        for _ in 0..dice.below(3) {
            let next = &spins[popular(dice, catalog.rings)];
            phases.push(Phase::after(500 + dice.below(1_500), Some(Whole::Switch), switch(next)));
            phases.push(Phase::after(0, None, vec![next.packs.iter().skip(1).copied().collect()]));
        }
    }
    phases.push(Phase::after(300 + dice.below(700), None, vec![vec![spins[at].vitals]]));
    phases
}

fn ten_metals(catalog: &Catalog, dice: &mut Dice) -> Vec<Phase> {
    let visitor = Catalog::visitor(dice);
    let spins = &catalog.spins(visitor)[..catalog.rings];
    let first = dice.below(spins.len());
    let mut phases = vec![Phase::after(0, Some(Whole::Spin), spin(&spins[first]))];
    for step in 1..spins.len() {
        let next = &spins[(first + step) % spins.len()];
        phases.push(Phase::after(300, Some(Whole::Switch), switch(next)));
    }
    phases
}

fn types(catalog: &Catalog, dice: &mut Dice) -> Vec<Phase> {
    let visitor = Catalog::visitor(dice);
    let spins = &catalog.spins(visitor)[catalog.rings - 1..];
    let shown = 5 + dice.below(spins.len() - 4);
    let rounds =
        (0..3).map(|round| spins[..shown].iter().flat_map(|one| spin(one).swap_remove(round)).collect());
    vec![Phase::after(0, Some(Whole::Spin), rounds.collect())]
}
