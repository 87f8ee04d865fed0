use std::fs;

use tar::{Builder, EntryType, Header};

use super::super::Source;
use crate::read::limits::Limits;

fn header(kind: EntryType, bytes: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(bytes);
    header.set_mode(0o644);
    header
}

/// A name that the builder would refuse to write.
fn named(mut header: Header, name: &[u8]) -> Header {
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_cksum();
    header
}

fn tar_of(entries: &[(Header, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (header, bytes) in entries {
        builder.append(header, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn frames() -> Vec<(Header, &'static [u8])> {
    [b"ring/001.png".as_slice(), b"ring/002.png"]
        .map(|name| (named(header(EntryType::Regular, 3), name), b"one".as_slice()))
        .to_vec()
}

/// What opening these bytes as a tar says: the frames, or the slug of the refusal.
fn opened(tar: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring.tar");
    fs::write(&path, tar).unwrap();
    match Source::open(&path, &Limits { max_files: 20, ..Limits::default() }) {
        Err(refusal) => refusal.slug().to_owned(),
        Ok(source) => {
            let contents: Vec<Vec<u8>> =
                (0..source.entries().len()).map(|i| source.read(i).unwrap()).collect();
            assert!(contents.iter().all(|content| content == b"one"));
            source.entries().iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>().join(" ")
        }
    }
}

#[test]
fn long_names_are_read_as_gnu_and_as_pax_write_them() {
    let long = format!("{}/001.png", "renders-of-the-ring".repeat(8));
    let gnu = (named(header(EntryType::GNULongName, long.len() as u64), b"././@LongLink"), long.as_bytes());
    let frame = (named(header(EntryType::Regular, 3), b"cut"), b"one".as_slice());
    assert_eq!(opened(&tar_of(&[gnu, frame.clone()])), "001.png");

    let record = format!(" path={long}\n");
    let record = format!("{}{record}", record.len() + 3);
    let pax = (named(header(EntryType::XHeader, record.len() as u64), b"PaxHeaders/0"), record.as_bytes());
    let global = (named(header(EntryType::XGlobalHeader, 0), b"pax_global_header"), b"".as_slice());
    assert_eq!(opened(&tar_of(&[global, pax, frame])), "001.png");
}

#[test]
fn names_that_lead_out_of_their_folder_and_what_is_no_file() {
    for name in ["../001.png", "/etc/001.png", "ring/../../001.png", "ring\\..\\001.png", "C:001.png"] {
        let mut entries = frames();
        entries.push((named(header(EntryType::Regular, 3), name.as_bytes()), b"one"));
        assert_eq!(opened(&tar_of(&entries)), "archive-unsafe-name", "{name}");
    }
    for kind in [EntryType::Symlink, EntryType::Link, EntryType::Fifo, EntryType::Char, EntryType::GNUSparse]
    {
        let mut entries = frames();
        entries.push((named(header(kind, 0), b"ring/003.png"), b""));
        let refused = opened(&tar_of(&entries));
        assert!(matches!(refused.as_str(), "archive-link" | "tar-broken"), "{kind:?}: {refused}");
    }
}

#[test]
fn what_stands_twice_or_in_too_many_files() {
    let mut entries = frames();
    entries.push((named(header(EntryType::Regular, 3), b"./ring//001.png"), b"one"));
    assert_eq!(opened(&tar_of(&entries)), "archive-duplicate");
    let many: Vec<_> = (0..21)
        .map(|n| (named(header(EntryType::Regular, 0), format!("{n}.txt").as_bytes()), b"".as_slice()))
        .collect();
    assert_eq!(opened(&tar_of(&many)), "too-many-files");
}

#[test]
fn lengths_that_lie() {
    let whole = tar_of(&frames());
    for length in (512..whole.len() - 1024).step_by(256) {
        let refused = opened(&whole[..length]);
        assert!(matches!(refused.as_str(), "truncated" | "tar-broken"), "{length}: {refused}");
    }
    for bytes in [1 << 32, u64::MAX >> 1] {
        let mut lying = Vec::new();
        let mut header = header(EntryType::Regular, bytes);
        header.set_path("001.png").unwrap();
        header.set_cksum();
        lying.extend_from_slice(header.as_bytes());
        lying.extend_from_slice(&[0; 2048]);
        let refused = opened(&lying);
        assert!(matches!(refused.as_str(), "truncated" | "tar-broken"), "{bytes}: {refused}");
    }
    // A name that would fill the memory.
    let mut lying = named(header(EntryType::GNULongName, 1 << 32), b"././@LongLink").as_bytes().to_vec();
    lying.extend_from_slice(&[b'a'; 4096]);
    assert_eq!(opened(&lying), "tar-broken");
    let mut damaged = whole;
    damaged[3] ^= 1;
    assert_eq!(opened(&damaged), "tar-broken");
}

#[test]
fn names_are_decoded_first_and_junk_is_dropped_next() {
    let file = |name: &[u8]| (named(header(EntryType::Regular, 3), name), b"one".as_slice());
    let backslashes = [file(b"ring\\001.png"), file(b"ring\\002.png"), file(b"ring\\Icon\r")];
    assert_eq!(opened(&tar_of(&backslashes)), "001.png 002.png");
    let japanese = [file(b"\x95\x5c\x96\xca/001.png"), file(b"\x95\x5c\x96\xca/002.png")];
    assert_eq!(opened(&tar_of(&japanese)), "001.png 002.png");
    // Of a system's own file nothing is asked, not even that it is one.
    let mut entries = frames();
    entries.push((named(header(EntryType::Symlink, 0), b"ring/.DS_Store"), b""));
    assert_eq!(opened(&tar_of(&entries)), "001.png 002.png");
}
