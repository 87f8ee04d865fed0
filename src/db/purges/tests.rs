use super::*;
use crate::domain::names::ConfigId;

const LEASE_MS: i64 = 60_000;

async fn with_one_purge() -> (tempfile::TempDir, Db, i64) {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(folder.path()).await.unwrap();
    let id: ConfigId = "ring.solitaire.metal-platinum".parse().unwrap();
    let mut tx = db.write("test").await.unwrap();
    let purge = Purge::configuration(&id);
    let number = note(&mut tx, id.as_str(), &purge, Softness::Configured, true).await.unwrap();
    tx.commit().await.unwrap();
    (folder, db, number)
}

/// As if everything had happened so much earlier.
async fn let_pass(db: &Db, ms: i64) {
    for sql in [
        "update purges set at_ms = at_ms - $1",
        "update purge_deliveries set next_at_ms = next_at_ms - $1, lease_until_ms = lease_until_ms - $1,
         changed_at_ms = changed_at_ms - $1",
        "update purge_pauses set until_ms = until_ms - $1",
    ] {
        db.run("test", sql).bind(ms).execute().await.unwrap();
    }
}

async fn claim(db: &Db, target: &str) -> Option<LeasedBatch> {
    db.claim_purges(target, LEASE_MS).await.unwrap()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn retry() -> Retry {
    Retry { error: "connection refused".to_owned(), pause_ms: None, wait_ms: 0, is_refused: false }
}

#[tokio::test]
async fn each_cache_has_a_delivery_of_its_own() {
    let (_folder, db, number) = with_one_purge().await;
    assert_eq!(
        db.create_deliveries(&names(&[]), false).await.unwrap(),
        0,
        "no cache is configured to take it"
    );
    assert_eq!(db.create_deliveries(&names(&["a", "b"]), true).await.unwrap(), 1);
    assert_eq!(db.create_deliveries(&names(&["a", "b"]), true).await.unwrap(), 0);
    let batch = claim(&db, "a").await.unwrap();
    assert!(batch.soft);
    assert_eq!(batch.purge.tags.len(), 2);
    assert_eq!(claim(&db, "a").await, None, "another process has it");
    db.retry_purges("a", &batch, &retry()).await.unwrap();
    assert!(claim(&db, "b").await.is_some(), "one that is down holds up none of the others");
    assert_eq!(db.deliveries_of(&[number]).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_delivery_of_a_dead_process_is_sent_again() {
    let (_folder, db, _) = with_one_purge().await;
    db.create_deliveries(&names(&["a"]), false).await.unwrap();
    let first = claim(&db, "a").await.unwrap();
    let_pass(&db, LEASE_MS - 5_000).await;
    assert_eq!(claim(&db, "a").await, None);
    let_pass(&db, 10_000).await;
    let second = claim(&db, "a").await.unwrap();
    assert_eq!((&second.purge, &second.key), (&first.purge, &first.key));
    // A process whose lease has ended changes nothing.
    db.retry_purges("a", &first, &retry()).await.unwrap();
    db.acknowledge_purges(&first, db.now_ms()).await.unwrap();
    assert_eq!(claim(&db, "a").await, None);
    db.acknowledge_purges(&second, db.now_ms()).await.unwrap();
    assert_eq!(db.open_deliveries(10).await.unwrap(), []);
}

#[tokio::test]
async fn a_change_is_sent_until_no_server_holds_the_old_pointer() {
    let (_folder, db, number) = with_one_purge().await;
    db.create_deliveries(&names(&["a"]), false).await.unwrap();
    // The cache acknowledges at once by the purge's own clock, however slow this machine is.
    let (now_ms,): (i64,) = db.run("test", "select at_ms from purges").one().await.unwrap();
    let mut keys = Vec::new();
    for pause_ms in [1_500, 5_000, 0] {
        let batch = claim(&db, "a").await.expect("it is due");
        db.acknowledge_purges(&batch, now_ms).await.unwrap();
        keys.push(batch.key);
        let_pass(&db, pause_ms).await;
    }
    keys.dedup();
    assert_eq!(keys.len(), 3, "each round is a request of its own");
    assert_eq!(db.deliveries_of(&[number]).await.unwrap(), []);
    let left: i64 = db.read("test", "select count(*) from purges").scalar().await.unwrap();
    assert_eq!(left, 0, "nothing piles up");
}

#[tokio::test]
async fn who_hears_late_hears_once() {
    let (_folder, db, number) = with_one_purge().await;
    db.create_deliveries(&names(&["a"]), false).await.unwrap();
    let_pass(&db, 60_000).await;
    let batch = claim(&db, "a").await.unwrap();
    db.acknowledge_purges(&batch, db.now_ms()).await.unwrap();
    assert_eq!(db.deliveries_of(&[number]).await.unwrap(), []);
}

#[tokio::test]
async fn attempts_in_vain_come_less_and_less_often() {
    let (_folder, db, number) = with_one_purge().await;
    db.create_deliveries(&names(&["a"]), false).await.unwrap();
    let mut waits = Vec::new();
    for _ in 0..14 {
        let batch = claim(&db, "a").await.unwrap();
        db.retry_purges("a", &batch, &retry()).await.unwrap();
        let wait = db.deliveries_of(&[number]).await.unwrap()[0].next_at_ms - db.now_ms();
        waits.push(wait);
        assert_eq!(claim(&db, "a").await, None);
        let_pass(&db, wait + 1_000).await;
    }
    assert!(waits[0] <= 1_250 && waits[5] > 20_000, "{waits:?}");
    assert!(waits.iter().all(|wait| *wait <= MAX_WAIT_MS), "{waits:?}");
    let open = db.open_deliveries(10).await.unwrap();
    assert_eq!((open[0].attempts, open[0].error.as_deref()), (14, Some("connection refused")));
}

#[tokio::test]
async fn what_was_not_heard_goes_along_with_what_comes_after() {
    let (_folder, db, number) = with_one_purge().await;
    db.create_deliveries(&names(&["a"]), false).await.unwrap();
    let batch = claim(&db, "a").await.unwrap();
    db.retry_purges("a", &batch, &retry()).await.unwrap();
    let purge = Purge { tags: ["s-1".to_owned()].into(), ..Purge::default() };
    db.purge_by_hand("s-1", &purge, false, &Actor::command_line()).await.unwrap();
    db.create_deliveries(&names(&["a"]), false).await.unwrap();
    let batch = claim(&db, "a").await.unwrap();
    assert_eq!(batch.purge.tags.len(), 3);
    db.acknowledge_purges(&batch, db.now_ms()).await.unwrap();
    let open = db.deliveries_of(&[number]).await.unwrap();
    assert_eq!((open.len(), open[0].attempts, open[0].error.as_deref()), (1, 0, None));
}

#[tokio::test]
async fn a_cache_that_asks_for_a_pause_gets_it_for_everything() {
    let (_folder, db, _) = with_one_purge().await;
    db.create_deliveries(&names(&["a", "b"]), false).await.unwrap();
    let batch = claim(&db, "a").await.unwrap();
    let busy = Retry { pause_ms: Some(90_000), ..retry() };
    db.retry_purges("a", &batch, &busy).await.unwrap();
    let purge = Purge { tags: ["s-1".to_owned()].into(), ..Purge::default() };
    db.purge_by_hand("s-1", &purge, false, &Actor::command_line()).await.unwrap();
    db.create_deliveries(&names(&["a", "b"]), false).await.unwrap();
    assert_eq!(claim(&db, "a").await, None);
    assert_eq!(claim(&db, "b").await.unwrap().purge.tags.len(), 3, "what is due goes together");
    let_pass(&db, 91_000).await;
    assert_eq!(claim(&db, "a").await.unwrap().purge.tags.len(), 3);
}

#[tokio::test]
async fn what_was_refused_goes_alone_and_hard_never_with_soft() {
    let (_folder, db, _) = with_one_purge().await;
    let one = |tag: &str| Purge { tags: [tag.to_owned()].into(), ..Purge::default() };
    let actor = Actor::command_line();
    db.purge_by_hand("s-1", &one("s-1"), false, &actor).await.unwrap();
    db.purge_by_hand("s-2", &one("s-2"), true, &actor).await.unwrap();
    db.create_deliveries(&names(&["a"]), false).await.unwrap();
    let hard = claim(&db, "a").await.unwrap();
    assert_eq!((hard.soft, hard.purge.tags.len()), (false, 3));
    let soft = claim(&db, "a").await.unwrap();
    assert_eq!((soft.soft, soft.purge.tags.len()), (true, 1));
    let refused = Retry { is_refused: true, ..retry() };
    db.retry_purges("a", &hard, &refused).await.unwrap();
    let_pass(&db, 2_000).await;
    assert_eq!(claim(&db, "a").await.unwrap().purge.tags.len(), 2);
    assert_eq!(claim(&db, "a").await.unwrap().purge.tags.len(), 1);
    let trail = db.audit(0, 10).await.unwrap();
    assert_eq!((trail[0].action.as_str(), trail[0].subject.as_str()), ("purge.by-hand", "s-1"));
}

#[tokio::test]
async fn what_is_given_up_stays_in_the_list_for_a_while() {
    let (_folder, db, _) = with_one_purge().await;
    db.create_deliveries(&names(&["a", "gone"]), false).await.unwrap();
    let_pass(&db, FAIL_AFTER_MS + 1_000).await;
    let batch = claim(&db, "a").await.unwrap();
    let given_up = db.retry_purges("a", &batch, &retry()).await.unwrap();
    assert_eq!(given_up, ["ring.solitaire.metal-platinum"]);
    assert_eq!(claim(&db, "a").await, None);
    let_pass(&db, 3 * MAX_WAIT_MS).await;
    assert_eq!(db.expire_purges().await.unwrap(), BTreeMap::from([("gone".to_owned(), 1)]));
    let open = db.open_deliveries(10).await.unwrap();
    assert!(open.len() == 2 && open.iter().all(|delivery| delivery.failed));
    let_pass(&db, KEEP_FAILED_MS).await;
    db.expire_purges().await.unwrap();
    assert_eq!(db.open_deliveries(10).await.unwrap(), []);
}

#[tokio::test]
async fn purges_that_are_done_with_do_not_pile_up() {
    let (_folder, db, number) = with_one_purge().await;
    db.expire_purges().await.unwrap();
    assert!(db.is_to_hand_out(&[number]).await.unwrap());
    let_pass(&db, KEEP_UNCLAIMED_MS + 1_000).await;
    db.expire_purges().await.unwrap();
    assert!(!db.is_to_hand_out(&[number]).await.unwrap());
}
