//! Load order: coarse to fine, so that any prefix covers the turn evenly.

/// Orders positions on a turn of `turn` steps so that each next one is as far as it can be from
/// all before it. `before` has been shown already and is not repeated; with nothing before, the
/// order starts at `start`, which must be among `positions`. Ties go to the position that follows
/// `start` soonest.
pub fn load_order(positions: &[usize], before: &[usize], start: usize, turn: usize) -> Vec<usize> {
    let apart = |a: usize, b: usize| {
        let step = a.abs_diff(b) % turn;
        step.min(turn - step)
    };
    let mut left: Vec<usize> = positions.iter().copied().filter(|p| !before.contains(p)).collect();
    left.sort_unstable_by_key(|p| (p + turn - start) % turn);
    left.dedup();
    let mut nearest: Vec<usize> =
        left.iter().map(|&p| before.iter().map(|&b| apart(p, b)).min().unwrap_or(turn)).collect();
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let mut best = 0;
        for candidate in 1..left.len() {
            if nearest[candidate] > nearest[best] {
                best = candidate;
            }
        }
        let next = left.remove(best);
        nearest.remove(best);
        for (distance, &position) in nearest.iter_mut().zip(&left) {
            *distance = (*distance).min(apart(position, next));
        }
        order.push(next);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_halved_then_quartered() {
        assert_eq!(load_order(&[0, 1, 2, 3, 4, 5, 6, 7], &[], 0, 8), [0, 4, 2, 6, 1, 3, 5, 7]);
    }

    #[test]
    fn the_order_starts_at_the_hero() {
        assert_eq!(load_order(&[0, 30, 60, 90], &[], 60, 120), [60, 0, 90, 30]);
    }

    #[test]
    fn what_was_shown_before_is_left_out_and_kept_away_from() {
        let order = load_order(&[0, 10, 20, 30, 40, 50], &[0, 30], 0, 60);
        assert_eq!(order.len(), 4);
        assert!(!order.contains(&0) && !order.contains(&30));
    }

    #[test]
    fn any_prefix_leaves_no_gap_wider_than_twice_the_even_one() {
        let positions: Vec<usize> = (0..36).map(|i| i * 10).collect();
        let order = load_order(&positions, &[], 0, 360);
        for shown in 2..=36 {
            let mut prefix = order[..shown].to_vec();
            prefix.sort_unstable();
            let widest = (0..shown).map(|i| (prefix[(i + 1) % shown] + 360 - prefix[i]) % 360).max();
            let even = 360usize.div_ceil(shown);
            assert!(widest.unwrap() <= 2 * even.next_multiple_of(10), "{shown}: {widest:?}");
        }
    }
}
