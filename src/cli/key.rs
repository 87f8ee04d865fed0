//! `girasol key`.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::{
    app::App,
    db::keys::StoredKey,
    domain::{
        audit::Actor,
        keys::{KeyId, Role},
    },
};

use super::{First, OUTPUT, failure::CliError, print_message, print_result, timestamp, words::one_of};

/// Arguments of `girasol key`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol key create --role artist --label mira
  girasol key list
  girasol key revoke 0123456789ab")]
pub(super) struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
    /// Print the result as JSON.
    #[arg(long, global = true, help_heading = OUTPUT)]
    pub(super) json: bool,
}

impl KeyArgs {
    pub(super) fn makes_first(&self) -> First {
        match self.command {
            KeyCommand::Create { .. } => First::May,
            KeyCommand::List | KeyCommand::Revoke { .. } => First::MayNot,
        }
    }
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Create a key and print it. It is shown once.
    #[command(after_help = "Example:
  girasol key create --role artist --label mira")]
    Create {
        /// An artist uploads and publishes, an admin may do everything, metrics reads measurements.
        #[arg(long, value_name = "ROLE", value_parser = one_of::<Role>(Role::ALL.map(Role::as_str)))]
        role: Role,
        /// The person or the purpose that the key is for.
        #[arg(long, default_value = "", value_name = "TEXT")]
        label: String,
    },
    /// List all keys, revoked ones too.
    #[command(after_help = "Example:
  girasol key list --json")]
    List,
    /// Revoke a key, and end its sessions.
    #[command(after_help = "Example:
  girasol key revoke 0123456789ab")]
    Revoke {
        /// The key's id, as `girasol key list` shows it.
        id: KeyId,
    },
}

pub(super) async fn run(app: &App, args: &KeyArgs) -> Result<(), CliError> {
    match &args.command {
        KeyCommand::Create { role, label } => {
            let key = app.db.create_key(*role, label, &Actor::command_line()).await?;
            if args.json {
                let id = key.id().as_str();
                print_result(
                    &json!({ "id": id, "role": role.as_str(), "label": label, "key": key.to_string() })
                        .to_string(),
                );
            } else {
                // stdout gets the key alone, so that a script can read it.
                print_message(&format!("A key of the role {role}; keep it, it is not shown again:"));
                print_result(&key.to_string());
            }
        }
        KeyCommand::List => {
            let keys = app.db.keys().await?;
            print_result(&if args.json { list_json(&keys) } else { list_text(&keys) });
        }
        KeyCommand::Revoke { id } => {
            let was_valid = app.db.revoke_key(id, &Actor::command_line()).await?;
            let outcome = if was_valid { "revoked" } else { "already-revoked" };
            print_result(&if args.json {
                json!({ "id": id.as_str(), "outcome": outcome }).to_string()
            } else {
                format!("{id} is revoked.")
            });
        }
    }
    app.db.close().await;
    Ok(())
}

fn list_text(keys: &[StoredKey]) -> String {
    if keys.is_empty() {
        return "There is no key yet. Create one: girasol key create --role artist".to_owned();
    }
    let mut lines = vec![format!(
        "{:<12}  {:<8} {:<20} {:<20} {:<20} label",
        "id", "role", "created", "last used", "revoked"
    )];
    for key in keys {
        let [last, revoked] =
            [key.last_used_at_ms, key.revoked_at_ms].map(|at| at.map_or_else(|| "-".to_owned(), timestamp));
        let (created, role) = (timestamp(key.created_at_ms), key.role.as_str());
        lines.push(format!("{:<12}  {role:<8} {created:<20} {last:<20} {revoked:<20} {}", key.id, key.label));
    }
    lines.join("\n")
}

fn list_json(keys: &[StoredKey]) -> String {
    let key = |key: &StoredKey| {
        json!({
            "id": key.id.as_str(),
            "role": key.role.as_str(),
            "label": key.label,
            "created": timestamp(key.created_at_ms),
            "lastUsed": key.last_used_at_ms.map(timestamp),
            "revoked": key.revoked_at_ms.map(timestamp),
        })
    };
    json!({ "keys": keys.iter().map(key).collect::<Vec<_>>() }).to_string()
}
