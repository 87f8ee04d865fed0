//! `girasol report`: one page for a person, one object for a script, and nothing else.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

use crate::{
    girasol::{draw_turn, girasol, names},
    ingest::{json, stderr},
};

const GOLD: [u8; 3] = [212, 175, 95];

/// Small pictures, in a folder of its own.
fn report(folder: &Path, source: &str) -> Command {
    let mut command = girasol();
    for family in ["STILL", "SPIN", "HD"] {
        command.env(format!("GIRASOL_SIZES__{family}__AVIF_PX"), "64");
        command.env(format!("GIRASOL_SIZES__{family}__WEBP_PX"), "48");
    }
    command.current_dir(folder).args(["report", source]);
    command
}

/// What stands in an attribute, wherever it stands.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    html.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn the_page_needs_nothing_else_and_says_what_the_figures_say() {
    let folder = tempfile::tempdir().unwrap();
    draw_turn(&folder.path().join("A & B"), GOLD, 24);
    let output = report(folder.path(), "A & B").args(["--hero", "90", "--json"]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let figures = json(&output);
    let html = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert_eq!(names(folder.path()), ["A & B", "report.html"], "neither database nor store is made");
    assert_eq!(figures["file_bytes"], html.len());

    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>"));
    for tag in
        ["html", "head", "body", "main", "section", "figure", "table", "tr", "svg", "g", "details", "div"]
    {
        let open = html.matches(&format!("<{tag} ")).count() + html.matches(&format!("<{tag}>")).count();
        assert_eq!(open, html.matches(&format!("</{tag}>")).count(), "<{tag}>");
    }
    assert!(html.contains("<h1>A &amp; B</h1>") && !html.contains("A & B"));

    // Whatever is loaded is in the page, and links lead to its own parts.
    assert!(!html.contains("http://") && !html.contains("https://") && !html.contains("@import"));
    assert!(!html.contains("url("));
    assert!(values(&html, "src").iter().all(|source| source.starts_with("data:image/")));
    let ids = values(&html, "id");
    for link in values(&html, "href") {
        assert!(link.strip_prefix('#').is_some_and(|id| ids.contains(&id)), "{link}");
    }

    assert_frames(&html, &figures);
    assert_tiers(&html, &figures);
    assert_eq!((&figures["hero"], &figures["turn"]["frames"]), (&90.into(), &24.into()));
    let stages: Vec<&str> = figures["costs"]["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| stage["stage"].as_str().unwrap())
        .collect();
    for stage in ["check", "prepare", "encode preview", "encode standard and hd", "measure"] {
        assert!(stages.contains(&stage), "{stages:?}");
    }
    assert!(figures["costs"]["encodes"].as_u64() >= figures["costs"]["published"].as_u64());
}

/// Every frame is there, with its own bytes, under each family and format.
fn assert_frames(html: &str, figures: &Value) {
    let families = figures["families"].as_array().unwrap();
    let shown: usize = families.iter().map(|family| family["frames"].as_array().unwrap().len()).sum();
    assert_eq!(values(html, "data-degree").len(), shown);
    let counts: Vec<(&str, &str, usize)> = families
        .iter()
        .map(|family| {
            let frames = family["frames"].as_array().unwrap().len();
            (family["family"].as_str().unwrap(), family["format"].as_str().unwrap(), frames)
        })
        .collect();
    let want = [("still", 1), ("spin", 24), ("hd", 24)];
    let want: Vec<_> =
        want.into_iter().flat_map(|(family, count)| ["avif", "webp"].map(|f| (family, f, count))).collect();
    assert_eq!(counts, want);
    for family in families {
        for frame in family["frames"].as_array().unwrap() {
            let bytes = frame["bytes"].as_u64().unwrap() as f64 / 1000.0;
            let (degree, file) = (&frame["degree"], frame["file"].as_str().unwrap());
            let title = format!("title=\"{degree}°, from {file}: {bytes:.1} kB, SSIMULACRA2 ");
            let score = frame["score"].as_f64().unwrap();
            let shown =
                html.split(&title).skip(1).filter_map(|rest| rest.split('"').next()?.parse::<f64>().ok());
            assert!(shown.into_iter().any(|shown| (shown - score).abs() < 0.051), "{title}{score}");
        }
        let turns = family["frames"].as_array().unwrap().len() > 1;
        let flicker = family["flicker"].as_array().unwrap();
        assert_eq!(flicker.len(), if turns { 24 } else { 0 });
        assert_eq!(turns, family["curve"].is_object());
        if turns {
            let points = family["curve"]["points"].as_array().unwrap();
            let bytes: Vec<f64> = points.iter().map(|point| point["bytes"].as_f64().unwrap()).collect();
            assert!(bytes.len() > 2 && bytes.is_sorted(), "{bytes:?}");
            assert_eq!(family["curve"]["degrees"].as_array().unwrap().len(), 5);
        }
    }
}

fn assert_tiers(html: &str, figures: &Value) {
    let tiers = figures["tiers"].as_array().unwrap();
    let keys: Vec<&str> = tiers.iter().map(|tier| tier["tier"].as_str().unwrap()).collect();
    assert_eq!(keys, ["still", "still", "preview", "preview", "standard", "standard", "hd", "hd"]);
    for tier in tiers {
        let (bytes, budget) = (tier["bytes"].as_u64().unwrap(), tier["budget"].as_u64().unwrap());
        assert!(bytes > 0 && bytes <= budget, "{tier}");
        let quality = &tier["quality"];
        assert!(quality["min"].as_f64() <= quality["mean"].as_f64(), "{tier}");
        assert!(quality["spread"].as_f64().is_some_and(|spread| spread >= 0.0), "{tier}");
        assert!(quality["step"].as_f64().is_some_and(|step| step <= 3.0), "{tier}");
        assert!(html.contains(&format!("<td>{:.1} kB</td>", bytes as f64 / 1000.0)), "{tier}");
    }
}

#[test]
fn a_bad_folder_is_refused_as_an_ingest_refuses_it_and_no_file_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let turn = folder.path().join("raw");
    draw_turn(&turn, GOLD, 6);
    fs::write(turn.join("003.png"), b"not a picture").unwrap();
    // Lines of progress come or do not, as fast as the machine is.
    let refused = |output: &Output| {
        let said = stderr(output);
        said.find("error:").map(|start| said[start..].to_owned())
    };
    let said = report(folder.path(), "raw").output().unwrap();
    let ingested = girasol()
        .current_dir(folder.path())
        .args(["ingest", "raw", "--product", "ring/solitaire", "--choice", "metal=gold", "--dry-run"])
        .output()
        .unwrap();
    assert!(refused(&said).is_some_and(|words| words.contains("003.png")));
    assert_eq!(refused(&said), refused(&ingested));
    assert_eq!(said.status.code(), Some(1));
    assert!(said.stdout.is_empty());
    let error = json(&report(folder.path(), "raw").arg("--json").output().unwrap());
    assert_eq!(error["error"]["file"], "003.png");
    assert_eq!(names(folder.path()), ["raw"]);
}

#[test]
fn a_place_that_cannot_hold_the_page_is_refused_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    // The work would fail by itself: there are no frames.
    fs::create_dir(folder.path().join("raw")).unwrap();
    let output = report(folder.path(), "raw").args(["--out", "nowhere/page.html"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("nowhere/page.html cannot be written") && said.contains("--out"), "{said}");
    let usage = girasol().arg("report").output().unwrap();
    assert_eq!(usage.status.code(), Some(2));
}
