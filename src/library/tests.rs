//! Every operation at random, by several tasks at once, on one folder; then rows and objects are compared both ways.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use assets_pipeline::{
    digest::Digest,
    pack::SetList,
    plan::tiers::{Format, TierKey},
};

use crate::{
    db::{
        Db,
        objects::NeededBy,
        versions::{Fence, ListedVersion, VersionKind},
    },
    domain::{
        audit::Actor,
        manifest::{Manifest, PackEntry, Quality, Rendition, SCHEMA, Tier, Turn, Urls, View},
        names::{Choices, ConfigId, OptionName, Slug},
        namespace::Namespace,
        retention::{Retention, Share},
    },
    staging::Staging,
    store::{Address, ObjectKey, Store},
};

use super::{
    collect::{CollectError, collect, delete_at_once},
    identity::{self, IdentityError},
    manifests,
    protect::{ProtectError, protect, unprotect},
    publish::{PublishError, publish, roll_back},
    references::adopt_unknown,
    repair::repair_from_copies,
    store_version::{Origin, StoreVersionError, VersionObjects, store_version},
    take_down::{TakeDownError, take_down},
    verify::{Fault, Faulty},
};

mod late_writer;
mod slow_reading;

const TASKS: u64 = 5;
const STEPS: u64 = 24;
const DEGREES: [u16; 3] = [0, 120, 240];
/// That forbids nothing.
const FENCE: Fence = Fence::Since(i64::MAX);
/// As soon as may be.
const RULES: Retention = Retention { keep: 1, keep_ms: 0, grace_ms: 0 };

struct Fixture {
    db: Db,
    store: Store,
    staging: Staging,
    configurations: Vec<ConfigId>,
    _folder: tempfile::TempDir,
}

impl Fixture {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let store = Store::folder(folder.path()).unwrap();
        let staging = Staging::open(folder.path(), None).unwrap();
        identity::ensure(&db, &store).await.unwrap();
        let mut configurations = Vec::new();
        for metal in ["gold", "rose", "white"] {
            let id: ConfigId = format!("ring.solitaire.metal-{metal}").parse().unwrap();
            let pair: (OptionName, Slug) = ("metal".parse().unwrap(), metal.parse().unwrap());
            let choices: Choices = [pair.clone()].into_iter().collect();
            db.ensure_product(&id.product(), &[pair]).await.unwrap();
            db.ensure_configuration(&id.product(), &id, &choices).await.unwrap();
            configurations.push(id);
        }
        Self { db, store, staging, configurations, _folder: folder }
    }

    /// Stores a version of one of a few turns, so that versions share objects.
    async fn store_version(&self, id: &ConfigId, turn: u64) -> Result<i64, StoreVersionError> {
        let source = Digest::of(&turn.to_be_bytes());
        let origin = Origin { kind: VersionKind::Full, source, settings: source };
        let build = |version, namespace| build(id, turn, version, namespace);
        let stored = store_version(&self.db, &self.store, id, (origin, &FENCE), &build).await?;
        Ok(stored.manifest.version)
    }

    async fn step(&self, chance: u64) {
        let Self { db, store, staging, .. } = self;
        let id = &self.configurations[(chance / 64 % 3) as usize];
        let actor = &Actor::command_line();
        match chance % 17 {
            0..6 => {
                let version = match self.store_version(id, chance / 256 % 4).await {
                    Err(StoreVersionError::Moved(_) | StoreVersionError::TakenDown(_)) => return,
                    stored => stored.unwrap(),
                };
                if !(chance / 1024).is_multiple_of(4) {
                    is_expected(publish(db, id, version, actor).await);
                }
            }
            6 | 7 => is_expected(roll_back(db, id, actor).await),
            8 | 9 => match take_down(db, store, staging, id, actor).await {
                Err(TakeDownError::NothingStored(_)) => {}
                taken_down => drop(taken_down.unwrap()),
            },
            10 | 11 => is_moved(protect(db, store, id, actor).await),
            12 | 13 => is_moved(unprotect(db, store, id, actor).await),
            14 => drop(adopt_unknown(db, store, 0, Share::ANY).await.unwrap()),
            15 => drop(collect(db, store, RULES, Share::ANY).await.unwrap()),
            _ => self.repair(id).await,
        }
    }

    /// Writes the objects of versions again, which may be retired, moved or deleted meanwhile.
    async fn repair(&self, id: &ConfigId) {
        let Self { db, store, .. } = self;
        for ListedVersion { version, .. } in db.versions(id).await.unwrap() {
            let Some(stored) = db.stored_version(id, version).await.unwrap() else { continue };
            let within = store.within(stored.namespace);
            let Some(manifest) = manifests::load(&within, stored.digest).await.unwrap() else { continue };
            let needed_by = vec![NeededBy { configuration: id.clone(), version }];
            let faulty =
                ObjectKey::of_version(stored.digest, stored.jpeg, &manifest).into_iter().map(|key| {
                    let address = key.within(stored.namespace);
                    Faulty { address, fault: Fault::Missing, needed_by: needed_by.clone() }
                });
            repair_from_copies(db, store, &[store.clone().into()], faulty.collect(), &|_| {}).await.unwrap();
        }
    }

    /// Every object of the store by the versions that need it; each is there, with the right bytes.
    async fn needed(&self) -> BTreeSet<Address> {
        let mut needed = BTreeSet::new();
        for id in &self.configurations {
            let namespace = self.db.namespace(id).await.unwrap().unwrap();
            for listed in self.db.versions(id).await.unwrap() {
                let version = self.db.stored_version(id, listed.version).await.unwrap().unwrap();
                assert_eq!(version.namespace, namespace, "{id} {}", listed.version);
                let store = self.store.within(namespace);
                let manifest = manifests::load(&store, version.digest).await.unwrap();
                let manifest = manifest.unwrap_or_else(|| panic!("the manifest of {id} {}", listed.version));
                for key in ObjectKey::of_version(version.digest, version.jpeg, &manifest) {
                    let bytes = store.get(&key).await.unwrap();
                    let bytes = bytes.unwrap_or_else(|| panic!("{key} of {id} {}", listed.version));
                    assert!(key.may_name(&bytes), "{key}");
                    needed.insert(key.within(namespace));
                }
            }
        }
        needed
    }

    async fn stored(&self) -> BTreeSet<Address> {
        self.store.list(std::time::Duration::ZERO).await.unwrap().into_iter().collect()
    }

    async fn collect_all_that_is_not_needed(&self) {
        collect(&self.db, &self.store, RULES, Share::ANY).await.unwrap();
        assert_eq!(self.stored().await, self.needed().await);
    }
}

