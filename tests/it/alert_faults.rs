//! Every alert is raised by a real fault, and cleared when it is over.

use std::{fs, path::Path, process::Command};

use girasol::domain::alerts::all_rules;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    alert_fixture::{QUICK, Receiver, purge, purging, quick, server, until_all_fire, until_none_holds},
    artist::{Artist, ring},
    bucket_fixture::Bucket,
    command::run,
    fault_proxy::Faults,
    front::free_address,
    girasol::{RING, Server, girasol, ingest, is_scaled},
    redis::Redis,
    scaled::Postgres,
};

/// One client asks for everything.
const UNLIMITED: &str = "[limits]\nenabled = false\n";

/// Those of tests elsewhere: of a replica, and of a task that does not do its work for longer than a test may take.
const ELSEWHERE: [&str; 2] = ["replica-away", "task-overdue"];

#[test]
fn every_alert_has_a_fault_here() {
    let text = include_str!("alert_faults.rs").to_owned() + include_str!("alert_fixture.rs");
    let is_missing = |name: &&str| !text.contains(&format!("\"{name}\"")) && !ELSEWHERE.contains(name);
    let missing: Vec<&str> = all_rules().iter().map(|rule| rule.name).filter(is_missing).collect();
    assert_eq!(missing, [""; 0]);
}

/// A pack of the ring, and its bytes.
async fn pack_of(server: &Server) -> (String, Vec<u8>) {
    let manifest = server.ring().await;
    let pack = manifest["tiers"]["preview"]["formats"]["webp"]["packs"][0]["pack"].as_str().unwrap();
    let pack = format!("/p/{pack}.pack");
    let whole = server.get(&pack, &[]).await.bytes().await.unwrap().to_vec();
    (pack, whole)
}

#[tokio::test]
async fn a_job_that_waits_is_told_until_a_worker_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let mut settings = format!("[jobs]\nin_server = false\n{QUICK}");
    settings.push_str(&quick("queue-old", "raises = 0.2"));
    settings.push_str(&receiver.channel("webhook", ""));
    let (server, bearer) = server(folder.path(), &settings);
    let artist = Artist { server, bearer };
    let set = artist.open(&ring()).await;
    artist.commit_turn(&set, folder.path()).await;
    receiver.until("queue-old", &["firing"]).await;
    let config = folder.path().join("girasol.toml");
    let mut worker = girasol();
    worker.args(["work", "--config"]).arg(&config).arg("--data").arg(folder.path());
    let mut worker = worker.spawn().unwrap();
    receiver.until("queue-old", &["firing", "resolved"]).await;
    let _ = worker.kill();
    let _ = worker.wait();
}

#[tokio::test]
async fn a_store_that_is_silent_and_a_redis_that_has_stopped_are_told() {
    let Some(mut redis) = Redis::start() else { return };
    let Some(bucket) = Bucket::new("alerts", Faults::None).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    bucket.set(&format!(
        "{QUICK}{}{}{}",
        quick("store-away", ""),
        quick("shared-cache-away", ""),
        receiver.channel("webhook", "")
    ));
    let settings = fs::read_to_string(bucket.config()).unwrap();
    let with_redis = settings.replacen("[cache]\n", &format!("[cache]\nredis = '{}'\n", redis.url()), 1);
    fs::write(bucket.config(), with_redis).unwrap();
    let _server = Server::start_over(folder.path(), &["serve", "--config", &bucket.config()]);
    bucket.line.set(Faults::Dead);
    redis.kill();
    receiver.until("store-away", &["firing"]).await;
    receiver.until("shared-cache-away", &["firing"]).await;
    bucket.line.set(Faults::None);
    redis.start_again();
    receiver.until("store-away", &["firing", "resolved"]).await;
    receiver.until("shared-cache-away", &["firing", "resolved"]).await;
}

