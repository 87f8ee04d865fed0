//! The whole job on an S3 server: in rough weather, without it, and with damage in it.

use std::{fs, path::Path, process::Output};

use reqwest::{
    Client, Method,
    header::{AUTHORIZATION, HeaderValue},
};
use serde_json::Value;

use crate::{
    girasol::{Server, girasol, header, ingest_with, key, problem, sequence},
    moto,
    weather::{Line, Weather},
};

const GOLD: &str = "ring.solitaire.metal-gold.stone-diamond";
const ROSE: &str = "ring.solitaire.metal-rose.stone-diamond";

/// A data folder whose objects are in a bucket of its own, at the end of a line.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    line: Line,
    /// The bucket as it is, whatever the weather.
    bucket: String,
    client: Client,
}

impl Place {
    /// `None` where there is no moto.
    pub(crate) async fn new(name: &str, weather: Weather) -> Option<Self> {
        let server = moto::address()?;
        // Signed by nobody: moto looks no closer.
        let signature = "AWS4-HMAC-SHA256 Credential=nobody/20260101/us-east-1/s3/aws4_request";
        let headers = [(AUTHORIZATION, HeaderValue::from_static(signature))].into_iter().collect();
        let client = Client::builder().no_proxy().default_headers(headers).build().unwrap();
        let bucket = format!("{server}/{name}");
        assert_eq!(client.put(&bucket).send().await.unwrap().status(), 200);
        let (folder, line) = (tempfile::tempdir().unwrap(), Line::to(server, weather));
        let settings = format!(
            "[store]\nkind = 's3'\nbucket = '{name}'\nprefix = 'spins'\nregion = 'us-east-1'\nendpoint = '{}'\n\
             path_style = true\nattempts = 4\n",
            line.address
        );
        fs::write(folder.path().join("girasol.toml"), settings).unwrap();
        Some(Self { folder, line, bucket, client })
    }