fn is_expected<T>(published: Result<T, PublishError>) {
    if let Err(PublishError::Db(error)) = published {
        panic!("{error:?}");
    }
}

fn is_moved<T>(moved: Result<T, ProtectError>) {
    match moved {
        Ok(_) | Err(ProtectError::Overtaken(_)) => {}
        Err(error) => panic!("{error:?}"),
    }
}

fn build(
    id: &ConfigId,
    turn: u64,
    version: i64,
    namespace: Namespace,
) -> Result<VersionObjects, serde_json::Error> {
    let frame = |degree: u16| format!("frame {turn} {degree}").into_bytes();
    let digests: BTreeMap<u16, Digest> =
        DEGREES.iter().map(|degree| (*degree, Digest::of(&frame(*degree)))).collect();
    let list = SetList::new(Format::Webp, &digests);
    let set = list.digest();
    let pack: Vec<u8> = DEGREES.iter().flat_map(|degree| frame(*degree)).collect();
    let mut objects: Vec<(ObjectKey, Arc<[u8]>)> = DEGREES
        .iter()
        .map(|degree| {
            (ObjectKey::Frame { set, degree: *degree, format: Format::Webp }, Arc::from(frame(*degree)))
        })
        .collect();
    objects.push((ObjectKey::SetList(set), Arc::from(list.as_bytes())));
    objects.push((ObjectKey::Pack(Digest::of(&pack)), Arc::from(pack.as_slice())));
    let entry = PackEntry {
        pack: Digest::of(&pack),
        degrees: DEGREES.to_vec(),
        lengths: DEGREES.iter().map(|degree| frame(*degree).len() as u32).collect(),
    };
    let rendition = Rendition {
        set,
        size: [1, 1],
        bytes: pack.len() as u64,
        quality: Quality {
            metric: "ssimulacra2".to_owned(),
            mean: 90.0,
            min: 90.0,
            spread: Some(0.0),
            step: Some(0.0),
        },
        packs: vec![entry],
        bare: None,
    };
    let tier = Tier {
        frames: DEGREES.len(),
        degrees: DEGREES.to_vec(),
        angles: None,
        budget: 1000,
        load_bytes: BTreeMap::new(),
        formats: BTreeMap::from([(Format::Webp, rendition)]),
    };
    let manifest = Manifest {
        schema: SCHEMA.to_owned(),
        configuration: id.clone(),
        version,
        turn: Turn { frames: DEGREES.len() },
        view: View { source: [1, 1], crop: [0, 0, 1, 1] },
        ground: "#ffffff".to_owned(),
        placeholder: String::new(),
        colour: "#d4af5f".to_owned(),
        hero: 0,
        urls: Urls::of(namespace),
        tiers: BTreeMap::from([(TierKey::Preview, tier)]),
    };
    VersionObjects::new(manifest, format!("jpeg {turn}").as_bytes(), Vec::new(), objects)
}

