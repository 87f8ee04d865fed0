//! Each adapter against a server that records what it is asked, and answers as the service does.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{any, method, path},
};

use super::{cloudfront::Cloudfront, *};
use crate::{
    config::{Network, Target},
    domain::{audit::Actor, names::ConfigId},
};

const EDGERC: &str = "[spins]\nclient_secret = very-secret=\nhost = nowhere.example\naccess_token = akab-access\n\
                      client_token = akab-client\n";

fn target(kind: TargetKind) -> Target {
    Target {
        name: kind.as_str().to_owned(),
        kind,
        endpoints: Vec::new(),
        service_id: None,
        zone_id: None,
        distribution_id: None,
        tags: None,
        network: None,
        section: None,
        api: None,
        token_env: None,
        token_file: None,
    }
}

/// A server that answers everything alike.
async fn server(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

fn token(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

/// Tells an adapter with these settings so many tags.
async fn send(target: &Target, tags: usize, soft: bool) -> Result<(), SendError> {
    target_is_valid(target);
    let adapter = Adapter::open(target).await.unwrap();
    let tags = (0..tags).map(|at| format!("s-{at:032}")).collect();
    let message = Message { key: "girasol-key".to_owned(), soft, tags, ..Message::default() };
    adapter.send(&Client::new().unwrap(), &message).await
}

fn target_is_valid(target: &Target) {
    PurgeConfig { targets: vec![target.clone()], ..PurgeConfig::default() }.validate().unwrap();
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

async fn asked(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

#[tokio::test]
async fn varnish_is_asked_with_as_many_tags_as_a_header_holds() {
    let (one, other) = (server(ResponseTemplate::new(200)).await, server(ResponseTemplate::new(200)).await);
    let endpoints = vec![one.uri(), format!("{}/", other.uri())];
    let varnish = Target { endpoints, ..target(TargetKind::Varnish) };
    send(&varnish, 400, false).await.unwrap();
    for server in [&one, &other] {
        let asked = asked(server).await;
        let mut sent = 0;
        for request in &asked {
            assert_eq!((request.method.as_str(), request.url.path()), ("PURGE", "/"));
            let tags = header(request, "xkey-purge");
            assert!(tags.len() <= 6_000);
            sent += tags.split(' ').count();
        }
        assert_eq!((asked.len(), sent), (3, 400));
    }
    send(&varnish, 1, true).await.unwrap();
    let request = asked(&one).await.pop().unwrap();
    assert_eq!((header(&request, "xkey-purge"), header(&request, "xkey-softpurge").len()), ("", 34));
}

#[tokio::test]
async fn one_varnish_that_is_down_keeps_none_of_the_others_from_hearing() {
    let well = server(ResponseTemplate::new(200)).await;
    let endpoints = vec!["http://127.0.0.1:1".to_owned(), well.uri()];
    let failure = send(&Target { endpoints, ..target(TargetKind::Varnish) }, 1, false).await.unwrap_err();
    assert_eq!(failure.kind, SendErrorKind::Unreachable);
    assert!(
        failure.message.contains("refused") && !failure.message.contains("127.0.0.1"),
        "{}",
        failure.message
    );
    assert_eq!(asked(&well).await.len(), 1);
}

#[tokio::test]
async fn nginx_is_asked_for_each_address_and_may_have_nothing() {
    let server = MockServer::start().await;
    Mock::given(path("/purge/a")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    Mock::given(path("/purge/b")).respond_with(ResponseTemplate::new(412)).mount(&server).await;
    let adapter = Adapter::Nginx(vec![server.uri()]);
    let paths = ["/a?x=1&y=2", "/b", "/c"].map(str::to_owned).to_vec();
    let message = Message { paths, ..Message::default() };
    adapter.send(&Client::new().unwrap(), &message).await.unwrap();
    let queries: Vec<_> = asked(&server).await.iter().map(|request| request.url.query().is_some()).collect();
    assert_eq!(queries.iter().filter(|query| **query).count(), 1);
    Mock::given(path("/purge/d")).respond_with(ResponseTemplate::new(403)).mount(&server).await;
    let message = Message { paths: vec!["/d".to_owned()], ..Message::default() };
    let failure = adapter.send(&Client::new().unwrap(), &message).await.unwrap_err();
    assert_eq!(failure.kind, SendErrorKind::Forbidden);
}

#[tokio::test]
async fn fastly_is_asked_with_256_keys_at_once() {
    let server = server(ResponseTemplate::new(200).set_body_json(json!({}))).await;
    let file = token("fastly-token\n");
    let fastly = Target {
        service_id: Some("SU1Z0isxPaozGVKXdv0eY".to_owned()),
        api: Some(server.uri()),
        token_file: Some(file.path().to_owned()),
        ..target(TargetKind::Fastly)
    };
    send(&fastly, 300, true).await.unwrap();
    send(&fastly, 1, false).await.unwrap();
    let asked = asked(&server).await;
    let lengths: Vec<_> =
        asked.iter().map(|request| body(request)["surrogate_keys"].as_array().unwrap().len()).collect();
    assert_eq!(lengths, [256, 44, 1]);
    for request in &asked {
        assert_eq!(request.method.as_str(), "POST");
        assert_eq!(request.url.path(), "/service/SU1Z0isxPaozGVKXdv0eY/purge");
        assert_eq!(header(request, "fastly-key"), "fastly-token");
    }
    let soft: Vec<_> = asked.iter().map(|request| header(request, "fastly-soft-purge")).collect();
    assert_eq!(soft, ["1", "1", ""]);
}

fn cloudflare(server: &MockServer, token: &tempfile::NamedTempFile) -> Target {
    Target {
        zone_id: Some("023e105f4ecef8ad9ca31a8372d0c353".to_owned()),
        api: Some(format!("{}/client/v4", server.uri())),
        token_file: Some(token.path().to_owned()),
        ..target(TargetKind::Cloudflare)
    }
}

#[tokio::test]
async fn cloudflare_is_asked_with_100_tags_at_once() {
    let done = json!({ "success": true, "errors": [], "messages": [], "result": { "id": "0" } });
    let server = server(ResponseTemplate::new(200).set_body_json(done)).await;
    let file = token("cf-token");
    send(&cloudflare(&server, &file), 250, true).await.unwrap();
    let asked = asked(&server).await;
    let lengths: Vec<_> =
        asked.iter().map(|request| body(request)["tags"].as_array().unwrap().len()).collect();
    assert_eq!(lengths, [100, 100, 50]);
    let expected = "/client/v4/zones/023e105f4ecef8ad9ca31a8372d0c353/purge_cache";
    for request in &asked {
        assert_eq!((request.method.as_str(), request.url.path()), ("POST", expected));
        assert_eq!(header(request, "authorization"), "Bearer cf-token");
        assert_eq!(header(request, "content-type"), "application/json");
    }
}

#[tokio::test]
async fn cloudflare_says_in_the_body_that_it_did_not_do_it() {
    let failed = json!({ "success": false, "errors": [{ "code": 1134, "message": "no cf-token" }] });
    let server = server(ResponseTemplate::new(200).set_body_json(failed)).await;
    let file = token("cf-token");
    let failure = send(&cloudflare(&server, &file), 1, false).await.unwrap_err();
    assert_eq!(failure.kind, SendErrorKind::Rejected);
    assert!(failure.message.contains("1134") && !failure.message.contains("cf-token"), "{}", failure.message);
}

#[tokio::test]
async fn akamai_is_asked_with_signed_bodies_of_50_000_bytes_at_most() {
    let done = json!({ "httpStatus": 201, "detail": "Request accepted", "estimatedSeconds": 5 });
    let server = server(ResponseTemplate::new(201).set_body_json(done)).await;
    let file = token(EDGERC);
    let akamai = Target {
        network: Some(Network::Staging),
        section: Some("spins".to_owned()),
        api: Some(server.uri()),
        token_file: Some(file.path().to_owned()),
        ..target(TargetKind::Akamai)
    };
    send(&akamai, 2_000, false).await.unwrap();
    send(&akamai, 1, true).await.unwrap();
    let asked = asked(&server).await;
    let paths: Vec<_> = asked.iter().map(|request| request.url.path()).collect();
    let delete = "/ccu/v3/delete/tag/staging";
    assert_eq!(paths, [delete, delete, "/ccu/v3/invalidate/tag/staging"]);
    let sent: usize = asked.iter().map(|request| body(request)["objects"].as_array().unwrap().len()).sum();
    assert_eq!(sent, 2_001);
    for request in &asked {
        assert!(request.body.len() <= 50_000);
        let signed = header(request, "authorization");
        assert!(signed.starts_with("EG1-HMAC-SHA256 client_token=akab-client;access_token=akab-access;"));
        assert!(!signed.contains("very-secret"));
    }
    let nonces: std::collections::BTreeSet<_> =
        asked.iter().map(|request| header(request, "authorization").split(';').nth(3)).collect();
    assert_eq!(nonces.len(), 3, "no request is taken for another one sent again");
}

#[tokio::test]
async fn a_webhook_is_told_tags_and_addresses_and_signs_what_it_is_told() {
    let server = server(ResponseTemplate::new(204)).await;
    let file = token("hook-secret");
    let hook = Target {
        endpoints: vec![format!("{}/purge?site=1", server.uri())],
        token_file: Some(file.path().to_owned()),
        ..target(TargetKind::Webhook)
    };
    target_is_valid(&hook);
    let adapter = Adapter::open(&hook).await.unwrap();
    let message = Message {
        key: "girasol-key".to_owned(),
        tags: vec!["c-1".to_owned()],
        paths: vec!["/a?b=1".to_owned()],
        soft: true,
        ..Message::default()
    };
    adapter.send(&Client::new().unwrap(), &message).await.unwrap();
    send(&hook, 1_500, false).await.unwrap();
    let asked = asked(&server).await;
    assert_eq!(
        body(&asked[0]),
        json!({ "id": "girasol-key-0", "tags": ["c-1"], "urls": ["/a?b=1"], "soft": true })
    );
    assert_eq!(asked[0].url.query(), Some("site=1"));
    assert!(header(&asked[0], "girasol-signature").starts_with("t="));
    assert_eq!(
        asked[1..].iter().map(|request| body(request)["id"].clone()).collect::<Vec<_>>(),
        ["girasol-key-0", "girasol-key-1"]
    );
}

const INVALIDATED: &str = r#"<?xml version="1.0"?>
<Invalidation xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Id>I1</Id><Status>InProgress</Status>
<CreateTime>2026-11-21T00:00:00Z</CreateTime><InvalidationBatch><Paths><Quantity>1</Quantity><Items><Path>/a</Path>
</Items></Paths><CallerReference>r</CallerReference></InvalidationBatch></Invalidation>"#;
const TOO_MANY: &str = r#"<?xml version="1.0"?>
<ErrorResponse xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Error><Type>Sender</Type>
<Code>TooManyInvalidationsInProgress</Code><Message>Processing your request will cause you to exceed the maximum.</Message>
</Error><RequestId>r</RequestId></ErrorResponse>"#;

/// With credentials of its own: those of the environment are none of a test's business.
fn cloudfront(server: &MockServer, tags: bool) -> Adapter {
    let credentials =
        Credentials::new("test-key", "test-secret", Some("test-token".to_owned()), None, "test");
    let provider = Some(SharedCredentialsProvider::new(credentials));
    Adapter::Cloudfront(Cloudfront::with_provider("E123", tags, Some(&server.uri()), provider))
}

#[tokio::test]
async fn cloudfront_invalidates_addresses_or_tags_under_a_reference_of_their_own() {
    let server = server(ResponseTemplate::new(201).set_body_string(INVALIDATED)).await;
    let client = Client::new().unwrap();
    let tags: Vec<String> = (0..3_001).map(|at| format!("s-{at}")).collect();
    let mut patterns: Vec<String> = (0..16).map(|at| format!("/{at}*")).collect();
    patterns.push("/s/1/000.avif".to_owned());
    let message = Message { key: "girasol-key".to_owned(), tags, patterns, ..Message::default() };
    cloudfront(&server, false).send(&client, &message).await.unwrap();
    cloudfront(&server, true).send(&client, &message).await.unwrap();
    let asked = asked(&server).await;
    let bodies: Vec<String> =
        asked.iter().map(|request| String::from_utf8(request.body.clone()).unwrap()).collect();
    let counts: Vec<_> = bodies.iter().map(|body| body.matches("<Path>").count()).collect();
    assert_eq!(counts, [15, 1, 1, 3_000, 1]);
    assert!(bodies[0].contains("<Path>/0*</Path>") && bodies[2].contains("<Path>/s/1/000.avif</Path>"));
    assert!(bodies[3].contains("<Path>#s-0</Path>"), "{}", &bodies[3][..300]);
    assert!(bodies[1].contains("<CallerReference>girasol-key-1</CallerReference>"), "{}", bodies[1]);
    for request in &asked {
        assert_eq!(request.url.path(), "/2020-05-31/distribution/E123/invalidation");
        assert!(header(request, "authorization").starts_with("AWS4-HMAC-SHA256 Credential=test-key/"));
        assert_eq!(header(request, "x-amz-security-token"), "test-token");
    }
}

#[tokio::test]
async fn cloudfront_has_too_much_to_do_in_words_of_its_own() {
    let server = server(ResponseTemplate::new(400).set_body_string(TOO_MANY)).await;
    let message = Message { patterns: vec!["/a*".to_owned()], ..Message::default() };
    let sent = cloudfront(&server, false).send(&Client::new().unwrap(), &message).await;
    let failure = sent.unwrap_err();
    assert_eq!(failure.kind, SendErrorKind::Busy(None));
    assert!(failure.message.contains("TooManyInvalidationsInProgress"), "{}", failure.message);
    assert_eq!(asked(&server).await.len(), 1, "it is tried again from the database alone");
}

#[tokio::test]
async fn every_service_is_understood_when_it_refuses_or_rests() {
    let file = token(EDGERC);
    let akamai = |api: String| Target {
        section: Some("spins".to_owned()),
        api: Some(api),
        token_file: Some(file.path().to_owned()),
        ..target(TargetKind::Akamai)
    };
    let short = token("very-secret=");
    let fastly = |api: String| Target {
        service_id: Some("S".to_owned()),
        api: Some(api),
        token_file: Some(short.path().to_owned()),
        ..target(TargetKind::Fastly)
    };
    let minute = Some(Duration::from_mins(1));
    for (status, kind) in [
        (401, SendErrorKind::Forbidden),
        (403, SendErrorKind::Forbidden),
        (400, SendErrorKind::Rejected),
        (413, SendErrorKind::Rejected),
        (301, SendErrorKind::Rejected),
        (429, SendErrorKind::Busy(minute)),
        (503, SendErrorKind::Busy(minute)),
        (500, SendErrorKind::Unreachable),
        (504, SendErrorKind::Unreachable),
    ] {
        let answer =
            ResponseTemplate::new(status).insert_header("retry-after", "60").set_body_string("very-secret=");
        let server = server(answer).await;
        let targets = [
            akamai(server.uri()),
            fastly(server.uri()),
            cloudflare(&server, &short),
            Target { endpoints: vec![server.uri()], ..target(TargetKind::Varnish) },
        ];
        for target in targets {
            let failure = send(&target, 1, false).await.unwrap_err();
            assert_eq!(failure.kind, kind, "{status} {}", target.name);
            assert!(failure.message.contains(&status.to_string()));
            assert!(target.name == "varnish" || !failure.message.contains("very-secret"));
        }
    }
}

#[tokio::test]
async fn a_token_that_is_missing_is_named_and_one_that_is_there_is_not_shown() {
    let fastly = Target { service_id: Some("S".to_owned()), ..target(TargetKind::Fastly) };
    let missing = Target { token_env: Some("GIRASOL_NO_SUCH_TOKEN".to_owned()), ..fastly.clone() };
    let said = Adapter::open(&missing).await.unwrap_err().to_string();
    assert_eq!(said, r#"purge.targets "fastly": the variable GIRASOL_NO_SUCH_TOKEN (token_env) is not set"#);
    let file = token("fastly-token");
    let there = Target { token_file: Some(file.path().to_owned()), ..fastly };
    let adapter = Adapter::open(&there).await.unwrap();
    assert!(!format!("{adapter:?}").contains("fastly-token"));
    let akamai = Target { token_file: Some(file.path().to_owned()), ..target(TargetKind::Akamai) };
    let said = Adapter::open(&akamai).await.unwrap_err().to_string();
    assert!(said.contains("client_token") && !said.contains("fastly-token"), "{said}");
}

async fn purger(targets: Vec<Target>) -> (tempfile::TempDir, Arc<Purger>) {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(folder.path()).await.unwrap();
    let settings = PurgeConfig { targets, ..PurgeConfig::default() };
    let purger = Purger::open(db, &settings, &Policy::default(), true).await.unwrap();
    (folder, Arc::new(purger))
}

#[tokio::test]
async fn one_cache_that_is_down_holds_up_none_of_the_others() {
    let well = server(ResponseTemplate::new(200)).await;
    let down = Target { endpoints: vec!["http://127.0.0.1:1".to_owned()], ..target(TargetKind::Varnish) };
    let nginx = Target { endpoints: vec![well.uri()], ..target(TargetKind::Nginx) };
    let hook = Target { endpoints: vec![well.uri()], ..target(TargetKind::Webhook) };
    let (_folder, purger) = purger(vec![down, nginx, hook]).await;
    let purge = Purge { tags: ["s-1".to_owned()].into(), ..Purge::default() };
    let id = purger.db.purge_by_hand("s-1", &purge, false, &Actor::command_line()).await.unwrap();
    let patience = Duration::from_mins(1);
    let sent = purger.deliver(&[id], Some(&purge), Rounds::First, patience).await.unwrap();
    let states: Vec<_> = sent.iter().map(|sent| (sent.name.as_str(), sent.state.as_str())).collect();
    assert_eq!(states, [("varnish", "pending"), ("nginx", "skipped"), ("webhook", "purged")]);
    assert!(sent[0].state.error().unwrap().contains("refused"));
    let open = purger.db.open_deliveries(10).await.unwrap();
    assert_eq!(open.iter().map(|open| open.target.as_str()).collect::<Vec<_>>(), ["varnish"]);
}

#[tokio::test]
async fn purges_that_are_due_are_sent_together_after_an_eviction() {
    let hook = server(ResponseTemplate::new(200)).await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).mount(&hook).await;
    let (_folder, purger) =
        purger(vec![Target { endpoints: vec![hook.uri()], ..target(TargetKind::Webhook) }]).await;
    let mut ids = Vec::new();
    for metal in ["gold", "silver"] {
        let id: ConfigId = format!("ring.solitaire.metal-{metal}").parse().unwrap();
        let (purge, actor) = (Purge::configuration(&id), Actor::command_line());
        ids.push(purger.db.purge_by_hand(id.as_str(), &purge, false, &actor).await.unwrap());
    }
    let evictions = Arc::new(AtomicUsize::new(0));
    let mut background = Background::default();
    purger.start(&mut background, {
        let evictions = evictions.clone();
        move || {
            evictions.fetch_add(1, Ordering::Relaxed);
        }
    });
    let patience = Duration::from_mins(1);
    let outcomes = purger.wait_until_delivered(&ids, None, Rounds::Second, patience).await.unwrap();
    background.stop(patience).await;
    assert_eq!(outcomes[0].state, OutcomeState::Purged);
    let asked = asked(&hook).await;
    assert_eq!((asked.len(), body(&asked[0])["tags"].as_array().unwrap().len()), (1, 3));
    assert_eq!(evictions.load(Ordering::Relaxed), 1);
    assert!(body(&asked[0])["urls"].as_array().unwrap().len() > 20);
}
