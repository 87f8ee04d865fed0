//! Admission: what would have to be loaded is refused before the database and the store are drowned, and what is in memory is
//! answered meanwhile.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
};

use futures_util::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use reqwest::Response;
use serde_json::Value;

use crate::{
    bucket_fixture::Bucket,
    fault_proxy::Faults,
    fleet::until,
    girasol::{RING, ROSE, Server, header, ingest_with, problem, sequence},
    s3::files,
    scaled::Postgres,
};

pub(crate) async fn refused(response: Response) {
    assert_eq!(header(response.headers(), "retry-after"), "2");
    assert_eq!(problem(response, 503).await, "overloaded");
}

/// Another session that holds a table, so that no reader goes on, until it is dropped.
pub(crate) struct Hold(Child);

impl Hold {
    pub(crate) fn table(postgres: &Postgres, table: &str) -> Self {
        let mut psql = Command::new("psql");
        psql.args(["-qAtX", "-U", "girasol", "-d", "postgres", "-h"]).arg(postgres.folder());
        let mut child = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let sql = format!("begin; lock table {table} in access exclusive mode; select 'held';\n");
        child.stdin.as_mut().unwrap().write_all(sql.as_bytes()).unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "held\n");
        Self(child)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn loads_are_refused_before_the_database_is_drowned() {
    let Some(postgres) = Postgres::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let settings = format!(
        "[server]\nmax_database_loads = 1\nshed_after_ms = 50\n[cache]\nwarm = 0\n\
         [database]\nserving_timeout_ms = 600000\nurl = '{}/postgres'\n",
        postgres.address
    );
    let config = folder.path().join("girasol.toml");
    std::fs::write(&config, &settings).unwrap();
    ingest_with(folder.path(), "yellow-gold", [212, 175, 95], 12, &["--config", config.to_str().unwrap()]);
    let server = Server::start_with(folder.path(), &settings);
    let manifest: Value = server.until(&sequence(RING), 200).await.json().await.unwrap();
    let pack = files(&manifest).pop().unwrap();
    assert_eq!(server.get(&pack, &[]).await.status(), 200);
    let unknown = |number: u32| format!("/api/products/customizable/ring/unknown-{number}");

    let held = Hold::table(&postgres, "products");
    let paths: Vec<String> = (0..40).map(unknown).collect();
    let mut asked: FuturesUnordered<_> = paths.iter().map(|path| server.get(path, &[])).collect();
    for _ in 1..paths.len() {
        refused(asked.next().await.unwrap()).await;
    }
    // One has the only turn still.
    assert!(asked.next().now_or_never().is_none());
    assert_eq!(server.get(&pack, &[]).await.status(), 200, "what is in memory is answered");
    drop(held);
    assert_eq!(asked.next().await.unwrap().status(), 404);
    // A refusal is not kept.
    server.until(&paths[1], 404).await;
}

#[tokio::test]
async fn frames_are_refused_before_the_store_is_drowned() {
    let Some(bucket) = Bucket::new("admission", Faults::None).await else { return };
    bucket.ingest("yellow-gold", [212, 175, 95]);
    bucket.set(
        "attempt_timeout_ms = 60000\nscrub_days = 0\n[server]\nmax_object_loads = 1\nshed_after_ms = 50",
    );
    let server = bucket.serve();
    let manifest = server.until(&sequence(RING), 200).await.json().await.unwrap();
    let known = packs_of_the_choice(&manifest);
    for pack in &known {
        // The manifest's answer may read it ahead, and has the only turn meanwhile.
        server.until(pack, 200).await;
    }
    let is_cold = |file: &String| file.starts_with("/p/") && !known.contains(file);
    let cold: Vec<String> = files(&manifest).into_iter().filter(is_cold).collect();
    assert!(cold.len() > 1, "{manifest}");

    bucket.line.set(Faults::Silent);
    let mut asked: FuturesUnordered<_> = cold.iter().map(|path| server.get(path, &[])).collect();
    for _ in 1..cold.len() {
        refused(asked.next().await.unwrap()).await;
    }
    // One has the only turn still.
    assert!(asked.next().now_or_never().is_none());
    for pack in &known {
        assert_eq!(server.get(pack, &[]).await.status(), 200, "what is in memory is answered");
    }
    bucket.line.set(Faults::None);
    assert_eq!(asked.next().await.unwrap().status(), 200);
    for pack in &cold {
        server.until(pack, 200).await;
    }
}

/// The packs of the rendition that was chosen.
pub(crate) fn packs_of_the_choice(manifest: &Value) -> Vec<String> {
    let [tier, format] = ["tier", "format"].map(|key| manifest["selected"][key].as_str().unwrap());
    let packs = manifest["tiers"][tier]["formats"][format]["packs"].as_array().unwrap();
    packs.iter().map(|pack| format!("/p/{}.pack", pack["pack"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn what_is_read_ahead_leaves_turns_for_visitors_who_wait() {
    let Some(bucket) = Bucket::new("spare", Faults::None).await else { return };
    for (metal, colour) in [("yellow-gold", [212, 175, 95]), ("rose-gold", [210, 150, 130])] {
        bucket.ingest(metal, colour);
    }
    bucket.set(
        "attempt_timeout_ms = 60000\nscrub_days = 0\n[server]\nmax_object_loads = 2\nshed_after_ms = 50",
    );
    // Manifests come to the disk, and packs are left to the bucket.
    let server = bucket.serve();
    let rings = [RING, ROSE];
    let mut cold = Vec::new();
    for ring in rings {
        let manifest: Value = server.until(&sequence(ring), 200).await.json().await.unwrap();
        let known = packs_of_the_choice(&manifest);
        for pack in &known {
            server.until(pack, 200).await;
        }
        cold.extend(
            files(&manifest).into_iter().filter(|file| file.starts_with("/p/") && !known.contains(file)),
        );
    }
    drop(server);
    std::fs::remove_dir_all(bucket.data().join("cache/objects/p")).unwrap();

    let server = bucket.serve();
    let reads = || bucket.line.asked(&format!("GET /{}/spins/p/", bucket.name));
    let before = reads();
    bucket.line.set(Faults::Silent);
    for ring in rings {
        server.until(&sequence(ring), 200).await;
    }
    until("a pack is read ahead", async || (reads() > before).then_some(())).await;
    let mut asked: FuturesUnordered<_> = cold[..2].iter().map(|path| server.get(path, &[])).collect();
    refused(asked.next().await.unwrap()).await;
    assert!(asked.next().now_or_never().is_none(), "a visitor has a turn");
    assert_eq!(reads(), before + 2, "one was read ahead, and one is a visitor's");
    bucket.line.set(Faults::None);
    assert_eq!(asked.next().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_bucket_that_has_too_much_to_do_is_asked_again_later() {
    let Some(bucket) = Bucket::new("busy", Faults::None).await else { return };
    bucket.ingest("yellow-gold", [212, 175, 95]);
    let server = bucket.serve();
    let manifest: Value = server.until(&sequence(RING), 200).await.json().await.unwrap();
    let known = packs_of_the_choice(&manifest);
    let cold =
        files(&manifest).into_iter().find(|file| file.starts_with("/p/") && !known.contains(file)).unwrap();
    bucket.line.set(Faults::Busy);
    let busy = server.get(&cold, &[]).await;
    assert_eq!(header(busy.headers(), "retry-after"), "5");
    assert_eq!(problem(busy, 503).await, "not-ready");
    bucket.line.set(Faults::None);
    assert!(!server.until(&cold, 200).await.bytes().await.unwrap().is_empty());
}
