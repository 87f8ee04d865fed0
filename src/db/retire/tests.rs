use assets_pipeline::digest::Digest;

use super::*;
use crate::{
    db::versions::{Fence, NewVersion, VersionKind},
    domain::{audit::Actor, namespace::Namespace},
};

const HOUR_MS: i64 = 3_600_000;
const RULES: Retention = Retention { keep: 1, keep_ms: HOUR_MS, grace_ms: 0 };

struct Shop {
    _folder: tempfile::TempDir,
    db: Db,
    ring: ConfigId,
}

impl Shop {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let ring: ConfigId = "ring.solitaire".parse().unwrap();
        db.ensure_product(&ring.product(), &[]).await.unwrap();
        db.ensure_configuration(&ring.product(), &ring, &[].into()).await.unwrap();
        Self { _folder: folder, db, ring }
    }

    /// Makes a version, and makes it live.
    async fn publish(&self, kind: VersionKind) -> i64 {
        let version = self.db.next_version(&self.ring).await.unwrap();
        let digest = Digest::of(&version.to_be_bytes());
        let new = NewVersion {
            version,
            kind,
            digest,
            jpeg: digest,
            source: digest,
            settings: digest,
            figures: Vec::new(),
            namespace: Namespace::Public,
        };
        let fence = Fence::Since(i64::MAX);
        assert_eq!(self.db.begin_version(&self.ring, &new, &fence, &[]).await.unwrap(), Some(Vec::new()));
        assert!(self.db.complete_version(&self.ring, version).await.unwrap());
        let live = self.db.pointer(&self.ring).await.unwrap().map(|pointer| pointer.version);
        let actor = Actor::command_line();
        assert!(self.db.move_pointer(&self.ring, live, version, &actor).await.unwrap().is_some());
        version
    }

    async fn retire(&self, rules: Retention) -> u64 {
        self.db.retire_versions(rules).await.unwrap()
    }

    async fn versions(&self) -> Vec<i64> {
        self.db.versions(&self.ring).await.unwrap().iter().map(|version| version.version).collect()
    }

    async fn run(&self, sql: &'static str) {
        self.db.run("test", sql).execute().await.unwrap();
    }

    /// Everything that is written down was so long ago.
    async fn hours_pass(&self, hours: i64) {
        for sql in [
            "update versions set created_at_ms = created_at_ms - $1, published_at_ms = published_at_ms - $1",
            "update retirements set look_at_ms = look_at_ms - $1",
            "update retirement_rules set looked_at_ms = looked_at_ms - $1",
        ] {
            self.db.run("test", sql).bind(hours * HOUR_MS).execute().await.unwrap();
        }
    }

    async fn noted(&self) -> i64 {
        self.db.run("test", "select count(*) from retirements").scalar().await.unwrap()
    }
}

#[tokio::test]
async fn a_version_is_retired_when_it_is_old_enough_and_no_sooner() {
    let shop = Shop::new().await;
    shop.publish(VersionKind::Full).await;
    assert_eq!(shop.retire(RULES).await, 0);
    assert_eq!(shop.noted().await, 0, "nothing of it comes to be retired by its age");
    shop.publish(VersionKind::Full).await;
    assert_eq!((shop.retire(RULES).await, shop.noted().await), (0, 1));
    shop.hours_pass(2).await;
    assert_eq!((shop.retire(RULES).await, shop.noted().await), (1, 0));
    assert_eq!(shop.versions().await, [2], "the live one stays however old it is");
}

#[tokio::test]
async fn an_early_version_stays_a_day_and_newer_full_ones_as_many_as_the_rules_keep() {
    let shop = Shop::new().await;
    let rules = Retention { keep: 2, keep_ms: 100 * 24 * HOUR_MS, grace_ms: 0 };
    shop.publish(VersionKind::Early).await;
    for _ in 0..4 {
        shop.publish(VersionKind::Full).await;
    }
    assert_eq!(shop.retire(rules).await, 0);
    shop.hours_pass(25).await;
    assert_eq!(shop.retire(rules).await, 1);
    assert_eq!(shop.versions().await, [5, 4, 3, 2]);
    shop.hours_pass(100 * 24).await;
    assert_eq!(shop.retire(rules).await, 2);
    assert_eq!(shop.versions().await, [5, 4]);
}

