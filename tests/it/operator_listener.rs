//! The operators' addresses at a listener of their own.

use crate::{
    front::free_address,
    girasol::{Server, header, key, plain_client, problem, sequence},
};

#[tokio::test]
async fn operators_addresses_answer_at_their_own_listener_alone() {
    let folder = tempfile::tempdir().unwrap();
    let operators = free_address();
    let mut server =
        Server::start_with(folder.path(), &format!("[server]\noperator_listen = \"{operators}\"\n"));
    let admin = format!("Bearer {}", key(folder.path(), "admin"));
    let with_key = [("authorization", admin.as_str())];
    let client = plain_client();
    let there = async |path: &str| {
        let request = client.get(format!("http://{operators}{path}")).header("authorization", &admin);
        request.send().await.unwrap()
    };
    for path in ["/api/keys", "/api/audit", "/api/purge", "/metrics"] {
        assert_eq!(problem(server.get(path, &with_key).await, 404).await, "not-found", "{path}");
        let answer = there(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(header(answer.headers(), "cache-control"), "private, no-store", "{path}");
        let open = client.get(format!("http://{operators}{path}")).send().await.unwrap();
        assert_eq!(problem(open, 401).await, "key-missing", "{path}");
    }
    // Both spellings, as at every address.
    for path in ["/api/products/ring.solitaire", "/api/products/ring/solitaire"] {
        assert_eq!(problem(there(path).await, 404).await, "no-such-product", "{path}");
        assert_eq!(problem(server.get(path, &with_key).await, 404).await, "not-found", "{path}");
    }
    for path in ["/api/health", "/api/health/live", "/api/health/ready", "/api/session"] {
        for answer in [there(path).await, server.get(path, &with_key).await] {
            assert_eq!(answer.status(), 200, "{path}");
        }
    }
    // So is their page.
    for path in ["/ops", "/ops.js", "/ops.css", "/ops.LICENSES.txt"] {
        assert_eq!(
            client.get(format!("http://{operators}{path}")).send().await.unwrap().status(),
            200,
            "{path}"
        );
        assert_eq!(problem(server.get(path, &with_key).await, 404).await, "not-found", "{path}");
    }
    // Nothing else is there.
    for path in ["/", "/studio", "/docs", "/api/framesets", "/api/jobs", &sequence("ring.solitaire")] {
        assert_eq!(problem(there(path).await, 404).await, "not-found", "{path}");
    }
    assert_eq!(server.get("/api/framesets", &with_key).await.status(), 200);
    server.signal("TERM");
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{log}");
}
