//! The lines that put a spin on a page: by address, by command, and as a header.

use std::path::Path;

use serde_json::Value;

use crate::girasol::{RING, ROSE, Server, girasol, header, ingest, problem, sequence};

fn snippet_of(configuration: &str) -> String {
    sequence(configuration).replace("/sequence", "/snippet")
}

/// What stands between two texts.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before)
        .and_then(|(_, rest)| rest.split_once(after))
        .unwrap_or_else(|| panic!("{before} in {text}"))
        .0
}

/// What a command prints, or its error.
fn said(data: &Path, arguments: &[&str]) -> (bool, String) {
    let output = girasol().args(arguments).arg("--data").arg(data).output().unwrap();
    let said = if output.status.success() { output.stdout } else { output.stderr };
    (output.status.success(), String::from_utf8(said).unwrap())
}

fn shop() -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    ingest(data.path(), "yellow-gold", [200, 170, 60], 12);
    ingest(data.path(), "rose-gold", [210, 150, 130], 12);
    data
}

#[tokio::test]
async fn a_snippet_names_what_is_live_and_holds_what_viewers_read_of_it() {
    let server = Server::start();
    let product = server.json("/api/products/customizable/ring/solitaire").await;
    assert_eq!(product["default"]["snippet"], snippet_of(RING));
    let response = server.get(&snippet_of(RING), &[]).await;
    assert_eq!(response.status(), 200);
    assert_eq!(header(response.headers(), "content-type"), "text/html; charset=utf-8");
    assert_eq!(
        header(response.headers(), "cache-control"),
        "public, no-cache",
        "its addresses are those of one client"
    );
    let link = header(response.headers(), "link").to_owned();
    let html = response.text().await.unwrap();
    let base = &server.base;
    assert_eq!(between(&html, "<girasol-spin src=\"", "\""), format!("{base}{}", sequence(RING)));
    assert!(html.contains(r#" alt="Solitaire: Yellow Gold, Diamond""#), "{html}");

    let negotiated = server.ring().await;
    let bare = &negotiated["tiers"]["preview"]["formats"]["avif"]["bare"]["packs"][0];
    let pack = between(&html, r#"<link rel="preload" as="fetch" href=""#, "\" crossorigin>");
    assert_eq!(pack, format!("{base}/p/{}.pack", bare.as_str().unwrap()));
    let script = format!("{base}/girasol-spin.js");
    assert_eq!(between(&html, r#"<link rel="modulepreload" href=""#, "\""), script);
    assert_eq!(link, format!("<{script}>; rel=modulepreload, <{pack}>; rel=preload; as=fetch; crossorigin"));
    for address in [pack, &script, between(&html, "<img src=\"", "\"")] {
        assert_eq!(server.get(address.strip_prefix(base).unwrap(), &[]).await.status(), 200, "{address}");
    }

    let inline = between(&html, r#"<script type="application/json" slot="manifest">"#, "</script>");
    let inline: Value = serde_json::from_str(inline).unwrap();
    assert_eq!(inline["inline"], true);
    for name in ["schema", "configuration", "version", "view", "ground", "hero", "urls", "digest", "policy"] {
        assert_eq!(inline[name], negotiated[name], "{name}");
    }
    for (tier, whole) in negotiated["tiers"].as_object().unwrap() {
        let own = &inline["tiers"][tier];
        assert_eq!((&own["frames"], &own["degrees"]), (&whole["frames"], &whole["degrees"]));
        assert_eq!(own["formats"].as_object().unwrap().len(), 1, "AVIF alone");
        for name in ["set", "size", "bytes", "packs", "bare"] {
            assert_eq!(own["formats"]["avif"][name], whole["formats"]["avif"][name], "{tier} {name}");
        }
    }
}

#[tokio::test]
async fn the_command_prints_what_the_server_answers() {
    let data = shop();
    let server = Server::start_over(data.path(), &["serve"]);
    let html = server.get(&snippet_of(ROSE), &[]).await.text().await.unwrap();
    let (_, printed) = said(data.path(), &["snippet", ROSE, "--base", &format!("{}/", server.base)]);
    assert_eq!(printed.trim_end(), html.trim_end());
    let (_, link) = said(data.path(), &["snippet", ROSE, "--base", "https://spins.example", "--link"]);
    assert!(
        link.starts_with(
            "<https://spins.example/girasol-spin.js>; rel=modulepreload, <https://spins.example/p/"
        ),
        "{link}"
    );

    for bad in [
        "spins.example",
        "https://",
        "https:///x",
        "https://:",
        "https://..",
        "https://a\"b",
        "https://a b",
        "https://a>b",
        "https://me@spins.example",
        "https://spins.example/studio",
        "https://spins.example?a=b",
    ] {
        let (is_good, error) = said(data.path(), &["snippet", ROSE, "--base", bad]);
        assert!(!is_good && error.contains("write an origin without a path"), "{bad}: {error}");
    }
    let anywhere = ["--listen", "0.0.0.0:8360", "snippet", ROSE];
    let (is_good, error) = said(data.path(), &anywhere);
    assert!(!is_good && error.contains("Name its address with --base"), "{error}");
    let (_, error) = said(data.path(), &["snippet", &ROSE.replace("rose", "rosy")]);
    assert!(
        error.contains("has no live spin") && error.contains(&format!("Did you mean {ROSE}?")),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_not_for_everyone_has_no_snippet() {
    let data = shop();
    assert!(said(data.path(), &["protect", RING]).0);
    assert!(said(data.path(), &["take-down", ROSE, "--yes"]).0);
    let server = Server::start_over(data.path(), &["serve"]);
    for (configuration, status, slug) in
        [(RING, 403, "protected"), (ROSE, 410, "taken-down"), ("ring.solitaire.metal-tin", 404, "no-spin")]
    {
        let response = server.get(&snippet_of(configuration), &[]).await;
        assert_eq!(problem(response, status).await, slug);
        let (is_good, error) = said(data.path(), &["snippet", configuration]);
        assert!(!is_good, "{error}");
        assert!(!error.contains("/p/"), "{error}");
    }
    let product = server.json("/api/products/customizable/ring/solitaire").await;
    assert_eq!(product["default"]["snippet"], Value::Null);
}
