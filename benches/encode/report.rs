//! The report, as Markdown: what was wanted and whether it was reached, then everything that was measured.

use std::{collections::BTreeSet, fmt::Write as _};

use assets_pipeline::plan::tiers::{Format, TierKey};

use crate::{contenders::Outcome, measure::Quality};

/// What Girasol is to be against a peer.
struct Claim {
    girasol: &'static str,
    peer: &'static str,
    /// SSIMULACRA2 above the peer's at the same bytes, at least.
    gain: f64,
    /// CPU time as a share of the peer's, at most.
    cpu: f64,
}

const fn claim(girasol: &'static str, peer: &'static str, gain: f64, cpu: f64) -> Claim {
    Claim { girasol, peer, gain, cpu }
}

const CLAIMS: [Claim; 4] = [
    claim("Girasol", "sharp", 2.0, 0.4),
    claim("Girasol", "cavif", 5.0, 0.6),
    claim("Girasol", "avifenc -s 6 -y 444", 1.0, 1.0),
    claim("Girasol, max effort", "avifenc -s 4 -y 444", 1.0, 2.0),
];

/// The peer that a table compares with.
const GIRASOL: &str = "Girasol";

/// The whole page.
pub(crate) fn render(outcomes: &[Outcome], versions: &[String]) -> String {
    let mut page = String::from(include_str!("head.md"));
    page.push('\n');
    claims(&mut page, outcomes);
    let _ = writeln!(page, "\n{}", include_str!("method.md"));
    for line in versions {
        let _ = writeln!(page, "- {line}");
    }
    details(&mut page, outcomes);
    page
}

fn claims(page: &mut String, outcomes: &[Outcome]) {
    page.push_str(
        "| Girasol | against | turn | SSIMULACRA2 gained: wanted | standard | hd | CPU ratio: wanted | as run | an encode | |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    for claim in &CLAIMS {
        let duels = duels(outcomes, claim.girasol, claim.peer, Format::Avif);
        if duels.is_empty() {
            continue;
        }
        let materials: BTreeSet<&str> = duels.iter().map(|duel| duel.material).collect();
        // In the order in which they were run.
        let mut order: Vec<&str> = Vec::new();
        for outcome in outcomes {
            if materials.contains(outcome.material.as_str()) && !order.contains(&outcome.material.as_str()) {
                order.push(&outcome.material);
            }
        }
        for material in &order {
            let own: Vec<&Duel<'_>> = duels.iter().filter(|duel| duel.material == *material).collect();
            claim_row(page, claim, material, &own);
        }
        claim_row(page, claim, "**all**", &duels.iter().collect::<Vec<_>>());
    }
}

