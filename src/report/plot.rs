//! A line plot as SVG: axes, series and rules in, markup out.

use std::fmt::Write as _;

use maud::{Markup, html};

/// Units of the drawing. On a screen of its width one is a CSS pixel; narrower screens get larger type.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 54.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 50.0;
/// Room above and below the values, as a share of their range.
const PADDING: f64 = 0.08;

/// What is drawn.
pub(super) struct Plot {
    /// Read out in place of the picture.
    pub(super) label: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) series: Vec<Series>,
    pub(super) rules: Vec<Rule>,
}

/// One of the two directions.
pub(super) struct Axis {
    /// With the unit.
    pub(super) label: &'static str,
    /// The values at both ends.
    pub(super) range: (f64, f64),
    /// Values that are named.
    pub(super) ticks: Vec<(f64, String)>,
}

/// Points that are joined, in order of x.
pub(super) struct Series {
    /// Decides colour and shape: the style sheet knows it.
    pub(super) class: &'static str,
    pub(super) points: Vec<Point>,
}

/// One value.
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
    /// Shown when the pointer rests on it.
    pub(super) title: String,
    /// Whether it stands out.
    pub(super) is_marked: bool,
}

/// A line from edge to edge.
pub(super) struct Rule {
    pub(super) at: At,
    pub(super) class: &'static str,
    pub(super) label: String,
}

/// Where a [`Rule`] runs.
#[derive(Clone, Copy)]
pub(super) enum At {
    /// From top to bottom at an x.
    X(f64),
    /// From left to right at a y.
    Y(f64),
}

impl Axis {
    /// An axis that holds all values with some room, and names round ones.
    pub(super) fn around(label: &'static str, values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        let (low, high) = if low < high { (low, high) } else { (low - 1.0, low + 1.0) };
        let (low, high) = if low.is_finite() { (low, high) } else { (0.0, 1.0) };
        let room = (high - low) * PADDING;
        let range = (low - room, high + room);
        Self { label, range, ticks: round_ticks(range) }
    }

    /// The same from zero upwards.
    pub(super) fn from_zero(label: &'static str, values: impl Iterator<Item = f64>) -> Self {
        let high = values.fold(0.0, f64::max);
        let range = (0.0, if high > 0.0 { high * (1.0 + PADDING) } else { 1.0 });
        Self { label, range, ticks: round_ticks(range) }
    }

    /// A logarithmic axis: values and range are natural logarithms, and ticks name what they are of.
    pub(super) fn logarithmic(label: &'static str, logs: impl Iterator<Item = f64>) -> Self {
        let mut axis = Self::around(label, logs);
        let (low, high) = axis.range;
        let decades =
            (low / std::f64::consts::LN_10).floor() as i32..=(high / std::f64::consts::LN_10).ceil() as i32;
        let round = decades.flat_map(|decade| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(decade)));
        let inside = round.filter(|value| (low..=high).contains(&value.ln()));
        axis.ticks = inside.map(|value| (value.ln(), plain(value))).collect();
        axis
    }

    /// Once round, in degrees.
    pub(super) fn turn() -> Self {
        let ticks = (0..=360).step_by(60).map(|degree| (f64::from(degree), degree.to_string())).collect();
        Self { label: "degrees", range: (0.0, 360.0), ticks }
    }

    fn share(&self, value: f64) -> f64 {
        let (from, to) = self.range;
        (value - from) / (to - from)
    }
}

/// Multiples of 1, 2 or 5 of some power of ten, two to six of them.
fn round_ticks((low, high): (f64, f64)) -> Vec<(f64, String)> {
    let rough = (high - low) / 5.0;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power).into_iter().find(|step| *step >= rough);
    let step = step.unwrap_or(rough);
    let digits = (-step.log10().floor()).max(0.0) as usize;
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    let named = |index: i64| {
        let value = index as f64 * step;
        (value, format!("{value:.digits$}").replace('-', "\u{2212}"))
    };
    (first..=last).map(named).collect()
}

/// As few digits as the value has.
fn plain(value: f64) -> String {
    let digits = (-value.log10().floor()).max(0.0) as usize;
    format!("{value:.digits$}")
}

impl Plot {
    /// The drawing.
    pub(super) fn svg(&self) -> Markup {
        let right = WIDTH - RIGHT;
        let bottom = HEIGHT - BOTTOM;
        html! {
            svg.plot viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(self.label) {
                @for (value, name) in &self.y.ticks {
                    line.grid x1=(LEFT) x2=(right) y1=(self.y(*value)) y2=(self.y(*value)) {}
                    text.tick x=(LEFT - 6.0) y=(self.y(*value)) dy=".35em" text-anchor="end" { (name) }
                }
                @for (value, name) in &self.x.ticks {
                    line.grid x1=(self.x(*value)) x2=(self.x(*value)) y1=(TOP) y2=(bottom) {}
                    text.tick x=(self.x(*value)) y=(bottom) dy="1.3em" text-anchor="middle" { (name) }
                }
                text.axis x=(LEFT.midpoint(right)) y=(HEIGHT - 4.0) text-anchor="middle" { (self.x.label) }
                @for rule in &self.rules { (self.rule(rule)) }
                @for series in &self.series {
                    g class=(series.class) {
                        path.line d=(self.path(series)) {}
                        @for point in &series.points { (self.point(series, point)) }
                    }
                }
            }
        }
    }

