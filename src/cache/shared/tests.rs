//! With a real Redis.

use std::sync::atomic::{AtomicU32, Ordering};

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use super::*;

#[path = "../../../tests/redis/mod.rs"]
mod server;

use server::Redis as Server;

const WAIT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, PartialEq)]
struct Text(String);

impl Portable for Text {
    fn pack(&self) -> Vec<u8> {
        self.0.clone().into_bytes()
    }

    fn unpack(bytes: &[u8]) -> Option<Self> {
        String::from_utf8(bytes.to_vec()).ok().map(Self)
    }
}

fn open(server: &Server) -> Shared {
    with(server, b"secret", "settings")
}

fn with(server: &Server, secret: &[u8], settings: &str) -> Shared {
    Shared::open(&server.url(), WAIT, secret, settings).unwrap()
}

async fn made(shared: &Shared, of: &str, value: &str) -> String {
    let load = async { Ok::<_, ()>(Text(value.to_owned())) };
    shared.get_or_load(&Kind::of("texts"), of, load).await.unwrap().0
}

/// Waits until a value that was made is stored, and its turn over.
async fn stored(server: &Server, values: usize) {
    for _ in 0..500 {
        let keys = server.keys("girasol:");
        if keys.len() == values && !keys.iter().any(|key| key.ends_with(":turn")) {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}", server.keys(""));
}

#[tokio::test]
async fn what_one_server_has_made_the_others_take() {
    let Some(server) = Server::start() else { return };
    let (one, two) = (open(&server), open(&server));
    assert_eq!(made(&one, "a", "first").await, "first");
    stored(&server, 1).await;
    assert_eq!(made(&two, "a", "second").await, "first");
    assert_eq!(made(&two, "b", "other").await, "other");
    stored(&server, 2).await;
    one.replace(&Kind::of("texts"), "a", &Text("better".to_owned())).await;
    assert_eq!(made(&two, "a", "second").await, "better");
    let key = server.keys("girasol:texts:").pop().unwrap();
    let left: u64 = server.cli(&["TTL", &key]).parse().unwrap();
    assert!((1..=LIFETIME.as_secs()).contains(&left), "{left}");
}

#[tokio::test]
async fn installations_and_settings_have_nothing_in_common() {
    let Some(server) = Server::start() else { return };
    made(&open(&server), "a", "ours").await;
    stored(&server, 1).await;
    assert_eq!(made(&with(&server, b"another", "settings"), "a", "theirs").await, "theirs");
    assert_eq!(made(&with(&server, b"secret", "others"), "a", "new").await, "new");
    stored(&server, 3).await;
}

#[tokio::test]
async fn servers_that_ask_at_once_make_a_value_once() {
    let Some(server) = Server::start() else { return };
    let loads = AtomicU32::new(0);
    let ask = async |shared: Shared| {
        let load = async {
            loads.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(30)).await;
            Ok::<_, ()>(Text("made".to_owned()))
        };
        shared.get_or_load(&Kind::of("texts"), "a", load).await
    };
    let servers: Vec<_> = (0..12).map(|_| open(&server)).collect();
    let asked = futures_util::future::join_all(servers.into_iter().map(ask)).await;
    assert!(asked.iter().all(|value| *value == Ok(Text("made".to_owned()))));
    assert_eq!(loads.into_inner(), 1);
}

#[tokio::test]
async fn a_server_that_fails_or_dies_holds_up_no_other() {
    let Some(server) = Server::start() else { return };
    let (one, two) = (open(&server), open(&server));
    let failed = one.get_or_load(&Kind::of("texts"), "a", async { Err::<Text, _>("no") }).await;
    assert_eq!(failed, Err("no"));
    stored(&server, 0).await;
    // As if the first one had been killed.
    let key = one.seal.key("texts", "a");
    assert!(matches!(one.take_turn(&key).await, Ok(Turn::Ours(_))));
    assert!(matches!(two.take_turn(&key).await, Ok(Turn::Other)));
    assert_eq!(made(&two, "a", "made").await, "made");
    // It had no turn, and leaves the other one's alone.
    while server.keys("").len() < 2 {
        sleep(Duration::from_millis(10)).await;
    }
    assert!(server.keys("").contains(&lock_of(&key)));
}

#[tokio::test]
async fn what_another_program_has_written_is_a_miss() {
    let Some(server) = Server::start() else { return };
    let shared = open(&server);
    made(&shared, "a", "ours").await;
    stored(&server, 1).await;
    let key = server.keys("girasol:texts:").pop().unwrap();
    for bytes in ["", "short", &"a value that is long enough to have a seal".repeat(2)] {
        server.cli(&["SET", &key, bytes]);
        assert_eq!(made(&shared, "a", "anew").await, "anew");
        stored(&server, 1).await;
    }
    // Of a value that is larger than any of ours a part is read.
    server.cli(&["SETRANGE", &key, "50000000", "x"]);
    assert_eq!(shared.redis.get(&key, MAX_BYTES).await.unwrap().unwrap().len(), MAX_BYTES + 1);
    assert_eq!(made(&shared, "a", "anew").await, "anew");
    stored(&server, 1).await;
    // A key of another type is refused by the server, which is no trouble on the way.
    server.cli(&["DEL", &key]);
    server.cli(&["LPUSH", &key, "x"]);
    assert_eq!(made(&shared, "a", "anew").await, "anew");
    assert!(!shared.reads.is_shut());
}

