//! A writer whose version was taken down while it wrote.

use super::*;
use crate::library::store_version::give_up;

#[tokio::test]
async fn what_a_writer_has_written_after_a_take_down_is_deleted_and_nothing_that_others_need() {
    let fixture = Fixture::new().await;
    let Fixture { db, store, configurations, .. } = &fixture;
    let [gold, rose, _] = &configurations[..] else { unreachable!() };
    fixture.store_version(rose, 1).await.unwrap();
    let there = fixture.stored().await;
    let objects = build(gold, 1, 1, Namespace::Public).unwrap();
    let keys = ObjectKey::of_version(objects.digest, objects.jpeg, &objects.manifest);
    let written: Vec<Address> = keys.into_iter().map(|key| key.within(Namespace::Public)).collect();
    // Pending version and rows were deleted before.
    for address in written.iter().filter(|address| !there.contains(address)) {
        store.put(&address.key, b"late").await.unwrap();
    }
    assert!(fixture.stored().await.len() > there.len());
    give_up(db, store, gold, &[], &written).await;
    assert_eq!((&fixture.stored().await, fixture.needed().await), (&there, there.clone()));
}
