//! Spins that are encoded again while nothing else is to do.

use std::{fs, path::Path, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    girasol::{draw_turn, girasol, problem, sequence},
    jobs::{PLATINUM, RING, Studio},
};

/// Nothing has to be idle for long; few bytes, so that effort tells; and a size of its own for each family.
const SETTINGS: &str = "
[polish]
idle_minutes = 0
[tiers.preview]
max_bytes = 20000
[tiers.standard]
max_bytes = 20000
[tiers.hd]
max_bytes = 26000
[sizes.still]
avif_px = 256
webp_px = 256
[sizes.spin]
avif_px = 160
webp_px = 160
[sizes.hd]
avif_px = 200
webp_px = 200
";

/// The same with pictures that are large enough to take a while.
fn large() -> String {
    SETTINGS.replace("= 200\n", "= 480\n").replace("= 160\n", "= 400\n").replace("000\n", "0000\n")
}

/// So many minutes from now, as settings and arguments have it.
fn moment(minutes: i64) -> String {
    let at = time::OffsetDateTime::now_utc() + time::Duration::minutes(minutes);
    at.format(&time::format_description::well_known::Rfc3339).unwrap()
}

struct Shop {
    folder: tempfile::TempDir,
    studio: Studio,
}

impl Shop {
    fn new(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let studio = Studio::over(folder.path(), settings);
        Self { folder, studio }
    }

    /// Photographs that leave something to be won.
    fn turn(&self, name: &str, fixture: &str) -> std::path::PathBuf {
        let turn = self.folder.path().join(name);
        fs::create_dir(&turn).unwrap();
        for degree in (0..360).step_by(30) {
            let name = format!("{degree:03}.webp");
            fs::copy(Path::new("fixtures").join(fixture).join(&name), turn.join(name)).unwrap();
        }
        turn
    }

    /// Sends frames and publishes what comes of them; answers its number.
    async fn publish(&self, turn: &Path) -> i64 {
        let job = self.studio.send(turn).await;
        let (_, kind, ready) = self.studio.watch(&job, 0).await.pop().unwrap();
        assert_eq!(kind, "ready", "{ready}");
        let version = ready["version"].as_i64().unwrap();
        assert_eq!(self.change("publish", json!({ "version": version })).await.0, 200);
        version
    }

