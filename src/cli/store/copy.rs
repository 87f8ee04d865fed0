//! `girasol store copy`.

use std::{path::Path, sync::Arc};

use serde_json::json;

use crate::{
    app::{App, AppError},
    cli::{
        failure::CliError,
        print_result,
        progress_bar::{Noted, ProgressBar},
    },
    library::copy_store::{CopiedStore, copy_store},
    store::Store,
};

use super::noting;

/// Where the copy is to be.
async fn target(app: &App, to: &str) -> Result<Store, CliError> {
    let data = Path::new(to);
    let opened = if to.contains("://") {
        Store::open(&app.config.store.at("--to", to)?, data).await
    } else {
        Store::folder(data)
    };
    let store = opened.map_err(|source| AppError::Data { path: data.to_owned(), source })?;
    store.probe().await?;
    Ok(store)
}

pub(super) async fn run(app: &App, to: &str, json: bool) -> Result<(), CliError> {
    let target = target(app, to).await?;
    let noted = Arc::new(Noted::default());
    let bar = ProgressBar::watch(noted.clone());
    let copied = copy_store(&app.db, &app.store, &target, &noting(&noted, "copy objects")).await;
    bar.end();
    app.db.close().await;
    let CopiedStore { identity, copied, there, left_over } = copied?;
    print_result(&if json {
        json!({
            "to": target.place(),
            "identity": identity.as_str(),
            "copied": copied,
            "there": there,
            "leftOver": left_over,
        })
        .to_string()
    } else {
        let left_over = match left_over {
            0 => String::new(),
            some => {
                format!("\nIt has {some} objects that the store has not any more: a collection deletes them.")
            }
        };
        format!(
            "{copied} objects were copied to {}, and {there} were there.{left_over}\nIt has the name of the database, {identity}. \
             Name it under [store] in girasol.toml, or with --data, and start.",
            target.place()
        )
    });
    Ok(())
}
