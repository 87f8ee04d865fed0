//! Room on the disk: promises, the quota of a key, and a disk that takes no more.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::Command,
};

use reqwest::Method;
use serde_json::Value;

use crate::{
    artist::{Artist, file, parts_left, ring},
    girasol::{Server, girasol, header, key, problem},
};

fn free_bytes(folder: &Path) -> u64 {
    let disk = rustix::fs::statvfs(folder).unwrap();
    disk.f_bavail * disk.f_frsize
}

fn artist_with(data: &Path, settings: &str) -> Artist {
    let bearer = format!("Bearer {}", key(data, "artist"));
    Artist { server: Server::start_with(data, settings), bearer }
}

#[tokio::test]
async fn what_is_promised_leaves_the_disk_what_has_to_stay_free() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    // Half of the disk has to stay free, and each promise is a third of it: one fits, and two do not.
    let free = free_bytes(data);
    let promise = free / 3;
    let limits = format!(
        "[uploads]\ndisk_min_free_bytes = {}\nframe_max_bytes = {free}\narchive_max_bytes = {free}\nkey_max_bytes = {}\n",
        free / 2,
        2 * free
    );
    let artist = artist_with(data, &limits);
    let set = artist.open(&ring()).await;
    let begin = async |name: &str| artist.begin(&set, name, promise as usize).await;

    // Nine at once are promised one place.
    let names: Vec<_> = (0..9).map(|name| format!("{name}.png")).collect();
    let begun = futures_util::future::join_all(names.iter().map(|name| begin(name))).await;
    let (begun, refused): (Vec<_>, Vec<_>) = begun.into_iter().partition(|begun| begun.status() == 201);
    assert_eq!((begun.len(), refused.len()), (1, 8));
    for refused in refused {
        assert_eq!(problem(refused, 507).await, "disk-full");
    }

    // Nor does a file fit that is sent in one request.
    let announced = |bytes: u64| {
        let mut connection = TcpStream::connect(artist.server.base.strip_prefix("http://").unwrap()).unwrap();
        write!(
            connection,
            "PUT {set}/frames/1.png HTTP/1.1\r\nHost: a\r\nAuthorization: {}\r\nContent-Length: {bytes}\r\n\r\n",
            artist.bearer
        )
        .unwrap();
        connection
    };
    let mut answer = String::new();
    let _cut = announced(promise).read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 507"), "{answer}");

    // An upload that is given up gives its room back, and a request holds it in the same way.
    let upload = header(begun[0].headers(), "location").to_owned();
    assert_eq!(artist.tus(Method::DELETE, &upload).send().await.unwrap().status(), 204);
    let held = announced(promise);
    while parts_left(data) == 0 {}
    assert_eq!(problem(begin("2.png").await, 507).await, "disk-full");
    drop(held);
    while begin("2.png").await.status() != 201 {}
}

#[tokio::test]
async fn a_key_has_a_quota_however_its_bytes_come() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let artist = artist_with(data, "[uploads]\nkey_max_bytes = 2500\n");
    let set = artist.open(&ring()).await;
    let put = async |name: &str, bytes: Vec<u8>| artist.put(&set, name, &bytes).await;
    assert_eq!(put("1.png", file(1000)).await.status(), 201);
    // A frame that is replaced leaves its file.
    assert_eq!(put("1.png", file(1001)).await.status(), 201);
    let refused = put("1.png", file(1002)).await;
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["status"], 413);
    assert_eq!(body["type"], "urn:problem-type:girasol:quota-exceeded");
    assert!(body["detail"].as_str().unwrap().contains("at most 2500 bytes"), "{body}");

    // Without a length it is counted as it comes.
    let mut connection = TcpStream::connect(artist.server.base.strip_prefix("http://").unwrap()).unwrap();
    write!(
        connection,
        "PUT {set}/frames/2.png HTTP/1.1\r\nHost: a\r\nAuthorization: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
        artist.bearer
    )
    .unwrap();
    for chunk in (0..8).map(|_| String::from_utf8(vec![b'a'; 200]).unwrap()) {
        // The server may have refused it by now.
        let _ = write!(connection, "c8\r\n{chunk}\r\n");
    }
    let mut answer = [0; 12];
    connection.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    assert_eq!(problem(artist.begin(&set, "2.png", 600).await, 413).await, "quota-exceeded");
    let several = futures_util::future::join_all((0..6).map(|at| put("3.png", file(400 + at)))).await;
    assert_eq!(several.iter().filter(|put| put.status() == 201).count(), 1);

    // Another key has its own.
    let other = Artist { bearer: format!("Bearer {}", key(data, "artist")), server: artist.server };
    let others = other.open(&ring()).await;
    assert_eq!(other.put(&others, "1.png", &file(1000)).await.status(), 201);
    let artist = Artist { bearer: artist.bearer, server: other.server };
    assert_eq!(artist.request(Method::DELETE, &set).send().await.unwrap().status(), 204);
    let set = artist.open(&ring()).await;
    assert_eq!(artist.put(&set, "1.png", &file(1000)).await.status(), 201);
    assert_eq!(parts_left(data), 0);
}

#[test]
fn a_result_that_cannot_be_written_fails_the_command() {
    let folder = tempfile::tempdir().unwrap();
    // Takes every write, and has no room for any.
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = girasol()
        .args(["key", "create", "--role", "artist", "--data"])
        .arg(folder.path())
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the result could not be written"));
}

/// `RLIMIT_FSIZE` stands for a full disk, which takes root to make: the system refuses to let a file grow.
#[tokio::test]
async fn a_disk_that_takes_no_more_is_507_and_the_server_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let bearer = format!("Bearer {}", key(data, "artist"));
    let binary = girasol();
    let mut limited = Command::new("sh");
    // 8 MiB in the blocks of 512 bytes that `ulimit` counts in, or 16 where they have 1,024. The system's signal does not end
    // the server.
    limited.args(["-c", "ulimit -f 16384; exec \"$0\" \"$@\""]).arg(binary.get_program());
    limited.args(["serve", "--log", "warn"]);
    let artist = Artist { server: Server::start_by(limited, data), bearer };
    let set = artist.open(&ring()).await;
    for _ in 0..2 {
        let refused = artist.put(&set, "1.png", &file(20 << 20)).await;
        let body: Value = refused.json().await.unwrap();
        assert_eq!(
            (&body["status"], &body["type"]),
            (&507.into(), &"urn:problem-type:girasol:disk-full".into())
        );
        assert_eq!(body["detail"], "the disk of the server is full");
    }
    let upload = artist.begin(&set, "2.png", 20 << 20).await;
    let upload = header(upload.headers(), "location").to_owned();
    let sent = artist.part(&upload, 0, &file(20 << 20)).send().await.unwrap();
    assert_eq!(problem(sent, 507).await, "disk-full");

    assert_eq!(artist.put(&set, "1.png", &file(1000)).await.status(), 201);
    assert_eq!(artist.show(&set).await["frames"], 1);
    assert_eq!(artist.server.get("/api/health/ready", &[]).await.status(), 200);
    artist.tus(Method::DELETE, &upload).send().await.unwrap();
    assert_eq!(parts_left(data), 0);
}
