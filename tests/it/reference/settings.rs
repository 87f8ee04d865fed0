//! The settings, from the list that the example file is made from.

use std::fmt::Write as _;

use girasol::config::{Kind, Section, Setting, variable_of};

/// The whole page.
pub(super) fn page(sections: &[Section]) -> String {
    let mut page = String::from(
        "# Settings\n\nSettings come from defaults, then `girasol.toml` (or `--config FILE`), then variables, then flags; the later \
         source wins. [girasol.example.toml](../../girasol.example.toml) has all of them with their defaults. Unknown keys, \
         unknown variables and values of the wrong kind are refused, with their place and the nearest name.\n",
    );
    for section in sections {
        let heading = if section.name.is_empty() {
            "Before all sections".to_owned()
        } else {
            format!("[{}]", section.name)
        };
        let _ = writeln!(page, "\n## {heading}");
        if !section.about.is_empty() {
            let _ = writeln!(page, "\n{}", section.about);
        }
        for setting in &section.settings {
            one(&mut page, setting, &section.name);
        }
    }
    page
}

fn one(page: &mut String, setting: &Setting, section: &str) {
    let Setting { kind, about, .. } = setting;
    let key = setting.key(section);
    let _ = writeln!(page, "\n### {key}\n\n{about}\n");
    let _ = writeln!(page, "- Takes {kind}.");
    match (&setting.default, setting.example) {
        (Some(default), _) if !matches!(kind, Kind::Tables(_)) => {
            let _ = writeln!(page, "- Default: `{default}`");
        }
        (Some(_), _) => {
            let _ = writeln!(page, "- Default: see the example file.");
        }
        (None, Some(example)) => {
            let _ = writeln!(page, "- No default; for example `{example}`");
        }
        (None, None) => {
            let _ = writeln!(page, "- No default.");
        }
    }
    if let Kind::Tables(entries) = kind {
        let _ = writeln!(page, "\nEach table takes:\n\n| key | takes | meaning |\n|---|---|---|");
        for entry in entries {
            let need = if entry.required { ", required" } else { "" };
            let takes = format!("{}{need}", entry.kind).replace('|', "\\|");
            let _ = writeln!(page, "| `{}` | {takes} | {} |", entry.name, entry.about.replace('|', "\\|"));
        }
    } else {
        let _ = writeln!(page, "- Variable: `{}`", variable_of(&key));
    }
}