#[tokio::test]
async fn a_database_that_has_stopped_is_told_from_memory() {
    let Some(postgres) = Postgres::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let settings = format!(
        "[database]\nurl = '{}/postgres'\n{QUICK}{}{}",
        postgres.address,
        quick("database-away", ""),
        receiver.channel("webhook", "")
    );
    let _server = Server::start_with(folder.path(), &settings);
    postgres.control(&["stop", "-m", "immediate"]);
    receiver.until("database-away", &["firing"]).await;
    postgres.control(&["start", "-w"]);
    receiver.until("database-away", &["firing", "resolved"]).await;
}

#[tokio::test]
async fn plain_thresholds_of_disk_and_memory_are_raised_and_cleared() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let settings = |disk: &str, memory: &str| {
        let rules = quick("disk-low", disk) + &quick("memory-high", memory);
        format!("{QUICK}{rules}{}", receiver.channel("webhook", ""))
    };
    // No disk has more than all of its bytes free.
    let (mut first, _) = server(folder.path(), &settings("raises = 100\nclears = 100", "raises = 0"));
    receiver.until("disk-low", &["firing"]).await;
    receiver.until("memory-high", &["firing"]).await;
    first.signal("TERM");
    assert_eq!(first.ended().0, Some(0));
    let _again = Server::start_with(folder.path(), &settings("raises = 0\nclears = 0", "raises = 100"));
    receiver.until("disk-low", &["firing", "resolved"]).await;
    receiver.until("memory-high", &["firing", "resolved"]).await;
}

#[tokio::test]
async fn requests_that_fail_are_told_and_spend_the_budgets_of_manifests_and_frames() {
    const ERRORS: [&str; 2] = ["errors-critical", "errors-warning"];
    const BURNS: [&str; 4] =
        ["burn-manifests-fast", "burn-manifests-slow", "burn-frames-fast", "burn-frames-slow"];
    let Some(bucket) = Bucket::new("alerts-errors", Faults::None).await else { return };
    bucket.ingest("yellow-gold", [212, 175, 95]);
    bucket.set(&format!("{UNLIMITED}{QUICK}{}", ERRORS.map(|rule| quick(rule, "")).concat()));
    let admin = bucket.admin();
    let server = bucket.serve();
    let (pack, whole) = pack_of(&server).await;
    let manifest = format!("/m/{}.json", server.ring().await["digest"].as_str().unwrap());
    let manifest_whole = server.get(&manifest, &[]).await.bytes().await.unwrap();
    bucket.line.set(Faults::Dead);
    let ask = async |path: String| server.get(&path, &[]).await.status();
    let frames = (0..4).map(|n| format!("/p/{n:032x}.pack"));
    let manifests = (0..4).map(|n| format!("/m/{n:032x}.json"));
    let failed = futures_util::future::join_all(frames.chain(manifests).map(ask)).await;
    assert!(failed.iter().all(reqwest::StatusCode::is_server_error), "{failed:?}");
    bucket.line.set(Faults::None);
    // Less than a hundred requests prove nothing about a budget.
    for _ in 0..100 {
        assert_eq!(server.get(&pack, &[]).await.status(), 200);
        assert_eq!(server.get(&manifest, &[]).await.status(), 200);
    }
    until_all_fire(&server, &admin, &ERRORS).await;
    until_all_fire(&server, &admin, &BURNS).await;
    for _ in 0..2 {
        server.get_a_thousand_times(&pack, &whole).await;
        server.get_a_thousand_times(&manifest, &manifest_whole).await;
    }
    until_none_holds(&server, &admin, &ERRORS).await;
    until_none_holds(&server, &admin, &BURNS).await;
}

#[tokio::test]
async fn answers_that_are_slow_are_told_and_spend_the_budget_of_latency() {
    const RULES: [&str; 4] =
        ["latency-critical", "latency-warning", "burn-latency-fast", "burn-latency-slow"];
    let Some(bucket) = Bucket::new("alerts-slow", Faults::None).await else { return };
    bucket.ingest("yellow-gold", [212, 175, 95]);
    let plain = RULES[..2].iter().map(|rule| quick(rule, "")).collect::<String>();
    bucket.set(&format!("{UNLIMITED}{QUICK}{plain}"));
    let admin = bucket.admin();
    let server = bucket.serve();
    let (pack, whole) = pack_of(&server).await;
    bucket.line.set(Faults::Slow);
    let ask = async |n: u32| server.get(&format!("/p/{n:032x}.pack"), &[]).await.status();
    futures_util::future::join_all((0..120).map(ask)).await;
    until_all_fire(&server, &admin, &RULES).await;
    bucket.line.set(Faults::None);
    for _ in 0..4 {
        server.get_a_thousand_times(&pack, &whole).await;
    }
    until_none_holds(&server, &admin, &RULES).await;
}

