use super::*;
use crate::domain::{frameset::NewFrameset, job::ATTEMPTS, keys::Role};

const LEASE_MS: i64 = 15_000;

fn at(done: i64) -> JobProgress {
    JobProgress { stage: "prepare", done, total: 9, left_ms: Some(1000) }
}

struct Queue {
    _folder: tempfile::TempDir,
    db: Db,
    actor: Actor,
}

impl Queue {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        Self { _folder: folder, db, actor: Actor::command_line() }
    }

    async fn add(&self) -> JobId {
        let set = self.db.open_plain_frameset().await;
        self.db.commit_with_frame(&set).await;
        // A second commit changes nothing.
        self.db.commit_frameset(&set, &self.actor).await.unwrap();
        self.db.job_of(&set).await.unwrap().unwrap().id
    }

    async fn state(&self, id: &JobId) -> JobState {
        self.db.job(id).await.unwrap().unwrap().state
    }

    /// The job's lease runs out, or its wait is over.
    async fn time_passes(&self) {
        let sql = "update jobs set lease_until_ms = 0, run_at_ms = 0";
        self.db.run("test", sql).execute().await.unwrap();
    }
}

#[tokio::test]
async fn a_job_is_one_workers_until_it_is_done() {
    let queue = Queue::new().await;
    assert_eq!(queue.db.claim_job(LEASE_MS).await.unwrap(), None);
    let id = queue.add().await;
    let leased = queue.db.claim_job(LEASE_MS).await.unwrap().unwrap();
    assert_eq!((&leased.job.id, leased.job.attempts), (&id, 1));
    assert_eq!(queue.db.claim_job(LEASE_MS).await.unwrap(), None);
    for _ in 0..2 {
        assert!(queue.db.renew_job(&leased, &at(3)).await.unwrap());
    }
    let ring = "ring.solitaire".parse().unwrap();
    assert!(queue.db.finish_job(&leased, &ring, 7).await.unwrap());
    assert!(!queue.db.finish_job(&leased, &ring, 8).await.unwrap());
    assert!(!queue.db.renew_job(&leased, &at(4)).await.unwrap());
    let job = queue.db.job(&id).await.unwrap().unwrap();
    assert_eq!((job.state, job.version), (JobState::Ready, Some((ring, 7))));
    let events = queue.db.job_events(&id, 0).await.unwrap();
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["queued", "running", "progress", "ready"]);
    assert_eq!(queue.db.job_events(&id, events[2].id).await.unwrap(), events[3..]);
}

#[tokio::test]
async fn an_expired_lease_is_claimed_again_and_its_holder_changes_nothing_any_more() {
    let queue = Queue::new().await;
    let id = queue.add().await;
    let dead = queue.db.claim_job(LEASE_MS).await.unwrap().unwrap();
    queue.time_passes().await;
    let alive = queue.db.claim_job(LEASE_MS).await.unwrap().unwrap();
    assert_eq!(alive.job.attempts, 2);
    assert!(!queue.db.renew_job(&dead, &at(1)).await.unwrap());
    assert!(!queue.db.fail_job(&dead, &json!({}), true).await.unwrap());
    assert!(!queue.db.finish_job(&dead, &"ring.solitaire".parse().unwrap(), 1).await.unwrap());
    assert!(!queue.db.log_job(&dead, "too late").await.unwrap());
    assert!(queue.db.log_job(&alive, "in time").await.unwrap());
    let log = queue.db.job_log(&id, 10).await.unwrap();
    assert_eq!(log.iter().map(|line| line.line.as_str()).collect::<Vec<_>>(), ["in time"]);
    assert_eq!(queue.state(&id).await, JobState::Running);
    assert!(queue.db.renew_job(&alive, &at(1)).await.unwrap());
}

#[tokio::test]
async fn a_job_backs_off_and_is_given_up_after_its_last_attempt() {
    let queue = Queue::new().await;
    let id = queue.add().await;
    for attempt in 1..=ATTEMPTS {
        let leased = queue.db.claim_job(LEASE_MS).await.unwrap().unwrap();
        assert_eq!(leased.job.attempts, attempt);
        assert!(queue.db.fail_job(&leased, &json!({ "slug": "store" }), false).await.unwrap());
        assert_eq!(queue.db.claim_job(LEASE_MS).await.unwrap(), None, "it waits, or is over");
        queue.time_passes().await;
    }
    let job = queue.db.job(&id).await.unwrap().unwrap();
    assert_eq!((job.state, &job.failure.unwrap()["slug"]), (JobState::Failed, &json!("store")));
    queue.db.retry_job(&id, &queue.actor).await.unwrap();
    assert_eq!(queue.db.claim_job(LEASE_MS).await.unwrap().unwrap().job.attempts, 1);
}

