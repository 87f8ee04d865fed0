use super::*;
use crate::domain::{
    frameset::NewFrameset,
    job::{ATTEMPTS, PREVIEW_WAIT_MS},
    keys::Role,
};

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

    /// Sets of one artist, one after the other.
    async fn add_all(&self, count: usize) -> Vec<JobId> {
        let key = self.db.create_key(Role::Artist, "", &self.actor).await.unwrap();
        let mut jobs = Vec::new();
        for at in 0..count {
            let wanted = NewFrameset::of_plain_ring();
            let set = self.db.open_frameset(&wanted, key.id(), 99, &self.actor).await.unwrap();
            self.db.commit_with_frame(&set).await;
            let job = self.db.job_of(&set).await.unwrap().unwrap().id;
            // Not in the same millisecond.
            let sql = "update jobs set run_at_ms = run_at_ms - $1 where id = $2";
            let statement = self.db.run("test", sql).bind((count - at) as i64).bind(job.as_str());
            statement.execute().await.unwrap();
            jobs.push(job);
        }
        jobs
    }

    async fn claim(&self) -> Leased {
        self.db.claim_job(LEASE_MS).await.unwrap().unwrap()
    }

    /// The job's preview was made so long ago.
    async fn has_preview(&self, leased: &Leased, ago_ms: i64) {
        assert!(self.db.note_rest(leased, None).await.unwrap());
        let sql = "update jobs set rest_since_ms = rest_since_ms - $1 where id = $2";
        let statement = self.db.run("test", sql).bind(ago_ms).bind(leased.job.id.as_str());
        statement.execute().await.unwrap();
    }

    async fn run(&self, sql: &'static str) {
        self.db.run("test", sql).execute().await.unwrap();
    }

    /// No worker was free for those that wait.
    async fn a_while_passes(&self) {
        let sql = "update jobs set run_at_ms = run_at_ms - $1 where state = 'queued'";
        self.db.run("test", sql).bind(PREVIEW_WAIT_MS + 1000).execute().await.unwrap();
    }

    async fn is_to_give_way(&self, leased: &Leased) -> bool {
        self.db.is_to_give_way(leased).await.unwrap()
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

#[tokio::test]
async fn the_rest_of_a_job_gives_way_to_a_preview_that_no_worker_is_free_for() {
    let queue = Queue::new().await;
    let old = queue.add().await;
    let leased = queue.claim().await;
    queue.has_preview(&leased, 0).await;
    assert!(!queue.is_to_give_way(&leased).await, "nothing waits");
    let new = queue.add().await;
    assert!(!queue.is_to_give_way(&leased).await, "another worker may be free");
    queue.a_while_passes().await;
    assert!(queue.is_to_give_way(&leased).await);

    let next = queue.db.give_way(&leased).await.unwrap().unwrap();
    assert_eq!((&next.job.id, next.job.attempts), (&new, 1));
    let waiting = queue.db.job(&old).await.unwrap().unwrap();
    assert_eq!((waiting.state, waiting.attempts), (JobState::Queued, 0));
    assert!(waiting.waits_for_previews);
    let events = queue.db.job_events(&old, 0).await.unwrap();
    let last = events.last().unwrap();
    assert_eq!((last.kind.as_str(), &last.data["waitsFor"]), ("queued", &json!("previews")));
    assert_eq!(queue.db.give_way(&leased).await.unwrap(), None, "it has no lease");
    assert!(!queue.db.note_rest(&leased, None).await.unwrap());

    // What waits for previews is no reason to interrupt one, and goes on after them.
    queue.a_while_passes().await;
    assert!(!queue.is_to_give_way(&next).await);
    queue.has_preview(&next, 0).await;
    assert!(!queue.is_to_give_way(&next).await);
    let third = queue.add().await;
    assert_eq!(queue.claim().await.job.id, third);
    let again = queue.claim().await;
    assert_eq!((&again.job.id, again.job.attempts), (&old, 1));
}

#[tokio::test]
async fn an_early_version_is_shown_once_and_keeps_the_frames_that_it_is_made_from() {
    let queue = Queue::new().await;
    let job = queue.add().await;
    let leased = queue.claim().await;
    let ring: ConfigId = "ring.solitaire".parse().unwrap();
    for _ in 0..2 {
        assert!(queue.db.note_rest(&leased, Some((&ring, 3))).await.unwrap());
    }
    let shown = queue.db.job(&job).await.unwrap().unwrap();
    assert_eq!((&shown.preview, &shown.version), (&Some((ring.clone(), 3)), &None));
    let events = queue.db.job_events(&job, 0).await.unwrap();
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["queued", "running", "preview"]);
    assert_eq!(events[2].data, json!({ "configuration": ring, "version": 3 }));
    assert!(queue.db.finish_job(&leased, &ring, 4).await.unwrap());
    let shown = queue.db.job(&job).await.unwrap().unwrap();
    assert_eq!((shown.preview, shown.version), (Some((ring.clone(), 3)), Some((ring, 4))));
}

