//! Frames and packs from a bucket or a CDN, with the origin out of the way.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::{
    bucket_fixture::Bucket,
    fault_proxy::Faults,
    girasol::{Server, header, sequence},
    s3::files,
};

const GOLD: &str = "ring.solitaire.metal-gold.stone-diamond";

/// The way from here to a file.
async fn way(server: &Server, method: Method, file: &str, caching: &str) -> String {
    let response = server.send(method, file, &[("origin", "https://shop.example")]).await;
    assert_eq!(response.status(), 307, "{file}");
    assert_eq!(header(response.headers(), "cache-control"), caching);
    assert_eq!(header(response.headers(), "access-control-allow-origin"), "*");
    header(response.headers(), "location").to_owned()
}

async fn may_load_from(server: &Server, base: &str) {
    let response = server.get("/studio", &[]).await;
    let policy = header(response.headers(), "content-security-policy");
    assert!(policy.contains(&format!("connect-src 'self' {base};")), "{policy}");
}

#[tokio::test]
async fn visitors_are_sent_to_the_cdn_at_once() {
    let Some(bucket) = Bucket::new("cdn", Faults::None).await else { return };
    bucket.ingest("gold", [212, 175, 95]);
    let served = bucket.serve().json(&sequence(GOLD)).await;
    // The bucket stands for the CDN over it.
    let base = format!("{}/spins", bucket.address);
    bucket.set(&format!("[delivery]\nobjects = 'redirect'\nobjects_base = '{base}'"));
    let server = bucket.serve();

    let response = server.get(&sequence(GOLD), &[]).await;
    let preload = header(response.headers(), "link").to_owned();
    assert!(preload.starts_with(&format!("<{base}/p/")), "{preload}");
    let mut sent: Value = response.json().await.unwrap();
    let urls = json!({
        "frame": format!("{base}/s/{{set}}/{{degree}}.{{format}}"),
        "pack": format!("{base}/p/{{pack}}.pack"),
        "still": "/still/{configuration}.{format}",
        "manifest": "/m/{digest}.json",
    });
    assert_eq!(std::mem::replace(&mut sent["urls"], served["urls"].clone()), urls);
    assert_eq!(sent, served, "nothing else is another");
    // The version's own manifest is what its digest is over.
    let own = server.get(&format!("/m/{}.json", served["digest"].as_str().unwrap()), &[]).await;
    let own = own.bytes().await.unwrap();
    assert_eq!(blake3::hash(&own).to_hex()[..32], *served["digest"].as_str().unwrap());

    for file in files(&served) {
        for method in [Method::GET, Method::HEAD] {
            assert_eq!(way(&server, method, &file, "public, max-age=600").await, format!("{base}{file}"));
        }
    }
    let bad = server.get(&format!("{}?v=2", files(&served)[0]), &[]).await;
    assert_eq!(bad.status(), 400);
    assert_eq!(server.get(&format!("/still/{GOLD}.jpg"), &[]).await.status(), 200);
    may_load_from(&server, base.strip_suffix(&format!("/{}/spins", bucket.name)).unwrap()).await;
}

#[tokio::test]
async fn visitors_are_given_signed_addresses_of_the_bucket() {
    let Some(bucket) = Bucket::new("signed", Faults::None).await else { return };
    bucket.ingest("gold", [212, 175, 95]);
    bucket.set("[delivery]\nobjects = 'presign'\npresigned_minutes = 5");
    let server = bucket.serve();
    let manifest = server.json(&sequence(GOLD)).await;
    assert_eq!(manifest["urls"]["frame"], "/s/{set}/{degree}.{format}");
    for file in files(&manifest) {
        let location = way(&server, Method::GET, &file, "private, no-store").await;
        assert!(
            location.starts_with(&format!("{}/{}/spins{file}?", bucket.line.address, bucket.name)),
            "{location}"
        );
        assert!(location.contains("X-Amz-SignedHeaders=host&"), "{location}");
        assert!(
            location.contains("X-Amz-Expires=300&") && location.contains("X-Amz-Signature="),
            "{location}"
        );
        let had = Client::new().get(&location).send().await.unwrap();
        assert_eq!(
            (had.status().as_u16(), had.bytes().await.unwrap()),
            (200, bucket.object(&file).await.into())
        );
    }
    let head = server.send(Method::HEAD, &files(&manifest)[0], &[]).await;
    assert_eq!((head.status().as_u16(), header(head.headers(), "accept-ranges")), (200, "bytes"));
    may_load_from(&server, &bucket.line.address).await;
}
