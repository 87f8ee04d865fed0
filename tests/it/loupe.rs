//! Frames for visitors who zoom further than hd goes.

use std::{path::Path, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    girasol::{draw_turn, girasol, header, problem, sequence},
    jobs::{PLATINUM, RING, Studio},
};

/// The raw frames of these tests have more pixels than the tiers.
const SMALL: &str = "
[polish]
enabled = false
[sizes.still]
avif_px = 64
webp_px = 64
[sizes.spin]
avif_px = 64
webp_px = 64
[sizes.hd]
avif_px = 64
webp_px = 64
";
/// Nothing has to be idle for long.
const IDLE: &str = "[loupe]\nidle_minutes = 0\n";
/// None is made but what visitors ask for.
const ASKED: &str = "[loupe]\nidle_minutes = 1440\nasked_a_day = 1\n";

struct Shop {
    folder: tempfile::TempDir,
    studio: Studio,
}

impl Shop {
    fn new(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let studio = Studio::over(folder.path(), &format!("{SMALL}{settings}"));
        draw_turn(&folder.path().join("raw"), PLATINUM, 12);
        Self { folder, studio }
    }

    /// Sends frames of a metal and publishes what comes of them; answers the configuration.
    async fn publish(&self, metal: &str) -> String {
        let job = self.studio.send_as(&self.folder.path().join("raw"), metal, json!({})).await;
        let (_, kind, ready) = self.studio.watch(&job, 0).await.pop().unwrap();
        assert_eq!(kind, "ready", "{ready}");
        let id = RING.replace("platinum", metal);
        let path = format!("/api/sequences/{id}/publish");
        let published =
            self.studio.ask(Method::POST, &path, Some(json!({ "version": ready["version"] }))).await;
        assert_eq!(published.status(), 200);
        id
    }

    async fn loupe(&self, id: &str) -> Value {
        self.studio.json(&format!("/api/sequences/{id}/loupe")).await
    }