    fn point(&self, series: &Series, point: &Point) -> Markup {
        let (x, y) = (self.x(point.x), self.y(point.y));
        let radius = if point.is_marked { 6.0 } else { 3.0 };
        let class = if point.is_marked { "point marked" } else { "point" };
        html! {
            // Formats differ in shape as well as in colour.
            @if series.class == "webp" {
                rect class=(class) x=(short(x - radius)) y=(short(y - radius))
                    width=(2.0 * radius) height=(2.0 * radius) { title { (point.title) } }
            } @else {
                circle class=(class) cx=(short(x)) cy=(short(y)) r=(radius) { title { (point.title) } }
            }
        }
    }

    fn rule(&self, rule: &Rule) -> Markup {
        let (x1, x2, y1, y2) = match rule.at {
            At::X(value) => (self.x(value), self.x(value), TOP, HEIGHT - BOTTOM),
            At::Y(value) => (LEFT, WIDTH - RIGHT, self.y(value), self.y(value)),
        };
        html! {
            line class=(format!("rule {}", rule.class)) x1=(x1) x2=(x2) y1=(y1) y2=(y2) { title { (rule.label) } }
        }
    }

    fn path(&self, series: &Series) -> String {
        let mut path = String::new();
        for (index, point) in series.points.iter().enumerate() {
            let command = if index == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{command}{} {}", short(self.x(point.x)), short(self.y(point.y)));
        }
        path
    }

    fn x(&self, value: f64) -> f64 {
        short(LEFT + self.x.share(value) * (WIDTH - LEFT - RIGHT))
    }

    fn y(&self, value: f64) -> f64 {
        short(HEIGHT - BOTTOM - self.y.share(value) * (HEIGHT - TOP - BOTTOM))
    }
}

/// A tenth of a pixel is fine enough.
fn short(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn names(axis: &Axis) -> String {
        axis.ticks.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn axes_name_round_values() {
        let around = |low: f64, high: f64| names(&Axis::around("", [low, high].into_iter()));
        expect!["3800 3900 4000 4100 4200"].assert_eq(&around(3800.0, 4200.0));
        expect!["56 58 60 62 64"].assert_eq(&around(56.3, 64.1));
        expect!["\u{2212}2 \u{2212}1 0 1 2"].assert_eq(&around(-2.0, 2.0));
        expect!["0.00 0.05 0.10"].assert_eq(&around(0.003, 0.1));
        expect!["6.0 6.5 7.0 7.5 8.0"].assert_eq(&around(7.0, 7.0));
        expect!["0.0 0.5 1.0"].assert_eq(&names(&Axis::around("", std::iter::empty())));
        let logs = [1500.0f64, 21_000.0].map(f64::ln).into_iter();
        expect!["2000 5000 10000 20000"].assert_eq(&names(&Axis::logarithmic("", logs)));
        let logs = [0.3f64, 7.0].map(f64::ln).into_iter();
        expect!["0.5 1 2 5"].assert_eq(&names(&Axis::logarithmic("", logs)));
        expect!["0 1 2 3"].assert_eq(&names(&Axis::from_zero("", [3.0, 1.0].into_iter())));
    }

    #[test]
    fn a_plot_is_drawn() {
        let point = |x, y, title: &str| Point { x, y, title: title.into(), is_marked: y > 5.0 };
        let plot = Plot {
            label: "Bytes <by> frame".into(),
            x: Axis { label: "degrees", range: (0.0, 360.0), ticks: vec![(180.0, "180".into())] },
            y: Axis { label: "kB", range: (0.0, 10.0), ticks: vec![(5.0, "5".into())] },
            series: vec![
                Series {
                    class: "avif",
                    points: vec![point(0.0, 0.0, "0\u{b0}"), point(360.0, 10.0, "a & b")],
                },
                Series { class: "webp", points: vec![point(180.0, 5.0, "half")] },
            ],
            rules: vec![Rule { at: At::Y(5.0), class: "budget", label: "budget".into() }],
        };
        let lines = plot.svg().into_string().replace("><", ">\n<");
        expect![[r#"
            <svg class="plot" viewBox="0 0 640 260" role="img" aria-label="Bytes &lt;by&gt; frame">
            <line class="grid" x1="54" x2="620" y1="112" y2="112">
            </line>
            <text class="tick" x="48" y="112" dy=".35em" text-anchor="end">5</text>
            <line class="grid" x1="337" x2="337" y1="14" y2="210">
            </line>
            <text class="tick" x="337" y="210" dy="1.3em" text-anchor="middle">180</text>
            <text class="axis" x="337" y="256" text-anchor="middle">degrees</text>
            <line class="rule budget" x1="54" x2="620" y1="112" y2="112">
            <title>budget</title>
            </line>
            <g class="avif">
            <path class="line" d="M54 210L620 14">
            </path>
            <circle class="point" cx="54" cy="210" r="3">
            <title>0°</title>
            </circle>
            <circle class="point marked" cx="620" cy="14" r="6">
            <title>a &amp; b</title>
            </circle>
            </g>
            <g class="webp">
            <path class="line" d="M337 112">
            </path>
            <rect class="point" x="334" y="109" width="6" height="6">
            <title>half</title>
            </rect>
            </g>
            </svg>"#]]
        .assert_eq(&lines);
    }
}