#[tokio::test]
async fn a_job_that_kills_its_workers_is_given_up() {
    let queue = Queue::new().await;
    let id = queue.add().await;
    for _ in 0..ATTEMPTS {
        assert!(queue.db.claim_job(LEASE_MS).await.unwrap().is_some());
        queue.time_passes().await;
    }
    assert_eq!(queue.db.claim_job(LEASE_MS).await.unwrap(), None);
    assert_eq!(queue.state(&id).await, JobState::Failed);
}

#[tokio::test]
async fn what_cannot_succeed_is_not_tried_again_and_what_could_not_begin_costs_nothing() {
    let queue = Queue::new().await;
    let id = queue.add().await;
    let leased = queue.db.claim_job(LEASE_MS).await.unwrap().unwrap();
    queue.db.yield_job(&leased, 0).await.unwrap();
    let leased = queue.db.claim_job(LEASE_MS).await.unwrap().unwrap();
    assert_eq!(leased.job.attempts, 1);
    assert!(queue.db.fail_job(&leased, &json!({}), true).await.unwrap());
    assert_eq!(queue.state(&id).await, JobState::Failed);
}

#[tokio::test]
async fn a_cancelled_job_is_taken_from_its_worker_and_the_urgent_go_first() {
    let queue = Queue::new().await;
    let (first, urgent) = (queue.add().await, queue.add().await);
    queue.db.prioritize_job(&urgent, 5, &queue.actor).await.unwrap();
    let leased = queue.db.claim_job(LEASE_MS).await.unwrap().unwrap();
    assert_eq!(leased.job.id, urgent);
    for _ in 0..2 {
        queue.db.cancel_job(&urgent, &queue.actor).await.unwrap();
    }
    assert!(!queue.db.renew_job(&leased, &at(1)).await.unwrap());
    let again = queue.db.prioritize_job(&urgent, 1, &queue.actor).await;
    assert!(matches!(again, Err(ChangeJobError::State(JobState::Cancelled))));
    queue.db.retry_job(&urgent, &queue.actor).await.unwrap();
    assert_eq!(queue.db.claim_job(LEASE_MS).await.unwrap().unwrap().job.id, urgent);
    assert_eq!(queue.db.claim_job(LEASE_MS).await.unwrap().unwrap().job.id, first);
    let unknown = JobId::new([0; 16]);
    let missing = queue.db.cancel_job(&unknown, &queue.actor).await;
    assert!(matches!(missing, Err(ChangeJobError::NoSuchJob)));
}

#[tokio::test]
async fn who_has_many_jobs_holds_up_no_one_who_has_one() {
    let queue = Queue::new().await;
    let mut keys = Vec::new();
    for label in ["Ada", "Bo"] {
        keys.push(queue.db.create_key(Role::Artist, label, &queue.actor).await.unwrap().id().clone());
    }
    let add = async |artist: usize, product: &str| {
        let wanted = NewFrameset { product: product.parse().unwrap(), ..NewFrameset::of_plain_ring() };
        let set = queue.db.open_frameset(&wanted, &keys[artist], 99, &queue.actor).await.unwrap();
        queue.db.commit_with_frame(&set).await;
        queue.db.job_of(&set).await.unwrap().unwrap().id
    };
    let mut names = std::collections::HashMap::new();
    for (artist, product, name) in [
        (0, "ring.solitaire", "Ada's ring 1"),
        (0, "ring.solitaire", "Ada's ring 2"),
        (0, "ring.solitaire", "Ada's ring 3"),
        (0, "ring.halo", "Ada's halo"),
        (1, "ring.solitaire", "Bo's ring"),
    ] {
        names.insert(add(artist, product).await, name);
    }
    let mut order = Vec::new();
    for _ in 0..names.len() {
        let leased = queue.db.claim_job(LEASE_MS).await.unwrap().unwrap();
        order.push(names[&leased.job.id]);
    }
    let place = |name| order.iter().position(|one| *one == name).unwrap();
    assert!(place("Bo's ring") < 2, "each artist in turn: {order:?}");
    // Of Ada's jobs, the second one is of the product that had no turn.
    let first = order.iter().filter(|name| name.starts_with("Ada")).take(2);
    assert!(first.into_iter().any(|name| *name == "Ada's halo"), "each product in turn: {order:?}");
}
