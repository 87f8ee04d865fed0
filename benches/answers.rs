//! Answers from memory: what a server spends on one request, without the network.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that cannot run may panic")]

use std::{hint::black_box, path::Path, sync::Arc};

use actix_web::{App, http::header::HeaderMap, test, web::Data};
use assets_pipeline::{memory::Machine, plan::tiers::TierTable, settings::Settings};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use girasol::{
    db::Db,
    domain::{
        audit::Actor,
        hints::Hints,
        manifest::Manifest,
        negotiate::{Available, Overrides, negotiate},
        policy::Policy,
    },
    http::{
        self,
        catalog::{CacheBytes, Catalog},
    },
    ingest::{Order, Report, check, ingest, tracker::Tracker},
    store::Store,
};

/// What is asked for: a name, a path, headers, and the status to expect.
type Case = (&'static str, String, &'static [(&'static str, &'static str)], u16);

const SEQUENCE: &str = "/api/products/customizable/ring.solitaire.metal-platinum/sequence";

/// A small spin: answers from memory do not depend on what frames show.
async fn ingest_ring(data: &Path, db: &Db, store: &Store) -> Report {
    let raw = data.join("raw");
    std::fs::create_dir_all(&raw).unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/ring-platinum");
    for entry in std::fs::read_dir(fixtures).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, raw.join(path.file_name().unwrap())).unwrap();
    }
    let mut table = TierTable::default();
    for size in table.sizes.values_mut() {
        (size.avif_px, size.webp_px) = (96, 96);
    }
    let order = Order {
        source: raw,
        product: "ring/solitaire".parse().unwrap(),
        choices: vec![("metal".parse().unwrap(), "platinum".parse().unwrap())],
        settings: Settings { table, ..Settings::default() },
        publish: true,
        early: true,
        protected: false,
        actor: Actor::command_line(),
        machine: Machine::whole(),
        job: None,
        encodes: None,
    };
    let tracker = Arc::new(Tracker::default());
    let checked = check(&order, &tracker).await.unwrap();
    ingest(db, store, data, &order, checked, &tracker).await.unwrap()
}

fn answers(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let runtime = actix_web::rt::System::new();
    let (catalog, manifest) = runtime.block_on(async {
        let db = Db::open(folder.path()).await.unwrap();
        let store = Store::folder(folder.path()).unwrap();
        let manifest = ingest_ring(folder.path(), &db, &store).await.manifest;
        let max = CacheBytes { objects: 64 << 20, answers: 64 << 20 };
        (Data::new(Catalog::new(db, store, Policy::default(), max)), manifest)
    });
    let service =
        runtime.block_on(test::init_service(App::new().app_data(catalog).configure(http::storefront)));
    let (set, pack) = set_and_pack(&manifest);

    let mut group = c.benchmark_group("answers");
    group.throughput(Throughput::Elements(1));
    let cases: [Case; 6] = [
        ("manifest, negotiated, br", SEQUENCE.to_owned(), &[("accept-encoding", "br"), ("ect", "3g")], 200),
        ("manifest, explicit", format!("{SEQUENCE}?tier=preview&format=webp"), &[], 200),
        ("product", "/api/products/customizable/ring/solitaire".to_owned(), &[], 200),
        ("frame", format!("/s/{set}/030.avif"), &[], 200),
        ("pack", format!("/p/{pack}.pack"), &[], 200),
        ("range of a pack", format!("/p/{pack}.pack"), &[("range", "bytes=100-999")], 206),
    ];
    for (name, path, headers, status) in cases {
        let call = async || {
            let request =
                headers.iter().fold(test::TestRequest::get().uri(&path), |r, h| r.insert_header(*h));
            let response = test::call_service(&service, request.to_request()).await;
            assert_eq!(response.status(), status, "{path}");
            test::read_body(response).await
        };
        group.bench_function(name, |b| b.iter(|| runtime.block_on(call())));
    }
    group.finish();
}

fn set_and_pack(manifest: &Manifest) -> (String, String) {
    let tier = &manifest.tiers[&assets_pipeline::plan::tiers::TierKey::Preview];
    let rendition = &tier.formats[&assets_pipeline::plan::tiers::Format::Avif];
    (rendition.set.to_string(), rendition.packs[0].pack.to_string())
}

fn negotiation(c: &mut Criterion) {
    let offer = |frames| girasol::domain::negotiate::Offer {
        frames,
        formats: assets_pipeline::plan::tiers::Format::ALL.to_vec(),
    };
    let tiers = assets_pipeline::plan::tiers::TierKey::ALL.into_iter().zip([1, 12, 24, 36, 60]);
    let available = Available(tiers.map(|(key, frames)| (key, offer(frames))).collect());
    let policy = Policy::default();
    let mut headers = HeaderMap::new();
    for (name, value) in [("sec-ch-ect", "4g"), ("rtt", "50"), ("downlink", "10"), ("device-memory", "4")] {
        headers.insert(name.parse().unwrap(), value.parse().unwrap());
    }
    let parse = || {
        Hints::parse(|name| headers.get_all(name).map(|value| value.to_str().unwrap_or_default()).collect())
    };
    let mut group = c.benchmark_group("negotiation");
    group.throughput(Throughput::Elements(1));
    group.bench_function("parse hints and decide", |b| {
        b.iter(|| negotiate(&black_box(parse()), Overrides::default(), &available, &policy).unwrap());
    });
    group.finish();
}

criterion_group!(benches, negotiation, answers);
criterion_main!(benches);
