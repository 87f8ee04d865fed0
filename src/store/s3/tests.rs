//! A bucket on the tests' S3 server, for each test.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_s3::config::Credentials;
use aws_smithy_async::time::StaticTimeSource;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{write::PART_BYTES, *};
use crate::{
    config::StoreKind,
    store::{ObjectKey, Trouble, bucket_server},
};

/// An empty bucket; `None` where there is no S3 server.
pub(in crate::store) async fn bucket(settings: StoreConfig) -> Option<S3> {
    static BUCKETS: AtomicU32 = AtomicU32::new(0);
    let address = bucket_server::address()?;
    let settings = StoreConfig {
        kind: StoreKind::S3,
        bucket: format!("bucket-{}-{}", std::process::id(), BUCKETS.fetch_add(1, Ordering::Relaxed)),
        region: Some(ANY_REGION.to_owned()),
        endpoint: Some(address.to_owned()),
        path_style: true,
        ..settings
    };
    assert_eq!(settings.validate(), Ok(()));
    let s3 = with_key(&settings, bucket_server::credentials()).await;
    s3.client.create_bucket().bucket(&s3.bucket).send().await.unwrap();
    Some(s3)
}

/// The same bucket by a key of one's own: its id and its secret.
async fn with_key(settings: &StoreConfig, (key, secret): (String, String)) -> S3 {
    let credentials = Credentials::new(key, secret, None, None, "tests");
    S3::with(settings, &loader(settings).credentials_provider(credentials).load().await)
}

impl S3 {
    /// Puts other bytes where the object is.
    pub(in crate::store) async fn damage(&self, key: &Address, bytes: &[u8]) {
        self.write(key, bytes, Place::Any).await.unwrap();
    }
}

fn pack(bytes: &[u8]) -> Address {
    ObjectKey::Pack(assets_pipeline::digest::Digest::of(bytes)).within(Namespace::Public)
}

#[tokio::test]
async fn a_bucket_carries_all_that_a_cdn_needs() {
    let settings = StoreConfig { prefix: "spins/live".to_owned(), ..StoreConfig::default() };
    let Some(s3) = bucket(settings).await else { return };
    let key = pack(b"frames");
    s3.put(&key, b"frames").await.unwrap();
    let name = format!("spins/live/{key}");
    let head = s3.client.head_object().bucket(&s3.bucket).key(&name).send().await.unwrap();
    assert_eq!(head.content_type(), Some("application/octet-stream"));
    assert_eq!(head.cache_control(), Some("public, max-age=31536000, immutable"));
    assert_eq!(head.metadata().unwrap()["surrogate-key"], key.key.cache_tag());
    let got = s3.client.get_object().bucket(&s3.bucket).key(&name).send().await.unwrap();
    // Not every server knows checksums.
    if bucket_server::is_moto() {
        assert!(got.checksum_sha256().is_some(), "read with the checksum that it was written with");
    }
    // Objects beside the prefix are not the store's.
    let other = s3.client.put_object().bucket(&s3.bucket).key("spins/live/notes.txt");
    other.body(ByteStream::from_static(b"mine")).send().await.unwrap();
    assert_eq!(s3.list(Duration::ZERO).await.unwrap(), [key]);
}

#[tokio::test]
async fn a_server_that_knows_no_checksums_is_sent_none() {
    let settings = StoreConfig { checksums: Checksums::WhenRequired, ..StoreConfig::default() };
    let Some(s3) = bucket(settings).await else { return };
    let key = pack(b"frames");
    s3.put(&key, b"frames").await.unwrap();
    assert_eq!(s3.get(&key).await.unwrap().as_deref(), Some(b"frames".as_slice()));
    let head = s3.client.get_object().bucket(&s3.bucket).key(key.to_string()).send().await.unwrap();
    assert_eq!((head.checksum_sha256(), head.checksum_crc32()), (None, None));
}

