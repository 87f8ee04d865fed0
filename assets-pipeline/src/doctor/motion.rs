//! Findings about the order of frames: what is missing, there twice, out of place, or out of step.

use super::{
    copies::{Copies, Lies, Pair},
    evidence::{Tile, strip},
    files::finding,
    finding::{Finding, Kind, Mend, Severity},
    look::{Look, Member},
    numbers::{Numbers, Place},
    sequence::Repair,
    set::{Named, Set},
    steps::Step,
    turn::{Compared, Gap, apart},
    words::{by_count, capital},
};
use crate::read::refusal::{Name, Refusal};

/// Frames to compare, and what came of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Motion<'a> {
    pub(super) set: &'a Set<'a>,
    pub(super) members: &'a [Member<'a>],
    pub(super) copies: &'a Copies,
    pub(super) compared: Option<&'a Compared>,
}

impl<'a> Motion<'a> {
    fn gaps(&self) -> &'a [Gap] {
        self.compared.map(|compared| compared.gaps.as_slice()).unwrap_or_default()
    }

    fn at(&self, compared: &Compared, position: usize) -> Member<'a> {
        self.members[compared.order[position % compared.order.len()]]
    }

    /// The step from a member to the next frame that is no copy.
    fn step_behind(&self, member: usize) -> Option<Step> {
        let compared = self.compared?;
        let position = compared.order.iter().position(|&other| other == member)?;
        compared.steps.get(position).copied()
    }
}

/// Numbers that are missing in the names.
pub(super) fn missing(motion: &Motion<'_>) -> Option<Finding> {
    let numbers = motion.set.numbers;
    let names = numbers.missing_names();
    let file = names.first().cloned().unwrap_or_default();
    if numbers.missing.is_empty() {
        return None;
    }
    let refusal = Refusal::FramesMissing { file, missing: numbers.missing.clone(), unit: numbers.unit() };
    let is_missing = |place: &usize| matches!(numbers.turn.get(*place), Some(Place::Missing(_)));
    let gaps: Vec<&Gap> = motion.gaps().iter().filter(|gap| gap.places.iter().any(is_missing)).collect();
    // Whatever else leaves a gap (a file that cannot be read, say) cannot be closed by numbers.
    let only_numbers = motion.members.len() == motion.set.looks.len()
        && gaps.iter().all(|gap| gap.places.iter().all(is_missing));
    let all_there = numbers.angles.is_none()
        && only_numbers
        && !gaps.is_empty()
        && gaps.iter().all(|gap| gap.is_single == Some(true));
    let (more, remedy, mend) = if all_there {
        let more = " But the piece goes on evenly there: it seems to be only the numbers that were skipped.";
        (more, "Number the frames without gaps.".to_owned(), Some(Mend::Renumber))
    } else if gaps.iter().any(|gap| gap.is_single == Some(false)) {
        (" The piece leaps there.", refusal.remedy(), None)
    } else {
        ("", refusal.remedy(), None)
    };
    let evidence = motion.compared.zip(gaps.first()).and_then(|(compared, gap)| {
        let (from, to) = (motion.at(compared, gap.position), motion.at(compared, gap.position + 1));
        strip(&[from, to].map(|member| Tile::plain(&member.seen.sketch)))
    });
    let message = format!("{refusal}.{more}");
    Some(Finding {
        mend,
        evidence,
        ..finding(Kind::MissingFrames, Severity::Blocks, names, message, &remedy)
    })
}

/// Gives a frame whose number repeats 0 degrees its place at the end of the turn, where its picture is another
/// one: it is a step of its own then, whatever its number says.
pub(super) fn take_back_closing(looks: &[Look], numbers: &mut Numbers) {
    let Some((index, first)) = closing_by_number(numbers) else { return };
    let Some(first) = looks.iter().position(|look| look.name == *first) else { return };
    if repeats(looks, numbers, index, first) == Some(false) {
        numbers.turn.push(Place::Here(index));
    }
}

