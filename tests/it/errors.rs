//! Methods, CORS, and addresses that do not exist.

use reqwest::Method;

use crate::girasol::{RING, Server, header, problem, sequence};

fn read_addresses() -> Vec<String> {
    let digest = "0123456789abcdef0123456789abcdef";
    vec![
        "/api/products/customizable/ring/solitaire".to_owned(),
        format!("/api/products/customizable/{RING}/status"),
        sequence(RING),
        format!("/m/{RING}/auto"),
        format!("/m/{digest}.json"),
        format!("/s/{digest}/000.avif"),
        format!("/p/{digest}.pack"),
        format!("/still/{RING}.jpg"),
        "/girasol-spin.js".to_owned(),
        "/api/health".to_owned(),
        "/api/health/live".to_owned(),
        "/api/health/ready".to_owned(),
    ]
}

#[tokio::test]
async fn an_unknown_address_is_404_in_any_method() {
    let server = Server::start();
    for method in [Method::GET, Method::POST, Method::DELETE, Method::OPTIONS] {
        for path in
            ["/nothing", "/api", "/api/", "/api/product", "/m", "/s/a", "/s/a/b/c", "//", "/%00", "/demo.js"]
        {
            assert_eq!(
                problem(server.send(method.clone(), path, &[]).await, 404).await,
                "not-found",
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn a_wrong_method_is_405_and_allow_lists_the_others() {
    let server = Server::start();
    for path in read_addresses() {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE] {
            let response = server.send(method, &path, &[]).await;
            assert_eq!(header(response.headers(), "allow"), "GET, HEAD, OPTIONS", "{path}");
            assert_eq!(problem(response, 405).await, "wrong-method");
        }
    }
    let configure = "/api/products/customizable/ring.solitaire/configure";
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let response = server.send(method, configure, &[]).await;
        assert_eq!(header(response.headers(), "allow"), "POST, OPTIONS");
        assert_eq!(problem(response, 405).await, "wrong-method");
    }
}

#[tokio::test]
async fn a_path_has_one_spelling() {
    let server = Server::start();
    for path in read_addresses() {
        let (rest, last) = path.split_at(path.len() - 1);
        let encoded = format!("{rest}%{:02x}", last.as_bytes()[0]);
        for method in [Method::GET, Method::POST, Method::OPTIONS] {
            assert_eq!(
                problem(server.send(method, &encoded, &[]).await, 404).await,
                "not-found",
                "{encoded}"
            );
        }
    }
    let configure = "/api/products/customizable/ring%2esolitaire/configure";
    assert_eq!(problem(server.post(configure, "{}").await, 404).await, "not-found");
}

#[tokio::test]
async fn an_unknown_query_is_400() {
    let server = Server::start();
    for path in read_addresses() {
        for query in ["x=1", "=", "utm_source=mail"] {
            let response = server.get(&format!("{path}?{query}"), &[]).await;
            if path.starts_with("/api/health") || path == "/girasol-spin.js" {
                assert_eq!(response.status(), 200, "{path}?{query}");
                continue;
            }
            assert_eq!(header(response.headers(), "cache-control"), "private, no-store", "{path}?{query}");
            assert_eq!(problem(response, 400).await, "bad-query", "{path}?{query}");
        }
    }
    let configure = "/api/products/customizable/ring.solitaire/configure?x=1";
    assert_eq!(problem(server.post(configure, "{}").await, 400).await, "bad-query");
}

#[tokio::test]
async fn every_address_answers_a_preflight() {
    let server = Server::start();
    let configure = "/api/products/customizable/ring.solitaire/configure".to_owned();
    for (path, methods) in read_addresses()
        .into_iter()
        .map(|path| (path, "GET, HEAD, OPTIONS"))
        .chain([(configure, "POST, OPTIONS")])
    {
        let asked = [
            ("origin", "https://shop.example"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type"),
        ];
        let response = server.send(Method::OPTIONS, &path, &asked).await;
        assert_eq!(response.status(), 204, "{path}");
        let headers = response.headers();
        assert_eq!(header(headers, "allow"), methods);
        assert_eq!(header(headers, "access-control-allow-methods"), methods);
        assert_eq!(header(headers, "access-control-allow-origin"), "*");
        assert_eq!(header(headers, "access-control-allow-headers"), "*");
        assert!(headers.get("access-control-allow-credentials").is_none());
    }
}

#[tokio::test]
async fn every_answer_is_open_to_every_origin_and_echoes_none() {
    let server = Server::start();
    let mut paths = read_addresses();
    paths.extend(["/nothing".to_owned(), format!("{}?tier=ultra", sequence(RING))]);
    for path in paths {
        let with = server.get(&path, &[("origin", "https://shop.example")]).await;
        let without = server.get(&path, &[]).await;
        for response in [&with, &without] {
            let headers = response.headers();
            assert_eq!(header(headers, "access-control-allow-origin"), "*", "{path}");
            assert_eq!(header(headers, "cross-origin-resource-policy"), "cross-origin", "{path}");
            assert_eq!(header(headers, "timing-allow-origin"), "*", "{path}");
            assert_eq!(header(headers, "x-content-type-options"), "nosniff", "{path}");
            assert!(header(headers, "access-control-expose-headers").contains("ETag"), "{path}");
            assert!(!header(headers, "vary").contains("Origin"), "{path}");
            let control = header(headers, "cache-control");
            assert!(!control.is_empty(), "{path}");
            assert!(!(control.contains("no-store") && control.contains("max-age")), "{path}");
        }
    }
}
