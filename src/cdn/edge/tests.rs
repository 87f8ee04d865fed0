use super::*;

fn origin() -> Address {
    "10.0.0.5:8360".parse().unwrap()
}

fn printed(edge: Edge, policy: &Policy, avif: bool) -> String {
    let setup = Setup { policy, avif, origin: &origin(), listen: "80", cache: "/var/cache/girasol" };
    edge.print(&setup)
}

#[test]
fn every_place_of_a_template_is_filled() {
    for edge in Edge::ALL {
        let text = printed(edge, &Policy::default(), true);
        let left = text.split('@').nth(1).map(|after| after.chars().take(20).collect::<String>());
        assert_eq!(left, None, "{}", edge.as_str());
        assert!(text.contains("10.0.0.5"), "{}", edge.as_str());
        assert!(text.contains("Permissions-Policy: ch-device-memory="), "{}", edge.as_str());
    }
}

/// What Varnish is tested with, Fastly runs.
#[test]
fn varnish_and_fastly_decide_by_the_same_lines() {
    let policy = Policy::default();
    let setup =
        Setup { policy: &policy, avif: true, origin: &origin(), listen: "80", cache: "/var/cache/girasol" };
    let shared = vcl::subroutines(&setup);
    for edge in [Edge::Varnish, Edge::Fastly] {
        assert!(printed(edge, &policy, true).contains(shared.trim_end()), "{}", edge.as_str());
    }
}

#[test]
fn the_scripts_share_one_class_function() {
    let policy = Policy::default();
    let setup =
        Setup { policy: &policy, avif: true, origin: &origin(), listen: "80", cache: "/var/cache/girasol" };
    for edge in [Edge::Cloudfront, Edge::Cloudflare, Edge::Akamai] {
        assert!(printed(edge, &policy, true).contains(script::functions(&setup).trim_end()));
    }
    // CloudFront takes no larger function.
    assert!(printed(Edge::Cloudfront, &policy, true).len() <= 10_240);
}

#[test]
fn avif_is_never_asked_for_where_none_is_published() {
    for edge in Edge::ALL {
        let text = printed(edge, &Policy::default(), false);
        assert!(!text.contains("image/avif[[:blank:]]"), "{}", edge.as_str());
        assert!(!text.contains("var AVIF = true"), "{}", edge.as_str());
    }
}

#[test]
fn an_origin_is_a_host_and_a_port() {
    for good in ["10.0.0.5:8360", "girasol.internal:80", "[::1]:8360", "a_b-c:1"] {
        assert_eq!(good.parse::<Address>().unwrap().to_string(), good);
    }
    for bad in [
        "",
        "10.0.0.5",
        ":80",
        "a:0",
        "a:65536",
        "a:-1",
        "a\"b:80",
        "a;b:80",
        "::1:80",
        "[]:80",
        "[g]:80",
        "http://a:80",
    ] {
        assert_eq!(bad.parse::<Address>(), Err(BadAddress), "{bad}");
    }
}