fn closing_by_number(numbers: &Numbers) -> Option<(usize, &String)> {
    numbers.odd.iter().find_map(|(index, refusal)| match refusal {
        Refusal::ClosingFrame { first, .. } => Some((*index, first)),
        _ => None,
    })
}

/// Whether a frame is much nearer to the first one than the second one is; `None` where the difference is too small to decide.
fn repeats(looks: &[Look], numbers: &Numbers, closing: usize, first: usize) -> Option<bool> {
    let Some(Place::Here(second)) = numbers.turn.get(1) else { return None };
    let [closing, first, second] = [closing, first, *second].map(|index| looks[index].seen.as_ref().ok());
    let (closing, first, second) = (&closing?.sketch, &first?.sketch, &second?.sketch);
    if closing.dimensions() != first.dimensions() || second.dimensions() != first.dimensions() {
        return None;
    }
    Some(apart(closing, first) < 0.5 * apart(first, second) || apart(closing, first) < 0.05)
}

/// A frame at 360 degrees beside one at 0, by the names.
pub(super) fn closing_by_name(motion: &Motion<'_>) -> Option<Finding> {
    let set = motion.set;
    let (index, first) = closing_by_number(set.numbers)?;
    let (_, refusal) = set.numbers.odd.iter().find(|(odd, _)| *odd == index)?;
    let file = &set.looks[index].name;
    let position = set.looks.iter().position(|look| look.name == *first);
    let repeats = position.and_then(|first| repeats(set.looks, set.numbers, index, first));
    let (message, remedy) = match (repeats, refusal) {
        (Some(false), Refusal::ClosingFrame { angles: [angle, again], .. }) => (
            format!(
                "{} shows another view than {}, though {angle} degrees is {again} degrees again.",
                Name(file),
                Name(first)
            ),
            "Number the frames from 0 or 1 on without gaps.".to_owned(),
        ),
        _ => (format!("{refusal}."), refusal.remedy()),
    };
    let pictures = set.sketch(first).zip(set.sketch(file));
    let evidence = pictures.filter(|(first, file)| first.dimensions() == file.dimensions());
    Some(Finding {
        mend: match repeats {
            Some(true) => Some(Mend::LeaveOut),
            Some(false) => Some(Mend::Renumber),
            None => None,
        },
        evidence: evidence.and_then(|(first, last)| closing_evidence(first, last)),
        ..finding(Kind::ClosingFrame, Severity::Blocks, vec![file.clone()], message, &remedy)
    })
}

fn closing_evidence(first: &image::RgbaImage, last: &image::RgbaImage) -> Option<Vec<u8>> {
    strip(&[Tile::plain(first), Tile::marked(last), Tile::difference(first, last)])
}

/// The same picture under several names.
pub(super) fn copied(motion: &Motion<'_>) -> Vec<Finding> {
    if motion.copies.all_alike {
        let message =
            format!("All {} frames show the same picture: the piece does not turn.", motion.members.len());
        let remedy = "Check that the turntable is animated, and render the turn again.";
        let all = finding(Kind::DuplicateFrames, Severity::Asks, Vec::new(), message, remedy);
        return vec![all];
    }
    let even = |pair: &&Pair| !matches!(motion.step_behind(pair.original), Some(Step::Longer(_)));
    let pairs = |lies: Lies| motion.copies.pairs.iter().filter(move |pair| pair.lies == lies);
    // Where each name promises an angle, no frame is too many.
    let is_angle = motion.set.numbers.angles.is_some();
    let (mut findings, mut instead) = (Vec::new(), Vec::new());
    for pair in pairs(Lies::Closing) {
        let (first, last) = (motion.members[pair.original], motion.members[pair.copy]);
        // The step of the turn without it is the one behind the frame in front of it.
        let leaps = motion
            .step_behind(pair.copy.saturating_sub(1))
            .is_some_and(|step| matches!(step, Step::Longer(_)));
        if is_angle || leaps {
            instead.push(pair);
        } else {
            findings.push(closing(last, first, "is the first one"));
        }
    }
    let (mut extra, replaced): (Vec<&Pair>, Vec<&Pair>) =
        pairs(Lies::Beside).partition(|pair| !is_angle && even(pair));
    instead.extend(replaced);
    let is_extra = |pair: &&Pair| {
        if is_angle {
            return false;
        }
        let place = motion.members[pair.copy].place;
        motion.gaps().iter().any(|gap| gap.places == [place] && gap.is_single == Some(true))
    };
    let (added, replacing): (Vec<&Pair>, Vec<&Pair>) = pairs(Lies::Apart).partition(is_extra);
    extra.extend(added);
    instead.extend(replacing);
    findings.extend(copies_of(motion, &extra, true));
    findings.extend(copies_of(motion, &instead, false));
    findings
}

