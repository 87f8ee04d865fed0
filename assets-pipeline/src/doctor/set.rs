//! The files of a set in turn order, and which of them can be compared.

use std::collections::HashMap;

use image::{RgbaImage, metadata::Orientation};

use super::{
    look::{Look, Member, Seen},
    numbers::{Numbers, Place},
    words,
};

/// All that is known of a set.
#[derive(Debug)]
pub(super) struct Set<'a> {
    pub(super) looks: &'a [Look],
    pub(super) numbers: &'a Numbers,
    /// Indices of looks: in turn order, and behind them those without a place in it.
    pub(super) order: Vec<usize>,
    /// The size that most frames have.
    pub(super) size: (u32, u32),
    /// Whether most frames of that size have transparency.
    pub(super) has_alpha: bool,
    /// How most frames say that they are to be turned.
    pub(super) orientation: Orientation,
}

impl<'a> Set<'a> {
    pub(super) fn new(looks: &'a [Look], numbers: &'a Numbers) -> Self {
        let mut order: Vec<usize> = numbers
            .turn
            .iter()
            .filter_map(|place| if let Place::Here(index) = place { Some(*index) } else { None })
            .collect();
        let mut placed = vec![false; looks.len()];
        for &index in &order {
            placed[index] = true;
        }
        order.extend((0..looks.len()).filter(|&index| !placed[index]));
        let seen = || order.iter().filter_map(|&index| looks[index].seen.as_ref().ok());
        let size = most_common(seen().map(|seen| seen.size)).unwrap_or_default();
        let exif = most_common(seen().map(|seen| seen.orientation.to_exif()));
        let orientation = exif.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms);
        let has_alpha = most_common(seen().filter(|seen| seen.size == size).map(|seen| seen.has_alpha));
        Self { looks, numbers, order, size, has_alpha: has_alpha.unwrap_or_default(), orientation }
    }

    /// Every frame that could be read, with its place in the order.
    pub(super) fn seen(&self) -> impl Iterator<Item = (usize, &'a str, &'a Seen)> {
        let looks = self.looks;
        self.order.iter().enumerate().filter_map(move |(place, &index)| {
            let look = &looks[index];
            look.seen.as_ref().ok().map(|seen| (place, look.name.as_str(), seen))
        })
    }

    /// The frames that can be compared, in turn order, with their places in the whole turn.
    pub(super) fn members(&self) -> Vec<Member<'a>> {
        let member = |(place, at): (usize, &Place)| {
            let Place::Here(index) = at else { return None };
            let look: &'a Look = &self.looks[*index];
            let seen = look.seen.as_ref().ok()?;
            let alike = seen.size == self.size
                && seen.has_alpha == self.has_alpha
                && seen.orientation == self.orientation
                && seen.bounds.is_some();
            alike.then_some(Member { place, name: &look.name, seen })
        };
        self.numbers.turn.iter().enumerate().filter_map(member).collect()
    }

    /// A frame's sketch by its name.
    pub(super) fn sketch(&self, name: &str) -> Option<&'a RgbaImage> {
        let look = self.looks.iter().find(|look| look.name == name)?;
        look.seen.as_ref().ok().map(|seen| &seen.sketch)
    }
}

/// The frames of a finding: their names for it, and as a part of a sentence.
#[derive(Debug, Default)]
pub(super) struct Named<'a>(pub(super) Vec<(usize, &'a str)>);

impl Named<'_> {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.0.iter().map(|(_, name)| (*name).to_owned()).collect()
    }

    pub(super) fn sentence(&self) -> String {
        words::sentence_frames(&self.0)
    }
}

/// The first of the values that are most common.
pub(super) fn most_common<T: std::hash::Hash + Eq + Copy>(values: impl Iterator<Item = T>) -> Option<T> {
    let values: Vec<T> = values.collect();
    let mut counts: HashMap<T, usize> = HashMap::new();
    for value in &values {
        *counts.entry(*value).or_default() += 1;
    }
    // `max_by_key` gives the last of equals, hence the reversal.
    values.into_iter().rev().max_by_key(|value| counts[value])
}
