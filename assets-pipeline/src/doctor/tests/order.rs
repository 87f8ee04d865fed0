//! How many of all exchanges and moves of a turn are told, and as what.

use image::RgbaImage;

use super::turns::{ROSE, SOLITAIRES, YELLOW, every, fixture, pendant};
use crate::{
    doctor::{
        distance::Distances,
        look,
        sequence::{Repair, repair},
    },
    prepare::ground::Bounds,
};

/// What is told of faults that were planted: as what they are, not at all, or as something else.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Told {
    right: usize,
    untold: usize,
    otherwise: usize,
}

fn distances(frames: &[RgbaImage]) -> Distances {
    let bounds = frames.iter().filter_map(|frame| look::seen(frame).bounds).reduce(Bounds::union).unwrap();
    Distances::new(&frames.iter().collect::<Vec<_>>(), bounds)
}

/// The repairs of an order of frames, and the order that they make.
fn repaired(distances: &Distances, order: &[usize]) -> (Vec<Repair>, Vec<usize>) {
    let mut turn = order.to_vec();
    let repairs = repair(&mut turn, distances, &vec![true; order.len()]);
    (repairs.iter().map(|repaired| repaired.repair).collect(), turn)
}

/// Every two frames that are no neighbours in each other's place.
fn exchanges(distances: &Distances) -> Told {
    let n = distances.count();
    let mut told = Told::default();
    for a in 0..n {
        for b in (a + 2..n).filter(|b| a + n - b >= 2) {
            let mut order: Vec<usize> = (0..n).collect();
            order.swap(a, b);
            match repaired(distances, &order).0[..] {
                [] => told.untold += 1,
                [Repair::Swap(one, other)] if (one, other) == (a, b) => told.right += 1,
                _ => told.otherwise += 1,
            }
        }
    }
    told
}

/// Every frame at every place that is not beside its own. Where the piece shows each view twice, half a turn apart, its twin may
/// be moved instead.
fn moves(distances: &Distances, is_symmetric: bool) -> Told {
    let n = distances.count();
    let views = if is_symmetric { n / 2 } else { n };
    let mut told = Told::default();
    for from in 0..n {
        for to in (0..n).filter(|to| (2..n - 1).contains(&to.abs_diff(from))) {
            let mut order: Vec<usize> = (0..n).collect();
            let frame = order.remove(from);
            order.insert(to, frame);
            let (repairs, turn) = repaired(distances, &order);
            let goes_on = (0..n).all(|i| (turn[i] + 1) % views == turn[(i + 1) % n] % views);
            match repairs[..] {
                [] => told.untold += 1,
                [Repair::Move { .. } | Repair::Swap(..)] if goes_on => told.right += 1,
                _ => told.otherwise += 1,
            }
        }
    }
    told
}

#[test]
fn most_frames_in_the_wrong_place_are_told_and_next_to_none_as_something_else() {
    let solitaire = fixture("solitaire-yellow-gold");
    let told = |right, untold, otherwise| Told { right, untold, otherwise };
    let mut odd = Vec::new();
    for (what, frames, wanted) in [
        ("ring of 24", every(&YELLOW, 15, 0), [told(210, 42, 0), told(474, 28, 2)]),
        ("ring of 36", every(&YELLOW, 10, 3), [told(558, 36, 0), told(1178, 8, 2)]),
        ("rose ring of 36", ROSE.clone(), [told(562, 32, 0), told(1174, 12, 2)]),
        ("solitaire of 24", every(&solitaire, 3, 0), [told(210, 42, 0), told(449, 53, 2)]),
        ("solitaire of 36", SOLITAIRES[0].1.clone(), [told(544, 50, 0), told(1168, 18, 2)]),
        ("platinum solitaire of 36", SOLITAIRES[2].1.clone(), [told(544, 50, 0), told(1168, 18, 2)]),
        ("pendant of 12", pendant(12), [told(54, 0, 0), told(106, 0, 2)]),
        ("pendant of 24", pendant(24), [told(252, 0, 0), told(502, 0, 2)]),
    ] {
        let distances = distances(&frames);
        let found = [exchanges(&distances), moves(&distances, !what.starts_with("pendant"))];
        if found != wanted {
            odd.push(format!("{what}: {found:?}"));
        }
    }
    assert!(odd.is_empty(), "{}", odd.join("\n"));
}

#[test]
fn a_turn_in_order_is_left_as_it_is_in_whatever_steps() {
    let solitaire = fixture("solitaire-yellow-gold");
    for (ring, frames) in [("ring", &*YELLOW), ("solitaire", &solitaire)] {
        let degrees = 360 / frames.len();
        for step in [5, 6, 8, 9, 10, 12, 15, 18, 20, 24, 30, 36, 40, 45] {
            if step % degrees != 0 || 360 % step != 0 {
                continue;
            }
            for start in (0..step / degrees).step_by((step / degrees / 5).max(1)) {
                let distances = distances(&every(frames, step / degrees, start));
                let order: Vec<usize> = (0..distances.count()).collect();
                let back: Vec<usize> = order.iter().rev().copied().collect();
                for order in [order, back] {
                    assert_eq!(
                        repaired(&distances, &order).0,
                        [],
                        "{ring} at {step} degrees a step from {start}"
                    );
                }
            }
        }
    }
}