#[tokio::test]
async fn a_large_object_goes_in_parts_and_is_still_written_once() {
    let Some(s3) = bucket(StoreConfig::default()).await else { return };
    let bytes: Vec<u8> = (0..PART_BYTES as usize + 1000).map(|at| (at / 1000) as u8).collect();
    let key = pack(&bytes);
    s3.put(&key, &bytes).await.unwrap();
    let head = s3.client.head_object().bucket(&s3.bucket).key(key.to_string()).send().await.unwrap();
    assert!(head.e_tag().unwrap().ends_with("-2\""), "{head:?}");
    assert_eq!(head.metadata().unwrap()["surrogate-key"], key.key.cache_tag());
    assert_eq!(s3.get(&key).await.unwrap().as_deref(), Some(bytes.as_slice()));
    s3.put(&key, &bytes).await.unwrap();
    assert_eq!(s3.client.list_multipart_uploads().bucket(&s3.bucket).send().await.unwrap().uploads(), []);
}

#[tokio::test]
async fn an_upload_that_was_never_finished_goes_when_it_is_old() {
    let Some(s3) = bucket(StoreConfig::default()).await else { return };
    let begun = s3.client.create_multipart_upload().bucket(&s3.bucket).key(pack(b"frames").to_string());
    begun.send().await.unwrap();
    let uploads = async || {
        let list = s3.client.list_multipart_uploads().bucket(&s3.bucket);
        list.send().await.unwrap().uploads().len()
    };
    s3.list(Duration::from_hours(24 * 365 * 50)).await.unwrap();
    assert_eq!(uploads().await, 1);
    // A server may say by the second when an upload began, and by the next one.
    for _ in 0..100 {
        s3.list(Duration::ZERO).await.unwrap();
        if uploads().await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the upload is still there");
}

#[tokio::test]
async fn more_than_a_page_is_listed() {
    let Some(s3) = bucket(StoreConfig::default()).await else { return };
    let set = assets_pipeline::digest::Digest::of(b"set");
    let put = |degree: u16| {
        let s3 = &s3;
        let key = ObjectKey::Frame { set, degree, format: assets_pipeline::plan::tiers::Format::Webp }
            .within(Namespace::Public);
        async move { s3.put(&key, b"frame").await.unwrap() }
    };
    futures_util::future::join_all((0..7).map(put)).await;
    let pages = s3.client.list_objects_v2().bucket(&s3.bucket).max_keys(3).send().await.unwrap();
    assert_eq!(pages.is_truncated(), Some(true), "the server pages at all");
    assert_eq!(s3.list_by(3, Duration::ZERO).await.unwrap().len(), 7);
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_not_an_absent_object() {
    let Some(mut s3) = bucket(StoreConfig::default()).await else { return };
    s3.ping().await.unwrap();
    s3.bucket = "nowhere".to_owned();
    s3.connection.writer.bucket = s3.bucket.clone();
    let key = pack(b"frames");
    assert_eq!(s3.get(&key).await.unwrap_err().to_string(), "S3 answered 404 (NoSuchBucket)");
    assert!(s3.put(&key, b"frames").await.is_err());
    assert!(s3.list(Duration::ZERO).await.is_err());
    assert!(s3.ping().await.is_err());
}

/// A server that gives every request the same answer, and the settings for it.
async fn answering(status: &str, headers: &str, code: &str) -> S3 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = StoreConfig {
        bucket: "spins".to_owned(),
        region: Some(ANY_REGION.to_owned()),
        endpoint: Some(format!("http://{}", listener.local_addr().unwrap())),
        path_style: true,
        attempts: 1,
        ..StoreConfig::default()
    };
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>");
    let answer = format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let credentials = Credentials::new("test-key", "secret", None, None, "tests");
    S3::with(&settings, &loader(&settings).credentials_provider(credentials).load().await)
}

#[tokio::test]
async fn a_probe_tells_what_an_operator_has_to_change() {
    let region = "x-amz-bucket-region: eu-central-1\r\n";
    for (status, headers, code, trouble) in [
        ("403 Forbidden", "", "AccessDenied", Trouble::AccessDenied),
        ("403 Forbidden", "", "SignatureDoesNotMatch", Trouble::BadCredentials),
        ("403 Forbidden", "", "InvalidAccessKeyId", Trouble::BadCredentials),
        ("403 Forbidden", "", "RequestTimeTooSkewed", Trouble::WrongClock),
        ("404 Not Found", "", "NoSuchBucket", Trouble::NoSuchBucket),
        ("301 Moved", region, "PermanentRedirect", Trouble::WrongRegion(Some("eu-central-1".to_owned()))),
        (
            "400 Bad Request",
            region,
            "AuthorizationHeaderMalformed",
            Trouble::WrongRegion(Some("eu-central-1".to_owned())),
        ),
        ("500 Oops", "", "InternalError", Trouble::Busy),
    ] {
        let error = answering(status, headers, code).await.probe().await.unwrap_err();
        assert_eq!(Trouble::of(error.as_ref()), trouble, "{code}: {error:?}");
    }
    let Some(s3) = bucket(StoreConfig::default()).await else { return };
    s3.probe().await.unwrap();
    assert_eq!(s3.list(Duration::ZERO).await.unwrap(), []);
}

/// moto looks at no signature.
#[tokio::test]
async fn a_server_that_checks_signatures_tells_what_is_wrong_with_them() {
    if bucket_server::is_moto() {
        return;
    }
    let Some(s3) = bucket(StoreConfig::default()).await else { return };
    let settings = &s3.connection.settings;
    let (key, _) = bucket_server::credentials();
    let refused = async |other: S3| {
        let error = other.probe().await.unwrap_err();
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        Trouble::of(error.as_ref())
    };
    let forged = with_key(settings, (key, "not-the-secret".to_owned())).await;
    assert_eq!(refused(forged).await, Trouble::BadCredentials);
    let late = SystemTime::now() - Duration::from_mins(20);
    let (key, secret) = bucket_server::credentials();
    let loader = loader(settings).credentials_provider(Credentials::new(key, secret, None, None, "tests"));
    let late = loader.time_source(StaticTimeSource::new(late)).load().await;
    // The client learns the server's time from its answer, and asks again by that.
    S3::with(settings, &late).probe().await.unwrap();
    if bucket_server::is_swift() {
        let elsewhere = StoreConfig { region: Some("eu-central-1".to_owned()), ..settings.clone() };
        let elsewhere = with_key(&elsewhere, bucket_server::credentials()).await;
        assert_eq!(refused(elsewhere).await, Trouble::WrongRegion(Some(ANY_REGION.to_owned())));
    }
    if let Some(stranger) = bucket_server::stranger() {
        let stranger = with_key(settings, stranger).await;
        s3.put(&pack(b"frames"), b"frames").await.unwrap();
        assert_eq!(
            Trouble::of(stranger.get(&pack(b"frames")).await.unwrap_err().as_ref()),
            Trouble::AccessDenied
        );
        assert!(stranger.put(&pack(b"others"), b"others").await.is_err());
        assert!(stranger.remove(&pack(b"frames")).await.is_err());
        assert_eq!(refused(stranger).await, Trouble::AccessDenied);
        assert_eq!(s3.list(Duration::ZERO).await.unwrap(), [pack(b"frames")]);
    }
}

#[tokio::test]
async fn a_server_that_knows_no_conditions_is_asked_for_them_once() {
    let Some(s3) = bucket(StoreConfig::default()).await else { return };
    for _ in 0..2 {
        s3.put(&pack(b"frames"), b"frames").await.unwrap();
    }
    if bucket_server::is_moto() || bucket_server::is_swift() {
        assert_eq!(s3.knows_no_conditions.load(Ordering::Relaxed), bucket_server::is_swift());
    }
    s3.put(&pack(b"others"), b"others").await.unwrap();
    assert_eq!(s3.get(&pack(b"others")).await.unwrap().as_deref(), Some(b"others".as_slice()));
}

#[tokio::test]
async fn a_file_goes_with_its_digest_signed_in_one_part_and_in_several() {
    for checksums in [Checksums::WhenSupported, Checksums::WhenRequired] {
        let Some(s3) = bucket(StoreConfig { checksums, ..StoreConfig::default() }).await else { return };
        let folder = tempfile::tempdir().unwrap();
        for length in [0, 5, PART_BYTES, 2 * PART_BYTES + 7] {
            let bytes: Vec<u8> = (0..length).map(|at| (at / 1000) as u8).collect();
            let (path, key) = (folder.path().join("frame"), format!("ring {length} + 100% & ü.png"));
            std::fs::write(&path, &bytes).unwrap();
            let object = Object { key: key.clone(), ..Object::default() };
            s3.connection.writer.write(&object, Body::File(&path, length)).await.unwrap();
            let got = s3.client.get_object().bucket(&s3.bucket).key(&key).send().await.unwrap();
            assert_eq!(got.body.collect().await.unwrap().to_vec(), bytes);
            // A file that has become shorter is an error, and leaves nothing.
            let object = Object { key: format!("short {length}"), ..Object::default() };
            let short = s3.connection.writer.write(&object, Body::File(&path, length + 1)).await;
            assert!(matches!(short.unwrap_err(), Failure::Body(_)));
        }
        let listed = s3.client.list_objects_v2().bucket(&s3.bucket).send().await.unwrap();
        assert_eq!(listed.contents().len(), 4);
        let left = s3.client.list_multipart_uploads().bucket(&s3.bucket).send().await.unwrap();
        assert_eq!(left.uploads(), []);
    }
}

#[tokio::test]
async fn a_signed_address_reads_one_object_for_its_time() {
    let Some(s3) = bucket(StoreConfig::default()).await else { return };
    let (key, other) = (pack(b"frames"), pack(b"others"));
    for (key, bytes) in [(&key, b"frames"), (&other, b"others")] {
        s3.put(key, bytes).await.unwrap();
    }
    let signed = s3.presigned(&key, Duration::from_mins(5)).await.unwrap();
    let ask = async |url: &str, range: &str| {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = client.get(url).header("range", range).send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
    };
    assert_eq!(ask(&signed, "bytes=1-3").await, (206, b"ram".to_vec()));
    assert_eq!(ask(&signed, "bytes=4-").await, (206, b"es".to_vec()));
    assert_eq!(ask(&signed, "bytes=9-").await.0, 416);
    if bucket_server::is_moto() {
        return;
    }
    for forged in [
        signed.replace(&key.to_string(), &other.to_string()),
        signed.replace("X-Amz-Expires=300", "X-Amz-Expires=3000"),
        signed.split_once('?').unwrap().0.to_owned(),
    ] {
        assert_ne!(forged, signed);
        let (status, _) = ask(&forged, "bytes=1-3").await;
        assert!((400..500).contains(&status), "{status} {forged}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_without_credentials_in_it() {
    let settings = StoreConfig {
        bucket: "bucket".to_owned(),
        region: Some(ANY_REGION.to_owned()),
        // A port that no server can listen on.
        endpoint: Some("http://127.0.0.1:1".to_owned()),
        attempts: 2,
        ..StoreConfig::default()
    };
    let credentials = Credentials::new("AKIDTEST", "verysecret", Some("token".to_owned()), None, "tests");
    let s3 = S3::with(&settings, &loader(&settings).credentials_provider(credentials).load().await);
    let error = s3.get(&pack(b"frames")).await.unwrap_err();
    let said = format!("{error:?}");
    assert!(
        matches!(*error.downcast::<Failure>().unwrap(), Failure::NoAnswer(_) | Failure::TooSlow),
        "{said}"
    );
    for secret in ["AKIDTEST", "verysecret", "token"] {
        assert!(!said.contains(secret), "{said}");
    }
}

/// A server that takes every connection and says nothing.
async fn silent() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok(connection) = listener.accept().await {
            held.push(connection);
        }
    });
    address
}

