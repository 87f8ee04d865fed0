use assets_pipeline::digest::Digest;

use super::*;
use crate::domain::namespace::Namespace;

fn pack(name: u8) -> Address {
    ObjectKey::Pack(Digest::of(&[name])).within(Namespace::Public)
}

async fn insert(cache: &DiskCache, name: u8) {
    cache.insert(&pack(name), &[name; 68], cache.moment()).await;
}

async fn kept(cache: &DiskCache, names: impl IntoIterator<Item = u8>) -> Vec<u8> {
    let mut kept = Vec::new();
    for name in names {
        if let Some(bytes) = cache.get(&pack(name)).await {
            assert_eq!(bytes, [name; 68]);
            kept.push(name);
        }
    }
    kept
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder.join("p")).unwrap().count()
}

#[tokio::test]
async fn the_bound_holds_and_what_is_used_stays() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::new(folder.path().to_owned(), 300);
    for name in 0..20 {
        insert(&cache, name).await;
        assert_eq!(kept(&cache, [0]).await, [0]);
    }
    assert_eq!(kept(&cache, 0..20).await, [0, 18, 19]);
    assert_eq!(files(folder.path()), 3);
    cache.insert(&pack(99), &[0; 300], cache.moment()).await;
    assert_eq!(kept(&cache, 0..20).await, [0, 18, 19], "what is larger than all of it is not kept");
}

#[tokio::test]
async fn copies_outlive_the_process_and_leftovers_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::new(folder.path().to_owned(), 1000);
    for name in 0..5 {
        insert(&cache, name).await;
        // Files of one moment have no order.
        let file = File::options().write(true).open(cache.shared.path(&pack(name))).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(name.into())).unwrap();
    }
    drop(cache);
    fs::write(folder.path().join("p/.7"), b"half").unwrap();
    let cache = DiskCache::new(folder.path().to_owned(), 300);
    assert_eq!(kept(&cache, 0..5).await, [0, 1, 2, 3, 4], "they are read before anything is counted");
    insert(&cache, 5).await;
    assert_eq!(kept(&cache, 0..6).await, [3, 4, 5], "and the newest stay");
    assert_eq!(files(folder.path()), 3);
}

#[tokio::test]
async fn a_damaged_copy_is_removed_and_not_given() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::new(folder.path().to_owned(), 1000);
    let path = cache.shared.path(&pack(1));
    for damage in [b"".as_slice(), b"short", &[1; 68], &[1; 100]] {
        insert(&cache, 1).await;
        assert_eq!(kept(&cache, [1]).await, [1]);
        fs::write(&path, damage).unwrap();
        assert!(kept(&cache, [1]).await.is_empty());
        assert!(!path.exists());
    }
    insert(&cache, 1).await;
    fs::rename(&path, cache.shared.path(&pack(2))).unwrap();
    assert!(kept(&cache, [2]).await.is_empty(), "a copy of another object");
}

#[tokio::test]
async fn what_was_read_before_a_removal_is_not_kept_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::new(folder.path().to_owned(), 1000);
    insert(&cache, 1).await;
    insert(&cache, 2).await;
    let before = cache.moment();
    cache.removed(&pack(1)).await;
    cache.insert(&pack(1), &[1; 68], before).await;
    assert_eq!(kept(&cache, 0..4).await, [2]);
    let before = cache.moment();
    cache.evict_all().await;
    cache.insert(&pack(3), &[3; 68], before).await;
    assert!(kept(&cache, 0..4).await.is_empty());
    insert(&cache, 3).await;
    assert_eq!(kept(&cache, 0..4).await, [3]);
}

#[tokio::test]
async fn one_process_fills_and_all_read() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = [300, 300].map(|bytes| DiskCache::new(folder.path().to_owned(), bytes));
    insert(&first, 1).await;
    insert(&second, 2).await;
    assert_eq!(kept(&second, 0..4).await, [1]);
    second.removed(&pack(1)).await;
    assert!(kept(&first, 0..4).await.is_empty());
    drop(first);
    insert(&second, 2).await;
    assert_eq!(kept(&second, 0..4).await, [2], "who comes later takes over");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("file");
    fs::write(&root, b"in the way").unwrap();
    let cache = DiskCache::new(root.clone(), 300);
    insert(&cache, 1).await;
    assert!(kept(&cache, [1]).await.is_empty());
    fs::remove_file(&root).unwrap();
    insert(&cache, 1).await;
    assert_eq!(kept(&cache, [1]).await, [1]);
}