/// Copies that are too many, or that stand in place of another view.
fn copies_of(motion: &Motion<'_>, pairs: &[&Pair], extra: bool) -> Option<Finding> {
    let first = pairs.first()?;
    let (copy, original) = (motion.members[first.copy], motion.members[first.original]);
    let named = Named(
        pairs.iter().map(|pair| (motion.members[pair.copy].place, motion.members[pair.copy].name)).collect(),
    );
    let same = if first.same_file { "the same file as" } else { "the same picture, pixel by pixel, as" };
    let lost: Vec<String> = pairs.iter().filter_map(|pair| lost_angle(motion, pair)).collect();
    let stands = match lost.as_slice() {
        _ if extra => "The turn goes on evenly without.".to_owned(),
        [] => "Another view is missing there.".to_owned(),
        [one] => format!("The view at {one} degrees is missing."),
        [most @ .., last] => format!("The views at {} and {last} degrees are missing.", most.join(", ")),
    };
    let message = match named.len() {
        1 => format!("{} is {same} {}. {stands}", capital(&named.sentence()), Name(original.name)),
        _ => format!(
            "{} repeat other frames: {} is {same} {}. {stands}",
            named.sentence(),
            Name(copy.name),
            Name(original.name)
        ),
    };
    let remedy = if extra {
        "Leave the repeated frames out, and number the others without gaps."
    } else {
        "Render the repeated frames again, each at its own angle."
    };
    // Where another view is missing, the piece leaps as with a missing frame.
    let severity = if extra { Severity::Warns } else { Severity::Asks };
    Some(Finding {
        mend: extra.then_some(Mend::LeaveOut),
        evidence: strip(&[Tile::plain(&original.seen.sketch), Tile::marked(&copy.seen.sketch)]),
        ..finding(Kind::DuplicateFrames, severity, named.names(), message, remedy)
    })
}

/// The angle that is lost where a copy stands in its place: of two neighbours, that of the one which is further from the
/// frame on its other side than the other one is.
fn lost_angle(motion: &Motion<'_>, pair: &Pair) -> Option<String> {
    let (members, count) = (motion.members, motion.members.len());
    let mut lost = pair.copy;
    if pair.lies == Lies::Beside {
        let away = |from: usize, to: usize| apart(&members[from].seen.sketch, &members[to].seen.sketch);
        let before = away((pair.original + count - 1) % count, pair.original);
        if before > away(pair.copy, (pair.copy + 1) % count) {
            lost = pair.original;
        }
    }
    motion.set.numbers.angle(members[lost].place)
}

fn closing(last: Member<'_>, first: Member<'_>, how: &str) -> Finding {
    let message = format!(
        "The last frame, {}, {how} once more, {}: the spin would stop there for a moment.",
        Name(last.name),
        Name(first.name)
    );
    Finding {
        mend: Some(Mend::LeaveOut),
        evidence: closing_evidence(&first.seen.sketch, &last.seen.sketch),
        ..finding(
            Kind::ClosingFrame,
            Severity::Warns,
            vec![last.name.into()],
            message,
            &format!("Leave out the closing frame {}.", Name(last.name)),
        )
    }
}