/// The same bucket as `s3`, whose own endpoint says nothing and whose replica is the one of `s3`.
async fn behind_a_silent_endpoint(s3: &S3, hedge_ms: u64) -> S3 {
    let settings = StoreConfig {
        endpoint: Some(silent().await),
        read_endpoints: s3.connection.settings.endpoint.iter().cloned().collect(),
        hedge_ms,
        attempts: 1,
        attempt_timeout_ms: 500,
        ..s3.connection.settings.clone()
    };
    assert_eq!(settings.validate(), Ok(()));
    with_key(&settings, bucket_server::credentials()).await
}

#[tokio::test]
async fn a_replica_answers_in_place_of_an_endpoint_that_does_not() {
    let Some(s3) = bucket(StoreConfig::default()).await else { return };
    let key = pack(b"frames");
    s3.put(&key, b"frames").await.unwrap();
    let read = behind_a_silent_endpoint(&s3, 20).await.get(&key).await.unwrap();
    assert_eq!(read.as_deref(), Some(b"frames".as_slice()), "the second question is answered");
}

#[tokio::test]
async fn a_replica_that_has_no_object_says_nothing_of_the_bucket() {
    let Some(s3) = bucket(StoreConfig::default()).await else { return };
    let lonely = behind_a_silent_endpoint(&s3, 20).await;
    let error = lonely.get(&pack(b"frames")).await.unwrap_err();
    assert!(matches!(*error.downcast::<Failure>().unwrap(), Failure::TooSlow));
}