/// Stops the server in order, so that it writes what it has counted, and starts it again.
fn again(mut server: Server, folder: &Path) -> Server {
    server.signal("TERM");
    assert_eq!(server.ended().0, Some(0));
    let config = folder.join("girasol.toml");
    Server::start_over(folder, &["serve", "--config", config.to_str().unwrap()])
}

#[tokio::test]
async fn a_memory_that_has_little_of_what_is_asked_is_told_and_spends_the_budget_of_hits() {
    const RULES: [&str; 3] = ["hit-rate-low", "burn-hits-fast", "burn-hits-slow"];
    let folder = tempfile::tempdir().unwrap();
    ingest(folder.path(), "yellow-gold", [212, 175, 95], 12);
    let settings = format!("{UNLIMITED}[cache]\nwarm = 0\n{QUICK}{}", quick("hit-rate-low", ""));
    let (first, admin) = server(folder.path(), &settings);
    for n in 0..150 {
        assert_eq!(first.get(&format!("/p/{n:032x}.pack"), &[]).await.status(), 404);
    }
    let server = again(first, folder.path());
    until_all_fire(&server, &admin, &RULES).await;
    let (pack, whole) = pack_of(&server).await;
    for _ in 0..4 {
        server.get_a_thousand_times(&pack, &whole).await;
    }
    let server = again(server, folder.path());
    until_none_holds(&server, &admin, &RULES).await;
}

#[tokio::test]
async fn slow_switches_in_browsers_spend_the_budget_of_switches() {
    const RULES: [&str; 2] = ["burn-switch-fast", "burn-switch-slow"];
    let folder = tempfile::tempdir().unwrap();
    ingest(folder.path(), "yellow-gold", [212, 175, 95], 12);
    let (first, admin) = server(folder.path(), &format!("{UNLIMITED}{QUICK}"));
    let view = async |server: &Server, switch_ms: u32| {
        let view = json!({
            "configuration": RING, "schema": "girasol.vitals/1", "tier": "standard", "frame_ms": 180,
            "switches": 1, "switch_ms": switch_ms, "bytes": 1000,
        });
        assert_eq!(server.post("/api/vitals", &view.to_string()).await.status(), 204);
    };
    for _ in 0..60 {
        view(&first, 900).await;
    }
    let server = again(first, folder.path());
    until_all_fire(&server, &admin, &RULES).await;
    for _ in 0..240 {
        view(&server, 90).await;
    }
    let server = again(server, folder.path());
    until_none_holds(&server, &admin, &RULES).await;
}

