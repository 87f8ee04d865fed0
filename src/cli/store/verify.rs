//! `girasol store verify`.

use std::{fmt::Write as _, sync::Arc};

use serde_json::json;

use crate::{
    app::App,
    cli::{
        failure::{Details, Explain},
        print_result,
        progress_bar::{Noted, ProgressBar},
    },
    library::{
        collect::CollectError,
        verify::{Extent, Fault, Faulty, Verified, verify},
    },
};

use super::noting;

/// Why a store is not as it should be.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum VerifyError {
    /// Objects are missing or damaged, which is printed.
    #[error("{0} objects are missing or damaged")]
    Faulty(usize),
    /// They could not be read.
    #[error(transparent)]
    Collect(#[from] CollectError),
}

impl Explain for VerifyError {
    fn details(&self) -> Details {
        match self {
            Self::Faulty(_) => Details::of("faulty-objects"),
            Self::Collect(error) => error.details(),
        }
    }

    fn is_printed(&self) -> bool {
        matches!(self, Self::Faulty(_))
    }
}

/// Reads the store.
///
/// # Errors
///
/// [`VerifyError::Faulty`] if an object is missing or damaged; all of them are printed then.
pub(super) async fn run(app: &App, extent: Extent, json: bool) -> Result<(), VerifyError> {
    let noted = Arc::new(Noted::default());
    let bar = ProgressBar::watch(noted.clone());
    let verified = verify(&app.db, &app.store, extent, &noting(&noted, "read objects")).await;
    bar.end();
    app.db.close().await;
    let verified = verified?;
    print_result(&if json { as_json(&verified) } else { as_text(&verified) });
    match verified.faulty.len() {
        0 => Ok(()),
        faulty => Err(VerifyError::Faulty(faulty)),
    }
}

const fn word(fault: Fault) -> &'static str {
    match fault {
        Fault::Missing => "missing",
        Fault::Damaged => "damaged",
    }
}

fn as_json(Verified { intact, faulty, unknown }: &Verified) -> String {
    let faulty: Vec<_> = faulty
        .iter()
        .map(|Faulty { address, fault, needed_by }| {
            let needed_by: Vec<_> = needed_by
                .iter()
                .map(|by| json!({ "configuration": by.configuration.as_str(), "version": by.version }))
                .collect();
            json!({ "object": address.to_string(), "fault": word(*fault), "neededBy": needed_by })
        })
        .collect();
    json!({ "intact": intact, "faulty": faulty, "unknown": unknown }).to_string()
}

fn as_text(Verified { intact, faulty, unknown }: &Verified) -> String {
    let mut text = String::new();
    for Faulty { address, fault, needed_by } in faulty {
        let needed_by: Vec<String> =
            needed_by.iter().map(|by| format!("{} {}", by.configuration, by.version)).collect();
        let needed_by = if needed_by.is_empty() { "no version".to_owned() } else { needed_by.join(", ") };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{} {address} (needed by {needed_by})", word(*fault));
    }
    let unknown = match unknown {
        0 => String::new(),
        some => format!(" The database does not know of {some} more: a collection deletes them."),
    };
    let remedy = if faulty.is_empty() {
        ""
    } else {
        "\nIngest the frames of these versions again: objects that are missing or damaged are written anew."
    };
    format!(
        "{text}{intact} objects are as they should be, {} are missing or damaged.{unknown}{remedy}",
        faulty.len()
    )
}
