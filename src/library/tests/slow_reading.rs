//! Every object is read by and by, and damage is known until it is repaired.

use std::collections::BTreeMap;

use crate::{
    domain::object_key::ObjectKind,
    library::scrub::{Pace, Scrubbed, scrub},
};

use super::Fixture;

#[tokio::test]
async fn the_slow_reading_finds_damage_once_and_forgets_it_once_it_is_repaired() {
    let fixture = Fixture::new().await;
    let Fixture { db, store, configurations, .. } = &fixture;
    fixture.store_version(&configurations[0], 1).await.unwrap();
    let objects = db.live_objects().await.unwrap();
    let of_kind = |kind: ObjectKind| *objects.iter().find(|address| address.key.kind() == kind).unwrap();
    let (missing, damaged) = (of_kind(ObjectKind::Stills), of_kind(ObjectKind::Packs));
    let bytes = store.get(&damaged.key).await.unwrap().unwrap();
    let lost = store.get(&missing.key).await.unwrap().unwrap();
    store.put(&damaged.key, b"other bytes").await.unwrap();
    store.remove(&missing.key).await.unwrap();

    let pace = Pace::default();
    let pass = async || {
        let mut all = Scrubbed::default();
        for _ in 0..=objects.len() {
            let Scrubbed { sound, faulty } = scrub(db, store, &pace, 30).await.unwrap().unwrap();
            (all.sound, all.faulty) = (all.sound + sound, all.faulty + faulty);
        }
        all
    };
    assert_eq!(pass().await, Scrubbed { sound: objects.len() as u64 - 2, faulty: 2 });
    let figures = db.scrub_figures().await.unwrap();
    assert_eq!(figures.faults, BTreeMap::from([("missing", 1), ("damaged", 1)]));
    assert!(figures.ended_at_ms.is_some());
    store.put(&damaged.key, &bytes).await.unwrap();
    store.put(&missing.key, &lost).await.unwrap();
    assert_eq!(pass().await, Scrubbed { sound: objects.len() as u64, faulty: 0 });
    assert_eq!(db.scrub_figures().await.unwrap().faults, BTreeMap::new());
}