#[tokio::test]
async fn a_server_that_has_just_not_answered_is_not_asked_by_every_read() {
    let Some(s3) = bucket(StoreConfig::default()).await else { return };
    let key = pack(b"frames");
    let mut lonely = behind_a_silent_endpoint(&s3, 0).await;
    lonely.reads = Reads::of(vec![lonely.client.clone()], None);
    assert!(lonely.get(&key).await.is_err());
    let error = lonely.get(&key).await.unwrap_err();
    assert!(matches!(*error.downcast::<Failure>().unwrap(), Failure::Away));
}

#[test]
fn second_questions_are_a_small_share_of_all() {
    let reads = Reads::of(Vec::new(), None);
    assert_eq!((0..100).filter(|_| reads.may_ask_again()).count(), 10);
    let mut second = 0;
    for _ in 0..1000 {
        reads.earn();
        second += usize::from(reads.may_ask_again());
    }
    assert_eq!(second, 50);
}

#[test]
fn a_server_that_cannot_serve_now_may_in_a_while() {
    let of = |status, code: &str| {
        let failure = Failure::Answer { status, code: code.to_owned(), region: None };
        Trouble::of(&failure).is_passing()
    };
    for (status, code) in
        [(500, "InternalError"), (503, "SlowDown"), (504, "no code"), (429, "TooManyRequests")]
    {
        assert!(of(status, code), "{status} {code}");
    }
    for (status, code) in
        [(403, "AccessDenied"), (404, "NoSuchBucket"), (501, "NotImplemented"), (400, "InvalidRequest")]
    {
        assert!(!of(status, code), "{status} {code}");
    }
}

#[test]
fn one_object_that_is_denied_or_put_away_is_no_trouble_of_the_bucket() {
    let answer = |status, code: &str| Failure::Answer { status, code: code.to_owned(), region: None };
    for (failure, expected) in [
        (answer(403, "AccessDenied"), true),
        (answer(403, "InvalidObjectState"), true),
        (Failure::CutShort { length: 9, got: 5 }, true),
        (answer(403, "SignatureDoesNotMatch"), false),
        (answer(404, "NoSuchBucket"), false),
        (answer(301, "PermanentRedirect"), false),
        (answer(503, "SlowDown"), false),
        (answer(429, "TooManyRequests"), false),
        (Failure::Away, false),
        (Failure::TooSlow, false),
    ] {
        assert_eq!(is_of_object(&failure), Some(expected), "{failure}");
    }
}
