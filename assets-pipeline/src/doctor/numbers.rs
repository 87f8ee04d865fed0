//! The turn order out of the names, with all that is wrong about them and not only the first of it.

use crate::{
    read::naming::{self, Numbering},
    read::refusal::{MissingRun, Refusal, Unit},
};

/// Where one frame of the turn is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// The index of the name that was given.
    Here(usize),
    /// The name that the missing frame would have.
    Missing(String),
}

/// Names in turn order, as far as they have one.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// The turn; empty where the names tell none.
    pub(super) turn: Vec<Place>,
    /// Names without a place in it, and why.
    pub(super) odd: Vec<(usize, Refusal)>,
    /// The runs of numbers that are missing. Each of them has a place in the turn.
    pub(super) missing: Vec<MissingRun>,
    /// Why there is no turn, where that is no fault of single names.
    pub(super) refused: Option<Refusal>,
    /// The angle of the first place and the angle between places in degrees, where names promise an angle each: a
    /// place without its picture is an angle that is lost, and no number that was skipped.
    pub(super) angles: Option<(f64, f64)>,
}

impl Numbers {
    /// What missing numbers count.
    pub(super) fn unit(&self) -> Unit {
        if self.angles.is_some() { Unit::Degrees } else { Unit::Frames }
    }

    /// The angle that the name in a place promises, as a person writes it.
    pub(super) fn angle(&self, place: usize) -> Option<String> {
        let (start, step) = self.angles?;
        let hundredths = ((start + step * place as f64).rem_euclid(360.0) * 100.0).round();
        Some((hundredths / 100.0).to_string())
    }

    /// The names that missing frames would have.
    pub(super) fn missing_names(&self) -> Vec<String> {
        let missing = self.turn.iter().filter_map(|place| match place {
            Place::Missing(name) => Some(name.clone()),
            Place::Here(_) => None,
        });
        missing.collect()
    }
}

/// Arranges names as an ingest does. Whatever it refuses is set aside, or filled in where it is missing, until
/// it refuses nothing.
pub(super) fn numbers(names: &[String]) -> Numbers {
    let mut numbers = Numbers::default();
    let mut places: Vec<Place> = (0..names.len()).map(Place::Here).collect();
    loop {
        let left: Vec<String> = places.iter().map(|place| name(place, names).clone()).collect();
        let refusal = match naming::arrange(&left) {
            Ok(turn) => {
                numbers.turn = turn.order.iter().map(|&index| places[index].clone()).collect();
                numbers.angles = match turn.numbering {
                    Numbering::Degrees { start, step } => Some((start, step)),
                    // A name for each degree.
                    Numbering::Index { start: start @ (0 | 1), step: 1 } if left.len() == 360 => {
                        Some((start as f64, 1.0))
                    }
                    Numbering::Index { .. } | Numbering::Times => None,
                };
                return numbers;
            }
            Err(refusal) => refusal,
        };
        let file = match &refusal {
            Refusal::FramesMissing { file, missing, .. } if !left.contains(file) => {
                if numbers.missing.is_empty() {
                    numbers.missing.clone_from(missing);
                }
                places.push(Place::Missing(file.clone()));
                continue;
            }
            Refusal::NumberTwice { other: file, .. }
            | Refusal::OutOfStep { file, .. }
            | Refusal::ClosingFrame { file, .. }
            | Refusal::NoNumber { file }
            | Refusal::StrayName { file, .. } => file.clone(),
            // The last of names that all have no number.
            Refusal::SingleFrame { file } if is_one_of(file, &numbers.odd) => {
                let file = file.clone();
                if let Some(Place::Here(index)) = places.pop() {
                    numbers.odd.push((index, Refusal::NoNumber { file }));
                }
                return numbers;
            }
            Refusal::SingleFrame { .. } | Refusal::NoNames => return numbers,
            _ => {
                // Without a turn no number of it is missing.
                numbers.missing.clear();
                numbers.refused = Some(refusal);
                return numbers;
            }
        };
        let Some(at) = left.iter().position(|name| *name == file) else { return numbers };
        if let Place::Here(index) = places.remove(at) {
            numbers.odd.push((index, refusal));
        }
    }
}

/// Whether a name has no number, as all others that were set aside.
fn is_one_of(name: &str, odd: &[(usize, Refusal)]) -> bool {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    !stem.contains(|letter: char| letter.is_ascii_digit())
        && !odd.is_empty()
        && odd.iter().all(|(_, refusal)| matches!(refusal, Refusal::NoNumber { .. }))
}

fn name<'a>(place: &'a Place, names: &'a [String]) -> &'a String {
    match place {
        Place::Here(index) => &names[*index],
        Place::Missing(name) => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Numbers {
        numbers(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())
    }

    fn here(indices: std::ops::Range<usize>) -> Vec<Place> {
        indices.map(Place::Here).collect()
    }

    #[test]
    fn all_faults_of_names_are_found_at_once() {
        let found = of(&["r1.png", "r2.png", "r4.png", "r4.jpg", "r5.png", "cover.png", "r9.png"]);
        assert_eq!(found.missing_names(), ["r3.png", "r6.png", "r7.png", "r8.png"]);
        let mut odd: Vec<usize> = found.odd.iter().map(|odd| odd.0).collect();
        odd.sort_unstable();
        assert_eq!(odd, [2, 5]);
        assert_eq!(found.turn.len(), 9);
    }

    #[test]
    fn names_without_numbers_are_all_set_aside() {
        let found = of(&["r_a.png", "r_b.png", "r_c.png"]);
        let mut odd: Vec<usize> = found.odd.iter().map(|odd| odd.0).collect();
        odd.sort_unstable();
        assert_eq!((odd, found.turn), (vec![0, 1, 2], vec![]));
        assert_eq!(of(&["a.png", "b.png", "r1.png"]).odd.len(), 2);
    }

    #[test]
    fn sound_names_have_no_faults() {
        let found = of(&["000.png", "090.png", "180.png", "270.png"]);
        assert_eq!(found.turn, here(0..4));
        assert!(found.odd.is_empty() && found.missing.is_empty());
    }

    #[test]
    fn numbers_that_are_far_apart_are_no_turn_with_millions_of_gaps() {
        let found = of(&["1.png", "2.png", "3.png", "99999999.png"]);
        assert!(found.turn.is_empty() && found.missing.is_empty());
        assert_eq!(found.refused.map(|refusal| refusal.slug()), Some("no-count"));
    }
}
