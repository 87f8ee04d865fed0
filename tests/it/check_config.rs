//! `girasol check-config`.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Output};

use serde_json::Value;

use crate::girasol::girasol;

fn check(config: &Path, arguments: &[&str]) -> Output {
    let mut command = girasol();
    // Not the stack's own database: its address would be one of the settings.
    command.env_remove("GIRASOL_DATABASE__URL");
    command.arg("check-config").arg("--config").arg(config).args(arguments).output().unwrap()
}

fn written(folder: &Path, settings: &str) -> std::path::PathBuf {
    let config = folder.join("girasol.toml");
    fs::write(&config, settings).unwrap();
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
    config
}

#[test]
fn settings_are_shown_as_they_apply_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let settings = "[server]\nlisten = '0.0.0.0:8360'\n\n[database]\n\
                    url = 'postgres://girasol:swordfish@db.example/girasol'\n";
    let config = written(folder.path(), settings);
    let output = check(&config, &["--log", "debug"]);
    let (shown, said) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{said}");
    let file = config.display();
    assert!(shown.contains(&format!("listen = \"0.0.0.0:8360\" # {file}:2\n")), "{shown}");
    assert!(shown.contains(&format!("\nurl = \"(secret)\" # {file}:5\n")), "{shown}");
    assert!(shown.contains("level = \"debug\" # --log\n"), "{shown}");
    assert!(shown.contains("\nkeep_alive_seconds = 75\n"), "{shown}");
    assert!(shown.contains("\n# operator_listen is not set\n"), "{shown}");
    assert!(
        said.contains(&format!("warning: {file}:5: database.url may send everything unencrypted")),
        "{said}"
    );
    assert!(said.contains(&format!("warning: {file}:2: server.listen can be reached")), "{said}");
    assert!(!shown.contains("swordfish") && !said.contains("swordfish"));
    // What is shown is a file of the same settings, but for secrets.
    let again =
        written(folder.path(), &shown.replace("\"(secret)\"", "\"postgres://girasol@localhost/girasol\""));
    assert!(check(&again, &[]).status.success());
    fs::set_permissions(&again, fs::Permissions::from_mode(0o644)).unwrap();
    let said = String::from_utf8(check(&again, &[]).stderr).unwrap();
    assert!(said.contains("database.url stands in a file that every user"), "{said}");
}

#[test]
fn every_error_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let config =
        written(folder.path(), "[server]\nlisten = 8360\nkeep_alive_second = 5\n[cache]\nredis = ['pass']\n");
    let output = check(&config, &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let file = config.display();
    for line in [
        format!("{file}:2: server.listen must be a text, not 8360"),
        format!("{file}:3: server.keep_alive_second is not a setting; did you mean keep_alive_seconds?"),
        format!("{file}:5: cache.redis must be a text"),
    ] {
        assert!(said.contains(&line), "{said}");
    }
    assert!(!said.contains("pass"), "{said}");
}

#[test]
fn scripts_get_one_object() {
    let folder = tempfile::tempdir().unwrap();
    let config = written(folder.path(), "[server]\nlisten = '0.0.0.0:8360'\n[limits]\nenabled = false\n");
    let output = check(&config, &["--json"]);
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let place = format!("{}:4", config.display());
    assert_eq!(shown["settings"]["limits.enabled"], serde_json::json!({ "value": false, "origin": place }));
    assert_eq!(shown["settings"]["server.workers"]["value"], Value::Null);
    let warnings = shown["warnings"].as_array().unwrap();
    assert!(warnings.iter().any(|warning| warning["key"] == "limits.enabled" && warning["origin"] == place));
}