#[tokio::test]
async fn without_an_answer_values_are_made_here_until_the_server_is_back() {
    let Some(mut server) = Server::start() else { return };
    let recorder = DebuggingRecorder::new();
    let counted = recorder.snapshotter();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let shared = Shared::open(&server.url(), Duration::from_millis(200), b"secret", "settings").unwrap();
    assert_eq!(made(&shared, "a", "first").await, "first");
    stored(&server, 1).await;

    server.signal("STOP");
    for _ in 0..20 {
        assert_eq!(made(&shared, "a", "here").await, "here");
    }
    assert!(shared.reads.is_shut());
    assert!(outcome(&counted, "failure") >= 20);
    server.signal("CONT");
    until_back(&shared, "first").await;

    server.kill();
    assert_eq!(made(&shared, "a", "here").await, "here");
    server.start_again();
    // It has come back with nothing in it.
    until_back(&shared, "anew").await;
    assert!(outcome(&counted, "hit") >= 1);
}

/// What a debugging recorder has counted since it was asked last.
fn outcome(counted: &Snapshotter, outcome: &str) -> u64 {
    let of =
        |key: &metrics::Key| key.labels().any(|label| label.key() == "outcome" && label.value() == outcome);
    let values = counted.snapshot().into_vec();
    let of_outcome = values.into_iter().filter(|(key, ..)| of(key.key()));
    of_outcome.map(|(.., value)| if let DebugValue::Counter(count) = value { count } else { 0 }).sum()
}

/// Asks until the server's own value comes.
async fn until_back(shared: &Shared, value: &str) {
    for _ in 0..200 {
        let load = async { Ok::<_, ()>(Text(value.to_owned())) };
        assert_eq!(shared.get_or_load(&Kind::of("texts"), "a", load).await.unwrap().0, value);
        if !shared.reads.is_shut() {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("the server has not been asked again");
}

#[tokio::test]
async fn a_full_server_still_answers_what_it_has() {
    let Some(server) = Server::start() else { return };
    let shared = open(&server);
    made(&shared, "a", "stored").await;
    stored(&server, 1).await;
    server.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(made(&shared, "b", "here").await, "here");
    assert_eq!(made(&shared, "a", "here").await, "stored");
    assert!(shared.writes.is_shut() && !shared.reads.is_shut());
    assert_eq!(shared.ping().await, Err(NoAnswer::Refused("its memory is full")));
    server.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    until_well(&shared).await;
    made(&shared, "b", "here").await;
    stored(&server, 2).await;
}

#[tokio::test]
async fn a_replica_is_asked_for_what_it_has_and_stores_nothing() {
    let Some(server) = Server::start() else { return };
    let shared = open(&server);
    made(&shared, "a", "stored").await;
    stored(&server, 1).await;
    assert!(shared.count("client", 60, 1).await.is_some());
    server.cli(&["REPLICAOF", "127.0.0.1", "1"]);
    for _ in 0..3 {
        assert_eq!(made(&shared, "b", "here").await, "here");
        assert_eq!(made(&shared, "a", "here").await, "stored");
    }
    assert_eq!(shared.count("client", 60, 1).await, None);
    assert!(shared.writes.is_shut() && shared.counts.is_shut() && !shared.reads.is_shut());
    assert_eq!(shared.ping().await, Err(NoAnswer::Refused("it is a replica, which stores nothing")));
    server.cli(&["REPLICAOF", "NO", "ONE"]);
    until_well(&shared).await;
    assert!(shared.count("client", 60, 1).await.is_some());
}

/// Asks how the server is until it is well.
async fn until_well(shared: &Shared) {
    for _ in 0..200 {
        if shared.ping().await.is_ok() {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", shared.ping().await);
}

#[tokio::test]
async fn a_server_that_refuses_everything_is_asked_now_and_then() {
    let Some(server) = Server::start() else { return };
    let nowhere = server.url().replace("/0", "/4711");
    let no_such = Shared::open(&nowhere, WAIT, b"secret", "settings").unwrap();
    let wrong = server.url().replace("127.0.0.1", "user:guess@127.0.0.1");
    let wrong = Shared::open(&wrong, WAIT, b"secret", "settings").unwrap();
    for (shared, why) in [(no_such, "the database does not exist"), (wrong, "does not accept the password")] {
        assert_refused(&shared, why).await;
    }
    let without = open(&server);
    server.cli(&["CONFIG", "SET", "requirepass", "password"]);
    assert_refused(&without, "it wants a password").await;
    server.cli(&["-a", "password", "CONFIG", "SET", "requirepass", ""]);
    until_well(&without).await;
}

async fn assert_refused(shared: &Shared, why: &str) {
    assert_eq!(made(shared, "a", "here").await, "here");
    assert!(shared.reads.is_shut());
    for _ in 0..20 {
        let Err(NoAnswer::Refused(said)) = shared.ping().await else { panic!("{why}") };
        assert!(said.contains(why), "{said}");
        assert_eq!(made(shared, "a", "here").await, "here");
    }
}

#[tokio::test]
async fn turns_that_never_end_are_not_waited_for_again_and_again() {
    let Some(server) = Server::start() else { return };
    let shared = open(&server);
    let key = shared.seal.key("texts", "a");
    let turn = lock_of(&key);
    for holder in [&["SET", &turn, "x"][..], &["SET", &turn, "x", "PX", "60000"]] {
        server.cli(holder);
        assert!(!shared.may_wait(&key).await);
    }
    let mut waits = 0;
    for _ in 0..300 {
        server.cli(&["SET", &turn, "x", "PX", "1900"]);
        waits += u32::from(shared.may_wait(&key).await);
    }
    assert!((1..300).contains(&waits), "{waits}");
    assert_eq!(made(&shared, "a", "made").await, "made");
}

#[tokio::test]
async fn a_value_that_is_too_large_is_not_shared() {
    let Some(server) = Server::start() else { return };
    let shared = open(&server);
    let large = "x".repeat(MAX_BYTES + 1);
    assert_eq!(made(&shared, "a", &large).await, large);
    stored(&server, 0).await;
}
