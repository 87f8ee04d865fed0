//! Every request that a visitor may send, found out beforehand, and its answer as a file for the peer.

use std::{collections::BTreeMap, fs, path::Path};

use reqwest::{
    Client, Method,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::{Value, json};

use crate::{dice::Dice, shop::Shop};

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Product,
    Configure,
    Manifest,
    Pack,
    Frame,
    Still,
    Vitals,
}

impl Kind {
    pub(crate) const ALL: [Self; 7] =
        [Self::Product, Self::Configure, Self::Manifest, Self::Pack, Self::Frame, Self::Still, Self::Vitals];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Configure => "configure",
            Self::Manifest => "manifest",
            Self::Pack => "pack",
            Self::Frame => "frame",
            Self::Still => "still",
            Self::Vitals => "vitals",
        }
    }
}

/// One request, as it goes over the line.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) kind: Kind,
    pub(crate) method: Method,
    pub(crate) path: String,
    /// The same at the peer.
    pub(crate) peer: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<String>,
    pub(crate) status: u16,
}

/// A request's place in the catalog.
pub(crate) type At = usize;

/// A kind of visitor: how many of a hundred, what the browser sends, and what the viewer adds.
struct Visitor {
    weight: usize,
    hints: &'static [(&'static str, &'static str)],
    encoding: &'static str,
    query: &'static str,
}

const DESK: &[(&str, &str)] =
    &[("ect", "4g"), ("rtt", "50"), ("downlink", "10"), ("device-memory", "8"), ("sec-ch-ua-mobile", "?0")];
const PHONE: &[(&str, &str)] =
    &[("ect", "4g"), ("rtt", "100"), ("downlink", "5.2"), ("device-memory", "4"), ("sec-ch-ua-mobile", "?1")];
const TRAIN: &[(&str, &str)] =
    &[("ect", "3g"), ("rtt", "450"), ("downlink", "0.6"), ("device-memory", "4"), ("sec-ch-ua-mobile", "?1")];
const EDGE: &[(&str, &str)] =
    &[("ect", "2g"), ("rtt", "1800"), ("downlink", "0.1"), ("sec-ch-ua-mobile", "?1")];
const MODERN: &str = "gzip, deflate, br, zstd";

const VISITORS: [Visitor; 8] = [
    Visitor { weight: 28, hints: DESK, encoding: MODERN, query: "format=avif" },
    Visitor { weight: 34, hints: PHONE, encoding: MODERN, query: "format=avif" },
    Visitor { weight: 7, hints: TRAIN, encoding: MODERN, query: "format=avif" },
    Visitor { weight: 1, hints: EDGE, encoding: MODERN, query: "format=avif" },
    // Browsers that send no hints: the viewer decides for them.
    Visitor { weight: 22, hints: &[], encoding: "gzip, deflate, br", query: "format=avif" },
    Visitor { weight: 3, hints: &[], encoding: "gzip, deflate, br, zstd", query: "format=webp" },
    Visitor { weight: 3, hints: &[("save-data", "on")], encoding: "gzip", query: "format=avif" },
    Visitor { weight: 2, hints: DESK, encoding: "identity", query: "tier=hd&format=avif" },
];

/// What a visitor of one kind asks for to see one configuration.
#[derive(Debug)]
pub(crate) struct Spin {
    pub(crate) manifest: At,
    /// The first pack, and the others.
    pub(crate) packs: Vec<At>,
    /// A frame at the angle that another metal has just shown.
    pub(crate) frame: At,
    pub(crate) configure: At,
    pub(crate) still: At,
    pub(crate) vitals: At,
}

/// All requests, and who sends which.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    pub(crate) requests: Vec<Request>,
    known: BTreeMap<String, At>,
    /// How many configurations are metals of one product: the first ones.
    pub(crate) rings: usize,
    /// By kind of visitor, then by configuration, in the order of [`Shop::configurations`].
    spins: Vec<Vec<Spin>>,
    /// By kind of visitor, then by type.
    products: Vec<Vec<At>>,
}

impl Catalog {
    /// Asks the server for everything, and writes what it answers into the folder of the peer.
    pub(crate) async fn of(shop: &Shop, base: &str, files: &Path) -> Self {
        let mut catalog = Self { rings: shop.metals.len(), ..Self::default() };
        let probe = Probe { base, files, client: Client::builder().http1_only().build().unwrap() };
        fs::create_dir_all(files).unwrap();
        for visitor in &VISITORS {
            let mut products = Vec::new();
            for product in shop.types {
                let path = format!("/api/products/customizable/{product}");
                products.push(catalog.get(&probe, visitor, Kind::Product, path).await);
            }
            catalog.products.push(products);
            let mut spins = Vec::new();
            for id in shop.configurations() {
                spins.push(catalog.spin(&probe, visitor, &id).await);
            }
            catalog.spins.push(spins);
        }
        catalog
    }

