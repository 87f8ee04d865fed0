//! Tokens that a shop signs for itself.

use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, Mac as _};
use serde_json::json;
use sha2::Sha256;

use super::{SECRET, is_private, json_of, run, signed};
use crate::girasol::{Server, ingest_with, problem};

fn hmac(secret: &str, text: &str) -> String {
    let bytes: Vec<u8> =
        (0..32).map(|at| u8::from_str_radix(&secret[2 * at..2 * at + 2], 16).unwrap()).collect();
    let mac = Hmac::<Sha256>::new_from_slice(&bytes).unwrap().chain_update(text).finalize().into_bytes();
    mac.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[tokio::test]
async fn a_token_is_worth_what_was_signed_until_it_ends_or_its_key_does() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest_with(data, "unobtainium", [90, 200, 210], 12, &["--protected"]);
    let mut server = Server::start_over(data, &["serve"]);
    let ask = async |token: &str| server.get(&format!("/signed/{token}/sequence"), &[]).await;

    // As a shop signs for itself.
    let key = json_of(data, &["signing", "rotate", "--json"]);
    let (id, secret) = (key["id"].as_str().unwrap(), key["key"].as_str().unwrap());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let sign = |shown: &str, until: u64| {
        let said = format!("{SECRET}~{shown}~{until}~{id}");
        format!("{said}~{}", hmac(secret, &said))
    };
    let token = sign("live", now + 3600);
    // A server follows within a second.
    while ask(&token).await.status() != 200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(ask(&sign("2", now + 3600)).await.status(), 200);
    for ended in [sign("live", now - 1), sign("live", 0), sign("2", 1)] {
        let refused = ask(&ended).await;
        is_private(&refused);
        assert_eq!(problem(refused, 403).await, "signature-expired");
    }
    assert_eq!(problem(ask(&sign("9", now + 3600)).await, 404).await, "no-such-file");
    let unknown = format!("ring.solitaire~live~{}~{id}", now + 3600);
    let unknown = format!("{unknown}~{}", hmac(secret, &unknown));
    assert_eq!(ask(&unknown).await.status(), 307, "nothing says that there is no such configuration");

    let altered = (0..token.len()).map(|at| {
        let other = if token.as_bytes()[at] == b'0' { "1" } else { "0" };
        let mut altered = token.clone();
        altered.replace_range(at..=at, other);
        altered
    });
    for altered in
        altered.chain([format!("{token}0"), token[1..].to_owned(), token[..token.len() - 1].to_owned()])
    {
        let refused = ask(&altered).await;
        is_private(&refused);
        assert_eq!(problem(refused, 403).await, "signature-refused", "{altered}");
    }

    let (done, why) = run(data, &["signing", "retire", id]);
    assert!(!done && why.contains("signs"), "{why}");
    let next = json_of(data, &["signing", "rotate", "--json"]);
    assert_eq!(ask(&token).await.status(), 200, "older keys verify");
    let listed = json_of(data, &["signing", "list", "--json"]);
    let keys = listed["keys"].as_array().unwrap();
    assert_eq!((&keys[0]["id"], &keys[0]["signs"], &keys[1]["id"]), (&next["id"], &json!(true), &json!(id)));
    assert!(signed(data, SECRET).contains(next["id"].as_str().unwrap()));
    assert!(!listed.to_string().contains(secret));
    assert!(run(data, &["signing", "retire", id]).0);
    while ask(&token).await.status() == 200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(problem(ask(&token).await, 403).await, "signature-refused");
    assert!(!run(data, &["signing", "retire", id]).0, "it is gone");

    server.signal("TERM");
    let (_, log) = server.ended();
    assert!(!log.contains(secret) && !log.contains(token.rsplit('~').next().unwrap()), "{log}");
}
