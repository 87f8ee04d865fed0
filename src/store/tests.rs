//! The same bodies over every backend.

use assets_pipeline::{digest::Digest, plan::tiers::Format};

use super::*;

/// An empty store of one kind.
struct Fixture {
    store: Store,
    folder: tempfile::TempDir,
}

impl Fixture {
    fn in_a_folder() -> std::future::Ready<Option<Self>> {
        let folder = tempfile::tempdir().unwrap();
        std::future::ready(Some(Self { store: Store::folder(folder.path()).unwrap(), folder }))
    }

    async fn in_s3() -> Option<Self> {
        let s3 = s3::tests::bucket(StoreConfig::default()).await?;
        let folder = tempfile::tempdir().unwrap();
        Some(Self { store: Store::of(Backend::S3(s3.into()), None), folder })
    }

    async fn in_s3_behind_copies() -> Option<Self> {
        let s3 = s3::tests::bucket(StoreConfig::default()).await?;
        let folder = tempfile::tempdir().unwrap();
        let copies = DiskCache::new(folder.path().join("cache/objects"), 1 << 20);
        Some(Self { store: Store::of(Backend::S3(s3.into()), Some(copies)), folder })
    }

    /// Overwrites an object in the backend itself.
    async fn damage(&self, key: &ObjectKey, bytes: &[u8]) {
        match &self.store.parts.backend {
            Backend::Folder(_) => {
                fs::write(self.folder.path().join("objects").join(key.to_string()), bytes).unwrap();
            }
            Backend::S3(s3) => Box::pin(s3.damage(&key.within(Namespace::Public), bytes)).await,
        }
    }
}

/// Every body runs in every backend.
macro_rules! on_every_backend {
    ($($test:ident)*) => {
        on_every_backend!(in_a_folder: $($test)*);
        on_every_backend!(in_s3: $($test)*);
        on_every_backend!(in_s3_behind_copies: $($test)*);
    };
    ($backend:ident: $($test:ident)*) => {
        mod $backend {
            $(
                #[tokio::test]
                async fn $test() {
                    if let Some(fixture) = super::Fixture::$backend().await {
                        super::$test(&fixture).await;
                    }
                }
            )*
        }
    };
}

on_every_backend! {
    a_store_has_the_name_of_its_database_and_no_list_shows_it
    an_object_reads_back_and_a_missing_one_is_none
    a_damaged_object_is_overwritten
    objects_are_listed_and_deleted
    namespaces_do_not_see_each_other
    many_writers_of_the_same_object_all_succeed
}

async fn an_object_reads_back_and_a_missing_one_is_none(Fixture { store, .. }: &Fixture) {
    let key = ObjectKey::Pack(Digest::of(b"frames"));
    assert_eq!(store.get(&key).await.unwrap(), None);
    store.put(&key, b"frames").await.unwrap();
    store.put(&key, b"frames").await.unwrap();
    assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(b"frames".as_slice()));
    let empty = ObjectKey::SetList(Digest::of(b""));
    store.put(&empty, b"").await.unwrap();
    assert_eq!(store.get(&empty).await.unwrap().as_deref(), Some(b"".as_slice()));
    store.ping().await.unwrap();
}

async fn a_store_has_the_name_of_its_database_and_no_list_shows_it(Fixture { store, .. }: &Fixture) {
    assert_eq!(store.identity().await.unwrap(), None);
    for digit in ["a", "b"] {
        let identity = digit.repeat(32).parse().unwrap();
        store.set_identity(&identity).await.unwrap();
        assert_eq!(store.identity().await.unwrap(), Some(identity));
    }
    assert!(store.is_empty().await.unwrap());
    assert_eq!(store.list(Duration::ZERO).await.unwrap(), []);
    let private = store.within(Namespace::Private("0".repeat(32).parse().unwrap()));
    for store in [&private, store] {
        let key = ObjectKey::Pack(Digest::of(b"frames"));
        store.put(&key, b"frames").await.unwrap();
        assert!(!store.is_empty().await.unwrap());
        store.remove(&key).await.unwrap();
        assert!(store.is_empty().await.unwrap());
    }
}

async fn a_damaged_object_is_overwritten(fixture: &Fixture) {
    let store = &fixture.store;
    let key = ObjectKey::Pack(Digest::of(b"frames"));
    store.put(&key, b"frames").await.unwrap();
    for damaged in [b"flames".as_slice(), b"fra", b""] {
        fixture.damage(&key, damaged).await;
        store.put(&key, b"frames").await.unwrap();
        assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(b"frames".as_slice()));
    }
}