/// Frames that show another piece.
pub(super) fn foreign(motion: &Motion<'_>) -> Option<Finding> {
    let compared = motion.compared?;
    let first = *compared.foreign.first()?;
    let named = Named(
        compared
            .foreign
            .iter()
            .map(|&member| (motion.members[member].place, motion.members[member].name))
            .collect(),
    );
    let message = format!(
        "{} {} nothing like the other frames: {} to be of another piece.",
        named.sentence(),
        by_count(named.len(), "looks", "look"),
        by_count(named.len(), "it seems", "they seem")
    );
    let remedy = "Put the right frames in their place, or leave them out and number the others without gaps.";
    let count = motion.members.len();
    let sketch = |member: usize| &motion.members[member % count].seen.sketch;
    let evidence = strip(&[
        Tile::plain(sketch(first + count - 1)),
        Tile::marked(sketch(first)),
        Tile::plain(sketch(first + 1)),
    ]);
    Some(Finding { evidence, ..finding(Kind::ForeignFrames, Severity::Asks, named.names(), message, remedy) })
}

/// Frames that fit better elsewhere.
pub(super) fn out_of_order(motion: &Motion<'_>) -> Vec<Finding> {
    let Some(compared) = motion.compared else { return Vec::new() };
    let finding_of = |repaired: &super::sequence::Repaired| {
        let n = repaired.before.len();
        let at = |position: usize| motion.members[repaired.before[position % n]];
        let name = |position: usize| Name(at(position).name).to_string();
        let (positions, message, remedy, shown) = match repaired.repair {
            Repair::Swap(a, b) => (
                vec![a, b],
                format!("Frames {} and {} stand in each other's place.", name(a), name(b)),
                "Give each of the two the other's number.".to_owned(),
                vec![a + n - 1, a, b, b + 1],
            ),
            Repair::Reverse(a, b) if b == a + 1 => (
                vec![a, b],
                format!("Frames {} and {} are swapped.", name(a), name(b)),
                "Give each of the two the other's number.".to_owned(),
                vec![a + n - 1, a, b, b + 1],
            ),
            Repair::Reverse(a, b) => (
                (a..=b).collect(),
                format!("Frames {} to {} run backwards.", name(a), name(b)),
                "Number these frames the other way round.".to_owned(),
                vec![a + n - 1, a, b, b + 1],
            ),
            Repair::Move { from, behind } => (
                vec![from],
                format!(
                    "Frame {} is out of place: it fits between {} and {}.",
                    name(from),
                    name(behind),
                    name(behind + 1)
                ),
                format!("Move {} there, and number the frames anew.", name(from)),
                vec![from + n - 1, from, from + 1],
            ),
        };
        let tile = |position: &usize| {
            let sketch = &at(*position).seen.sketch;
            if positions.contains(position) { Tile::marked(sketch) } else { Tile::plain(sketch) }
        };
        let evidence = strip(&shown.iter().map(tile).collect::<Vec<_>>());
        let frames = positions.iter().map(|position| at(*position).name.to_owned()).collect();
        Finding { evidence, ..finding(Kind::OutOfOrder, Severity::Asks, frames, message, &remedy) }
    };
    compared.repairs.iter().map(finding_of).collect()
}