    /// Publishes or rolls back; answers the status and the live version.
    async fn change(&self, what: &str, body: Value) -> (u16, Value) {
        let body = (what == "publish").then_some(body);
        let answer = self.studio.ask(Method::POST, &format!("/api/sequences/{RING}/{what}"), body).await;
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap()["live"].take())
    }

    async fn polish(&self) -> Value {
        self.studio.json(&format!("/api/sequences/{RING}/polish")).await
    }

    async fn versions(&self) -> Value {
        self.studio.json(&format!("/api/sequences/{RING}")).await
    }

    /// Waits until polishing is in one of these states.
    async fn until(&self, states: &[&str]) -> Value {
        let seen = async {
            loop {
                let polish = self.polish().await;
                if states.iter().any(|state| polish["state"] == *state) {
                    return polish;
                }
                let ended = ["better", "not-better", "overtaken", "frames-gone", "failed"];
                assert!(!ended.iter().any(|state| polish["state"] == *state), "{polish}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let seen = tokio::time::timeout(Duration::from_mins(5), seen).await;
        seen.unwrap_or_else(|_| panic!("polishing never is {states:?}"))
    }

    /// Waits until it was looked some times for what can be polished.
    async fn looks(&self) {
        let looked = async || {
            let health = self.studio.json("/api/health").await;
            let at = &health["tasks"]["queue_polish"]["lastSuccess"];
            at.as_str().map(str::to_owned)
        };
        let mut seen = vec![looked().await];
        let looks = async {
            while seen.len() < 5 {
                let at = looked().await;
                if seen.last() != Some(&at) {
                    seen.push(at);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), looks).await.expect("the task looks again and again");
    }

    /// Plans a launch, or removes one, at the command line.
    fn launches(&self, arguments: &[&str]) {
        let output =
            girasol().arg("launches").args(arguments).arg("--data").arg(self.folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// What the command line says of all tries.
    fn tried(&self) -> Vec<Value> {
        let output = girasol().args(["polish", "--json", "--data"]).arg(self.folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut tried: Value = serde_json::from_slice(&output.stdout).unwrap();
        tried["spins"].as_array_mut().unwrap().drain(..).collect()
    }
}

#[tokio::test]
async fn a_spin_is_polished_while_nothing_else_is_to_do_and_what_is_better_goes_live() {
    let shop = Shop::new(SETTINGS);
    let version = shop.publish(&shop.turn("raw", "ring-yellow-gold")).await;
    let polish = shop.until(&["better"]).await;
    let live = polish["version"].as_i64().unwrap();
    assert!(live > version);
    assert_eq!(polish["from"], version);
    assert!(polish["cpuSeconds"].as_f64().unwrap() > 0.05, "{polish}");
    for gain in polish["gains"].as_array().unwrap() {
        let points = gain["after"].as_f64().unwrap() - gain["before"].as_f64().unwrap();
        assert!(points >= -0.2, "{polish}");
    }
    let versions = shop.versions().await;
    assert_eq!(versions["live"], live);
    assert_eq!(versions["versions"][0]["polishedFrom"], version);
    let manifest = shop.studio.json(&sequence(RING)).await;
    assert_eq!(manifest["version"], live);
    let [tried] = &shop.tried()[..] else { panic!("it is one try") };
    assert_eq!((&tried["state"], &tried["made"]), (&json!("better"), &json!(live)));

    // A step back does not lead to the same piece, only worse; its number does.
    let back = shop.studio.ask(Method::POST, &format!("/api/sequences/{RING}/rollback"), None).await;
    assert_eq!(problem(back, 409).await, "nothing-before");
    assert_eq!(shop.change("publish", json!({})).await, (200, json!(live)));
    assert_eq!(shop.change("publish", json!({ "version": version })).await, (200, json!(version)));
    assert_eq!(shop.polish().await["state"], "better");
    // The same frames once more: nothing is to do for them.
    let job = shop.studio.send(&shop.folder.path().join("raw")).await;
    assert_eq!(shop.studio.watch(&job, 0).await.pop().unwrap().1, "ready");
    assert_eq!(shop.tried().len(), 1);
}

#[tokio::test]
async fn what_is_no_better_is_remembered_and_leaves_nothing_behind() {
    // More effort changes nothing of WebP.
    let settings = "formats = ['webp']\n[jobs]\nlease_seconds = 1\n[polish]\nidle_minutes = 0\n";
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop { studio: Studio::with(folder.path(), settings), folder };
    let turn = shop.folder.path().join("raw");
    draw_turn(&turn, PLATINUM, 12);
    let version = shop.publish(&turn).await;
    let before = shop.versions().await;
    let polish = shop.until(&["not-better"]).await;
    assert_eq!((&polish["from"], &polish["version"]), (&json!(version), &Value::Null));
    assert_ne!(polish["gains"], json!([]));
    assert_eq!(shop.versions().await, before);
    let Shop { folder, studio } = shop;
    drop(studio);
    // Nor does another process try it.
    let shop = Shop { studio: Studio::with(folder.path(), settings), folder };
    assert_eq!(shop.polish().await, polish);
    assert_eq!(shop.tried().len(), 1);
}

#[tokio::test]
async fn a_rollback_that_comes_meanwhile_stays() {
    let shop = Shop::new(SETTINGS);
    let turn = shop.folder.path().join("drawn");
    draw_turn(&turn, PLATINUM, 12);
    let first = shop.publish(&turn).await;
    // It may be polished or not before the next one comes.
    let second = shop.publish(&shop.turn("raw", "ring-yellow-gold")).await;
    let running = async {
        while shop.polish().await["state"] != "running" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(5), running).await.expect("it is polished");
    let (status, live) = shop.change("rollback", json!({})).await;
    assert_eq!(status, 200);
    assert!(live.as_i64().unwrap() < second, "{live} from {first}");
    let ended = async {
        loop {
            let tried = shop.tried();
            let tried = tried.iter().find(|tried| tried["version"] == second).unwrap();
            if tried["state"] != "running" {
                return tried["state"].clone();
            }
        }
    };
    let ended = tokio::time::timeout(Duration::from_mins(5), ended).await.unwrap();
    assert_eq!(ended, "overtaken");
    let versions = shop.versions().await;
    assert_eq!(versions["live"], live);
    let newest = &versions["versions"][0]["version"];
    assert_eq!(newest, second, "nothing of it is stored: {versions}");
}

#[tokio::test]
async fn nothing_is_polished_during_a_launch() {
    let launch = format!("\n[[launches]]\nname = 'sale'\nfrom = '{}'\nto = '{}'\n", moment(-60), moment(60));
    let shop = Shop::new(&format!("{SETTINGS}{launch}"));
    shop.publish(&shop.turn("raw", "ring-yellow-gold")).await;
    shop.looks().await;
    assert_eq!(shop.polish().await["state"], "due");
    assert_eq!(shop.tried(), Vec::<Value>::new());
}

#[tokio::test]
async fn what_is_polished_gives_way_to_a_launch_and_goes_on_after_it() {
    let shop = Shop::new(&large());
    let version = shop.publish(&shop.turn("raw", "ring-yellow-gold")).await;
    shop.until(&["running"]).await;
    // Work rests from half an hour before it.
    shop.launches(&["add", "sale", "--from", &moment(10), "--to", &moment(60)]);
    let resting = shop.until(&["queued"]).await;
    shop.looks().await;
    assert_eq!(shop.polish().await, resting);
    shop.launches(&["remove", "sale"]);
    let polish = shop.until(&["better", "not-better"]).await;
    assert_eq!(polish["from"], version);
    assert!(polish["cpuSeconds"].as_f64() > resting["cpuSeconds"].as_f64(), "{polish}");
}

#[tokio::test]
async fn an_artist_does_not_wait_for_what_is_polished() {
    let shop = Shop::new(&large());
    let version = shop.publish(&shop.turn("raw", "ring-yellow-gold")).await;
    shop.until(&["running"]).await;
    let turn = shop.folder.path().join("drawn");
    draw_turn(&turn, PLATINUM, 12);
    let job = shop.studio.send_as(&turn, "gold", json!({})).await;
    let (_, kind, ready) = shop.studio.watch(&job, 0).await.pop().unwrap();
    assert_eq!(kind, "ready", "{ready}");
    // It has waited, and goes on with what is encoded.
    let polish = shop.polish().await;
    assert!(["queued", "running"].iter().any(|state| polish["state"] == *state), "{polish}");
    let spent = polish["cpuSeconds"].as_f64().unwrap();
    let polish = shop.until(&["better", "not-better"]).await;
    assert_eq!(polish["from"], version);
    assert!(polish["cpuSeconds"].as_f64().unwrap() > spent, "{polish}");
}

#[tokio::test]
async fn a_try_is_given_up_whose_settings_have_changed_since_it_was_queued() {
    let shop = Shop::new(&large());
    let version = shop.publish(&shop.turn("raw", "ring-yellow-gold")).await;
    shop.until(&["running"]).await;
    let Shop { folder, studio } = shop;
    drop(studio);
    let settings = large().replace("max_bytes = 260000", "max_bytes = 250000");
    assert_ne!(settings, large());
    let shop = Shop { studio: Studio::over(folder.path(), &settings), folder };
    let polish = shop.until(&["overtaken"]).await;
    assert_eq!((&polish["from"], &polish["gains"]), (&json!(version), &json!([])));
    assert_eq!(shop.versions().await["live"], version);
}

#[tokio::test]
async fn frames_that_were_never_stored_are_said_to_be_missing() {
    let shop = Shop::new(SETTINGS);
    let turn = shop.turn("raw", "ring-yellow-gold");
    let output = girasol()
        .args([
            "ingest",
            "--product",
            "ring/solitaire",
            "--choice",
            "metal=platinum",
            "--choice",
            "stone=diamond",
        ])
        .arg(&turn)
        .arg("--data")
        .arg(shop.folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let polish = shop.polish().await;
    assert_eq!((&polish["state"], &polish["gains"]), (&json!("no-frames"), &json!([])));
    let unknown = shop.studio.ask(Method::GET, "/api/sequences/ring.none/polish", None).await;
    assert_eq!(problem(unknown, 404).await, "no-such-sequence");
}