#[tokio::test]
async fn what_was_polished_pushes_no_version_of_an_artist_out() {
    let shop = Shop::new().await;
    let rules = Retention { keep: 2, ..RULES };
    for _ in 0..3 {
        shop.publish(VersionKind::Full).await;
    }
    shop.run("update versions set variant_of = 2 where version = 3").await;
    shop.hours_pass(2).await;
    assert_eq!(shop.retire(rules).await, 0);
    // Each goes with the version that it was made from.
    for _ in 0..2 {
        shop.publish(VersionKind::Full).await;
    }
    shop.hours_pass(2).await;
    assert_eq!(shop.retire(rules).await, 3);
    assert_eq!(shop.versions().await, [5, 4]);
}

#[tokio::test]
async fn what_changes_nothing_is_not_looked_at_but_once_a_week_and_by_other_rules() {
    let shop = Shop::new().await;
    shop.publish(VersionKind::Full).await;
    shop.publish(VersionKind::Full).await;
    shop.retire(RULES).await;
    shop.hours_pass(2).await;
    // As an older program would leave it, which notes nothing.
    shop.run("delete from retirements").await;
    assert_eq!(shop.retire(RULES).await, 0);
    assert_eq!(shop.retire(Retention { keep_ms: 3 * HOUR_MS, ..RULES }).await, 0);
    assert_eq!(shop.noted().await, 1, "by other rules it comes to be retired in an hour");
    shop.run("delete from retirements").await;
    assert_eq!(shop.retire(RULES).await, 1, "the rules are others again");

    shop.publish(VersionKind::Full).await;
    shop.publish(VersionKind::Full).await;
    assert_eq!(shop.retire(RULES).await, 1, "the second, which is two hours old");
    shop.run("delete from retirements").await;
    shop.hours_pass(24 * 6).await;
    assert_eq!(shop.retire(RULES).await, 0);
    shop.hours_pass(24 + 1).await;
    assert_eq!(shop.retire(RULES).await, 1);
}

#[tokio::test]
async fn a_version_that_is_live_no_more_is_looked_at() {
    let shop = Shop::new().await;
    let first = shop.publish(VersionKind::Full).await;
    let second = shop.publish(VersionKind::Full).await;
    let (actor, rules) = (Actor::command_line(), Retention { keep: 0, keep_ms: HOUR_MS, grace_ms: 0 });
    // Back to the first one, and nothing is old enough.
    shop.db.move_pointer(&shop.ring, Some(second), first, &actor).await.unwrap().unwrap();
    assert_eq!(shop.retire(rules).await, 0);
    shop.hours_pass(2).await;
    assert_eq!(shop.retire(rules).await, 1);
    assert_eq!(shop.versions().await, [first]);
}

#[tokio::test]
async fn more_configurations_than_a_page_has_are_all_looked_at() {
    let shop = Shop::new().await;
    for sql in [
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 2500)
         insert into configurations (id, product_id, choices, last_version, created_at_ms)
         select 'ring.solitaire.metal-m' || i, 'ring.solitaire', '{}', 2, 0 from n",
        "insert into versions (configuration_id, version, kind, digest, jpeg, source, settings, created_at_ms, state)
         select c.id, v, 'full', c.id || '-' || v, '', '', '', 0, 'complete'
         from configurations c, (select 1 as v union all select 2) two where c.last_version = 2",
        "update configurations set live_version = 2 where last_version = 2",
    ] {
        shop.run(sql).await;
    }
    assert_eq!(shop.retire(RULES).await, 2500);
    assert_eq!(shop.retire(RULES).await, 0);
    // Many that are due at once.
    shop.run("insert into retirements (configuration_id, look_at_ms) select id, 0 from configurations").await;
    shop.run("update versions set remove_at_ms = null").await;
    assert_eq!(shop.retire(RULES).await, 2500);
    assert_eq!(shop.noted().await, 0);
}