fn claim_row(page: &mut String, claim: &Claim, material: &str, duels: &[&Duel<'_>]) {
    let gain = |tier| {
        let gains: Vec<f64> = duels.iter().filter(|duel| duel.tier == tier).filter_map(|d| d.gain).collect();
        (!gains.is_empty()).then(|| gains.iter().sum::<f64>() / gains.len() as f64)
    };
    let gains = [(TierKey::Standard, gain(TierKey::Standard)), (TierKey::Hd, gain(TierKey::Hd))];
    let ratio = |cpu: &dyn Fn(&Outcome) -> f64| {
        let sum = |side: &dyn Fn(&Duel<'_>) -> f64| duels.iter().map(|duel| side(duel)).sum::<f64>();
        sum(&|duel| cpu(duel.girasol)) / sum(&|duel| cpu(duel.peer))
    };
    let (as_run, an_encode) = (ratio(&whole), ratio(&a_turn));
    // The numbers decide that can be read, so that no row contradicts itself.
    let short = |tier: &TierKey| format!("SSIMULACRA2 at {tier}");
    let missed: Vec<String> = gains
        .iter()
        .filter(|(_, gain)| gain.is_none_or(|gain| rounded(gain, 1) < claim.gain))
        .map(|(tier, _)| short(tier))
        .chain((rounded(as_run, 2) > claim.cpu).then(|| "CPU".to_owned()))
        .collect();
    let verdict = if missed.is_empty() {
        "reached".to_owned()
    } else {
        format!("**not reached**: {}", missed.join(", "))
    };
    let shown =
        |gain: Option<f64>| gain.map_or_else(|| "?".to_owned(), |gain| format!("{:+.1}", rounded(gain, 1)));
    let _ = writeln!(
        page,
        "| {} | {} | {material} | {:+.1} | {} | {} | {:.1} | {:.2} | {:.2} | {verdict} |",
        claim.girasol,
        claim.peer,
        claim.gain,
        shown(gains[0].1),
        shown(gains[1].1),
        claim.cpu,
        as_run,
        an_encode,
    );
}

fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    // Nothing is not less than nothing.
    (value * scale).round() / scale + 0.0
}

fn details(page: &mut String, outcomes: &[Outcome]) {
    let mut cells: Vec<(&str, TierKey, Format)> = Vec::new();
    for outcome in outcomes {
        let cell = cell(outcome);
        if !cells.contains(&cell) {
            cells.push(cell);
        }
    }
    for key in cells {
        let of_cell: Vec<&Outcome> = outcomes.iter().filter(|outcome| cell(outcome) == key).collect();
        let (Some(first), Some(girasol)) =
            (of_cell.first(), of_cell.iter().find(|outcome| outcome.contender == GIRASOL))
        else {
            continue;
        };
        let (material, tier, format) = key;
        let _ = write!(
            page,
            "\n## {material}: {tier}, {format}\n\n{} frames of {} x {} in {} bytes.\n\n\
             | encoder | bytes | mean | min | sd | butteraugli | at Girasol's bytes: mean | butteraugli \
             | CPU s | ratio | encodes | CPU s, an encode | ratio |\n|---|{}\n",
            first.frames,
            first.size.0,
            first.size.1,
            first.max_bytes,
            "--:|".repeat(12)
        );
        for outcome in &of_cell {
            row(page, outcome, girasol);
        }
    }
}

fn row(page: &mut String, outcome: &Outcome, girasol: &Outcome) {
    let quality = match &outcome.published {
        Some(q) => format!(
            "{} | {:.1} | {:.1} | {:.2} | {:.2}",
            q.bytes, q.s2, q.s2_min, q.s2_deviation, q.butteraugli
        ),
        None => "none fits | | | |".to_owned(),
    };
    let even = girasol.published.as_ref().and_then(|girasol| {
        let at = |value| at_bytes(outcome, girasol.bytes, value);
        Some(format!("{:.1} | {:.2}", at(&|q| q.s2)?, at(&|q| q.butteraugli)?))
    });
    let _ = writeln!(
        page,
        "| {} | {quality} | {} | {:.1} | {:.2} | {} | {:.3} | {:.2} |",
        outcome.contender,
        even.unwrap_or_else(|| "|".to_owned()),
        outcome.cpu.as_secs_f64(),
        whole(girasol) / whole(outcome),
        outcome.encodes,
        a_turn(outcome) / outcome.frames as f64,
        a_turn(girasol) / a_turn(outcome),
    );
}

/// Girasol and a peer on one turn at one tier.
struct Duel<'a> {
    material: &'a str,
    tier: TierKey,
    girasol: &'a Outcome,
    peer: &'a Outcome,
    /// SSIMULACRA2 above the peer's at the same bytes.
    gain: Option<f64>,
}

fn duels<'a>(outcomes: &'a [Outcome], girasol: &str, peer: &str, format: Format) -> Vec<Duel<'a>> {
    let of_format = || outcomes.iter().filter(|outcome| outcome.format == format);
    of_format()
        .filter(|outcome| outcome.contender == girasol)
        .filter_map(|girasol| {
            let peer = of_format().find(|o| o.contender == peer && cell(o) == cell(girasol))?;
            let gain = girasol
                .published
                .as_ref()
                .and_then(|own| Some(own.s2 - at_bytes(peer, own.bytes, &|quality| quality.s2)?));
            Some(Duel { material: &girasol.material, tier: girasol.tier, girasol, peer, gain })
        })
        .collect()
}

fn cell(outcome: &Outcome) -> (&str, TierKey, Format) {
    (&outcome.material, outcome.tier, outcome.format)
}

/// What a contender would have had at so many bytes: a straight line over log(bytes) through what it published
/// and the next better that it tried.
fn at_bytes(outcome: &Outcome, bytes: u64, value: &dyn Fn(&Quality) -> f64) -> Option<f64> {
    let below = outcome.published.as_ref()?;
    if outcome.contender.starts_with(GIRASOL) {
        return Some(value(below));
    }
    let Some(above) = outcome.above.as_ref() else { return Some(value(below)) };
    let log = |bytes: u64| (bytes as f64).ln();
    let part = (log(bytes) - log(below.bytes)) / (log(above.bytes) - log(below.bytes));
    Some(value(below) + part * (value(above) - value(below)))
}

/// CPU seconds of the whole run, the search included.
fn whole(outcome: &Outcome) -> f64 {
    outcome.cpu.as_secs_f64()
}

/// CPU seconds of encoding the turn once.
fn a_turn(outcome: &Outcome) -> f64 {
    whole(outcome) / outcome.encodes.max(1) as f64 * outcome.frames as f64
}
