//! Traces: what a collector is sent, and what it costs where it does not answer.

use std::{collections::HashMap, fs, time::Duration};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::any_value::Value as Attribute,
    trace::v1::{Span, status::StatusCode},
};
use prost::Message as _;
use reqwest::Method;
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::{
    bucket_fixture::Bucket,
    fault_proxy::Faults,
    girasol::{Server, girasol, header, ingest, ingest_with, key, sequence},
    jobs::{RING, folder_with_turn},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// What a client in the trace says.
fn traceparent() -> String {
    format!("00-{TRACE}-{PARENT}-01")
}

/// A collector that takes OTLP over HTTP.
struct Collector(MockServer);

impl Collector {
    async fn start() -> Self {
        Self::answering(ResponseTemplate::new(200)).await
    }

    async fn answering(answer: ResponseTemplate) -> Self {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(answer).mount(&server).await;
        Self(server)
    }

    /// Settings that record this share of requests, and all that a proxy on this machine has recorded.
    fn settings(&self, ratio: f64) -> String {
        format!(
            "[server]\ntrusted_proxies = ['127.0.0.1']\n[traces]\nendpoint = '{}'\nratio = {ratio:?}\n\
             authorization = 'Bearer of-the-collector'\n",
            self.0.uri()
        )
    }

    /// Everything that it was sent, as it came.
    async fn bodies(&self) -> Vec<Vec<u8>> {
        let requests = self.0.received_requests().await.unwrap();
        for request in &requests {
            assert_eq!((request.method.as_str(), request.url.path()), ("POST", "/v1/traces"));
            assert_eq!(request.headers["content-type"], "application/x-protobuf");
            assert_eq!(request.headers["authorization"], "Bearer of-the-collector");
        }
        requests.into_iter().map(|request| request.body).collect()
    }

    async fn spans(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        for body in self.bodies().await {
            let sent = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
            for of_resource in sent.resource_spans {
                let resource = of_resource.resource.unwrap();
                let service = resource.attributes.iter().find(|attribute| attribute.key == "service.name");
                assert_eq!(text(service.unwrap().value.as_ref().unwrap().value.as_ref()), "girasol");
                spans.extend(of_resource.scope_spans.into_iter().flat_map(|of_scope| of_scope.spans));
            }
        }
        spans
    }
}

fn text(value: Option<&Attribute>) -> String {
    match value {
        Some(Attribute::StringValue(text)) => text.clone(),
        Some(Attribute::IntValue(number)) => number.to_string(),
        other => panic!("{other:?}"),
    }
}

fn attribute(span: &Span, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|attribute| attribute.key == key)?;
    Some(text(found.value.as_ref()?.value.as_ref()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// The spans with this name; at least one.
fn named<'a>(spans: &'a [Span], name: &str) -> Vec<&'a Span> {
    let found: Vec<&Span> = spans.iter().filter(|span| span.name == name).collect();
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert!(!found.is_empty(), "{name}: {names:?}");
    found
}

/// Ends a server, so that its last spans are sent.
fn end(mut server: Server) -> String {
    server.signal("TERM");
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{log}");
    log
}

/// An artist whose requests all belong to one trace.
struct Artist<'a> {
    server: &'a Server,
    bearer: String,
}