async fn objects_are_listed_and_deleted(Fixture { store, .. }: &Fixture) {
    let digest = Digest::of(b"frames");
    let mut keys = vec![
        ObjectKey::Frame { set: digest, degree: 6, format: Format::Webp },
        ObjectKey::Pack(digest),
        ObjectKey::SetList(digest),
        ObjectKey::Manifest(digest),
        ObjectKey::Jpeg(digest),
    ];
    for key in &keys {
        assert_eq!(key.to_string().parse(), Ok(*key));
        store.put(key, b"frames").await.unwrap();
    }
    let mut listed = store.list(Duration::from_hours(1)).await.unwrap();
    listed.sort_unstable();
    keys.sort_unstable();
    assert_eq!(listed, keys.iter().map(|key| key.within(Namespace::Public)).collect::<Vec<_>>());
    for key in &keys {
        store.remove(key).await.unwrap();
        store.remove(key).await.unwrap();
        assert_eq!(store.get(key).await.unwrap(), None);
    }
    assert_eq!(store.list(Duration::ZERO).await.unwrap(), []);
}

async fn namespaces_do_not_see_each_other(Fixture { store, .. }: &Fixture) {
    let key = ObjectKey::Pack(Digest::of(b"frames"));
    let namespace = |digit: &str| Namespace::Private(digit.repeat(32).parse().unwrap());
    let namespaces = [Namespace::Public, namespace("a"), namespace("b")];
    let stores = namespaces.map(|namespace| store.within(namespace));
    let [public, one, other] = &stores;
    one.put(&key, b"frames").await.unwrap();
    for empty in [public, other] {
        assert_eq!(empty.get(&key).await.unwrap(), None);
        empty.remove(&key).await.unwrap();
    }
    assert_eq!(one.get(&key).await.unwrap().as_deref(), Some(b"frames".as_slice()));
    public.put(&key, b"frames").await.unwrap();
    let mut listed = other.list(Duration::from_hours(1)).await.unwrap();
    listed.sort_unstable();
    assert_eq!(listed, [key.within(namespaces[0]), key.within(namespaces[1])]);
    one.remove(&key).await.unwrap();
    assert_eq!(one.get(&key).await.unwrap(), None);
    assert_eq!(public.get(&key).await.unwrap().as_deref(), Some(b"frames".as_slice()));
}

async fn many_writers_of_the_same_object_all_succeed(Fixture { store, .. }: &Fixture) {
    let key = ObjectKey::Pack(Digest::of(b"frames"));
    let written = futures_util::future::join_all((0..8).map(|_| store.put(&key, b"frames"))).await;
    assert!(written.iter().all(Result::is_ok), "{written:?}");
    assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(b"frames".as_slice()));
    assert_eq!(store.list(Duration::ZERO).await.unwrap(), [key.within(Namespace::Public)]);
}

#[tokio::test]
async fn a_copy_is_read_until_it_is_evicted() {
    let Some(fixture) = Fixture::in_s3_behind_copies().await else { return };
    let store = &fixture.store;
    let frame = ObjectKey::Frame { set: Digest::of(b"set"), degree: 6, format: Format::Webp };
    store.put(&frame, b"frame").await.unwrap();
    let read = async |expected: &[u8]| {
        assert_eq!(store.get(&frame).await.unwrap().as_deref(), Some(expected));
    };
    read(b"frame").await;
    fixture.damage(&frame, b"flame").await;
    read(b"frame").await;
    assert_eq!(store.get_from_backend(&frame).await.unwrap().as_deref(), Some(b"flame".as_slice()));
    store.evict(&frame).await;
    read(b"flame").await;
    store.put(&frame, b"frame").await.unwrap();
    read(b"frame").await;
    fixture.damage(&frame, b"flame").await;
    store.evict_all().await;
    read(b"flame").await;
}

#[tokio::test]
async fn an_object_that_does_not_match_its_key_is_not_copied() {
    let Some(fixture) = Fixture::in_s3_behind_copies().await else { return };
    let store = &fixture.store;
    let key = ObjectKey::Pack(Digest::of(b"frames"));
    fixture.damage(&key, b"flames").await;
    assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(b"flames".as_slice()));
    fixture.damage(&key, b"frames").await;
    assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(b"frames".as_slice()));
}
