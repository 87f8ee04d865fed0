//! The documents hold: their shell lines run, their settings load, and their links lead to a place that exists.
//!
//! A comment in the line before a fenced block says what the block is, where that is not plain:
//!
//! - `<!-- not run: REASON -->`: shell lines that the test leaves out;
//! - `<!-- background -->`: one line that runs until the document's end, a server;
//! - `<!-- a product file -->`: TOML that is not `girasol.toml`.
//!
//! `<!-- first: COMMAND -->` anywhere in a document runs a command that its readers do not need to see.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use crate::girasol::{draw_turn, girasol};

/// What the blocks of a document may rely on: small turns in the working directory, and tools that fail as a reader
/// would notice it. The addresses in the text become that of the server.
const PRELUDE: &str = r#"
set -eu -o pipefail
jq() { command jq --exit-status "$@"; }
base=https://spins.example
"#;

/// Starts the line before it in the background, and waits for the address that it prints.
const IN_BACKGROUND: &str = r#" >served 2>served.log &
server=$!
trap 'kill "$server"; wait "$server"' EXIT
exec 9<served
read -r line <&9
base=${line#Girasol is at }
base=${base%/}
"#;

/// A fenced block.
pub(crate) struct Block {
    /// Of its first line, from 1.
    line: usize,
    pub(crate) language: String,
    pub(crate) text: String,
    /// The comment before it.
    note: Option<String>,
}

impl Block {
    /// Why it is not run.
    fn excuse(&self) -> Option<&str> {
        self.note.as_deref()?.strip_prefix("not run:").map(str::trim)
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every document, by its path from the root.
fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = ["", "benches", "fixtures", "viewer"].map(PathBuf::from).into();
    folders.extend(below(Path::new("docs")));
    for folder in folders {
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let name = folder.join(entry.unwrap().file_name());
            if name.extension().is_some_and(|extension| extension == "md") {
                found.push(name);
            }
        }
    }
    found.sort();
    found
}

/// A folder and all folders in it.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    for entry in fs::read_dir(root().join(folder)).unwrap().flatten() {
        if entry.path().is_dir() {
            found.extend(below(&folder.join(entry.file_name())));
        }
    }
    found
}

pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let (mut blocks, mut open, mut before) = (Vec::new(), None::<Block>, "");
    for (index, line) in text.lines().enumerate() {
        if let Some(mut block) = open.take() {
            if line == "```" {
                blocks.push(block);
            } else {
                block.text.push_str(line);
                block.text.push('\n');
                open = Some(block);
            }
        } else if let Some(command) =
            line.strip_prefix("<!-- first: ").and_then(|rest| rest.strip_suffix(" -->"))
        {
            blocks.push(Block {
                line: index + 1,
                language: "sh".to_owned(),
                text: format!("{command}\n"),
                note: None,
            });
        } else if let Some(language) = line.strip_prefix("```") {
            let note = before.strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->"));
            open = Some(Block {
                line: index + 2,
                language: language.to_owned(),
                text: String::new(),
                note: note.map(|note| note.trim().to_owned()),
            });
        }
        before = line;
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// All shell blocks of a document as one script, so that a later block has the variables of an earlier one.
fn script(blocks: &[Block]) -> Option<String> {
    let mut script = PRELUDE.to_owned();
    let mut runs = false;
    for block in blocks.iter().filter(|block| block.language == "sh") {
        if let Some(reason) = block.excuse() {
            assert!(!reason.is_empty(), "line {}: say why it is not run", block.line);
            continue;
        }
        runs = true;
        let text =
            block.text.replace("http://127.0.0.1:8360", "$base").replace("https://spins.example", "$base");
        let _ = writeln!(script, "echo \"line {}\" >&2", block.line);
        match block.note.as_deref() {
            Some("background") => {
                assert_eq!(text.lines().count(), 1, "line {}: one line runs in the background", block.line);
                let _ = write!(script, "mkfifo served\n{}{IN_BACKGROUND}", text.trim_end());
            }
            Some(note) => panic!("line {}: unknown note: {note}", block.line),
            None => script.push_str(&text),
        }
    }
    runs.then_some(script)
}

/// Whether the programs are here that the lines call. In CI they must be.
fn tools_are_installed() -> bool {
    let is_missing = |tool: &&str| Command::new(tool).arg("--version").output().is_err();
    let missing: Vec<&str> = ["bash", "curl", "jq", "openssl"].into_iter().filter(is_missing).collect();
    assert!(
        missing.is_empty() || std::env::var_os("CI").is_none(),
        "{missing:?} must be installed (make setup)"
    );
    if !missing.is_empty() {
        eprintln!("skipped: there is no {missing:?} here (make setup)");
    }
    missing.is_empty()
}

/// Runs a script in a folder of its own that has turns to work with.
fn run(script: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let (work, home) = (folder.path().join("work"), folder.path().join("home"));
    draw_turn(&work.join("renders/ring"), [212, 175, 95], 12);
    draw_turn(&work.join("renders/ring-rose"), [210, 150, 130], 12);
    fs::create_dir_all(&home).unwrap();
    // An answer that is an error ends the script.
    fs::write(home.join(".curlrc"), "fail-with-body\n").unwrap();
    let binary = Path::new(girasol().get_program()).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths(std::iter::once(binary).chain(std::env::split_paths(&path))).unwrap();
    // `timeout`, so that a stream that never ends is a failure and not a test that hangs.
    let mut bash = Command::new("timeout");
    bash.args(["--kill-after=10", "600", "bash", "-c", script]).current_dir(work).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIRASOL_") {
            bash.env_remove(name);
        }
    }
    bash.env("PATH", path).env("HOME", &home).env("CURL_HOME", &home).env("GIRASOL_LISTEN", "127.0.0.1:0");
    // Small pictures: it is not the encoders that are tested here.
    for family in ["STILL", "SPIN", "HD"] {
        bash.env(format!("GIRASOL_SIZES__{family}__AVIF_PX"), "64");
        bash.env(format!("GIRASOL_SIZES__{family}__WEBP_PX"), "64");
    }
    bash.output().unwrap()
}

