//! Findings about sudden changes of light and place: exposure, tint, centring.

use super::{
    evidence::{Tile, strip},
    files::finding,
    finding::{Finding, Gain, Kind, Mend, Severity},
    jumps::Jump,
    look::Member,
    set::Named,
    turn::{Compared, level_at},
    words::by_count,
};
use crate::read::refusal::Name;

/// No white balance is off by so much, in percent.
const OTHER_METAL: f32 = 40.0;
/// More than one in so many frames may be a side of the piece that is of another colour or finish.
const ONE_IN: usize = 6;

/// Frames that are lighter or darker than their neighbours.
pub(super) fn exposure(members: &[Member<'_>], compared: &Compared) -> Vec<Finding> {
    let stops =
        |level: f32| format!("{:.1} stops {}", level.abs(), if level > 0.0 { "brighter" } else { "darker" });
    let jump = |jump: &Jump| {
        let place = Place::new(members, compared, *jump);
        let level = level(*jump);
        let (message, mend) = match jump {
            Jump::Run { .. } => (
                format!(
                    "{} {} {} than {}.",
                    place.named.sentence(),
                    place.is(),
                    stops(level),
                    place.others()
                ),
                Some(Mend::EvenExposure),
            ),
            Jump::Step { .. } => {
                (format!("{} the picture is {} than before.", place.on_from(), stops(level)), None)
            }
        };
        let remedy = "Even out the exposure, or render these frames again with the lights of the others.";
        let gains = if mend.is_some() { place.gains(members, level) } else { Vec::new() };
        Finding {
            mend,
            gains,
            ..place.finding(Kind::ExposureJump, severity(compared, *jump), message, remedy)
        }
    };
    // Another tint is another luminance as well.
    let tints = || compared.red.iter().chain(&compared.blue);
    let is_tint = |light: &&Jump| {
        tints().any(|tint| same_place(*tint, **light) && level(*tint).abs() > level(**light).abs())
    };
    compared.exposure.iter().filter(|light| !is_tint(light)).map(jump).collect()
}

/// Frames of another tint than their neighbours.
pub(super) fn colour(members: &[Member<'_>], compared: &Compared) -> Vec<Finding> {
    let frames = compared.order.len();
    each(&compared.red, &compared.blue)
        .map(|jump| {
            let place = Place::new(members, compared, jump);
            let (red, blue) = match jump {
                Jump::Run { start, .. } => {
                    (level_at(&compared.red, start, frames), level_at(&compared.blue, start, frames))
                }
                Jump::Step { from, .. } => (step_at(&compared.red, from), step_at(&compared.blue, from)),
            };
            let tint = match (red.abs() >= blue.abs(), red > 0.0, blue > 0.0) {
                (true, true, _) => "redder",
                (true, false, _) => "less red",
                (false, _, true) => "bluer",
                (false, _, false) => "yellower",
            };
            let by = (red.abs().max(blue.abs()).exp2() - 1.0) * 100.0;
            let message = match jump {
                Jump::Run { .. } => {
                    format!("{} {} {tint} than {}, by {by:.0} %.", place.named.sentence(), place.is(), place.others())
                }
                Jump::Step { .. } => format!("{} the picture is {tint} than before, by {by:.0} %.", place.on_from()),
            };
            let message = if by > OTHER_METAL { format!("{message} It may be of another metal.") } else { message };
            let remedy = "Give these frames the white balance of the others, or render them again with the same lights.";
            place.finding(Kind::ColourJump, severity(compared, jump), message, remedy)
        })
        .collect()
}

/// How much light that differs matters.
fn severity(compared: &Compared, jump: Jump) -> Severity {
    match jump {
        Jump::Run { frames, .. } if frames * ONE_IN > compared.order.len() => Severity::Warns,
        Jump::Run { .. } | Jump::Step { .. } => Severity::Asks,
    }
}

/// Frames in which the piece lies elsewhere than in their neighbours.
pub(super) fn centring(members: &[Member<'_>], compared: &Compared) -> Vec<Finding> {
    let frames = compared.order.len();
    each(&compared.across, &compared.down)
        .map(|jump| {
            let place = Place::new(members, compared, jump);
            let (width, height) = place.first.seen.size;
            let pixels = |share: f32| (share * width.max(height) as f32).round() as i32;
            let (across, down) = match jump {
                Jump::Run { start, .. } => {
                    (level_at(&compared.across, start, frames), level_at(&compared.down, start, frames))
                }
                Jump::Step { from, .. } => (step_at(&compared.across, from), step_at(&compared.down, from)),
            };
            let (across, down) = (pixels(across), pixels(down));
            let part = |by: i32, towards: &str| format!("{} pixels {towards}", by.abs());
            let mut parts = Vec::new();
            if across != 0 {
                parts.push(part(across, if across > 0 { "to the right" } else { "to the left" }));
            }
            if down != 0 {
                parts.push(part(down, if down > 0 { "lower" } else { "higher" }));
            }
            let where_to = parts.join(" and ");
            let message = match jump {
                Jump::Run { .. } => format!(
                    "In {} the piece lies {where_to} than in {}.",
                    super::words::frames(&place.named.0),
                    place.others()
                ),
                Jump::Step { .. } => format!("{} the piece lies {where_to} than before.", place.on_from()),
            };
            let remedy = "Put the piece back in its place in these frames, or render them again: camera or piece have moved.";
            place.finding(Kind::OffCentre, Severity::Warns, message, remedy)
        })
        .collect()
}

/// The jumps of two measures, those at the same frames once.
fn each(one: &[Jump], other: &[Jump]) -> impl Iterator<Item = Jump> {
    let (one, other) = (one.to_vec(), other.to_vec());
    let more: Vec<Jump> =
        other.into_iter().filter(|jump| !one.iter().any(|known| same_place(*known, *jump))).collect();
    one.into_iter().chain(more)
}

fn same_place(a: Jump, b: Jump) -> bool {
    match (a, b) {
        (Jump::Run { start, frames, .. }, Jump::Run { start: other, frames: others, .. }) => {
            start == other && frames == others
        }
        (Jump::Step { from, .. }, Jump::Step { from: other, .. }) => from == other,
        _ => false,
    }
}

fn level(jump: Jump) -> f32 {
    match jump {
        Jump::Run { level, .. } | Jump::Step { level, .. } => level,
    }
}

fn step_at(jumps: &[Jump], position: usize) -> f32 {
    let level = jumps.iter().filter_map(|jump| match jump {
        Jump::Step { from, level } if *from == position => Some(*level),
        _ => None,
    });
    level.sum()
}

/// The frames that a jump is about.
struct Place<'a> {
    named: Named<'a>,
    positions: Vec<usize>,
    is_run: bool,
    before: Member<'a>,
    first: Member<'a>,
    last: Member<'a>,
    behind: Member<'a>,
}

impl<'a> Place<'a> {
    fn new(members: &[Member<'a>], compared: &Compared, jump: Jump) -> Self {
        let n = compared.order.len();
        let (start, frames, is_run) = match jump {
            Jump::Run { start, frames, .. } => (start, frames, true),
            Jump::Step { from, .. } => (from, 2, false),
        };
        let positions: Vec<usize> = (start..start + frames).map(|position| position % n).collect();
        let member = |position: usize| members[compared.order[position % n]];
        let named =
            positions.iter().map(|&position| (member(position).place, member(position).name)).collect();
        Self {
            named: Named(named),
            is_run,
            before: member(start + n - 1),
            first: member(start),
            last: member(start + frames - 1),
            behind: member(start + frames),
            positions: positions.iter().map(|&position| compared.order[position]).collect(),
        }
    }

    fn is(&self) -> &'static str {
        by_count(self.named.len(), "is", "are")
    }

    fn others(&self) -> &'static str {
        by_count(self.named.len(), "its neighbours", "the frames before and after them")
    }

    fn on_from(&self) -> String {
        format!("From {} on,", Name(self.last.name))
    }

    fn gains(&self, members: &[Member<'_>], level: f32) -> Vec<Gain> {
        self.positions
            .iter()
            .map(|&member| Gain { name: members[member].name.into(), stops: -level })
            .collect()
    }

    fn finding(&self, kind: Kind, severity: Severity, message: String, remedy: &str) -> Finding {
        let mut tiles = vec![Tile::plain(&self.before.seen.sketch), Tile::marked(&self.first.seen.sketch)];
        if self.is_run && self.named.len() > 1 {
            tiles.push(Tile::marked(&self.last.seen.sketch));
        }
        if self.is_run {
            tiles.push(Tile::plain(&self.behind.seen.sketch));
        } else {
            tiles = vec![Tile::plain(&self.first.seen.sketch), Tile::marked(&self.last.seen.sketch)];
        }
        Finding { evidence: strip(&tiles), ..finding(kind, severity, self.named.names(), message, remedy) }
    }
}