impl Artist<'_> {
    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.server.request(method, path).header("authorization", &self.bearer);
        request.header("traceparent", traceparent())
    }

    async fn json(&self, path: &str) -> Value {
        self.request(Method::GET, path).send().await.unwrap().json().await.unwrap()
    }

    /// Sends a turn of frames. Answers the job that it became, once that has ended.
    async fn makes(&self, turn: &std::path::Path) -> Value {
        let files: Vec<_> = fs::read_dir(turn).unwrap().flatten().collect();
        let wanted = json!({
            "product": "ring.solitaire",
            "choices": { "metal": "platinum", "stone": "diamond" },
            "newChoices": true,
            "frames": files.len(),
        });
        let opened = self.request(Method::POST, "/api/framesets").json(&wanted).send().await.unwrap();
        let set: Value = opened.json().await.unwrap();
        let set = format!("/api/framesets/{}", set["id"].as_str().unwrap());
        for file in files {
            let path = format!("{set}/frames/{}", file.file_name().to_str().unwrap());
            let sent = self.request(Method::PUT, &path).body(fs::read(file.path()).unwrap()).send().await;
            assert_eq!(sent.unwrap().status(), 201);
        }
        loop {
            let job = &self.json(&set).await["job"];
            match job["state"].as_str() {
                Some("ready") => return job.clone(),
                Some("failed" | "cancelled") => panic!("{job}"),
                _ => tokio::task::yield_now().await,
            }
        }
    }
}

#[tokio::test]
async fn one_trace_leads_from_an_upload_to_the_purge_of_what_was_published() {
    let (folder, turn) = folder_with_turn(12);
    let (collector, cdn) = (Collector::start().await, Collector::start().await.0);
    let purges =
        format!("[[purge.targets]]\nname = 'edge'\nkind = 'webhook'\nendpoints = ['{}']\n", cdn.uri());
    // The test asks for the job as often as it can.
    let settings = collector.settings(0.0) + "max_per_second = 1000000\n[log]\nformat = 'json'\n" + &purges;
    let server = Server::start_with(folder.path(), &settings);
    let bearer = format!("Bearer {}", key(folder.path(), "artist"));
    let secret = bearer.trim_start_matches("Bearer ").to_owned();
    let artist = Artist { server: &server, bearer };
    let made = artist.makes(&turn).await;
    let publish = artist.request(Method::POST, &format!("/api/sequences/{RING}/publish"));
    let published = publish.json(&json!({ "version": made["version"]["version"] })).send().await.unwrap();
    assert!(published.status().is_success(), "{}", published.text().await.unwrap());
    // Not in the trace, and not recorded.
    assert_eq!(server.get(&sequence(RING), &[]).await.status(), 200);
    let log = end(server);
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for message in ["a job has begun", "a job is done"] {
        let line = lines.iter().find(|line| line["message"] == message).expect(message);
        assert_eq!(line["span"]["trace.id"], TRACE, "{line}");
    }

    let spans = collector.spans().await;
    for span in &spans {
        assert_eq!(hex(&span.trace_id), TRACE, "{}", span.name);
        assert!(span.end_time_unix_nano >= span.start_time_unix_nano, "{}", span.name);
    }
    let by_id: HashMap<&[u8], &Span> = spans.iter().map(|span| (span.span_id.as_slice(), span)).collect();
    assert_eq!(by_id.len(), spans.len(), "each span has an id of its own");
    let parent = |span: &Span| by_id.get(span.parent_span_id.as_slice()).map(|span| span.name.as_str());
    let puts = named(&spans, "PUT /api/framesets/{frameset}/frames/{name}");
    assert_eq!(puts.len(), 12);
    assert!(puts.iter().all(|put| hex(&put.parent_span_id) == PARENT));
    // The last frame completes the set, which is committed and becomes a job.
    let queued = named(&spans, "jobs.enqueue");
    let job = named(&spans, "job");
    assert_eq!(parent(queued[0]), Some(puts[0].name.as_str()));
    assert_eq!(parent(job[0]), Some(puts[0].name.as_str()));
    assert_eq!(attribute(job[0], "girasol.job.outcome").as_deref(), Some("ready"));
    for name in ["prepare", "encode preview", "encode standard and hd", "encode", "store put", "jobs.finish"]
    {
        assert!(named(&spans, name).iter().any(|span| parent(span) == Some("job")), "{name}");
    }
    let purges = named(&spans, "purge");
    let publish = "POST /api/sequences/{configuration}/publish";
    assert!(purges.iter().all(|purge| parent(purge) == Some(publish)), "{:?}", parent(purges[0]));
    assert_eq!(attribute(purges[0], "girasol.purge.outcome").as_deref(), Some("acknowledged"));
    // The cache can go on with it.
    let heard = cdn.received_requests().await.unwrap();
    let of_purge = |span: &&&Span| {
        let said = format!("00-{TRACE}-{}-01", hex(&span.span_id));
        heard.iter().any(|request| request.headers.get("traceparent").is_some_and(|value| *value == said))
    };
    assert_eq!(purges.iter().filter(of_purge).count(), purges.len());
    for body in collector.bodies().await {
        assert!(!String::from_utf8_lossy(&body).contains(&secret), "a key is in no span");
    }
}

