//! A storefront's visitors in front of a real cache: does it cache what it should, and does every visitor get what
//! the server alone would have chosen?
//!
//! A few visitors in `make test`; `make traffic` says how many more, and prints what came of it.

use std::{
    collections::BTreeMap,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::{StreamExt as _, stream};
use reqwest::Response;
use serde_json::Value;

use crate::{
    front::{Cache, Front},
    girasol::{Server, header, ingest, sequence},
};

/// Visitors at once.
const AT_ONCE: usize = 24;
const PRODUCT: &str = "/api/products/customizable/ring/solitaire";

/// A number of the environment, or else this one.
fn asked_for(name: &str, otherwise: usize) -> usize {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

static REQUESTS: LazyLock<usize> = LazyLock::new(|| asked_for("TRAFFIC_REQUESTS", 2_000));
static SEQUENCES: LazyLock<usize> = LazyLock::new(|| asked_for("TRAFFIC_SEQUENCES", 3));

/// Each sequence has every tier, at the counts that the policy aims at.
static SHOP: LazyLock<PathBuf> = LazyLock::new(|| {
    let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("it-{}", std::process::id())).join("shop");
    fs::create_dir_all(&data).unwrap();
    for number in 0..*SEQUENCES {
        let shade = |channel: usize| (90 + (number * (31 + 22 * channel)) % 140) as u8;
        ingest(&data, &metal(number), [shade(0), shade(1), shade(2)], 72);
    }
    data
});

fn metal(number: usize) -> String {
    format!("alloy-{number}")
}

fn ring(number: usize) -> String {
    format!("ring.solitaire.metal-{}.stone-diamond", metal(number))
}

/// Numbers that look random and are the same in every run (Steele, Lea and Flood, 2014).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }

    /// One of them, the first most often.
    fn one_of<'a>(&mut self, choices: &[(usize, &'a str)]) -> &'a str {
        let mut at = self.below(choices.iter().map(|(weight, _)| weight).sum());
        for (weight, choice) in choices {
            if at < *weight {
                return choice;
            }
            at -= weight;
        }
        unreachable!("it is below the sum of the weights")
    }
}

