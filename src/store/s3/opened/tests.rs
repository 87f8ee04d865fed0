//! Servers that break off, fall silent and know no ranges.

use std::sync::{Arc, Mutex};

use assets_pipeline::digest::Digest;
use aws_sdk_s3::config::Credentials;
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::{
    config::{StoreConfig, StoreKind},
    domain::{namespace::Namespace, object_key::ObjectKey},
    store::s3::loader,
};

/// What becomes of one answer.
#[derive(Debug, Clone, Copy)]
enum Course {
    /// It goes to its end.
    Whole,
    /// The same, whatever range was asked for.
    WithoutRanges,
    /// It breaks off before this byte of the object.
    BreaksOff(usize),
    /// Nothing comes from this byte on.
    FallsSilent(usize),
    /// The server fails.
    Fails,
}

/// A server of one object, whose answers each take their course, and from where on it was asked for the object.
struct Scripted {
    address: String,
    asked: Arc<Mutex<Vec<usize>>>,
}

impl Scripted {
    async fn start(object: &[u8], courses: &[Course]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (object, courses) = (object.to_vec(), courses.to_vec());
        let asked = Arc::<Mutex<Vec<usize>>>::default();
        let noted = asked.clone();
        tokio::spawn(async move {
            let mut courses = courses.into_iter();
            while let Ok((stream, _)) = listener.accept().await {
                let course = courses.next().unwrap_or(Course::Fails);
                tokio::spawn(answer(stream, object.clone(), course, noted.clone()));
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<usize> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(mut stream: TcpStream, object: Vec<u8>, course: Course, asked: Arc<Mutex<Vec<usize>>>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    let request = String::from_utf8(request).unwrap().to_ascii_lowercase();
    let range = request.lines().find_map(|line| line.strip_prefix("range: bytes=")?.strip_suffix('-'));
    let from = range.map_or(0, |from| from.parse().unwrap());
    asked.lock().unwrap().push(from);
    let length = object.len();
    let sha256 = BASE64_STANDARD.encode(Sha256::digest(&object));
    let lines = format!("connection: close\r\nx-amz-meta-sha256: {sha256}\r\n");
    let (from, head) = match course {
        Course::Fails => (length, "HTTP/1.1 500 Oops\r\nconnection: close\r\n\r\n".to_owned()),
        _ if range.is_none() || matches!(course, Course::WithoutRanges) => {
            (0, format!("HTTP/1.1 200 OK\r\n{lines}content-length: {length}\r\n\r\n"))
        }
        _ => {
            let range = format!("content-range: bytes {from}-{}/{length}\r\n", length - 1);
            (from, format!("HTTP/1.1 206 Part\r\n{lines}{range}content-length: {}\r\n\r\n", length - from))
        }
    };
    let until = match course {
        Course::BreaksOff(until) | Course::FallsSilent(until) => until,
        _ => length,
    };
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&object[from..until]).await.unwrap();
    if let Course::FallsSilent(_) = course {
        // Until the client leaves.
        let _ = stream.read(&mut [0]).await;
    }
}

fn object(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

async fn behind(endpoints: &[&Scripted], hedge_ms: u64) -> Arc<S3> {
    let settings = StoreConfig {
        kind: StoreKind::S3,
        bucket: "spins".to_owned(),
        region: Some("us-east-1".to_owned()),
        endpoint: Some(endpoints[0].address.clone()),
        read_endpoints: endpoints[1..].iter().map(|server| server.address.clone()).collect(),
        path_style: true,
        attempts: 3,
        attempt_timeout_ms: 60_000,
        hedge_ms,
        ..StoreConfig::default()
    };
    assert_eq!(settings.validate(), Ok(()));
    let credentials = Credentials::new("test-key", "secret", None, None, "tests");
    Arc::new(S3::with(&settings, &loader(&settings).credentials_provider(credentials).load().await))
}

async fn open(s3: &Arc<S3>, bytes: &[u8]) -> Opened {
    let key = ObjectKey::Pack(Digest::of(bytes)).within(Namespace::Public);
    s3.open_object(&key).await.unwrap().unwrap()
}

/// All that comes of a large object.
async fn read(s3: &Arc<S3>, bytes: &[u8]) -> Result<Vec<u8>, Cause> {
    let Opened::Arriving(mut arriving) = open(s3, bytes).await else { panic!("it is large") };
    let sha256 = Sha256::digest(bytes).into();
    assert_eq!(arriving.facts, Facts { length: bytes.len(), sha256 });
    let mut got = Vec::new();
    while let Some(piece) = arriving.next().await? {
        got.extend_from_slice(&piece);
    }
    Ok(got)
}

#[tokio::test]
async fn an_object_that_breaks_off_is_resumed_where_it_broke() {
    let bytes = object(300_000);
    let courses = [Course::BreaksOff(100_000), Course::BreaksOff(200_000), Course::Whole];
    let server = Scripted::start(&bytes, &courses).await;
    assert!(read(&behind(&[&server], 0).await, &bytes).await.unwrap() == bytes);
    assert_eq!(server.asked(), [0, 100_000, 200_000]);
}

#[tokio::test]
async fn an_object_is_resumed_so_many_times() {
    let bytes = object(300_000);
    let server = Scripted::start(&bytes, &[Course::BreaksOff(100_000); 9]).await;
    let error = read(&behind(&[&server], 0).await, &bytes).await.unwrap_err();
    assert!(matches!(*error.downcast::<Failure>().unwrap(), Failure::Body(_) | Failure::CutShort { .. }));
    assert_eq!(server.asked(), [0, 100_000, 100_000]);
}

#[tokio::test]
async fn a_server_that_knows_no_ranges_gives_the_same_bytes() {
    let bytes = object(300_000);
    let server = Scripted::start(&bytes, &[Course::BreaksOff(100_000), Course::WithoutRanges]).await;
    assert!(read(&behind(&[&server], 0).await, &bytes).await.unwrap() == bytes);
}

#[tokio::test]
async fn an_endpoint_that_falls_silent_is_not_waited_for() {
    let bytes = object(300_000);
    let silent = Scripted::start(&bytes, &[Course::FallsSilent(100_000)]).await;
    let replica = Scripted::start(&bytes, &[Course::Whole]).await;
    assert!(read(&behind(&[&silent, &replica], 20).await, &bytes).await.unwrap() == bytes);
    assert_eq!((silent.asked(), replica.asked()), (vec![0], vec![100_000]));
}

#[tokio::test]
async fn another_endpoint_has_the_rest_of_what_breaks_off() {
    let bytes = object(300_000);
    let first = Scripted::start(&bytes, &[Course::BreaksOff(100_000)]).await;
    let replica = Scripted::start(&bytes, &[Course::Whole]).await;
    assert!(read(&behind(&[&first, &replica], 0).await, &bytes).await.unwrap() == bytes);
    assert_eq!((first.asked(), replica.asked()), (vec![0], vec![100_000]));
}

#[tokio::test]
async fn what_is_small_comes_whole() {
    let bytes = object(64 * 1024);
    let server = Scripted::start(&bytes, &[Course::BreaksOff(1000), Course::Whole]).await;
    let opened = open(&behind(&[&server], 0).await, &bytes).await;
    assert!(matches!(opened, Opened::Whole(whole) if whole == bytes));
}