    async fn spin(&mut self, probe: &Probe<'_>, visitor: &Visitor, id: &str) -> Spin {
        let path = format!("/api/products/customizable/{id}/sequence?{}", visitor.query);
        let asked = probe.client.get(format!("{}{path}", probe.base)).headers(plain(visitor)).send();
        let manifest: Value = asked.await.unwrap().json().await.unwrap();
        let selected = &manifest["selected"];
        let (tier, format) = (selected["tier"].as_str().unwrap(), selected["format"].as_str().unwrap());
        let tiers = manifest["tiers"].as_object().unwrap();
        let is_it = |key: &str, value: &Value| {
            key.split("-24").next() == Some(tier)
                && (tier == "still" || value["frames"] == selected["frames"])
        };
        let tier = tiers.iter().find(|(key, value)| is_it(key, value)).unwrap().1;
        let rendition = &tier["formats"][format];
        let mut packs = Vec::new();
        let whole = rendition["packs"].as_array().into_iter().flatten().map(|entry| &entry["pack"]);
        let bare = rendition["bare"]["packs"].as_array().map(Vec::as_slice).unwrap_or_default();
        let loaded: Vec<&Value> = if bare.is_empty() { whole.collect() } else { bare.iter().collect() };
        for pack in loaded {
            let path = format!("/p/{}.pack", pack.as_str().unwrap());
            packs.push(self.get(probe, visitor, Kind::Pack, path).await);
        }
        let (set, degree) = (rendition["set"].as_str().unwrap(), tier["degrees"][0].as_u64().unwrap());
        let frame = format!("/s/{set}/{degree:03}.{format}");
        let (product, choices) = (product_of(id), json!({"choices": {"metal": metal_of(id)}}).to_string());
        let configure = format!("/api/products/customizable/{product}/configure");
        let report = json!({
            "schema": "girasol.vitals/1", "configuration": id, "tier": selected["tier"], "frame_ms": 180,
            "spin_ms": 420, "full_ms": 1100, "turned": 120, "wanted": 118, "bytes": 151_000,
        });
        Spin {
            manifest: self.get(probe, visitor, Kind::Manifest, path).await,
            packs,
            frame: self.get(probe, visitor, Kind::Frame, frame).await,
            configure: self.post(probe, visitor, Kind::Configure, configure, choices).await,
            still: self.get(probe, visitor, Kind::Still, format!("/still/{id}.jpg")).await,
            vitals: self
                .post(probe, visitor, Kind::Vitals, "/api/vitals".to_owned(), report.to_string())
                .await,
        }
    }

    async fn get(&mut self, probe: &Probe<'_>, visitor: &Visitor, kind: Kind, path: String) -> At {
        // What is the same for all is one request.
        let shared = matches!(kind, Kind::Pack | Kind::Frame | Kind::Still);
        let headers = if shared { HeaderMap::new() } else { coded(visitor) };
        self.add(
            probe,
            Request {
                kind,
                method: Method::GET,
                path,
                peer: String::new(),
                headers,
                body: None,
                status: 200,
            },
        )
        .await
    }

    async fn post(
        &mut self,
        probe: &Probe<'_>,
        visitor: &Visitor,
        kind: Kind,
        path: String,
        body: String,
    ) -> At {
        let mut headers = coded(visitor);
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        let status = if kind == Kind::Vitals { 204 } else { 200 };
        let peer = String::new();
        self.add(probe, Request { kind, method: Method::POST, path, peer, headers, body: Some(body), status })
            .await
    }

    async fn add(&mut self, probe: &Probe<'_>, request: Request) -> At {
        let name = format!("{} {:?} {:?} {:?}", request.method, request.path, request.headers, request.body);
        if let Some(known) = self.known.get(&name) {
            return *known;
        }
        let peer = probe.ask(&request, self.requests.len()).await;
        self.requests.push(Request { peer, ..request });
        self.known.insert(name, self.requests.len() - 1);
        self.requests.len() - 1
    }

    /// A kind of visitor.
    pub(crate) fn visitor(dice: &mut Dice) -> usize {
        let weights: Vec<(usize, usize)> =
            VISITORS.iter().enumerate().map(|(at, visitor)| (visitor.weight, at)).collect();
        *dice.weighted(&weights)
    }

    pub(crate) fn spins(&self, visitor: usize) -> &[Spin] {
        &self.spins[visitor]
    }

    /// The product of a configuration, for a kind of visitor.
    pub(crate) fn product(&self, visitor: usize, configuration: usize) -> At {
        self.products[visitor][configuration.saturating_sub(self.rings - 1)]
    }
}

struct Probe<'a> {
    base: &'a str,
    files: &'a Path,
    client: Client,
}

impl Probe<'_> {
    /// Asks once, and gives the path of the answer at the peer.
    async fn ask(&self, request: &Request, number: usize) -> String {
        let ask = self.client.request(request.method.clone(), format!("{}{}", self.base, request.path));
        let ask = ask.headers(request.headers.clone());
        let ask = match &request.body {
            Some(body) => ask.body(body.clone()),
            None => ask,
        };
        let answer = ask.send().await.unwrap();
        assert_eq!(answer.status(), request.status, "{request:?}");
        if request.status == 204 {
            return "/none".to_owned();
        }
        fs::write(self.files.join(number.to_string()), answer.bytes().await.unwrap()).unwrap();
        format!("/{number}")
    }
}

fn product_of(id: &str) -> &str {
    id.rsplit_once(".metal-").unwrap().0
}

fn metal_of(id: &str) -> &str {
    id.rsplit_once(".metal-").unwrap().1
}

fn plain(visitor: &Visitor) -> HeaderMap {
    let header = |&(name, value): &(&'static str, &'static str)| {
        (HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    visitor.hints.iter().map(header).collect()
}

fn coded(visitor: &Visitor) -> HeaderMap {
    let mut headers = plain(visitor);
    headers.insert("accept-encoding", HeaderValue::from_static(visitor.encoding));
    headers
}