#[tokio::test]
async fn as_many_give_way_as_previews_wait_and_those_last_that_have_waited_for_longest() {
    let queue = Queue::new().await;
    queue.add_all(3).await;
    let mut running = Vec::new();
    for ago_ms in [3000, 2000, 1000] {
        let leased = queue.claim().await;
        queue.has_preview(&leased, ago_ms).await;
        running.push(leased);
    }
    let who = async || {
        let mut who = Vec::new();
        for leased in &running {
            who.push(queue.is_to_give_way(leased).await);
        }
        who
    };
    let news = queue.add_all(2).await;
    queue.a_while_passes().await;
    assert_eq!(who().await, [false, true, true]);
    queue.db.cancel_job(&news[0], &queue.actor).await.unwrap();
    assert_eq!(who().await, [false, false, true]);
    // What is more urgent is not interrupted.
    queue.db.prioritize_job(&running[2].job.id, 1, &queue.actor).await.unwrap();
    assert_eq!(who().await, [false, true, false]);
    queue.db.prioritize_job(&news[1], 1, &queue.actor).await.unwrap();
    assert_eq!(who().await, [false, true, false]);
    // A worker that has died gives way to nothing.
    queue
        .db
        .run("test", "update jobs set lease_until_ms = 0 where state = 'running' and priority = 0")
        .execute()
        .await
        .unwrap();
    assert!(who().await[2]);
}

#[tokio::test]
async fn the_rest_of_a_job_waits_for_previews_so_long_and_no_longer() {
    let queue = Queue::new().await;
    let jobs = queue.add_all(2).await;
    let leased = queue.claim().await;
    assert_eq!(leased.job.id, jobs[0]);
    queue.has_preview(&leased, 0).await;
    queue.db.yield_job(&leased, 0).await.unwrap();
    let other = queue.claim().await;
    assert_eq!(other.job.id, jobs[1], "it has no preview");
    queue.db.yield_job(&other, 0).await.unwrap();
    queue.run("update jobs set run_at_ms = 0").await;
    let aged = "update jobs set rest_since_ms = rest_since_ms - $1 where rest_since_ms is not null";
    queue.db.run("test", aged).bind(GIVES_WAY_MS + 1000).execute().await.unwrap();
    queue.run("update jobs set run_at_ms = -1 where rest_since_ms is not null").await;
    assert!(!queue.db.job(&jobs[0]).await.unwrap().unwrap().waits_for_previews);
    let leased = queue.claim().await;
    assert_eq!(leased.job.id, jobs[0], "it was queued first");
    queue.a_while_passes().await;
    assert!(!queue.is_to_give_way(&leased).await);
}

#[tokio::test]
async fn workers_that_give_way_at_once_take_each_preview_once() {
    let queue = Queue::new().await;
    let old = queue.add_all(4).await;
    let mut running = Vec::new();
    for ago_ms in 0..4 {
        let leased = queue.claim().await;
        queue.has_preview(&leased, ago_ms).await;
        running.push(leased);
    }
    let news = queue.add_all(2).await;
    queue.a_while_passes().await;
    let workers = running.into_iter().map(|leased| {
        let db = queue.db.clone();
        tokio::spawn(async move {
            let mut taken = None;
            for _ in 0..3 {
                if taken.is_none() && db.is_to_give_way(&leased).await.unwrap() {
                    taken = db.give_way(&leased).await.unwrap().map(|next| next.job.id);
                }
            }
            taken
        })
    });
    let mut taken = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        taken.extend(worker.await.unwrap());
    }
    let sorted = |mut ids: Vec<JobId>| {
        ids.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        ids
    };
    assert_eq!(sorted(taken), sorted(news));
    let mut waiting = 0;
    for id in &old {
        waiting += usize::from(queue.state(id).await == JobState::Queued);
    }
    assert_eq!(waiting, 2);
}