/// A visitor who looks at one spin.
struct Visitor {
    configuration: String,
    headers: Vec<(&'static str, String)>,
    /// Where the viewer asks for its manifest. Search engines and link previews run none.
    manifest: Option<String>,
    sees_product: bool,
    sees_still: bool,
}

impl Visitor {
    fn draw(dice: &mut Dice) -> Self {
        // A few spins are looked at by most.
        let popular = dice.below(*SEQUENCES).min(dice.below(*SEQUENCES));
        let kind = dice.one_of(&[(65, "chromium"), (24, "safari"), (6, "firefox"), (5, "program")]);
        let mut headers = vec![
            ("cookie", format!("visitor={}; basket={}", dice.below(1 << 30), dice.below(9))),
            (
                "accept-language",
                dice.one_of(&[(5, "en-GB,en;q=0.9"), (3, "de"), (2, "fr-CH, fr;q=0.9")]).into(),
            ),
        ];
        let encodings = match kind {
            "safari" => "gzip, deflate, br",
            "program" => dice.one_of(&[(3, "gzip"), (1, "identity"), (1, "gzip, deflate")]),
            _ => "gzip, deflate, br, zstd",
        };
        headers.push(("accept-encoding", encodings.into()));
        let is_program = kind == "program";
        if kind == "chromium" {
            headers.extend(chromium(dice));
        }
        headers.push(("accept", if is_program { "image/webp,*/*" } else { "*/*" }.into()));
        let avif = if kind == "safari" { 9 } else { 49 };
        // What the viewer has found out that the browser can decode; and some have zoomed in before.
        let format = dice.one_of(&[(avif, "avif"), (1, "webp")]);
        let tier = if dice.below(100) < 4 { "tier=hd&" } else { "" };
        let configuration = ring(popular);
        let manifest = format!("{}?{tier}format={format}", sequence(&configuration));
        Self {
            manifest: (!is_program).then_some(manifest),
            configuration,
            headers,
            sees_product: is_program || dice.below(10) < 4,
            sees_still: is_program || dice.below(10) < 2,
        }
    }
}

/// The hints of one visitor, with the noise that Chromium adds: hardly two are alike.
fn chromium(dice: &mut Dice) -> Vec<(&'static str, String)> {
    let mobile = dice.below(10) < 6;
    let ect = dice.one_of(&[(90, "4g"), (7, "3g"), (2, "2g"), (1, "slow-2g")]);
    let (rtt, downlink) = match ect {
        "4g" => (dice.below(11) * 25, 14 + dice.below(186)),
        "3g" => (300 + dice.below(40) * 25, 4 + dice.below(20)),
        _ => (1400 + dice.below(60) * 25, 1 + dice.below(5)),
    };
    let memory = if mobile {
        dice.one_of(&[(5, "4"), (3, "8"), (2, "2"), (1, "1"), (1, "0.5")])
    } else {
        dice.one_of(&[(8, "8"), (1, "16"), (1, "4"), (1, "32")])
    };
    let width = if mobile { 360 + dice.below(80) } else { 1200 + dice.below(1400) };
    let mut hints = vec![
        ("ect", ect.to_owned()),
        ("rtt", rtt.to_string()),
        ("downlink", format!("{}", downlink as f64 / 20.0)),
        ("device-memory", memory.to_owned()),
        ("sec-ch-device-memory", memory.to_owned()),
        ("sec-ch-ua-mobile", if mobile { "?1" } else { "?0" }.to_owned()),
        ("dpr", format!("{}", (4 + dice.below(11)) as f64 / 4.0)),
        ("viewport-width", width.to_string()),
        ("sec-ch-ua", format!("\"Chromium\";v=\"{}\", \"Not.A/Brand\";v=\"24\"", 120 + dice.below(30))),
    ];
    if dice.below(100) < 4 {
        hints.push(("save-data", "on".to_owned()));
    }
    hints
}

/// What the cache did, and how much went over the line.
#[derive(Default)]
struct Tally {
    did: BTreeMap<String, usize>,
    classes: BTreeMap<String, usize>,
    bytes: u64,
}

impl Tally {
    async fn take(&mut self, response: Response) -> Vec<u8> {
        assert_eq!(response.status(), 200, "{}", response.url());
        *self.did.entry(header(response.headers(), "x-cache").to_owned()).or_default() += 1;
        let head: usize =
            response.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        let body = response.bytes().await.unwrap();
        self.bytes += (head + body.len()) as u64;
        body.into()
    }

    fn add(mut self, other: Self) -> Self {
        for (into, from) in [(&mut self.did, other.did), (&mut self.classes, other.classes)] {
            for (name, count) in from {
                *into.entry(name).or_default() += count;
            }
        }
        self.bytes += other.bytes;
        self
    }

    fn requests(&self) -> usize {
        self.did.values().sum()
    }

