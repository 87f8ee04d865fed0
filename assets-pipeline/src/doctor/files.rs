//! Findings about files one by one: what they are named, whether they can be read, of which size and colours
//! they are, and how the piece lies in them.

use std::collections::{BTreeMap, BTreeSet};

use image::RgbaImage;

use super::{
    evidence::{Tile, strip},
    finding::{Finding, Kind, Severity},
    look::Seen,
    margins::Side,
    set::{Named, Set, most_common},
    words::{by_count, percent},
};
use crate::{
    plan::tiers::{Family, TierTable},
    prepare::ground::{Bounds, Edge},
    read::refusal::{Name, Refusal},
    read::remark::{Remark, by_remark},
};

/// Turns of fewer frames jerk, and are less than the smallest tier of a spin shows.
const FEW_FRAMES: usize = 12;
/// A piece that takes less of the frame's longer side than this wastes most of what was rendered: of 2000 pixels,
/// which are plenty, 660 are left, and the largest tier shows 800.
const SMALL: f32 = 0.33;

/// Frames that one picture shows at most: four rows.
const MOST_SHOWN: usize = 16;

/// A finding without mend and evidence.
pub(super) fn finding(
    kind: Kind,
    severity: Severity,
    frames: Vec<String>,
    message: String,
    remedy: &str,
) -> Finding {
    Finding {
        kind,
        severity,
        frames,
        message,
        remedy: remedy.into(),
        mend: None,
        evidence: None,
        gains: Vec::new(),
    }
}

/// Files that cannot be used, each kind of reason once.
pub(super) fn unreadable(set: &Set<'_>) -> Vec<Finding> {
    let mut kinds: BTreeMap<&'static str, Vec<(&str, &Refusal)>> = BTreeMap::new();
    for &index in &set.order {
        let look = &set.looks[index];
        if let Err(refusal) = &look.seen {
            kinds.entry(refusal.slug()).or_default().push((&look.name, refusal));
        }
    }
    let finding_of = |refused: &Vec<(&str, &Refusal)>| {
        let (_, refusal) = refused[0];
        let frames: Vec<String> = refused.iter().map(|(name, _)| (*name).to_owned()).collect();
        let (message, remedy) = match refused.len() {
            1 => (format!("{refusal}."), refusal.remedy()),
            more => (
                format!("{refusal}. So it is, or much like it, with {} more.", more - 1),
                format!("{} The same goes for the others.", refusal.remedy()),
            ),
        };
        let evidence = between_neighbours(set, refused[0].0);
        Finding { evidence, ..finding(Kind::Unreadable, Severity::Blocks, frames, message, &remedy) }
    };
    kinds.values().map(finding_of).collect()
}

/// A file that shows nothing, between the frames before and after it.
fn between_neighbours(set: &Set<'_>, name: &str) -> Option<Vec<u8>> {
    let at = set.order.iter().position(|&index| set.looks[index].name == name)?;
    let sketch = |place: usize| {
        let look = &set.looks[*set.order.get(place)?];
        look.seen.as_ref().ok().map(|seen| &seen.sketch)
    };
    let (before, after) = (at.checked_sub(1).and_then(sketch), sketch(at + 1));
    let size = before.or(after)?.dimensions();
    let mut tiles: Vec<Tile> = before.into_iter().map(Tile::plain).collect();
    tiles.push(Tile::none(size));
    tiles.extend(after.map(Tile::plain));
    strip(&tiles)
}

/// Frames as they are, as many as one picture holds.
fn shown<'a>(sketches: impl Iterator<Item = &'a RgbaImage>) -> Option<Vec<u8>> {
    strip(&sketches.take(MOST_SHOWN).map(Tile::plain).collect::<Vec<_>>())
}

/// A turn that is hardly one.
pub(super) fn too_few(set: &Set<'_>) -> Option<Finding> {
    let evidence = shown(set.seen().map(|(_, _, seen)| &seen.sketch));
    match set.looks {
        [only] => {
            let refusal = Refusal::SingleFrame { file: only.name.clone() };
            let (message, remedy) = (format!("{refusal}."), refusal.remedy());
            Some(Finding {
                evidence,
                ..finding(Kind::TooFewFrames, Severity::Blocks, vec![only.name.clone()], message, &remedy)
            })
        }
        looks if looks.len() < FEW_FRAMES => Some(Finding {
            evidence,
            ..finding(
                Kind::TooFewFrames,
                Severity::Warns,
                Vec::new(),
                format!(
                    "There are only {} frames, {:.0} degrees from one to the next: the piece will jump rather \
                     than turn.",
                    looks.len(),
                    360.0 / looks.len() as f64
                ),
                "Render at least 24 frames of the turn; 36 or 72 turn smoothly.",
            )
        }),
        _ => None,
    }
}

