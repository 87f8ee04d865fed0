//! The demo's page before any script runs: a picture of the product, and metadata for previews of links.

use maud::{PreEscaped, html};
use serde_json::json;

use crate::domain::{names::Choices, product::Product};

/// Fills the page's gaps; `base` is the address of this server, without a slash at its end.
pub(crate) fn fill(page: &str, product: Option<&Product>, base: &str) -> String {
    let spin = product.and_then(|product| product.nearest_spin(&Choices::new()));
    let (Some(product), Some(spin)) = (product, spin) else {
        return page.replace(HEAD, "").replace(PICTURE, "");
    };
    let still = format!("/still/{}", spin.configuration);
    // Programs that preview links may support no newer format.
    let image = format!("{base}{still}.jpg");
    let data = json!({
        "@context": "https://schema.org",
        "@type": "Product",
        "name": product.label,
        "sku": spin.configuration.to_string(),
        "image": { "@type": "ImageObject", "contentUrl": image, "encodingFormat": "image/jpeg" },
    });
    // No `<` in the data may end the script element.
    let data = data.to_string().replace('<', "\\u003c");
    let pictured = spin.choices.iter().map(|(option, choice)| format!("{option}={choice}"));
    let pictured = pictured.collect::<Vec<_>>().join("&");
    let head = html! {
        // Scripts know by it which choices in a link are another piece.
        meta name="girasol-pictured" content=(pictured);
        meta property="og:type" content="product";
        meta property="og:title" content=(product.label);
        meta property="og:url" content=(format!("{base}/"));
        meta property="og:image" content=(image);
        meta property="og:image:type" content="image/jpeg";
        script type="application/ld+json" { (PreEscaped(data)) }
    };
    let picture = html! { img src=(format!("{still}.webp")) width="640" height="640" alt=(product.label); };
    page.replace(HEAD, &head.into_string()).replace(PICTURE, &picture.into_string())
}

const HEAD: &str = "<!--product-head-->";
const PICTURE: &str = "<!--product-picture-->";