#[tokio::test]
async fn a_request_leads_to_the_store_and_the_store_is_sent_its_trace() {
    let Some(bucket) = Bucket::new("traces", Faults::None).await else { return };
    bucket.ingest("platinum", [220, 220, 225]);
    let collector = Collector::start().await;
    bucket.set(&collector.settings(0.0));
    let server = bucket.serve();
    let named_trace = [("traceparent", traceparent())];
    let headers: Vec<(&str, &str)> =
        named_trace.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let first = server.get(&sequence(RING), &headers).await;
    assert_eq!(first.status(), 200);
    let times = header(first.headers(), "server-timing");
    let parts: Vec<&str> = times.split(", ").filter_map(|part| part.split(';').next()).collect();
    assert_eq!(parts, ["origin", "cache", "db", "store"], "{times}");
    // From memory now, and in the trace all the same.
    assert_eq!(server.get(&sequence(RING), &headers).await.status(), 200);
    end(server);

    let spans = collector.spans().await;
    let requests = named(&spans, "GET /api/products/customizable/{configuration}/sequence");
    assert_eq!(requests.len(), 2);
    let get = named(&spans, "store get");
    assert_eq!(attribute(get[0], "girasol.store.backend").as_deref(), Some("s3"));
    assert_eq!(attribute(get[0], "girasol.object.kind").as_deref(), Some("manifests"));
    assert!(requests.iter().any(|request| request.span_id == get[0].parent_span_id));
    let sent = format!("00-{TRACE}-{}-01", hex(&get[0].span_id));
    assert!(bucket.line.traces().contains(&sent), "{:?}", bucket.line.traces());
    assert_eq!(attribute(requests[0], "http.response.status_code").as_deref(), Some("200"));
    assert_eq!(attribute(requests[0], "url.path").as_deref(), Some(sequence(RING).as_str()));
}

#[tokio::test]
async fn a_client_that_no_proxy_vouches_for_decides_nothing() {
    let folder = tempfile::tempdir().unwrap();
    ingest(folder.path(), "platinum", [220, 220, 225], 12);
    let collector = Collector::start().await;
    let settings = collector.settings(0.0).replace("trusted_proxies = ['127.0.0.1']", "");
    let server = Server::start_with(folder.path(), &(settings + "[log]\nformat = \"json\"\n"));
    for _ in 0..3 {
        assert_eq!(server.get(&sequence(RING), &[("traceparent", &traceparent())]).await.status(), 200);
    }
    let log = end(server);
    assert!(log.contains(TRACE), "its lines are found by the trace all the same");
    assert_eq!(collector.spans().await, []);
}