/// Names that do not count with the others. A closing frame has a finding of its own.
pub(super) fn mixed_names(set: &Set<'_>) -> Vec<Finding> {
    let odd = set.numbers.odd.iter().filter(|(_, refusal)| !matches!(refusal, Refusal::ClosingFrame { .. }));
    let mut kinds: BTreeMap<&'static str, Vec<(&str, &Refusal)>> = BTreeMap::new();
    for (index, refusal) in odd {
        kinds.entry(refusal.slug()).or_default().push((&set.looks[*index].name, refusal));
    }
    let finding_of = |odd: &Vec<(&str, &Refusal)>| {
        let (_, refusal) = odd[0];
        let frames = odd.iter().map(|(name, _)| (*name).to_owned()).collect();
        let more = match odd.len() {
            1 => String::new(),
            more => format!(" So it is with {} more.", more - 1),
        };
        let message = format!("{refusal}.{more}");
        Finding {
            evidence: shown(odd.iter().filter_map(|(name, _)| set.sketch(name))),
            ..finding(Kind::MixedNames, Severity::Blocks, frames, message, &refusal.remedy())
        }
    };
    let refused = set.numbers.refused.iter().map(|refusal| Finding {
        evidence: shown(set.seen().map(|(_, _, seen)| &seen.sketch)),
        ..finding(Kind::MixedNames, Severity::Blocks, Vec::new(), format!("{refusal}."), &refusal.remedy())
    });
    refused.chain(kinds.values().map(finding_of)).collect()
}

/// Frames of another size than most.
pub(super) fn sizes(set: &Set<'_>) -> Option<Finding> {
    let (width, height) = set.size;
    // What lies on its side has another size for that reason alone.
    let differs = |seen: &Seen| seen.size != set.size && seen.orientation == set.orientation;
    let odd: Vec<_> = set.seen().filter(|(_, _, seen)| differs(seen)).collect();
    let (_, example, usual) = set.seen().find(|(_, _, seen)| seen.size == set.size)?;
    let (_, first, seen) = odd.first()?;
    let named = Named(odd.iter().map(|(place, name, _)| (*place, *name)).collect());
    let sizes: BTreeSet<(u32, u32)> = odd.iter().map(|(_, _, seen)| seen.size).collect();
    let as_odd = match sizes.len() {
        1 => format!("{} x {} pixels", seen.size.0, seen.size.1),
        _ => format!("of other sizes ({} is {} x {})", Name(first), seen.size.0, seen.size.1),
    };
    let message = format!(
        "{} {} {as_odd}; the other frames, such as {}, are {width} x {height}.",
        named.sentence(),
        by_count(named.len(), "is", "are"),
        Name(example)
    );
    Some(Finding {
        evidence: strip(&[Tile::plain(&usual.sketch), Tile::marked(&seen.sketch)]),
        ..finding(
            Kind::SizesDiffer,
            Severity::Blocks,
            named.names(),
            message,
            &format!("Render all frames at the same size, such as {width} x {height} pixels."),
        )
    })
}

/// Frames that their files turn otherwise than the others.
pub(super) fn orientations(set: &Set<'_>) -> Option<Finding> {
    let odd: Vec<_> = set.seen().filter(|(_, _, seen)| seen.orientation != set.orientation).collect();
    let (_, example, usual) = set.seen().find(|(_, _, seen)| seen.orientation == set.orientation)?;
    let (_, file, first) = odd.first()?;
    let refusal = Refusal::OrientationsDiffer {
        file: (*file).to_owned(),
        orientation: first.orientation,
        example: example.to_owned(),
        expected: set.orientation,
        others: odd.len() - 1,
    };
    let named = Named(odd.iter().map(|(place, name, _)| (*place, *name)).collect());
    Some(Finding {
        evidence: strip(&[Tile::plain(&usual.sketch), Tile::marked(&first.sketch)]),
        ..finding(
            Kind::OrientationsDiffer,
            Severity::Blocks,
            named.names(),
            format!("{refusal}."),
            &refusal.remedy(),
        )
    })
}

/// Frames with more or fewer bits a channel than most.
pub(super) fn depths(set: &Set<'_>) -> Option<Finding> {
    let usual = most_common(set.seen().map(|(_, _, seen)| seen.bits))?;
    let odd: Vec<_> = set.seen().filter(|(_, _, seen)| seen.bits != usual).collect();
    let (_, _, first) = odd.first()?;
    let named = Named(odd.iter().map(|(place, name, _)| (*place, *name)).collect());
    let message = format!(
        "{} {} {} bits a channel, and the rest of the turn {usual}.",
        named.sentence(),
        by_count(named.len(), "has", "have"),
        first.bits
    );
    let remedy = "Compare the colours of these frames with the others', or export all frames with the same bits a channel.";
    Some(Finding {
        evidence: shown(odd.iter().map(|(_, _, seen)| &seen.sketch)),
        ..finding(Kind::DepthsDiffer, Severity::Warns, named.names(), message, remedy)
    })
}