    /// Answers that the origin was not asked for before they were given, out of one.
    fn hits(&self) -> f64 {
        let kept: usize = ["HIT", "STALE", "UPDATING"].iter().filter_map(|did| self.did.get(*did)).sum();
        kept as f64 / self.requests() as f64
    }
}

fn decoded(encoding: &str, body: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    match encoding {
        "br" => brotli::Decompressor::new(body, 4096).read_to_end(&mut decoded).unwrap(),
        "gzip" => flate2::read::GzDecoder::new(body).read_to_end(&mut decoded).unwrap(),
        "" => return body.to_vec(),
        other => panic!("{other} is not kept by any cache"),
    };
    decoded
}

/// Does what the viewer does, and sees that the cache chose as the server does.
async fn visit(front: &Front, server: &Server, visitor: &Visitor) -> Tally {
    let mut tally = Tally::default();
    let headers: Vec<(&str, &str)> =
        visitor.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let plain: Vec<(&str, &str)> =
        headers.iter().copied().filter(|(name, _)| *name != "accept-encoding").collect();
    if visitor.sees_product {
        tally.take(front.get(PRODUCT, &headers).await).await;
    }
    if visitor.sees_still {
        tally.take(front.get(&format!("/still/{}.jpg", visitor.configuration), &headers).await).await;
    }
    let Some(path) = &visitor.manifest else { return tally };
    let response = front.get(path, &headers).await;
    let encoding = header(response.headers(), "content-encoding").to_owned();
    let given: Value = serde_json::from_slice(&decoded(&encoding, &tally.take(response).await)).unwrap();
    let alone: Value = server.get(path, &plain).await.json().await.unwrap();
    for field in ["tier", "frames", "format"] {
        assert_eq!(given["selected"][field], alone["selected"][field], "{path} {headers:?}");
    }
    assert_eq!(given["digest"], alone["digest"], "{path}");
    let (manifest, selected) = (&alone, &alone["selected"]);
    let (tier, format) = (selected["tier"].as_str().unwrap(), selected["format"].as_str().unwrap());
    let class = format!("{tier} {} {format}", selected["frames"]);
    let key =
        manifest["tiers"].as_object().unwrap().iter().find(|(key, value)| {
            key.split("-2").next() == Some(tier) && value["frames"] == selected["frames"]
        });
    for pack in key.unwrap().1["formats"][format]["packs"].as_array().unwrap() {
        let path = format!("/p/{}.pack", pack["pack"].as_str().unwrap());
        tally.take(front.get(&path, &headers).await).await;
    }
    tally.classes.insert(class, 1);
    tally
}

async fn visitors(front: &Front, server: &Server, requests: usize) -> Tally {
    let done = AtomicUsize::new(0);
    let mut dice = Dice(7);
    stream::iter(std::iter::from_fn(|| Some(Visitor::draw(&mut dice))))
        .take_while(|_| std::future::ready(done.load(Ordering::Relaxed) < requests))
        .map(|visitor| async move { visit(front, server, &visitor).await })
        .buffer_unordered(AT_ONCE)
        .inspect(|tally| {
            done.fetch_add(tally.requests(), Ordering::Relaxed);
        })
        .fold(Tally::default(), |sum, tally| std::future::ready(sum.add(tally)))
        .await
}

#[allow(clippy::print_stdout, reason = "the result is for the person who runs it")]
async fn traffic(cache: Cache) {
    if !cache.is_here() {
        return;
    }
    let mut server = Server::start_over(&SHOP, &["serve"]);
    let front = Front::start(cache, &server.base, &[]);
    let tally = visitors(&front, &server, *REQUESTS).await;
    println!(
        "{cache:?}: {} requests for {} sequences, {:.2} % hits, {} bytes an answer; {:?}; {:?}",
        tally.requests(),
        *SEQUENCES,
        100.0 * tally.hits(),
        tally.bytes / tally.requests() as u64,
        tally.did,
        tally.classes,
    );
    assert!(tally.classes.len() >= 7, "{:?}", tally.classes);
    // A few visitors see many things for the first time.
    let wanted = if *REQUESTS >= 2_000 * *SEQUENCES { 0.99 } else { 0.9 };
    assert!(tally.hits() > wanted, "{:?}", tally.did);

    // What a visitor has asked for stays, whatever happens to the origin. Few visitors have not asked for every spin.
    let paths: Vec<String> =
        (0..*SEQUENCES).map(|number| format!("{}?format=avif", sequence(&ring(number)))).collect();
    let every_spin_is_there = async || {
        for path in &paths {
            let answer = front.get(path, &[("accept-encoding", "br, gzip")]).await;
            assert_eq!(answer.status(), 200, "{cache:?}: {path}");
        }
    };
    every_spin_is_there().await;
    server.signal("TERM");
    server.ended();
    every_spin_is_there().await;
}

#[tokio::test]
async fn varnish_keeps_what_visitors_ask_for() {
    traffic(Cache::Varnish).await;
}

#[tokio::test]
async fn nginx_keeps_what_visitors_ask_for() {
    traffic(Cache::Nginx).await;
}