    pub(crate) fn data(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config(&self) -> String {
        self.data().join("girasol.toml").to_str().unwrap().to_owned()
    }

    pub(crate) fn ingest(&self, metal: &str, colour: [u8; 3]) {
        ingest_with(self.data(), metal, colour, 12, &["--config", &self.config()]);
    }

    pub(crate) fn serve(&self) -> Server {
        Server::start_over(self.data(), &["serve", "--config", &self.config()])
    }

    fn girasol(&self, arguments: &[&str]) -> Output {
        let mut command = girasol();
        command.args(arguments).args(["--config", &self.config(), "--data"]).arg(self.data());
        let output = command.env("GIRASOL_VERSIONS__KEEP_DAYS", "0").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output
    }

    async fn object(&self, path: &str) -> Vec<u8> {
        let response = self.client.get(format!("{}/spins{path}", self.bucket)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.bytes().await.unwrap().to_vec()
    }

    async fn replace(&self, path: &str, bytes: &[u8]) {
        let put = self.client.put(format!("{}/spins{path}", self.bucket)).body(bytes.to_vec());
        assert_eq!(put.send().await.unwrap().status(), 200);
    }

    /// Every file of a manifest is served as it is in the bucket, when all are asked for at once.
    async fn gives_all(&self, server: &Server, manifest: &Value) {
        let same = async |file: String| {
            let response = server.get(&file, &[]).await;
            assert_eq!(response.status(), 200, "{file}");
            assert_eq!(response.bytes().await.unwrap(), self.object(&file).await, "{file}");
        };
        futures_util::future::join_all(files(manifest).into_iter().map(same)).await;
    }

    async fn objects(&self) -> usize {
        let listed = self.client.get(format!("{}?list-type=2", self.bucket)).send().await.unwrap();
        listed.text().await.unwrap().matches("<Key>spins/").count()
    }
}

/// Where every file of a manifest is.
fn files(manifest: &Value) -> Vec<String> {
    let mut files = Vec::new();
    for tier in manifest["tiers"].as_object().unwrap().values() {
        for (format, rendition) in tier["formats"].as_object().unwrap() {
            let set = rendition["set"].as_str().unwrap();
            let degrees = tier["degrees"].as_array().unwrap().iter().map(|degree| degree.as_u64().unwrap());
            files.extend(degrees.map(|degree| format!("/s/{set}/{degree:03}.{format}")));
            let packs = rendition["packs"].as_array().unwrap().iter();
            files.extend(packs.map(|pack| format!("/p/{}.pack", pack["pack"].as_str().unwrap())));
        }
    }
    files.sort_unstable();
    files.dedup();
    files
}

#[tokio::test]
async fn the_whole_job_is_done_in_rough_weather() {
    let Some(place) = Place::new("rough", Weather::Rough).await else { return };
    place.ingest("gold", [212, 175, 95]);
    place.ingest("rose", [210, 150, 130]);
    place.ingest("gold", [200, 160, 80]);
    assert_eq!(fs::read_dir(place.data().join("objects")).unwrap().count(), 1, "the hold alone");

    let server = place.serve();
    let newest = server.json(&sequence(GOLD)).await;
    let rose = server.json(&sequence(ROSE)).await;
    place.gives_all(&server, &newest).await;
    place.gives_all(&server, &rose).await;
    let pack = files(&rose).into_iter().find(|file| file.starts_with("/p/")).unwrap();
    let part = server.get(&pack, &[("range", "bytes=10-19")]).await;
    assert_eq!(part.status(), 206);
    assert_eq!(part.bytes().await.unwrap(), place.object(&pack).await[10..20]);
    let still = server.get(&format!("/still/{GOLD}.jpg"), &[]).await;
    assert_eq!((still.status().as_u16(), header(still.headers(), "content-type")), (200, "image/jpeg"));

    place.girasol(&["rollback", GOLD]);
    while server.json(&sequence(GOLD)).await["version"] == newest["version"] {
        tokio::task::yield_now().await;
    }
    let older = server.json(&sequence(GOLD)).await;
    let before = place.objects().await;
    let collected: Value =
        serde_json::from_slice(&place.girasol(&["store", "gc", "--json", "--grace-hours", "0"]).stdout)
            .unwrap();
    assert!(collected["objects"].as_u64().unwrap() > 0, "{collected}");
    assert_eq!(place.objects().await, before - collected["objects"].as_u64().unwrap() as usize);
    place.gives_all(&server, &older).await;

    let bearer = format!("Bearer {}", key(place.data(), "artist"));
    let take_down = server.request(Method::POST, &format!("/api/sequences/{GOLD}/take-down"));
    assert_eq!(take_down.header("authorization", bearer).send().await.unwrap().status(), 200);
    for file in &files(&older) {
        // It leaves memory and disk within a second.
        while server.get(file, &[]).await.status() == 200 {
            tokio::task::yield_now().await;
        }
        assert_eq!(problem(server.get(file, &[]).await, 404).await, "no-such-file");
        assert!(!place.data().join("cache/objects").join(&file[1..]).exists());
    }
    place.gives_all(&server, &rose).await;
    assert!(place.line.mishaps().iter().all(|count| *count > 20), "{:?}", place.line.mishaps());
}

#[tokio::test]
async fn what_was_read_before_is_served_without_s3() {
    let Some(place) = Place::new("dead", Weather::Fine).await else { return };
    place.ingest("gold", [212, 175, 95]);
    let config = place.config();
    let patience = "connect_timeout_ms = 300\nattempt_timeout_ms = 300\n";
    fs::write(
        &config,
        fs::read_to_string(&config).unwrap().replace("attempts = 4\n", "attempts = 2\n") + patience,
    )
    .unwrap();
    let server = place.serve();
    let (kept, fresh) = {
        let mut files = files(&server.json(&sequence(GOLD)).await);
        (files.pop().unwrap(), files.swap_remove(0))
    };
    let bytes = server.get(&kept, &[]).await.bytes().await.unwrap();
    drop(server);

    // From the disk alone: memory went with the process.
    place.line.set(Weather::Dead);
    let server = place.serve();
    server.json(&sequence(GOLD)).await;
    assert_eq!(server.get(&kept, &[]).await.bytes().await.unwrap(), bytes);
    assert_eq!(problem(server.get(&fresh, &[]).await, 500).await, "internal");
    assert_eq!(problem(server.get("/api/health/ready", &[]).await, 503).await, "not-ready");
    assert_eq!(server.get("/api/health/live", &[]).await.status(), 200);

    place.line.set(Weather::Silent);
    let mut waiting = Box::pin(server.get(&fresh, &[]));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    assert_eq!(server.get(&kept, &[]).await.bytes().await.unwrap(), bytes);
    assert_eq!(problem(waiting.await, 500).await, "internal");

    place.line.set(Weather::Fine);
    assert_eq!(server.get(&fresh, &[]).await.bytes().await.unwrap(), place.object(&fresh).await);
    assert_eq!(server.get("/api/health/ready", &[]).await.status(), 200);
    drop(server);

    let copy = place.data().join("cache/objects").join(&kept[1..]);
    let mut damaged = fs::read(&copy).unwrap();
    damaged[0] ^= 1;
    fs::write(&copy, damaged).unwrap();
    let server = place.serve();
    assert_eq!(server.get(&kept, &[]).await.bytes().await.unwrap(), bytes);
}

#[tokio::test]
async fn what_is_damaged_in_the_bucket_is_not_served_and_is_told_and_made_good() {
    let Some(place) = Place::new("damaged", Weather::Fine).await else { return };
    place.ingest("gold", [212, 175, 95]);
    let mut server = place.serve();
    let files = files(&server.json(&sequence(GOLD)).await);
    let damaged = [&files[0], files.last().unwrap()];
    assert!(damaged[0].starts_with("/p/") && damaged[1].starts_with("/s/"));
    for file in damaged {
        let whole = place.object(file).await;
        let mut other = whole.clone();
        other[whole.len() / 2] ^= 1;
        for other in [&other[..], &whole[1..], b""] {
            place.replace(file, other).await;
            assert_eq!(problem(server.get(file, &[]).await, 500).await, "internal");
        }
    }
    // The same turn again finds what is damaged.
    place.ingest("gold", [212, 175, 95]);
    for file in damaged {
        assert_eq!(server.get(file, &[]).await.bytes().await.unwrap(), place.object(file).await);
    }
    server.signal("TERM");
    let (code, log) = server.ended();
    assert_eq!(code, Some(0));
    for file in damaged {
        assert!(log.contains(&format!("{} does not match its digest", &file[1..])), "{log}");
    }
    assert!(!log.contains("nobodys-secret"), "{log}");
}