#[tokio::test]
async fn a_share_of_requests_is_recorded_and_the_log_names_their_traces() {
    let folder = tempfile::tempdir().unwrap();
    ingest(folder.path(), "platinum", [220, 220, 225], 12);
    let collector = Collector::start().await;
    let server = Server::start_with(folder.path(), &(collector.settings(1.0) + "[log]\nformat = \"json\"\n"));
    for _ in 0..3 {
        assert_eq!(server.get(&sequence(RING), &[]).await.status(), 200);
    }
    assert_eq!(server.get("/api/jobs", &[]).await.status(), 401);
    let log = end(server);
    let spans = collector.spans().await;
    let requests = named(&spans, "GET /api/products/customizable/{configuration}/sequence");
    assert_eq!(requests.len(), 3, "those from memory too");
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for request in requests {
        assert!(request.parent_span_id.is_empty());
        let trace = hex(&request.trace_id);
        let is_of_it = |line: &&Value| line["message"] == "answered" && line["span"]["trace.id"] == *trace;
        assert_eq!(lines.iter().filter(is_of_it).count(), 1, "{log}");
    }
    let refused = named(&spans, "GET /api/jobs")[0];
    assert_eq!(attribute(refused, "http.response.status_code").as_deref(), Some("401"));
    assert!(refused.status.as_ref().is_none_or(|status| status.code != i32::from(StatusCode::Error)));
}

#[tokio::test]
async fn nothing_that_opens_a_protected_spin_is_in_a_span() {
    let folder = tempfile::tempdir().unwrap();
    ingest_with(folder.path(), "platinum", [220, 220, 225], 12, &["--protected"]);
    let collector = Collector::start().await;
    let server = Server::start_with(folder.path(), &collector.settings(1.0));
    let mut sign = girasol();
    let signed = sign.args(["sign", RING, "--json", "--data"]).arg(folder.path()).output().unwrap();
    let signed: Value = serde_json::from_slice(&signed.stdout).unwrap();
    let address = signed["sequence"].as_str().unwrap();
    let base = address.strip_suffix("/sequence").unwrap();
    let manifest: Value = server.json(&format!("{base}/sequence?tier=hd")).await;
    let rendition = &manifest["tiers"]["preview"]["formats"]["webp"];
    let pack = rendition["packs"][0]["pack"].as_str().unwrap();
    assert_eq!(server.get(&format!("{base}/p/{pack}.pack"), &[]).await.status(), 200);
    let signature = base.rsplit('~').next().unwrap();
    assert!(signature.len() >= 64, "{signature}");
    // A client may spell it as it likes, and put it where it does not belong.
    for path in [
        format!("{}/sequence", base.replace('~', "%7E")),
        format!("/api/products/customizable/{signature}/sequence"),
        format!("/nowhere/{signature}?{signature}"),
    ] {
        server.get(&path, &[]).await;
    }
    end(server);

    let spans = collector.spans().await;
    let paths: Vec<String> = spans.iter().filter_map(|span| attribute(span, "url.path")).collect();
    assert!(paths.iter().any(|path| path.starts_with("/signed/") && path.contains('\u{2026}')), "{paths:?}");
    named(&spans, "GET /signed/{token}/p/{file}");
    let folders = fs::read_dir(folder.path().join("objects")).unwrap().flatten();
    let namespaces: Vec<String> = folders
        .filter(|entry| entry.file_name() == "private")
        .flat_map(|entry| fs::read_dir(entry.path()).unwrap().flatten())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    assert!(!namespaces.is_empty());
    for body in collector.bodies().await {
        let body = String::from_utf8_lossy(&body);
        assert!(!body.contains(&signature[..16]), "{body}");
        assert!(namespaces.iter().all(|namespace| !body.contains(namespace)), "{body}");
    }
}

