//! Statistics that a few faulty frames do not move.

/// The middle value; 0 of none.
pub(super) fn median(values: &[f32]) -> f32 {
    quantile(values, 0.5)
}

/// The value below which `share` of the values lie; 0 of none.
pub(super) fn quantile(values: &[f32], share: f32) -> f32 {
    let mut values = values.to_vec();
    if values.is_empty() {
        return 0.0;
    }
    let at = ((values.len() - 1) as f32 * share).round() as usize;
    *values.select_nth_unstable_by(at, f32::total_cmp).1
}

/// What each value of a closed turn should be by those around it; a value itself, and a fault beside it, has
/// no say. `None` where too few are known.
///
/// Three pairs, one, two and three places to both sides, each give their mean, which is right where values go
/// up or down evenly; the median of the three stands. One faulty frame moves two steps in a row, and so
/// spoils one pair.
pub(super) fn expected(values: &[Option<f32>]) -> Vec<Option<f32>> {
    let n = values.len();
    let at = |i: usize, offset: usize, forward: bool| {
        values[if forward { (i + offset) % n } else { (i + n - offset % n) % n }]
    };
    (0..n)
        .map(|i| {
            let pairs: Vec<f32> = (1..=3)
                .filter_map(|offset| Some(f32::midpoint(at(i, offset, true)?, at(i, offset, false)?)))
                .collect();
            (n >= 4 && pairs.len() >= 2).then(|| median(&pairs))
        })
        .collect()
}

/// What each value of a closed turn should be by those around it, more closely than [`expected`], at the cost of
/// being wrong beside a fault.
pub(super) fn closely_expected(values: &[Option<f32>]) -> Vec<Option<f32>> {
    let n = values.len();
    let at = |i: usize, offset: usize| values[(i + n + offset - 2) % n];
    let close = |i: usize| {
        let [before_last, last, next, after_next] = [at(i, 0)?, at(i, 1)?, at(i, 3)?, at(i, 4)?];
        // Through two or four neighbours, and on from either side.
        let cubic = (4.0 * (last + next) - before_last - after_next) / 6.0;
        let (near, far) = (f32::midpoint(last, next), f32::midpoint(before_last, after_next));
        Some(median(&[near, far, cubic, 2.0 * last - before_last, 2.0 * next - after_next]))
    };
    let roughly = expected(values);
    (0..n).map(|i| if n >= 6 { close(i).or(roughly[i]) } else { None }).collect()
}

/// Each value less what was expected of it.
pub(super) fn surprise(values: &[Option<f32>]) -> Vec<Option<f32>> {
    let expected = expected(values);
    values.iter().zip(expected).map(|(value, expected)| Some((*value)? - expected?)).collect()
}

/// Of the sizes of values, the one that a `share` of them stays below.
pub(super) fn usual_size(values: &[Option<f32>], share: f32) -> f32 {
    quantile(&values.iter().flatten().map(|value| value.abs()).collect::<Vec<_>>(), share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_of_one_frame_surprises_in_two_steps_and_nowhere_else() {
        let mut steps: Vec<Option<f32>> = (0..24).map(|i| Some(i as f32 * 0.1)).collect();
        steps[11] = Some(7.0);
        steps[12] = Some(-5.0);
        let surprises = surprise(&steps);
        for (i, surprise) in surprises.iter().enumerate().take(20).skip(4) {
            let size = surprise.unwrap().abs();
            let wanted = if i == 11 || i == 12 { 5.0..7.0 } else { 0.0..0.2 };
            assert!(wanted.contains(&size), "{i}: {size}");
        }
    }

    #[test]
    fn of_nothing_nothing_is_expected() {
        assert!(median(&[]).abs() < f32::EPSILON);
        assert_eq!(expected(&[None, Some(1.0), None, None, Some(2.0)]), [None; 5]);
        assert_eq!(expected(&[]), []);
    }
}