/// Frames of another colour profile than most.
fn mixed_profiles(set: &Set<'_>) -> Option<Finding> {
    let usual = most_common(set.seen().map(|(_, _, seen)| seen.profile.as_deref()))?;
    let odd: Vec<_> = set.seen().filter(|(_, _, seen)| seen.profile.as_deref() != usual).collect();
    let (_, _, first) = odd.first()?;
    let named = Named(odd.iter().map(|(place, name, _)| (*place, *name)).collect());
    let called = |profile: Option<&str>| profile.map_or("sRGB or none".to_owned(), ToOwned::to_owned);
    let profiles: BTreeSet<String> = odd.iter().map(|(_, _, seen)| called(seen.profile.as_deref())).collect();
    let message = format!(
        "{} {} another colour profile than the rest of the turn: {}, and not {}. All were converted to sRGB; colours may \
         jump there all the same.",
        named.sentence(),
        by_count(named.len(), "has", "have"),
        profiles.into_iter().collect::<Vec<_>>().join(", "),
        called(usual)
    );
    let usual = set.seen().find(|(_, _, seen)| seen.profile.as_deref() == usual);
    let tiles = usual.map(|(_, _, seen)| Tile::plain(&seen.sketch)).into_iter();
    Some(Finding {
        evidence: strip(&tiles.chain([Tile::marked(&first.sketch)]).collect::<Vec<_>>()),
        ..finding(
            Kind::ProfilesDiffer,
            Severity::Warns,
            named.names(),
            message,
            "Export all frames with the same profile, sRGB as a rule.",
        )
    })
}

/// Frames with transparency among frames without, or the other way round.
pub(super) fn alpha(set: &Set<'_>) -> Option<Finding> {
    let odd: Vec<_> = set.seen().filter(|(_, _, seen)| seen.has_alpha != set.has_alpha).collect();
    let (_, _, usual) = set.seen().find(|(_, _, seen)| seen.has_alpha == set.has_alpha)?;
    let (_, _, first) = odd.first()?;
    let named = Named(odd.iter().map(|(place, name, _)| (*place, *name)).collect());
    let (does, others) = if set.has_alpha {
        (by_count(named.len(), "is opaque", "are opaque"), "has a transparent ground")
    } else {
        (by_count(named.len(), "has a transparent ground", "have a transparent ground"), "is opaque")
    };
    let message =
        format!("{} {does}, and the rest of the turn {others}: the ground will flicker.", named.sentence());
    Some(Finding {
        evidence: strip(&[Tile::plain(&usual.sketch), Tile::marked(&first.sketch)]),
        ..finding(
            Kind::AlphaComesAndGoes,
            Severity::Warns,
            named.names(),
            message,
            "Export all frames with transparency, or all of them without.",
        )
    })
}

/// Profiles that colours were converted from.
pub(super) fn profiles(set: &Set<'_>) -> Option<Finding> {
    mixed_profiles(set).or_else(|| converted_profiles(set))
}

fn converted_profiles(set: &Set<'_>) -> Option<Finding> {
    let converted: Vec<_> =
        set.seen().filter_map(|(place, name, seen)| Some((place, name, seen.profile.as_deref()?))).collect();
    let profiles: BTreeSet<&str> = converted.iter().map(|(_, _, profile)| *profile).collect();
    if profiles.is_empty() {
        return None;
    }
    let named = Named(converted.iter().map(|(place, name, _)| (*place, *name)).collect());
    let who =
        if named.len() == set.looks.len() { format!("All {} frames", named.len()) } else { named.sentence() };
    let profiles: Vec<&str> = profiles.into_iter().collect();
    let message = format!(
        "{who} {} other colours than sRGB, which screens show: {}. They were converted.",
        by_count(named.len(), "has", "have"),
        profiles.join(", ")
    );
    let remedy = "Compare the colours with your own; to decide them yourself, export the frames in sRGB.";
    // As visitors will see it: the artist has the other half of the comparison.
    let evidence = shown(
        set.seen().filter(|(_, _, seen)| seen.profile.is_some()).map(|(_, _, seen)| &seen.sketch).take(1),
    );
    Some(Finding {
        evidence,
        ..finding(Kind::ProfileConverted, Severity::Warns, named.names(), message, remedy)
    })
}

