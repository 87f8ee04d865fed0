//! `make load`: visitors, artists and a CDN at a real server, in an open loop, beside nginx with the same bytes in the same
//! run. It writes `benches/load.md` and `target/load/index.html`, and ends with 1 where a budget of
//! `benches/load/budgets.toml` is exceeded. `GIRASOL` is the program.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::panic,
    reason = "a benchmark that cannot run may panic"
)]

mod args;
mod artists;
mod budgets;
mod catalog;
mod dice;
mod drive;
mod figures;
mod page;
mod process;
mod scenarios;
mod servers;
mod shop;
mod visits;

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use self::{
    args::Args,
    artists::Artist,
    budgets::{Budgets, Outcome, Recorded, exceeded},
    catalog::Catalog,
    drive::{Target, drive},
    figures::Figures,
    scenarios::{Beside, Held, Scenario},
    servers::Serving,
    shop::Shop,
};

/// Rounds in which both servers take turns, where a scenario is the same all the time.
const ROUNDS: u32 = 3;

struct Bench {
    shop: &'static Shop,
    scratch: PathBuf,
    data: PathBuf,
    files: PathBuf,
    catalog: Arc<Catalog>,
}

impl Bench {
    async fn new(shop: &'static Shop) -> Self {
        let scratch = shop.folder();
        fs::create_dir_all(&scratch).unwrap();
        let (data, files) = (shop.data(), scratch.join("files"));
        let _absent = fs::remove_dir_all(&files);
        let server = servers::serve(&data, shop.settings);
        let catalog = Arc::new(Catalog::of(shop, &server.base, &files).await);
        Self { shop, scratch, data, files, catalog }
    }

    fn girasol(&self) -> (Serving, Arc<Target>) {
        let server = servers::serve(&self.data, self.shop.settings);
        let target = Target::new(&server.base, server.pid(), &self.catalog.requests, |request| &request.path);
        (server, Arc::new(target))
    }

    fn nginx(&self) -> (Serving, Arc<Target>) {
        let server = servers::nginx(&self.files);
        let target = Target::new(&server.base, server.pid(), &self.catalog.requests, |request| &request.peer);
        (server, Arc::new(target))
    }

    /// Both servers in turns; of what is stable Girasol alone, since nothing is measured against nginx.
    async fn measure(&self, scenario: &'static Scenario, args: &Args) -> Outcome {
        let rounds =
            if scenario.rates.len() == 1 && scenario.beside == Beside::Nothing && !scenario.only_by_name {
                ROUNDS
            } else {
                1
            };
        let time = args.time.unwrap_or(scenario.time) / rounds;
        let (mut girasol, mut nginx) = (Figures::new(), Figures::new());
        let (mut server, mut own) = self.girasol();
        let peer = (scenario.held == Held::All).then(|| self.nginx());
        for round in 0..u64::from(rounds) {
            if let Some((_serving, peer)) = &peer {
                eprintln!("{}: round {} of {rounds}, nginx", scenario.name, round + 1);
                let patience = time.min(Duration::from_mins(1));
                nginx.add(drive(peer, &self.catalog, scenario, patience, args.rate, round).await);
            }
            eprintln!("{}: round {} of {rounds}, Girasol", scenario.name, round + 1);
            if scenario.beside == Beside::Start {
                drop(server);
                (server, own) = self.girasol();
            }
            let end = Arc::new(AtomicBool::new(false));
            let artist = (scenario.beside == Beside::Artists).then(|| {
                let artist = Artist::new(&server.base, &self.data, &self.scratch);
                tokio::spawn(artist.work(end.clone()))
            });
            let mut figures = drive(&own, &self.catalog, scenario, time, args.rate, round).await;
            end.store(true, Ordering::Relaxed);
            if let Some(artist) = artist {
                let (published, why) = artist.await.unwrap();
                figures.published = published;
                figures.failed += u64::from(why.is_some());
                if let Some(why) = why {
                    figures.note_failure(why);
                }
            }
            girasol.add(figures);
        }
        Outcome { scenario, girasol, nginx }
    }
}

/// The folder of the whole project.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Bytes of the file that a page needs before the first frame, compressed as a CDN does.
fn bundle() -> u64 {
    let file = fs::read(root().join("viewer/dist/girasol-spin.js")).unwrap();
    let mut compressed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    compressed.write_all(&file).unwrap();
    compressed.finish().unwrap().len() as u64
}

/// Puts the tables between the marks of the page.
fn write_page(text: &str) {
    const MARKS: [&str; 2] = ["<!-- load -->", "<!-- /load -->"];
    let file = root().join("benches/load.md");
    let page = fs::read_to_string(&file).unwrap();
    let [from, to] = MARKS.map(|mark| page.find(mark).expect("the page has a place for the tables"));
    let page = format!("{}\n\n{text}\n{}", &page[..from + MARKS[0].len()], &page[to..]);
    fs::write(file, page).unwrap();
}

async fn run(args: Args) -> ExitCode {
    let mut outcomes = Vec::new();
    let mut bench = Bench::new(args.scenarios[0].shop).await;
    for scenario in &args.scenarios {
        if bench.shop != scenario.shop {
            bench = Bench::new(scenario.shop).await;
        }
        outcomes.push(bench.measure(scenario, &args).await);
    }
    let mut recorded = Recorded::read();
    let over = exceeded(&Budgets::read(), &recorded, &outcomes, bundle());
    let text = page::markdown(&outcomes, &over);
    println!("{text}");
    fs::write(bench.scratch.join("index.html"), page::html(&outcomes, &over)).unwrap();
    println!("Plots: {}", bench.scratch.join("index.html").display());
    if args.record {
        for outcome in &outcomes {
            recorded.scenarios.insert(outcome.scenario.name.to_owned(), outcome.figures());
        }
        // The page is about times.
        let is_timed = outcomes.iter().any(|outcome| outcome.scenario.held == Held::All);
        if is_timed {
            recorded.bundle = bundle();
            write_page(&text);
        }
        recorded.write();
    }
    ExitCode::from(u8::from(!over.is_empty()))
}

fn main() -> ExitCode {
    let args = match Args::read(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(said) => {
            println!("{said}");
            return ExitCode::from(2);
        }
    };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    // The other cores are the server's.
    runtime.worker_threads(1).enable_all().build().unwrap().block_on(run(args))
}
