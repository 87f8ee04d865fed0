//! Ingest: what one core does with one frame, stage by stage, and frames per second per core in all.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that cannot run may panic")]

use std::{hint::black_box, path::Path};

use assets_pipeline::{
    encode::cache::NoCache,
    encode::family::Tally,
    encode::score::score,
    encode::{Effort, Encoder, Engine, Material, decode as decode_frame},
    ingest::Spin,
    plan::tiers::Format,
    prepare::colour::Rgb,
    prepare::ground::{Bounds, Ground, edge, subject},
    prepare::prepare,
    prepare::resize::CutOut,
    progress::Silent,
    read::decode::decode,
    read::limits::Limits,
    read::source::Source,
    read::survey::survey,
    settings::Settings,
};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

fn fixture() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/ring-yellow-gold")
}

fn stages(c: &mut Criterion) {
    let limits = Limits::default();
    let raw = std::fs::read(fixture().join("030.webp")).unwrap();
    let frame = decode("030.webp", &raw, &limits).unwrap().image;
    let whole = Bounds::whole(frame.width(), frame.height());
    let white = Ground::Colour(Rgb::WHITE);
    let picture = CutOut::new(frame.clone(), whole, white, false).resized((640, 640));

    let mut group = c.benchmark_group("one frame of 640 x 640");
    group.throughput(Throughput::Elements(1)).sample_size(10);
    group.bench_function("decode", |b| b.iter(|| decode("030.webp", black_box(&raw), &limits).unwrap()));
    group.bench_function("find the piece", |b| b.iter(|| subject(black_box(&frame), edge(&frame))));
    group.bench_function("cut out, resize to 400", |b| {
        b.iter_batched(
            || frame.clone(),
            |frame| CutOut::new(black_box(frame), whole, white, false).resized((400, 400)),
            BatchSize::LargeInput,
        );
    });
    let encoder =
        |format, engine| Encoder { format, engine, effort: Effort::Default, material: Material::Plain };
    let avif = Engine::ALL.iter().map(|engine| (engine.as_str(), encoder(Format::Avif, *engine)));
    for (name, encoder) in avif.chain([("libwebp", encoder(Format::Webp, Engine::default()))]) {
        let level = encoder.levels().first;
        let bytes = encoder.encode(&picture, level).unwrap();
        group.bench_function(format!("encode by {name}"), |b| {
            b.iter(|| encoder.encode(black_box(&picture), level).unwrap());
        });
        group.bench_function(format!("decode and score what {name} made"), |b| {
            b.iter(|| score(&picture, &decode_frame(encoder.format, black_box(&bytes)).unwrap()));
        });
    }
    group.finish();
}

/// A whole ingest on one thread: elements per second are published frames per second per core.
fn whole(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    for degree in (0..360).step_by(30) {
        let name = format!("{degree:03}.webp");
        std::fs::copy(fixture().join(&name), folder.path().join(&name)).unwrap();
    }
    let limits = Limits::default();
    let settings = Settings::default();
    let one_core = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let ingest = || {
        let source = Source::open(folder.path(), &limits).unwrap();
        let survey = survey(&source, &limits, None).unwrap();
        let prepared = prepare(&source, &survey, &settings, &limits, &Silent).unwrap();
        let tally = Tally::default();
        let mut spin = Spin::new(&prepared, &settings, &NoCache, &tally, &Silent).unwrap();
        spin.encode_preview().unwrap();
        let renditions = spin.encode_rest().unwrap();
        renditions.sets.iter().map(|set| set.frames.len()).sum::<usize>()
    };
    let frames = one_core.install(ingest);
    let mut group = c.benchmark_group("ingest on one core");
    group.throughput(Throughput::Elements(frames as u64)).sample_size(10);
    group.bench_function("12 raw frames, every tier, both formats", |b| {
        b.iter(|| one_core.install(ingest));
    });
    group.finish();
}

criterion_group!(benches, stages, whole);
criterion_main!(benches);
