//! The choices that a case makes: all from generators that its number seeds, so that the number gives it back.

use std::ops::RangeInclusive;

pub(crate) use fastrand::Rng;

pub(crate) fn pick<T: Copy>(rng: &mut Rng, from: &[T]) -> T {
    from[rng.usize(0..from.len())]
}

pub(crate) fn one_in(rng: &mut Rng, n: u32) -> bool {
    rng.u32(0..n) == 0
}

/// A number at which lengths, counts and offsets go wrong, or a small one.
pub(crate) fn number(rng: &mut Rng) -> u64 {
    let edge =
        pick(rng, &[0, 1 << 7, 1 << 8, 1 << 14, 1 << 15, 1 << 16, 1 << 31, 1 << 32, 1 << 63, u64::MAX]);
    match rng.u32(0..4) {
        0 => rng.u64(0..64),
        1 => rng.u64(..) >> rng.u32(0..64),
        _ => edge.wrapping_add(rng.u64(0..5)).wrapping_sub(2),
    }
}

/// Bytes that are nothing, all alike, a ramp, or noise.
pub(crate) fn blob(rng: &mut Rng, lengths: RangeInclusive<usize>) -> Vec<u8> {
    let length = rng.usize(lengths);
    let mut bytes = vec![0; length];
    match rng.u32(0..4) {
        0 => bytes.fill(rng.u8(..)),
        1 => bytes.iter_mut().enumerate().for_each(|(i, byte)| *byte = i as u8),
        _ => rng.fill(&mut bytes),
    }
    bytes
}

/// The edits of one case. Each has a generator of its own, so that the others stay as they are when one is
/// left out, which is how a failing case is made smaller.
pub(crate) struct Edits<'a> {
    rng: Rng,
    without: &'a [usize],
    done: usize,
}

impl<'a> Edits<'a> {
    pub(crate) fn new(seed: u64, without: &'a [usize]) -> Self {
        Self { rng: Rng::with_seed(seed), without, done: 0 }
    }

    /// For what is no edit: the choice of a sound file.
    pub(crate) fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }

    /// How many edits the case had, those that were left out included.
    pub(crate) fn done(&self) -> usize {
        self.done
    }

    /// Edits up to `most` times.
    pub(crate) fn up_to(&mut self, most: usize, mut edit: impl FnMut(&mut Rng)) {
        for _ in 0..self.rng.usize(0..=most) {
            let mut own = self.rng.fork();
            if !self.without.contains(&self.done) {
                edit(&mut own);
            }
            self.done += 1;
        }
    }
}
