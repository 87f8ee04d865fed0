//! The negotiated manifest, the immutable one, and the redirect.

use assets_pipeline::digest::Digest;
use reqwest::Method;
use serde_json::Value;

use crate::girasol::{RING, ROSE, Server, header, problem, sequence};

const EVERY_HINT: &str = "Accept, Accept-Encoding, Device-Memory, Downlink, ECT, RTT, Save-Data, \
     Sec-CH-Device-Memory, Sec-CH-Downlink, Sec-CH-ECT, Sec-CH-RTT, Sec-CH-Save-Data, Sec-CH-UA-Mobile";

fn selected(manifest: &Value) -> String {
    let selected = &manifest["selected"];
    format!("{} {}", selected["tier"].as_str().unwrap(), selected["format"].as_str().unwrap())
}

#[tokio::test]
async fn the_negotiated_manifest_holds_the_stored_one() {
    let server = Server::start();
    let negotiated = server.ring().await;
    let digest = negotiated["digest"].as_str().unwrap();
    let stored = server.get(&format!("/m/{digest}.json"), &[]).await;
    assert_eq!(header(stored.headers(), "cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(header(stored.headers(), "vary"), "Accept-Encoding");
    let stored = stored.bytes().await.unwrap();
    assert_eq!(Digest::of(&stored).to_string(), digest);

    let stored: Value = serde_json::from_slice(&stored).unwrap();
    assert_eq!(stored["schema"], "girasol.manifest/1");
    for (key, value) in stored.as_object().unwrap() {
        assert_eq!(&negotiated[key], value, "{key}");
    }
    for key in ["digest", "policy", "siblings", "selected"] {
        assert!(stored.get(key).is_none() && negotiated.get(key).is_some(), "{key}");
    }
    assert_eq!(negotiated["policy"]["network"][0]["ceiling"], "still");
}

#[tokio::test]
async fn hints_choose_tier_and_format() {
    let server = Server::start();
    for (headers, expected) in [
        (&[] as &[(&str, &str)], "standard webp"),
        (&[("accept", "image/avif,image/webp,*/*;q=0.8")], "standard avif"),
        (&[("accept", "*/*")], "standard webp"),
        (&[("ect", "2g")], "still webp"),
        (&[("sec-ch-ect", "3g"), ("accept", "image/avif")], "preview avif"),
        (&[("save-data", "on")], "preview webp"),
        (&[("rtt", "1400")], "still webp"),
        (&[("downlink", "0.4")], "preview webp"),
        (&[("device-memory", "0.5")], "preview webp"),
        (&[("sec-ch-device-memory", "8"), ("ect", "4g"), ("rtt", "0"), ("downlink", "10")], "standard webp"),
    ] {
        let response = server.get(&sequence(RING), headers).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header(response.headers(), "vary"), EVERY_HINT);
        assert_eq!(selected(&response.json().await.unwrap()), expected, "{headers:?}");
    }
}

#[tokio::test]
async fn absurd_hints_change_nothing() {
    let server = Server::start();
    let long = "9".repeat(8000);
    for value in ["NaN", "-1", "1e308", "", " ", "\"", "2g;2g", "on,on", "0x7fffffff", "\u{1f48d}", &long] {
        let hints = [
            "ect",
            "rtt",
            "downlink",
            "device-memory",
            "save-data",
            "sec-ch-ua-mobile",
            "dpr",
            "width",
            "viewport-width",
        ];
        let request = hints.iter().fold(server.request(Method::GET, &sequence(RING)), |request, name| {
            request.header(*name, reqwest::header::HeaderValue::from_bytes(value.as_bytes()).unwrap())
        });
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{value}");
        assert_eq!(selected(&response.json().await.unwrap()), "standard webp", "{value}");
    }
}

#[tokio::test]
async fn a_query_wins_over_hints_and_leaves_the_encoding_alone_to_vary() {
    let server = Server::start();
    let path = format!("{}?tier=hd&format=avif", sequence(RING));
    let response = server.get(&path, &[("ect", "2g"), ("save-data", "on")]).await;
    assert_eq!(header(response.headers(), "vary"), "Accept-Encoding");
    let tag = header(response.headers(), "etag").to_owned();
    let manifest: Value = response.json().await.unwrap();
    assert_eq!(selected(&manifest), "hd avif");
    assert_eq!(manifest["selected"]["frames"], manifest["tiers"]["hd"]["frames"]);
    let other_visitor = server.get(&path, &[("device-memory", "8"), ("accept", "image/avif")]).await;
    assert_eq!(header(other_visitor.headers(), "etag"), tag, "one answer for all clients");
}

#[tokio::test]
async fn the_counts_that_the_policy_aims_at_are_understood() {
    let server = Server::start();
    let manifest = server.json(&format!("{}?tier=standard&frames=36&format=webp", sequence(RING))).await;
    assert_eq!(manifest["selected"]["frames"], 24, "the turn has no more");
    let manifest = server.json(&format!("{}?tier=standard&frames=24&format=webp", sequence(RING))).await;
    assert_eq!(manifest["selected"]["frames"], 24);
}

#[tokio::test]
async fn what_no_manifest_has_is_refused() {
    let server = Server::start();
    for query in [
        "tier=ultra",
        "tier=",
        "tier=HD",
        "frames=0",
        "frames=-1",
        "frames=many",
        "frames=37",
        "tier=still&frames=12",
        "format=jpg",
        "format=gif",
        "explain=please",
        "utm_source=mail",
        "tier=hd&tier=hd",
        "%00=1",
        "tier=%",
    ] {
        let response = server.get(&format!("{}?{query}", sequence(RING)), &[]).await;
        assert_eq!(header(response.headers(), "cache-control"), "private, no-store", "{query}");
        assert_eq!(header(response.headers(), "vary"), EVERY_HINT, "{query}");
        let slug = problem(response, 400).await;
        assert!(["bad-query", "not-offered"].contains(&slug.as_str()), "{query}: {slug}");
    }
}

#[tokio::test]
async fn browsers_keep_a_manifest_ten_minutes_and_cdns_an_hour() {
    let server = Server::start();
    let response = server.get(&sequence(RING), &[]).await;
    let headers = response.headers();
    assert!(header(headers, "cache-control").starts_with("public, max-age=600, s-maxage=3600"));
    assert!(
        header(headers, "cdn-cache-control").starts_with("public, max-age=3600, stale-while-revalidate=")
    );
    assert!(header(headers, "surrogate-control").starts_with("max-age=3600, stale-while-revalidate="));
    assert_eq!(header(headers, "content-type"), "application/json");
    for name in ["surrogate-key", "xkey"] {
        let tags: Vec<_> = header(headers, name).split(' ').collect();
        assert!(tags[0].starts_with("c-") && tags[1].starts_with("p-") && tags.len() == 2);
    }
    assert_eq!(header(headers, "cache-tag").replace(',', " "), header(headers, "xkey"));
}

#[tokio::test]
async fn the_first_pack_of_the_chosen_tier_is_announced_where_all_viewers_load_the_same() {
    let server = Server::start();
    let response = server.get(&format!("{}?tier=preview&format=avif", sequence(RING)), &[]).await;
    assert!(response.headers().get("link").is_none(), "older viewers load another one");
    for (tier, format) in [("still", "avif"), ("preview", "webp"), ("hd", "webp")] {
        let path = format!("{}?tier={tier}&format={format}", sequence(RING));
        let response = server.get(&path, &[]).await;
        assert!(header(response.headers(), "server-timing").starts_with("origin;dur="));
        let link = header(response.headers(), "link").to_owned();
        let manifest: Value = response.json().await.unwrap();
        let pack = &manifest["tiers"][tier]["formats"][format]["packs"][0]["pack"];
        let path = format!("/p/{}.pack", pack.as_str().unwrap());
        assert_eq!(link, format!("<{path}>; rel=preload; as=fetch; crossorigin"));
        assert_eq!(server.get(&path, &[]).await.status(), 200);
    }
}

#[tokio::test]
async fn each_encoding_has_a_tag_of_its_own() {
    let server = Server::start();
    let mut tags = Vec::new();
    for (accepted, encoding) in [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, zstd", "zstd"),
        ("gzip", "gzip"),
        ("identity", ""),
        ("br;q=0.2, gzip;q=0.7", "gzip"),
        ("*;q=0", ""),
        ("nonsense;;q=2", ""),
    ] {
        let response = server.get(&sequence(RING), &[("accept-encoding", accepted)]).await;
        assert_eq!(header(response.headers(), "content-encoding"), encoding, "{accepted}");
        assert_eq!(header(response.headers(), "vary"), EVERY_HINT);
        let tag = header(response.headers(), "etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"'), "strong: {tag}");
        let bytes = response.bytes().await.unwrap();
        if encoding == "br" {
            assert!(bytes.len() < 2048, "{} bytes", bytes.len());
        }
        tags.push((encoding, tag));
    }
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 4, "a tag for each encoding: {tags:?}");
}

#[tokio::test]
async fn a_client_that_has_the_answer_gets_a_304_with_its_headers() {
    let server = Server::start();
    for path in [sequence(RING), format!("{}?tier=standard&format=webp", sequence(RING))] {
        let whole = server.get(&path, &[("accept-encoding", "br")]).await;
        let tag = header(whole.headers(), "etag").to_owned();
        for condition in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let response =
                server.get(&path, &[("accept-encoding", "br"), ("if-none-match", &condition)]).await;
            assert_eq!(response.status(), 304, "{condition}");
            for name in [
                "etag",
                "vary",
                "cache-control",
                "cdn-cache-control",
                "surrogate-control",
                "surrogate-key",
                "cache-tag",
                "xkey",
                "access-control-allow-origin",
                "cross-origin-resource-policy",
                "timing-allow-origin",
                "link",
            ] {
                assert_eq!(header(response.headers(), name), header(whole.headers(), name), "{name}");
            }
            assert!(response.headers().get("content-encoding").is_none());
            assert!(response.bytes().await.unwrap().is_empty());
        }
        let other_encoding = server.get(&path, &[("accept-encoding", "gzip"), ("if-none-match", &tag)]).await;
        assert_eq!(other_encoding.status(), 200);
        let gone = server.get(&path, &[("accept-encoding", "br"), ("if-match", "\"other\"")]).await;
        assert_eq!(problem(gone, 412).await, "precondition-failed");
    }
}