/// The spans of an outcome, once there are some.
async fn counted(server: &Server, admin: &str, outcome: &str) -> f64 {
    let line = format!("girasol_trace_spans_total{{outcome=\"{outcome}\"}} ");
    let asked = async {
        loop {
            let metrics = server.get("/metrics", &[("authorization", admin)]).await.text().await.unwrap();
            let count = metrics.lines().find_map(|shown| shown.strip_prefix(&line)?.parse().ok());
            if let Some(count) = count.filter(|count| *count > 0.0) {
                return count;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), asked).await.expect("spans are counted")
}

#[tokio::test]
async fn a_collector_that_is_gone_costs_no_request() {
    let folder = tempfile::tempdir().unwrap();
    ingest(folder.path(), "platinum", [220, 220, 225], 12);
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings = format!("[traces]\nendpoint = 'http://{gone}'\nratio = 1\nmax_per_second = 100000\n");
    let server = Server::start_with(folder.path(), &settings);
    let admin = format!("Bearer {}", key(folder.path(), "admin"));
    for _ in 0..100 {
        assert_eq!(server.get(&sequence(RING), &[]).await.status(), 200);
    }
    assert!(counted(&server, &admin, "failed").await > 0.0);
    let log = end(server);
    assert_eq!(log.matches("the collector takes no traces").count(), 1, "{log}");
}

#[tokio::test]
async fn a_collector_that_never_answers_costs_no_request_and_holds_no_server_up() {
    let folder = tempfile::tempdir().unwrap();
    ingest(folder.path(), "platinum", [220, 220, 225], 12);
    let late = ResponseTemplate::new(200).set_delay(Duration::from_hours(1));
    let collector = Collector::answering(late).await;
    let settings = collector.settings(1.0) + "timeout_ms = 60000\nmax_per_second = 100000\n";
    let server = Server::start_with(folder.path(), &settings);
    let admin = format!("Bearer {}", key(folder.path(), "admin"));
    for _ in 0..9000 {
        assert_eq!(server.get(&sequence(RING), &[]).await.status(), 200);
    }
    // Its queue has a bound.
    assert!(counted(&server, &admin, "dropped").await > 0.0);
    let log = end(server);
    assert!(log.contains("the last spans could not be sent in time"), "{log}");
}

#[tokio::test]
async fn what_a_collector_does_not_take_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    ingest(folder.path(), "platinum", [220, 220, 225], 12);
    // One span of the batch was rejected (OTLP 1, section "Partial success").
    let collector =
        Collector::answering(ResponseTemplate::new(200).set_body_bytes([0x0a, 0x02, 0x08, 0x01])).await;
    let server = Server::start_with(folder.path(), &collector.settings(1.0));
    let admin = format!("Bearer {}", key(folder.path(), "admin"));
    server.get(&sequence(RING), &[]).await;
    assert!(counted(&server, &admin, "rejected").await >= 1.0);
    assert!(counted(&server, &admin, "sent").await >= 1.0);
    end(server);
}

#[tokio::test]
async fn answers_say_how_long_the_parts_took() {
    let folder = tempfile::tempdir().unwrap();
    ingest(folder.path(), "platinum", [220, 220, 225], 12);
    let server = Server::start_with(folder.path(), "[cache]\nwarm = 0\n");
    let times = async |path: &str, headers: &[(&str, &str)]| {
        let answer = server.get(path, headers).await;
        let times = answer.headers().get("server-timing").map(|value| value.to_str().unwrap().to_owned());
        let names = |times: String| {
            times.split(", ").map(|part| part.split(';').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        (answer.status().as_u16(), times.map(names))
    };
    let shown = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    assert_eq!(times(&sequence(RING), &[]).await, (200, shown(&["origin", "db", "store"])));
    assert_eq!(times(&sequence(RING), &[]).await, (200, shown(&["origin"])), "from memory");
    let bearer = format!("Bearer {}", key(folder.path(), "artist"));
    assert_eq!(times("/api/jobs", &[("authorization", &bearer)]).await, (200, shown(&["origin", "db"])));
    // Of a refusal the times say nothing, and a frame is kept for a year.
    assert_eq!(times("/api/jobs", &[("authorization", "Bearer girasol_0_0")]).await, (401, None));
    let manifest: Value = server.json(&sequence(RING)).await;
    let rendition = &manifest["tiers"]["preview"]["formats"]["webp"];
    let pack = rendition["packs"][0]["pack"].as_str().unwrap();
    assert_eq!(times(&format!("/p/{pack}.pack"), &[]).await, (200, None));
}
