//! Mends that race each other and what artists send meanwhile, and commits that a check has a say in.

use std::{fs, io::Cursor};

use image::{ImageFormat, Rgba, RgbaImage};

use super::*;
use crate::domain::{
    frameset::{FramesetState, NewFrameset, TurnSettings},
    keys::Role,
};

const FRAMES: usize = 12;
const ROOM: UploadLimits = UploadLimits {
    frame_max_bytes: 1 << 20,
    archive_max_bytes: 1 << 20,
    set_max_files: 1000,
    key_max_open_sets: 1000,
    key_max_bytes: 1 << 30,
    disk_min_free_bytes: 0,
    expire_hours: 1,
};
/// As many as once lost a frame in nine of them.
const ROUNDS: usize = 24;

/// A dot that goes round, in steps of so many degrees.
fn picture(degrees: f32) -> Vec<u8> {
    let (sine, cosine) = degrees.to_radians().sin_cos();
    let frame = RgbaImage::from_fn(64, 64, |x, y| {
        let away = |across: f32, down: f32, radius: f32| (x as f32 - across).hypot(y as f32 - down) < radius;
        if away(32.0 + 20.0 * sine, 32.0 + 8.0 * cosine, 8.0) {
            Rgba([212, 175, 55, 255])
        } else if away(32.0, 32.0, 14.0) {
            Rgba([120, 90, 30, 255])
        } else {
            Rgba([0; 4])
        }
    });
    let mut png = Cursor::new(Vec::new());
    frame.write_to(&mut png, ImageFormat::Png).unwrap();
    png.into_inner()
}

/// A staging area, and the key of an artist.
struct Studio {
    data: tempfile::TempDir,
    checks: Checks,
    new: NewFrameset,
    key: crate::domain::keys::KeyId,
    actor: Actor,
}

impl Studio {
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let db = Db::open(data.path()).await.unwrap();
        let actor = Actor::command_line();
        let key = db.create_key(Role::Artist, "Ada", &actor).await.unwrap().id().clone();
        let checks = Checks::new(db, Staging::open(data.path(), None).unwrap(), ROOM);
        let new = NewFrameset {
            product: "ring.solitaire".parse().unwrap(),
            choices: [].into(),
            settings: TurnSettings::default(),
            expected: None,
            protected: false,
        };
        Self { data, checks, new, key, actor }
    }

    async fn store(&self, set: &FramesetId, name: &str, bytes: &[u8]) -> StoredFrame {
        let mut file = self.checks.staging.begin(set).await.unwrap();
        file.append(bytes).await.unwrap();
        let whole = file.whole().await.unwrap();
        file.keep(&self.checks.staging, set, &whole).await.unwrap();
        file.discard().await.unwrap();
        StoredFrame { name: name.parse().unwrap(), bytes: whole.bytes, digest: whole.digest }
    }

    /// A set of a turn whose first frame is there again at its end.
    async fn set(&self) -> (FramesetId, Vec<StoredFrame>) {
        let set = self.checks.db.open_frameset(&self.new, &self.key, 1000, &self.actor).await.unwrap();
        let mut frames = Vec::new();
        for number in 0..=FRAMES {
            let degrees = 360.0 * (number % FRAMES) as f32 / FRAMES as f32;
            frames.push(self.store(&set, &format!("{:03}.png", number + 1), &picture(degrees)).await);
        }
        self.checks.db.add_frames(&set, &frames, 1000, &self.actor).await.unwrap();
        (set, frames)
    }

    /// The set's frames, each of which has its file.
    async fn frames(&self, set: &FramesetId) -> Vec<StoredFrame> {
        let frames = self.checks.db.frames(set).await.unwrap();
        for frame in &frames {
            let file = fs::read(self.checks.staging.file(set, frame.digest)).unwrap();
            assert_eq!(Digest::of(&file), frame.digest);
        }
        frames
    }

    /// What artists who saw `of` come to with the same mend at the same time.
    async fn mend(&self, set: &FramesetId, of: Digest) -> Result<(), CheckError> {
        let (checks, set, actor) = (self.checks.clone(), set.clone(), self.actor.clone());
        tokio::spawn(async move { checks.mend(&set, of, Mend::LeaveOut, &actor).await }).await.unwrap()
    }
}