/// Whether the turn closes, and goes on by even steps.
pub(super) fn steps(motion: &Motion<'_>) -> Vec<Finding> {
    let Some(compared) = motion.compared else { return Vec::new() };
    let seam = compared.order.len() - 1;
    let (last, first) = (motion.at(compared, seam), motion.at(compared, 0));
    let is_angle = motion.set.numbers.angles.is_some();
    // A copy that stands in place of another view is told of already. With angles it may be the first of the two.
    let told = |position: usize| {
        let member = compared.order[position];
        motion.copies.pairs.iter().any(|pair| {
            pair.lies == Lies::Beside && (pair.original == member || is_angle && pair.original == member + 1)
                || pair.lies == Lies::Closing && member + 1 == pair.copy
        })
    };
    let mut findings = Vec::new();
    match compared.steps[seam] {
        Step::Longer(_) if !told(seam) => findings.push(open(compared, last, first)),
        Step::Shorter(_) if !is_angle => findings.push(closing(last, first, "shows the first view")),
        Step::Shorter(factor) => {
            findings.extend(uneven_steps(motion, compared, &[(seam, factor)], false));
        }
        _ => {}
    }
    let uneven = |longer: bool| -> Vec<(usize, f32)> {
        let of = |position: usize| match compared.steps[position] {
            Step::Longer(factor) if longer && !told(position) => Some((position, factor)),
            Step::Shorter(factor) if !longer => Some((position, factor)),
            _ => None,
        };
        (0..seam).filter_map(of).collect()
    };
    findings.extend(uneven_steps(motion, compared, &uneven(true), true));
    findings.extend(uneven_steps(motion, compared, &uneven(false), false));
    findings
}

fn open(compared: &Compared, last: Member<'_>, first: Member<'_>) -> Finding {
    let (steps, frames) = (compared.to_close, compared.order.len());
    let lacks = match steps {
        0 | 1 => String::new(),
        2 => ", about as far as two steps: the last frame seems to be missing".into(),
        steps => format!(
            ", about as far as {steps} steps: the turn covers some {:.0} degrees",
            360.0 - 360.0 * (steps - 1) as f64 / (frames + steps - 1) as f64
        ),
    };
    let message = format!(
        "The turn does not close: from the last frame, {}, to the first, {}, the piece leaps{lacks}.",
        Name(last.name),
        Name(first.name)
    );
    Finding {
        evidence: strip(&[
            Tile::marked(&last.seen.sketch),
            Tile::marked(&first.seen.sketch),
            Tile::difference(&last.seen.sketch, &first.seen.sketch),
        ]),
        ..finding(
            Kind::OpenTurn,
            Severity::Warns,
            vec![last.name.into(), first.name.into()],
            message,
            "Render the whole turn: 360 degrees, without the last frame repeating the first.",
        )
    }
}

fn uneven_steps(
    motion: &Motion<'_>,
    compared: &Compared,
    steps: &[(usize, f32)],
    longer: bool,
) -> Option<Finding> {
    let &(first, factor) = steps.first()?;
    let (from, to) = (motion.at(compared, first), motion.at(compared, first + 1));
    let mut named: Vec<(usize, &str)> = Vec::new();
    for &(position, _) in steps {
        for member in [motion.at(compared, position), motion.at(compared, position + 1)] {
            if !named.contains(&(member.place, member.name)) {
                named.push((member.place, member.name));
            }
        }
    }
    let more = match steps.len() {
        1 => String::new(),
        more => format!(" So it does in {} more places.", more - 1),
    };
    let (message, remedy) = if longer {
        (
            format!(
                "From {} to {} the piece goes {factor:.1} times as far as around there.{more}",
                Name(from.name),
                Name(to.name)
            ),
            "A frame may have been lost there before the others were numbered: render the turn again in even steps.",
        )
    } else {
        (
            format!("From {} to {} the piece hardly turns.{more}", Name(from.name), Name(to.name)),
            if motion.set.numbers.angles.is_some() {
                "A view may have been rendered twice: render both again, each at its own angle."
            } else {
                "A view may have been rendered twice: leave one of the two out, and number the frames without gaps."
            },
        )
    };
    Some(Finding {
        evidence: strip(&[
            Tile::plain(&motion.at(compared, first + compared.order.len() - 1).seen.sketch),
            Tile::marked(&from.seen.sketch),
            Tile::marked(&to.seen.sketch),
            Tile::plain(&motion.at(compared, first + 2).seen.sketch),
        ]),
        ..finding(Kind::UnevenSteps, Severity::Warns, Named(named).names(), message, remedy)
    })
}
