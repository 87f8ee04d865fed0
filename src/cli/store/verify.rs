//! `girasol store verify`.

use std::{fmt::Write as _, sync::Arc};

use serde_json::{Value, json};

use crate::{
    app::App,
    cli::{
        failure::{CliError, Details, Explain},
        print_result,
        progress_bar::{Noted, ProgressBar},
    },
    db::objects::NeededBy,
    library::{
        repair::Repaired,
        verify::{Extent, Faulty, Verified, verify},
    },
};

use super::{
    noting,
    repair::{Left, Means, repair},
};

/// A store is not as it should be: objects are missing, damaged or unreadable, which is printed.
#[derive(Debug, thiserror::Error)]
#[error("{0} objects are missing, damaged or unreadable")]
struct FaultyStore(usize);

impl Explain for FaultyStore {
    fn details(&self) -> Details {
        Details::of("faulty-objects")
    }

    fn is_printed(&self) -> bool {
        true
    }
}

/// What there is to say of a store.
struct Said {
    intact: u64,
    unknown: u64,
    /// Folders that could not be read.
    unread: Vec<String>,
    repaired: Vec<Repaired>,
    /// What is missing, damaged or unreadable in the end; after a repair with the reason.
    faulty: Vec<Faulty>,
    left: Vec<Left>,
    is_repair: bool,
}

/// Reads the store, and repairs it if there are means to do so. An object that is missing or damaged in the end is an error;
/// all of them are printed then.
pub(super) async fn run(app: &App, extent: Extent, means: Option<Means>, json: bool) -> Result<(), CliError> {
    let noted = Arc::new(Noted::default());
    let bar = ProgressBar::watch(noted.clone());
    let verified = verify(&app.db, &app.store, extent, &noting(&noted, "read objects")).await;
    bar.end();
    let Verified { intact, faulty, unknown, unread } = verified?;
    let said = match means {
        None => {
            Said { intact, unknown, unread, repaired: Vec::new(), faulty, left: Vec::new(), is_repair: false }
        }
        Some(means) => {
            let (outcome, left) = repair(app, &means, faulty).await?;
            let intact = intact + outcome.sound;
            let faulty = left.iter().map(|left| left.faulty.clone()).collect();
            Said { intact, unknown, unread, repaired: outcome.repaired, faulty, left, is_repair: true }
        }
    };
    app.db.close().await;
    print_result(&if json { as_json(&said) } else { as_text(&said) });
    match said.faulty.len() {
        0 => Ok(()),
        faulty => Err(FaultyStore(faulty).into()),
    }
}

fn as_json(said: &Said) -> String {
    let named = |Faulty { address, fault, needed_by }: &Faulty| {
        let needed_by: Vec<_> = needed_by
            .iter()
            .map(|by| json!({ "configuration": by.configuration.as_str(), "version": by.version }))
            .collect();
        let mut named =
            json!({ "object": address.to_string(), "fault": fault.slug(), "neededBy": needed_by });
        if let Some(why) = fault.why() {
            named["why"] = why.into();
        }
        named
    };
    let with = |mut object: Value, key: &str, value: Value| {
        object[key] = value;
        object
    };
    let Said { intact, unknown, unread, repaired, faulty, left, is_repair } = said;
    let faulty: Vec<Value> = if *is_repair {
        let named = |Left { faulty, why }: &Left| {
            let faulty = with(named(faulty), "reason", why.slug().into());
            with(faulty, "remedy", why.remedy().into())
        };
        left.iter().map(named).collect()
    } else {
        faulty.iter().map(named).collect()
    };
    let mut all = json!({ "intact": intact, "faulty": faulty, "unknown": unknown, "unread": unread });
    if *is_repair {
        let named = |Repaired { faulty, from }: &Repaired| with(named(faulty), "from", from.as_str().into());
        all["repaired"] = repaired.iter().map(named).collect();
    }
    all.to_string()
}

fn versions(needed_by: &[NeededBy]) -> String {
    if needed_by.is_empty() {
        return "no version".to_owned();
    }
    let named = needed_by.iter().map(|by| format!("{} {}", by.configuration, by.version));
    named.collect::<Vec<_>>().join(", ")
}

fn as_text(Said { intact, unknown, unread, repaired, faulty, left, is_repair }: &Said) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for Repaired { faulty, from } in repaired {
        let _ = writeln!(text, "repaired {} ({}) from {from}", faulty.address, faulty.fault.slug());
    }
    for (at, Faulty { address, fault, needed_by }) in faulty.iter().enumerate() {
        let why = fault.why().map_or_else(String::new, |why| format!(": {why}"));
        let _ = writeln!(text, "{} {address} (needed by {}){why}", fault.slug(), versions(needed_by));
        // Once for all objects in a row that it is true of.
        let why = left.get(at).map(|left| &left.why);
        if let Some(why) = why
            && left.get(at + 1).is_none_or(|next| next.why != *why)
        {
            let _ = writeln!(text, "  {}", why.remedy());
        }
    }
    for folder in unread {
        let _ = writeln!(text, "what is in a folder cannot be listed: {folder}");
    }
    let unknown = match unknown {
        0 => String::new(),
        some => format!(" The database does not know of {some} more: a collection deletes them."),
    };
    let repaired = if *is_repair { format!("{} were repaired, ", repaired.len()) } else { String::new() };
    let remedy =
        if faulty.is_empty() || *is_repair { "" } else { "\nRepair them: girasol store verify --repair" };
    let faulty = faulty.len();
    format!(
        "{text}{intact} objects are as they should be, {repaired}{faulty} are missing, damaged or unreadable.{unknown}{remedy}"
    )
}