    /// Waits until the loupe is made.
    async fn ready(&self, id: &str) -> Value {
        let seen = async {
            loop {
                let loupe = self.loupe(id).await;
                if loupe["state"] == "ready" {
                    return loupe;
                }
                assert!(["due", "queued", "running"].iter().any(|state| loupe["state"] == *state), "{loupe}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(3), seen).await.expect("the loupe is made")
    }

    /// The manifest of a sequence, once it names a loupe.
    async fn manifest(&self, path: &str) -> Value {
        let seen = async {
            loop {
                let manifest = self.studio.json(path).await;
                if manifest["loupe"] != Value::Null {
                    return manifest;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), seen).await.expect("the manifest names it")
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.studio.ask(Method::GET, path, None).await
    }

    fn run(&self, args: &[&str]) -> Value {
        run(self.folder.path(), args)
    }
}

fn run(data: &Path, args: &[&str]) -> Value {
    let output = girasol().args(args).args(["--json", "--data"]).arg(data).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn a_loupe_is_made_in_idle_time_and_goes_with_its_version() {
    let shop = Shop::new(IDLE);
    let ring = shop.publish("platinum").await;
    let standing = shop.ready(&ring).await;
    let manifest = shop.manifest(&sequence(&ring)).await;
    let hd = &manifest["tiers"]["hd"];
    let loupe = &manifest["loupe"];
    assert_eq!(loupe["degrees"], hd["degrees"]);
    let [width, height] = [0, 1].map(|side| loupe["size"][side].as_u64().unwrap());
    assert_eq!([width, height], [2, 3].map(|side| manifest["view"]["crop"][side].as_u64().unwrap()));
    let mut bytes = 0;
    let mut addresses = Vec::new();
    for (format, frames) in loupe["formats"].as_object().unwrap() {
        for (nth, degree) in loupe["degrees"].as_array().unwrap().iter().enumerate() {
            let degree = format!("{:03}", degree.as_u64().unwrap());
            let set = frames["set"].as_str().unwrap();
            let template = manifest["urls"]["frame"].as_str().unwrap();
            let url = template.replace("{set}", set).replace("{degree}", &degree).replace("{format}", format);
            let answer = shop.get(&url).await;
            assert_eq!(answer.status(), 200, "{url}");
            let frame = answer.bytes().await.unwrap();
            assert_eq!(frames["bytes"][nth], frame.len());
            if format == "webp" {
                let image = image::load_from_memory(&frame).unwrap();
                assert_eq!([image.width(), image.height()].map(u64::from), [width, height]);
            }
            bytes += frame.len();
            addresses.push(url);
        }
    }
    assert_eq!((&standing["bytes"], &standing["asked"]), (&json!(bytes), &json!(false)));
    assert!(standing["cpuSeconds"].as_f64().unwrap() > 0.0, "{standing}");
    // A version's own manifest stays what it was.
    let own = shop.studio.json(&format!("/m/{}.json", manifest["digest"].as_str().unwrap())).await;
    assert_eq!(own["loupe"], Value::Null);
    let listed = shop.run(&["loupes"]);
    assert_eq!(
        (&listed["loupes"][0]["state"], &listed["loupes"][0]["bytes"]),
        (&json!("ready"), &json!(bytes))
    );
    let verified = girasol().args(["store", "verify", "--data"]).arg(shop.folder.path()).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));

    let take_down = format!("/api/sequences/{ring}/take-down");
    let taken = shop.studio.ask(Method::POST, &take_down, Some(json!({ "confirm": ring }))).await;
    assert_eq!(taken.status(), 200);
    let gone = async {
        for url in addresses {
            // Caches of the server are evicted within a second.
            while shop.get(&url).await.status() != 404 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(1), gone).await.expect("its frames are deleted");
    assert_eq!(shop.loupe(&ring).await["state"], "nothing-live");
}

#[tokio::test]
async fn visitors_ask_for_a_loupe_once_and_for_so_many_a_day() {
    let shop = Shop::new(ASKED);
    let [ring, gold] = [shop.publish("platinum").await, shop.publish("gold").await];
    let ask = async |id: &str| {
        let manifest = shop.studio.json(&sequence(id)).await;
        assert_eq!((&manifest["loupe"], &manifest["loupe_request"]), (&Value::Null, &json!("loupe")));
        let path = sequence(id).replace("/sequence", "/loupe");
        shop.studio.ask(Method::POST, &path, None).await
    };
    let asked = ask(&ring).await;
    assert_eq!(asked.status(), 202);
    assert_eq!(ask(&gold).await.status(), 204, "that was all for today");
    let standing = shop.ready(&ring).await;
    assert_eq!(standing["asked"], true);
    shop.manifest(&sequence(&ring)).await;
    let again = shop.studio.ask(Method::POST, &sequence(&ring).replace("/sequence", "/loupe"), None).await;
    assert_eq!(again.status(), 204, "it is there");
    assert_eq!(shop.loupe(&gold).await["state"], "due");
    let unknown = sequence("ring.none").replace("/sequence", "/loupe");
    assert_eq!(shop.studio.ask(Method::POST, &unknown, None).await.status(), 404);
}

#[tokio::test]
async fn the_loupe_of_a_protected_spin_is_reached_by_its_signature_alone() {
    let shop = Shop::new(IDLE);
    let ring = shop.publish("platinum").await;
    shop.ready(&ring).await;
    let public = shop.manifest(&sequence(&ring)).await;
    let protect = shop.studio.ask(Method::POST, &format!("/api/sequences/{ring}/protect"), None).await;
    assert_eq!(protect.status(), 200);
    shop.ready(&ring).await;
    let signed = shop.run(&["sign", &ring]);
    let path = signed["sequence"].as_str().unwrap();
    let manifest = shop.manifest(path).await;
    let set = manifest["loupe"]["formats"]["avif"]["set"].as_str().unwrap();
    let file = format!("s/{set}/000.avif");
    let own = shop.get(&path.replace("sequence", &file)).await;
    assert_eq!((own.status().as_u16(), header(own.headers(), "cache-control")), (200, "private, no-store"));
    assert_eq!(problem(shop.get(&format!("/{file}")).await, 404).await, "no-such-file");
    assert_eq!(public["loupe"]["formats"]["avif"]["set"], set, "they are the same frames");
    let ask = shop.studio.ask(Method::POST, &path.replace("sequence", "loupe"), None).await;
    assert_eq!(ask.status(), 204);
}

#[tokio::test]
async fn what_shows_no_more_than_hd_has_no_loupe() {
    let folder = tempfile::tempdir().unwrap();
    let large = SMALL.replace("64", "800");
    let shop = Shop { studio: Studio::over(folder.path(), &format!("{large}{IDLE}")), folder };
    draw_turn(&shop.folder.path().join("raw"), PLATINUM, 12);
    let ring = shop.publish("platinum").await;
    let seen = async {
        while shop.loupe(&ring).await["state"] != "unneeded" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), seen).await.expect("it is tried");
    let manifest = shop.studio.json(&sequence(&ring)).await;
    assert_eq!((&manifest["loupe"], &manifest["loupe_request"]), (&Value::Null, &Value::Null));
}