#[tokio::test]
async fn explaining_shows_the_raw_hints_and_is_never_stored() {
    let server = Server::start();
    let path = format!("{}?explain=1", sequence(RING));
    let response = server.get(&path, &[("ect", "3g"), ("dpr", "2.5"), ("cookie", "secret=1")]).await;
    assert_eq!(header(response.headers(), "cache-control"), "private, no-store");
    assert!(response.headers().get("etag").is_none());
    let explained: Value = response.json().await.unwrap();
    assert_eq!(explained["hints"]["ECT"], "3g");
    assert_eq!(explained["hints"]["DPR"], "2.5");
    assert!(!explained.to_string().contains("secret"));
    assert_eq!(explained["selected"]["because"][0], "network: 3g or saving data");
    let plain = server.ring().await;
    assert!(plain.get("hints").is_none());
}

#[tokio::test]
async fn a_redirect_carries_the_decision() {
    let server = Server::start();
    let response = server.get(&format!("/m/{RING}/auto"), &[("ect", "3g"), ("accept", "image/avif")]).await;
    assert_eq!(response.status(), 302);
    assert_eq!(header(response.headers(), "cache-control"), "private, no-store");
    let location = header(response.headers(), "location");
    assert_eq!(location, format!("{}?tier=preview&frames=8&format=avif", sequence(RING)));
    assert_eq!(selected(&server.json(location).await), "preview avif");
    let response = server.get(&format!("/m/{RING}/auto?tier=hd"), &[("ect", "3g")]).await;
    assert!(header(response.headers(), "location").contains("?tier=hd&"), "overrides win here too");
    for query in ["explain=1", "utm_source=mail"] {
        let response = server.get(&format!("/m/{RING}/auto?{query}"), &[]).await;
        assert_eq!(problem(response, 400).await, "bad-query", "{query}");
    }
}