/// Changes rows of an embedded database, as time would.
async fn later(folder: &Path, sql: &'static str) {
    let options = SqliteConnectOptions::new().filename(folder.join("girasol.db"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let changed = sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    assert!(changed.rows_affected() > 0, "{sql}");
}

#[tokio::test]
async fn a_job_that_waits_for_more_than_ten_minutes_spends_the_budget_of_the_queue() {
    const RULES: [&str; 2] = ["burn-queue-fast", "burn-queue-slow"];
    if is_scaled() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let settings = format!("[jobs]\nin_server = false\n{QUICK}{}", quick("queue-old", ""));
    let (first, bearer) = server(folder.path(), &settings);
    let artist = Artist { server: first, bearer };
    let set = artist.open(&ring()).await;
    artist.commit_turn(&set, folder.path()).await;
    later(folder.path(), "update jobs set run_at_ms = run_at_ms - 660000").await;
    until_all_fire(&artist.server, &artist.bearer, &["queue-old"]).await;
    let Artist { server, bearer: admin } = artist;
    let mut server = again(server, folder.path());
    until_all_fire(&server, &admin, &RULES).await;
    let jobs: Value = server.get("/api/jobs", &[("authorization", &admin)]).await.json().await.unwrap();
    let cancel = format!("/api/jobs/{}/cancel", jobs["jobs"][0]["id"].as_str().unwrap());
    let cancelled = server.send(Method::POST, &cancel, &[("authorization", &admin)]).await;
    assert!(cancelled.status().is_success());
    until_none_holds(&server, &admin, &["queue-old"]).await;
    // Each look at the queue finds it well, as one a minute would.
    for _ in 0..5 {
        server = again(server, folder.path());
    }
    until_none_holds(&server, &admin, &RULES).await;
}

#[tokio::test]
async fn purges_that_were_given_up_are_told_until_their_records_expire() {
    if is_scaled() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (receiver, cache) = (Receiver::start().await, free_address());
    let (server, admin) = server(folder.path(), &purging(&receiver, &cache));
    assert_eq!(purge(&server, &admin).await.status(), 202);
    later(folder.path(), "update purges set at_ms = at_ms - 4 * 86400000").await;
    // It is tried once more, and then given up.
    receiver.until("purges-failed", &["firing"]).await;
    later(folder.path(), "update purge_deliveries set changed_at_ms = changed_at_ms - 31 * 86400000").await;
    let _again = again(server, folder.path());
    receiver.until("purges-failed", &["firing", "resolved"]).await;
}

#[tokio::test]
async fn objects_that_are_damaged_are_told_until_no_version_needs_them() {
    let folder = tempfile::tempdir().unwrap();
    ingest(folder.path(), "yellow-gold", [212, 175, 95], 12);
    let (objects, sound) = (folder.path().join("objects"), folder.path().join("sound"));
    let copy = |from: &Path, to: &Path| {
        assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
    };
    copy(&objects, &sound);
    damage(&objects);
    let (server, admin) = server(folder.path(), &format!("[cache]\nwarm = 0\n{QUICK}"));
    until_all_fire(&server, &admin, &["objects-faulty"]).await;
    // An object that is restored is found sound when its turn comes again.
    fs::remove_dir_all(&objects).unwrap();
    copy(&sound, &objects);
    assert!(run(folder.path(), &["take-down", RING, "--yes"]).status.success());
    until_none_holds(&server, &admin, &["objects-faulty"]).await;
}

/// Damages every file below a folder.
fn damage(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            damage(&path);
        } else {
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
            fs::write(&path, "damaged").unwrap();
        }
    }
}

#[tokio::test]
async fn renditions_below_the_floor_of_their_family_are_told() {
    let folder = tempfile::tempdir().unwrap();
    ingest(folder.path(), "yellow-gold", [212, 175, 95], 12);
    let floor = |least: u32| {
        let floors = ["still", "spin", "hd"].map(|family| format!("sizes.{family}.min_quality = {least}\n"));
        format!("{}{QUICK}", floors.concat())
    };
    let (mut first, admin) = server(folder.path(), &floor(85));
    until_all_fire(&first, &admin, &["quality-low"]).await;
    first.signal("TERM");
    assert_eq!(first.ended().0, Some(0));
    let server = Server::start_with(folder.path(), &floor(0));
    until_none_holds(&server, &admin, &["quality-low"]).await;
}

#[tokio::test]
async fn a_backup_that_is_old_is_told() {
    // A server has its own programs for that.
    if is_scaled() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let settings =
        |bound: &str| format!("{QUICK}{}{}", quick("backup-old", bound), receiver.channel("webhook", ""));
    ingest(folder.path(), "platinum", [220, 220, 225], 12);
    let copy = tempfile::tempdir().unwrap();
    let to = copy.path().join("copy");
    let output = run(folder.path(), &["backup", to.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // An hour is 1: a tenth of a second is old.
    let server = Server::start_with(folder.path(), &settings("raises = 0.00003"));
    receiver.until("backup-old", &["firing"]).await;
    drop(server);
    let _again = Server::start_with(folder.path(), &settings("raises = 24"));
    receiver.until("backup-old", &["firing", "resolved"]).await;
}