fn is_changed(result: &Result<(), CheckError>) -> bool {
    matches!(result, Err(CheckError::Frameset(FramesetError::Changed)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn mends_at_the_same_time_never_lose_a_frame() {
    let studio = Studio::new().await;
    for round in 0..ROUNDS {
        let (set, before) = studio.set().await;
        let of = revision(&before);
        // In every second round a frame comes meanwhile.
        let late = studio.store(&set, "late.png", &picture(7.0)).await;
        let comes = async {
            if round % 2 == 1 {
                for _ in 0..round {
                    tokio::task::yield_now().await;
                }
                studio
                    .checks
                    .db
                    .add_frames(&set, std::slice::from_ref(&late), 1000, &studio.actor)
                    .await
                    .unwrap();
            }
        };
        let mend = || studio.mend(&set, of);
        let (a, b, c, d, ()) = tokio::join!(mend(), mend(), mend(), mend(), comes);
        let ended = [a, b, c, d];
        let mended = ended.iter().filter(|ended| ended.is_ok()).count();
        assert!(ended.iter().all(|ended| ended.is_ok() || is_changed(ended)), "{round}: {ended:?}");
        assert!(mended == 1 || mended == 0 && round % 2 == 1, "{round}: {ended:?}");
        let mut wanted = before[..before.len() - mended].to_vec();
        wanted.extend((round % 2 == 1).then_some(late));
        assert_eq!(studio.frames(&set).await, wanted, "{round}");
    }
    let work = fs::read_dir(studio.data.path().join("work")).unwrap().count();
    assert_eq!(work, 0, "folders are left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mend_of_an_earlier_revision_fails_and_changes_nothing() {
    let studio = Studio::new().await;
    let (set, before) = studio.set().await;
    let seen = studio.checks.wait(&set).await.unwrap().revision();
    assert_eq!(seen, revision(&before));
    let name = before[4].name.clone();
    studio.checks.db.remove_frame(&set, &name, |_| true, &studio.actor).await.unwrap();
    let after = studio.frames(&set).await;
    assert!(is_changed(&studio.mend(&set, seen).await));
    assert_eq!(studio.frames(&set).await, after);
}

#[tokio::test]
async fn mended_frames_that_do_not_fit_are_refused_before_a_byte_is_written() {
    let mut studio = Studio::new().await;
    let (set, frames) = studio.set().await;
    let staged: u64 = frames[..FRAMES].iter().map(|frame| frame.bytes).sum();
    let files = studio.data.path().join("incoming").join(set.as_str());
    let count = || {
        let count = |folder: &str| fs::read_dir(files.join(folder)).unwrap().count();
        (count("files"), count("parts"))
    };
    let before = count();
    let (name, new_name) = (frames[0].name.to_string(), "001.png".to_owned());
    let brighter = || {
        let (name, new_name) = (name.clone(), new_name.clone());
        vec![Edit::Replace { name, new_name, stops: 0.5, max_bytes: 50_000 }]
    };
    let fuller = [
        UploadLimits { key_max_bytes: staged + 49_999, ..ROOM },
        UploadLimits { disk_min_free_bytes: u64::MAX / 2, ..ROOM },
    ];
    for (limits, quota) in fuller.into_iter().zip([true, false]) {
        studio.checks.limits = limits;
        let refused = studio.checks.edited(&set, &frames, brighter()).await;
        let fits = matches!(&refused, Err(CheckError::NoRoom(NoRoom::Quota(_))) if quota)
            || matches!(&refused, Err(CheckError::NoRoom(NoRoom::Disk)) if !quota);
        assert!(fits, "{refused:?}");
        assert_eq!(count(), before);
        // What writes nothing needs no room.
        let left_out = vec![Edit::LeaveOut { name: name.clone() }];
        assert_eq!(studio.checks.edited(&set, &frames, left_out).await.unwrap(), frames[1..]);
    }
    // What fits is counted at once, also where the set changes before its frames are replaced.
    studio.checks.limits = UploadLimits { key_max_bytes: staged + 50_000, ..ROOM };
    let mended = studio.checks.edited(&set, &frames, brighter()).await.unwrap();
    assert_eq!(mended.len(), frames.len());
    assert_ne!(mended[0].digest, frames[0].digest);
    assert_eq!(studio.checks.db.staged_bytes(&studio.key).await.unwrap().of_key, staged + mended[0].bytes);
}

/// A complete turn, as the client announced it; one frame may be darker than the others.
async fn complete_turn(studio: &Studio, dark: Option<usize>) -> FramesetId {
    let new = NewFrameset { expected: Some(FRAMES as u32), ..studio.new.clone() };
    let set = studio.checks.db.open_frameset(&new, &studio.key, 1000, &studio.actor).await.unwrap();
    let mut frames = Vec::new();
    for number in 0..FRAMES {
        let mut bytes = picture(360.0 * number as f32 / FRAMES as f32);
        if dark == Some(number) {
            bytes = replaced("dark.png", &bytes, -1.0, &Limits::default()).unwrap();
        }
        frames.push(studio.store(&set, &format!("{:03}.png", number + 1), &bytes).await);
    }
    studio.checks.db.add_frames(&set, &frames, 1000, &studio.actor).await.unwrap();
    set
}

async fn is_open(studio: &Studio, set: &FramesetId) -> bool {
    studio.checks.db.frameset(set).await.unwrap().unwrap().state == FramesetState::Open
}

#[tokio::test]
async fn a_commit_that_cannot_wait_for_the_check_says_how_far_it_is() {
    let studio = Studio::new().await;
    let set = complete_turn(&studio, None).await;
    let Studio { checks, actor, .. } = &studio;
    // Another check is under way, and takes its time.
    let other = checks.one_at_a_time.clone().acquire_owned().await.unwrap();
    checks.ask(&set).await.unwrap();
    let refused = checks.commit(&set, Duration::ZERO, actor).await;
    assert!(matches!(refused, Err(CommitError::Running { done: 0, total: FRAMES })), "{refused:?}");
    assert!(is_open(&studio, &set).await);
    drop(other);
    checks.wait(&set).await.unwrap();
    checks.commit(&set, Duration::ZERO, actor).await.unwrap();
    assert!(!is_open(&studio, &set).await);
}

#[tokio::test]
async fn a_complete_set_is_committed_after_its_check_also_where_the_request_has_not_waited() {
    let studio = Studio::new().await;
    let set = complete_turn(&studio, None).await;
    let Studio { checks, actor, .. } = &studio;
    let other = checks.one_at_a_time.clone().acquire_owned().await.unwrap();
    checks.commit_if_complete(&set, Duration::ZERO, actor).await.unwrap();
    assert!(is_open(&studio, &set).await);
    drop(other);
    while is_open(&studio, &set).await {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_a_process_left_open_is_committed_by_the_next_one_unless_its_check_asks() {
    let studio = Studio::new().await;
    let [sound, dark] = [complete_turn(&studio, None).await, complete_turn(&studio, Some(4)).await];
    studio.checks.commit_left_over().await.unwrap();
    assert_eq!([is_open(&studio, &sound).await, is_open(&studio, &dark).await], [false, true]);
}

#[tokio::test]
async fn of_more_complete_sets_than_checks_are_kept_none_goes_past_its_question() {
    let studio = Studio::new().await;
    let mut sets = Vec::new();
    for _ in 0..MAX_CHECKS + 6 {
        sets.push(complete_turn(&studio, Some(4)).await);
    }
    let Studio { checks, actor, .. } = &studio;
    let patience = Duration::from_mins(10);
    let commits = sets.iter().map(|set| checks.commit_if_complete(set, patience, actor));
    for committed in futures_util::future::join_all(commits).await {
        committed.unwrap();
    }
    for set in &sets {
        assert!(is_open(&studio, set).await);
    }
}
