//! How many statements each request asks: as many where there are ten times as many rows.

use actix_web::test;

use super::*;
use crate::{
    config::Flags,
    db::plans,
    domain::{audit::Actor, keys::Role},
};

/// Addresses whose answers are lists, or are made of several tables. The tables have these names in them.
const ADDRESSES: &[&str] = &[
    "/api/products",
    "/api/products/ring.p1",
    "/api/products/customizable/ring/p1",
    "/api/products/customizable/ring.p1.metal-m1/status",
    "/api/sequences/ring.p1.metal-m1",
    "/api/framesets",
    "/api/framesets/00000000000000000000000000000007",
    "/api/jobs",
    "/api/jobs/00000000000000000000000000000007",
    "/api/demand",
    "/api/keys",
    "/api/audit",
    "/api/purge",
    "/api/health/ready",
];
/// Lists of the newest twenty or so are full with fewer rows than that.
const FEW: u64 = 120;
const MANY: u64 = 1200;
/// The most that one request asks.
const MOST: usize = 8;

/// The statements of each address, over so many rows.
async fn asked(rows: u64) -> Vec<Vec<&'static str>> {
    let folder = tempfile::tempdir().unwrap();
    let flags = Flags { data: Some(folder.path().to_owned()), ..Flags::default() };
    let app = App::open(Config::load(&flags, []).unwrap()).await.unwrap();
    plans::fill(&app.db, rows).await;
    let key = app.db.create_key(Role::Admin, "", &Actor::command_line()).await.unwrap();
    let bearer = format!("Bearer {key}");
    let (catalog, purger) = (Arc::new(app.catalog(None)), app.purger().await.unwrap());
    let (readiness, views) = (Arc::new(Readiness::default()), Arc::new(Views::new(0.0, 0)));
    readiness.check(&app.db, &app.store).await;
    let limits = web::Data::new(app.limits(None));
    let shared = app.shared(&catalog, &purger, &readiness, &views, &web::Data::default(), limits);
    let routes = shared.routes(|routes| {
        Pages::None.add_to(routes);
        routes.configure(http::private);
    });
    let server = test::init_service(routes).await;
    let mut asked = Vec::new();
    for address in ADDRESSES {
        let request = test::TestRequest::with_uri(address).insert_header(("authorization", bearer.as_str()));
        let (answer, names) = plans::statements_of(test::call_service(&server, request.to_request())).await;
        assert_eq!(answer.status(), 200, "{address}");
        assert!(names.len() <= MOST, "{address} asks {} statements: {names:?}", names.len());
        asked.push(names);
    }
    asked
}

#[actix_web::test]
async fn no_request_asks_more_statements_where_there_are_more_rows() {
    let (few, many) = (asked(FEW).await, asked(MANY).await);
    for ((address, few), many) in ADDRESSES.iter().zip(few).zip(many) {
        assert_eq!(few, many, "{address}");
        assert!(!few.is_empty() || *address == "/api/health/ready", "{address} asks nothing");
    }
}