#[tokio::test]
async fn siblings_differ_in_one_choice_and_name_their_sets() {
    let server = Server::start();
    let ring = server.ring().await;
    let rose = server.json(&sequence(ROSE)).await;
    let [sibling] = &ring["siblings"].as_array().unwrap()[..] else { panic!("{}", ring["siblings"]) };
    assert_eq!(sibling["configuration"], ROSE);
    assert_eq!(sibling["choices"], serde_json::json!({ "metal": "rose-gold" }));
    assert_eq!(sibling["digest"], rose["digest"]);
    assert_eq!(sibling["sets"]["avif"], rose["tiers"]["standard"]["formats"]["avif"]["set"]);
    assert_eq!(rose["siblings"][0]["configuration"], RING);
}

#[tokio::test]
async fn a_configuration_without_a_spin_is_404_for_ten_seconds_and_carries_its_tag() {
    let server = Server::start();
    let here = server.get(&sequence(RING), &[]).await;
    let missing = "ring.solitaire.metal-platinum.stone-diamond";
    for path in [sequence(missing), format!("/m/{missing}/auto"), format!("/still/{missing}.jpg")] {
        let response = server.get(&path, &[]).await;
        assert_eq!(header(response.headers(), "cache-control"), "public, max-age=10");
        let tags = header(response.headers(), "xkey").to_owned();
        assert_eq!(tags.split(' ').nth(1), header(here.headers(), "xkey").split(' ').nth(1), "the product's");
        assert_eq!(problem(response, 404).await, "no-spin");
    }
    let response = server.get(&sequence(missing), &[]).await;
    assert_eq!(header(response.headers(), "vary"), EVERY_HINT);
}