/// What was assumed of files that leave it open.
pub(super) fn assumed(set: &Set<'_>) -> Vec<Finding> {
    let remarks = by_remark(set.seen().map(|(place, name, seen)| (place, name, &seen.remarks[..])));
    let finding_of = |(remark, frames): (&Remark, Vec<(usize, &str)>)| {
        let named = Named(frames);
        let who = if named.len() == set.looks.len() {
            format!("All {} frames", named.len())
        } else {
            named.sentence()
        };
        let first = set.seen().filter(|(_, _, seen)| seen.remarks.contains(remark)).take(1);
        Finding {
            evidence: shown(first.map(|(_, _, seen)| &seen.sketch)),
            ..finding(
                Kind::Assumed,
                Severity::Warns,
                named.names(),
                format!("{who}: {remark}."),
                remark.remedy(),
            )
        }
    };
    remarks.into_iter().map(finding_of).collect()
}

/// Frames that cut the piece off.
pub(super) fn touches_edge(set: &Set<'_>) -> Option<Finding> {
    let cut: Vec<_> = set.seen().filter(|(_, _, seen)| !seen.cut.is_empty()).collect();
    let (_, _, first) = cut.iter().max_by_key(|(_, _, seen)| seen.cut.len())?;
    let named = Named(cut.iter().map(|(place, name, _)| (*place, *name)).collect());
    let sides: BTreeSet<Side> = cut.iter().flat_map(|(_, _, seen)| seen.cut.iter().copied()).collect();
    let sides: Vec<&str> = sides.into_iter().map(Side::as_str).collect();
    let who =
        if named.len() == set.looks.len() { "all frames".to_owned() } else { super::words::frames(&named.0) };
    let message = format!("The piece runs out of the picture in {who}: at the {}.", sides.join(" and the "));
    Some(Finding {
        evidence: strip(&[Tile::cut(&first.sketch, &first.cut)]),
        ..finding(
            Kind::TouchesEdge,
            Severity::Warns,
            named.names(),
            message,
            "Move the camera back or the piece to the middle, and render the turn again.",
        )
    })
}

/// A piece that is small in its frames, and frames that show none.
pub(super) fn too_small(set: &Set<'_>) -> Vec<Finding> {
    let seen: Vec<_> = set.seen().filter(|(_, _, seen)| seen.size == set.size).collect();
    let empty = Named(
        seen.iter()
            .filter(|(_, _, seen)| seen.bounds.is_none())
            .map(|(place, name, _)| (*place, *name))
            .collect(),
    );
    let mut findings = Vec::new();
    if !empty.is_empty() {
        let all = empty.len() == seen.len();
        let message = if all {
            "No frame shows anything but its ground.".to_owned()
        } else {
            format!("{} {} nothing but ground.", empty.sentence(), by_count(empty.len(), "shows", "show"))
        };
        let severity = if all { Severity::Blocks } else { Severity::Warns };
        let remedy = "Check that the renderer wrote the piece and its alpha channel.";
        let usual = seen.iter().find(|(_, _, seen)| seen.bounds.is_some());
        let first = seen.iter().find(|(_, _, seen)| seen.bounds.is_none());
        let tiles = usual.map(|(_, _, seen)| Tile::plain(&seen.sketch));
        let tiles: Vec<Tile> =
            tiles.into_iter().chain(first.map(|(_, _, seen)| Tile::marked(&seen.sketch))).collect();
        findings.push(Finding {
            evidence: strip(&tiles),
            ..finding(Kind::TooSmall, severity, empty.names(), message, remedy)
        });
    }
    findings.extend(small_piece(set));
    findings
}

fn small_piece(set: &Set<'_>) -> Option<Finding> {
    let seen: Vec<_> = set.seen().filter(|(_, _, seen)| seen.size == set.size).collect();
    // Ingest keeps such frames whole, so there is no piece that could be small.
    if seen.iter().any(|(_, _, seen)| matches!(seen.edge, Edge::Busy(_))) {
        return None;
    }
    let bounds = seen.iter().filter_map(|(_, _, seen)| seen.bounds).reduce(Bounds::union)?;
    let (width, height) = set.size;
    let longer = bounds.width().max(bounds.height());
    let share = longer as f32 / width.max(height) as f32;
    let wanted = TierTable::default().sizes.get(&Family::Hd).map_or(800, |hd| hd.avif_px);
    if share >= SMALL || longer >= wanted {
        return None;
    }
    let part = [
        bounds.left as f32 / width as f32,
        bounds.top as f32 / height as f32,
        bounds.right as f32 / width as f32,
        bounds.bottom as f32 / height as f32,
    ];
    let message = format!(
        "The piece takes only {} of the picture in the whole turn: {} x {} pixels, and the largest spin shows {wanted}.",
        percent(share),
        bounds.width(),
        bounds.height()
    );
    let (_, _, first) = seen.iter().find(|(_, _, seen)| seen.bounds.is_some())?;
    Some(Finding {
        evidence: strip(&[Tile::outlined(&first.sketch, part)]),
        ..finding(
            Kind::TooSmall,
            Severity::Warns,
            Vec::new(),
            message,
            "Move the camera closer, or render larger, so that the piece fills most of the picture.",
        )
    })
}