/// The next number of a sequence that looks random and is the same each time.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn operations_at_once_lose_nothing_and_leave_nothing() {
    let fixture = Arc::new(Fixture::new().await);
    let tasks = (0..TASKS).map(|task| {
        let fixture = fixture.clone();
        tokio::spawn(async move {
            let mut seed = task + 1;
            for _ in 0..STEPS {
                fixture.step(next(&mut seed)).await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let Fixture { db, store, staging, configurations, .. } = &*fixture;
    collect(db, store, RULES, Share::ANY).await.unwrap();
    let needed = fixture.needed().await;
    assert_eq!(fixture.stored().await, needed);
    assert_eq!(db.known_objects().await.unwrap().into_iter().collect::<BTreeSet<_>>(), needed);

    for id in configurations {
        let version = fixture.store_version(id, 0).await.unwrap();
        publish(db, id, version, &Actor::command_line()).await.unwrap();
        take_down(db, store, staging, id, &Actor::command_line()).await.unwrap();
    }
    assert_eq!(fixture.stored().await, BTreeSet::new());
    assert_eq!(db.known_objects().await.unwrap(), []);
}

#[tokio::test]
async fn a_take_down_is_told_to_caches_where_a_public_version_was_live() {
    let fixture = Fixture::new().await;
    let Fixture { db, store, configurations, .. } = &fixture;
    let [public, protected, waiting] = &configurations[..] else { unreachable!() };
    let actor = &Actor::command_line();
    for (turn, id) in (1..).zip(configurations) {
        let version = fixture.store_version(id, turn).await.unwrap();
        if id != waiting {
            publish(db, id, version, actor).await.unwrap();
        }
    }
    protect(db, store, protected, actor).await.unwrap();
    for (id, purges) in [(public, 1), (protected, 0), (waiting, 0)] {
        assert_eq!(db.take_down(id, actor).await.unwrap().unwrap().len(), purges, "{id}");
        assert_eq!(db.is_taken_down(id).await.unwrap(), id != waiting, "{id}");
        delete_at_once(db, store, id).await.unwrap();
        assert_eq!(db.take_down(id, actor).await.unwrap(), None, "nothing is left");
    }
    assert_eq!(fixture.stored().await, BTreeSet::new());
}

#[tokio::test]
async fn a_writer_waits_for_an_object_that_is_being_deleted_and_writes_it_again() {
    let fixture = Arc::new(Fixture::new().await);
    let Fixture { db, store, configurations, .. } = &*fixture;
    let [gold, rose, _] = &configurations[..] else { unreachable!() };
    let version = fixture.store_version(gold, 1).await.unwrap();
    publish(db, gold, version, &Actor::command_line()).await.unwrap();
    db.take_down(gold, &Actor::command_line()).await.unwrap().unwrap();
    let claimed = db.claim_objects(0, 100, 3_600_000, "test").await.unwrap().unwrap();
    assert!(claimed.at_once && claimed.purge.is_some());
    assert_eq!(db.claim_objects(0, 100, 3_600_000, "test").await.unwrap(), None, "it is leased");

    // A task of its own, since it has the one connection that writes in between.
    let writing = tokio::spawn({
        let (fixture, rose) = (fixture.clone(), rose.clone());
        async move { fixture.store_version(&rose, 1).await.unwrap() }
    });
    // It begins, and waits, whatever the store still has.
    while db.known_objects().await.unwrap().len() == claimed.addresses.len() {
        assert!(!writing.is_finished());
        tokio::task::yield_now().await;
    }
    for address in &claimed.addresses {
        store.within(address.namespace).remove(&address.key).await.unwrap();
    }
    db.delete_objects(&claimed, &claimed.addresses).await.unwrap();
    writing.await.unwrap();
    assert_eq!(fixture.stored().await, fixture.needed().await);
}

#[tokio::test]
async fn what_a_dead_collector_has_claimed_is_taken_over_when_its_lease_runs_out() {
    let fixture = Fixture::new().await;
    let Fixture { db, store, configurations, .. } = &fixture;
    let id = &configurations[0];
    let version = fixture.store_version(id, 1).await.unwrap();
    publish(db, id, version, &Actor::command_line()).await.unwrap();
    db.take_down(id, &Actor::command_line()).await.unwrap().unwrap();
    let dead = db.claim_objects(0, 100, 20, "test").await.unwrap().unwrap();
    let deleted = delete_at_once(db, store, id).await.unwrap();
    assert_eq!(deleted.objects, dead.addresses.len());
    assert_eq!(fixture.stored().await, BTreeSet::new());
    // What the dead one says then is too late.
    fixture.store_version(id, 1).await.unwrap();
    db.delete_objects(&dead, &dead.addresses).await.unwrap();
    fixture.collect_all_that_is_not_needed().await;
}

#[tokio::test]
async fn a_version_that_its_writer_left_pending_is_not_shown_and_its_objects_stay_until_it_counts_as_dead() {
    let fixture = Fixture::new().await;
    let Fixture { db, store, configurations, .. } = &fixture;
    let id = &configurations[0];
    let objects = build(id, 1, 1, Namespace::Public).unwrap();
    let source = Digest::of(b"");
    let new = crate::db::versions::NewVersion {
        version: db.next_version(id).await.unwrap(),
        kind: VersionKind::Full,
        digest: objects.digest,
        jpeg: objects.jpeg,
        source,
        settings: source,
        figures: Vec::new(),
        namespace: Namespace::Public,
    };
    let keys = ObjectKey::of_version(objects.digest, objects.jpeg, &objects.manifest);
    assert_eq!(db.begin_version(id, &new, &FENCE, &keys).await.unwrap(), Some(Vec::new()));
    store
        .put(&ObjectKey::Manifest(objects.digest), &serde_json::to_vec(&objects.manifest).unwrap())
        .await
        .unwrap();
    assert_eq!(db.versions(id).await.unwrap(), []);
    let refused = publish(db, id, 1, &Actor::command_line()).await;
    assert!(matches!(refused, Err(PublishError::NoSuchVersion { .. })), "{refused:?}");
    assert_eq!(collect(db, store, RULES, Share::ANY).await.unwrap().objects, 0);
    db.discard_version(id, 1).await.unwrap();
    assert_eq!(collect(db, store, RULES, Share::ANY).await.unwrap().objects, keys.len());
    assert_eq!(fixture.stored().await, BTreeSet::new());
}

#[tokio::test]
async fn objects_of_another_database_are_left_alone() {
    let fixture = Fixture::new().await;
    let Fixture { db, store, .. } = &fixture;
    let foreign = ObjectKey::Pack(Digest::of(b"foreign"));
    store.put(&foreign, b"foreign").await.unwrap();
    let share = Share { max_percent: 50, always: 100 };
    let refused = adopt_unknown(db, store, 0, share).await;
    assert!(matches!(refused, Err(CollectError::TooManyUnknown { some: 1, all: 1, .. })), "{refused:?}");
    collect(db, store, RULES, share).await.unwrap();
    assert_eq!(store.get(&foreign).await.unwrap().as_deref(), Some(b"foreign".as_slice()));
    fixture.store_version(&fixture.configurations[0], 1).await.unwrap();
    assert_eq!(adopt_unknown(db, store, 0, share).await.unwrap(), 1);
    let collected = collect(db, store, RULES, share).await;
    assert!(matches!(collected, Ok(collected) if collected.objects == 1), "{collected:?}");
    assert!(!matches!(collected, Err(CollectError::Unlisted { .. })));
}

#[tokio::test]
async fn more_than_the_allowed_share_is_deleted_only_with_an_operators_word() {
    let fixture = Fixture::new().await;
    let Fixture { db, store, configurations, .. } = &fixture;
    let id = &configurations[0];
    for turn in 1..=3 {
        let version = fixture.store_version(id, turn).await.unwrap();
        publish(db, id, version, &Actor::command_line()).await.unwrap();
    }
    let before = fixture.stored().await;
    let strict = Share { max_percent: 20, always: 0 };
    for _ in 0..2 {
        let refused = collect(db, store, RULES, strict).await;
        assert!(matches!(refused, Err(CollectError::TooMany { max_percent: 20, .. })), "{refused:?}");
        assert_eq!(fixture.stored().await, before);
    }
    // A take-down is an operator's word.
    take_down(db, store, &fixture.staging, id, &Actor::command_line()).await.unwrap();
    assert!(fixture.stored().await.len() < before.len());
    fixture.collect_all_that_is_not_needed().await;
}

#[tokio::test]
async fn nothing_is_deleted_from_the_store_of_another_database() {
    let (one, other) = (Fixture::new().await, Fixture::new().await);
    for fixture in [&one, &other] {
        let id = &fixture.configurations[0];
        let version = fixture.store_version(id, 1).await.unwrap();
        publish(&fixture.db, id, version, &Actor::command_line()).await.unwrap();
    }
    let before = one.stored().await;
    let id = &other.configurations[0];
    other.db.take_down(id, &Actor::command_line()).await.unwrap().unwrap();
    let is_refused =
        |refused: &CollectError| matches!(refused, CollectError::Identity(IdentityError::Other { .. }));
    let refused = collect(&other.db, &one.store, RULES, Share::ANY).await.unwrap_err();
    assert!(is_refused(&refused), "{refused:?}");
    let refused = adopt_unknown(&other.db, &one.store, 0, Share::ANY).await.unwrap_err();
    assert!(is_refused(&refused), "{refused:?}");
    let refused = delete_at_once(&other.db, &one.store, id).await.unwrap_err();
    assert!(is_refused(&refused), "{refused:?}");
    assert_eq!(one.stored().await, before);
    identity::adopt(&other.db, &one.store).await.unwrap();
    delete_at_once(&other.db, &one.store, id).await.unwrap();
    assert_eq!(one.stored().await, BTreeSet::new());
}

#[tokio::test]
async fn an_older_database_takes_the_store_over_that_has_its_objects_and_no_other() {
    let (one, other) = (Fixture::new().await, Fixture::new().await);
    let id = &one.configurations[0];
    let version = one.store_version(id, 1).await.unwrap();
    publish(&one.db, id, version, &Actor::command_line()).await.unwrap();
    one.db.forget_identity().await.unwrap();
    let refused = identity::ensure(&one.db, &other.store).await;
    assert!(matches!(refused, Err(IdentityError::Strange { found: 0, asked: 1 })), "{refused:?}");
    assert_eq!(one.db.identity().await.unwrap(), None);
    identity::ensure(&one.db, &one.store).await.unwrap();
    assert_eq!(one.db.identity().await.unwrap(), one.store.identity().await.unwrap());
    // An emptied database has lost its name, too.
    other.db.forget_identity().await.unwrap();
    let refused = identity::ensure(&other.db, &one.store).await;
    assert!(matches!(refused, Err(IdentityError::Emptied)), "{refused:?}");
}

#[tokio::test]
async fn what_no_version_needs_any_more_is_not_written_again() {
    let fixture = Fixture::new().await;
    let Fixture { db, store, configurations, .. } = &fixture;
    let id = &configurations[0];
    let version = fixture.store_version(id, 1).await.unwrap();
    let stored = db.stored_version(id, version).await.unwrap().unwrap();
    let address = ObjectKey::Jpeg(stored.jpeg).within(stored.namespace);
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = Store::folder(elsewhere.path()).unwrap();
    copy.put(&address.key, &store.get(&address.key).await.unwrap().unwrap()).await.unwrap();
    let needed_by = vec![NeededBy { configuration: id.clone(), version }];
    let faulty = Faulty { address, fault: Fault::Missing, needed_by };
    let repair = async || {
        let copies = &[copy.clone().into()];
        repair_from_copies(db, store, copies, vec![faulty.clone()], &|_| {}).await.unwrap()
    };
    store.remove(&address.key).await.unwrap();
    let outcome = repair().await;
    assert_eq!((outcome.repaired.len(), outcome.unneeded), (1, 0));
    assert!(store.get(&address.key).await.unwrap().is_some());

    take_down(db, store, &fixture.staging, id, &Actor::command_line()).await.unwrap();
    let outcome = repair().await;
    assert_eq!((outcome.repaired.len(), outcome.unneeded), (0, 1));
    assert_eq!(store.get(&address.key).await.unwrap(), None);

    // One that was written while its version was being deleted gets a row, and is deleted by it.
    store.put(&address.key, b"late").await.unwrap();
    assert!(db.settle_object(address).await.unwrap());
    delete_at_once(db, store, id).await.unwrap();
    assert_eq!(fixture.stored().await, BTreeSet::new());
}