#[test]
fn shell_lines_in_the_docs_run() {
    if !tools_are_installed() {
        return;
    }
    let mut failures = String::new();
    for document in documents() {
        let text = fs::read_to_string(root().join(&document)).unwrap();
        let Some(script) = script(&blocks(&text)) else { continue };
        let output = run(&script);
        if !output.status.success() {
            let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
            let _ = writeln!(failures, "{}: {}\n{err}{out}", document.display(), output.status);
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn make_targets_in_the_docs_exist() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let targets: BTreeSet<&str> = makefile.lines().filter_map(|line| Some(line.split_once(':')?.0)).collect();
    for document in documents() {
        let text = fs::read_to_string(root().join(&document)).unwrap();
        let in_blocks = blocks(&text)
            .into_iter()
            .filter(|block| block.language == "sh")
            .flat_map(|block| block.text.lines().map(str::to_owned).collect::<Vec<_>>());
        let in_prose = text.split('`').skip(1).step_by(2).map(str::to_owned);
        for line in in_blocks.chain(in_prose) {
            let Some(target) = line.strip_prefix("make ").and_then(|rest| rest.split_whitespace().next())
            else {
                continue;
            };
            assert!(targets.contains(target), "{}: make {target}", document.display());
        }
    }
}

#[test]
fn settings_in_the_docs_are_settings() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("example.toml");
    for document in documents() {
        let text = fs::read_to_string(root().join(&document)).unwrap();
        for block in blocks(&text).iter().filter(|block| block.language == "toml") {
            fs::write(&file, &block.text).unwrap();
            let output = match block.note.as_deref() {
                Some("a product file") => girasol().args(["product", "check"]).arg(&file).output(),
                // Printing a configuration reads all settings and touches nothing.
                _ => {
                    girasol().arg("--config").arg(&file).args(["edge", "varnish", "--origin", "a:1"]).output()
                }
            };
            let output = output.unwrap();
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}:{}: {error}", document.display(), block.line);
        }
    }
}

#[test]
fn links_in_the_docs_lead_somewhere() {
    let mut broken = String::new();
    for document in documents() {
        let text = fs::read_to_string(root().join(&document)).unwrap();
        for link in links(&text) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => root().join(&document),
                path => root().join(document.parent().unwrap()).join(path),
            };
            let is_there = match anchor {
                "" => target.exists(),
                anchor => fs::read_to_string(&target).is_ok_and(|text| anchors(&text).contains(anchor)),
            };
            if !is_there {
                let _ = writeln!(broken, "{}: {link}", document.display());
            }
        }
    }
    assert!(broken.is_empty(), "{broken}");
}

/// Links and pictures that lead into the repository.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link);
    targets.filter(|link| !link.contains("://"))
}

/// The anchors that headings get: lower case, hyphens for spaces, and no punctuation.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings =
        text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let letter = |letter: char| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        letter => letter.is_alphanumeric().then(|| letter.to_ascii_lowercase()),
    };
    headings.map(|heading| heading.chars().filter_map(letter).collect()).collect()
}
