//! A product has two spellings, `ring/solitaire` and `ring.solitaire`, and each address has one of them. A request at the
//! other one is answered as if it were at the right one. No cache may store that answer, since purges name the right address.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Uri,
        header::{CACHE_CONTROL, HeaderName, HeaderValue},
        uri::PathAndQuery,
    },
    middleware::Next,
};

use crate::domain::names::ProductId;

/// What lets caches store an answer, besides `Cache-Control`.
const STORED_BY: [&str; 5] = ["cdn-cache-control", "surrogate-control", "surrogate-key", "cache-tag", "xkey"];

/// The words that follow a configuration in an address.
const BELOW_A_CONFIGURATION: [&str; 8] =
    ["auto", "protect", "publish", "rollback", "sign", "take-down", "unprotect", "versions"];

/// Answers a request at the other spelling as one at the right spelling.
pub async fn accept(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let Some(uri) = right_uri(request.uri()) else { return next.call(request).await };
    request.match_info_mut().get_mut().update(&uri);
    request.head_mut().uri = uri;
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    for name in STORED_BY {
        headers.remove(HeaderName::from_static(name));
    }
    Ok(response)
}

fn right_uri(uri: &Uri) -> Option<Uri> {
    let path = right_path(uri.path())?;
    let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(format!("{path}{query}")).ok()?);
    Uri::from_parts(parts).ok()
}

/// The right path for one with the other spelling; `None` for all others.
fn right_path(path: &str) -> Option<String> {
    // Its own words stand before every product.
    let below = |prefix: &str| path.strip_prefix(prefix);
    if let Some(rest) = below("/api/products/customizable/") {
        if let Some((jewelry_type, base_model)) = rest.split_once('.').filter(|_| !rest.contains('/')) {
            return is_product(jewelry_type, base_model)
                .then(|| format!("/api/products/customizable/{jewelry_type}/{base_model}"));
        }
        // The product itself has a slash; what is below a configuration has a dot.
        let (id, _) = rest.rsplit_once('/')?;
        return id.contains('/').then(|| dotted("/api/products/customizable/", rest))?;
    }
    ["/api/products/", "/api/sequences/", "/still/", "/m/"]
        .into_iter()
        .find_map(|prefix| dotted(prefix, below(prefix)?))
}

/// The path with a dot in place of the slash between jewelry type and base model.
fn dotted(prefix: &str, rest: &str) -> Option<String> {
    let (jewelry_type, rest) = rest.split_once('/')?;
    // A configuration's choices may follow the base model.
    let base_model = rest.split(['/', '.']).next()?;
    is_product(jewelry_type, base_model).then(|| format!("{prefix}{jewelry_type}.{rest}"))
}

/// What stands behind a configuration is none of its name: `/api/sequences/ring/publish` names no product.
fn is_product(jewelry_type: &str, base_model: &str) -> bool {
    !BELOW_A_CONFIGURATION.contains(&base_model) && ProductId::new(jewelry_type, base_model).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_spelling_leads_to_the_right_path() {
        for (other, right) in [
            ("/api/products/customizable/ring.solitaire", "/api/products/customizable/ring/solitaire"),
            (
                "/api/products/customizable/ring/solitaire/configure",
                "/api/products/customizable/ring.solitaire/configure",
            ),
            (
                "/api/products/customizable/ring/solitaire.metal-rose-gold/sequence",
                "/api/products/customizable/ring.solitaire.metal-rose-gold/sequence",
            ),
            ("/api/products/ring/solitaire", "/api/products/ring.solitaire"),
            (
                "/api/sequences/ring/solitaire.metal-rose-gold",
                "/api/sequences/ring.solitaire.metal-rose-gold",
            ),
            ("/api/sequences/ring/solitaire/versions/2", "/api/sequences/ring.solitaire/versions/2"),
            ("/still/ring/solitaire.metal-rose-gold.webp", "/still/ring.solitaire.metal-rose-gold.webp"),
            ("/m/ring/solitaire/auto", "/m/ring.solitaire/auto"),
        ] {
            assert_eq!(right_path(other).as_deref(), Some(right), "{other}");
            assert_eq!(right_path(right), None, "{right}");
        }
    }

    #[test]
    fn other_addresses_stay() {
        for path in [
            "/",
            "/api/products",
            "/api/products/customizable/ring",
            "/api/products/customizable/ring/sequence",
            "/api/products/customizable/ring.solitaire.metal-rose-gold",
            "/api/sequences/ring.solitaire/publish",
            "/api/sequences/ring/publish",
            "/m/0123456789abcdef0123456789abcdef.json",
            "/still//ring.solitaire.webp",
            "/s/0123456789abcdef0123456789abcdef/000.avif",
        ] {
            assert_eq!(right_path(path), None, "{path}");
        }
    }

    #[test]
    fn the_query_stays() {
        let uri = Uri::from_static("/api/products/customizable/ring.solitaire?metal=platinum");
        let right = right_uri(&uri).unwrap();
        assert_eq!(right, Uri::from_static("/api/products/customizable/ring/solitaire?metal=platinum"));
    }
}
