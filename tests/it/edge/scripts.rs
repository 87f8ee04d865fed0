//! The scripts of CDNs, as `girasol edge` prints them, in Node.

use std::{fs, path::Path, process::Command};

use crate::{
    front::{is_there, printed},
    spellings::{PUBLIC, other_spellings},
};

use super::{table, write_policy};

/// Public addresses and other spellings of each, as they can come to a script: what the client itself cuts off, or takes
/// for another host, does not.
fn spellings() -> Vec<(&'static str, Vec<String>)> {
    let on_the_wire = |spelling: &String| !spelling.contains('#') && !spelling.contains("://");
    let others = |address: &str| other_spellings(address).into_iter().filter(on_the_wire).collect();
    PUBLIC.iter().map(|address| (*address, others(address))).collect()
}

#[test]
fn the_scripts_of_cdns_decide_as_the_server_does_and_keep_no_other_spelling() {
    let found = is_there("node", "--version");
    assert!(found || std::env::var_os("CI").is_none(), "node must be installed");
    if !found {
        return;
    }
    let table = table();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["default", "changed"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("girasol.toml");
        write_policy(&table["policies"][name], &file);
        for script in ["cloudfront.mjs", "cloudflare.mjs", "akamai.mjs", "fastly.vcl"] {
            let edge = script.split('.').next().unwrap();
            let text = printed(&[edge, "--config", file.to_str().unwrap()]);
            fs::write(folder.path().join(script), text).unwrap();
        }
        fs::write(folder.path().join("spellings.json"), serde_json::to_vec(&spellings()).unwrap()).unwrap();
        let mut node = Command::new("node");
        node.arg(root.join("tests/policy/scripts.mjs")).arg(folder.path()).arg(name);
        let output = node.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    }
}
