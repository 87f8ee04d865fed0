//! What lies between machines: how long a signal takes from one process to another over Postgres, and what a second request
//! for a slow read is worth over S3. `make bench-scale` writes `benches/scale.md`; a Postgres server is at `DATABASES`, an S3
//! server at `BUCKETS`.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot run may panic"
)]

use std::{
    fmt::Write as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use girasol::{
    config::{StoreConfig, StoreKind},
    db::{Address, Connections, Db, Place},
    domain::{audit::Actor, object_key::ObjectKey},
    signals::Topic,
    store::Store,
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// Changes that are signalled.
const SIGNALS: usize = 1_000;
/// Reads of objects, for each setting.
const READS: usize = 2_000;
/// One answer in so many is late,
const LATE: u64 = 50;
/// by this much.
const BY: Duration = Duration::from_secs(2);
/// Bytes of an object.
const OBJECT: usize = 20_000;

/// The middle, the 99th of a hundred and the slowest.
fn quantiles(times: &mut [Duration]) -> [f64; 3] {
    times.sort_unstable();
    [times.len() / 2, times.len() * 99 / 100, times.len() - 1].map(|at| times[at].as_secs_f64() * 1_000.0)
}

async fn open(databases: &str) -> Db {
    let connections = Connections {
        serving: 4,
        jobs: 4,
        reports: 1,
        serve: Duration::from_secs(10),
        statement: Duration::from_secs(10),
        report: Duration::from_secs(10),
    };
    let url = format!("{databases}/scale").into();
    Db::open_at(&Place::Server(Address { url, listen_url: None, replica_url: None, connections }))
        .await
        .unwrap()
}

/// Retires keys in one process, and waits in another one until it knows: with its commit, and without.
async fn signals(databases: &str) -> [[f64; 3]; 2] {
    let mut connection = PgConnection::connect(&format!("{databases}/postgres")).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe("create database scale")).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let (here, there) = (open(databases).await, open(databases).await);
    let relay = there.relay().unwrap();
    let relaying = tokio::spawn(async move { relay.run(|| ()).await });
    let mut listener = there.signals().listen(&[Topic::Pointers]);
    // The connection begins with all topics.
    listener.wait(Duration::from_secs(10)).await;
    let actor = Actor::command_line();
    let (mut whole, mut since_commit) = (Vec::new(), Vec::new());
    let mut last = here.rotate_signing_key(&actor).await.unwrap();
    for _ in 0..SIGNALS {
        let next = here.rotate_signing_key(&actor).await.unwrap();
        // A new key is signalled too.
        listener.wait(Duration::from_millis(50)).await;
        let began = Instant::now();
        let waits = async {
            listener.wait(Duration::from_secs(10)).await;
            Instant::now()
        };
        let commits = async {
            here.retire_signing_key(&last.id, &actor).await.unwrap();
            Instant::now()
        };
        let (known, committed) = tokio::join!(waits, commits);
        whole.push(known - began);
        since_commit.push(known.saturating_duration_since(committed));
        last = next;
        // Idle in between.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    relaying.abort();
    here.close().await;
    there.close().await;
    [quantiles(&mut whole), quantiles(&mut since_commit)]
}

/// Leads to an S3 server, and delays one answer in `LATE`.
async fn late(buckets: &str) -> String {
    let to = buckets.strip_prefix("http://").unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let answers = Arc::new(AtomicU64::new(0));
        while let Ok((client, _)) = listener.accept().await {
            let (to, answers) = (to.clone(), answers.clone());
            tokio::spawn(async move {
                let server = TcpStream::connect(to).await.unwrap();
                let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
                    (client.into_split(), server.into_split());
                let asks = async { drop(tokio::io::copy(&mut from_client, &mut to_server).await) };
                let answering = async {
                    let mut part = vec![0; 64 << 10];
                    while let Ok(bytes @ 1..) = from_server.read(&mut part).await {
                        if part.starts_with(b"HTTP/") && answers.fetch_add(1, Ordering::Relaxed) % LATE == 0 {
                            tokio::time::sleep(BY).await;
                        }
                        if to_client.write_all(&part[..bytes]).await.is_err() {
                            break;
                        }
                    }
                };
                tokio::select! {
                    () = asks => {}
                    () = answering => {}
                }
            });
        }
    });
    address
}

/// Reads objects one after the other, through a line on which some answers are late.
async fn reads(endpoint: &str, keys: &[ObjectKey], hedge_ms: u64) -> [f64; 3] {
    let store = store(endpoint, hedge_ms).await;
    let mut times = Vec::new();
    for key in keys.iter().cycle().take(READS) {
        let began = Instant::now();
        assert!(store.get_from_backend(key).await.unwrap().is_some());
        times.push(began.elapsed());
    }
    quantiles(&mut times)
}

async fn store(endpoint: &str, hedge_ms: u64) -> Store {
    let config = StoreConfig {
        kind: StoreKind::S3,
        bucket: "scale".to_owned(),
        region: Some("us-east-1".to_owned()),
        endpoint: Some(endpoint.to_owned()),
        path_style: true,
        disk_cache_max_bytes: 0,
        hedge_ms,
        ..StoreConfig::default()
    };
    Store::open(&config, Path::new(".")).await.unwrap()
}

fn row(page: &mut String, what: &str, [middle, p99, most]: [f64; 3]) {
    writeln!(page, "| {what} | {middle:.1} | {p99:.1} | {most:.1} |").unwrap();
}

async fn run(page: &mut String) {
    let (databases, buckets) = (std::env::var("DATABASES").unwrap(), std::env::var("BUCKETS").unwrap());
    writeln!(
        page,
        "\n## Signals\n\nFrom one process to another over Postgres, {SIGNALS} keys that are retired on an idle stack, in \
         milliseconds.\n\n| | P50 | P99 | slowest |\n|---|---:|---:|---:|"
    )
    .unwrap();
    let [whole, since_commit] = Box::pin(signals(&databases)).await;
    row(page, "from the request to the other process, with the commit", whole);
    row(page, "from the commit to the other process", since_commit);

    let direct = store(&buckets, 0).await;
    let mut keys = Vec::new();
    for index in 0..40_u32 {
        let bytes: Vec<u8> = index.to_le_bytes().into_iter().cycle().take(OBJECT).collect();
        let key = ObjectKey::Pack(assets_pipeline::digest::Digest::of(&bytes));
        direct.put(&key, &bytes).await.unwrap();
        keys.push(key);
    }
    let endpoint = late(&buckets).await;
    writeln!(
        page,
        "\n## Slow reads\n\n{READS} reads of {OBJECT} bytes over S3, one after the other, where one answer in {LATE} comes {} \
         seconds late, in milliseconds.\n`store.hedge_ms` asks once more after that time, for at most one read in twenty.\n\n\
         | `store.hedge_ms` | P50 | P99 | slowest |\n|---|---:|---:|---:|",
        BY.as_secs()
    )
    .unwrap();
    for hedge_ms in [0, 500, 100] {
        let times = Box::pin(reads(&endpoint, &keys, hedge_ms)).await;
        let what = if hedge_ms == 0 { "0: never".to_owned() } else { hedge_ms.to_string() };
        row(page, &what, times);
    }
}

fn main() {
    // `cargo test --benches` runs it without a word.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut page = String::from("# Between machines\n\n`make bench-scale` wrote this page.\n");
    runtime.block_on(run(&mut page));
    std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/scale.md"), &page).unwrap();
    println!("{page}");
}
