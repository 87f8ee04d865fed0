//! Places on a piece that have something to say, wherever it is turned to.

use serde::{Deserialize, Serialize};

/// Fewer than the degrees of a turn: between two of them the way is straight.
const MAX_POINTS: usize = 72;

/// A place that is authored once for a base model, and holds for every metal and stone of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hotspot {
    /// A slug, for events and styles: `stone`.
    pub name: String,
    /// For people.
    pub label: String,
    /// Where it leads, if it leads anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// Where it is seen, by rising degrees. It is there from the first to the last of them, and moves straight
    /// from one to the next; a first degree of 300 and a last one of 420 go through 0.
    pub points: Vec<Point>,
}

/// Where a [`Hotspot`] is at a degree.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// 0 to 719.
    pub degree: u16,
    /// Share of the raw frame's width, from its left edge.
    pub x: f32,
    /// Share of the raw frame's height, from its upper edge.
    pub y: f32,
}

impl Hotspot {
    /// What is wrong with its points, in sentences.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let points = &self.points;
        if points.is_empty() || points.len() > MAX_POINTS {
            faults.push(format!("there are {}, and it takes 1 to {MAX_POINTS}", points.len()));
        }
        if points.windows(2).any(|pair| pair[0].degree >= pair[1].degree) {
            faults.push("their degrees rise from one to the next".to_owned());
        }
        if let (Some(first), Some(last)) = (points.first(), points.last())
            && (first.degree >= 360 || last.degree - first.degree.min(last.degree) > 360)
        {
            faults.push("the first degree is below 360, and the last at most a turn further".to_owned());
        }
        let outside = |share: f32| !(0.0..=1.0).contains(&share);
        if points.iter().any(|point| outside(point.x) || outside(point.y)) {
            faults.push("x and y are shares of the frame, from 0 to 1".to_owned());
        }
        faults
    }
}
