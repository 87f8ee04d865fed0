use assets_pipeline::digest::Digest;

use super::*;
use crate::domain::keys::Role;

async fn with_key() -> (tempfile::TempDir, Db, KeyId) {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(folder.path()).await.unwrap();
    let key = db.create_key(Role::Artist, "Ada", &Actor::command_line()).await.unwrap();
    (folder, db, key.id().clone())
}

fn wanted() -> NewFrameset {
    NewFrameset {
        product: "ring.solitaire".parse().unwrap(),
        choices: [("metal".parse().unwrap(), "platinum".parse().unwrap())].into(),
        settings: TurnSettings { hero: 30.0, ..TurnSettings::default() },
        expected: Some(36),
        protected: false,
    }
}

async fn open(db: &Db, key: &KeyId) -> FramesetId {
    db.open_frameset(&wanted(), key, 20, &Actor::command_line()).await.unwrap()
}

fn frame(name: &str, bytes: u64) -> StoredFrame {
    StoredFrame { name: name.parse().unwrap(), bytes, digest: Digest::of(name.as_bytes()) }
}

#[tokio::test]
async fn a_commit_of_a_revision_takes_no_frames_that_came_after_it() {
    let (_folder, db, key) = with_key().await;
    let (id, actor) = (open(&db, &key).await, Actor::command_line());
    db.add_frames(&id, &[frame("a.png", 5)], 3, &actor).await.unwrap();
    let checked = revision(&db.frames(&id).await.unwrap());
    db.add_frames(&id, &[frame("b.png", 7)], 3, &actor).await.unwrap();
    let commit = async |of: Digest| db.commit_revision(&id, of, &actor).await;
    assert!(matches!(commit(checked).await, Err(FramesetError::Changed)));
    assert_eq!(db.frameset(&id).await.unwrap().unwrap().state, FramesetState::Open);
    commit(revision(&db.frames(&id).await.unwrap())).await.unwrap();
    assert_eq!(db.frameset(&id).await.unwrap().unwrap().state, FramesetState::Committed);
    // A committed set stays as it is, whichever revision a second commit is of.
    commit(checked).await.unwrap();
}

#[tokio::test]
async fn a_set_takes_frames_until_it_is_committed() {
    let (_folder, db, key) = with_key().await;
    let (id, actor) = (open(&db, &key).await, Actor::command_line());
    assert!(matches!(db.commit_frameset(&id, &actor).await, Err(FramesetError::Empty)));
    let frames = [frame("b.png", 7), frame("a.png", 5)];
    db.add_frames(&id, &frames, 3, &actor).await.unwrap();
    db.add_frames(&id, &[frame("a.png", 6)], 3, &actor).await.unwrap();
    let more = [frame("c.png", 1), frame("d.png", 1)];
    assert!(matches!(db.add_frames(&id, &more, 3, &actor).await, Err(FramesetError::TooManyFiles(3))));
    let set = db.frameset(&id).await.unwrap().unwrap();
    assert_eq!((set.frames, set.bytes, set.state), (2, 13, FramesetState::Open));
    assert_eq!(set.wanted, wanted());
    assert_eq!(db.frames(&id).await.unwrap(), [frame("a.png", 6), frame("b.png", 7)]);

    let settings = TurnSettings { clockwise: true, ..TurnSettings::default() };
    let before = wanted().settings;
    db.change_settings(&id, &before, &settings, &actor).await.unwrap();
    assert!(matches!(db.change_settings(&id, &before, &before, &actor).await, Err(FramesetError::Changed)));
    for _ in 0..2 {
        db.commit_frameset(&id, &actor).await.unwrap();
    }
    assert!(matches!(db.add_frames(&id, &more, 30, &actor).await, Err(FramesetError::Committed)));
    let name = "a.png".parse().unwrap();
    assert!(matches!(db.remove_frame(&id, &name, |_| true, &actor).await, Err(FramesetError::Committed)));
    assert!(matches!(
        db.change_settings(&id, &settings, &before, &actor).await,
        Err(FramesetError::Committed)
    ));
    assert_eq!(db.expire_framesets(i64::MAX).await.unwrap(), []);
    assert_eq!(db.framesets(10).await.unwrap()[0].wanted.settings, settings);
}

#[tokio::test]
async fn a_key_has_so_many_open_sets_and_no_more() {
    let (_folder, db, key) = with_key().await;
    let actor = Actor::command_line();
    let first = open(&db, &key).await;
    let second = db.open_frameset(&wanted(), &key, 1, &actor).await;
    assert!(matches!(second, Err(FramesetError::TooManyOpen(1))));
    assert!(db.discard_frameset(&first, &actor).await.unwrap());
    assert!(!db.discard_frameset(&first, &actor).await.unwrap());
    open(&db, &key).await;
}

#[tokio::test]
async fn untouched_sets_expire() {
    let (_folder, db, key) = with_key().await;
    let id = open(&db, &key).await;
    db.add_frames(&id, &[frame("a.png", 5)], 3, &Actor::command_line()).await.unwrap();
    assert_eq!(db.expire_framesets(0).await.unwrap(), []);
    assert_eq!(db.expire_framesets(i64::MAX).await.unwrap(), std::slice::from_ref(&id));
    assert_eq!(db.frameset(&id).await.unwrap(), None);
}

#[tokio::test]
async fn a_frame_that_is_another_one_by_now_stays() {
    let (_folder, db, key) = with_key().await;
    let (id, actor, name) = (open(&db, &key).await, Actor::command_line(), "a.png".parse().unwrap());
    let is = |known: Digest| move |now: Option<Digest>| now == Some(known);
    db.add_frames(&id, &[frame("a.png", 5)], 3, &actor).await.unwrap();
    let other = db.remove_frame(&id, &name, is(Digest::of(b"another")), &actor).await;
    assert!(matches!(other, Err(FramesetError::AnotherFrame)));
    assert_eq!(db.frames(&id).await.unwrap().len(), 1);
    db.remove_frame(&id, &name, is(Digest::of(b"a.png")), &actor).await.unwrap();
    assert_eq!(db.frames(&id).await.unwrap(), []);
    assert!(matches!(
        db.remove_frame(&id, &name, is(Digest::of(b"a.png")), &actor).await,
        Err(FramesetError::AnotherFrame)
    ));
}
