//! `girasol key`.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::{
    app::App,
    db::keys::{Revoked, StoredKey},
    domain::{
        audit::Actor,
        keys::{KeyId, Role},
    },
};

use super::{CliError, moment, say, tell};

/// What `girasol key` takes.
#[derive(Debug, Args)]
pub(super) struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Make a key and print it: the only time that it is shown.
    Create {
        /// artist uploads and publishes, admin does everything, metrics reads measurements.
        #[arg(long, value_name = "artist|admin|metrics")]
        role: Role,
        /// Whose it is, or what for.
        #[arg(long, default_value = "", value_name = "TEXT")]
        label: String,
    },
    /// List the keys that were given out.
    List,
    /// Make a key worthless, and end its sessions.
    Revoke {
        /// As `girasol key list` shows it.
        id: KeyId,
    },
}

pub(super) async fn run(app: &App, args: &KeyArgs) -> Result<(), CliError> {
    match &args.command {
        KeyCommand::Create { role, label } => {
            let key = app.db.create_key(*role, label, &Actor::command_line()).await?;
            if args.json {
                let id = key.id().as_str();
                say(&json!({ "id": id, "role": role.as_str(), "label": label, "key": key.to_string() })
                    .to_string());
            } else {
                // The key alone goes to stdout, so that a script can keep it.
                tell(&format!("Keep this key of the role {role}; it is not shown again:"));
                say(&key.to_string());
            }
        }
        KeyCommand::List => {
            let keys = app.db.keys().await?;
            say(&if args.json { list_json(&keys) } else { list_text(&keys) });
        }
        KeyCommand::Revoke { id } => {
            let outcome = match app.db.revoke_key(id, &Actor::command_line()).await? {
                Revoked::Now => "revoked",
                Revoked::Before => "already-revoked",
                Revoked::NoSuchKey => return Err(CliError::NoKey(id.clone())),
            };
            say(&if args.json {
                json!({ "id": id.as_str(), "outcome": outcome }).to_string()
            } else {
                format!("{id} is worth nothing any more.")
            });
        }
    }
    app.db.close().await;
    Ok(())
}

fn list_text(keys: &[StoredKey]) -> String {
    if keys.is_empty() {
        return "There is no key yet. Make one: girasol key create --role artist".to_owned();
    }
    let mut lines = vec![format!(
        "{:<12}  {:<8} {:<20} {:<20} {:<20} label",
        "id", "role", "made", "last used", "revoked"
    )];
    for key in keys {
        let [last, revoked] =
            [key.last_used_at_ms, key.revoked_at_ms].map(|at| at.map_or_else(|| "-".to_owned(), moment));
        let (made, role) = (moment(key.created_at_ms), key.role.as_str());
        lines.push(format!("{:<12}  {role:<8} {made:<20} {last:<20} {revoked:<20} {}", key.id, key.label));
    }
    lines.join("\n")
}

fn list_json(keys: &[StoredKey]) -> String {
    let key = |key: &StoredKey| {
        json!({
            "id": key.id.as_str(),
            "role": key.role.as_str(),
            "label": key.label,
            "created": moment(key.created_at_ms),
            "lastUsed": key.last_used_at_ms.map(moment),
            "revoked": key.revoked_at_ms.map(moment),
        })
    };
    json!({ "keys": keys.iter().map(key).collect::<Vec<_>>() }).to_string()
}
