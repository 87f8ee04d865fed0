//! The same picture under several names.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::look::Member;

/// How many frames of a turn have a twin at the same distance, or mirrored at the same angle, where that is the
/// piece's own symmetry and no mistake: a share of the frames.
const SYMMETRIC_SHARE: f64 = 0.2;

/// Copies among the members of a turn; indices of members.
#[derive(Debug, Default)]
pub(super) struct Copies {
    /// Whether all frames show the same picture.
    pub(super) all_alike: bool,
    /// Each frame that repeats another one: the copy, the other one, and how they lie.
    pub(super) pairs: Vec<Pair>,
    extra_places: HashSet<usize>,
}

/// A copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) copy: usize,
    pub(super) original: usize,
    /// Whether the files are the same, byte by byte, and not only their pixels.
    pub(super) same_file: bool,
    pub(super) lies: Lies,
}

/// How a copy lies to its original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lies {
    /// Behind it.
    Beside,
    /// It is the last frame, and the original the first.
    Closing,
    /// Anywhere else: it stands in the place of the frame that should be there.
    Apart,
}

impl Copies {
    /// Whether a member is a copy of another one.
    pub(super) fn is_redundant(&self, member: usize) -> bool {
        self.pairs.iter().any(|pair| pair.copy == member)
    }

    /// Whether the turn would lack nothing without the frame in this place.
    pub(super) fn is_extra_place(&self, place: usize) -> bool {
        self.extra_places.contains(&place)
    }
}

/// Finds frames that repeat another one. `distance` is that of two members' pictures.
pub(super) fn copies(members: &[Member<'_>], distance: impl Fn(usize, usize) -> f32) -> Copies {
    let mut groups: HashMap<blake3::Hash, Vec<usize>> = HashMap::new();
    for (index, member) in members.iter().enumerate() {
        groups.entry(member.seen.pixels).or_default().push(index);
    }
    let n = members.len();
    if n > 1 && groups.len() == 1 {
        return Copies { all_alike: true, ..Copies::default() };
    }
    let mut groups: Vec<Vec<usize>> = groups.into_values().filter(|group| group.len() > 1).collect();
    groups.sort();
    let symmetry = Symmetry::new(&groups, n);
    let mut copies = Copies::default();
    for group in &groups {
        let mut original = group[0];
        for &other in &group[1..] {
            let (lies, copy, of) = if other == original + 1 {
                (Lies::Beside, other, original)
            } else if original == 0 && other == n - 1 {
                (Lies::Closing, other, original)
            } else if symmetry.explains(original, other) {
                continue;
            } else {
                // The one that fits worse between its neighbours is in the wrong place.
                let around = |i: usize| distance((i + n - 1) % n, i) + distance(i, (i + 1) % n);
                if around(other) >= around(original) {
                    (Lies::Apart, other, original)
                } else {
                    (Lies::Apart, original, other)
                }
            };
            let same_file = members[copy].seen.file == members[of].seen.file;
            copies.pairs.push(Pair { copy, original: of, same_file, lies });
            if lies != Lies::Apart {
                copies.extra_places.insert(members[copy].place);
            }
            if copy == other && lies == Lies::Beside {
                // The next one of a run of copies stands beside this one.
                original = other;
            }
        }
    }
    copies
}

/// Twins that a piece has of itself.
struct Symmetry {
    frames: usize,
    lags: HashSet<usize>,
    sums: HashSet<usize>,
}

impl Symmetry {
    fn new(groups: &[Vec<usize>], frames: usize) -> Self {
        let (mut lags, mut sums) = (BTreeMap::<usize, usize>::new(), BTreeMap::<usize, usize>::new());
        for group in groups {
            for (i, a) in group.iter().enumerate() {
                for b in &group[i + 1..] {
                    let lag = (b - a).min(frames - (b - a));
                    *lags.entry(lag).or_default() += 1;
                    *sums.entry((a + b) % frames).or_default() += 1;
                }
            }
        }
        let common = |counts: BTreeMap<usize, usize>| {
            let often = |count: usize| count >= 3 && count as f64 >= SYMMETRIC_SHARE * frames as f64;
            counts.into_iter().filter(|(_, count)| often(*count)).map(|(value, _)| value).collect()
        };
        Self { frames, lags: common(lags), sums: common(sums) }
    }

    fn explains(&self, a: usize, b: usize) -> bool {
        let lag = a.abs_diff(b);
        self.lags.contains(&lag.min(self.frames - lag)) || self.sums.contains(&((a + b) % self.frames))
    }
}
