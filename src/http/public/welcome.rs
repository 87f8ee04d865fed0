//! The page at the server's own address: what this is, and where to continue.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY},
    },
};
use maud::{DOCTYPE, html};

use super::page::DOCS_POLICY;
use crate::http::{
    caching::{Caching, answer},
    forwarded::base,
    problem::{At as _, Failure},
    query,
    scope::Scope,
};

/// `GET /`, unless the demo has its page there.
pub(crate) async fn welcome(request: HttpRequest) -> Result<HttpResponse, Failure> {
    let scope = Scope::default();
    query::none(&request).at(&scope)?;
    let page = page(&base(&request));
    Ok(answer(StatusCode::OK, Caching::Private, &scope)
        .insert_header((CONTENT_SECURITY_POLICY, DOCS_POLICY))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .content_type("text/html; charset=utf-8")
        .body(page))
}

fn page(base: &str) -> String {
    let snippet = format!(
        "<script type=\"module\" src=\"{base}/girasol-spin.js\"></script>\n\
         <girasol-spin\n  \
         src=\"{base}/api/products/customizable/CONFIGURATION/sequence\"\n  \
         alt=\"Solitaire ring in yellow gold\"></girasol-spin>"
    );
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Girasol" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/docs.css";
            }
            body {
                header class="top" {
                    p class="brand" { "Girasol" }
                    h1 class="claim" { "360-degree jewelry spins, delivered progressively" }
                }
                main class="top" {
                    div class="intro" {
                        p { "This server runs. It sends spins to storefronts and takes frames from artists." }
                        h2 { "Make a key" }
                        p { "Run this beside the server, with the same configuration:" }
                        pre { "girasol key create --role artist --label \"Ada\"" }
                        h2 { "Publish a spin" }
                        p { "The " a href="/studio" { "studio" } " takes the key, the frames of a turn, and publishes the spin." }
                        h2 { "Put it on a page" }
                        p { "CONFIGURATION is the id that the studio shows. It has lines that load faster, as has " code { "girasol snippet CONFIGURATION" } "." }
                        pre { (snippet) }
                        h2 { "Look further" }
                        ul {
                            li { a href="/docs" { "/docs" } ": every address, and what it answers" }
                            li { a href="/api/openapi.json" { "/api/openapi.json" } ": the same for programs" }
                            li { a href="/api/health" { "/api/health" } ": whether the server can answer" }
                        }
                    }
                }
            }
        }
    }
    .into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_snippet_has_the_address_of_the_server_and_nothing_of_the_page_loads_from_elsewhere() {
        let page = page("https://spins.example");
        assert!(page.contains("src=&quot;https://spins.example/girasol-spin.js&quot;"), "{page}");
        assert!(!page.contains("src=\"") && !page.contains("href=\"http"), "{page}");
    }

    #[test]
    fn the_host_is_escaped() {
        assert!(!page("http://<script>").contains("<script>"));
    }
}
